"""The grammar of speaker labels, roles, the reach of labels, and labels of one person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.aliases import with_one_label_each
from pipeline.sources.fact_keys import fact_key, is_fact
from pipeline.sources.reading import Conversation, Reading, Turn
from pipeline.sources.role_words import answers, asks, is_voice
from pipeline.sources.roles import cast
from pipeline.sources.scope import scope_of
from pipeline.sources.speaker_labels import read_line, without_time

NAMES = st.sampled_from(["Dana Whitlock", "P07", "Interviewer", "Спикер №1", "受访者", "Ravi", "SPEAKER_00", "المحاور"])
WORDS = st.text(st.characters(categories=["Ll"]), min_size=1, max_size=12).map(lambda word: f"so {word} it is")
FORMS = st.sampled_from(
    [
        "{0}: {1}", "{0}：{1}", "**{0}:** {1}", "[00:02] {0}: {1}", "00:00:02 {0}: {1}", "[{0}]: {1}",
        "{0} [00:00:02]: {1}", "[01/05/2031, 08:00:12] {0}: {1}", "01.05.31, 08:00 - {0}: {1}",
        "[5/1/31, 8:00:12 AM] {0}: {1}", "- {0}: {1}", "{0} (00:12): {1}", "[00:00:01] - {0}: {1}",
    ]
)  # fmt: skip


@given(name=NAMES, words=WORDS, form=FORMS)
def test_every_form_gives_the_label_and_the_words(name: str, words: str, form: str) -> None:
    found = read_line(form.format(name, words))
    assert found is not None
    assert (found.label, found.text) == (name, words)


@given(words=WORDS)
def test_a_time_before_words_is_no_word(words: str) -> None:
    for time in ("[00:02] ", "00:00:02 ", "[00:00.000 --> 00:02.400] ", "00:00.000 --> 00:02.400 ", "(00:02) - "):
        assert without_time(time + words) == words


@pytest.mark.parametrize(("asking", "answering"), [
    ("Interviewer", "Interviewee"), ("Interviewerin", "Befragter"), ("Enquêtrice", "Enquêtée"),
    ("Entrevistador", "Entrevistada"), ("Pesquisadora", "Participante"), ("Intervistatore", "Intervistato"),
    ("Onderzoeker", "Geïnterviewde"), ("Intervjuare", "Deltagare"), ("Haastattelija", "Osallistuja"),
    ("Badaczka", "Rozmówca"), ("Tazatel", "Účastník"), ("Görüşmeci", "Katılımcı"), ("Интервьюер", "Респондент"),
    ("Ερευνητής", "Συμμετέχων"), ("المحاور", "المشارك"), ("מראיין", "מרואיין"), ("शोधकर्ता", "प्रतिभागी"),
    ("インタビュアー", "回答者"), ("访谈者", "受访者"), ("면접자", "참가자"), ("Pewawancara", "Partisipan"),
])  # fmt: skip
def test_role_words_are_known_in_many_languages(asking: str, answering: str) -> None:
    assert asks(asking)
    assert asks(f"{asking} 1")
    assert not answers(asking)
    assert answers(answering)
    assert not asks(answering)
    assert not is_voice(asking)


def talk(*turns: tuple[str, str]) -> Conversation:
    return Conversation(turns=tuple(Turn(text=text, where="x", speaker=speaker) for speaker, text in turns))


def test_labels_of_one_person_are_one() -> None:
    reading = Reading(
        conversations=(talk(("DB", "a"), ("DB:", "b"), ("Dana Bell", "c"), ("Ravi", "d"), ("Ravi Om", "e")),)
    )
    assert [turn.speaker for turn in with_one_label_each(reading).conversations[0].turns] == [
        "Dana Bell", "Dana Bell", "Dana Bell", "Ravi Om", "Ravi Om",
    ]  # fmt: skip


def test_two_people_with_one_first_name_stay_apart() -> None:
    reading = Reading(conversations=(talk(("Ravi Om", "a"), ("Ravi Ek", "b"), ("Ravi", "c")),))
    assert [turn.speaker for turn in with_one_label_each(reading).conversations[0].turns] == [
        "Ravi Om",
        "Ravi Ek",
        "Ravi",
    ]


@given(st.integers(1, 5), st.integers(2, 4))
def test_numbered_words_are_local_and_codes_of_a_study_are_not(people: int, interviews: int) -> None:
    words = [f"Participant {number}" for number in range(1, people + 1)]
    assert scope_of([words] * interviews).local == (frozenset(words),) * interviews
    codes = [[f"P{10 * place + number:02}" for number in range(1, people + 1)] for place in range(1, interviews + 1)]
    assert not any(scope_of(codes + codes).local)


def test_words_that_do_not_count_from_one_are_codes_of_the_study() -> None:
    assert not any(scope_of([["Participant 3"], ["Participant 7"], ["Participant 3"]]).local)


def test_a_clear_asker_is_surer_than_a_doubtful_one() -> None:
    clear = cast(
        talk(("A B", "Why?"), ("C D", "Because it is dark in the hall."), ("A B", "And?"), ("C D", "It hums."))
    )
    vague = cast(talk(("A B", "Well, it is so."), ("C D", "Is it?"), ("A B", "Is it not?"), ("C D", "I do not know.")))
    assert clear.interviewers == ("A B",)
    assert clear.confidence is not None
    assert vague.confidence is not None
    assert clear.confidence > 0.8 > 0.7 > vague.confidence


@pytest.mark.parametrize(("key", "fact"), [
    ("age_range", "age"), ("group_a/age", "age"), ("G01Q01. How old are you?", "age"), ("Âge", "age"), ("Alter", "age"),
    ("user_role", "occupation"), ("Your sex", "gender"), ("Country of residence", "country"), ("_uuid", None),
    ("lastpage. Last page", None), ("seed", None), ("Consent given", None), ("demo/gps", None), ("deviceid", None),
])  # fmt: skip
def test_facts_are_told_from_the_export(key: str, fact: str | None) -> None:
    assert fact_key(key) == fact


@pytest.mark.parametrize("value", ["Country X", "City 1", "[REDACTED]", "Interviewee", "192.0.2.1", "2031-05-01 08:00"])
def test_stand_ins_and_values_of_machines_are_no_facts(value: str) -> None:
    assert not is_fact(value)
