"""Charts of several runs: outcomes, cost and scores, with one letter and one colour per run.

Every table has the rows of all runs, with `run` (the letter), `run_name` and `simulated` before the columns that
`pipeline.results.tables` documents. Scores of drafts and of delivered texts are different rows of the same charts;
see `style.MovingView`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import altair as alt
import pandas as pd

from pipeline.domain.comparison import LETTERS
from pipeline.domain.run import RunRecord
from pipeline.results import tables
from pipeline.results.charts import style
from pipeline.results.charts.cost import Progress
from pipeline.results.charts.style import ChartColumns, ChartTemplate, ChartView, MovingView, rows_named, template
from pipeline.text.wording import count, label, percent, score, usd

COLOURS = dict(
    zip(LETTERS, ("#009E73", "#8A63D2", "#A0761B", "#C0504D", "#2E8B9E", "#B0559B", "#6B8E23", "#7D7D7D"), strict=True)
)
"""Per run; none is the colour of an outcome or the budget, and all are visible on light and dark."""

_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [5, 5], [1, 3], [12, 4], [4, 2])
HEIGHT = 300
"""Pixels of each chart."""

_MOST_STEPS = 600
"""Most steps per run; longer ones are thinned for drawing."""

Texts = Literal["delivered texts", "kept drafts"]

_BINS = 20

_AXIS = "Overall score (0–1)"
_OVERLAY_WORDS = "Score distributions over each other: a line of steps per run, as shares of its personas."
_ROWS_WORDS = "Score distributions one below the other: bars per run, with its mean as a line."


def run_labels(runs: Sequence[RunRecord]) -> dict[str, str]:
    """Return the legend labels of runs by letter: names shortened to fit, simulated ones marked."""
    mixed = len({run.simulated for run in runs}) > 1
    return {
        letter: f"{letter} · {label(run.name, 11 if mixed else 22)}{' (simulated)' if mixed and run.simulated else ''}"
        for letter, run in zip(LETTERS, runs, strict=False)
    }


def mix_rows(runs: Sequence[RunRecord], *, dark: bool = False) -> ChartView:
    """Draw one bar per run: shares of its personas by outcome."""
    table = stack_runs(runs, [tables.outcome_mix(run) for run in runs])
    if table.empty:
        return style.no_chart("No persona is finished", table)
    local = {
        letter: sum(final.origin == "local" for final in run.personas) / len(run.personas)
        for letter, run in zip(LETTERS, runs, strict=False)
        if run.personas
    }
    title = f"Local texts: {', '.join(f'{letter} {percent(share)}' for letter, share in local.items())}"
    subtitle = "; ".join(f"{letter}: n = {number}" for letter, number in table.groupby("run")["personas"].sum().items())
    words = f"Stacked bars of outcomes per run, {subtitle}. {title}."
    place = table["outcome"].map({outcome: at for at, outcome in enumerate(style.PLACES)})
    drawn = table.assign(place=place).sort_values(["run", "place"])
    end = drawn.groupby("run")["share"].cumsum()
    drawn = drawn.assign(start=end - drawn["share"], end=end)
    bars = (
        alt.Chart(drawn)
        .mark_bar(strokeWidth=1.5, height=alt.RelativeBandSize(0.7))
        .encode(
            alt.X("start:Q", title="Share of the run's personas", scale=style.unit_scale(), axis=percent_axis()),
            alt.X2("end:Q"),
            alt.Y("run:N", title=None, axis=alt.Axis(ticks=False, domain=False)),
            *style.outcome_colours(dict(zip(table["outcome"], table["words"], strict=True)), "words"),
            tooltip=[
                alt.Tooltip("run:N", title="Run"),
                alt.Tooltip("run_name:N", title="Name"),
                alt.Tooltip("words:N", title="Outcome"),
                alt.Tooltip("personas:Q", title="Personas"),
                alt.Tooltip("share:Q", title="Share", format=".0%"),
            ],
        )
    )
    wide = drawn[drawn["share"] >= _LABELLED].assign(label=drawn["personas"].astype(str))
    wide = wide.assign(middle=(wide["start"] + wide["end"]) / 2, ink=wide["outcome"].map(style.ink_on))
    numbers = alt.Chart(wide).mark_text(fontSize=style.TEXT, fontWeight="bold")
    inside = numbers.encode(alt.X("middle:Q"), alt.Y("run:N"), alt.Text("label:N"), alt.Color("ink:N", scale=None))
    return ChartView(style.finish([bars, inside], HEIGHT, words), title, words, table, subtitle)


_LABELLED = 0.06
"""Smallest share whose part of a bar has room for its number."""


def cost_lines(runs: Sequence[RunRecord], by: Progress = "call", *, dark: bool = False) -> ChartView:
    """Draw money spent by each run as step lines on one axis."""
    table = stack_runs(runs, [tables.cumulative_cost(run) for run in runs])
    mixed = len({run.simulated for run in runs}) > 1
    spent = {letter: usd(run.spent_micros, mixed and run.simulated) for letter, run in zip(LETTERS, runs, strict=False)}
    if not any(run.spent_micros for run in runs):
        return style.no_chart("None of the runs spent anything", table)
    mark = " (simulated)" if runs[0].simulated and not mixed else ""
    title = f"Spent{mark}: {', '.join(f'{letter} {amount}' for letter, amount in spent.items())}"
    calls = table.groupby("run")["call"].max()
    subtitle = "; ".join(f"{letter}: {count(int(number), 'paid call')}" for letter, number in calls.items())
    words = f"Step lines of cumulative cost, {subtitle}. {title}."
    drawn, axis_title = _course(table, runs, by)
    labels = tuple(run_labels(runs).values())
    top = 1.1 * float(drawn["total_usd"].max())
    lines = (
        alt.Chart(drawn)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            alt.X(
                "at:Q", title=axis_title, scale=style.unit_scale(float(drawn["at"].max())), axis=_course_axis(drawn, by)
            ),
            alt.Y(
                "total_usd:Q",
                title="Cumulative cost, USD",
                scale=style.unit_scale(top),
                axis=style.money_axis(top),
            ),
            *run_colours(labels),
            alt.Order("call:Q"),
        )
    )
    points = (
        alt.Chart(drawn)
        .mark_circle(size=50)
        .encode(
            alt.X("at:Q"),
            alt.Y("total_usd:Q"),
            run_colours(labels)[0],
            tooltip=[
                alt.Tooltip("label:N", title="Run"),
                alt.Tooltip("call:Q", title="Call"),
                alt.Tooltip("total_usd:Q", title="Cumulative, USD", format="$,.6~r"),
            ],
        )
    )
    return ChartView(style.finish([lines, points], HEIGHT, words), title, words, table, subtitle)


# --- what they share -------------------------------------------------------------------------------


def stack_runs(runs: Sequence[RunRecord], tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack the tables of all runs, with the letter and the name of the run as first columns."""
    marked = [
        pd.concat(
            [pd.DataFrame({"run": letter, "run_name": run.name, "simulated": run.simulated}, index=table.index), table],
            axis=1,
        )
        for letter, run, table in zip(LETTERS, runs, tables, strict=False)
    ]
    return pd.concat(marked, ignore_index=True)


