"""Calls: what exactly was sent, and what was paid?

Of one run (`?run=ID`, and `?call=ID` for one attempt) or of all runs (`?run=all`).
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from pages import _attempt, _sent, _totals, _ui
from pipeline import analysis, export
from pipeline.attempts import CallChoice, CallGroup, ListedCall, totals
from pipeline.errors import StoreError
from pipeline.models import CallStatus, RunRecord, Stage
from pipeline.store import RunName
from pipeline.words import CALL_WORDS, MISSING, count, label, milliseconds

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T", bound=str)

_QUESTION = "What exactly was sent, and what was paid?"
_ALL = "all"
"""Stands in the address, and in the list of runs, for every run of the database."""

_MOST_RUNS, _MOST_LISTED = 200, 500
_ROW_PX, _HEAD_PX, _MOST_ROWS = 36, 38, 10


def page() -> None:
    """Totals first, then what left this machine, then every attempt, then the one that was chosen."""
    runs: dict[str, RunName | RunRecord] = {run.id: run for run in _ui.services().store.run_names(_MOST_RUNS)}
    if not runs:
        _no_run_yet()
        return
    run_id = None if st.query_params.get("run") == _ALL else _ui.current_run_id()
    if run_id and run_id not in runs:
        try:
            runs[run_id] = _ui.run(run_id)
        except StoreError as error:
            _ui.header("Calls", _QUESTION)
            _ui.no_such_run(error)
            return
    _ui.header("Calls", _QUESTION, run=runs[run_id] if run_id else None)
    groups = _ui.services().store.call_groups(run_id)
    choice = _choice(runs, run_id, groups)
    if not groups:
        st.info("No model has been called yet. Every attempt will be listed here.", icon=":material/inbox:")
        return
    _totals.show(totals(groups, choice), _ui.services().store.call_latencies(choice))
    if run_id:
        _sent.panel(run_id)
    else:
        st.caption("Choose one run to read what left this machine in it.")
    _attempts(choice)


def _no_run_yet() -> None:
    _ui.header("Calls", _QUESTION)
    with st.container(border=True):
        st.markdown(
            "**No run yet.** Every attempt at a model will be listed here, with what was sent and what it cost."
        )
        st.page_link(_ui.CONFIGURE, label="Configure the first run", icon=":material/tune:")


# --- which attempts --------------------------------------------------------------------------------


def _choice(runs: Mapping[str, RunName | RunRecord], run_id: str | None, groups: Sequence[CallGroup]) -> CallChoice:
    """The run and the filters; a filter with one possible value is not offered."""
    _run_chooser(runs, run_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        stage: Stage | None = _pick(
            "stage", [stage for stage in _totals.STAGES if _occurs(groups, "stage", stage)], _totals.STAGES
        )
        providers = list(dict.fromkeys(group.provider for group in groups))
        provider: str | None = _pick("provider", providers, {name: name for name in providers})
        status: CallStatus | None = _pick(
            "ended", [status for status in CALL_WORDS if _occurs(groups, "status", status)], CALL_WORDS
        )
    return CallChoice(run_id=run_id, stage=stage, provider=provider, status=status)


def _occurs(groups: Sequence[CallGroup], field: str, value: str) -> bool:
    return any(getattr(group, field) == value for group in groups)


def _run_chooser(runs: Mapping[str, RunName | RunRecord], run_id: str | None) -> None:
    shown = run_id or _ALL
    options = [_ALL, *runs]
    # The choice follows the address, so its key changes with it.
    picked = st.selectbox(
        "Run",
        options,
        index=options.index(shown),
        format_func=lambda key: (
            "All runs" if key == _ALL else f"{label(runs[key].name)} · {_ui.when(runs[key].created_at)}"
        ),
        key=f"run_shown_{shown}",
        label_visibility="collapsed",
        width=440,
    )
    if picked != shown:
        st.query_params.clear()
        if picked == _ALL:
            st.query_params["run"] = _ALL
        else:
            _ui.use_run(picked)
        st.rerun()


def _pick(key: str, options: Sequence[T], words: dict[T, str]) -> T | None:
    if len(options) < 2:
        return None
    chosen: T | None = st.pills(
        f"Filter by {key}",
        options,
        format_func=words.__getitem__,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen


# --- every attempt ---------------------------------------------------------------------------------


def _attempts(choice: CallChoice) -> None:
    listed = _ui.services().store.calls(choice, _MOST_LISTED + 1)
    if not listed:
        st.info("No attempt fits these filters. Take one of them away.", icon=":material/filter_alt_off:")
        return
    shown, more = listed[:_MOST_LISTED], len(listed) > _MOST_LISTED
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Attempts", anchor=False, width="content")
        with st.popover("Download", icon=":material/download:"):
            _downloads(choice)
    first = f"The newest {len(shown):,}; the CSV has all." if more else f"{count(len(shown), 'attempt')}, newest first."
    st.caption(f"{first} Choose one to read what was sent and what came back.")
    chosen = _table(shown, choice.run_id)
    if chosen:
        _attempt.show(*chosen)


def _table(listed: Sequence[ListedCall], run_id: str | None) -> tuple[str, str, bool] | None:
    """The table; the run, the id and the mark of the attempt that is chosen in it or by the address."""
    ids = [item.call.id for item in listed]
    asked = st.query_params.get("call") if run_id else None
    state = st.dataframe(
        _rows(listed, with_run=run_id is None),
        height=_HEAD_PX + _ROW_PX * min(len(listed), _MOST_ROWS),
        row_height=_ROW_PX,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(asked)]}} if asked in ids else None,
        # Another selection of attempts is another table: a remembered row number would choose a stranger.
        key=f"attempts {hash(tuple((item.run_id, item.call.id) for item in listed))}",
        column_config={
            "Draft": st.column_config.TextColumn(width=82),
            "Stage": st.column_config.TextColumn(width=66),
            "Status": st.column_config.TextColumn(width=78),
            "Provider": st.column_config.TextColumn(width=76),
            "Model": st.column_config.TextColumn(width=132),
            "In": st.column_config.NumberColumn(width=52, format="localized", help="Tokens of the request"),
            "Out": st.column_config.NumberColumn(width=48, format="localized", help="Tokens of the answer"),
            "Cost": st.column_config.TextColumn(width=146 if any(item.simulated for item in listed) else 76),
            "Latency": st.column_config.TextColumn(width=64),
            "Started": st.column_config.DatetimeColumn(format="D MMM, HH:mm:ss", timezone=_ui.viewer_zone().key),
        },
        alt=f"Table of {count(len(listed), 'attempt')}, newest first: stage, model, status, tokens, cost and time.",
    )
    rows = [row for row in state["selection"]["rows"] if row < len(listed)]
    if rows:
        item = listed[rows[0]]
        if run_id:
            st.query_params["call"] = item.call.id
        return item.run_id, item.call.id, item.simulated
    if run_id and asked and asked not in ids:
        return run_id, asked, listed[0].simulated
    st.query_params.pop("call", None)
    return None


def _rows(listed: Sequence[ListedCall], with_run: bool) -> "pd.DataFrame":
    """One row per attempt, in the given order; texts do nothing, on screen or downloaded."""
    import pandas as pd

    calls = [item.call for item in listed]
    run = {"Run": [item.run_name for item in listed]} if with_run else {}
    columns = {
        **run,
        "Draft": [call.draft_id for call in calls],
        "Stage": [_totals.STAGES[call.stage] for call in calls],
        "Status": [CALL_WORDS[call.status] + (" ⚑" if call.flag else "") for call in calls],
        "Cost": [_ui.money(item.call.cost_micros, item.simulated) for item in listed],
        "Provider": [call.provider for call in calls],
        "Model": [call.model for call in calls],
        "In": [call.usage.input_tokens for call in calls],
        "Out": [call.usage.output_tokens for call in calls],
        "Latency": [MISSING if call.status == "in_flight" else milliseconds(call.latency_ms) for call in calls],
        "Started": [call.started_at for call in calls],
    }
    return analysis.inert(pd.DataFrame(columns))


def _downloads(choice: CallChoice) -> None:
    name = f"{choice.run_id or 'all runs'} attempts"
    store = _ui.services().store
    st.download_button(
        "Attempts as CSV",
        lambda: analysis.csv_text(analysis.attempts(store.calls(choice))),
        f"{name}.csv",
        on_click="ignore",
        width="stretch",
    )
    run_id = choice.run_id
    if run_id is None:
        st.caption("Choose one run to download what it sent.")
        return
    st.download_button(
        "What was sent as JSON",
        lambda: json.dumps(export.payload_document(store.run(run_id)), indent=2, ensure_ascii=False),
        f"{run_id} payloads.json",
        on_click="ignore",
        width="stretch",
    )


page()
