"""Chart of cumulative cost, with the budget and the frontier-only cost."""

from typing import Literal, NamedTuple

import altair as alt
import pandas as pd

from pipeline.domain.run import RunRecord
from pipeline.domain.units import MICROS
from pipeline.results import tables
from pipeline.results.charts import style
from pipeline.results.charts.style import AnyChart, ChartView
from pipeline.text.wording import count, usd

Progress = Literal["call", "time"]

_FAR = 20
"""A line at more than this many times the spending would flatten the curve; it is put into words instead."""

_MOST_STEPS = 2000
"""Longer runs are thinned for drawing: Altair refuses over 5,000 rows, and no screen shows more."""


_MOST_POINTS_SEEN = 60


class _Line(NamedTuple):
    """An amount to compare the spending with."""

    name: str
    usd: float
    label: str


class _Frame(NamedTuple):
    """Limits of the axes: minutes, seconds or calls by USD, both from 0."""

    right: float
    top: float

    @property
    def gap(self) -> float:
        """USD that a line of text takes in height."""
        return 0.08 * self.top


def cost_curve(run: RunRecord, by: Progress = "call", *, dark: bool = False) -> ChartView:
    """Draw money spent as a step line, with the budget, the frontier-only cost and current reservations.

    A step is at the start of its call, because the money is reserved from then on.
    """
    table = tables.cumulative_cost(run)
    calls = len(table) - 1
    if not run.spent_micros and not run.frontier_only_micros:
        why = f"{count(calls, 'call')}, none of them charged" if calls else "No paid call was made"
        return style.no_chart(why, table)
    refused = sum(final.outcome == "budget_exhausted" for final in run.personas)
    lines, far = _lines(run)
    title, mark = _finding(run, calls, refused), " (simulated)" if run.simulated else ""
    subtitle = "; ".join([f"n = {count(calls, 'call')}", *(f"{line.label}{mark} is beyond the axis" for line in far)])
    words = " ".join([f"Step line of cumulative cost, {subtitle}. {title}.", *(f"{line.label}." for line in lines)])
    end = f"◆ stopped by the budget: {refused} not refined" if refused else _spending(run)
    curve, progress = _curve(table, run, by)
    layers = _layers(curve, progress, f"Cumulative cost, USD{mark}", lines, end, dark)
    return ChartView(style.finish(layers, 320, words), title, words, table, subtitle)


def _spending(run: RunRecord) -> str:
    reserved = sum(call.cost_micros for call in run.calls if call.status == "in_flight")
    spent = f"{usd(run.spent_micros - reserved)} spent"
    return f"{spent}, {usd(reserved)} reserved" if reserved else spent


def _finding(run: RunRecord, calls: int, refused: int) -> str:
    budget = run.config.budget_micros
    cap = "without a cap" if budget is None else f"of a budget of {usd(budget)}"
    mark = " (simulated)" if run.simulated else ""
    stop = f"; the budget stopped {count(refused, 'refinement')}" if refused else ""
    return f"{_spending(run)} {cap} in {count(calls, 'call')}{mark}{stop}"


def _lines(run: RunRecord) -> tuple[list[_Line], list[_Line]]:
    """Split budget and frontier-only cost, where known, into lines near enough to draw and the others."""
    amounts = {"budget": run.config.budget_micros, "frontier only": run.frontier_only_micros}
    known = [
        _Line(name, micros / MICROS, f"{name} {usd(micros)}") for name, micros in amounts.items() if micros is not None
    ]
    limit = _FAR * max(run.spent_micros, run.frontier_only_micros or 0) / MICROS
    return [line for line in known if line.usd <= limit], [line for line in known if line.usd > limit]


