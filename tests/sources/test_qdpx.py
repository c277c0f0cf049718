"""REFI-QDA projects: who is in them, what they say, and under which codes."""

import pytest

from pipeline.errors import InputError
from pipeline.sources import SourceFile, load_files
from tests.formats import qdpx, zipped

TALK = (
    "Interviewer: What annoys you?\nOmar: I cannot find the switch.\nInterviewer: And else?\nOmar: It never turns off."
)


def test_a_project_gives_people_facts_and_codes() -> None:
    data = qdpx(
        {"Omar Haddad": TALK, "P02": "I want to dim it from my phone."},
        {"I cannot find the switch.": "Pain", "I want to dim it from my phone.": "Goal"},
        {"Omar Haddad": {"Age": "41"}},
    )
    study = load_files([SourceFile(name="lamps.qdpx", data=data)], "lamps")
    said = [(segment.text, segment.tags) for segment in study.segments if segment.role == "participant"]
    assert said == [
        ("I cannot find the switch.", ("Pain",)),
        ("It never turns off.", ()),
        ("I want to dim it from my phone.", ("Goal",)),
    ]
    assert [(person.name, person.demographics) for person in study.participants] == [
        ("Omar Haddad", {"age": "41"}),
        (None, {}),
    ]
    assert study.participants[1].id == "P02"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped({"a.txt": b"x"}), "p.qdpx: holds no project"),
        (zipped({"project.qde": b"<!DOCTYPE a><Project/>"}), "p.qdpx: 'project.qde' declares entities"),
        (zipped({"project.qde": b"<Project/>"}), "p.qdpx: the project holds no text"),
        (b"no zip", "p.qdpx: is not a REFI-QDA project"),
    ],
)
def test_what_is_no_project_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        load_files([SourceFile(name="p.qdpx", data=data)], "p")
    assert str(error.value).startswith(message)
