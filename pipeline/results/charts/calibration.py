"""Charts of a threshold: histogram of drafts with labels, risk curve, and cost curve."""

from collections.abc import Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from pipeline.calibration.draft_arrays import DraftArrays, Floats
from pipeline.calibration.threshold_effects import ThresholdEffect
from pipeline.domain.units import MICROS
from pipeline.results.charts import style
from pipeline.results.charts.style import (
    AnyChart,
    ChartColumns,
    ChartTemplate,
    ChartView,
    MovingView,
    frame_points,
    rows_named,
    side_label,
    template,
    tenths_axis,
)
from pipeline.text.wording import count, percent, score, usd

_BINS = 50
_HEIGHT = 300
_NEAR = 0.15
"""Share of the axis between two lines under which a label between them does not fit."""
_WORDS = "Histogram of draft scores. Drafts right of the threshold stay local. Labels are ticks below the bars."

_RISK_HEIGHT, _COST_HEIGHT = 280, 260
_RISK_WORDS = "Risk of an unacceptable local draft over the share that stays local: estimate and upper bound."
_COST_WORDS = "Cost of one run over the threshold, with the budget as a line."


def threshold_histogram(
    cases: DraftArrays, labels: Floats, position: ThresholdEffect, recommended: float | None, *, dark: bool = False
) -> ChartView | MovingView:
    """Draw draft scores cut by the threshold: drafts right of it stay local. Labels are ticks below the bars.

    Args:
        cases: the drafts.
        labels: 1 acceptable, 0 not, NaN unlabelled; per draft.
        position: where the threshold stands.
        recommended: certified threshold, marked too; `None` without one.
        dark: whether the page is.
    """
    known = cases.score[~np.isnan(cases.score)]
    labelled = int(np.count_nonzero(~np.isnan(labels)))
    if not len(known):
        return style.no_chart(
            "No draft has a score yet", pd.DataFrame({"drafts": [len(cases)], "labelled": [labelled]})
        )
    bars, highest = _cut(known, position.threshold), _highest(known)
    at = min(position.threshold, 1.0)
    stays = "stays" if position.local == 1 else "stay"
    missing = f"; {len(cases) - len(known)} without a score are always refined" if len(known) < len(cases) else ""
    return MovingView(
        template=_template(dark),
        data={
            "frame": {"level": [-0.2 * highest, 1.25 * highest]},
            "bars": bars,
            "shade": {"from": [at], "to": [1.0]},
            "rug": _ticks(cases.score, labels, highest),
            "marks": _lines(at, recommended, highest),
        },
        height=_HEIGHT,
        title=f"{position.local:,} of {position.drafts:,} {stays} local at {score(at)}",
        alt=_WORDS,
        rows=bars,
        subtitle=f"n = {count(len(cases), 'draft')}, {labelled} labelled{missing}",
    )


@lru_cache(maxsize=2)
def _template(dark: bool) -> ChartTemplate:
    return template([frame_points(), _shade(), _bars(), _rug(), *_marks(dark)], _HEIGHT, _WORDS)


# --- the parts -------------------------------------------------------------------------------------


def _cut(scores: Floats, threshold: float) -> ChartColumns:
    """One row per bin and side of the threshold that holds drafts.

    Columns: left, right (a bin holds its left bound), bottom, top, drafts, side (`stays local` or `is refined`). No bar
    lies on both sides of the threshold.
    """
    bins = style.bin_numbers(scores, _BINS)
    local = np.bincount(bins[scores >= threshold], minlength=_BINS)
    refined = np.bincount(bins[scores < threshold], minlength=_BINS)
    left = np.tile(np.arange(_BINS) / _BINS, 2)
    bottom, drafts = np.append(np.zeros(_BINS, int), refined), np.append(refined, local)
    right, top = left + 1 / _BINS, bottom + drafts
    # The bin that the threshold cuts becomes two bars side by side: no bar stands on both sides of the line.
    cut = (left < threshold - 1e-9) & (threshold + 1e-9 < right)
    above = cut & (np.arange(2 * _BINS) >= _BINS)
    left, right = np.where(above, threshold, left), np.where(cut & ~above, threshold, right)
    bottom, top = np.where(above, 0, bottom), np.where(above, drafts, top)
    columns = {"left": left, "right": right, "bottom": bottom, "top": top, "drafts": drafts}
    held = drafts > 0
    sides = np.repeat(["is refined", "stays local"], _BINS)
    return {name: values[held].tolist() for name, values in (columns | {"side": sides}).items()}


