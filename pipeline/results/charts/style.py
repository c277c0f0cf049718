"""Shared parts of charts: colours with one meaning each, text sizes, threshold line, axes, and moving charts.

Only data under fixed names changes when a slider moves. So the specification of such a chart is built and validated
once (Altair takes 0.2 s for that, the rest of a move 0.02 s), and the page moves the marks of the existing chart
instead of drawing another one.
"""

import json
from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any, Literal, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from pipeline.calibration.draft_arrays import Floats, Ints
from pipeline.results.tables import DROPPED, PENDING
from pipeline.text.wording import OUTCOME_WORDS, score

AnyChart = alt.Chart | alt.LayerChart

# Okabe and Ito (2008), distinguishable for the colour-blind.
LOCAL = "#0072B2"
FRONTIER = "#E69F00"
BUDGET = "#CC79A7"
BAD = "#D55E00"
"""Accepted and bad."""
NEUTRAL = "#8C8C8C"

FILLS = {
    "kept_local": LOCAL,
    "local_only": "#66AAD1",
    "refined": FRONTIER,
    "refine_not_better": "#F3CF80",
    "budget_exhausted": BUDGET,
    "refine_unparsable": "#6B6B6B",
    "refine_failed": "#858585",
    "frontier_unavailable": "#9E9E9E",
    "cancelled": "#B8B8B8",
    PENDING: "#D5D5D5",
    DROPPED: "transparent",
}
"""Per outcome: shades of the local colour, of the frontier colour, then greys for failures."""

EDGES = FILLS | {"local_only": LOCAL, "refine_not_better": FRONTIER, DROPPED: NEUTRAL}

ChartColumns = Mapping[str, Sequence[object]]
"""Rows of a chart, column by column."""

ChartTemplate = str
"""A chart as Vega-Lite JSON, without rows."""


def ink_on(outcome: str) -> str:
    """Return the text colour for a number on the fill of an outcome."""
    return "#FFFFFF" if FILLS[outcome] in (LOCAL, FILLS["refine_unparsable"]) else "#1A1A1A"


PLACES: dict[str, str] = {name: words for name, words in OUTCOME_WORDS.items()} | {
    PENDING: "not decided yet",
    DROPPED: "dropped",
}
"""Values of the outcome column in words, in the order in which charts stack them."""

TEXT = 12
"""Pixels; the smallest text in any chart."""


class ChartView(NamedTuple):
    """A chart with its title, description and table."""

    chart: AnyChart | None
    """`None` when there is nothing to draw."""
    title: str
    """The finding, in one sentence; without a chart, the reason."""
    alt: str
    """Text alternative for screen readers: what is drawn, n, the finding. The chart has it as its
    description, which Streamlit takes for the accessible name."""
    table: pd.DataFrame
    """The figures behind the chart, in the shape that `pipeline.results.tables` documents."""
    subtitle: str = ""
    """n, and data left out of the drawing."""


def no_chart(reason: str, table: pd.DataFrame) -> ChartView:
    """Return a view without a chart, with the reason as its title."""
    return ChartView(None, reason, f"No chart: {reason}.", table)


def finish(layers: list[AnyChart], height: int, words: str) -> alt.LayerChart:
    """Layer a chart as wide as its container and of this height, legend and axes included, with a text alternative."""
    chart: alt.LayerChart = (
        alt.LayerChart(layer=layers)
        .properties(
            width="container",
            height=height,
            background="transparent",
            description=words,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        )
        .configure_view(strokeWidth=0)
        # Hide marks from screen readers, which would read out column names; the description and the table are clearer.
        .configure_mark(aria=False)
        .configure_axis(
            labelFontSize=TEXT, titleFontSize=TEXT, titleFontWeight="normal", labelPadding=5, titlePadding=6
        )
    )
    return chart


def left_out_note(table: pd.DataFrame, drawn: pd.DataFrame) -> str:
    """Return the part of a subtitle that counts rows without a score; empty when all are drawn."""
    missing = len(table) - len(drawn)
    return f"; {missing} without a score not shown" if missing else ""


def text_colour(dark: bool) -> str:
    """Return the text colour of Streamlit's two themes, for marks that its chart theme leaves black."""
    return "#FAFAFA" if dark else "#31333F"


