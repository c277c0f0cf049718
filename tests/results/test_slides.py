"""Slides, documents and board tables of an edited run, read back with the libraries that read them."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document
from pptx import Presentation

from pipeline.cli import main
from pipeline.domain.edits import Edit
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import PersonaError
from pipeline.results.export_cards import COLUMNS, card_rows, cards_csv, cards_document
from pipeline.results.report import pdf
from pipeline.results.report.brand import Brand, initials, text_color
from pipeline.results.report.slides import comparison_slides, run_slides
from pipeline.results.report.word import run_document_file
from pipeline.scoring.editing import PersonaEditor
from pipeline.scoring.index import StudyIndex
from pipeline.store import Store
from tests.factories import make_run
from tests.pages.runs import finished_run

NOW = datetime(2026, 11, 30, tzinfo=UTC)
HOSTILE = "=cmd|' /C calc'!A0 <b>\x00\x0b \u202e"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRecord, Study]:
    """A database, a run in it with one hostile and pinned claim typed by a person, and its study."""
    database = tmp_path_factory.mktemp("slides") / "persona.db"
    store = Store(database)
    run_id = finished_run(database)
    study = store.study(store.run(run_id).study_id)
    persona = store.run(run_id).personas[0].draft_id
    for action in ("add", "pin"):
        run = store.run(run_id)
        text = " ".join(HOSTILE.split())
        edit = Edit(action=action, persona=persona, field="goals", new=HOSTILE, text=text)
        after = PersonaEditor(StudyIndex.build(study), run).apply(edit, "Ann", NOW)
        store.add_edit(run_id, edit, after, "Ann", NOW, run.revision)
    return database, store.run(run_id), study


def words(slide: object) -> str:
    return "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)  # type: ignore[attr-defined]


def test_slides_hold_every_persona_as_native_text_table_chart_and_notes(made) -> None:
    _, run, study = made
    deck = Presentation(io.BytesIO(run_slides(run, study, with_source=True)))
    assert len(deck.slides) == len(run.shown) + 2
    for final, slide in zip(run.shown, list(deck.slides)[1:-1], strict=True):
        assert final.persona.name in words(slide)
        assert initials(final.persona.name) in [
            shape.text_frame.text for shape in slide.shapes if shape.name == "Avatar"
        ]
        (chart,) = [shape.chart for shape in slide.shapes if shape.has_chart]
        values = dict(zip(chart.plots[0].categories, chart.plots[0].series[0].values, strict=True))
        assert values["Overall"] == pytest.approx(final.assessment.scores.overall, abs=0.005)
        assert any(shape.has_table for shape in slide.shapes) == bool(final.persona.demographics)
        notes = slide.notes_slide.notes_text_frame.text
        assert all(goal in notes for goal in final.persona.goals if "\x00" not in goal)
        assert "Source: " in notes
    edited = next(slide for final, slide in zip(run.shown, list(deck.slides)[1:], strict=False) if final.edited)
    assert "edited: 2 changes by Ann" in words(edited)


def test_slides_without_words_of_the_study_have_neither_quotes_nor_sources(made) -> None:
    _, run, study = made
    deck = Presentation(io.BytesIO(run_slides(run, study)))
    told = "\n".join(words(slide) + slide.notes_slide.notes_text_frame.text for slide in deck.slides)
    assert "Source: " not in told
    assert not [quote for final in run.shown for quote in final.persona.quotes if quote in told]


def test_set_and_method_have_their_slides(made) -> None:
    _, run, study = made
    first, *_, last = Presentation(io.BytesIO(run_slides(run, study))).slides
    (chart,) = [shape.chart for shape in first.shapes if shape.has_chart]
    assert list(chart.plots[0].series[0].values) == [float(len(run.people_of(final))) for final in run.shown][::-1]
    (table,) = [shape.table for shape in first.shapes if shape.has_table]
    assert [row.cells[1].text for row in list(table.rows)[1:]] == [final.persona.name for final in run.shown]
    assert "represented" in words(first)
    assert "What the score cannot see" in words(last)


def test_comparison_has_the_verdict_and_what_differs() -> None:
    runs = [make_run([0.9, 0.5]), make_run([0.9, 0.6], threshold=0.5, run_id="run-2")]
    verdict, differs = Presentation(io.BytesIO(comparison_slides(runs, title="Worth it?"))).slides
    assert "Worth it?" in words(verdict)
    cells = [cell.text for shape in differs.shapes if shape.has_table for row in shape.table.rows for cell in row.cells]
    assert cells[3:6] == ["quality threshold", "0.7", "0.5"]


def test_brand_colours_the_slides_and_puts_its_logo_on_each(made) -> None:
    _, run, study = made
    logo = (Path(__file__).parents[2] / "docs/screenshots/results-light.png").read_bytes()
    deck = Presentation(io.BytesIO(run_slides(run, study, brand=Brand(color="AA0000", logo=logo))))
    for slide in deck.slides:
        assert any(shape.shape_type == 13 for shape in slide.shapes)
    assert text_color("FFFFFF") == "000000"


def test_word_document_has_headings_tables_and_the_edited_claim(made) -> None:
    _, run, study = made
    page = Document(io.BytesIO(run_document_file(run, study, with_source=True)))
    headings = [line.text for line in page.paragraphs if line.style.name.startswith("Heading 2")]
    assert [name.removesuffix(" (simulated)") for name in headings] == [final.persona.name for final in run.shown]
    told = "\n".join(line.text for line in page.paragraphs)
    assert "edited: 2 changes by Ann" in told
    assert "pinned" in told
    assert len(page.tables) == 2


def test_slides_and_word_tell_the_question_that_was_asked_beside_its_answer(made) -> None:
    _, run, study = made
    asked = study.segments[0].model_copy(
        update={"id": "asked", "role": "interviewer", "participant": None, "text": "What costs you sleep?"}
    )
    questioned = study.model_copy(update={"segments": (asked, *study.segments)})
    deck = Presentation(io.BytesIO(run_slides(run, questioned, with_source=True)))
    notes = "\n".join(slide.notes_slide.notes_text_frame.text for slide in list(deck.slides)[1:-1])
    page = Document(io.BytesIO(run_document_file(run, questioned, with_source=True)))
    for told in (notes, "\n".join(line.text for line in page.paragraphs)):
        assert "Asked: What costs you sleep?" in told
    plain = Presentation(io.BytesIO(run_slides(run, questioned)))
    assert "Asked" not in "\n".join(slide.notes_slide.notes_text_frame.text for slide in list(plain.slides)[1:-1])


def test_board_rows_have_the_documented_columns_and_no_formula(made) -> None:
    _, run, study = made
    rows = card_rows(run, study, with_source=True)
    assert {tuple(row) for row in rows} == {tuple(COLUMNS)}
    assert any(row["pinned"] for row in rows)
    assert "\r\n=cmd" not in cards_csv(run, study)
    assert ",=cmd" not in cards_csv(run, study)
    document = cards_document(run, study)
    assert sum(len(one["statements"]) for one in document["personas"]) == len(card_rows(run, study))
    page = (Path(__file__).parents[2] / "docs/handing-over.md").read_text()
    assert [name for name, meaning in COLUMNS.items() if f"| `{name}` | {meaning} |" not in page] == []


def test_pdf_needs_a_browser_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(PersonaError, match="print it to PDF there"):
        pdf.printed("<p>x</p>")


@pytest.mark.skipif(pdf.printing_browser() is None, reason="no Chromium on this machine")
def test_pdf_is_printed_by_the_browser() -> None:
    assert pdf.printed("<!doctype html><title>Report</title><p>Hello").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("form", "start"), [("pptx", b"PK"), ("docx", b"PK"), ("cards-csv", b"persona_id"), ("cards-json", b"{")]
)
def test_command_writes_each_file(made, tmp_path: Path, form: str, start: bytes) -> None:
    database, run, _ = made
    file = tmp_path / f"out.{form}"
    assert main(["export", run.id, f"--{form}", str(file), "--db", str(database)]) == 0
    assert file.read_bytes().startswith(start)
    if form == "cards-json":
        assert json.loads(file.read_text())["schema"] == "persona.cards/1"
