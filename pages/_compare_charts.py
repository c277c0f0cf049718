"""The compared runs as charts: scores over each other and one below the other, mix, and money on one axis."""

from collections.abc import Sequence
from functools import partial
from typing import get_args

import streamlit as st

from pages import _figures
from pipeline.charts.comparison import cost_lines, mix_rows
from pipeline.charts.comparison_scores import Texts, score_overlay, score_rows
from pipeline.models import RunRecord


def show(runs: Sequence[RunRecord]) -> None:
    """Four charts in two columns, or one where there is no room for two."""
    _scores(runs)
    with st.grid(2, min_column_width=380, gap="small"):
        with st.container(border=True, height="stretch"):
            _chart("Local and frontier", runs, _figures.drawn("mix", runs, partial(mix_rows, runs)), "mix")
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
    with slot, st.grid(2, min_column_width=380, gap="small"):
        for name, draw in {"scores overlaid": score_overlay, "scores run by run": score_rows}.items():
            with st.container(border=True, height="stretch"):
                _chart(
                    name.capitalize(), runs, _figures.drawn(f"{name} {texts}", runs, partial(draw, runs, texts)), name
                )


@st.fragment
def _cost(runs: Sequence[RunRecord]) -> None:
    slot = st.container()
    by = _figures.cost_over()
    with slot:
        _chart("Cumulative cost", runs, _figures.drawn(f"cost {by}", runs, partial(cost_lines, runs, by)), "cost")


def _chart(topic: str, runs: Sequence[RunRecord], drawn: _figures.Drawn, name: str) -> None:
    view, spec = drawn
    simulated = all(run.simulated for run in runs)  # else each row of the figures says it of its run
    _figures.chart(topic, view, name, file="comparison", simulated=simulated, on_demand=True, spec=spec)
