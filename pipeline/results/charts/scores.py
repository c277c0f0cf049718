"""Charts of draft scores with the threshold, and of outcomes.

Parts of the score are different rows of the same chart; see `style.MovingView`.
"""

from functools import lru_cache
from statistics import median
from typing import Literal

import altair as alt
import pandas as pd

from pipeline.domain.run import RunRecord
from pipeline.results import tables
from pipeline.results.charts import style
from pipeline.results.charts.style import (
    ChartTemplate,
    ChartView,
    MovingView,
    frame_points,
    rows_named,
    side_label,
    template,
)
from pipeline.text.wording import count, score

Dimension = Literal["overall", "coherence", "faithfulness", "completeness"]

_BINS = 20


_WORDS = "Histogram of draft scores in 20 bins from 0 to 1, by outcome. Its finding and n stand above it."

_NARROW = 350
"""Width of the bar on the narrowest page, in pixels; its labels must fit."""


def score_distribution(run: RunRecord, *, dark: bool = False) -> ChartView:
    """Draw the histogram for a file; see `moving_distribution`."""
    view = moving_distribution(run, dark=dark)
    return view.still() if isinstance(view, MovingView) else view


def moving_distribution(
    run: RunRecord, dimension: Dimension = "overall", *, dark: bool = False
) -> ChartView | MovingView:
    """Draw draft scores in 20 bins on 0..1: kept drafts by outcome, dropped ones as outlines above them.

    A bin includes its lower bound, so a draft exactly at the threshold is to the right of the line.
    """
    table = tables.draft_scores(run)
    scored = table.dropna(subset=[dimension])
    if scored.empty:
        why = f"None of {count(len(table), 'draft')} has a score" if len(table) else "No draft yet"
        return style.no_chart(why, table)
    kept = scored.loc[scored["kept"], dimension].tolist()
    title = _finding(kept, run, dimension)
    subtitle = f"n = {len(kept)} kept and {len(scored) - len(kept)} dropped drafts{style.left_out_note(table, scored)}"
    bars = _binned(scored, dimension)
    cuts = [run.config.quality_threshold] if dimension == "overall" else []
    extent = f"{score(scored[dimension].min())} to {score(scored[dimension].max())}"
    return MovingView(
        template=_template(tuple(name for name in style.PLACES if name in set(table["outcome"])), dark),
        data={
            "bars": _columns(bars),
            "frame": {"level": [0.0, 1.2 * float(bars["top"].max())]},
            "threshold": {
                "threshold": cuts,
                "label": [f"threshold {score(cut)}" for cut in cuts],
                "late": [cut > 0.5 for cut in cuts],
            },
        },
        height=320,
        title=title,
        alt=f"Histogram of draft scores ({dimension}), {subtitle}. {title}. Scores run from {extent}.",
        rows=_columns(table),
        subtitle=subtitle,
    )


@lru_cache(maxsize=32)
def _template(outcomes: tuple[str, ...], dark: bool) -> ChartTemplate:
    rule = rows_named("threshold").mark_rule(strokeWidth=2, color=style.text_colour(dark)).encode(alt.X("threshold:Q"))
    text = side_label(rows_named("threshold"), dark, "label", 6).encode(alt.X("threshold:Q"), y=alt.value(9))
    return template([_bars(outcomes), frame_points(), rule, text], 320, _WORDS)


def _columns(rows: pd.DataFrame) -> dict[str, list[object]]:
    return {str(name): column.tolist() for name, column in rows.items()}


def _finding(kept: list[float], run: RunRecord, dimension: Dimension) -> str:
    if not kept:
        return "No kept draft has a score"
    if dimension != "overall":
        return f"The kept drafts' {dimension} is {score(min(kept))} to {score(max(kept))}, median {score(median(kept))}"
    threshold = run.config.quality_threshold
    over = sum(value >= threshold for value in kept)
    if not run.config.uses_frontier:
        return f"{over} of {len(kept)} score {score(threshold)} or more"
    return f"{over} of {len(kept)} {'stays' if over == 1 else 'stay'} local at {score(threshold)}"


