import time

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.hybrid.focus import choose_focuses

MONEY = "The bill is too high and I compare the price and the cost of every month with the tariff in my spreadsheet. "
BABY = "My baby sleeps in the nursery and the night feed means the twins need a warm bedroom and a quiet alarm. "


def make_study(texts: dict[str, str]) -> Study:
    people = [Participant(id=who, documents=("d1",), words=len(text.split())) for who, text in texts.items()]
    segments = [
        Segment(id=f"d1.{number}", document="d1", participant=who, role="participant", text=text, where="")
        for number, (who, text) in enumerate(texts.items())
    ]
    words = sum(person.words for person in people)
    document = Document(id="d1", name="a.txt", kind="transcript", words=words)
    return Study(id="s", name="s", documents=(document,), participants=tuple(people), segments=tuple(segments))


def two_topics() -> Study:
    return make_study({f"P{number}": (MONEY if number % 2 else BABY) * 5 + f"extra{number} " for number in range(6)})


def test_people_who_speak_of_the_same_things_share_a_focus():
    assert set(choose_focuses(two_topics(), 2, 2, 0)) == {("P0", "P2", "P4"), ("P1", "P3", "P5")}


def test_first_focuses_divide_the_study_and_come_largest_first():
    first = choose_focuses(two_topics(), 9, 3, 0)[:3]
    assert sorted(person for focus in first for person in focus) == ["P0", "P1", "P2", "P3", "P4", "P5"]
    assert [len(focus) for focus in first] == sorted((len(focus) for focus in first), reverse=True)


def test_further_drafts_take_new_clusters_before_any_is_repeated():
    focuses = choose_focuses(two_topics(), 9, 2, 0)
    assert len(set(focuses)) == 9


def test_focuses_are_repeated_when_distinct_clusters_run_out():
    focuses = choose_focuses(make_study({"P1": MONEY, "P2": BABY}), 7, 2, 0)
    assert set(focuses) == {("P1",), ("P2",), ("P1", "P2")}


def test_seed_turns_the_order_of_repeats_only():
    study = make_study({"P1": MONEY, "P2": BABY})
    zero, one = choose_focuses(study, 6, 2, 0), choose_focuses(study, 6, 2, 1)
    assert zero[:3] == one[:3]
    assert zero[3:] != one[3:]


def test_participant_with_few_words_joins_the_one_who_speaks_of_the_same():
    study = make_study({"P1": MONEY * 9, "P2": BABY * 9, "R1": "The baby needs a warm nursery."})
    assert set(choose_focuses(study, 2, 2, 0)) == {("P1",), ("P2", "R1")}


def test_one_participant_is_every_focus():
    assert choose_focuses(make_study({"P1": MONEY}), 3, 5, 0) == (("P1",),) * 3


def test_study_without_participants_gives_empty_focuses():
    assert choose_focuses(make_study({}), 2, 5, 0) == ((), ())


def test_participants_without_any_content_word_still_have_a_focus():
    study = make_study({"P1": MONEY, "P2": "", "P3": "um and so", "P4": BABY})
    focuses = choose_focuses(study, 3, 3, 0)
    assert {person for focus in focuses for person in focus} == {"P1", "P2", "P3", "P4"}


def test_identical_participants_can_be_divided():
    study = make_study({f"R{number}": MONEY for number in range(60)})
    assert sum(map(len, choose_focuses(study, 5, 5, 0))) == 60


def test_five_hundred_participants_take_under_two_seconds_and_even_clusters():
    words = (MONEY + BABY).split()
    study = make_study({f"R{n}": " ".join(words[(n * 7 + k * 3) % len(words)] for k in range(40)) for n in range(500)})
    started = time.thread_time()
    focuses = choose_focuses(study, 20, 10, 0)
    assert time.thread_time() - started < 2
    assert len(focuses[0]) < 250


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(st.text("abc de fgh", max_size=80), min_size=1, max_size=9),
    drafts=st.integers(1, 14),
    count=st.integers(1, 12),
)
def test_focuses_are_deterministic_known_people_and_cover_everybody(texts: list[str], drafts: int, count: int):
    study = make_study({f"P{number}": text for number, text in enumerate(texts)})
    focuses = choose_focuses(study, drafts, count, 3)
    assert focuses == choose_focuses(study, drafts, count, 3)
    assert len(focuses) == drafts
    assert all(focus and set(focus) <= {person.id for person in study.participants} for focus in focuses)
    if drafts >= count and count <= len(texts):
        assert {person for focus in focuses[:count] for person in focus} == {p.id for p in study.participants}
