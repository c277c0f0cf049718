"""Actions on marked runs: open, compare, describe, pin, archive, delete, and undo a deletion."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.parts import access, ui
from pipeline.domain.comparison import FEWEST, MOST
from pipeline.errors import StoreError
from pipeline.store.run_list import UNDO_FOR, ListedRun, RemovedRun
from pipeline.text.wording import count, escape_markdown, label, usd

_UNDO_SHOWN = 5


def show_run_actions(chosen: Sequence[ListedRun]) -> None:
    """Draw a row of buttons for the marked runs; disabled ones say why."""
    one = chosen[0] if len(chosen) == 1 else None
    if st.button(
        "Open",
        type="primary" if one else "secondary",
        icon=":material/open_in_full:",
        disabled=one is None,
        help=None if one else "Mark one run in the table.",
    ):
        # Not `use_run`: the address of this page must stay as it is for the browser's Back button.
        st.session_state[ui.RUN_KEY] = chosen[0].id
        ui.go(ui.RESULTS)
    comparable = FEWEST <= len(chosen) <= MOST
    if st.button(
        f"Compare {len(chosen)}" if comparable else "Compare",
        type="primary" if comparable else "secondary",
        icon=":material/compare_arrows:",
        disabled=not comparable,
        help=None if comparable else f"Mark {FEWEST} to {MOST} runs in the table; the top one is the baseline.",
    ):
        st.switch_page(ui.COMPARE, query_params={"runs": ",".join(run.id for run in chosen)})
    if access.is_viewer():
        return
    if one:
        with st.popover("Describe", icon=":material/edit:"):
            _describe_form(one)
    if chosen:
        _pin_and_archive(chosen)
        _delete_button(chosen)
        named = label(chosen[0].name, 40) if one else count(len(chosen), "run")
        st.markdown(escape_markdown(named), width="content")


def offer_undo(removed: Sequence[RemovedRun]) -> None:
    """Offer to undo each recent deletion."""
    for run in removed[:_UNDO_SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            left = max(1, round((UNDO_FOR - (datetime.now(UTC) - run.deleted_at)).total_seconds() / 60))
            st.markdown(
                f":material/delete: {escape_markdown(label(run.name))} was deleted. Undo works for "
                f"{count(left, 'minute')} more.",
                width="content",
            )
            if st.button("Undo", icon=":material/undo:", key=f"undo {run.id}"):
                _try(lambda run=run: ui.services().store.restore_run(run.id))  # type: ignore[misc]


def _describe_form(run: ListedRun) -> None:
    with st.form(f"describe {run.id}", border=False):
        name = st.text_input("Name of this run", run.name, max_chars=120, key=f"name {run.id}")
        tags = st.text_input(
            "Tags", ", ".join(run.tags), max_chars=200, key=f"tags {run.id}", help="Separated by commas."
        )
        note = st.text_area("Note", run.note, max_chars=2000, key=f"note {run.id}")
        if st.form_submit_button("Save", type="primary") and name and name.strip():
            store = ui.services().store
            if name.strip() != run.name:
                store.rename_run(run.id, name.strip())
            store.annotate_run(run.id, tags=(tags or "").split(","), note=note or "")
            st.rerun()


def _pin_and_archive(chosen: Sequence[ListedRun]) -> None:
    store = ui.services().store
    pinned, archived = all(run.pinned for run in chosen), all(run.archived for run in chosen)
    if st.button("Unpin" if pinned else "Pin", icon=":material/keep:", help="Pinned runs stay at the top."):
        for run in chosen:
            store.pin_run(run.id, not pinned)
        st.rerun()
    if st.button(
        "Unarchive" if archived else "Archive",
        icon=":material/archive:",
        help="Archived runs are hidden until the filter shows them; nothing is lost.",
    ):
        for run in chosen:
            store.archive_run(run.id, not archived)
        st.rerun()


def _delete_button(chosen: Sequence[ListedRun]) -> None:
    running = any(run.status == "running" for run in chosen)
    spent = sum(run.spent_micros for run in chosen if not run.simulated)
    money = f" {usd(spent)} was spent, and still counts in the budget of its project." if spent else ""
    if st.button(
        "Delete",
        icon=":material/delete:",
        disabled=running,
        help="A marked run is running. Cancel it on Results first."
        if running
        else f"Undo works for 10 minutes; then deletion is final.{escape_markdown(money)}",
    ):
        _try(lambda: _remove(chosen))


def _remove(chosen: Sequence[ListedRun]) -> None:
    for run in chosen:
        ui.services().store.remove_run(run.id, datetime.now(UTC))
        if st.session_state.get(ui.RUN_KEY) == run.id:
            st.session_state.pop(ui.RUN_KEY)


def _try(change: Callable[[], None]) -> None:
    try:
        change()
    except StoreError as error:
        ui.problem(error)
    else:
        st.rerun()
