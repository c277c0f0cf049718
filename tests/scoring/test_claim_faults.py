import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.claim_faults import DATA, figures, read
from pipeline.domain.persona import Persona
from pipeline.scoring.claim_faults import FAULTY_UNDER, faults, soundness
from pipeline.scoring.coherence import coherence

LISTS = ("goals", "pain_points", "behaviours", "motivations")


def is_faulty(field: str, text: str, language: str = "english") -> bool:
    return soundness(faults(field, text, language)) < FAULTY_UNDER


@pytest.mark.parametrize("half", ["seen", "unseen"])
def test_labelled_statements_are_told_apart_in_both_halves(half: str) -> None:
    found = figures(read(DATA)[half])
    assert found["auroc"] >= 0.95
    assert found["good_flagged"] <= 0.02


@pytest.mark.parametrize(
    ("field", "text", "kind"),
    [
        ("goals", "I don't know.", "says_nothing"),
        ("goals", "Be able to take the third point and get back to", "fragment"),
        ("motivations", "Understands why, because they reached", "fragment"),
        ("pain_points", "Worries They are missing something important", "agreement"),
        ("behaviours", "They checks the meter", "agreement"),
        ("pain_points", "That never works on the old one", "no_reference"),
        ("goals", "The tram stops right outside the bakery", "out_of_place"),
        ("pain_points", "Can find their test results without too much trouble", "out_of_place"),
        ("behaviours", "Never uses the loyalty card", "out_of_place"),
    ],
)
def test_a_faulty_statement_is_named_with_its_fault(field: str, text: str, kind: str) -> None:
    assert is_faulty(field, text)
    assert kind in {fault.kind for fault in faults(field, text, "english")}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("goals", "Have someone to talk to"),
        ("goals", "Know what the warning light is for"),
        ("pain_points", "Slow customer support"),
        ("pain_points", "It is hard to find the right form"),
        ("pain_points", "Loves the bread but hates the queue"),
        ("behaviours", "Never leaves the house without checking the stove"),
        ("behaviours", "Turned notifications off wherever she could"),
        ("motivations", "Dignity for the people they care for"),
    ],
)
def test_a_statement_that_only_looks_faulty_is_not(field: str, text: str) -> None:
    assert not is_faulty(field, text)


def test_other_languages_get_what_needs_no_grammar() -> None:
    assert is_faulty("goals", "Die Heizung soll -", "german")
    assert is_faulty("goals", "Die die Heizung soll warm sein", "german")
    assert not is_faulty("goals", "Die Heizung soll am Morgen warm sein", "german")


def test_a_persona_of_fragments_is_incoherent_and_the_findings_say_why() -> None:
    texts = ("I don't know.", "Open the box and the", "Be able to explain")
    score, findings = coherence(Persona(id="p", name="Jo", goals=texts))
    assert score < 0.1
    assert {finding.kind for finding in findings} == {"says_nothing", "fragment"}
    assert all(any(text in finding.text for text in texts) for finding in findings)


def test_one_faulty_statement_of_twelve_costs_less_than_a_contradiction() -> None:
    goals = ("See the price before heating", "Export the readings as a file", "Lock the dial for guests")
    pains = ("The report comes too late", "The lock upsets his wife", "Cannot read the small display")
    habits = ("Checks the hall at noon", "Prints the first page", "Rings her daughter on Sundays")
    persona = Persona(id="p", name="Jo", goals=goals, pain_points=pains, behaviours=habits, motivations=("Be able to",))
    assert 0.6 < coherence(persona)[0] < 1


def test_two_items_that_say_the_same_in_other_words_are_found() -> None:
    goals = ("See the cost before the heating starts", "View the price before the heating begins")
    _, findings = coherence(Persona(id="p", name="Jo", goals=goals))
    assert [finding.kind for finding in findings] == ["retold"]


@given(st.sampled_from(LISTS), st.text(max_size=300), st.sampled_from(["english", "german", "cjk"]))
def test_any_text_has_a_soundness_between_nothing_and_one(field: str, text: str, language: str) -> None:
    assert 0 <= soundness(faults(field, text, language)) <= 1


@pytest.mark.parametrize("unit", ["a ", "they ", "is is ", "- they ", "never ", "it ", "that "])
def test_a_long_statement_takes_no_time(unit: str) -> None:
    started = time.process_time()
    faults("goals", unit * 100_000, "english")
    assert time.process_time() - started < 1