def text_layer(
    base: alt.Chart,
    dark: bool,
    align: Literal["left", "right"],
    baseline: Literal["top", "middle", "bottom"],
    *,
    dx: int = 0,
    dy: int = 0,
    bold: bool = False,
) -> alt.Chart:
    """Draw the column `label` of a chart's data as text; the caller encodes the position."""
    marked = base.mark_text(
        align=align,
        baseline=baseline,
        dx=dx,
        dy=dy,
        color=text_colour(dark),
        fontSize=TEXT,
        fontWeight="bold" if bold else "normal",
    )
    text: alt.Chart = marked.encode(alt.Text("label:N"))
    return text


def threshold_line(value: float, dark: bool, axis: Literal["x", "y"], *, until: float = 1.0) -> list[AnyChart]:
    """Draw a line across the chart at the threshold, with its value on it.

    Args:
        value: the threshold, 0 to 1.
        dark: whether the page is.
        axis: on which the scores are.
        until: part of the width at which a horizontal line ends, to leave room for words to the right of it.
    """
    base = alt.Chart(pd.DataFrame({"threshold": [value], "label": [f"threshold {score(value)}"]}))
    rule = base.mark_rule(strokeWidth=2, color=text_colour(dark))
    if axis == "y":
        text = text_layer(base, dark, "left", "bottom", dx=3, dy=-4)
        at = alt.Y("threshold:Q")
        right = alt.value(alt.ExprRef(f"width * {until}"))
        return [rule.encode(at, x=alt.value(0), x2=right), text.encode(at, x=alt.value(0))]
    # The label turns to the side where there is room.
    text = text_layer(base, dark, "right", "top", dx=-6) if value > 0.5 else text_layer(base, dark, "left", "top", dx=6)
    across = alt.X("threshold:Q")
    return [rule.encode(across), text.encode(across, y=alt.value(3))]


def count_axis(largest: float) -> alt.Axis:
    """Return an axis for counts: ticks at whole numbers only."""
    if largest < 12:
        return alt.Axis(format="d", values=list(range(int(largest) + 1)))
    return alt.Axis(format=",d", tickCount=8, tickMinStep=1)


def money_axis(largest: float) -> alt.Axis:
    """Return an axis for money up to `largest` (over 0)."""
    return money_axis_with(decimals(largest))


def money_axis_with(decimals: int) -> alt.Axis:
    """Return an axis for money with this many decimals."""
    return alt.Axis(format=f"$,.{decimals}f", tickCount=5)


def decimals(largest: float) -> int:
    """Return the decimals for the ticks of an axis for money up to `largest` (over 0), at least cents."""
    return max(2, -floor(log10(largest / 5)))


def unit_scale(largest: float = 1.0) -> alt.Scale:
    """Return a scale from 0 to exactly `largest`."""
    return alt.Scale(domain=[0, largest], nice=False)


def legend(symbol: Literal["square", "stroke"], size: int) -> alt.Legend:
    """Return a legend below the chart, as flat as possible: it takes its height from the drawing."""
    return alt.Legend(
        orient="bottom",
        title=None,
        columns=2,
        labelLimit=0,
        labelFontSize=TEXT,
        symbolType=symbol,
        symbolSize=size,
        symbolStrokeWidth=1.5,
        rowPadding=2,
        padding=0,
        offset=8,
    )


def outcome_colours(named: dict[str, str], field: str) -> tuple[alt.Fill, alt.Stroke]:
    """Encode fill and edge by outcome, with one legend below the chart.

    Args:
        named: legend labels per outcome that occurs.
        field: the column that holds these words.
    """
    present = [outcome for outcome in PLACES if outcome in named]
    key = legend("square", 110)
    domain = [named[outcome] for outcome in present]
    fills = alt.Scale(domain=domain, range=[FILLS[outcome] for outcome in present])
    edges = alt.Scale(domain=domain, range=[EDGES[outcome] for outcome in present])
    return alt.Fill(f"{field}:N", scale=fills, legend=key), alt.Stroke(f"{field}:N", scale=edges, legend=key)


