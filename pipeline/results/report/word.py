"""A run as a Word document: headings, paragraphs and tables with Word's own styles, so that reports can take it in."""

import io
from typing import TYPE_CHECKING

from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.results.coverage import coverage, coverage_sentences
from pipeline.results.figures import run_tiles
from pipeline.results.report.brand import Brand, plain
from pipeline.results.report.claims import ReportPersona, report_personas
from pipeline.results.report.run import run_facts
from pipeline.results.score_explained import BLIND, CAUTIONS, scoring_method
from pipeline.text.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docx.document import Document


def run_document_file(run: RunRecord, study: Study, *, with_source: bool = False, brand: Brand | None = None) -> bytes:
    """Return the report of a run as a Word file.

    Args:
        run: that has ended.
        study: the run's own.
        with_source: whether words of the study may be in it: quotes and sources.
        brand: colour of the headings, and a logo.
    """
    from docx import Document as new_document
    from docx.shared import Inches, RGBColor

    brand = brand or Brand()
    page = new_document()
    for name in ("Title", "Heading 1", "Heading 2", "Heading 3"):
        page.styles[name].font.color.rgb = RGBColor.from_string(brand.color.upper())
    page.core_properties.title, page.core_properties.author = plain(run.name, 200), "Persona"
    if brand.logo:
        page.add_picture(io.BytesIO(brand.logo), height=Inches(0.6))
    mark = " (simulated)" if run.simulated else ""
    page.add_heading(plain(f"{run.name}{mark}", 200), 0)
    _table(page, ("Fact", "Value"), run_facts(run))
    page.add_heading("Figures", 1)
    _table(page, ("Figure", "Value", "Basis"), [(tile.label, tile.value, tile.note) for tile in run_tiles(run)])
    for sentence in coverage_sentences(coverage(run)):
        page.add_paragraph(plain(sentence, 1000), style="List Bullet")
    personas = report_personas(run, study, with_source=with_source)
    page.add_heading(count(len(personas), "persona"), 1)
    for persona in personas:
        _persona(page, persona)
    page.add_heading("How scores are computed, and their limits", 1)
    page.add_paragraph(plain(scoring_method(run.config), 3000))
    for text in (*BLIND, *CAUTIONS):
        page.add_paragraph(plain(text, 1000), style="List Bullet")
    target = io.BytesIO()
    page.save(target)
    return target.getvalue()


def _persona(page: "Document", persona: ReportPersona) -> None:
    mark = " (simulated)" if persona.simulated else ""
    page.add_heading(plain(f"{persona.name}{mark}", 120), 2)
    for text in (persona.who, persona.tagline):
        if text:
            page.add_paragraph(plain(text, 300)).runs[0].italic = True
    scores = ", ".join(f"{name} {value}" for name, value in persona.scores)
    page.add_paragraph(plain(f"{persona.origin}, {persona.outcome}. Scores: {scores}. {persona.marks}.", 600))
    if persona.edited:
        page.add_paragraph(plain(f"This persona was {persona.edited}.", 300))
    if persona.background:
        page.add_paragraph(plain(persona.background, 3000))
    for group in persona.groups:
        page.add_heading(group.title, 3)
        for claim in group.claims:
            line = page.add_paragraph(style="List Bullet")
            line.add_run(plain(f"“{claim.text}”" if group.quotes else claim.text, 1000))
            pinned = ", pinned" if claim.pinned else ""
            people = f", {claim.people}" if claim.people else ""
            line.add_run("  ")
            line.add_run(plain(f"{claim.word} {claim.support}{people}{pinned}", 200)).italic = True
            if claim.source:
                quote = f"“{claim.quote}” " if claim.quote and claim.quote != claim.text else ""
                asked = f" Asked: {claim.question}" if claim.question else ""
                page.add_paragraph(plain(f"{quote}{claim.source}{asked}", 1500), style="Quote")
    if persona.withheld:
        page.add_paragraph(f"{count(persona.withheld, 'quote')} left out with the words of the study.")
    for text in persona.findings:
        page.add_paragraph(plain(f"To look at: {text}", 600), style="List Bullet")
    drawn = ", ".join(persona.drawn_from) or "unknown participants"
    page.add_paragraph(plain(f"{persona.reason} Drawn from {drawn}. Cost: {persona.cost}.", 1500))


def _table(page: "Document", head: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> None:
    made = page.add_table(rows=1, cols=len(head), style="Light Grid Accent 1")
    for cell, words in zip(made.rows[0].cells, head, strict=True):
        cell.text = words
    for row in rows:
        for cell, words in zip(made.add_row().cells, row, strict=True):
            cell.text = plain(words, 500)
