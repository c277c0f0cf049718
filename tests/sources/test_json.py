"""JSON and JSON lines: the shape is found, whatever wraps it."""

import json

import pytest
from pydantic import JsonValue

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, load_files
from tests.studies import asked, said, source, study_of

TURNS: list[JsonValue] = [{"speaker": "interviewer", "text": "How?"}, {"speaker": "participant", "text": "With gas."}]


@pytest.mark.parametrize(
    "value",
    [
        {"study": "Heat", "interviews": [{"participant_id": "P8", "demographics": {"age": 59}, "transcript": TURNS}]},
        [{"participant": {"id": "P8", "age": 59}, "turns": TURNS}],
        {"P8": {"age": 59, "dialogue": TURNS}},
        {"participant": "P8", "age": "59", "transcript": "Interviewer: How?\nP8: With gas.\n"},
        {
            "participant": "P8",
            "age": 59.0,
            "messages": [{"role": "assistant", "content": "How?"}, {"role": "user", "content": "With gas."}],
        },
        [{"participant": "P8", "age": 59, "question": "How?", "answer": "With gas."}],
        {"data": {"responses": [{"participant": "P8", "age": 59, "answers": {"How?": "With gas.", "Why?": "n/a"}}]}},
        {"participant": 8, "age": 59, "qa": [{"q": "How?", "a": "With gas."}]},
    ],
)
def test_interviews_are_found_in_every_shape(value: JsonValue) -> None:
    study = study_of(a_json=json.dumps(value))
    assert said(study) == [("P8", "With gas.")]
    assert asked(study) == ["How?"]
    assert study.participants[0].demographics == {"age": "59"}


def test_two_interviews_with_the_same_words_for_speakers_are_two_people() -> None:
    study = study_of(a_json=json.dumps({"interviews": [{"transcript": TURNS}, {"transcript": TURNS}]}))
    assert said(study) == [("R1", "With gas."), ("R2", "With gas.")]


def test_lines_are_records_and_say_which_line() -> None:
    lines = (
        '{"user": "U1", "feedback": "Great but slow", "rating": 4}\n\n{"user": "U2", "feedback": "It crashes daily"}\n'
    )
    study = study_of(a_jsonl=lines)
    assert [(segment.participant, segment.where) for segment in study.segments] == [
        ("U1", 'line 1, "feedback"'),
        ("U2", 'line 3, "feedback"'),
    ]
    assert study.participants[0].demographics == {"rating": "4"}


def test_plain_strings_are_one_participant_each() -> None:
    assert said(study_of(a_json='["I like it", "I do not"]')) == [("R1", "I like it"), ("R2", "I do not")]


def test_a_text_per_label_is_that_participants() -> None:
    assert said(study_of(a_json='{"P01": "I like it", "P02": ["I do not", "Not at all"]}')) == [
        ("P01", "I like it"),
        ("P02", "I do not Not at all"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a_json", '{"a": [1,2', "a.json line 1: is not JSON"),
        ("a_jsonl", '{"text": "hello"}\n{"a"', "a.jsonl line 2: is not JSON"),
        ("a_json", "[" * 100_000, "a.json: nested too deeply"),
        ("a_json", "[" * 60 + "]" * 60, "a.json: nested more than 40 levels deep"),
        ("a_json", "9" * 10_000, "a.json: nested too deeply, or a number is too long"),
        ("a_json", '{"version": 3}', "a.json: no words of a participant were found"),
    ],
)
def test_broken_json_is_refused_in_one_sentence(name: str, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        study_of(**{name: text})
    assert str(error.value).startswith(message)


def test_too_many_records_are_refused() -> None:
    with pytest.raises(InputError, match="more than 1 records"):
        load_files([source("a_json", '["I like it", "I do not"]')], "x", ReadingLimits(max_rows=1))


def test_escaped_controls_and_lone_surrogates_do_not_travel_on() -> None:
    study = study_of(a_json=json.dumps([{"participant": "P1", "answer": "I like\x00 it \ud800 much"}]))
    assert said(study) == [("P1", "I like it much")]


def test_parties_of_a_gong_call_give_names_and_say_who_sells() -> None:
    said = [("1", 0, "We call about the pump."), ("2", 75_000, "It stopped in May."), ("2", 90_500, "Nobody came.")]
    call = {
        "callId": "77",
        "parties": [
            {"speakerId": "1", "name": "Ruth Amsel", "affiliation": "Internal"},
            {"speakerId": "2", "name": "Pavel Dorn", "affiliation": "External"},
        ],
        "transcript": [
            {"speakerId": speaker, "sentences": [{"start": start, "end": start + 500, "text": text}]}
            for speaker, start, text in said
        ],
    }
    study = study_of(gong_json=json.dumps({"callTranscripts": [call]}))
    assert [one.name for one in study.participants] == ["Pavel Dorn"]
    assert study.documents[0].confidence == 1
    assert [one.text for one in study.segments if one.role == "participant"] == ["It stopped in May. Nobody came."]


def test_speech_with_times_says_when_each_part_was_said() -> None:
    parts = [
        {"speaker": "A", "start": 1000, "text": "How is the pump? Does it still run?"},
        {"speaker": "B", "start": 61_000, "text": "It stopped in May, and nobody came to look at it."},
    ]
    study = study_of(call_json=json.dumps({"utterances": parts}))
    assert [one.at for one in study.segments] == [1.0, 61.0]
