"""Show the figures and charts of a run, each with its finding in words, its n, and its data in a popover."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, get_args

import streamlit as st

from pages.parts.ui import cached
from pipeline.domain.run import RunRecord
from pipeline.results import charts
from pipeline.results.charts.images import ImageFormat, image_file
from pipeline.results.charts.style import MovingView
from pipeline.results.figures import run_tiles
from pipeline.text import spreadsheet
from pipeline.text.wording import escape_markdown, file_name

if TYPE_CHECKING:
    import pandas as pd


class RenderedChart(NamedTuple):
    """A chart with its Vega-Lite specification; empty where there is no chart."""

    view: charts.ChartView
    spec: dict[str, Any]


class Draw(Protocol):
    """Function that draws a chart for a theme."""

    def __call__(self, *, dark: bool) -> charts.ChartView:
        """Draw it."""


def cached_chart(what: str, runs: Sequence[RunRecord], draw: Draw) -> RenderedChart:
    """Render a chart of runs, cached when all of them have ended: rendering takes a tenth of a second.

    Args:
        what: name of the chart, with everything else it depends on.
        runs: the runs it shows.
        draw: draws it.
    """
    dark = is_dark()
    return cached(f"{what} {dark}", runs, lambda: rendered(draw(dark=dark)))


def rendered(view: charts.ChartView) -> RenderedChart:
    """Render a chart without validation: the tests check that Vega-Lite accepts it."""
    return RenderedChart(view, view.chart.to_dict(validate=False) if view.chart is not None else {})


def metrics(run: RunRecord) -> None:
    """Show six figures, each with its n and its interval, or the reason why there is none."""
    # Wide enough for "Spent (simulated)".
    with st.grid(3, min_column_width=190, gap="small"):
        for one in run_tiles(run):
            tile(one.label, one.value, one.note, one.meaning or None)


def tile(label: str, value: str, note: str, meaning: str | None = None) -> None:
    """Show one figure in a frame, with a line of small print."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(escape_markdown(label), escape_markdown(value), help=escape_markdown(meaning or "") or None)
        # A metric's own small print would be cut off where it is narrow, and "(simulated)" with it.
        st.caption(escape_markdown(note))


def show_charts(run: RunRecord) -> None:
    """Show scores, mix, cost and refinement in two columns, or one where the page is narrow."""
    with st.grid(2, min_column_width=380, gap="small"):
        with st.container(border=True, height="stretch"):
            _distribution(run)
        with st.container(border=True, height="stretch"):
            _mix(run)
        with st.container(border=True, height="stretch"):
            _cost(run)
        with st.container(border=True, height="stretch"):
            _uplift(run)


@st.fragment
def _distribution(run: RunRecord) -> None:
    slot = st.container()
    # Four words of this length do not fit side by side into a column.
    dimension = st.selectbox(
        "Score shown",
        get_args(charts.Dimension),
        key="dimension",
        bind="query-params",
        label_visibility="collapsed",
        width=180,
    )
    with slot:
        dark = is_dark()
        view = cached(
            f"scores {dimension} {dark}", [run], lambda: charts.moving_distribution(run, dimension, dark=dark)
        )
        _chart(run, "Score distribution", view, "scores")


@st.fragment
def _mix(run: RunRecord) -> None:
    bar = cached_chart("outcomes", [run], lambda *, dark: charts.outcome_bar(run))
    _chart(run, "Local and frontier", bar.view, "outcomes", bar.spec)
    lines = [
        f"**{escape_markdown(str(row.words))} · {row.personas:,}**  {escape_markdown(str(row.meaning))}"
        for row in bar.view.table.itertuples()
    ]
    st.caption("\n\n".join(lines))


@st.fragment
def _uplift(run: RunRecord) -> None:
    slopes = cached_chart("uplift", [run], partial(charts.uplift_slopes, run))
    _chart(run, "Did refinement help?", slopes.view, "uplift", slopes.spec)


@st.fragment
def _cost(run: RunRecord) -> None:
    if not run.spent_micros:
        _chart(run, "Cumulative cost", charts.cost_curve(run), "cost")
        return
    slot = st.container()
    by = cost_over()
    with slot:
        curve = cached_chart(f"cost {by}", [run], partial(charts.cost_curve, run, by))
        _chart(run, "Cumulative cost", curve.view, "cost", curve.spec)


