"""Codes in and out: REFI-QDA projects and Taguette tables lose no code and no passage on the way."""

import io
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from pipeline.domain.bundle import without_words
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.results.export_codes import coded_passages, qdpx_project, taguette_table
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store
from tests.formats import qdpx
from tests.pages.runs import finished_run

TALK = (
    "Interviewer: What annoys you?\nOmar: I cannot find the switch: never.\nInterviewer: And else?\n"
    "Omar: Nothing.\nInterviewer: Nothing?\nOmar: It never turns off at night."
)


def read(data: bytes, name: str = "project.qdpx") -> Study:
    return load_files([SourceFile(name=name, data=data)], "again")


def codes(study: Study) -> list[tuple[str | None, str, tuple[str, ...]]]:
    said = [one for one in study.segments if one.role == "participant"]
    return sorted((one.participant, one.text, tuple(sorted(one.tags))) for one in said)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, RunRecord]:
    database = tmp_path_factory.mktemp("codes") / "persona.db"
    run_id = finished_run(database)
    run = Store(database).run(run_id)
    return Store(database).study(run.study_id), run


def test_project_read_written_and_read_again_keeps_every_code_and_passage() -> None:
    given = qdpx(
        {"P01": TALK, "P02": "I want to dim it from my phone.", "P03": "Never again."},
        {
            "I cannot find the switch: never.": "Pain",
            "Nothing.": "Denial",
            "I want to dim it from my phone.": "Goal",
            "Never again.": "Verdict",
        },
        {"P01": {"Age": "41"}},
    )
    once = read(given)
    twice = read(qdpx_project(once))
    assert {tag for one in once.segments for tag in one.tags} == {"Pain", "Denial", "Goal", "Verdict"}
    assert codes(twice) == codes(once)
    assert [(one.id, one.demographics) for one in twice.participants] == [
        (one.id, one.demographics) for one in once.participants
    ]


def test_every_persona_and_statement_is_a_code_on_the_passages_that_support_it(made) -> None:
    study, run = made
    again = read(qdpx_project(study, run))
    tags = {tag for one in again.segments for tag in one.tags}
    for final in run.shown:
        for claim in final.assessment.claims:
            if claim.quote and claim.field == "goals":
                assert f"Goals: {claim.text}" in tags
    passages = coded_passages(study, run)
    with zipfile.ZipFile(io.BytesIO(qdpx_project(study, run))) as archive:
        root = etree.fromstring(archive.read("project.qde"))
        space = {"q": "urn:QDA-XML:project:1.0"}
        places = root.findall(".//q:PlainTextSelection", space)
        assert len(places) == len(passages)
        for place in places:
            file = place.getparent().get("plainTextPath").replace("internal://", "Sources/")
            text = archive.read(file).decode()
            words = text[int(place.get("startPosition")) : int(place.get("endPosition"))]
            assert words.split()[:3] == place.get("name").split()[:3]
        known = {code.get("guid") for code in root.findall(".//q:Code", space)}
        assert {one.get("targetGUID") for one in root.findall(".//q:CodeRef", space)} <= known


def test_taguette_table_is_read_back_with_every_code(made) -> None:
    study, run = made
    again = read(taguette_table(study, run).encode(), "highlights.csv")
    assert {tag for one in again.segments for tag in one.tags} == {
        ".".join(one.code) for one in coded_passages(study, run)
    }


def test_study_without_words_has_no_passages_to_code(made) -> None:
    with pytest.raises(InputError, match="words of this study"):
        qdpx_project(without_words(made[0]))


def test_project_is_the_same_each_time(made) -> None:
    assert qdpx_project(*made) == qdpx_project(*made)


def test_folder_of_sources_holds_every_participant(made) -> None:
    with zipfile.ZipFile(io.BytesIO(qdpx_project(*made))) as archive:
        assert len(archive.namelist()) == 1 + len(made[0].participants)
        assert Path(archive.namelist()[1]).suffix == ".txt"
