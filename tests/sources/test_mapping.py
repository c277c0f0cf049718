"""Corrections by hand: the guess is one, a corrected one changes what is understood, a useless one is refused."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli.main import main
from pipeline.domain.mapping import ColumnRole, SpeakerRole
from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.sources import SourceFile, StudyMapping, load_files, outline
from pipeline.store import Store
from tests.studies import asked, said, source

QUICK = settings(max_examples=60, deadline=3000)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ODD = source(
    "survey_csv",
    "X1,X2,X3,tick\n4,I want more light at night,Leeds,K7\n2,I never find the light switch at night,York,K8\n",
)
TALK = source("talk_txt", "Ben: We cook at home every day.\nAda: Why?\nBen: It is cheap.\nAda: And?\nCid: I help.\n")
TURNS = source("turns_csv", "who,text,session\nInterviewer,Why?,1\nP1,It is so warm,1\nP2,I do not know,2\nAda,So?,2\n")
WORDS = st.sampled_from(["I cook at home each and every day", "P01", "Interviewer", "", "42", "nurse", "Why is it so?"])
NAMES = st.sampled_from(
    ["participant", "id", "answer", "question", "speaker", "session", "age", "What annoys you?", "subject", "Q 7", "x"]
)


def read(file: SourceFile, *mappings: StudyMapping) -> Study:
    return load_files([file], "test", remembered={mapping.shape: mapping for mapping in mappings}.get)


def corrected(file: SourceFile, place: int = 0, /, **roles: str) -> StudyMapping:
    return outline(file)[place].mapping(roles)


@QUICK
@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True), data=st.data())
def test_the_guess_is_a_mapping_that_gives_the_same_study(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(WORDS, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    _same_under_its_own_guess(source("any_csv", text.getvalue()))


@QUICK
@given(st.lists(st.tuples(st.sampled_from(["P1", "Ada", "Interviewer", "Speaker 2"]), WORDS), min_size=1, max_size=8))
def test_the_guess_of_speakers_is_a_mapping_too(turns: list[tuple[str, str]]) -> None:
    _same_under_its_own_guess(source("any_txt", "\n".join(f"{speaker}: {text}" for speaker, text in turns)))


@QUICK
@given(data=st.data())
def test_any_mapping_gives_a_study_or_one_sentence(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([ODD, TALK, TURNS]))
    mappings: dict[str, StudyMapping] = {}
    for _ in range(2):  # the speakers of a table are known once its columns are
        for part in outline(file, remembered=mappings.get):
            roles = get_args(ColumnRole if part.kind == "table" else SpeakerRole)
            drawn = {name: data.draw(st.sampled_from(roles)) for name in part.names}
            mappings.setdefault(part.shape, part.mapping(drawn))
    try:
        study = load_files([file], "test", remembered=mappings.get)
    except InputError as error:
        refused = str(error)
    else:
        refused = None
    if refused is not None:
        assert refused.startswith(file.name)
        return
    ids = {person.id for person in study.participants}
    assert {segment.participant for segment in study.segments if segment.role == "participant"} == ids


def _same_under_its_own_guess(file: SourceFile) -> None:
    try:
        study = read(file)
    except InputError:
        return
    guesses = [part.mapping({}) for part in outline(file)]
    assert read(file, *guesses) == study


def test_a_corrected_table_is_another_study_with_other_words() -> None:
    mapping = corrected(ODD, tick="participant", X1="ignored", X3="fact")
    before, after = read(ODD), read(ODD, mapping)
    assert said(after) == [
        ("K7", "I want more light at night"),
        ("K8", "I never find the light switch at night"),
    ]
    assert [person.demographics for person in after.participants] == [{"x3": "Leeds"}, {"x3": "York"}]
    assert before.id != after.id
    assert "Columns are read as corrected by hand" in after.documents[0].notes[-1]


def test_a_table_without_a_guess_can_still_be_mapped() -> None:
    file = source("survey_csv", "x,y\nK1,dark\nK2,cold\n")
    with pytest.raises(InputError, match="no column holds answers in words"):
        read(file)
    assert said(read(file, corrected(file, x="participant", y="words"))) == [("K1", "dark"), ("K2", "cold")]


def test_a_mapping_serves_every_file_with_the_same_columns_in_any_order() -> None:
    mapping = corrected(ODD, tick="participant")
    later = source("later_csv", "tick,X1,X2,X3\nK9,5,it is all fine by me now,Hull\n")
    assert said(read(later, mapping)) == [("K9", "it is all fine by me now")]


def test_speakers_are_told_apart_by_hand() -> None:
    study = read(TALK, corrected(TALK, Ada="interviewer", Ben="participant", Cid="ignored"))
    assert asked(study) == ["Why?", "And?"]
    assert [text for _, text in said(study)] == ["We cook at home every day.", "It is cheap."]
    assert "Left out, as chosen: 1 turn of Cid." in study.documents[0].notes


def test_a_label_that_changes_sides_is_left_to_what_is_said() -> None:
    one = "Speaker 1: How is it?\nSpeaker 2: I like it a lot since it is so warm.\n"
    two = "Speaker 2: And yours?\nSpeaker 1: I do not like it much since it is cold.\n"
    file = source("both_txt", f"## Participant 1\n{one}\n## Participant 2\n{two}")
    assert set(outline(file)[0].guess.values()) == {"recognised"}


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ({"X2": "ignored", "X3": "fact"}, "survey.csv: no column is chosen as the participant's words."),
        ({"tick": "participant", "X1": "participant"}, 'survey.csv: "X1" and "tick" are both chosen as participant.'),
        ({"X1": "conversation"}, "survey.csv: a conversation column is of use only beside a speaker column."),
    ],
)
def test_a_mapping_that_cannot_work_says_why(roles: dict[str, str], reason: str) -> None:
    with pytest.raises(InputError) as error:
        read(ODD, corrected(ODD, **roles))
    assert str(error.value).startswith(reason)


def test_interviewers_alone_are_refused() -> None:
    mapping = corrected(TALK, Ada="interviewer", Ben="interviewer", Cid="ignored")
    with pytest.raises(InputError, match="read as corrected by hand, no participant says anything"):
        read(TALK, mapping)


def test_a_mapping_keeps_no_word_of_the_file() -> None:
    body = corrected(TALK, Ada="interviewer").model_dump_json() + corrected(ODD).model_dump_json()
    assert not any(word in body for word in ("Ada", "Ben", "X1", "tick"))


def test_the_store_remembers_replaces_and_forgets(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.db")
    first, second = corrected(ODD, tick="participant"), corrected(ODD, tick="fact")
    store.save_mapping(first, NOW)
    store.save_mapping(second, NOW)
    assert store.mappings() == {second.shape: second}
    store.forget_mapping(second.shape)
    assert store.mappings() == {}


def test_the_command_line_reads_with_what_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, file = tmp_path / "x.db", tmp_path / ODD.name
    file.write_bytes(ODD.data)
    Store(database).save_mapping(corrected(ODD, tick="participant", X3="ignored"), NOW)
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    assert main(["generate", "--from", str(file), "--count", "1", "--db", str(database), "--json"]) == 0
    study = Store(database).study(Store(database).studies()[0].id)
    assert [person.id for person in study.participants] == ["K7", "K8"]
    assert "corrected by hand" in study.documents[0].notes[-1]
