"""Results: are these personas good, where did they come from, and what did they cost?"""

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from app import main
from pages.parts import access, cards, figures, remarks, share, ui
from pages.parts.copy_link import copy_link
from pages.parts.people_map import show_people_map
from pages.parts.questionnaire import show_questionnaire
from pipeline.domain.facts import RunProgress, stage_bars, stage_seconds_left, writing_words
from pipeline.domain.run import RunRecord
from pipeline.errors import PersonaError, StoreError
from pipeline.results.coverage import WHO_COLUMNS, coverage, coverage_sentences, who_rows
from pipeline.results.problems import problems
from pipeline.store.events import describe_batch
from pipeline.text.wording import OUTCOME_WORDS, count, duration, escape_markdown, score, usd

_QUESTION = "Are these personas good, where did they come from, and what did they cost?"


def page() -> None:
    """Show the run of the address, or the latest one."""
    run_id = ui.current_run_id()
    if run_id is None:
        _no_run_yet()
        return
    try:
        run = _load(run_id)
    except StoreError as error:
        ui.header("Results", _QUESTION)
        ui.no_such_run(error)
        return
    ui.header("Results", _QUESTION, run=run)
    st.caption(_facts(run))
    _actions(run)
    if run.status == "running":
        _watch(run.id)
    else:
        _ended(run)


def _load(run_id: str) -> RunRecord:
    store = ui.services().store
    run = ui.run(run_id)
    # The run may belong to a program that has died since this server started.
    if run.status == "running" and not access.is_viewer() and run_id in store.mark_interrupted(datetime.now(UTC)):
        return store.run(run_id)
    return run


def _no_run_yet() -> None:
    ui.header("Results", _QUESTION)
    with st.container(border=True):
        st.markdown("**No run yet.** The personas of a run will be here, with the evidence beside every claim.")
        if not access.is_viewer():
            st.page_link(ui.CONFIGURE, label="Configure the first run", icon=":material/tune:")


# --- the run and what can be done with it ----------------------------------------------------------


def _facts(run: RunRecord) -> str:
    config = run.config
    drafts = "builtin" if config.local_provider == "builtin" else config.local_model
    facts = [
        f"drafts by {drafts}",
        f"refined by {config.frontier_model}" if config.uses_frontier else "local only",
        f"threshold {score(config.quality_threshold)}",
        f"started {ui.when(run.created_at)}",
    ]
    if run.drafts_from:
        facts.insert(0, f"drafts from {run.drafts_from}")
    if run.imported_at:
        facts.append(f"imported {ui.when(run.imported_at)}")
    return escape_markdown(" · ".join(facts))


def _actions(run: RunRecord) -> None:
    if access.is_viewer():
        with st.container(horizontal=True, gap="small"):
            _export(run)
            copy_link({"run": run.id}, key="copy link")
        return
    resumed = False
    with st.container(horizontal=True, gap="small"):
        if run.status == "running":
            _cancel_button(run)
        elif run.can_resume:
            resumed = _resume_button()
        _branch_button(run)
        _export(run)
        if st.button("Calibrate", icon=":material/speed:", help="Try thresholds on the drafts of this run."):
            st.switch_page(ui.CALIBRATE, query_params={"runs": run.id})
        copy_link({"run": run.id}, key="copy link")
        with st.popover("Rename", icon=":material/edit:"):
            _rename_form(run)
        # A closed popover costs the browser one button, however much is in it.
        with st.popover("More", icon=":material/more_horiz:"):
            _more(run)
    if resumed:
        _resume(run)


def _more(run: RunRecord) -> None:
    """Draw the rarely used actions of a run."""
    if st.button(
        "Clone configuration",
        icon=":material/content_copy:",
        width="stretch",
        help="Open Configure with the settings of this run, on the same study.",
    ):
        st.session_state[ui.STUDY_KEY] = run.study_id
        ui.use_config(run.config)
        ui.go(ui.CONFIGURE)
    if st.button(
        "Calls", icon=":material/receipt_long:", width="stretch", help="What was sent to which model, and what it cost."
    ):
        ui.go(ui.CALLS)
    if st.button(
        "Label", icon=":material/checklist:", width="stretch", help="Judge drafts of this run blind, for a certificate."
    ):
        ui.go(ui.LABEL)


