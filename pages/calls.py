"""Calls: what exactly was sent, and what was paid?

One run (`?run=ID`, and `?call=ID` for one attempt) or all runs (`?run=all`, and `?call=RUN/ID`). Totals keep real
and simulated money apart. The attempts are listed a page at a time (`?page=`), newest first.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import streamlit as st

from app import main
from pages.parts import attempt, data_sent, figures, ui
from pages.parts.table import TableColumn, TableRow, keep_in_address, page_turner, shown_page, table
from pipeline.domain.calls import CallChoice, CallGroup, CallTotals, Latency, ListedCall, sum_calls
from pipeline.domain.run import CallStatus, RunRecord, Stage
from pipeline.errors import StoreError
from pipeline.results import export, tables
from pipeline.store import RunName
from pipeline.text import spreadsheet
from pipeline.text.wording import CALL_WORDS, MISSING, count, escape_markdown, file_name, label, milliseconds, usd

T = TypeVar("T", bound=str)

_QUESTION = "What exactly was sent, and what was paid?"
_ALL = "all"
"""Value for all runs, in the address and in the list of runs."""

_MOST_RUNS, _PER_PAGE, _IN_SIGHT = 200, 25, 10
"""Runs offered, attempts on a page, and rows of the table in sight: the chosen attempt is shown below it."""

STAGE_WORDS: dict[Stage, str] = {
    "draft": "drafting",
    "embed": "embedding",
    "judge": "judging",
    "verify": "verifying",
    "count": "counting tokens",
    "refine": "refining",
}


def page() -> None:
    """Show the totals, what left this machine, the attempts, and the chosen attempt."""
    runs: dict[str, RunName | RunRecord] = {run.id: run for run in ui.services().store.run_names(_MOST_RUNS)}
    if not runs:
        _no_run_yet()
        return
    run_id = None if st.query_params.get("run") == _ALL else ui.current_run_id()
    if run_id and run_id not in runs:
        try:
            runs[run_id] = ui.run(run_id)
        except StoreError as error:
            ui.header("Calls", _QUESTION)
            ui.no_such_run(error)
            return
    ui.header("Calls", _QUESTION, run=runs[run_id] if run_id else None)
    _run_chooser(runs, run_id)
    _calls(run_id)


# Nested fragments: choosing an attempt redraws neither totals nor filters.
@st.fragment
def _calls(run_id: str | None) -> None:
    store = ui.services().store
    groups = store.call_groups(run_id)
    choice = _choice(run_id, groups)
    if not groups:
        st.info("No model has been called yet. Every attempt will be listed here.", icon=":material/inbox:")
        return
    total = sum_calls(groups, choice)
    _show_totals(total, _latencies(store.path, choice, repr(groups)))
    if run_id:
        data_sent.panel(run_id)
    else:
        st.caption("Choose one run to see what left this machine.")
    _attempts(choice, total.attempts)


@st.cache_resource(max_entries=64, show_spinner=False)
def _latencies(database: Path, choice: CallChoice, counted: str) -> list[Latency]:
    """Return the latencies of the filtered attempts, cached until their counts change."""
    return ui.services().store.call_latencies(choice)


def _no_run_yet() -> None:
    ui.header("Calls", _QUESTION)
    with st.container(border=True):
        st.markdown("**No run yet.** Every model call will be listed here, with what was sent and what it cost.")
        st.page_link(ui.CONFIGURE, label="Configure the first run", icon=":material/tune:")


# --- which attempts --------------------------------------------------------------------------------


def _choice(run_id: str | None, groups: Sequence[CallGroup]) -> CallChoice:
    """Draw the filters; one with a single possible value is left out."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        stage: Stage | None = _pick(
            "stage", [stage for stage in STAGE_WORDS if _occurs(groups, "stage", stage)], STAGE_WORDS
        )
        providers = list(dict.fromkeys(group.provider for group in groups))
        provider: str | None = _pick("provider", providers, {name: escape_markdown(name) for name in providers})
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
            "All runs" if key == _ALL else f"{label(runs[key].name)} · {ui.when(runs[key].created_at)}"
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
            ui.use_run(picked)
        st.rerun()