def _curve(table: pd.DataFrame, run: RunRecord, by: Progress) -> tuple[pd.DataFrame, str]:
    """Return the cost table with its place on the x axis (`at`), thinned if very long, and the axis title."""
    if by == "call":
        frame, title = table.assign(at=table["call"].astype(float)), "Paid calls, in order of their start"
        if len(frame) == 1:  # nothing was bought: draw a flat line, which shows the distance to the others
            frame = pd.concat([frame, frame.assign(at=1.0, call=1, status="end")], ignore_index=True)
    else:
        ended = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
        tail = table.tail(1).assign(seconds=max(ended, float(table["seconds"].max())), status="end", cost_usd=0.0)
        frame = pd.concat([table, tail], ignore_index=True)
        divisor, name = (60, "min") if frame["seconds"].max() > 300 else (1, "s")
        frame, title = frame.assign(at=frame["seconds"] / divisor), f"Time since the start of the run ({name})"
    step = -(-len(frame) // _MOST_STEPS)
    return pd.concat([frame.iloc[:-1:step], frame.tail(1)], ignore_index=True), title


def _layers(curve: pd.DataFrame, title: str, amount: str, lines: list[_Line], end: str, dark: bool) -> list[AnyChart]:
    settled = curve[~curve["status"].isin(["in_flight", "end"])]
    last, reserved = settled.tail(1), float(curve["reserved_usd"].iloc[-1])
    total = float(last["cumulative_usd"].iloc[0]) + reserved
    right = float(curve["at"].max()) * (1.05 if reserved else 1.0) or 1.0
    frame = _Frame(right, 1.3 * max(total, *(line.usd for line in lines), 0.0))
    held = last.assign(right=right, label=end, total=total, level=_clear(total, lines, frame.gap))
    return [
        *([_reserved(held)] if reserved else []),
        *(layer for line in lines for layer in _reference(line, lines, frame.gap, dark)),
        _steps(curve, title, amount, frame),
        _points(settled),
        *_end(held, frame, end.startswith("◆"), dark),
    ]


def _steps(curve: pd.DataFrame, title: str, money: str, frame: _Frame) -> alt.Chart:
    by_call = curve["at"].equals(curve["call"].astype(float))
    axis = style.count_axis(frame.right) if by_call else alt.Axis(format="~r", tickCount=8)
    chart: alt.Chart = (
        alt.Chart(curve)
        .mark_line(interpolate="step-after", color=style.FRONTIER, strokeWidth=2.5)
        .encode(
            alt.X("at:Q", title=title, scale=style.unit_scale(frame.right), axis=axis),
            alt.Y("cumulative_usd:Q", title=money, scale=style.unit_scale(frame.top), axis=style.money_axis(frame.top)),
            alt.Order("call:Q"),
        )
    )
    return chart


def _points(settled: pd.DataFrame) -> alt.Chart:
    """Draw a point per call; invisible in a long run, where points would hide the steps, but with a tooltip."""
    visible = len(settled) <= _MOST_POINTS_SEEN
    chart: alt.Chart = (
        alt.Chart(settled.iloc[1:])
        .mark_circle(size=36, color=style.FRONTIER, opacity=float(visible))
        .encode(
            alt.X("at:Q"),
            alt.Y("cumulative_usd:Q"),
            tooltip=[
                alt.Tooltip("call:Q", title="Call"),
                alt.Tooltip("draft_id:N", title="Draft"),
                alt.Tooltip("status:N", title="Status"),
                alt.Tooltip("cost_usd:Q", title="Cost, USD", format="$,.6~r"),
                alt.Tooltip("cumulative_usd:Q", title="Cumulative, USD", format="$,.6~r"),
            ],
        )
    )
    return chart


def _reserved(held: pd.DataFrame) -> alt.Chart:
    shade = alt.Chart(held).mark_rect(color=style.FRONTIER, opacity=0.35)
    chart: alt.Chart = shade.encode(alt.X("at:Q"), alt.X2("right:Q"), alt.Y("cumulative_usd:Q"), alt.Y2("total:Q"))
    return chart


def _reference(line: _Line, lines: list[_Line], gap: float, dark: bool) -> list[AnyChart]:
    """Draw a line with its label at the left end: above it, or below where another line is close above."""
    base = alt.Chart(pd.DataFrame({"usd": [line.usd], "label": [line.label]}))
    if line.name == "budget":
        rule = base.mark_rule(strokeWidth=2, color=style.BUDGET)
    else:
        rule = base.mark_rule(strokeWidth=2, color=style.text_colour(dark), strokeDash=[6, 4])
    crowded = any(0 < other.usd - line.usd < gap for other in lines)
    text = (
        style.text_layer(base, dark, "left", "top", dy=4)
        if crowded
        else style.text_layer(base, dark, "left", "bottom", dy=-4)
    )
    at = alt.Y("usd:Q")
    return [rule.encode(at), text.encode(at, x=alt.value(4))]


def _clear(level: float, lines: list[_Line], gap: float) -> float:
    """Find the USD at which the label of the curve's end touches neither a line nor its text."""
    for line in sorted(lines, key=lambda line: line.usd):
        if -gap < line.usd - level < 2 * gap:
            level = line.usd + gap
    return level


def _end(held: pd.DataFrame, frame: _Frame, stopped: bool, dark: bool) -> list[AnyChart]:
    base = alt.Chart(held)
    shape, colour = ("diamond", style.BUDGET) if stopped else ("circle", style.FRONTIER)
    point = base.mark_point(shape=shape, size=120, filled=True, opacity=1, color=colour)
    late = float(held["at"].iloc[0]) > frame.right / 2
    text = style.text_layer(base, dark, "right" if late else "left", "bottom", dy=-8, bold=True)
    at = alt.X("at:Q")
    return [point.encode(at, alt.Y("cumulative_usd:Q")), text.encode(at, alt.Y("level:Q"))]