def _branch_button(run: RunRecord) -> None:
    """Draw Branch: another threshold, model, order or budget on the same drafts."""
    reason = "The run has not ended." if run.status == "running" else "" if run.drafts else "No draft has a score."
    if st.button(
        "Branch",
        icon=":material/call_split:",
        disabled=bool(reason),
        help=reason or "Open Configure with these settings and these drafts: nothing is drafted or scored again.",
    ):
        st.session_state[ui.STUDY_KEY] = run.study_id
        ui.use_config(run.config, drafts_from=run.id)
        ui.go(ui.CONFIGURE)


def _cancel_button(run: RunRecord) -> None:
    if st.button(
        "Cancel",
        icon=":material/stop_circle:",
        help="Stops before the next call. Finished work is kept, and Resume continues from there.",
    ):
        ui.services().worker.cancel(run.id)


def _resume_button() -> bool:
    return st.button(
        "Resume",
        type="primary",
        icon=":material/play_arrow:",
        help="Does what is missing. Answered requests are not sent or paid again.",
    )


def _resume(run: RunRecord) -> None:
    try:
        ui.services().worker.resume(run.id, ui.settings())
    except PersonaError as error:
        ui.problem(error)
    else:
        st.rerun()


@st.fragment
def _export(run: RunRecord) -> None:
    # Filled when opened: otherwise its buttons would be built on every rerun.
    with st.popover("Export", icon=":material/download:", key="export", on_change="rerun") as opened:
        if opened.open:
            share.exports(run)


def _rename_form(run: RunRecord) -> None:
    with st.form(f"rename {run.id}", border=False):
        name = st.text_input("Name of this run", run.name, max_chars=120, key=f"name {run.id}")
        if st.form_submit_button("Save", type="primary") and name and name.strip():
            ui.services().store.rename_run(run.id, name.strip())
            st.rerun()


# --- while it runs ---------------------------------------------------------------------------------


@st.fragment(run_every=1.0)
def _watch(run_id: str) -> None:
    """Show the state of a running run every second; redraw the page when it has ended."""
    store = ui.services().store
    progress = store.progress(run_id)
    if progress.status != "running":
        st.rerun()
    with st.container(border=True):
        for column, bar in zip(st.columns(3, gap="medium"), stage_bars(progress), strict=True):
            planned = "not begun" if bar.planned is None else f"{bar.done:,} of {bar.planned:,}"
            column.progress(bar.fraction, text=f"**{escape_markdown(bar.title)}** · {planned}")
        st.caption(_pace(progress))
    run = store.run(run_id)
    spent, latest = st.columns([1, 2], gap="small")
    with spent:
        mark = " (simulated)" if run.simulated else ""
        figures.tile(f"Spent{mark}", usd(progress.spent_micros), _reserved(progress, run))
    with latest.container(border=True, height="stretch"):
        st.caption("Latest")
        st.text(writing_words(progress) or progress.latest or "Nothing yet.")
    _so_far(run)


def _pace(progress: RunProgress) -> str:
    if progress.cancel_requested:
        return f":material/stop_circle: Stopping {'the batch' if progress.batch else 'before the next call'} …"
    if progress.batch:
        return f":material/hourglass: {escape_markdown(describe_batch(progress.batch))}"
    left = stage_seconds_left(progress, datetime.now(UTC))
    return f"About {duration(left)} left in this stage." if left else "Closing this page does not stop the run."


def _reserved(progress: RunProgress, run: RunRecord) -> str:
    budget = "no cap" if progress.budget_micros is None else f"of {usd(progress.budget_micros)}"
    reserved = usd(progress.reserved_micros)
    return f"{budget}, {reserved} reserved" if progress.reserved_micros else budget


