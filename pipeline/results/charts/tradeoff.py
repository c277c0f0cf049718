"""Charts of cost and quality, reliability of the score, and gain by refining."""

from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from pipeline.calibration.score_validity import Bin
from pipeline.calibration.threshold_effects import STOPS, UNACHIEVABLE, ControlName
from pipeline.domain.units import MICROS
from pipeline.results.charts import style
from pipeline.results.charts.style import (
    AnyChart,
    ChartTemplate,
    ChartView,
    MovingView,
    rows_named,
    side_label,
    template,
)
from pipeline.text.wording import count, percent, score, signed

if TYPE_CHECKING:
    from pipeline.calibration.threshold_effects import Tradeoff

_HEIGHT = 340
_WORDS = "Quality over cost: a line for all thresholds, points for this one and for simpler rules."
_Frame = tuple[float, float, float]
"""Limits of the axes: largest USD, lowest quality, highest quality."""

CONTROL_NAMES: dict[ControlName, str] = {
    "all_local": "all local",
    "all_frontier": "all frontier",
    "fixed_ratio": "fixed ratio",
    "frontier_first": "frontier first",
    "oracle": "oracle",
    "best_of_both": "best of both",
}


def cost_quality(found: "Tradeoff", place: int, *, simulated: bool, dark: bool = False) -> MovingView:
    """Draw quality over cost: all thresholds as a line, this one and simpler rules as points, bounds as hollow points.

    Args:
        found: per stop.
        place: the stop of the threshold.
        simulated: whether the money is simulated.
        dark: whether the page is.
    """
    everything = [one for row in found.controls for one in row]
    quality = [*found.quality.tolist(), *(one.quality for one in everything)]
    money = [*found.cost_micros.tolist(), *(one.cost_micros for one in everything)]
    frame = (1.1 * max(*money, 1.0) / MICROS, _floor(min(quality)), min(1.0, max(quality)) + 0.03)
    points = _points(found, place, frame)
    by_labels = found.measure == "labels"
    here = float(found.quality[place])
    what = "acceptable texts" if by_labels else "mean score of the delivered texts"
    known = f"n = {count(len(found.cases), 'draft')} of which both texts are known"
    return MovingView(
        template=_template(frame, what.capitalize(), simulated, dark),
        data={
            "curve": {
                "threshold": np.minimum(STOPS, 1.0).tolist(),
                "cost_usd": (found.cost_micros / MICROS).tolist(),
                "quality": found.quality.tolist(),
            },
            "points": points,
        },
        height=_HEIGHT,
        title=f"{percent(here) if by_labels else score(here)} {what} at this threshold",
        alt=_WORDS,
        rows={name: points[name] for name in ("name", "cost_usd", "quality", "kind")},
        subtitle=f"{known}; the quality axis starts at {frame[1]:g}",
    )


@lru_cache(maxsize=8)
def _template(frame: _Frame, what: str, simulated: bool, dark: bool) -> ChartTemplate:
    return template(
        _layers(frame, f"Cost of one run, USD{' (simulated)' if simulated else ''}", what, dark), _HEIGHT, _WORDS
    )


def _floor(lowest: float) -> float:
    return max(0.0, floor(10 * (lowest - 0.02)) / 10)


def _points(found: "Tradeoff", place: int, frame: _Frame) -> dict[str, list[object]]:
    """Return the points to draw, lowest quality first.

    Columns: name, cost_usd, quality, kind (`here`, `rule`, `bound`), level (of the label), late (whether the label
    stands on the left).
    """
    right, low, high = frame
    rows = [
        (one.quality, one.cost_micros / MICROS, CONTROL_NAMES[one.name], _kind(one.name))
        for one in found.controls[place]
    ]
    rows.append((float(found.quality[place]), float(found.cost_micros[place]) / MICROS, "this threshold", "here"))
    rows.sort()
    late = [cost > 0.6 * right for _, cost, _, _ in rows]
    level = {
        side: iter(
            style.spread_levels(
                [row[0] for row, is_late in zip(rows, late, strict=True) if is_late == side],
                0.06 * (high - low),
                low,
                high,
            )
        )
        for side in (True, False)
    }
    return {
        "name": [row[2] for row in rows],
        "cost_usd": [row[1] for row in rows],
        "quality": [row[0] for row in rows],
        "kind": [row[3] for row in rows],
        "level": [next(level[side]) for side in late],
        "late": [*late],
    }


def _kind(name: ControlName) -> str:
    return "bound" if name in UNACHIEVABLE else "rule"


