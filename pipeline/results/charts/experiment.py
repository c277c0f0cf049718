"""Chart of the cells of an experiment as differences from a baseline cell: a dot with its interval per cell.

Only the rows of a chart change with the baseline: see `style.MovingView`.
"""

from collections.abc import Sequence
from functools import lru_cache

import altair as alt
import pandas as pd

from pipeline.results.charts import style
from pipeline.results.charts.style import AnyChart, ChartTemplate, ChartView, MovingView, rows_named, template
from pipeline.results.compare_runs import NO_DIFFERENCE, SAME, TITLES, ComparedMeasure
from pipeline.results.experiment import ExperimentResults
from pipeline.text.wording import count

_ROW, _REST, _LEAST = 26, 70, 190
"""Pixels: of one cell, of the axis and its title, and of the whole at least."""

_CLEAR, _UNCLEAR = "clear", "no clear difference"


def paired_differences(
    found: ExperimentResults, measure: ComparedMeasure, *, dark: bool = False
) -> ChartView | MovingView:
    """Draw every cell's difference from the baseline with its 95 % interval; filled if the interval excludes 0.

    The table has one row per cell with a difference, in the order of the experiment. Columns: cell int64, settings
    str, difference, low and high float64 (cost in USD, named `..._usd`), pairs int64, word str.
    """
    unit, suffix = (1e-6, "_usd") if measure == "cost_micros" else (1.0, "")
    ends = [f"{name}{suffix}" for name in ("difference", "low", "high")]
    rows = [
        (
            cell.number,
            cell.cell.label,
            between.value * unit,
            between.low * unit,
            between.high * unit,
            one.pairs,
            one.word,
        )
        for cell in found.cells
        if (one := cell.figures.get(measure)) and (between := one.difference)
    ]
    names = ["cell", "settings", *ends, "pairs", "word"]
    if not rows:
        reason = f"No choice can be compared with choice {found.baseline} yet"
        return style.no_chart(reason, pd.DataFrame(columns=names))
    columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    words = [str(word) for word in columns["word"]]
    is_clear = [word not in (NO_DIFFERENCE, SAME) for word in words]
    simulated = measure == "cost_micros" and any(cell.simulated for cell in found.cells)
    described = _words(measure)
    first = found.cells[found.baseline - 1]
    return MovingView(
        template=_template(measure, len(found.cells), suffix, simulated, dark),
        data={
            "cells": columns
            | {"place": [str(cell) for cell in columns["cell"]]}
            | {"sure": [_CLEAR if clear else _UNCLEAR for clear in is_clear]},
            "baseline": {"place": [str(first.number)], "settings": [first.cell.label], "at": [0.0]},
        },
        height=_height(len(found.cells)),
        title=_finding([row[0] for row, clear in zip(rows, is_clear, strict=True) if clear], found.baseline),
        alt=described,
        rows=columns,
        subtitle=f"{count(len(rows), 'choice')}, {_pairs([row[5] for row in rows])} each; 95 % intervals, paired, by "
        "the people behind a draft",
    )


def _words(measure: ComparedMeasure) -> str:
    return f"Dots with intervals: {TITLES[measure].lower()} of each choice, as difference from the one compared with."


def _height(cells: int) -> int:
    return max(_LEAST, _ROW * cells + _REST)


def _finding(clear: Sequence[int], baseline: int) -> str:
    if not clear:
        return f"No choice differs clearly from choice {baseline}"
    named = ", ".join(map(str, clear))
    choices, verb = ("Choice", "differs") if len(clear) == 1 else ("Choices", "differ")
    return f"{choices} {named} {verb} clearly from choice {baseline}"


def _pairs(pairs: Sequence[int]) -> str:
    least, most = min(pairs), max(pairs)
    return count(most, "pair") if least == most else f"{least} to {most} pairs"


@lru_cache(maxsize=16)
def _template(measure: ComparedMeasure, cells: int, suffix: str, simulated: bool, dark: bool) -> ChartTemplate:
    unit = f", USD{' (simulated)' if simulated else ''}" if suffix else ""
    axis = f"{TITLES[measure]}: difference{unit}"
    return template(_layers(cells, suffix, axis, dark), _height(cells), _words(measure))


def _layers(cells: int, suffix: str, axis: str, dark: bool) -> list[AnyChart]:
    value, low, high = (f"{name}{suffix}" for name in ("difference", "low", "high"))
    # Every cell has its own row, so that rows stay in place when the baseline changes.
    places = [str(number) for number in range(1, cells + 1)]
    row = alt.Y(
        "place:N",
        title="Choice",
        axis=alt.Axis(ticks=False, domain=False),
        scale=alt.Scale(type="point", padding=0.7, domain=places),
    )
    of_a_cell = [alt.Tooltip("place:N", title="Choice"), alt.Tooltip("settings:N", title="Settings")]
    tooltip = [
        *of_a_cell,
        *(
            alt.Tooltip(f"{name}:Q", title=name.split("_")[0].capitalize(), format="+.3~g")
            for name in (value, low, high)
        ),
        alt.Tooltip("pairs:Q", title="Pairs"),
        alt.Tooltip("word:N", title="In a word"),
    ]
    colour, base, zero = style.text_colour(dark), rows_named("cells"), rows_named("baseline")
    ticks = alt.Axis(format="+.2~g", tickCount=6)
    at = alt.X("at:Q", title=axis, axis=ticks)
    across = alt.X(f"{low}:Q", title=axis, scale=alt.Scale(zero=True, padding=12), axis=ticks)
    fill = alt.Scale(domain=[_CLEAR, _UNCLEAR], range=[colour, "transparent"])
    return [
        zero.mark_rule(strokeDash=[4, 3], color=colour, opacity=0.6).encode(at),
        zero.mark_point(shape="diamond", size=70, filled=True, color=style.NEUTRAL, opacity=1).encode(
            at, row, tooltip=of_a_cell
        ),
        base.mark_rule(strokeWidth=2, color=colour).encode(across, alt.X2(f"{high}:Q"), row, tooltip=tooltip),
        base.mark_point(size=90, stroke=colour, strokeWidth=2, opacity=1).encode(
            alt.X(f"{value}:Q", title=axis, axis=ticks),
            row,
            alt.Fill("sure:N", scale=fill, legend=None),
            tooltip=tooltip,
        ),
    ]
