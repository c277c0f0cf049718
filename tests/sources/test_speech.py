"""What people say about themselves, and what labels are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.facts import spoken_facts, spoken_name
from pipeline.sources.labels import read_file_name, read_label


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("I'm 28, I'm a nurse in Bristol.", {"age": "28", "occupation": "nurse", "location": "Bristol"}),
        ("So, I am seventy-two years old, I am a retired bus driver, and I live here in Croydon, in this same house.",
         {"age": "72", "occupation": "retired bus driver", "location": "Croydon"}),
        ("I’m forty, and I work as a piano teacher.", {"age": "40", "occupation": "piano teacher"}),
        ("I live in Stoke-on-Trent, you know.", {"location": "Stoke-on-Trent"}),
    ],
)  # fmt: skip
def test_clear_statements_become_facts(text: str, facts: dict[str, str]) -> None:
    assert spoken_facts(text) == facts


@pytest.mark.parametrize(
    "text",
    [
        "I'm 20 minutes late, I'm a bit of a mess.",
        "I'm a terrible driver and I'm in January already.",
        "I'm a mother of two. My husband is a nurse in Bristol.",
        "I'm 30 years in this job. I live in fear.",
        "He is 28, I'm sixty percent sure.",
        "I live in the house I was born in.",
    ],
)
def test_unclear_statements_become_nothing(text: str) -> None:
    assert spoken_facts(text) == {}


def test_names_come_from_introductions_only() -> None:
    assert spoken_name("Good morning. My name is Bernard Osei, I am old.", None) == "Bernard Osei"
    assert spoken_name("So I'm Shanice, twenty-six.", None) == "Shanice"
    assert spoken_name("Priya Raman, I'm forty-five.", "Priya") == "Priya Raman"
    assert spoken_name("Well, I'm Irish, you see. I'm Dutch, too.", None) is None


@given(st.text(max_size=300))
def test_any_text_can_be_listened_to(text: str) -> None:
    assert all(value for value in spoken_facts(f"I'm {text}").values())
    spoken_name(text, "Ann")


@pytest.mark.parametrize(
    "spelling", ["P03", "p3", "P-03", "Participant 3", "PARTICIPANT 003", "participant P03", "Interview 3"]
)
def test_spellings_of_a_label_are_one_label(spelling: str) -> None:
    assert read_label(spelling).key == read_label("P3").key
    assert read_label(spelling).kind == "code"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Interviewer", "interviewer"), ("Moderator 2", "interviewer"), ("Q", "interviewer"),
        ("UX Researcher", "interviewer"),
        ("Interviewee", "generic"), ("Speaker 1", "generic"), ("A", "generic"), ("Hanneke de Vries", "name"),
        ("ann@example.org", "opaque"), ("07700900142", "opaque"), ("annabel_92", "opaque"), ("UK-P03", "code"),
        ("I3", "code"),
    ],
)  # fmt: skip
def test_labels_are_told_apart(text: str, kind: str) -> None:
    assert read_label(text).kind == kind


@pytest.mark.parametrize(
    ("name", "label", "first"),
    [("P04_devon.vtt", "P04", "Devon"), ("x/interview-07.txt", "interview-07", None), ("wave 2024.csv", None, "Wave")],
)
def test_file_names_carry_labels(name: str, label: str | None, first: str | None) -> None:
    assert (read_file_name(name).label, read_file_name(name).name) == (label, first)
