"""What is understood of every export and shape, in every format that can hold it.

The findings are docs/formats.md; `pytest tests/contract/test_shapes.py --write-docs` writes it anew.
"""

from functools import cache
from pathlib import Path

import pytest

from pipeline.domain.study import Study
from pipeline.sources import SourceFile, extensions, load_files
from tests.shapes import ENDINGS, SHAPES, Shape, data_of, writers

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
ELSEWHERE = [(name, ending) for name, shape in SHAPES.items() for ending in writers(shape) if ending in extensions()]


@cache
def study_in(name: str, ending: str | None = None) -> Study:
    """What is read from a shape as its tool writes it, or written in another format."""
    shape = SHAPES[name]
    if ending is None:
        return load_files([SourceFile(name=shape.file, data=data_of(shape))], name)
    file = f"{Path(shape.file).stem}{ending}"
    return load_files([SourceFile(name=file, data=writers(shape)[ending](shape))], name)


def check(study: Study, shape: Shape) -> None:
    said = [segment.text for segment in study.segments if segment.role == "participant"]
    assert tuple(person.id for person in study.participants) == shape.participants
    assert len(said) == shape.answers
    for words in shape.absent:
        assert not any(words in text for text in said), words


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_understood(name: str) -> None:
    check(study_in(name), SHAPES[name])


@pytest.mark.parametrize(("name", "ending"), ELSEWHERE)
def test_a_shape_is_understood_in_every_format_that_can_hold_it(name: str, ending: str) -> None:
    check(study_in(name, ending), SHAPES[name])


def test_facts_are_about_people_and_not_about_the_export() -> None:
    facts = {name: [person.demographics for person in study_in(name).participants] for name in SHAPES}
    assert facts["Qualtrics (csv, three header rows)"] == [{"age": "34"}, {"age": "61"}]
    assert facts["Typeform (csv)"] == [{"age": "34"}, {"age": "61"}]
    assert facts["Intercom (csv)"] == [{}, {}]
    assert facts["Dovetail, highlights (csv)"] == [{}, {}]
    assert [own["star rating"] for own in facts["Play Store reviews (csv, UTF-16)"]] == ["2", "5"]


def test_names_of_people_come_from_the_export() -> None:
    names = {person.name for name in SHAPES for person in study_in(name).participants}
    assert {"Omar Haddad", "Imke Brandt", "Noor Aziz", "lampfan"} <= names


# --- the document ----------------------------------------------------------------------------------

HEAD = """\
# What is understood of which file

Written by the tests that check it (`tests/contract/test_shapes.py`): one small invented file of every kind is read,
and the results are listed here. *Words of* counts the pieces with a participant's own words, which alone are evidence;
*interviewer* counts those of interviewers, and of staff who answer for a company. Where a guess is wrong it can be
corrected on the Upload page; the correction is remembered for every file with the same columns or speakers.

*Made from documentation*: no export of the tool was at hand, the layout follows its public documentation.

| what | file | layout | read as | participants | words of | interviewer | what was recognised and left out |
|---|---|---|---|---|--:|--:|---|"""
OTHERS = """
## The same in other formats

*same*: written in that format, the same participants and the same number of answers are understood; an empty place is
a format that does not suit it.
"""


def row(name: str) -> str:
    study = study_in(name)
    document = study.documents[0]
    people = ", ".join(person.id for person in study.participants)
    asked = sum(segment.role == "interviewer" for segment in study.segments)
    notes = " ".join(document.notes).replace("|", "\\|")
    said = len(study.segments) - asked
    read_as = f"{SHAPES[name].made} | {document.kind}"
    return f"| {name} | `{document.name}` | {read_as} | {people} | {said} | {asked} | {notes} |"


def document() -> str:
    known = [ending for ending in ENDINGS if ending in extensions()]
    rows = [row(name) for name in SHAPES]
    others = [
        f"| {name} | {' | '.join('same' if (name, ending) in ELSEWHERE else '' for ending in known)} |"
        for name in SHAPES
    ]  # fmt: skip
    head = f"| what | {' | '.join(f'`{ending}`' for ending in known)} |\n|---|{'---|' * len(known)}"
    return "\n".join([HEAD, *rows, OTHERS, head, *others]) + "\n"


def test_document_says_what_was_found(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--write-docs"):
        DOCUMENT.write_text(document(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == document()
