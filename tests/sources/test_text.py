"""Transcripts and prose in text and Markdown: who speaks, who asks, what the header states."""

import pytest

from pipeline.domain.study import Study
from tests.studies import asked, said, study_of

TALK = [("P03", "Every day, I would say."), ("P03", "It is cold.")]


@pytest.mark.parametrize(
    "style",
    [
        "INTERVIEWER: {q}\nP03: {a}\nINTERVIEWER: {r}\nP03: {b}",
        "**Q:** {q}\n\n**P03:** {a}\n\n**Q:** {r}\n\n**P03:** {b}",
        "**Q**: {q}\n**P03**: {a}\n**Q**: {r}\n**P03**: {b}",
        "[00:01:12] Moderator: {q}\n[00:01:20] P03: {a}\n[00:02:00] Moderator: {r}\n[00:02:02] P03: {b}",
        "Moderator (00:12): {q}\nP03 (00:15): {a}\nModerator (00:20): {r}\nP03 (00:22): {b}",
        "Host (00:12)\n{q}\n\nP03 (00:15)\n{a}\n\nHost (00:19)\n{r}\n\nP03 (00:21)\n{b}",
        "Participant: P03\nQ: {q}\nA: {a}\nQ: {r}\nA: {b}",
        "Interview with PARTICIPANT 03\n\nDana: {q}\nTomasz: {a}\nDana: {r}\nTomasz: {b}",
        "---\nparticipant: P03\n---\nDana (interviewer): {q}\nSue: {a}\nDana (interviewer): {r}\nSue: {b}",
        "# P03\n\n- **Interviewer:** Dana\n\nDana: {q}\n\nSue: {a}\n\nDana: {r}\n\nSue: {b}",
        "INTERVIEWER:{q}\nP03:{a}\nINTERVIEWER:{r}\nP03:{b}",
        "Interviewer - {q}\nP03 - {a}\nInterviewer - {r}\nP03 - {b}",
        "1 Interviewer: {q}\n2 P03: {a}\n3 Interviewer: {r}\n4 P03: {b}",
        "# Participant P03\n\nQ1: {q}\nA1: {a}\nQ2: {r}\nA2: {b}",
        "P03:\n{a}\n\nInterviewer:\n{r}\n\nP03:\n{b}\nInterviewer: {q}",
    ],
)
def test_speaker_turns_are_found_in_every_style(style: str) -> None:
    study = study_of(a_txt=style.format(q="How often?", a="Every day,\nI would say.", r="Why?", b="It is cold."))
    assert said(study) == TALK
    assert set(asked(study)) == {"How often?", "Why?"}


@pytest.mark.parametrize(
    "header",
    [
        "Participant: P01\nName: Ann Lee\nAge: 34\nJob: nurse\nTown: Leeds, UK",
        "PARTICIPANT 01 - Name: Ann Lee, Age: 34 years, Role: nurse, Location: Leeds, UK",
        "Participant 01 | Ann Lee | 34 | nurse | Leeds, UK",
        "PARTICIPANT 01, Name: Ann Lee; Age: 34; Job title: nurse; Based in: Leeds, UK",
        "# Interview P01\n\n- **Name:** Ann Lee\n- **Age:** 34\n- **Occupation:** nurse\n- **City:** Leeds, UK",
        "---\nparticipant: P01\nname: Ann Lee\nage: 34\nprofession: nurse\nlocation: 'Leeds, UK'\n---",
    ],
)
def test_headers_state_facts_under_one_name_each(header: str) -> None:
    person = study_of(a_txt=f"{header}\n\nInterviewer: How?\nA: It is cold.").participants[0]
    assert (person.id, person.name) == ("P01", "Ann Lee")
    assert person.demographics == {"age": "34", "occupation": "nurse", "location": "Leeds, UK"}