def _highest(scores: Floats) -> float:
    return float(np.bincount(style.bin_numbers(scores, _BINS)).max())


def _bars() -> alt.Chart:
    colours = alt.Scale(domain=["stays local", "is refined"], range=[style.LOCAL, style.FRONTIER])
    # The labels of the y axis are inside the chart: outside, they would shift the bars away from the slider above.
    counts = alt.Axis(
        labelAlign="left",
        labelPadding=-6,
        labelBaseline="bottom",
        labelOffset=-2,
        ticks=False,
        domain=False,
        title=None,
        format=",d",
        tickCount=4,
        tickMinStep=1,
        labelExpr="datum.value > 0 ? datum.label : ''",
        gridOpacity=alt.condition("datum.value > 0", alt.value(1), alt.value(0)),
    )
    chart: alt.Chart = (
        rows_named("bars")
        .mark_bar(binSpacing=1, aria=False)
        .encode(
            alt.X(
                "left:Q", bin="binned", title="Draft score, overall (0–1)", scale=style.unit_scale(), axis=tenths_axis()
            ),
            alt.X2("right:Q"),
            alt.Y("bottom:Q", scale=alt.Scale(nice=False), axis=counts),
            alt.Y2("top:Q"),
            alt.Fill("side:N", scale=colours, legend=style.legend("square", 110)),
            tooltip=[
                alt.Tooltip("side:N", title="At this threshold"),
                alt.Tooltip("drafts:Q", title="Drafts"),
                alt.Tooltip("left:Q", title="Score from", format=".2f"),
                alt.Tooltip("right:Q", title="Score below", format=".2f"),
            ],
        )
    )
    return chart


def _shade() -> alt.Chart:
    chart: alt.Chart = (
        rows_named("shade")
        .mark_rect(color=style.LOCAL, opacity=0.1, aria=False)
        .encode(alt.X("from:Q", scale=style.unit_scale()), alt.X2("to:Q"))
    )
    return chart


def _ticks(scores: Floats, labels: Floats, highest: float) -> ChartColumns:
    chosen = ~np.isnan(labels) & ~np.isnan(scores)
    good = labels[chosen] == 1
    return {
        "score": scores[chosen].tolist(),
        "said": np.where(good, "acceptable", "not acceptable").tolist(),
        "level": (highest * np.where(good, -0.06, -0.14)).tolist(),
    }


def _rug() -> alt.Chart:
    def either(bad: object, good: object) -> Any:
        return alt.condition("datum.said == 'not acceptable'", alt.value(bad), alt.value(good))

    chart: alt.Chart = (
        rows_named("rug")
        .mark_point(opacity=1, strokeWidth=1.5, aria=False)
        .encode(
            alt.X("score:Q", scale=style.unit_scale()),
            alt.Y("level:Q"),
            shape=either("triangle-up", "stroke"),
            angle=either(0, 90),
            size=either(40, 70),
            stroke=either(style.BAD, style.NEUTRAL),
            fill=either(style.BAD, "transparent"),
            tooltip=[alt.Tooltip("said:N", title="Label"), alt.Tooltip("score:Q", title="Score", format=".2f")],
        )
    )
    return chart


def _lines(at: float, recommended: float | None, highest: float) -> ChartColumns:
    places = [at] if recommended is None else [at, recommended]
    late = [place > 0.5 for place in places]
    has_room = min(places) > _NEAR and max(places) < 1 - _NEAR
    if recommended is not None and 0 < abs(at - recommended) < _NEAR and has_room:
        # Each label on the outer side, so that it does not cover the other line.
        late = [at < recommended, recommended < at]
    return {
        "at": [*places],
        "label": [f"threshold {score(at)}", "certified"][: len(places)],
        "is_here": [True, False][: len(places)],
        "level": [1.2 * highest, 1.06 * highest][: len(places)],
        "late": late,
    }


