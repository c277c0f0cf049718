"""The compared runs as charts: scores over each other and one below the other, mix, and money on one axis."""

from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

import streamlit as st

from pages._once import once
from pages.parts import figures
from pipeline.domain.run import RunRecord
from pipeline.results.charts.comparison import Texts, cost_lines, mix_rows, score_overlay, score_rows
from pipeline.results.charts.style import ChartView, MovingView


def show(runs: Sequence[RunRecord]) -> None:
    """Four charts in two columns, or one where there is no room for two."""
    _scores(runs)
    with st.grid(2, min_column_width=380, gap="small"):
        with st.container(border=True, height="stretch"):
            mix = figures.drawn("mix", runs, partial(mix_rows, runs))
            _chart("Local and frontier", runs, mix.view, "mix", mix.spec)
        with st.container(border=True, height="stretch"):
            _cost(runs)


@st.fragment
def _scores(runs: Sequence[RunRecord]) -> None:
    slot = st.container()
    texts = st.segmented_control(
        "Scores of",
        get_args(Texts),
        default="delivered texts",
        required=True,
        key="texts",
        bind="query-params",
        label_visibility="collapsed",
    )
    dark = figures.is_dark()
    with slot, st.grid(2, min_column_width=380, gap="small"):
        for name, draw in {"scores overlaid": score_overlay, "scores run by run": score_rows}.items():
            view = once(f"{name} {texts} {dark}", runs, partial(draw, runs, texts, dark=dark))
            with st.container(border=True, height="stretch"):
                _chart(name.capitalize(), runs, view, name)


@st.fragment
def _cost(runs: Sequence[RunRecord]) -> None:
    slot = st.container()
    by = figures.cost_over()
    with slot:
        lines = figures.drawn(f"cost {by}", runs, partial(cost_lines, runs, by))
        _chart("Cumulative cost", runs, lines.view, "cost", lines.spec)


def _chart(
    topic: str,
    runs: Sequence[RunRecord],
    view: ChartView | MovingView,
    name: str,
    spec: dict[str, Any] | None = None,
) -> None:
    simulated = all(run.simulated for run in runs)  # else each row of the figures says it of its run
    figures.chart(topic, view, name, file="comparison", simulated=simulated, on_demand=True, spec=spec)
