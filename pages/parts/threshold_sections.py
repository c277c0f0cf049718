"""What stands below the figures of Calibrate: one section at a time, so that a move has one chart to move, not four."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages import _calibrate_more
from pages.parts import calibration_run, figures
from pipeline.domain.units import MICROS
from pipeline.results.charts.style import ChartView, MovingView
from pipeline.text.wording import escape_markdown

if TYPE_CHECKING:
    from pipeline.calibration.board import Board

SECTION_KEY = "show"
"""Of the chooser, whose value is in the address."""


def section(board: "Board", place: int) -> None:
    """The chooser, and the section that is chosen.

    Args:
        board: everything worked out.
        place: the stop of the threshold.
    """
    found = _sections(board)
    names = list(found)
    if st.session_state.get(SECTION_KEY, names[0]) not in found:
        # Chosen with other runs or labels, which allowed more to be shown.
        del st.session_state[SECTION_KEY]
    chosen = st.segmented_control(
        "Shown below",
        names,
        default=names[0],
        required=True,
        key=SECTION_KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    found[chosen or names[0]](board, place)


def _sections(board: "Board") -> dict[str, Callable[["Board", int], None]]:
    """What these drafts and labels allow to be shown, the most useful first."""
    labelled, priced = board.labels is not None, board.exchange is not None
    everything = {
        "Risk": (labelled, _risk),
        "Cost": (True, _cost),
        "Quality": (priced, _quality),
        "Worth of the score": (bool(board.bins), _calibrate_more.worth),
        "Refining": (True, calibration_run.show),
        "Simpler rules": (priced, _calibrate_more.rules),
        "Own threshold": (labelled, _calibrate_more.test),
        "Table": (True, _every_threshold),
    }
    return {name: show for name, (is_there, show) in everything.items() if is_there}


def _risk(board: "Board", place: int) -> None:
    from pipeline.results.charts.calibration import risk_curve

    alpha = board.terms.promise.alpha
    _chart("Risk", risk_curve(board.positions, board.positions[place], alpha, dark=figures.is_dark()))


def _cost(board: "Board", place: int) -> None:
    from pipeline.results.charts.calibration import cost_by_threshold

    here, budget, dark = board.positions[place], board.terms.budget_micros, figures.is_dark()
    _chart("Cost", cost_by_threshold(board.positions, here, budget, simulated=board.simulated, dark=dark))


def _quality(board: "Board", place: int) -> None:
    from pipeline.results.charts.tradeoff import cost_quality

    if board.exchange is not None:
        view = cost_quality(board.exchange, place, simulated=board.simulated, dark=figures.is_dark())
        _chart("Cost and quality", view)


def _chart(topic: str, view: ChartView | MovingView) -> None:
    # Few elements: each one that a move sends again is drawn again.
    after = f" :small[:gray[{escape_markdown(view.subtitle)}]]" if view.subtitle else ""
    st.markdown(f"**{topic}: {escape_markdown(view.title)}.**{after}")
    figures.draw(view, topic)


def _every_threshold(board: "Board", _place: int) -> None:
    import pandas as pd

    from pipeline.text import spreadsheet

    mark = " (simulated)" if board.simulated else ""
    rows = [
        {
            "threshold": one.threshold,
            "stays_local": one.local,
            "local_share": one.local_share,
            f"cost_usd{mark}": None if one.cost_micros is None else one.cost_micros / MICROS,
            "saving": one.saving.value if one.saving else None,
            "bad_share": one.bad.estimate if one.bad else None,
            "bad_share_bound": one.bad.bound if one.bad else None,
            "over_budget": one.over_budget,
            "quality": one.quality,
        }
        for one in board.positions
    ]
    frame = pd.DataFrame(rows)
    st.dataframe(frame, hide_index=True, alt="Every threshold with its figures")
    st.download_button(
        "Download CSV",
        lambda: spreadsheet.csv_text(frame),
        f"{board.newest.id} thresholds.csv",
        icon=":material/download:",
        on_click="ignore",
    )
