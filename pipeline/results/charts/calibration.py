"""Where does a threshold cut the drafts, and what do labels say on either side?"""

from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from pipeline.calibration.cases import Cases, Floats, Ints
from pipeline.calibration.position import Position
from pipeline.charts.moving import Columns, MovingView, Template, frame, named, template, tenths, turning
from pipeline.results.charts import style
from pipeline.results.charts.style import AnyChart, ChartView
from pipeline.text.wording import count, score

_BINS = 50
_HEIGHT = 300
_NEAR = 0.15
"""Lines so close have no room for a label between them, as a part of the axis."""
_WORDS = "Histogram of draft scores. What is right of the threshold stays local. Labels are ticks below the bars."


def threshold_histogram(
    cases: Cases, labels: Floats, position: Position, recommended: float | None, *, dark: bool = False
) -> ChartView | MovingView:
    """Draft scores cut by the threshold: what is right of it stays local. Labels as ticks below the bars.

    Args:
        cases: the drafts.
        labels: 1 acceptable, 0 not, NaN unlabelled; per draft.
        position: where the threshold stands.
        recommended: certified threshold, marked beside; `None` without one.
        dark: whether the page is.
    """
    known = cases.score[~np.isnan(cases.score)]
    labelled = int(np.count_nonzero(~np.isnan(labels)))
    if not len(known):
        return style.nothing("No draft has a score yet", pd.DataFrame({"drafts": [len(cases)], "labelled": [labelled]}))
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
def _template(dark: bool) -> Template:
    return template([frame(), _shade(), _bars(), _rug(), *_marks(dark)], _HEIGHT, _WORDS)


# --- the parts -------------------------------------------------------------------------------------


def _cut(scores: Floats, threshold: float) -> Columns:
    """One row per bin and side of the threshold that holds drafts.

    Columns: left, right (a bin holds its left bound), bottom, top, drafts, side (`stays local` or `is refined`).
    """
    bins = _bins(scores)
    local = np.bincount(bins[scores >= threshold], minlength=_BINS)
    refined = np.bincount(bins[scores < threshold], minlength=_BINS)
    left = np.tile(np.arange(_BINS) / _BINS, 2)
    bottom, drafts = np.append(np.zeros(_BINS, int), refined), np.append(refined, local)
    columns = {"left": left, "right": left + 1 / _BINS, "bottom": bottom, "top": bottom + drafts, "drafts": drafts}
    held = drafts > 0
    sides = np.repeat(["is refined", "stays local"], _BINS)
    return {name: values[held].tolist() for name, values in (columns | {"side": sides}).items()}


def _bins(scores: Floats) -> Ints:
    # Rounded before it is cut: 0.58 * 50 is 28.999999999999996.
    return np.asarray(np.clip((scores * _BINS).round(9), 0, _BINS - 1), np.int64)


def _highest(scores: Floats) -> float:
    return float(np.bincount(_bins(scores)).max())


def _bars() -> alt.Chart:
    colours = alt.Scale(domain=["stays local", "is refined"], range=[style.LOCAL, style.FRONTIER])
    # The scale of counts is written into the chart: beside it, it would shift the bars away from the slider above.
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
        named("bars")
        .mark_bar(binSpacing=1, aria=False)
        .encode(
            alt.X("left:Q", bin="binned", title="Draft score, overall (0–1)", scale=style.unit(), axis=tenths()),
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
        named("shade")
        .mark_rect(color=style.LOCAL, opacity=0.1, aria=False)
        .encode(alt.X("from:Q", scale=style.unit()), alt.X2("to:Q"))
    )
    return chart


def _ticks(scores: Floats, labels: Floats, highest: float) -> Columns:
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
        named("rug")
        .mark_point(opacity=1, strokeWidth=1.5, aria=False)
        .encode(
            alt.X("score:Q", scale=style.unit()),
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


def _lines(at: float, recommended: float | None, highest: float) -> Columns:
    places = [at] if recommended is None else [at, recommended]
    late = [place > 0.5 for place in places]
    has_room = min(places) > _NEAR and max(places) < 1 - _NEAR
    if recommended is not None and 0 < abs(at - recommended) < _NEAR and has_room:
        # Each label on the outer side, or it would stand over the other line.
        late = [at < recommended, recommended < at]
    return {
        "at": [*places],
        "label": [f"threshold {score(at)}", "certified"][: len(places)],
        "is_here": [True, False][: len(places)],
        "level": [1.2 * highest, 1.06 * highest][: len(places)],
        "late": late,
    }


def _marks(dark: bool) -> list[AnyChart]:
    base = named("marks").encode(alt.X("at:Q", scale=style.unit()))
    is_here = "datum.is_here"
    return [
        base.mark_rule(color=style.ink(dark)).encode(
            strokeWidth=alt.condition(is_here, alt.value(2), alt.value(1.5)),
            strokeDash=alt.condition(is_here, alt.value([1, 0]), alt.value([4, 3])),
        ),
        turning(base, dark, "label", 6).encode(alt.Y("level:Q")),
    ]
