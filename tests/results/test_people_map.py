from pathlib import Path

import pytest

from pipeline import HybridPipeline
from pipeline.domain.bundle import without_words
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.results.coverage import coverage
from pipeline.results.export import run_document
from pipeline.results.people_map import map_sentence, people_map, words_of
from pipeline.results.report import run_report
from pipeline.sources import load_paths
from tests.factories import make_run
from tests.studies import study_of

EXAMPLE = Path(__file__).parents[2] / "data" / "hearthwise"


@pytest.fixture(scope="module")
def study() -> Study:
    return load_paths([EXAMPLE])


@pytest.fixture(scope="module")
def run(study: Study) -> RunRecord:
    return HybridPipeline(
        HybridConfig(local_provider="builtin", enabled=False, count=5, seed=1, selection="best_score")
    ).run(study)


def test_every_participant_is_in_the_map_once(run: RunRecord, study: Study) -> None:
    found = people_map(run, study)
    assert sorted(row.participant for row in found.rows) == sorted(person.id for person in study.participants)
    assert len(found.in_none) == len(study.participants) - coverage(run).represented
    assert map_sentence(found).startswith(f"35 participants and {len(run.personas)} personas")


def test_strength_is_the_share_of_statements_that_a_participant_supports(run: RunRecord, study: Study) -> None:
    found = people_map(run, study)
    final = run.shown[0]
    lists = ("goals", "pain_points", "behaviours", "motivations")
    statements = [claim for claim in final.assessment.claims if claim.field in lists]
    for row in found.rows:
        cell = row.cells[0]
        assert (cell is not None) == (row.participant in run.people_of(final))
        if cell:
            own = [one for claim in statements for one in claim.supporters if one.participant == row.participant]
            assert (cell.supported, cell.statements) == (len(own), len(statements))


def test_rows_begin_with_the_strongest_of_the_first_persona_and_end_with_those_in_none(
    run: RunRecord, study: Study
) -> None:
    found = people_map(run, study)
    first = [row.cells[0].supported for row in found.rows if row.cells[0] and not any(row.cells[1:])]
    assert first == sorted(first, reverse=True)
    assert [row.participant for row in found.rows[-len(found.in_none) :]] == list(found.in_none)


def test_words_behind_a_cell_are_verbatim_with_question_and_place(run: RunRecord, study: Study) -> None:
    found = people_map(run, study)
    strongest = found.rows[0].participant
    words = words_of(run, study, strongest)
    cell = found.rows[0].cells[0]
    assert cell is not None
    assert sum(one.persona == found.personas[0].name for one in words) == cell.supported
    everything = " ".join(" ".join(segment.text.split()) for segment in study.segments)
    assert all(" ".join(one.quote.split()) in everything and one.place for one in words)
    assert any(one.question for one in words)


def test_people_in_no_persona_are_read_from_the_study(run: RunRecord, study: Study) -> None:
    nowhere = people_map(run, study).in_none[0]
    words = words_of(run, study, nowhere)
    assert words
    assert not any(one.persona for one in words)


def test_a_run_without_focus_has_nothing_counted() -> None:
    run = make_run([0.9])
    found = people_map(run, Study(id="s", name="s", documents=(), participants=(), segments=()))
    assert [persona.statements for persona in found.personas] == [0]
    assert all(cell is None or cell.words == "not counted" for row in found.rows for cell in row.cells)


def test_the_report_has_the_map(run: RunRecord, study: Study) -> None:
    report = run_report(run, study)
    assert '<table class="people">' in report
    assert report.count("in none</span>") == len(people_map(run, study).in_none)


def test_the_question_stands_beside_the_evidence_in_json_and_report(run: RunRecord, study: Study) -> None:
    evidence = [claim for one in run_document(run, study)["personas"] for claim in one["evidence"]]
    asked = [claim["question"] for claim in evidence if claim["question"]]
    questions = {segment.text for segment in study.segments if segment.role == "interviewer"}
    assert asked
    assert questions.issuperset(asked)
    assert "Asked: " in run_report(run, study, with_source=True)
    assert "Asked: " not in run_report(run, study)
    for blind in (run_document(run), run_document(run, without_words(study))):
        assert not any(claim["question"] for one in blind["personas"] for claim in one["evidence"])


def test_a_question_holds_until_the_next_one_and_listening_sounds_are_none() -> None:
    from pipeline.results.evidence import Sources

    study = study_of(
        talk_txt="Interviewer: What annoys you?\nAnna: The bill comes late.\nInterviewer: Mm-hm, okay.\n"
        "Anna: And it is too high for me.\nInterviewer: What would help?\nAnna: A number each evening.\n"
    )
    sources = Sources(study)
    answers = [sources.question(segment.id) for segment in study.segments if segment.role == "participant"]
    assert answers == ["What annoys you?", "What annoys you?", "What would help?"]
