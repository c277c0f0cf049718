"""Which words of a focus a model reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig
from pipeline.domain.persona import ClaimSupport
from pipeline.domain.study import Participant, Segment, Study
from pipeline.errors import ProviderError
from pipeline.hybrid.tasks import CENTRAL_SEGMENTS, MOST_MATERIAL, MOST_PEOPLE, Tasks
from pipeline.providers import DraftTask
from pipeline.providers.lines import numbered_lines, segment_line
from pipeline.providers.prompts import draft_request
from pipeline.providers.tokens import TEMPLATE_TOKENS, most_tokens, most_tokens_of
from tests.factories import make_draft
from tests.studies import study_of

CONFIG = HybridConfig(count=2, max_output_tokens=1000)


def segment(number: int, text: str, participant: str = "P0", role: str = "participant", where: str = "") -> Segment:
    return Segment.model_validate(
        {"id": f"d1.{number}", "document": "d1", "participant": participant, "role": role, "text": text, "where": where}
    )


def study(*segments: Segment) -> Study:
    ids = dict.fromkeys(part.participant for part in segments if part.participant)
    facts = {"occupation": "community nurse on nights", "age": "41", "location": "Kraków, Stare Miasto"}
    people = tuple(Participant(id=id, documents=("d1",), words=9, demographics=facts) for id in ids)
    return Study(id="s", name="s", documents=(), participants=people, segments=segments)


def drafted(of: Study, number: int = 0, window: int | None = 16_384) -> DraftTask:
    return Tasks(of, CONFIG).draft(number, [person.id for person in of.participants], window)


@given(
    words=st.lists(st.integers(1, 300), min_size=1, max_size=40),
    window=st.integers(4_000, 20_000),
    number=st.sampled_from([0, CONFIG.count]),
)
def test_prompt_fits_its_window_as_providers_check_it_and_keeps_reading_order(
    words: list[int], window: int, number: int
) -> None:
    of = study(*(segment(number, "warm word " * count, f"P{number % 3}") for number, count in enumerate(words)))
    task = drafted(of, number, window)
    request = draft_request(task, CONFIG)
    material = "".join(numbered_lines(task.segments, task.questions))
    assert most_tokens(material) <= MOST_MATERIAL
    assert most_tokens_of(request) + TEMPLATE_TOKENS + CONFIG.max_output_tokens <= window
    numbers = [of.segments.index(turn) for turn in task.segments]
    assert numbers == sorted(set(numbers))


def test_japanese_prompt_fits_its_window_as_a_real_tokenizer_counts() -> None:
    # SmolLM2 makes 1.7 tokens of a Japanese character; four characters per token would have let 16,000 through.
    of = study(*(segment(number, "暖房の費用がまったく分からない。" * 20, f"P{number % 3}") for number in range(100)))
    material = "".join(map(segment_line, drafted(of, window=8_192).segments))
    assert 500 < 1.7 * len(material) < 8_192 - CONFIG.max_output_tokens


def test_window_without_room_for_any_words_is_an_error_that_names_the_settings() -> None:
    with pytest.raises(ProviderError, match=r"window of 2,048 tokens .context_tokens.*max_output_tokens"):
        drafted(study(segment(1, "I want warmth in the morning.")), window=2_048)


def test_drafter_without_a_window_reads_everything() -> None:
    of = study(*(segment(number, "word " * 500, f"P{number}") for number in range(50)))
    assert drafted(of, window=None).segments == of.segments


def test_large_focus_sends_its_most_typical_participants() -> None:
    alike = [segment(number, "The boiler app is slow and the boiler is cold.", f"P{number}") for number in range(12)]
    odd = segment(99, "Parrots, mostly; they whistle at the postman all day long.", "ODD")
    task = drafted(study(odd, *alike))
    assert len(task.participants) == MOST_PEOPLE
    assert "ODD" not in {person.id for person in task.participants}
    assert task.group == 13


def test_what_most_share_comes_before_the_longest_answer() -> None:
    rambling = " ".join(f"Uncle{number} sold turnips{number} at fair{number}." for number in range(1500))
    shared = [segment(number, "I cannot see what tonight costs.", f"P{number}") for number in range(3)]
    task = drafted(study(segment(50, rambling, "P0"), *shared))
    assert {part.id for part in shared} <= {part.id for part in task.segments}
    assert "d1.50" not in {part.id for part in task.segments}


def test_first_drafts_have_no_theme_and_later_ones_have_words_of_the_material() -> None:
    texts = ("The boiler schedule confuses everybody.", "I dread the boiler schedule.", "Boiler schedule, again.")
    of = study(*(segment(number, text, f"P{number}") for number, text in enumerate(texts)))
    assert [drafted(of, number).theme for number in range(2)] == [(), ()]
    assert set(drafted(of, 2).theme) == {"boiler", "schedule"}


def test_question_of_an_interviewer_and_header_of_a_survey_travel_with_the_answer() -> None:
    of = study(
        segment(1, "What is hard?", role="interviewer"),
        segment(2, "Animations. A full second.", where="turn 2"),
        segment(3, "Every morning at six.", where="turn 2, part 2"),
        segment(4, "Slow.", "P1", where='row 4, "What frustrates you most?"'),
    )
    asked = drafted(of).questions
    assert asked == {"d1.2": "What is hard?", "d1.3": "What is hard?", "d1.4": "What frustrates you most?"}


def test_real_survey_gives_its_headers_as_questions() -> None:
    of = study_of(a_csv="participant,What frustrates you most?\nR1,Animations all the time\nR2,The slow start of it\n")
    assert set(drafted(of).questions.values()) == {"What frustrates you most?"}


def test_refinement_gets_the_cited_segments_and_the_central_ones_of_its_focus() -> None:
    shared = [
        segment(number, f"I cannot see what tonight costs, number {number}.", f"P{number % 3}") for number in range(20)
    ]
    cited, aside = segment(50, "My uncle sold turnips.", "P0"), segment(51, "Parrots whistle.", "P0")
    of = study(*shared, cited, aside)
    item = make_draft(0, 0.4)
    claim = ClaimSupport(field="goals", text="g", support=0.2, document="a.txt", segment=cited.id, quote="q")
    item = item.model_copy(
        update={
            "draft": item.draft.model_copy(update={"focus": ("P0", "P1", "P2")}),
            "assessment": item.assessment.model_copy(update={"claims": (claim,)}),
        }
    )
    sent = {part.id for part in Tasks(of, CONFIG).refine(item).segments}
    assert cited.id in sent
    assert aside.id not in sent
    assert len(sent) == 1 + CENTRAL_SEGMENTS