def _pick(key: str, options: Sequence[T], words: Mapping[T, str]) -> T | None:
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


@st.fragment
def _attempts(choice: CallChoice, number: int) -> None:
    if not number:
        st.info("No attempt matches these filters. Remove one of them.", icon=":material/filter_alt_off:")
        return
    chosen, pages = _asked(choice.run_id), -(-number // _PER_PAGE)
    page = min(shown_page(choice, _page_with(choice, chosen)), pages)
    first = (page - 1) * _PER_PAGE
    listed = ui.services().store.calls(choice, _PER_PAGE, first)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Attempts", anchor=False, width="content")
        with st.popover("Download", icon=":material/download:"):
            _downloads(choice)
    which = (
        f"Attempts {first + 1:,} to {first + len(listed):,} of {number:,}" if pages > 1 else count(number, "attempt")
    )
    st.caption(f"{which}, newest first. Choose one to read what was sent and what came back.")
    chosen = _table(listed, choice.run_id, chosen)
    page_turner(choice, page, pages)
    if chosen:
        attempt.show_attempt(*chosen, any(run.simulated for run in ui.services().store.listed_runs([chosen.run_id])))


class _Chosen(NamedTuple):
    """An attempt: its id is unique in its run only."""

    run_id: str
    call_id: str


def _asked(run_id: str | None) -> _Chosen | None:
    """Return the attempt of the address."""
    asked = st.query_params.get("call", "")
    run, slash, call = (run_id, "/", asked) if run_id else asked.partition("/")
    return _Chosen(run, call) if run and slash and call else None


def _page_with(choice: CallChoice, chosen: _Chosen | None) -> int:
    newer = ui.services().store.count_newer_calls(choice, *chosen) if chosen else None
    return (newer or 0) // _PER_PAGE + 1


def _table(listed: Sequence[ListedCall], run_id: str | None, chosen: _Chosen | None) -> _Chosen | None:
    """Draw the table; return the attempt chosen in it, or before."""
    with_run, with_mark = run_id is None, any(item.simulated for item in listed)
    marked = table(
        _columns(with_run, with_mark),
        [TableRow(_row_id(item.run_id, item.call.id, run_id), item.call.id, _cells(item, with_run)) for item in listed],
        key="attempts",
        marked=[_row_id(*chosen, run_id)] if chosen else [],
        several=False,
        alt=f"Table of {count(len(listed), 'attempt')}, newest first: stage, model, status, tokens, cost and time.",
        tallest=_IN_SIGHT,
    )
    keep_in_address("call", marked[0] if marked else "")
    return _asked(run_id)


def _row_id(of_run: str, call_id: str, run_id: str | None) -> str:
    return call_id if run_id else f"{of_run}/{call_id}"


def _columns(with_run: bool, with_mark: bool) -> list[TableColumn]:
    return [
        *([TableColumn("Run", 180)] if with_run else ()),
        TableColumn("Draft", 96),
        TableColumn("Stage", 72),
        TableColumn("Status", 92),
        TableColumn("Cost", 172 if with_mark else 78),
        TableColumn("Provider", 92),
        TableColumn("Model"),
        TableColumn("In", 62, help="Tokens of the request", is_number=True),
        TableColumn("Out", 54, help="Tokens of the answer", is_number=True),
        TableColumn("Latency", 70, is_number=True),
        TableColumn("Started", 128),
    ]


def _cells(item: ListedCall, with_run: bool) -> list[str]:
    call = item.call
    started = call.started_at.astimezone(ui.viewer_zone())
    return [
        *([item.run_name] if with_run else ()),
        call.draft_id,
        STAGE_WORDS[call.stage],
        CALL_WORDS[call.status] + (" ⚑" if call.flag else ""),
        usd(call.cost_micros, item.simulated),
        call.provider,
        call.model,
        f"{call.usage.input_tokens:,}",
        f"{call.usage.output_tokens:,}",
        "" if call.status == "in_flight" else milliseconds(call.latency_ms),
        f"{started.day} {started:%b, %H:%M:%S}",
    ]


def _downloads(choice: CallChoice) -> None:
    name = f"{choice.run_id or 'all runs'} attempts"
    store = ui.services().store
    st.download_button(
        "Attempts as CSV",
        lambda: spreadsheet.csv_text(tables.attempt_table(store.calls(choice))),
        file_name(f"{name}.csv"),
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
        file_name(f"{run_id} payloads.json"),
        on_click="ignore",
        width="stretch",
    )
    st.caption("Each request word for word, as proof of what left: words of participants are in it.")


def _show_totals(total: CallTotals, latencies: Sequence[Latency]) -> None:
    with st.grid(3, min_column_width=190, gap="small"):
        figures.tile(
            "Attempts", f"{total.attempts:,}", _ends(total), "Every request to a model, repeated ones included."
        )
        figures.tile(
            f"Settled{_simulated_mark(total)}",
            usd(total.simulated_settled_micros if _is_simulated(total) else total.settled_micros),
            _beside(total, total.simulated_settled_micros, count(total.paid, "paid attempt")),
            "Cost of the attempts that have ended. A lost one is charged at its reservation.",
        )
        figures.tile(
            f"Reserved{_simulated_mark(total)}",
            usd(total.simulated_reserved_micros if _is_simulated(total) else total.reserved_micros),
            _beside(total, total.simulated_reserved_micros, f"{total.in_flight or 'none'} waiting"),
            "Worst-case cost of the attempts that wait for an answer.",
        )
        figures.tile(
            "Tokens in", f"{total.input_tokens:,}", f"{total.cached_tokens or 'none'} of them from a cache", _TOKENS
        )
        figures.tile("Tokens out", f"{total.output_tokens:,}", "hidden reasoning included", _TOKENS)
        _latency_tile(latencies)
    spent = [
        usd(micros, simulated)
        for micros, simulated in ((total.elsewhere_micros, False), (total.simulated_elsewhere_micros, True))
        if micros
    ]
    if spent:
        st.caption(
            escape_markdown(
                f"{' and '.join(spent)} of imported runs is not in these amounts: it was spent where they were made. "
                "Their attempts and tokens are counted."
            )
        )


_TOKENS = "As the providers report them; estimated where they report none. builtin uses none."


def _ends(total: CallTotals) -> str:
    ends = {
        "answered": total.answered,
        "unusable": total.unusable,
        "failed": total.failed,
        "lost": total.lost,
        "waiting": total.in_flight,
    }
    return " · ".join(f"{number:,} {word}" for word, number in ends.items() if number) or "none matches"


def _is_simulated(total: CallTotals) -> bool:
    return total.has_simulated and not total.has_real


def _simulated_mark(total: CallTotals) -> str:
    return " (simulated)" if _is_simulated(total) else ""


def _beside(total: CallTotals, simulated_micros: int, note: str) -> str:
    """Return the small print of an amount: simulated money is beside real money, never part of it."""
    both = total.has_real and simulated_micros
    return f"and {usd(simulated_micros, simulated=True)} · {note}" if both else note


def _latency_tile(latencies: Sequence[Latency]) -> None:
    """Show latencies per stage, refining first: stages differ in model and time, so they are not mixed."""
    by_stage = [
        f"{STAGE_WORDS[latency.stage]} {milliseconds(latency.median_ms)}, p95 {milliseconds(latency.p95_ms)}, "
        f"n = {latency.n:,}"
        for latency in latencies[::-1]
    ]
    figures.tile(
        "Median latency",
        milliseconds(latencies[-1].median_ms) if latencies else MISSING,
        " · ".join(by_stage) or "no attempt has ended",
        "From sending to the answer or the error, per stage. 95 % took no longer than p95.",
    )


ui.show_page(page, main)
