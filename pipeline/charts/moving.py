"""Charts that move with a slider.

What moves is data under fixed names, and nothing else of such a chart changes. So its specification is made and
checked once (Altair takes 0.2 s for that, the rest of a move 0.02 s), and the page moves the marks of the chart that it
shows instead of drawing another one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from pipeline.results.charts import style
from pipeline.results.charts.style import AnyChart, ChartView

Columns = Mapping[str, Sequence[object]]
"""Rows of a chart, column by column."""

Template = str
"""A chart as Vega-Lite JSON, without rows."""


class MovingView(NamedTuple):
    """A moving chart and everything that is shown around it; see `style.ChartView`."""

    template: Template
    data: Mapping[str, Columns]
    """By the names that the specification reads."""
    height: int
    title: str
    alt: str
    rows: Columns
    """The figures behind the chart."""
    subtitle: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """The figures behind the chart, a row per place."""
        return pd.DataFrame(dict(self.rows))

    @property
    def vega(self) -> dict[str, Any]:
        """The whole chart, for a page, which would take twelve times as long to make Arrow tables of frames."""
        rows = {name: pa.table(dict(columns)) for name, columns in self.data.items()}
        return {**json.loads(self.template), "datasets": rows}

    def still(self) -> ChartView:
        """The chart as it stands, for a file, and said in words as it stands."""
        rows = {name: pd.DataFrame(dict(columns)).to_dict("records") for name, columns in self.data.items()}
        spec = {**json.loads(self.template), "description": self.alt, "datasets": rows}
        chart = alt.LayerChart.from_dict(spec)
        return ChartView(chart, self.title, self.alt, self.table, self.subtitle)


def template(layers: list[AnyChart], height: int, words: str) -> Template:
    """Layers that read their rows by name, as one specification: to be made once and kept."""
    return json.dumps(style.finish(layers, height, words).to_dict())


def named(name: str) -> alt.Chart:
    """A chart of the rows of that name."""
    return alt.Chart(alt.NamedData(name=name))


def frame() -> alt.Chart:
    """Unseen points of the rows `frame`, between which the other marks stand.

    Limits that were written into the specification would make another chart of every other set of drafts.
    """
    chart: alt.Chart = named("frame").mark_point(opacity=0, aria=False).encode(alt.Y("level:Q"))
    return chart


def turning(base: alt.Chart, dark: bool, text: str, away: int) -> alt.Chart:
    """A column of text on the left of its place where the column `late` says so, else on the right.

    One layer for both sides: each further layer costs every move of the slider about a millisecond.

    Args:
        base: the rows; the place is still to be encoded.
        dark: whether the page is.
        text: the column.
        away: pixels between place and text.
    """
    marked = base.mark_text(
        align=alt.ExprRef("datum.late ? 'right' : 'left'"),
        dx=alt.ExprRef(f"datum.late ? -{away} : {away}"),
        baseline="middle",
        color=style.ink(dark),
        fontSize=style.TEXT,
    )
    turned: alt.Chart = marked.encode(alt.Text(f"{text}:N"))
    return turned


def tenths() -> alt.Axis:
    """An axis for scores and thresholds that ends exactly where the drawing does."""
    return alt.Axis(format=".1f", values=[tenth / 10 for tenth in range(11)], labelFlush=True, grid=False)