def cost_over() -> charts.Progress:
    """Choose the horizontal axis of the cost chart; the choice is in the address."""
    by = st.segmented_control(
        "Cost over",
        get_args(charts.Progress),
        default="call",
        required=True,
        format_func="by {}".format,
        key="by",
        bind="query-params",
        label_visibility="collapsed",
    )
    return by or "call"


def _chart(
    run: RunRecord,
    topic: str,
    view: charts.ChartView | MovingView,
    name: str,
    spec: dict[str, Any] | None = None,
) -> None:
    chart(topic, view, name, file=run.id, simulated=run.simulated, on_demand=True, spec=spec)


def chart(
    topic: str,
    view: charts.ChartView | MovingView,
    name: str,
    *,
    file: str,
    simulated: bool,
    on_demand: bool = False,
    spec: dict[str, Any] | None = None,
) -> None:
    """Show a chart below its topic and finding, with its data in a popover.

    Args:
        topic: its subject, in a few words.
        view: the chart.
        name: of its widgets, unique on a page.
        file: start of the name of its download.
        simulated: whether its amounts are simulated.
        on_demand: send the data only when opened, which takes a rerun; for charts that are redrawn often.
        spec: see `draw`.
    """
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(escape_markdown(topic), width="content")
            opening = {"key": f"open {name}", "on_change": "rerun"} if on_demand else {}
            popover = st.popover("Data", icon=":material/table:", type="tertiary", **opening)
            if not on_demand or popover.open:
                with popover:
                    _data(view.still() if isinstance(view, MovingView) else view, name, file, simulated)
        st.markdown(f"**{escape_markdown(view.title)}.**")
        if view.subtitle:
            st.caption(escape_markdown(view.subtitle))
    draw(view, name, spec)


def draw(view: charts.ChartView | MovingView, name: str, spec: dict[str, Any] | None = None) -> None:
    """Draw the chart alone, where there is one; its description carries `view.alt`.

    Args:
        view: the chart.
        name: of its widget.
        spec: its cached specification; without one Streamlit builds and validates it on every rerun.
    """
    if spec and view.chart is not None:
        st.vega_lite_chart(spec, height=view.chart.height, key=f"chart {name}")
    elif isinstance(view, MovingView):
        st.vega_lite_chart(view.vega, height=view.height, key=f"chart {name}")
    elif view.chart is not None:
        st.altair_chart(view.chart, height=view.chart.height, key=f"chart {name}")


def _data(view: charts.ChartView, name: str, file: str, simulated: bool) -> None:
    table = _marked(simulated, view.table)
    caption = f"{file}{' · simulated' if simulated else ''}"
    with st.container(horizontal=True, gap="xsmall"):
        _download("CSV", lambda: spreadsheet.csv_text(table), name, file)
        for form in get_args(ImageFormat) if view.chart is not None else ():
            _download(form.upper(), partial(image_file, view, form, caption), name, file)
    st.dataframe(spreadsheet.inert(table), hide_index=True, alt=view.alt)


def _download(form: str, data: Callable[[], str | bytes], name: str, file: str) -> None:
    ending = form.lower()
    st.download_button(
        form,
        data,
        file_name(f"{file} {name}.{ending}"),
        icon=":material/download:",
        on_click="ignore",
        key=f"{ending} {name}",
        help=f"Download this chart as {form}." if form != "CSV" else "Download the data as CSV.",
    )


def is_dark() -> bool:
    """Return whether the reader's theme is dark, on which labels inside charts depend."""
    return st.context.theme.type == "dark"


def csv(run: RunRecord, table: "pd.DataFrame") -> str:
    """Format a table as CSV, with simulated amounts marked in the column names."""
    return spreadsheet.csv_text(_marked(run.simulated, table))


def _marked(simulated: bool, table: "pd.DataFrame") -> "pd.DataFrame":
    return table.rename(columns=lambda name: f"{name} (simulated)" if simulated and "usd" in name else name)
