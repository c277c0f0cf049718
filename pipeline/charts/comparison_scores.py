"""How are the scores of several runs spread: over each other, and one below the other?

Drafts or delivered texts: other rows of the same charts; see `moving`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import altair as alt
import pandas as pd

from pipeline.charts.moving import Columns, MovingView, Template, named, template
from pipeline.domain.comparison import LETTERS
from pipeline.domain.run import RunRecord
from pipeline.results import tables
from pipeline.results.charts import style
from pipeline.results.charts.comparison import HEIGHT, colours, percents, run_labels, together
from pipeline.results.charts.style import ChartView
from pipeline.text.wording import score

Texts = Literal["delivered texts", "kept drafts"]

_BINS = 20

_AXIS = "Overall score (0–1)"
_OVERLAY_WORDS = "Score distributions over each other: a line of steps per run, as shares of its personas."
_ROWS_WORDS = "Score distributions one below the other: bars per run, with its mean as a line."


def score_overlay(
    runs: Sequence[RunRecord], texts: Texts = "delivered texts", *, dark: bool = False
) -> ChartView | MovingView:
    """The score distributions over each other: share of each run's personas in 20 bins on 0..1."""
    table, scored = _scores(runs, texts)
    if scored.empty:
        return style.nothing("No persona has a score", table)
    title, subtitle = _score_finding(runs, texts, table, scored)
    binned = _binned(scored)
    return MovingView(
        template=_overlay_template(tuple(run_labels(runs).values())),
        data={"steps": _columns(_steps(binned)), "bins": _columns(binned)},
        height=HEIGHT,
        title=title,
        alt=_OVERLAY_WORDS,
        rows=_columns(table),
        subtitle=subtitle,
    )


@lru_cache(maxsize=8)
def _overlay_template(labels: tuple[str, ...]) -> Template:
    line = named("steps").mark_line(interpolate="step-after", strokeWidth=2.5, opacity=0.9)
    layer = line.encode(
        alt.X("left:Q", title=_AXIS, scale=style.unit(), axis=_tenths()),
        alt.Y("share:Q", title="Share of the run's personas", scale=alt.Scale(domainMin=0), axis=percents()),
        *colours(labels),
        alt.Order("left:Q"),
    )
    # A point on each step, for its tooltip.
    points = named("bins").mark_circle(size=60, opacity=0)
    return template(
        [layer, points.encode(alt.X("middle:Q"), alt.Y("share:Q"), tooltip=_BIN_TOOLTIP)], HEIGHT, _OVERLAY_WORDS
    )


def score_rows(
    runs: Sequence[RunRecord], texts: Texts = "delivered texts", *, dark: bool = False
) -> ChartView | MovingView:
    """The same distributions one below the other, on one axis; counted, with each run's mean as a line."""
    table, scored = _scores(runs, texts)
    if scored.empty:
        return style.nothing("No persona has a score", table)
    title, subtitle = _score_finding(runs, texts, table, scored)
    places = _places(len(runs))
    binned = _binned(scored)
    base = binned["run"].map(places)
    binned = binned.assign(bottom=base, top=base + 0.62 * binned["personas"] / binned["personas"].max())
    means = scored.groupby("run", as_index=False)["overall"].mean()
    means = means.assign(bottom=means["run"].map(places), label=means["overall"].map(score))
    return MovingView(
        template=_rows_template(tuple(run_labels(runs).values()), dark),
        data={"bins": _columns(binned), "means": _columns(means.assign(top=means["bottom"] + 0.9))},
        height=HEIGHT,
        title=title,
        alt=_ROWS_WORDS,
        rows=_columns(table),
        subtitle=subtitle,
    )


@lru_cache(maxsize=8)
def _rows_template(labels: tuple[str, ...], dark: bool) -> Template:
    places = _places(len(labels))
    axis = alt.Axis(
        values=[place + 0.4 for place in places.values()],
        labelExpr=_letter_expression(places),
        ticks=False,
        domain=False,
        grid=False,
        description="Runs, the first on top",
    )
    bars = (
        named("bins")
        .mark_bar(binSpacing=1)
        .encode(
            alt.X("left:Q", bin="binned", title=_AXIS, scale=style.unit(), axis=_tenths()),
            alt.X2("right:Q"),
            alt.Y("bottom:Q", title="Personas per run", scale=style.unit(float(len(labels))), axis=axis),
            alt.Y2("top:Q"),
            # The letters at the axis say it.
            colours(labels)[0].legend(None),
            tooltip=_BIN_TOOLTIP,
        )
    )
    at, above = alt.X("overall:Q"), alt.Y("top:Q")
    rule = named("means").mark_rule(strokeWidth=2, color=style.ink(dark))
    text = style.label(named("means"), dark, "right", "top", dx=-4)
    layers = [bars, rule.encode(at, alt.Y("bottom:Q"), alt.Y2("top:Q")), text.encode(at, above)]
    return template(layers, HEIGHT, _ROWS_WORDS)


def _places(runs: int) -> dict[str, int]:
    """Where the row of each letter stands, counted from below."""
    return {letter: place for place, letter in enumerate(LETTERS[:runs][::-1])}


def _columns(frame: pd.DataFrame) -> Columns:
    return {str(name): column.tolist() for name, column in frame.items()}


def _scores(runs: Sequence[RunRecord], texts: Texts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per persona or kept draft, and those of them with a score, with what the legend calls their run."""
    if texts == "delivered texts":
        frames = [tables.persona_table(run) for run in runs]
    else:
        frames = [(drafts := tables.draft_scores(run))[drafts["kept"]] for run in runs]
    table = together(runs, [one.reset_index(drop=True) for one in frames])
    names = run_labels(runs)
    return table, table.dropna(subset=["overall"]).assign(label=lambda frame: frame["run"].map(names))


def _score_finding(
    runs: Sequence[RunRecord], texts: Texts, table: pd.DataFrame, scored: pd.DataFrame
) -> tuple[str, str]:
    groups = scored.groupby("run")["overall"]
    means, numbers = groups.mean(), groups.size()
    absent = [letter for letter in LETTERS[: len(runs)] if letter not in means.index]
    none = f"; {' and '.join(absent)} without a score" if absent else ""
    title = f"Mean score: {', '.join(f'{letter} {score(mean)}' for letter, mean in means.items())}"
    counted = "; ".join(f"{letter}: n = {number}" for letter, number in numbers.items())
    return title, f"{texts.capitalize()}; {counted}{style.left_out(table, scored)}{none}"


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


def _letter_expression(rows: dict[str, int]) -> str:
    """A Vega expression that names the rows; letters and numbers are our own."""
    return "".join(f"datum.value < {place + 1} ? '{letter}' : " for letter, place in rows.items()) + "''"


def _tenths() -> alt.Axis:
    return alt.Axis(format=".1f", tickCount=10, labelOverlap="parity", labelSeparation=6)
