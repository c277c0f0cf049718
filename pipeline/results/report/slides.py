"""Slides of a run or a comparison: one per persona, one of the set, one of method and limits.

Texts, tables and charts are native, so that a team can go on editing them. Sources stand in the notes, and words of
the study are in the file only on request.
"""

from collections.abc import Sequence

from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.results.compare_runs import cautions, settings_of
from pipeline.results.coverage import coverage, coverage_sentences
from pipeline.results.figures import run_figures, run_tiles
from pipeline.results.report.brand import Brand, persona_color
from pipeline.results.report.claims import ReportClaim, ReportGroup, ReportPersona, report_personas
from pipeline.results.report.comparison import measure_rows
from pipeline.results.report.run import run_facts, utc_time
from pipeline.results.report.slide_parts import Deck, Line, avatar, bar_chart, table, text_box
from pipeline.results.score_explained import BLIND, CAUTIONS, scoring_method
from pipeline.text.wording import count, label, passage, percent, score

_MOST, _LONGEST = 4, 105
"""Statements of a list on a slide, and characters of each; the notes hold all of them."""
_SMALL, _BODY, _HEAD = 11.0, 12.0, 13.0
_PER_TABLE = 10


def run_slides(run: RunRecord, study: Study, *, with_source: bool = False, brand: Brand | None = None) -> bytes:
    """Return the slides of a run as a PowerPoint file.

    Args:
        run: that has ended.
        study: the run's own.
        with_source: whether words of the study may be in it: quotes, and the sources in the notes.
        brand: colour and logo.
    """
    brand = brand or Brand()
    deck = Deck(brand, run.name)
    personas = report_personas(run, study, with_source=with_source)
    _set_slide(deck, run, personas)
    for place, persona in enumerate(personas):
        _persona_slide(deck, run, persona, persona_color(place))
    _method_slide(deck, run)
    return deck.data()


def comparison_slides(
    runs: Sequence[RunRecord], *, title: str = "", note: str = "", brand: Brand | None = None
) -> bytes:
    """Return the slides of two to eight runs: the verdict, and what differs; without words of the study."""
    brand = brand or Brand()
    name = title or f"{count(len(runs), 'run')} compared"
    deck = Deck(brand, name)
    foot = f"{', '.join(f'{letter} = {label(run.name)}' for letter, run in zip('ABCDEFGH', runs, strict=False))}"
    foot += " · simulated amounts" if any(run.simulated for run in runs) else ""
    notes = "\n".join([note, *cautions(runs)])
    verdict = deck.add(name, foot, notes)
    rows: list[tuple[str, ...]] = [("Measure", "Run", "Value", "Difference from A", "In a word", "Based on")]
    rows += [(measure, *row) for measure, _, found in measure_rows(runs) for row in found]
    table(verdict, (0.5, 1.3, 8.3, 0.3 * len(rows)), rows, color=brand.color, size=10)
    means = [
        (letter, found.value)
        for letter, run in zip("ABCDEFGH", runs, strict=False)
        if (found := run_figures(run).mean_score)
    ]
    if means:
        bar_chart(verdict, (9.1, 1.3, 3.8, 3.6), "Mean score of the delivered texts", means, color=brand.color)
    differing = [setting for setting in settings_of(runs) if setting.differs]
    slide = deck.add("What differs between the runs", foot, notes)
    if differing:
        head = ("Setting", *"ABCDEFGH"[: len(runs)])
        body = [(one.name.replace("_", " "), *(str(value) for value in one.values)) for one in differing]
        table(slide, (0.5, 1.3, 12.3, 0.35 * (len(body) + 1)), [head, *body], color=brand.color)
    else:
        text_box(slide, (0.5, 1.3, 12.3, 1), [("No setting differs.", _BODY, False)])
    warnings = [(text, _BODY, False) for text in cautions(runs)]
    if warnings:
        text_box(slide, (0.5, 5.2, 12.3, 1.7), [("Before you conclude", _HEAD, True), *warnings], bullets=True)
    return deck.data()


def _set_slide(deck: Deck, run: RunRecord, personas: Sequence[ReportPersona]) -> None:
    """Add the slide of the whole set: who is represented, how common each persona is, and how good its text."""
    found = coverage(run)
    slide = deck.add(f"{count(len(personas), 'persona')}: {run.name}", _foot(run), "\n".join(coverage_sentences(found)))
    people = max(found.participants, 1)
    head = ("", "Persona", "Stands for", "Share", "Score", "Outcome")
    rows = [
        (
            str(number),
            one.name,
            count(len(one.drawn_from), "participant"),
            percent(len(one.drawn_from) / people),
            one.scores[0][1],
            f"{one.outcome}{', edited' if one.edited else ''}",
        )
        for number, one in enumerate(personas[:_PER_TABLE], 1)
    ]
    table(slide, (0.5, 1.3, 7.6, 0.36 * (len(rows) + 1)), [head, *rows], color=deck.brand.color)
    bars = [(one.name, float(len(one.drawn_from))) for one in personas[:_PER_TABLE]]
    if bars:
        title = f"Participants behind each persona, of {found.participants}"
        bar_chart(slide, (8.4, 1.2, 4.5, 3.4), title, bars, color=deck.brand.color, top=None, form="0")
    lines: list[Line] = [(text, _SMALL, False) for text in coverage_sentences(found)[:5]]
    if len(personas) > _PER_TABLE:
        lines.append((f"{len(personas) - _PER_TABLE} further personas have a slide of their own.", _SMALL, False))
    text_box(slide, (0.5, 5.5, 12.3, 1.4), [("Coverage", _HEAD, True), *lines], bullets=True, name="Coverage")


