"""How are the scores of several runs spread: over each other, and one below the other?"""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd

from pipeline import analysis
from pipeline.charts import style
from pipeline.charts.comparison import HEIGHT, colours, percents, run_labels, together
from pipeline.charts.style import ChartView
from pipeline.comparison.saved import LETTERS
from pipeline.models import RunRecord
from pipeline.words import score

Texts = Literal["delivered texts", "kept drafts"]

_BINS = 20


def score_overlay(runs: Sequence[RunRecord], texts: Texts = "delivered texts", *, dark: bool = False) -> ChartView:
    """The score distributions over each other: share of each run's personas in 20 bins on 0..1."""
    table, scored = _scores(runs, texts)
    if scored.empty:
        return style.nothing("No persona has a score", table)
    title, subtitle = _score_finding(runs, table, scored)
    binned = _binned(scored)
    words = f"Score distributions of {texts} over each other, {subtitle}. {title}."
    line = alt.Chart(_steps(binned)).mark_line(interpolate="step-after", strokeWidth=2.5, opacity=0.9)
    highest = float(binned["share"].max())
    layer = line.encode(
        alt.X("left:Q", title=f"Score of {texts}, overall (0–1)", scale=style.unit(), axis=_tenths()),
        alt.Y("share:Q", title="Share of the run's personas", scale=style.unit(1.1 * highest), axis=percents()),
        *colours(runs),
        alt.Order("left:Q"),
    )
    return ChartView(style.finish([layer, _bin_tooltips(binned)], HEIGHT, words), title, words, table, subtitle)


def score_rows(runs: Sequence[RunRecord], texts: Texts = "delivered texts", *, dark: bool = False) -> ChartView:
    """The same distributions one below the other, on one axis; counted, with each run's mean as a line."""
    table, scored = _scores(runs, texts)
    if scored.empty:
        return style.nothing("No persona has a score", table)
    title, subtitle = _score_finding(runs, table, scored)
    words = f"Score distributions of {texts} one below the other, {subtitle}. {title}."
    rows = {letter: place for place, letter in enumerate(LETTERS[: len(runs)][::-1])}
    binned = _binned(scored)
    base = binned["run"].map(rows)
    binned = binned.assign(bottom=base, top=base + 0.62 * binned["personas"] / binned["personas"].max())
    axis = alt.Axis(
        values=[place + 0.4 for place in rows.values()],
        labelExpr=_letter_expression(rows),
        ticks=False,
        domain=False,
        grid=False,
        description="Runs, the first on top",
    )
    bars = (
        alt.Chart(binned)
        .mark_bar(binSpacing=1)
        .encode(
            alt.X("left:Q", bin="binned", title=f"Score of {texts}, overall (0–1)", scale=style.unit(), axis=_tenths()),
            alt.X2("right:Q"),
            alt.Y("bottom:Q", title="Personas per run", scale=style.unit(float(len(runs))), axis=axis),
            alt.Y2("top:Q"),
            # The letters at the axis say it.
            colours(runs)[0].legend(None),
            tooltip=_BIN_TOOLTIP,
        )
    )
    means = scored.groupby("run", as_index=False)["overall"].mean()
    means = means.assign(bottom=means["run"].map(rows), label=means["overall"].map(score))
    means = means.assign(top=means["bottom"] + 0.9)
    at, above = alt.X("overall:Q"), alt.Y("top:Q")
    line = (
        alt.Chart(means).mark_rule(strokeWidth=2, color=style.ink(dark)).encode(at, alt.Y("bottom:Q"), alt.Y2("top:Q"))
    )
    text = style.label(alt.Chart(means), dark, "right", "top", dx=-4).encode(at, above)
    return ChartView(style.finish([bars, line, text], HEIGHT, words), title, words, table, subtitle)


def _scores(runs: Sequence[RunRecord], texts: Texts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per persona or kept draft, and those of them with a score, with what the legend calls their run."""
    if texts == "delivered texts":
        tables = [analysis.persona_table(run) for run in runs]
    else:
        tables = [(drafts := analysis.draft_scores(run))[drafts["kept"]] for run in runs]
    table = together(runs, [one.reset_index(drop=True) for one in tables])
    names = run_labels(runs)
    return table, table.dropna(subset=["overall"]).assign(label=lambda frame: frame["run"].map(names))


def _score_finding(runs: Sequence[RunRecord], table: pd.DataFrame, scored: pd.DataFrame) -> tuple[str, str]:
    groups = scored.groupby("run")["overall"]
    means, numbers = groups.mean(), groups.size()
    absent = [letter for letter in LETTERS[: len(runs)] if letter not in means.index]
    none = f"; {' and '.join(absent)} without a score" if absent else ""
    title = f"Mean score: {', '.join(f'{letter} {score(mean)}' for letter, mean in means.items())}"
    counted = "; ".join(f"{letter}: n = {number}" for letter, number in numbers.items())
    return title, f"{counted}{style.left_out(table, scored)}{none}"


def _binned(scored: pd.DataFrame) -> pd.DataFrame:
    """One row per run and bin that is not empty: label, left, right, personas, share of the run."""
    # Rounded before it is cut: 0.55 * 20 is a little more than 11, and others fall just short of their bin.
    bins = (scored["overall"] * _BINS).round(9).astype(int).clip(upper=_BINS - 1)
    counts = scored.assign(bin=bins).groupby(["run", "label", "bin"], as_index=False).size()
    total = counts.groupby("run")["size"].transform("sum")
    return pd.DataFrame(
        {
            "run": counts["run"],
            "label": counts["label"],
            "bin": counts["bin"],
            "left": counts["bin"] / _BINS,
            "right": (counts["bin"] + 1) / _BINS,
            "middle": (counts["bin"] + 0.5) / _BINS,
            "personas": counts["size"],
            "share": counts["size"] / total,
        }
    )


def _steps(binned: pd.DataFrame) -> pd.DataFrame:
    """Empty bins too, and a last point at 1, so that each outline comes back to zero."""
    every = pd.MultiIndex.from_product([binned["label"].unique(), range(_BINS + 1)], names=["label", "bin"])
    frame = binned.set_index(["label", "bin"])["share"].reindex(every, fill_value=0.0).reset_index()
    return frame.assign(left=frame["bin"] / _BINS)


_BIN_TOOLTIP = [
    alt.Tooltip("label:N", title="Run"),
    alt.Tooltip("personas:Q", title="Personas"),
    alt.Tooltip("share:Q", title="Share of the run", format=".0%"),
    alt.Tooltip("left:Q", title="Score from", format=".2f"),
    alt.Tooltip("right:Q", title="Score below", format=".2f"),
]


def _bin_tooltips(binned: pd.DataFrame) -> alt.Chart:
    """A point on each step, for its tooltip."""
    points = alt.Chart(binned).mark_circle(size=60, opacity=0)
    chart: alt.Chart = points.encode(alt.X("middle:Q"), alt.Y("share:Q"), tooltip=_BIN_TOOLTIP)
    return chart


def _letter_expression(rows: dict[str, int]) -> str:
    """A Vega expression that names the rows; letters and numbers are our own."""
    return "".join(f"datum.value < {place + 1} ? '{letter}' : " for letter, place in rows.items()) + "''"


def _tenths() -> alt.Axis:
    return alt.Axis(format=".1f", tickCount=10, labelOverlap="parity", labelSeparation=6)
