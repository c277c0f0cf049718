"""YAML: the shapes of JSON, with every value as it was written."""

import pytest

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, SourceFile, load_files
from tests.studies import said, study_of


def test_a_list_of_answers_is_read_like_json() -> None:
    text = "- {participant: P1, answer: It is cold here}\n- participant: P2\n  answer: |\n    So\n    cold\n"
    assert said(study_of(a_yaml=text)) == [("P1", "It is cold here"), ("P2", "So cold")]


def test_several_documents_are_several_items() -> None:
    study = study_of(a_yaml="participant: P1\nanswer: It is cold\n---\nparticipant: P2\nanswer: It is warm\n")
    assert [segment.where for segment in study.segments] == ['document 1, "answer"', 'document 2, "answer"']


def test_values_stay_as_written() -> None:
    study = study_of(a_yaml="- {id: P1, country: NO, age: 034, answer: It is cold here}\n")
    assert study.participants[0].demographics == {"country": "NO", "age": "034"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x]\nb: *a\n", "a.yaml line 2: an alias (*a) is not read"),
        ("[" * 100_000, "a.yaml line 1: nested more than 40 levels deep"),
        ("- x\n- " + "{a: " * 300, "a.yaml line 2: nested more than 40 levels deep"),
        ("- x\n- " + "[\n " * 100, "a.yaml line 41: nested more than 40 levels deep"),
        ("".join(" " * depth + "a:\n" for depth in range(99)), "a.yaml line 41: nested more than 40 levels deep"),
        ("? [a]\n: b", "a.yaml line 3: a key is a list or an object"),
        ("a: b: c", "a.yaml line 1: is not YAML ("),
        ("a: []", "a.yaml: no words of a participant"),
    ],
)
def test_what_is_no_study_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        study_of(a_yaml=text)
    assert str(error.value).startswith(message)


def test_tags_make_no_objects() -> None:
    assert said(study_of(a_yaml="- !!python/object/apply:os.system [echo hello]\n")) == [("R1", "echo hello")]


def test_values_are_counted() -> None:
    with pytest.raises(InputError, match=r"^a\.yaml line 1: more than 9 values"):
        load_files([SourceFile(name="a.yaml", data=b"[a, b, c, d, e, f, g, h]")], "x", ReadingLimits(max_nodes=9))
