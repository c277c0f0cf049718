"""The cells of an experiment as differences from one of them: a dot with its interval per cell."""

import altair as alt
import pandas as pd

from pipeline.charts import style
from pipeline.charts.style import AnyChart, ChartView
from pipeline.comparison.deltas import NO_DIFFERENCE, SAME, Measure
from pipeline.comparison.wording import TITLES
from pipeline.experiment_results import ExperimentResults
from pipeline.words import count

_ROW, _REST, _LEAST = 26, 70, 190
"""Pixels: of one cell, of the axis and its title, and of the whole at least."""

_CLEAR, _UNCLEAR = "clear", "no clear difference"


def paired_differences(found: ExperimentResults, measure: Measure, *, dark: bool = False) -> ChartView:
    """Every cell's difference from the baseline, with its 95 % interval; filled where it does not hold 0.

    The table has one row per cell with a difference, in the order of the experiment. Columns: cell int64, settings
    str, difference, low and high float64 (cost in USD, named `..._usd`), pairs int64, word str.
    """
    unit, suffix = (1e-6, "_usd") if measure == "cost_micros" else (1.0, "")
    names = [f"{name}{suffix}" for name in ("difference", "low", "high")]
    rows = [
        (cell.number, cell.cell.label, *(end * unit for end in ends), figure.pairs, figure.word)
        for cell in found.cells
        if (figure := cell.figures.get(measure)) and figure.difference
        for ends in [(figure.difference.value, figure.difference.low, figure.difference.high)]
    ]
    table = pd.DataFrame(rows, columns=["cell", "settings", *names, "pairs", "word"])
    if table.empty:
        return style.nothing(f"No cell can be compared with cell {found.baseline} yet", table)
    clear = [cell for cell, word in zip(table["cell"], table["word"], strict=True) if word not in (NO_DIFFERENCE, SAME)]
    title = _finding(clear, found.baseline)
    subtitle = (
        f"{count(len(table), 'cell')}, {_pairs(table)} each; 95 % intervals, paired, by the people behind a draft"
    )
    words = f"Dots with intervals, difference from cell {found.baseline} per cell, {subtitle}. {title}."
    mark = " (simulated)" if measure == "cost_micros" and any(cell.simulated for cell in found.cells) else ""
    axis = f"{TITLES[measure]}: difference from cell {found.baseline}{', USD' if suffix else ''}{mark}"
    height = max(_LEAST, _ROW * len(table) + _REST)
    return ChartView(style.finish(_layers(table, names, axis, dark), height, words), title, words, table, subtitle)


def _finding(clear: list[int], baseline: int) -> str:
    if not clear:
        return f"No cell differs clearly from cell {baseline}"
    named = ", ".join(map(str, clear))
    cells, verb = ("Cell", "differs") if len(clear) == 1 else ("Cells", "differ")
    return f"{cells} {named} {verb} clearly from cell {baseline}"


def _pairs(table: pd.DataFrame) -> str:
    least, most = int(table["pairs"].min()), int(table["pairs"].max())
    return count(most, "pair") if least == most else f"{least} to {most} pairs"


def _layers(table: pd.DataFrame, names: list[str], axis: str, dark: bool) -> list[AnyChart]:
    value, low, high = names
    sure = table["word"].map(lambda word: _UNCLEAR if word in (NO_DIFFERENCE, SAME) else _CLEAR)
    drawn = table.assign(place=table["cell"].map(str), sure=sure)
    base = alt.Chart(drawn)
    row = alt.Y(
        "place:N",
        title="Cell",
        sort=list(drawn["place"]),
        axis=alt.Axis(ticks=False, domain=False),
        scale=alt.Scale(type="point", padding=0.7),
    )
    tooltip = [
        alt.Tooltip("place:N", title="Cell"),
        alt.Tooltip("settings:N", title="Settings"),
        *(alt.Tooltip(f"{name}:Q", title=name.split("_")[0].capitalize(), format="+.3~g") for name in names),
        alt.Tooltip("pairs:Q", title="Pairs"),
        alt.Tooltip("word:N", title="In a word"),
    ]
    colour = style.ink(dark)
    ticks = alt.Axis(format="+.2~g", tickCount=6)
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(strokeDash=[4, 3], color=colour, opacity=0.6)
    across = alt.X(f"{low}:Q", title=axis, scale=alt.Scale(zero=True, padding=12), axis=ticks)
    fill = alt.Scale(domain=[_CLEAR, _UNCLEAR], range=[colour, "transparent"])
    return [
        zero.encode(alt.X("at:Q", title=axis, axis=ticks)),
        base.mark_rule(strokeWidth=2, color=colour).encode(across, alt.X2(f"{high}:Q"), row, tooltip=tooltip),
        base.mark_point(size=90, stroke=colour, strokeWidth=2, opacity=1).encode(
            alt.X(f"{value}:Q", title=axis, axis=ticks),
            row,
            alt.Fill("sure:N", scale=fill, legend=None),
            tooltip=tooltip,
        ),
    ]