def template(layers: list[AnyChart], height: int, words: str) -> ChartTemplate:
    """Build one specification from layers that read their rows by name; the caller caches it."""
    return json.dumps(finish(layers, height, words).to_dict())


class MovingView(NamedTuple):
    """A chart whose data moves with a slider, with its title, description and table; see `ChartView`."""

    template: ChartTemplate
    data: Mapping[str, ChartColumns]
    """By the names that the specification reads."""
    height: int
    title: str
    alt: str
    rows: ChartColumns
    """The figures behind the chart."""
    subtitle: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """Return the figures behind the chart as a table."""
        return pd.DataFrame(dict(self.rows))

    @property
    def vega(self) -> dict[str, Any]:
        """Return the whole specification for a page; twelve times as fast as Arrow tables from frames."""
        rows = {name: pa.table(dict(columns)) for name, columns in self.data.items()}
        return {**json.loads(self.template), "datasets": rows}

    def still(self) -> ChartView:
        """Return the chart with its current data, for a file."""
        rows = {name: pd.DataFrame(dict(columns)).to_dict("records") for name, columns in self.data.items()}
        spec = {**json.loads(self.template), "description": self.alt, "datasets": rows}
        chart = alt.LayerChart.from_dict(spec)
        return ChartView(chart, self.title, self.alt, self.table, self.subtitle)


def rows_named(name: str) -> alt.Chart:
    """Return a chart of the rows of that name."""
    return alt.Chart(alt.NamedData(name=name))


def frame_points() -> alt.Chart:
    """Draw invisible points of the rows `frame`, which set the limits of the axis.

    Limits in the specification would need a new chart for every set of drafts.
    """
    chart: alt.Chart = rows_named("frame").mark_point(opacity=0, aria=False).encode(alt.Y("level:Q"))
    return chart


def side_label(base: alt.Chart, dark: bool, text: str, away: int) -> alt.Chart:
    """Draw a column of text to the left of its position if the column `late` is true, else to the right.

    One layer for both sides: each further layer costs every move of the slider about a millisecond.

    Args:
        base: the rows; the caller encodes the position.
        dark: whether the page is.
        text: the column.
        away: pixels between position and text.
    """
    marked = base.mark_text(
        align=alt.ExprRef("datum.late ? 'right' : 'left'"),
        dx=alt.ExprRef(f"datum.late ? -{away} : {away}"),
        baseline="middle",
        color=text_colour(dark),
        fontSize=TEXT,
    )
    turned: alt.Chart = marked.encode(alt.Text(f"{text}:N"))
    return turned


def tenths_axis() -> alt.Axis:
    """Return an axis for scores and thresholds that ends exactly at the edge of the drawing."""
    return alt.Axis(format=".1f", values=[tenth / 10 for tenth in range(11)], labelFlush=True, grid=False)


def spread_levels(levels: Sequence[float], gap: float, bottom: float = 0.0, top: float = 1.0) -> list[float]:
    """Move ascending levels of labels at least `gap` apart, as little as needed, between `bottom` and `top`.

    Labels that would touch are centred on the mean of their levels.
    """
    groups: list[list[float]] = []
    for level in levels:
        groups.append([level])
        while len(groups) > 1 and _middle(groups[-1]) - _middle(groups[-2]) < gap * (len(groups[-1] + groups[-2]) / 2):
            groups[-2:] = [groups[-2] + groups[-1]]
    spread = [_middle(group) + gap * (at - (len(group) - 1) / 2) for group in groups for at in range(len(group))]
    lowest = bottom
    for place in range(len(spread)):
        spread[place] = max(spread[place], lowest)
        lowest = spread[place] + gap
    ceiling = top
    for place in reversed(range(len(spread))):
        spread[place] = min(spread[place], ceiling)
        ceiling = spread[place] - gap
    return spread


def _middle(levels: Sequence[float]) -> float:
    return sum(levels) / len(levels)


def bin_numbers(scores: Floats, bins: int) -> Ints:
    """Return the number of each score's bin, of equal bins on 0..1 that include their lower bound, the last also 1."""
    # Round before cutting: 0.58 * 50 is 28.999999999999996, 0.55 * 20 is 11.000000000000002.
    return np.asarray(np.clip((scores * bins).round(9), 0, bins - 1), np.int64)
