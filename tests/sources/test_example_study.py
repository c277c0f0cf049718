"""The bundled example study is understood in every one of its formats."""

import re
import time
from functools import cache
from pathlib import Path

import pytest

from pipeline.domain.study import Study
from pipeline.hybrid.redaction import Redactor
from pipeline.sources import SourceFile, load_files, load_paths

DATA = Path(__file__).resolve().parents[2] / "data"
PEOPLE = {
    "P01": ("Maren", "34", "primary school teacher", "Leeds"),
    "P02": ("Tomasz", "41", "electrician", "Cork"),
    "P03": ("Ailbhe", "67", "retired librarian", "Galway"),
    "P04": ("Devon", "28", "nurse", "Bristol"),
    "P05": ("Priya", "45", "management accountant", "Reading"),
    "P06": ("Callum", "52", "lorry driver", "Stirling"),
    "P07": ("Hanneke", "38", "software engineer", "Dublin"),
    "P08": ("Gwen", "59", "farm-shop owner", "near Llanidloes, mid-Wales"),
    "P09": ("Yusuf", "31", "PhD student", "Manchester"),
    "P10": ("Fiona", "49", "landlord", "Edinburgh"),
    "P11": ("Luca", "36", "stay-at-home father", "Belfast"),
    "P12": ("Shanice", "26", "call-centre team leader", "Birmingham"),
    "P13": ("Bernard", "72", "retired bus driver", "Croydon"),
    "P14": ("Roisin", "43", "sustainability officer", "Derry"),
}


@cache
def example() -> Study:
    return load_paths([DATA])


def test_everybody_is_there_once() -> None:
    wanted = [*PEOPLE, *(f"C{number:02}" for number in range(1, 8)), *(f"R{number:02}" for number in range(1, 15))]
    assert sorted(person.id for person in example().participants) == sorted(wanted)
    assert example().warnings == ()
    assert example().name == "hearthwise"


@pytest.mark.parametrize("id", PEOPLE)
def test_the_interviewed_have_their_name_and_facts(id: str) -> None:
    person = next(person for person in example().participants if person.id == id)
    name, age, occupation, location = PEOPLE[id]
    assert (person.name or "").split()[0] == name
    assert [person.demographics.get(key) for key in ("age", "occupation", "location")] == [age, occupation, location]
    assert 1_200 < person.words < 1_700


def test_the_interviewer_is_set_apart_everywhere() -> None:
    talks = [document.id for document in example().documents if document.name[0] == "P"]
    asked = {segment.document for segment in example().segments if segment.role == "interviewer"}
    assert asked == set(talks)
    assert not any((person.name or "").split(" ")[0] == "Dana" for person in example().participants)
    questions = [segment for segment in example().segments if segment.role == "interviewer" and "?" in segment.text]
    assert len(questions) > 0.6 * sum(segment.role == "interviewer" for segment in example().segments)


def test_no_contact_detail_and_no_name_of_a_participant_survives_redaction() -> None:
    redactor = Redactor(example())
    names = re.compile("|".join(rf"\b{name}\b" for name, *_ in PEOPLE.values()))
    for segment in example().segments:
        redacted = redactor.redact(segment.text)
        assert "@" not in redacted
        assert not re.search(r"\d{3} ?\d{6}|\d{3} \d{4}", redacted)
        assert not names.search(redacted)


def test_36_transcripts_load_in_a_second_or_two() -> None:
    body = (DATA / "hearthwise" / "P01_maren.txt").read_text().split("\n\n", 1)[1]
    files = [
        SourceFile(name=f"i{number}.txt", data=f"Participant: P{number:02}\n\n{body * 4}".encode())
        for number in range(36)
    ]
    started = time.thread_time()
    study = load_files(files, "speed", keep_repeats=True)
    assert study.words > 200_000
    assert time.thread_time() - started < 6  # of this thread; 0.4 s is usual
