"""Runs: which runs do I have?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages import _ui
from pipeline.errors import StoreError
from pipeline.models import RunStatus
from pipeline.store import RunSummary
from pipeline.words import MISSING, count, escape_markdown, usd

if TYPE_CHECKING:
    import pandas as pd

_MOST = 1000
"""The newest runs that are listed; older ones are found on the command line."""

_ROW_PX, _HEAD_PX, _MOST_ROWS = 36, 38, 14


def page() -> None:
    """All runs, newest first, and what can be done with one."""
    _ui.header("Runs", "Which runs do I have?")
    runs = _ui.services().store.runs(_MOST)
    if not runs:
        _no_run_yet()
        return
    found = _filtered(runs)
    if not found:
        st.info("No run fits this search. Take a word or a filter away.", icon=":material/search_off:")
        return
    actions = st.container(horizontal=True, vertical_alignment="center", gap="small")
    chosen = _table(found, len(runs))
    with actions:
        _actions(chosen)


def _no_run_yet() -> None:
    with st.container(border=True):
        st.markdown("**No run yet.** Every run will be listed here with its settings, its scores and its cost.")
        st.page_link(
            _ui.CONFIGURE,
            label="Configure the first run",
            icon=":material/tune:",
            query_params=_ui.address(_ui.CONFIGURE),
        )


def _filtered(runs: Sequence[RunSummary]) -> list[RunSummary]:
    present: list[RunStatus] = [status for status in _ui.STATUS if any(run.status == status for run in runs)]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        words = st.text_input(
            "Search",
            type="search",
            placeholder="Search name, study, model or id",
            live="200ms",
            key="search",
            bind="query-params",
            label_visibility="collapsed",
            width=320,
        )
        statuses: Sequence[RunStatus] = ()
        if len(present) > 1:
            statuses = st.pills(
                "Statuses shown",
                present,
                selection_mode="multi",
                key="status",
                bind="query-params",
                label_visibility="collapsed",
            )
    return [run for run in runs if _fits(run, words or "") and (not statuses or run.status in statuses)]


def _fits(run: RunSummary, words: str) -> bool:
    """Whether every word occurs somewhere in what the table says of the run."""
    text = " ".join(
        (run.name, run.study_name, run.local_model, run.local_provider, run.frontier_model, run.id)
    ).casefold()
    return all(word in text for word in words.casefold().split())


def _table(runs: Sequence[RunSummary], total: int) -> RunSummary:
    """The table; returns the run that is chosen in it, the first one unless another was clicked."""
    state = st.dataframe(
        _rows(runs),
        height=_HEAD_PX + _ROW_PX * min(len(runs), _MOST_ROWS),
        row_height=_ROW_PX,
        hide_index=True,
        placeholder=MISSING,
        on_select="rerun",
        selection_mode="single-row-required",
        # Another selection of runs is another table: a remembered row number would choose a stranger.
        key=f"runs {hash(tuple(run.id for run in runs))}",
        column_config={
            "Run": st.column_config.TextColumn(width=200),
            "Mean score": st.column_config.ProgressColumn(
                min_value=0, max_value=1, format="%.2f", width=120, help="Of the delivered personas: n is beside it."
            ),
            "Personas": st.column_config.NumberColumn(width=80),
            "Spent": st.column_config.TextColumn(width=150),
            "Threshold": st.column_config.NumberColumn(format="%.2f", width="small"),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=_ui.viewer_zone().key),
        },
        alt=f"Table of {count(len(runs), 'run')}, newest first.",
    )
    shown = count(total, "run") if len(runs) == total else f"{len(runs)} of {count(total, 'run')}"
    st.caption(f"{shown}. Choose one in the table to open, rename or delete it.")
    rows = state["selection"]["rows"]
    return runs[rows[0]] if rows and rows[0] < len(runs) else runs[0]


def _rows(runs: Sequence[RunSummary]) -> "pd.DataFrame":
    """One row per run, in the given order; texts do nothing, on screen or downloaded."""
    import pandas as pd

    from pipeline.analysis import inert

    table = pd.DataFrame(
        {
            "Run": [run.name for run in runs],
            "Status": [run.status for run in runs],
            "Mean score": [run.mean_score for run in runs],
            "Personas": [run.personas for run in runs],
            "Kept local": [f"{run.kept_local} of {run.personas}" if run.personas else MISSING for run in runs],
            "Spent": [usd(run.spent_micros, run.simulated) for run in runs],
            "Study": [run.study_name for run in runs],
            "Threshold": [run.threshold for run in runs],
            "Drafts by": [_drafter(run) for run in runs],
            "Refined by": [run.frontier_model for run in runs],
            "Started": [run.created_at for run in runs],
        }
    )
    return inert(table)


def _drafter(run: RunSummary) -> str:
    return "builtin" if run.local_provider == "builtin" else run.local_model


# --- one run ---------------------------------------------------------------------------------------


def _actions(run: RunSummary) -> None:
    if st.button("Open", type="primary", icon=":material/open_in_full:"):
        # Not `use_run`: the address of this page, which the browser's way back leads to, stays as it is.
        st.session_state[_ui.RUN_KEY] = run.id
        _ui.go(_ui.RESULTS)
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename {run.id}", border=False):
        name = st.text_input("Name of this run", run.name, max_chars=120, key=f"name {run.id}")
        if st.form_submit_button("Save", type="primary") and name and name.strip():
            _ui.services().store.rename_run(run.id, name.strip())
            st.rerun()
    running = run.status == "running"
    with st.popover(
        "Delete",
        icon=":material/delete:",
        disabled=running,
        help="This run is running. Cancel it on Results first." if running else None,
    ):
        _delete_form(run)
    st.markdown(escape_markdown(run.name), width="content")


def _delete_form(run: RunSummary) -> None:
    spent = f" It spent {usd(run.spent_micros, run.simulated)}." if run.spent_micros else ""
    st.markdown(
        escape_markdown(
            f"{run.name}: {count(run.personas, 'persona')} with scores and evidence, drafts and calls are erased "
            f"from the database. The study stays.{spent} This cannot be undone."
        )
    )
    if st.button("Delete for good", type="primary", icon=":material/delete:", key=f"delete {run.id}"):
        _delete(run)


def _delete(run: RunSummary) -> None:
    try:
        _ui.services().store.delete_run(run.id)
    except StoreError as error:
        _ui.problem(error)
        return
    if st.session_state.get(_ui.RUN_KEY) == run.id:
        st.session_state.pop(_ui.RUN_KEY)
    st.rerun()


page()