def _persona_slide(deck: Deck, run: RunRecord, persona: ReportPersona, color: str) -> None:
    simulated = " (simulated)" if persona.simulated else ""
    foot = " · ".join(
        filter(None, (f"{persona.origin}{simulated}, {persona.outcome}", persona.edited, persona.marks, _foot(run)))
    )
    slide = deck.add(f"{persona.name}{simulated}", foot, persona_notes(persona))
    avatar(slide, (0.5, 1.3, 1.2, 1.2), persona.name, color)
    text_box(
        slide,
        (1.8, 1.25, 2.6, 1.4),
        [
            (label(persona.who, 70) or "No occupation stated", _SMALL, False),
            (passage(persona.tagline, 80), _BODY, True),
        ],
        name="Who",
    )
    bars = [(name.capitalize(), float(value)) for name, value in persona.scores if _is_number(value)]
    if bars:
        bar_chart(slide, (0.4, 2.95, 4.1, 1.85), f"Score {persona.scores[0][1]} of 1", bars, color=color)
    facts = next((group.claims for group in persona.groups if group.title == "Facts"), ())
    rows = [("Fact", "Support"), *((passage(one.text, 45), f"{one.word} {one.support}") for one in facts[:5])]
    if facts:
        table(slide, (0.5, 4.85, 3.9, 0.3 * len(rows)), rows, color=color, size=10)
    lists = [group for group in persona.groups if not group.quotes and group.title != "Facts"]
    quotes = next((group.claims for group in persona.groups if group.quotes), ())
    verbatim = next((one.text for one in quotes if one.mark == "supported"), "")
    height = 2.35 if verbatim else 2.8
    for number, group in enumerate(lists[:4]):
        box = (4.75 + 4.15 * (number % 2), 1.2 + height * (number // 2), 4.05, height)
        text_box(slide, box, _list_lines(group), bullets=True, name=group.title)
    if verbatim:
        text_box(slide, (4.75, 6.05, 8.2, 0.9), [(f"“{passage(verbatim, 200)}”", 15, True)], name="Quote")


def _list_lines(group: ReportGroup) -> list[Line]:
    first = sorted(group.claims, key=lambda claim: not claim.pinned)
    lines: list[Line] = [(group.title, _HEAD, True)]
    lines += [(f"{passage(one.text, _LONGEST)}{_backing(one)}", _SMALL, False) for one in first[:_MOST]]
    if len(first) > _MOST:
        lines.append((f"and {len(first) - _MOST} more in the notes", 10, False))
    return lines


def _backing(claim: ReportClaim) -> str:
    known = ", ".join(filter(None, (claim.word if claim.mark != "supported" else "", claim.people)))
    return f" ({known})" if known else ""


def persona_notes(persona: ReportPersona) -> str:
    """Return the notes of a slide: every statement with its support and, where allowed, its source."""
    lines = [
        persona.reason,
        f"Drawn from {', '.join(persona.drawn_from) or 'unknown participants'}.",
        persona.background,
    ]
    for group in persona.groups:
        lines.append(f"{group.title}:")
        for claim in group.claims:
            quote = f" “{claim.quote}”" if claim.quote and claim.quote != claim.text else ""
            asked = f" Asked: {claim.question}" if claim.question else ""
            source = f" Source: {claim.source}.{quote}{asked}" if claim.source else ""
            people = f", {claim.people}" if claim.people else ""
            pinned = ", pinned" if claim.pinned else ""
            lines.append(f"- {claim.text} [{claim.word} {claim.support}{people}{pinned}]{source}")
    if persona.withheld:
        lines.append(f"{count(persona.withheld, 'quote')} left out with the words of the study.")
    lines += [f"To look at: {text}" for text in persona.findings]
    return "\n".join(filter(None, lines))


def _method_slide(deck: Deck, run: RunRecord) -> None:
    slide = deck.add("How this was made, and its limits", _foot(run), scoring_method(run.config))
    rows = [("Fact", "Value"), *run_facts(run)]
    table(slide, (0.5, 1.3, 6.0, 0.36 * len(rows)), rows, color=deck.brand.color, size=10)
    money = [(f"{tile.label}: {tile.value}, {tile.note}", _SMALL, False) for tile in run_tiles(run)]
    text_box(slide, (0.5, 4.4, 6.0, 2.5), [("Figures of the run", _HEAD, True), *money], bullets=True, name="Figures")
    limits = [(text, _SMALL, False) for text in (*BLIND, *CAUTIONS)]
    text_box(
        slide, (6.9, 1.2, 6.0, 5.7), [("What the score cannot see", _HEAD, True), *limits], bullets=True, name="Limits"
    )


def _foot(run: RunRecord) -> str:
    mark = " · a simulated run" if run.simulated else ""
    threshold = score(run.config.quality_threshold)
    return f"{label(run.study_name, 60)} · {run.id} · threshold {threshold} · {utc_time(run.created_at)}{mark}"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
