"""WebVTT and SubRip: cues joined to turns, with the speaker from a tag or a label."""

import pytest

from pipeline.errors import InputError
from tests.studies import asked, said, study_of

TIME = "00:00:0{}.000 --> 00:00:0{}.500"


def vtt(*cues: str) -> str:
    blocks = [f"{TIME.format(number, number)}\n{cue}" for number, cue in enumerate(cues, 1)]
    return "WEBVTT\n\n" + "\n\n".join(blocks) + "\n"


def test_voice_tags_name_the_speaker() -> None:
    study = study_of(P04_vtt=vtt("<v Dana>How?</v>", "<v Devon Clarke>With gas,</v>", "<v Devon Clarke>mostly.</v>"))
    assert said(study) == [("P04", "With gas, mostly.")]
    assert asked(study) == ["How?"]
    assert study.participants[0].name == "Devon Clarke"


def test_a_cue_without_a_label_continues_the_turn() -> None:
    study = study_of(
        P04_vtt=vtt("Interviewer: How do\nyou heat?", "Priya: With gas,", "mostly.", "Interviewer: Why?", "Priya: So.")
    )
    assert said(study) == [("P04", "With gas, mostly."), ("P04", "So.")]
    assert [segment.where for segment in study.segments] == ["at 00:00:01", "at 00:00:02", "at 00:00:04", "at 00:00:05"]


def test_identifiers_notes_and_styles_are_nobodys_words() -> None:
    text = (
        "WEBVTT\n\nSTYLE\n::cue {}\n\nabc-1/4\n" + vtt("<v Ann>I like it.</v>")[8:] + "\nNOTE She laughs\n\nabc-1/5\n"
    )
    assert said(study_of(a_vtt=text)) == [("R1", "I like it.")]


def test_subrip_is_read_also_without_blank_lines() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n<i>Interviewer:</i> How?\n2\n"
    text += "00:00:03,000 --> 00:00:04,000\nP1: With gas &amp; wood.\n"
    study = study_of(a_srt=text)
    assert said(study) == [("P1", "With gas & wood.")]
    assert asked(study) == ["How?"]


def test_the_title_names_the_participant() -> None:
    study = study_of(
        a_vtt=vtt("Dana: How?", "Bernard: Cold, very cold.").replace("WEBVTT", "WEBVTT - P13 Bernard Osei, by Dana")
    )
    assert [(person.id, person.name) for person in study.participants] == [("P13", "Bernard Osei")]


def test_without_speakers_all_cues_are_one_person_in_turns_of_some_sentences() -> None:
    study = study_of(P2_vtt=vtt(*["I went there and it was cold, so I left again quite soon."] * 9))
    assert {segment.participant for segment in study.segments} == {"P2"}
    assert [segment.where for segment in study.segments] == ["at 00:00:01", "at 00:00:06"]


def test_a_file_without_cues_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.vtt: no cue was found"):
        study_of(a_vtt="WEBVTT\n\nhello there\n")


def test_every_segment_knows_when_it_is_said() -> None:
    long = "word " * 100 + "end."
    study = study_of(P04_vtt=vtt("<v Dana>How?</v>", f"<v Ann>{long}</v>", f"<v Ann>{long}</v>"))
    assert [segment.at for segment in study.segments] == [1.0, 2.0, 3.0]
