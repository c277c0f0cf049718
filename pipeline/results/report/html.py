"""Render templates to HTML: escape all text but our own drawings, and isolate the direction of untrusted text."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.domain.base import Frozen
from pipeline.results.charts.images import inline_svg
from pipeline.results.charts.style import ChartView
from pipeline.text import wording

MOST_ROWS = 200
"""Most rows shown of the table behind a chart; the report counts the rest."""


class ReportFigure(Frozen):
    """A chart for a report."""

    topic: str
    title: str
    subtitle: str
    alt: str
    svg: str
    """Drawn here; empty where there is nothing to draw."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int
    """Rows of the table beyond `MOST_ROWS`."""


def report_figure(topic: str, view: ChartView, *, simulated: bool = False) -> ReportFigure:
    """Draw a chart for a report, with its finding and the table behind it.

    Args:
        topic: what the chart is about, in two or three words.
        view: the chart, or the reason for none.
        simulated: whether the money in its table is simulated; then the columns are marked.
    """
    table = view.table
    mark = " (simulated)" if simulated else ""
    return ReportFigure(
        topic=topic,
        title=view.title,
        subtitle=view.subtitle,
        alt=view.alt,
        svg=inline_svg(view),
        columns=tuple(f"{name}{mark}" if "usd" in str(name) else str(name) for name in table.columns),
        rows=tuple(tuple(_cell(cell) for cell in row) for row in table.head(MOST_ROWS).itertuples(index=False)),
        left_out=max(0, len(table) - MOST_ROWS),
    )


def render(template: str, **values: object) -> str:
    """Render a whole document from a template of this package."""
    return _environment().get_template(template).render(values)


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return wording.MISSING if cell != cell else f"{cell:.6g}"
    return str(cell)


def _own_direction(text: object, longest: int = 1000) -> Markup:
    """Escape untrusted text, bound its length, and isolate its direction and directional characters."""
    return Markup("<bdi>{}</bdi>").format(wording.label(str(text), longest))


@cache
def _environment() -> Environment:
    # A name that a template misspells must fail, not vanish.
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plain = {"usd": wording.usd, "score": wording.score, "percent": wording.percent, "count_of": wording.count}
    made.filters |= {"said": _own_direction, "drawn": Markup, **plain}
    return made