def _layers(frame: _Frame, money: str, what: str, dark: bool) -> list[AnyChart]:
    right, low, high = frame
    across = alt.X("cost_usd:Q", title=money, scale=style.unit_scale(right), axis=style.money_axis(right))
    up = alt.Y("quality:Q", title=what, scale=alt.Scale(domain=[low, high], nice=False), axis=alt.Axis(format=".2f"))
    tips = [
        alt.Tooltip("name:N", title="Rule"),
        alt.Tooltip("cost_usd:Q", title="Cost, USD", format="$,.4~r"),
        alt.Tooltip("quality:Q", title="Quality", format=".3f"),
    ]
    curve, points = rows_named("curve"), rows_named("points")
    is_here = "datum.kind == 'here'"
    colour = alt.condition(is_here, alt.value(style.LOCAL), alt.value(style.NEUTRAL))
    return [
        curve.mark_line(color=style.FRONTIER, strokeWidth=2.5).encode(across, up, alt.Order("threshold:Q")),
        points.mark_point(opacity=1).encode(
            across,
            up,
            size=alt.condition(is_here, alt.value(140), alt.value(70)),
            stroke=colour,
            fill=colour,
            fillOpacity=alt.condition("datum.kind == 'bound'", alt.value(0), alt.value(1)),
            tooltip=tips,
        ),
        side_label(points, dark, "name", 10).encode(across, alt.Y("level:Q")),
    ]


def reliability_bars(bins: Sequence[Bin], threshold: float | None = None, *, dark: bool = False) -> ChartView:
    """Draw the share of acceptable drafts per group of neighbouring scores, with exact 95 % intervals.

    Args:
        bins: groups, none of which holds drafts of both sides of the threshold.
        threshold: groups from it on are drawn as local, the others as refined; `None`: all as local.
        dark: whether the page is.
    """
    columns = ("low", "high", "mean_score", "n", "acceptable", "acceptable_low", "acceptable_high")
    table = pd.DataFrame([[getattr(one, name) for name in columns] for one in bins], columns=list(columns))
    if table.empty:
        return style.no_chart("No scored draft is labelled yet", table)
    first, last = bins[0], bins[-1]
    title = f"{percent(first.acceptable)} acceptable at the lowest scores, {percent(last.acceptable)} at the highest"
    words = f"Share of acceptable drafts per group of scores with 95 % intervals. {title}."
    # Every group has its own bar, even where all scores are equal.
    frame = table.assign(
        group=[f"{score(one.low)}–{score(one.high)}" for one in bins],
        label=[f"n = {one.n}" for one in bins],
        stays_local=[threshold is None or one.low >= threshold for one in bins],
    )
    across = alt.X("group:O", sort=None, title="Draft score, from–to", axis=alt.Axis(labelAngle=0, labelOverlap=False))
    up = alt.Y(
        "acceptable:Q",
        title="Acceptable",
        scale=style.unit_scale(1.12),
        axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
    )
    base = alt.Chart(frame).encode(across)
    tips = [
        alt.Tooltip("group:N", title="Score"),
        alt.Tooltip("n:Q", title="Labels"),
        alt.Tooltip("acceptable:Q", title="Acceptable", format=".0%"),
        alt.Tooltip("acceptable_low:Q", title="At least", format=".0%"),
        alt.Tooltip("acceptable_high:Q", title="At most", format=".0%"),
    ]
    layers: list[AnyChart] = [
        base.mark_bar(opacity=0.75).encode(
            up,
            color=alt.condition("datum.stays_local", alt.value(style.LOCAL), alt.value(style.FRONTIER)),
            tooltip=tips,
        ),
        base.mark_rule(strokeWidth=2, color=style.text_colour(dark)).encode(
            alt.Y("acceptable_low:Q"), alt.Y2("acceptable_high:Q")
        ),
        base.mark_text(baseline="bottom", dy=-4, fontSize=style.TEXT, color=style.text_colour(dark)).encode(
            alt.Y("acceptable_high:Q"), alt.Text("label:N")
        ),
    ]
    return ChartView(style.finish(layers, 260, words), title, words, table, f"n = {int(table['n'].sum())} labels")


def who_gains(before: Sequence[float], after: Sequence[float], *, dark: bool = False) -> ChartView:
    """Draw the gain in score by refining over the score of each draft."""
    table = pd.DataFrame({"draft_score": list(before), "delivered_score": list(after)}, dtype="float64")
    if table.empty:
        return style.no_chart("No draft of these has been refined", table)
    table = table.assign(gain=table["delivered_score"] - table["draft_score"])
    better = int((table["gain"] > 0).sum())
    gains = f"by {signed(float(table['gain'].mean()))} on average"
    title = f"Refining raises the score of {better} of {count(len(table), 'draft')}, {gains}"
    words = f"Gain in score over the score of the draft. {title}."
    top = max(0.05, 1.1 * float(table["gain"].max()))
    tips = [
        alt.Tooltip("draft_score:Q", title="Draft", format=".2f"),
        alt.Tooltip("delivered_score:Q", title="Delivered", format=".2f"),
        alt.Tooltip("gain:Q", title="Gain", format="+.2f"),
    ]
    across = alt.X(
        "draft_score:Q", title="Score of the draft (0–1)", scale=style.unit_scale(), axis=alt.Axis(format=".1f")
    )
    up = alt.Y("gain:Q", title="Gain in score", scale=style.unit_scale(top), axis=alt.Axis(format="+.2f", tickCount=5))
    dots = alt.Chart(table).mark_circle(size=45, color=style.FRONTIER, opacity=0.6).encode(across, up, tooltip=tips)
    return ChartView(style.finish([dots], 260, words), title, words, table, f"n = {count(len(table), 'draft')}")
