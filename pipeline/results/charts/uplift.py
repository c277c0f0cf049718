"""Chart of scores before and after refining."""

from math import ceil, floor
from typing import NamedTuple

import altair as alt
import pandas as pd

from pipeline.calibration.pooled_drafts import pool_drafts
from pipeline.calibration.score_validity import EVERYTHING, gains, gains_text
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import scores_of
from pipeline.results import tables
from pipeline.results.charts import style
from pipeline.results.charts.style import AnyChart, ChartView
from pipeline.results.figures import run_figures
from pipeline.text.wording import count, usd

_MOST_NAMES = 12
"""Most names that fit beside the lines; the tooltip has them all."""

_LONGEST_NAME = 20
"""Characters of a name that fit between its point and the edge of the chart."""

_LINE_OF_TEXT = 0.06
"""Part of the height that a line of text takes."""

_NAMES_AT = 1.18
"""Place of the names on the x axis; a thin line leads to each from the end of its slope."""

_RANGE = (-0.5, 2.0)
"""The draft is at 0, the frontier's text at 1: room on the left for the threshold's label, on the right for names."""

_FRONTIER_AT = (1 - _RANGE[0]) / (_RANGE[1] - _RANGE[0])
"""Part of the width at which the frontier's texts are; names stand to the right of it."""

_SIDES = ("draft_score", "refined_score")
_MARGIN = 0.04
"""Score between the outermost point and the edge of the chart, at least."""

_USED = {"used": (style.FRONTIER, [1, 0]), "not used: the draft was better": (style.NEUTRAL, [5, 4])}


class _Shown(NamedTuple):
    """The scores that the axis shows; slopes, unlike bars, need not begin at 0."""

    low: float
    high: float


def uplift_slopes(run: RunRecord, *, dark: bool = False) -> ChartView:
    """Draw a line per refinement from the draft's score to the frontier text's score; dashed if it was not used."""
    table = tables.uplift(run)
    pairs = table.dropna(subset=["uplift"])
    if pairs.empty:
        asked = f"The frontier returned no comparable text for {count(len(table), 'draft')}"
        return style.no_chart(asked if len(table) else "No draft was sent to the frontier", table)
    title = _finding(run)
    subtitle = f"n = {count(len(pairs), 'refinement')}{style.left_out_note(table, pairs)}"
    better = f"{int((pairs['uplift'] > 0).sum())} of {count(len(pairs), 'text')} scored higher than the draft"
    words = f"Slope chart from draft score to frontier score, {subtitle}. {title}. {better}."
    named = len(pairs) <= _MOST_NAMES
    line = style.threshold_line(run.config.quality_threshold, dark, "y", until=_FRONTIER_AT if named else 1.0)
    shown = _shown(pairs, run.config.quality_threshold)
    layers = [*_slopes(pairs, shown), *line]
    if named:
        layers += _names(pairs, shown, dark)
    return ChartView(style.finish(layers, 340, words), title, words, table, subtitle)


def _finding(run: RunRecord) -> str:
    found, per_point = gains(pool_drafts([scores_of(run)]), EVERYTHING), run_figures(run).cost_per_point_micros
    if found is None:
        raise ValueError("a run with comparable refinements has a gain")
    price = "" if per_point is None else f" {usd(per_point, run.simulated)} per 0.01 gained."
    return f"{gains_text(found, EVERYTHING)}{price}".removesuffix(".")


def _shown(pairs: pd.DataFrame, threshold: float) -> _Shown:
    """Return the tenths of a score around all points and the threshold."""
    seen = [threshold, *(float(score) for side in _SIDES for score in pairs[side])]
    low, high = floor(10 * (min(seen) - _MARGIN)) / 10, ceil(10 * (max(seen) + _MARGIN)) / 10
    return _Shown(max(0.0, low), min(1.0, high))


def _slopes(pairs: pd.DataFrame, shown: _Shown) -> list[AnyChart]:
    used = (pairs["outcome"] == "refined").map(dict(zip((True, False), _USED, strict=True)))
    ends = [pairs.assign(side=side, score=pairs[name], used=used) for side, name in enumerate(_SIDES)]
    present = [words for words in _USED if words in set(used)]
    key = style.legend("stroke", 500)
    colours = alt.Scale(domain=present, range=[_USED[words][0] for words in present])
    dashes = alt.Scale(domain=present, range=[_USED[words][1] for words in present])
    sides = alt.Axis(
        values=[0, 1],
        labelExpr="datum.value == 0 ? 'draft' : 'frontier text'",
        description="Draft on the left, the frontier's text on the right",
    )
    base = alt.Chart(pd.concat(ends)).encode(
        alt.X("side:Q", title=None, scale=alt.Scale(domain=list(_RANGE), nice=False), axis=sides),
        alt.Y(
            "score:Q",
            title="Score, overall (0–1)",
            scale=alt.Scale(domain=list(shown), nice=False, zero=False),
            axis=alt.Axis(format=".2~f", tickCount=5),
        ),
        alt.Color("used:N", scale=colours, legend=key),
        tooltip=[
            alt.Tooltip("name:N", title="Persona"),
            alt.Tooltip("draft_score:Q", title="Draft score", format=".2f"),
            alt.Tooltip("refined_score:Q", title="Score of the frontier's text", format=".2f"),
            alt.Tooltip("uplift:Q", title="Difference", format="+.2f"),
            alt.Tooltip("cost_usd:Q", title="Cost, USD", format="$,.6~r"),
            alt.Tooltip("used:N", title="Text"),
        ],
    )
    dash = alt.StrokeDash("used:N", scale=dashes, legend=key)
    seen = 1.0 if len(pairs) <= _MOST_NAMES else 0.35
    lines = base.mark_line(strokeWidth=2, opacity=seen).encode(dash, alt.Detail("draft_id:N"))
    return [lines, base.mark_point(filled=True, size=50, opacity=seen)]


def _names(pairs: pd.DataFrame, shown: _Shown, dark: bool) -> list[AnyChart]:
    """Draw the personas' names to the right of their lines, each with a thin line that leads to it."""
    ranked = pairs.sort_values("refined_score")
    ends = ranked["refined_score"].to_list()
    gap = _LINE_OF_TEXT * (shown.high - shown.low)
    levels = style.spread_levels(ends, gap, shown.low + gap / 2, shown.high - gap / 2)
    frame = pd.DataFrame({"end": ends, "level": levels, "side": 1.0, "at": _NAMES_AT})
    frame["label"] = ranked["name"].map(_short).to_list()
    base = alt.Chart(frame)
    leader = base.mark_rule(strokeWidth=1, color=style.NEUTRAL, opacity=0.6)
    text = style.text_layer(base, dark, "left", "middle", dx=4)
    return [
        leader.encode(alt.X("side:Q"), alt.X2("at:Q"), alt.Y("end:Q"), alt.Y2("level:Q")),
        text.encode(alt.X("at:Q"), alt.Y("level:Q")),
    ]


def _short(name: str) -> str:
    """Shorten a name to fit beside the lines on a narrow page; the tooltip has all of it."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"
