"""What follows from a threshold: which risk, which cost."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from math import isfinite

import altair as alt
import pandas as pd

from pipeline.calibration.position import Position
from pipeline.charts.moving import MovingView, Template, frame, named, template, tenths
from pipeline.domain.units import MICROS
from pipeline.results.charts import style
from pipeline.results.charts.style import AnyChart, ChartView
from pipeline.text.wording import count, percent, score, usd

_RISK_HEIGHT, _COST_HEIGHT = 280, 260
_RISK_WORDS = "Risk of an unacceptable local draft over the share that stays local: estimate and upper bound."
_COST_WORDS = "Cost of one run over the threshold, with the budget as a line."


def risk_curve(
    positions: Sequence[Position], here: Position, alpha: float, *, dark: bool = False
) -> ChartView | MovingView:
    """Risk over the share that stays local: the estimate, and what the labels show. Certified is what is under alpha.

    Args:
        positions: per place of the threshold, ascending.
        here: the one it stands at.
        alpha: largest acceptable risk.
        dark: whether the page is.
    """
    known = [(one, one.bad) for one in reversed(positions) if one.bad]
    if not known:
        return style.nothing("No label speaks of any threshold yet", pd.DataFrame())
    curve = {
        "threshold": [min(one.threshold, 1.0) for one, _ in known],
        "local_share": [one.local_share for one, _ in known],
        "estimate": [bad.estimate for _, bad in known],
        "bound": [bad.bound for _, bad in known],
    }
    passing = [one.local_share for one, _ in takewhile(lambda pair: pair[1].bound <= alpha, known)]
    most = f"for up to {percent(max(passing))} local" if passing else "nowhere"
    bad = here.bad
    return MovingView(
        template=_risk_template(min(1.0, max(1.25 * alpha, 1.05 * max(curve["bound"]))), dark),
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
        title=f"The bound stays at or under {percent(alpha)} {most}",
        alt=_RISK_WORDS,
        rows=curve,
        subtitle=f"n = {count(max(bad.labels for _, bad in known), 'label')}",
    )


@lru_cache(maxsize=8)
def _risk_template(top: float, dark: bool) -> Template:
    return template(_risk_layers(top, dark), _RISK_HEIGHT, _RISK_WORDS)


def cost_by_threshold(
    positions: Sequence[Position], here: Position, budget_micros: int | None, *, simulated: bool, dark: bool = False
) -> ChartView | MovingView:
    """What one run costs at each threshold, nothing capped: the budget as a line, what is imputed as a band."""
    finite = [one for one in positions if isfinite(one.threshold)]
    known = [
        (one.threshold, cost, low, high)
        for one in finite
        if (cost := one.cost_micros) is not None
        and (low := one.cost_low_micros) is not None
        and (high := one.cost_high_micros) is not None
    ]
    if not known:
        return style.nothing("What the frontier costs is not known for these drafts", pd.DataFrame())
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
        title=f"{usd(round(here.cost_micros or 0), simulated)} at {score(at)}, nothing capped",
        alt=_COST_WORDS,
        rows=curve,
        subtitle=f"{label} is beyond the axis" if label and not is_near else "",
    )


@lru_cache(maxsize=8)
def _cost_template(decimals: int, simulated: bool, dark: bool) -> Template:
    money = f"Cost of one run, USD{' (simulated)' if simulated else ''}"
    return template([frame(), *_cost_layers(decimals, money, dark)], _COST_HEIGHT, _COST_WORDS)


def _risk_layers(top: float, dark: bool) -> list[AnyChart]:
    share = alt.X("local_share:Q", title="Share that stays local", scale=style.unit(), axis=alt.Axis(format=".0%"))
    tall = alt.Scale(domain=[0, top], nice=False, clamp=True)
    tips = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
        alt.Tooltip("local_share:Q", title="Stays local", format=".0%"),
        alt.Tooltip("estimate:Q", title="Estimated risk", format=".1%"),
        alt.Tooltip("bound:Q", title="Upper bound", format=".1%"),
    ]
    curve, limit, here = named("curve"), named("limit"), named("here")
    risk = alt.Axis(format=".0%", tickCount=6)
    return [
        curve.mark_line(interpolate="step-before", strokeWidth=2.5, color=style.BAD).encode(
            share, alt.Y("bound:Q", title="Risk", scale=tall, axis=risk), alt.Order("local_share:Q")
        ),
        curve.mark_line(interpolate="step-before", strokeDash=[5, 4], strokeWidth=2, color=style.NEUTRAL).encode(
            share, alt.Y("estimate:Q"), alt.Order("local_share:Q")
        ),
        curve.mark_point(opacity=0, size=60).encode(share, alt.Y("bound:Q"), tooltip=tips),
        limit.mark_rule(strokeWidth=2, color=style.ink(dark)).encode(alt.Y("alpha:Q")),
        style.label(limit, dark, "left", "bottom", dx=4, dy=-3).encode(alt.Y("alpha:Q"), x=alt.value(0)),
        here.mark_point(filled=True, size=110, opacity=1, color=style.BAD).encode(share, alt.Y("bound:Q")),
        here.mark_text(
            align="right",
            baseline=alt.ExprRef("datum.below ? 'top' : 'bottom'"),
            dx=-8,
            dy=alt.ExprRef("datum.below ? 6 : -4"),
            color=style.ink(dark),
            fontSize=style.TEXT,
            fontWeight="bold",
        ).encode(share, alt.Y("bound:Q"), alt.Text("label:N")),
    ]


def _cost_layers(decimals: int, money: str, dark: bool) -> list[AnyChart]:
    curve, budget, here = named("curve"), named("budget"), named("here")
    across = alt.X("threshold:Q", title="Threshold", scale=style.unit(), axis=tenths())
    dollars = alt.Y("cost_usd:Q", title=money, scale=alt.Scale(nice=False), axis=style.dollars_with(decimals))
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
        style.label(budget, dark, "left", "bottom", dx=4, dy=-3).encode(alt.Y("usd:Q"), x=alt.value(0)),
        here.mark_rule(strokeWidth=2, color=style.ink(dark)).encode(across),
        here.mark_point(filled=True, size=110, opacity=1, color=style.FRONTIER).encode(across, alt.Y("usd:Q")),
    ]