def _so_far(run: RunRecord) -> None:
    """List finished personas, one line each, with placeholders for those to come."""
    st.header("Personas so far", anchor=False)
    for final in run.personas:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{score(final.assessment.scores.overall)}**", width="content")
            st.markdown(escape_markdown(final.persona.name), width="content")
            st.badge(OUTCOME_WORDS[final.outcome], color="gray")
    if not run.personas:
        st.caption("None yet. They are refined and listed when all drafts have a score.")
        for _ in range(3):
            st.skeleton(height=56)


# --- when it has ended -----------------------------------------------------------------------------


def _ended(run: RunRecord) -> None:
    _how_it_ended(run)
    _notes(run)
    if not run.drafts:
        st.info("No draft has a score, so there is nothing to show yet.", icon=":material/inbox:")
        return
    if changed := sum(final.edited is not None for final in run.shown):
        st.caption(
            f"{count(changed, 'persona')} edited since. Figures and charts here are of the texts as the run delivered "
            "them; cards, coverage and exports follow the edits."
        )
    figures.metrics(run)
    _coverage(run)
    if run.personas:
        show_people_map(run)
    figures.show_charts(run)
    if run.personas:
        remarks.show_run_remarks(run)
        show_questionnaire(run)
        cards.show_cards(run, ui.study(run.study_id))


def _coverage(run: RunRecord) -> None:
    """Say who is represented, and open to who is left out, what overlaps and what the other rule would choose."""
    found = ui.cached("coverage", [run], partial(coverage, run))
    whole, *details = coverage_sentences(found) or ("",)
    if whole:
        with st.expander(escape_markdown(whole), icon=":material/groups:"):
            st.markdown("\n".join(f"- {escape_markdown(sentence)}" for sentence in details))
            st.dataframe(
                [dict(zip(WHO_COLUMNS, row, strict=True)) for row in who_rows(found)],
                hide_index=True,
                alt="Each persona with its participants",
            )


def _how_it_ended(run: RunRecord) -> None:
    match run.status:
        case "completed" if found := problems(run):
            lines = [f"- {escape_markdown(sentence)}" for sentence in found]
            st.warning("\n".join(["**Completed with problems.**", "", *lines]), icon=":material/warning:")
        case "failed":
            _failure(run.error or "No reason was recorded.", resumable=run.imported_at is None)
        case "cancelled":
            st.info(f"This run was cancelled. {_what_is_there(run)}", icon=":material/cancel:")
        case "interrupted":
            st.warning(
                f"The program stopped before this run had ended. {_what_is_there(run)}",
                icon=":material/pause_circle:",
            )


def _what_is_there(run: RunRecord) -> str:
    # Drafts without a score are in the store, but not in the record.
    there = ui.services().store.progress(run.id)
    kept = f"{count(there.drafted, 'draft')} and {count(there.finished, 'finished persona')} are kept."
    if run.imported_at:
        return f"{kept} It was imported and can be resumed only where it was made."
    return f"{kept} Resume continues where it stopped; nothing is paid twice."


def _failure(reason: str, *, resumable: bool) -> None:
    # Only a defect of ours carries a traceback; its last line says what went wrong.
    lines = reason.strip().splitlines()
    remedy = "Resume tries the rest again" if resumable else "it was imported and can be resumed only where it was made"
    ui.problem(f"This run failed. {lines[-1].rstrip('.')}. Finished work is kept: {remedy}.")
    if len(lines) > 1:
        with st.expander("Technical details, for a report of this defect", icon=":material/bug_report:"):
            st.code(reason, language=None, height=240)


def _notes(run: RunRecord) -> None:
    notes = [*run.warnings, *(f"{failure.draft_id} failed: {failure.reason}" for failure in run.failures)]
    if notes:
        with st.expander(f"{count(len(notes), 'note')} about this run", icon=":material/info:"):
            st.markdown("\n".join(f"- {escape_markdown(note)}" for note in notes))


ui.show_page(page, main)