def run_colours(labels: Sequence[str]) -> tuple[alt.Color, alt.StrokeDash]:
    """Encode colour and dashes by run, with one legend below the chart; `labels` come from `run_labels`."""
    key, domain = style.legend("stroke", 500), list(labels)
    colours = alt.Scale(domain=domain, range=[COLOURS[letter] for letter in LETTERS[: len(domain)]])
    dashes = alt.Scale(domain=domain, range=list(_DASHES[: len(domain)]))
    return alt.Color("label:N", scale=colours, legend=key), alt.StrokeDash("label:N", scale=dashes, legend=key)


def _course(table: pd.DataFrame, runs: Sequence[RunRecord], by: Progress) -> tuple[pd.DataFrame, str]:
    """Return the cost tables with their place on the x axis (`at`), to the end of each run, and the axis title."""
    parts, names = [], run_labels(runs)
    for letter, run in zip(LETTERS, runs, strict=False):
        part = table[table["run"] == letter]
        last = part.tail(1).assign(seconds=max(float(part["seconds"].max()), _seconds(run)))
        last = last if by == "time" or len(part) > 1 else last.assign(call=1)
        step = -(-len(part) // _MOST_STEPS)
        parts.append(pd.concat([part.iloc[:-1:step], part.tail(1), last]).assign(label=names[letter]))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(total_usd=frame["cumulative_usd"] + frame["reserved_usd"])
    if by == "call":
        return frame.assign(at=frame["call"].astype(float)), "Paid calls, in order of their start"
    divisor, name = (60, "min") if frame["seconds"].max() > 300 else (1, "s")
    return frame.assign(at=frame["seconds"] / divisor), f"Time since the start of each run ({name})"


def _seconds(run: RunRecord) -> float:
    return (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0


def _course_axis(drawn: pd.DataFrame, by: Progress) -> alt.Axis:
    return style.count_axis(float(drawn["at"].max())) if by == "call" else alt.Axis(format="~r", tickCount=8)


def percent_axis() -> alt.Axis:
    """Return an axis for shares."""
    return alt.Axis(format=".0%", tickCount=5)


def score_overlay(
    runs: Sequence[RunRecord], texts: Texts = "delivered texts", *, dark: bool = False
) -> ChartView | MovingView:
    """Draw score distributions over each other: share of each run's personas in 20 bins on 0..1."""
    table, scored = _scores(runs, texts)
    if scored.empty:
        return style.no_chart("No persona has a score", table)
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
def _overlay_template(labels: tuple[str, ...]) -> ChartTemplate:
    line = rows_named("steps").mark_line(interpolate="step-after", strokeWidth=2.5, opacity=0.9)
    layer = line.encode(
        alt.X("left:Q", title=_AXIS, scale=style.unit_scale(), axis=_tenths()),
        alt.Y("share:Q", title="Share of the run's personas", scale=alt.Scale(domainMin=0), axis=percent_axis()),
        *run_colours(labels),
        alt.Order("left:Q"),
    )
    # A point on each step, for its tooltip.
    points = rows_named("bins").mark_circle(size=60, opacity=0)
    return template(
        [layer, points.encode(alt.X("middle:Q"), alt.Y("share:Q"), tooltip=_BIN_TOOLTIP)], HEIGHT, _OVERLAY_WORDS
    )


def score_rows(
    runs: Sequence[RunRecord], texts: Texts = "delivered texts", *, dark: bool = False
) -> ChartView | MovingView:
    """Draw the distributions one below the other, on one axis; as counts, with each run's mean as a line."""
    table, scored = _scores(runs, texts)
    if scored.empty:
        return style.no_chart("No persona has a score", table)
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
def _rows_template(labels: tuple[str, ...], dark: bool) -> ChartTemplate:
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
        rows_named("bins")
        .mark_bar(binSpacing=1)
        .encode(
            alt.X("left:Q", bin="binned", title=_AXIS, scale=style.unit_scale(), axis=_tenths()),
            alt.X2("right:Q"),
            alt.Y("bottom:Q", title="Personas per run", scale=style.unit_scale(float(len(labels))), axis=axis),
            alt.Y2("top:Q"),
            # The letters at the axis replace a legend.
            run_colours(labels)[0].legend(None),
            tooltip=_BIN_TOOLTIP,
        )
    )
    at, above = alt.X("overall:Q"), alt.Y("top:Q")
    rule = rows_named("means").mark_rule(strokeWidth=2, color=style.text_colour(dark))
    text = style.text_layer(rows_named("means"), dark, "right", "top", dx=-4)
    layers = [bars, rule.encode(at, alt.Y("bottom:Q"), alt.Y2("top:Q")), text.encode(at, above)]
    return template(layers, HEIGHT, _ROWS_WORDS)


def _places(runs: int) -> dict[str, int]:
    """Return the row of each letter, counted from below."""
    return {letter: place for place, letter in enumerate(LETTERS[:runs][::-1])}


def _columns(frame: pd.DataFrame) -> ChartColumns:
    return {str(name): column.tolist() for name, column in frame.items()}


def _scores(runs: Sequence[RunRecord], texts: Texts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per persona or kept draft, and those with a score, with the legend label of their run."""
    if texts == "delivered texts":
        frames = [tables.persona_table(run) for run in runs]
    else:
        frames = [(drafts := tables.draft_scores(run))[drafts["kept"]] for run in runs]
    table = stack_runs(runs, [one.reset_index(drop=True) for one in frames])
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
    return title, f"{texts.capitalize()}; {counted}{style.left_out_note(table, scored)}{none}"


def _binned(scored: pd.DataFrame) -> pd.DataFrame:
    """One row per run and bin that is not empty: label, left, right, personas, share of the run."""
    bins = style.bin_numbers(scored["overall"].to_numpy(), _BINS)
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
    """Add empty bins and a last point at 1, so that each outline returns to zero."""
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
    """Return a Vega expression that labels the rows; it contains no untrusted text."""
    return "".join(f"datum.value < {place + 1} ? '{letter}' : " for letter, place in rows.items()) + "''"


def _tenths() -> alt.Axis:
    return alt.Axis(format=".1f", tickCount=10, labelOverlap="parity", labelSeparation=6)