def _marks(dark: bool) -> list[AnyChart]:
    base = rows_named("marks").encode(alt.X("at:Q", scale=style.unit_scale()))
    is_here = "datum.is_here"
    return [
        base.mark_rule(color=style.text_colour(dark)).encode(
            strokeWidth=alt.condition(is_here, alt.value(2), alt.value(1.5)),
            strokeDash=alt.condition(is_here, alt.value([1, 0]), alt.value([4, 3])),
        ),
        side_label(base, dark, "label", 6).encode(alt.Y("level:Q")),
    ]


def risk_curve(
    positions: Sequence[ThresholdEffect],
    here: ThresholdEffect,
    alpha: float,
    certified: float | None = None,
    *,
    dark: bool = False,
) -> ChartView | MovingView:
    """Draw risk over the share that stays local: estimate and upper bound, grey where nothing is certified.

    Args:
        positions: per place of the threshold, ascending.
        here: the current one.
        alpha: largest acceptable risk.
        certified: lowest certified threshold; `None` without one.
        dark: whether the page is.
    """
    known = [(one, one.bad) for one in reversed(positions) if one.bad]
    if not known:
        return style.no_chart("No label counts at any threshold yet", pd.DataFrame())
    curve: dict[str, Sequence[object]] = {
        "threshold": [min(one.threshold, 1.0) for one, _ in known],
        "local_share": [one.local_share for one, _ in known],
        "estimate": [bad.estimate for _, bad in known],
        "bound": [bad.bound for _, bad in known],
        "certified": [certified is not None and one.threshold >= certified for one, _ in known],
    }
    passing = [one.local_share for one, _ in known if certified is not None and one.threshold >= certified]
    title = f"Certified for up to {percent(max(passing))} local" if passing else "Not certified at any threshold"
    bad = here.bad
    return MovingView(
        template=_risk_template(min(1.0, max(1.25 * alpha, 1.05 * max(bad.bound for _, bad in known))), dark),
        data={
            "curve": curve,
            "limit": {"alpha": [alpha], "label": [f"limit {percent(alpha)}"]},
            "here": {
                "local_share": [here.local_share] if bad else [],
                "bound": [bad.bound] if bad else [],
                "label": [f"bound {percent(bad.bound)}"] if bad else [],
                # On the side away from the limit: between the two there may be no room.
                "below": [bad.bound <= alpha] if bad else [],
            },
        },
        height=_RISK_HEIGHT,
        title=title,
        alt=_RISK_WORDS,
        rows=curve,
        subtitle=f"n = {count(max(bad.labels for _, bad in known), 'label')}",
    )


@lru_cache(maxsize=8)
def _risk_template(top: float, dark: bool) -> ChartTemplate:
    return template(_risk_layers(top, dark), _RISK_HEIGHT, _RISK_WORDS)


def cost_by_threshold(
    positions: Sequence[ThresholdEffect],
    here: ThresholdEffect,
    budget_micros: int | None,
    *,
    simulated: bool,
    dark: bool = False,
) -> ChartView | MovingView:
    """Draw the uncapped cost of one run at each threshold: the budget as a line, imputed costs as a band."""
    finite = [one for one in positions if isfinite(one.threshold)]
    known = [
        (one.threshold, cost, low, high)
        for one in finite
        if (cost := one.cost_micros) is not None
        and (low := one.cost_low_micros) is not None
        and (high := one.cost_high_micros) is not None
    ]
    if not known:
        return style.no_chart("The cost of the frontier is unknown for these drafts", pd.DataFrame())
    names = ("threshold", "cost_usd", "low_usd", "high_usd")
    curve = {name: [row[column] / (MICROS if column else 1) for row in known] for column, name in enumerate(names)}
    top = max(curve["high_usd"]) or 0.01
    budget = None if budget_micros is None else budget_micros / MICROS
    is_near = budget is not None and budget <= 2 * top
    label = "" if budget_micros is None else f"budget {usd(budget_micros, simulated)}"
    at, highest = min(here.threshold, 1.0), 1.15 * max(top, budget or 0.0 if is_near else 0.0)
    return MovingView(
        template=_cost_template(style.decimals(highest), simulated, dark),
        data={
            "frame": {"level": [0.0, highest]},
            "curve": curve,
            "budget": {"usd": [budget] if is_near else [], "label": [label] if is_near else []},
            "here": {"threshold": [at], "usd": [(here.cost_micros or 0) / MICROS]},
        },
        height=_COST_HEIGHT,
        title=f"{usd(round(here.cost_micros or 0), simulated)} at {score(at)}, without a cap",
        alt=_COST_WORDS,
        rows=curve,
        subtitle=f"{label} is beyond the axis" if label and not is_near else "",
    )


