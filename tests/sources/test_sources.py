"""From files and folders to one study: identity, what is left out, what is refused."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, SourceFile, extensions, load_files, load_paths
from tests.studies import answers, said, source, study_of

INTERVIEW = "Interviewer: How do you heat?\nP01: With gas, mostly, and a lot of jumpers.\n"


@settings(deadline=None)
@given(st.permutations([("a_txt", "P1: I like it"), ("b_txt", "P2: I do not"), ("c_md", "P3: Perhaps")]))
def test_upload_order_does_not_change_the_study(files: list[tuple[str, str]]) -> None:
    study = load_files([source(name, text) for name, text in files], "any")
    assert study == study_of(a_txt="P1: I like it", b_txt="P2: I do not", c_md="P3: Perhaps").model_copy(
        update={"name": "any"}
    )


def test_other_content_or_another_name_is_another_study() -> None:
    ids = {study_of(a_txt=INTERVIEW).id, study_of(b_txt=INTERVIEW).id, study_of(a_txt=INTERVIEW + "P01: Also.").id}
    assert len(ids) == 3
    assert all(len(id) == 16 for id in ids)


def test_documents_and_segments_are_numbered_in_name_order() -> None:
    study = study_of(b_txt="P2: I do not", a_txt=INTERVIEW)
    assert [(document.id, document.name) for document in study.documents] == [("d1", "a.txt"), ("d2", "b.txt")]
    assert [segment.id for segment in study.segments] == ["d1.1", "d1.2", "d2.1"]


def test_the_same_label_in_two_files_is_one_participant() -> None:
    study = study_of(P03_diary_md="Cold again today.", interview_txt="Interviewer: Hi?\nPARTICIPANT 003: Hello there.")
    assert [(person.id, person.documents) for person in study.participants] == [("P03", ("d1", "d2"))]


def test_labels_that_say_nothing_are_people_of_their_own_file() -> None:
    text = (
        "Speaker 1: What do you do at home?\nSpeaker 2: I turn it up and hope.\nSpeaker 1: Why?\nSpeaker 2: It is cold."
    )
    study = study_of(a_txt=text, b_txt=text + " Still.")
    assert [(person.id, person.documents) for person in study.participants] == [("R1", ("d1",)), ("R2", ("d2",))]


def test_numbers_of_ours_avoid_labels_of_the_study() -> None:
    study = study_of(a_csv="respondent,answer\nR01,I like it a lot\n", b_txt="I wrote this without any label.")
    assert [person.id for person in study.participants] == ["R01", "R2"]


def test_an_id_is_never_an_email_or_a_telephone_number() -> None:
    study = study_of(
        a_csv="customer,message\nann@example.org,It is far too cold here\n07700900142,It is fine with me\n"
    )
    assert [person.id for person in study.participants] == ["R1", "R2"]
    assert "example.org" not in study.model_dump_json()
    assert "07700900142" not in study.model_dump_json()


def test_the_first_statement_of_a_fact_stays_and_the_other_is_told() -> None:
    study = study_of(
        a_txt="Participant: P01\nAge: 34\n\n" + INTERVIEW, b_txt="Participant: P01\nAge: 35\n\n" + INTERVIEW
    )
    assert study.participants[0].demographics == {"age": "34"}
    assert study.warnings == ("P01: age is 34; b.txt says 35, which is left out.",)


def test_a_copy_of_a_file_is_left_out_with_a_sentence() -> None:
    study = study_of(a_txt=INTERVIEW, b_txt=INTERVIEW)
    assert study.warnings == ("b.txt is left out: it is the same as a.txt.",)
    assert len(study.documents) == 1


def test_two_files_of_one_name_are_told_apart() -> None:
    files = [SourceFile(name="n.txt", data=text) for text in (b"P1: I like it", b"P2: I do not")]
    assert [document.name for document in load_files(files, "x").documents] == ["n.txt", "n (2).txt"]


def test_one_broken_upload_refuses_all() -> None:
    with pytest.raises(InputError, match=r"^b\.txt: the file is empty\. Export it again"):
        study_of(a_txt=INTERVIEW, b_txt="")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"\x00\x00", "a.txt: the file is empty"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 20, "a.txt: is not readable text"),
        ("a.txt", b"Interviewer: How?\nInterviewer: Why?", "a.txt: all 2 turns are the interviewer's"),
        ("a.exe", b"MZ", "a.exe: .exe files cannot be read. Use one of: .csv,"),
        ("notes", b"hello", "notes: files without an ending cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(name: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        load_files([SourceFile(name=name, data=data)], "x")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ReadingLimits(max_file_bytes=10), "a.txt: 0 MB; at most 0 MB"),
        (ReadingLimits(max_files=1), "2 files; at most 1"),
        (ReadingLimits(max_turns=1), "a.txt: 2 turns; at most 1"),
        (ReadingLimits(max_words=5), "a.txt: the study passes 5 words"),
    ],
)
def test_limits_are_kept(limits: ReadingLimits, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_files([source("a_txt", INTERVIEW), source("b_txt", INTERVIEW + "P01: More.")], "x", limits)


def test_folders_are_searched_and_what_is_no_study_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.txt").write_text(INTERVIEW)
    for name in ("persona.db", "persona.db-wal", ".hidden.txt", "photo.png", "README.md", "empty.txt"):
        (tmp_path / name).write_text("" if name == "empty.txt" else "P9: no")
    study = load_paths([tmp_path])
    assert [document.name for document in study.documents] == ["a.txt"]
    assert [sentence.split(" ")[0] for sentence in study.warnings] == ["README.md", "photo.png", "Left"]


def test_a_file_named_itself_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(INTERVIEW)
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(InputError, match=r"^empty\.txt: the file is empty"):
        load_paths([tmp_path, tmp_path / "empty.txt"])


def test_files_of_one_name_show_their_folder(tmp_path: Path) -> None:
    for folder, text in (("one", INTERVIEW), ("two", "P02: I like it")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(text)
    assert [document.name for document in load_paths([tmp_path]).documents] == ["one/a.txt", "two/a.txt"]


def test_paths_and_uploads_give_the_same_study(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(INTERVIEW)
    assert load_paths([tmp_path / "a.txt"], name="test") == study_of(a_txt=INTERVIEW)


def test_a_missing_path_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        load_paths([tmp_path / "nowhere"])
    with pytest.raises(InputError, match=r"no files to read\. Use one of: \.csv"):
        load_paths([tmp_path])


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(InputError, match="is not a regular file"):
        load_paths([tmp_path / "a.txt"])


def test_all_promised_formats_have_a_loader() -> None:
    assert {".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".vtt", ".srt"} <= set(extensions())


def test_long_turns_become_several_segments_that_say_so() -> None:
    study = study_of(P1_txt="Interviewer: And?\nP1: " + "I went there and it was cold. " * 30)
    assert [segment.where for segment in answers(study)] == ["turn 2, part 1", "turn 2, part 2"]
    assert study.words == study.participants[0].words == 210


def test_words_of_interviewers_are_kept_and_not_counted() -> None:
    study = study_of(a_txt=INTERVIEW)
    assert study.segments[0].role == "interviewer"
    assert study.segments[0].participant == "P01"
    assert study.words == 8
    assert said(study) == [("P01", "With gas, mostly, and a lot of jumpers.")]