def test_contact_details_and_the_recording_are_no_facts() -> None:
    header = (
        "Participant: P01\nEmail: a@example.org\nDate: 2026-01-02\nHousehold: two, call 020 7946 0123\nHeating: gas"
    )
    person = study_of(a_txt=f"{header}\n\nInterviewer: How?\nP01: It is cold.").participants[0]
    assert person.demographics == {"heating": "gas"}


def group() -> Study:
    lines = [
        "Moderator: Welcome, what do you think?",
        "Amy: I like it.",
        "Ben: I do not.",
        "Carla: Nor me.",
        "Amy: Really?",
    ]
    return study_of(group_txt="Focus group\n\n" + "\n".join(lines))


def test_in_a_group_every_speaker_is_a_participant() -> None:
    study = group()
    assert [(person.id, person.name) for person in study.participants] == [
        ("R1", "Amy"),
        ("R2", "Ben"),
        ("R3", "Carla"),
    ]
    assert study.documents[0].kind == "group discussion"
    assert study.segments[0].participant is None


def test_the_notes_say_who_was_taken_for_whom() -> None:
    assert group().documents[0].notes == (
        "Transcript with 4 speakers: Moderator taken as interviewer (by name), Amy is participant R1, "
        "Ben is participant R2, Carla is participant R3.",
        "Left out (titles, notes of the researcher; no participant's words): 1 line.",
    )


def test_without_a_clear_asker_everybody_is_a_participant() -> None:
    study = study_of(a_txt="Ann: I like it here.\nBea: I do too, very much.\nAnn: It is warm.\nBea: Yes, it is.")
    assert asked(study) == []
    assert "no interviewer recognised" in study.documents[0].notes[0]


def test_a_header_per_participant_makes_several_interviews_of_one_file() -> None:
    first = "PARTICIPANT 001 - Age: 28, Role: Nurse\n\nI work nights."
    study = study_of(all_txt=f"{first}\n\nPARTICIPANT 002 - Age: 51\n\nI like the boost.")
    assert said(study) == [("P001", "I work nights."), ("P002", "I like the boost.")]
    assert study.participants[1].demographics == {"age": "51"}


def test_prose_is_one_person_and_the_note_says_so() -> None:
    study = study_of(P07_diary_md="# Diary\n\nI got up at six.\nIt was cold.\n\n- I pressed boost.\n- Twice.")
    assert said(study) == [("P07", "I got up at six. It was cold."), ("P07", "I pressed boost."), ("P07", "Twice.")]
    assert study.documents[0].notes[0].startswith("No speaker labels")


def test_words_of_the_researcher_are_no_evidence() -> None:
    text = "## Context\n\nShe seemed tired.\n\n## Transcript\n\nQ: How?\n\nA: Fine.\n\n## Comments\n\nShe lied."
    study = study_of(P1_md=text)
    assert said(study) == [("P1", "Fine.")]
    assert ": 4 lines." in study.documents[0].notes[1]


def test_a_colon_in_a_sentence_does_not_make_a_speaker() -> None:
    text = (
        "Interviewer: How?\nP01: Well.\nHere is the thing: it is cold.\nNote: he laughed.\nInterviewer: Why?\nP01: So."
    )
    assert said(study_of(a_txt=text))[0] == ("P01", "Well. Here is the thing: it is cold.")  # a note is nobody's


def test_a_spouse_who_joins_in_is_a_person_of_their_own() -> None:
    talk = "Interviewer: How?\nBernard: Cold.\nComfort: Warm.\nBernard: Cold, I say."
    assert said(study_of(a_txt=f"Participant: P13\nName: Bernard Osei\n\n{talk}")) == [
        ("P13", "Cold."),
        ("R1", "Warm."),
        ("P13", "Cold, I say."),
    ]


def test_a_first_name_in_a_file_name_is_believed_when_somebody_says_it() -> None:
    talk = "Interviewer: Thanks, Fiona. How?\nParticipant: It is Fiona Abernethy, landlord."
    assert study_of(P10_fiona_txt=talk).participants[0].name == "Fiona Abernethy"
    assert study_of(P10_kitchen_txt=talk).participants[0].name is None