@lru_cache(maxsize=8)
def _cost_template(decimals: int, simulated: bool, dark: bool) -> ChartTemplate:
    money = f"Cost of one run, USD{' (simulated)' if simulated else ''}"
    return template([frame_points(), *_cost_layers(decimals, money, dark)], _COST_HEIGHT, _COST_WORDS)


def _risk_layers(top: float, dark: bool) -> list[AnyChart]:
    share = alt.X(
        "local_share:Q", title="Share that stays local", scale=style.unit_scale(), axis=alt.Axis(format=".0%")
    )
    tall = alt.Scale(domain=[0, top], nice=False, clamp=True)
    tips = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
        alt.Tooltip("local_share:Q", title="Stays local", format=".0%"),
        alt.Tooltip("estimate:Q", title="Estimated risk", format=".1%"),
        alt.Tooltip("bound:Q", title="Upper bound", format=".1%"),
    ]
    curve, limit, here = rows_named("curve"), rows_named("limit"), rows_named("here")
    risk = alt.Axis(format=".0%", tickCount=6)
    return [
        curve.mark_line(interpolate="step-before", strokeWidth=2.5, color=style.NEUTRAL).encode(
            share, alt.Y("bound:Q", title="Risk", scale=tall, axis=risk), alt.Order("local_share:Q")
        ),
        curve.transform_filter("datum.certified")
        .mark_line(interpolate="step-before", strokeWidth=2.5, color=style.BAD)
        .encode(share, alt.Y("bound:Q"), alt.Order("local_share:Q")),
        curve.mark_line(interpolate="step-before", strokeDash=[5, 4], strokeWidth=2, color=style.NEUTRAL).encode(
            share, alt.Y("estimate:Q"), alt.Order("local_share:Q")
        ),
        curve.mark_point(opacity=0, size=60).encode(share, alt.Y("bound:Q"), tooltip=tips),
        limit.mark_rule(strokeWidth=2, color=style.text_colour(dark)).encode(alt.Y("alpha:Q")),
        style.text_layer(limit, dark, "left", "bottom", dx=4, dy=-3).encode(alt.Y("alpha:Q"), x=alt.value(0)),
        here.mark_point(filled=True, size=110, opacity=1, color=style.BAD).encode(share, alt.Y("bound:Q")),
        here.mark_text(
            align="right",
            baseline=alt.ExprRef("datum.below ? 'top' : 'bottom'"),
            dx=-8,
            dy=alt.ExprRef("datum.below ? 6 : -4"),
            color=style.text_colour(dark),
            fontSize=style.TEXT,
            fontWeight="bold",
        ).encode(share, alt.Y("bound:Q"), alt.Text("label:N")),
    ]


def _cost_layers(decimals: int, money: str, dark: bool) -> list[AnyChart]:
    curve, budget, here = rows_named("curve"), rows_named("budget"), rows_named("here")
    across = alt.X("threshold:Q", title="Threshold", scale=style.unit_scale(), axis=tenths_axis())
    dollars = alt.Y("cost_usd:Q", title=money, scale=alt.Scale(nice=False), axis=style.money_axis_with(decimals))
    tips = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
        alt.Tooltip("cost_usd:Q", title="Cost, USD", format="$,.4~r"),
    ]
    return [
        curve.mark_area(color=style.FRONTIER, opacity=0.2, interpolate="step-before").encode(
            across, alt.Y("low_usd:Q"), alt.Y2("high_usd:Q")
        ),
        curve.mark_line(color=style.FRONTIER, strokeWidth=2.5, interpolate="step-before").encode(
            across, dollars, tooltip=tips
        ),
        budget.mark_rule(strokeWidth=2, color=style.BUDGET).encode(alt.Y("usd:Q")),
        style.text_layer(budget, dark, "left", "bottom", dx=4, dy=-3).encode(alt.Y("usd:Q"), x=alt.value(0)),
        here.mark_rule(strokeWidth=2, color=style.text_colour(dark)).encode(across),
        here.mark_point(filled=True, size=110, opacity=1, color=style.FRONTIER).encode(across, alt.Y("usd:Q")),
    ]