def _binned(scored: pd.DataFrame, dimension: Dimension) -> pd.DataFrame:
    """One row per bin and outcome, stacked in the order of the legend.

    Columns: left, right float64 (a bin holds its left bound), bottom, top, drafts int64, outcome, words str.
    """
    bins = style.bin_numbers(scored[dimension].to_numpy(), _BINS)
    counts = scored.assign(bin=bins).groupby(["bin", "outcome"], as_index=False).size()
    place = counts["outcome"].map({outcome: place for place, outcome in enumerate(style.PLACES)})
    counts = counts.assign(place=place).sort_values(["bin", "place"])
    top = counts.groupby("bin")["size"].cumsum()
    return pd.DataFrame(
        {
            "left": counts["bin"] / _BINS,
            "right": (counts["bin"] + 1) / _BINS,
            "bottom": top - counts["size"],
            "top": top,
            "outcome": counts["outcome"],
            "words": counts["outcome"].map(style.PLACES),
            "drafts": counts["size"],
        }
    )


def _bars(outcomes: tuple[str, ...]) -> alt.Chart:
    tenths = alt.Axis(format=".1f", tickCount=10, labelOverlap="parity", labelSeparation=6)
    counts = alt.Axis(format=",d", tickCount=8, tickMinStep=1)
    chart: alt.Chart = (
        rows_named("bars")
        .mark_bar(strokeWidth=1.5, binSpacing=3)
        .encode(
            alt.X("left:Q", bin="binned", title="Draft score (0–1)", scale=style.unit_scale(), axis=tenths),
            alt.X2("right:Q"),
            alt.Y("bottom:Q", title="Drafts", scale=alt.Scale(nice=False), axis=counts),
            alt.Y2("top:Q"),
            *style.outcome_colours({name: style.PLACES[name] for name in outcomes}, "words"),
            tooltip=[
                alt.Tooltip("words:N", title="Outcome"),
                alt.Tooltip("drafts:Q", title="Drafts"),
                alt.Tooltip("left:Q", title="Score from", format=".2f"),
                alt.Tooltip("right:Q", title="Score below", format=".2f"),
            ],
        )
    )
    return chart


def outcome_bar(run: RunRecord) -> ChartView:
    """Draw one horizontal bar of the finished personas, a part per outcome: local first, failures last."""
    table = tables.outcome_mix(run)
    if table.empty:
        return style.no_chart("No persona has an outcome yet", table)
    total = int(table["personas"].sum())
    parts = ", ".join(f"{words} {number}" for words, number in zip(table["words"], table["personas"], strict=True))
    title = f"{count(total, 'persona')}: {parts}"
    words = f"One bar, divided by outcome, n = {total}. {title}."
    frame = _placed(table, total)
    return ChartView(
        style.finish([_bar(frame, total), _labels(frame)], 170, words), title, words, table, f"n = {total}"
    )


def _placed(table: pd.DataFrame, total: int) -> pd.DataFrame:
    """Add to the mix the extent of each part (start, end, middle), its legend and its label."""
    end = table["personas"].cumsum()
    pairs = list(zip(table["words"], table["personas"], strict=True))
    return table.assign(
        start=end - table["personas"],
        end=end,
        middle=end - table["personas"] / 2,
        low=0.0,
        high=1.0,
        legend=[f"{words} · {number}" for words, number in pairs],
        inside=[_inside(words, number, total) for words, number in pairs],
        ink=table["outcome"].map(style.ink_on),
    )


def _inside(words: str, number: int, total: int) -> str:
    """Return the label that fits into a part of the bar on a narrow page: words and number, the number, or none."""
    room, both = _NARROW * number / total, f"{words} {number}"
    if room >= 8 * len(both):
        return both
    return str(number) if room >= 10 * len(str(number)) else ""


def _bar(frame: pd.DataFrame, total: int) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(strokeWidth=1.5)
        .encode(
            alt.X(
                "start:Q", title=f"Personas (n = {total})", scale=style.unit_scale(total), axis=style.count_axis(total)
            ),
            alt.X2("end:Q"),
            alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[-0.1, 1.1], nice=False)),
            alt.Y2("high:Q"),
            *style.outcome_colours(dict(zip(frame["outcome"], frame["legend"], strict=True)), "legend"),
            tooltip=[
                alt.Tooltip("words:N", title="Outcome"),
                alt.Tooltip("personas:Q", title="Personas"),
                alt.Tooltip("share:Q", title="Share", format=".0%"),
                alt.Tooltip("meaning:N", title="Meaning"),
            ],
        )
    )
    return chart


def _labels(frame: pd.DataFrame) -> alt.Chart:
    marked = alt.Chart(frame).mark_text(fontSize=style.TEXT + 1, fontWeight="bold")
    place = (alt.X("middle:Q"), alt.YDatum(0.5))
    labels: alt.Chart = marked.encode(*place, alt.Text("inside:N"), alt.Color("ink:N", scale=None))
    return labels
