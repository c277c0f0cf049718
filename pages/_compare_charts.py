"""The compared runs as charts: scores over each other and one below the other, mix, and money on one axis."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, get_args

import streamlit as st

from pages import _compare_runs
from pipeline import analysis
from pipeline.charts import Progress
from pipeline.charts.comparison import cost_lines, mix_rows
from pipeline.charts.comparison_scores import Texts, score_overlay, score_rows
from pipeline.charts.style import ChartView
from pipeline.models import RunRecord
from pipeline.words import escape_markdown


class _Drawn(NamedTuple):
    """A chart, and what the browser is told to draw."""

    view: ChartView
    spec: dict[str, Any]


class _Draw(Protocol):
    def __call__(self, *, dark: bool) -> ChartView: ...


def show(runs: Sequence[RunRecord]) -> None:
    """Four charts in two columns, or one where there is no room for two."""
    _scores(runs)
    with st.grid(2, min_column_width=380, gap="small"):
        with st.container(border=True, height="stretch"):
            _chart("Local and frontier", _drawn("mix", runs, partial(mix_rows, runs)), "mix")
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
                _chart(name.capitalize(), _drawn(f"{name} {texts}", runs, partial(draw, runs, texts)), name)


@st.fragment
def _cost(runs: Sequence[RunRecord]) -> None:
    slot = st.container()
    by = st.segmented_control(
        "Cost over",
        get_args(Progress),
        default="call",
        required=True,
        format_func="by {}".format,
        key="by",
        bind="query-params",
        label_visibility="collapsed",
    )
    with slot:
        _chart("Cumulative cost", _drawn(f"cost {by}", runs, partial(cost_lines, runs, by)), "cost")


def _chart(topic: str, drawn: _Drawn, name: str) -> None:
    """A chart under its topic and finding, with its figures one click away."""
    view, spec = drawn
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(topic, width="content")
            with st.popover(
                "Data", icon=":material/table:", type="tertiary", on_change="rerun", key=f"data {name}"
            ) as data:
                if data.open:
                    _data(view, name)
        st.markdown(f"**{escape_markdown(view.title)}.**")
        if view.subtitle:
            st.caption(escape_markdown(view.subtitle))
    if view.chart is not None:
        # Not `altair_chart`, which checks the whole specification on every rerun. Its description carries `view.alt`.
        st.vega_lite_chart(spec, height=view.chart.height, key=f"chart {name}")


def _data(view: ChartView, name: str) -> None:
    st.dataframe(analysis.inert(view.table), hide_index=True, alt=view.alt)
    st.download_button(
        "Download CSV",
        lambda: analysis.csv_text(view.table),
        f"comparison {name}.csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv {name}",
    )


def _drawn(what: str, runs: Sequence[RunRecord], draw: _Draw) -> _Drawn:
    dark = st.context.theme.type == "dark"
    return _compare_runs.once(f"{what} {dark}", runs, lambda: _specified(draw(dark=dark)))


def _specified(view: ChartView) -> _Drawn:
    return _Drawn(view, view.chart.to_dict() if view.chart is not None else {})
