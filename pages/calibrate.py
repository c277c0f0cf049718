"""Calibrate: where do I put the threshold?

Left: the drafts, the promise and the budget. Right: the answer. All of it is in the address (`?runs=…&at=0.72`), so
that a link shows what its sender saw.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app import main
from pages.parts import access, calibration_files, experiment, threshold, threshold_data, ui
from pages.parts.threshold_data import CalibrationQuestion
from pipeline.domain.labels import DesignSummary, Promise
from pipeline.domain.scores import RunScores
from pipeline.domain.units import MICROS
from pipeline.errors import StoreError
from pipeline.store import RunName
from pipeline.text.wording import count, escape_markdown, label, usd

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.calibration.threshold_effects import Terms


_QUESTION = "Where do I put the threshold?"
_RUNS_KEY, _DESIGN_KEY, _BUDGET_KEY = "calibrate_runs", "calibrate_design", "budget"
_NO_LABELS = "none"
_PROMISE_KEYS = ("alpha", "confidence", "share", "scope")
_SHARES = ("everything", "what stays local")
_SCOPES = ("future runs", "these drafts")


def page() -> None:
    """Draw the question on the left, the answer on the right."""
    known = threshold_data.ended_runs()
    if not known:
        _no_run_yet()
        return
    try:
        chosen = threshold_data.chosen_runs(known)
        threshold_data.scores(chosen)
    except StoreError as error:
        ui.header("Calibrate", _QUESTION)
        ui.no_such_run(error)
        return
    only = next((run for run in known if [run.id] == chosen), None)
    ui.header("Calibrate", _QUESTION, study_name=_study_name(known, chosen), run=only)
    _asked_and_answered(known, chosen)


@st.fragment
def _asked_and_answered(known: Sequence[RunName], chosen: list[str]) -> None:
    """Draw everything below the header, which changes only with the runs."""
    if threshold_data.chosen_runs(known) != chosen:
        st.rerun()
    runs = threshold_data.scores(chosen)
    left, right = st.columns([1, 2.4], gap="medium")
    with left:
        _choose_runs(known, chosen)
        experiment.experiment_link(chosen)
        reasons = _why_not(runs)
        asked = None if reasons else _ask(runs)
    with right:
        for reason in reasons:
            st.warning(escape_markdown(reason), icon=":material/call_split:")
        result = _answer(*asked) if asked else None
    if result:
        with left:
            calibration_files.files_popover(result)


def _answer(question: CalibrationQuestion, terms: "Terms") -> "CalibrationResult":
    from pipeline.results.calibration import calibration_notes, drift_warning

    result = threshold_data.result(question, terms)
    if warning := drift_warning(result):
        st.warning(escape_markdown(warning), icon=":material/trending_down:")
    threshold.answer(result)
    threshold.actions(result)
    threshold.slider_and_figures(result)
    if found := calibration_notes(result):
        lines = "\n".join(f"- {escape_markdown(note)}" for note in found)
        st.caption(f"**Notes on these figures**\n\n{lines}")
    return result


# --- what is asked ---------------------------------------------------------------------------------


def _no_run_yet() -> None:
    ui.header("Calibrate", _QUESTION)
    with st.container(border=True):
        st.markdown(
            "**No run yet.** Here you try thresholds on scored drafts: how many stay local, what the others cost and, "
            "once some are labelled, which threshold is certified."
        )
        if not access.is_viewer():
            st.page_link(ui.CONFIGURE, label="Configure the first run", icon=":material/tune:")


def _study_name(known: Sequence[RunName], chosen: Sequence[str]) -> str | None:
    names = {run.study_name for run in known if run.id in chosen}
    return names.pop() if len(names) == 1 else None


def _choose_runs(known: Sequence[RunName], chosen: Sequence[str]) -> None:
    names = {run.id: f"{label(run.name)} · {ui.when(run.created_at)}" for run in known}
    # The browser misses a value that is set while the field is not on the page, so each choice has its own field.
    key = f"{_RUNS_KEY} {','.join(chosen)}"
    # In a closed popover these are not on the page: every widget on the page is checked again at every move.
    with st.popover("Runs", icon=":material/list_alt:", width="stretch"):
        st.multiselect(
            "Runs to calibrate on",
            [*names, *(run_id for run_id in chosen if run_id not in names)],
            list(chosen),
            format_func=lambda run_id: names.get(run_id, label(run_id)),
            key=key,
            on_change=_runs_changed,
            args=(key,),
            placeholder="Choose at least one run",
            help="Runs with the same study, models and scorer count as one set of drafts.",
        )
    st.caption(escape_markdown("; ".join(names.get(run_id, run_id) for run_id in chosen) or "No run is chosen."))
    threshold_data.put_in_address("runs", chosen)


def _runs_changed(key: str) -> None:
    threshold_data.put_in_address("runs", st.session_state[key] or [""])
    # Each run has its own budget, threshold, labels, and the promise these were drawn for.
    _forget((_BUDGET_KEY, threshold.AT_KEY, _DESIGN_KEY, "design", *_PROMISE_KEYS))


def _forget(keys: Sequence[str]) -> None:
    for key in keys:
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def _why_not(runs: Sequence[RunScores]) -> list[str]:
    """Return the reasons why these runs cannot be combined or used."""
    from pipeline.calibration.pooled_drafts import why_not_together

    if not runs:
        return ["No run is chosen. Choose one on the left."]
    if running := [label(run.name) for run in runs if run.status == "running"]:
        return [f"{running[0]} is still running. Its drafts can be used when it has ended."]
    if not any(run.drafts for run in runs):
        return [
            "No draft of these runs has been assessed, so there is nothing to calibrate. Resume them, or choose others."
        ]
    reasons = why_not_together(runs)
    return [f"These runs cannot be combined. {' '.join(reasons)} Remove one of them."] if reasons else []


def _ask(runs: Sequence[RunScores]) -> "tuple[CalibrationQuestion, Terms]":
    from pipeline.calibration.threshold_effects import Terms

    newest = max(runs, key=lambda run: run.created_at)
    found = {design.id: design for design in threshold_data.designs([run.id for run in runs], newest.study_id)}
    # First, because the fields of the promise begin with what was declared when these labels were drawn.
    declared = threshold_data.declared_promise(_chosen_design(found, [run.id for run in runs])) or Promise()
    kept = _segments("Drafts", ("kept", "all"), "drafts", _drafts_help(runs))
    with st.popover("Limit", icon=":material/handshake:", width="stretch"):
        alpha = _percent("Unacceptable local drafts, at most", round(100 * declared.alpha), "alpha", 1, 90)
        confidence = _percent("With a confidence of", round(100 * declared.confidence), "confidence", 50, 99)
        risk = _either("As a share of", _SHARES, declared.risk == "selective", "share", _RISK_HELP)
        scope = _either("It applies to", _SCOPES, declared.scope == "this_run", "scope", _SCOPE_HELP)
    said = f"At most {alpha} % of {risk} unacceptable, with {confidence} % confidence, for {scope}."
    st.caption(threshold.unbroken(said))
    promise = Promise(
        alpha=alpha / 100,
        confidence=confidence / 100,
        risk="marginal" if risk == _SHARES[0] else "selective",
        scope="future_runs" if scope == _SCOPES[0] else "this_run",
    )
    design_id = _choose_labels(found)
    with st.popover("Budget", icon=":material/payments:", width="stretch"):
        budget = _budget(newest)
        order = _segments("Refinement order", ("worst first", "best first"), "order", None)
    budget_micros = None if budget is None else round(budget * MICROS)
    limit = "no cap" if budget_micros is None else f"{usd(budget_micros, newest.simulated)} a run"
    st.caption(escape_markdown(f"Budget: {limit}; {order}."))
    terms = Terms(
        promise=promise,
        personas=max(1, len(newest.kept)),
        budget_micros=budget_micros,
        order="worst_first" if order == "worst first" else "best_first",
    )
    ids = tuple(run.id for run in runs)
    return CalibrationQuestion(ids, design_id, kept == "kept", terms.model_dump_json()), terms


_RISK_HELP = (
    "Everything: of 100 delivered personas, how many are unacceptable local drafts. What stays local: of 100 drafts "
    "that stay local, how many are unacceptable; the stricter promise."
)
_SCOPE_HELP = (
    "Future runs: holds for later runs with the same models, scorer and source. These drafts: holds only for the "
    "drafts at hand, and takes fewer labels."
)


def _drafts_help(runs: Sequence[RunScores]) -> str:
    kept, written = (
        sum(len(part) for part in parts) for parts in zip(*((run.kept, run.drafts) for run in runs), strict=True)
    )
    return (
        f"Kept: the {kept:,} best, the only ones that a threshold decides on. All: the {written:,} that were written. "
        "Kept drafts score higher, so a threshold in the middle of all drafts sends few of them to the frontier."
    )


def _segments(label: str, options: tuple[str, str], key: str, meaning: str | None) -> str:
    value = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params", help=meaning, width="stretch"
    )
    return value or options[0]


def _either(label: str, options: tuple[str, str], second: bool, key: str, meaning: str) -> str:
    return st.radio(label, options, int(second), key=key, bind="query-params", help=meaning) or options[0]


def _percent(label: str, default: int, key: str, low: int, high: int) -> int:
    return int(st.number_input(f"{label} (%)", low, high, default, key=key, bind="query-params"))


def _budget(run: RunScores) -> float | None:
    value: float | None = st.number_input(
        "Budget of one run (USD)",
        0.0,
        None,
        run.config.max_cost,
        step=0.5,
        format="%.2f",
        key=_BUDGET_KEY,
        bind="query-params",
        placeholder="no cap",
        help=f"One run delivers {count(max(1, len(run.kept)), 'persona')}. Empty means no cap.",
    )
    return value


# --- labels ----------------------------------------------------------------------------------------


def _choose_labels(found: dict[str, DesignSummary]) -> str | None:
    """Choose the design whose labels count."""
    with st.container(border=True):
        st.markdown("**Labels**")
        if not found:
            st.caption("None yet. A promise needs labels.")
            if not access.is_viewer():
                st.page_link(ui.LABEL, label="Label drafts", icon=":material/checklist:")
            return None
        design_id = _pick(found)
        if design_id:
            _label_status(found[design_id])
        if access.is_viewer():
            return design_id
        st.page_link(
            ui.LABEL,
            label="Label more",
            icon=":material/checklist:",
            query_params={"design": design_id} if design_id else None,
        )
    return design_id


def _chosen_design(found: dict[str, DesignSummary], run_ids: Sequence[str]) -> str | None:
    """Return the chosen design, else that of the address, else the newest one drawn from exactly these runs."""
    if _DESIGN_KEY not in st.session_state:
        asked = st.query_params.get("design")
        own = [design_id for design_id, design in found.items() if set(design.run_ids) == set(run_ids)]
        st.session_state[_DESIGN_KEY] = asked if asked in (*found, _NO_LABELS) else next(iter(own), _NO_LABELS)
    chosen: str = st.session_state[_DESIGN_KEY]
    return chosen if chosen in found else None


def _pick(found: dict[str, DesignSummary]) -> str | None:
    chosen: str = st.selectbox(
        "Labels of",
        [*found, _NO_LABELS],
        format_func=lambda key: label(found[key].name, 120) if key in found else "no labels",
        key=_DESIGN_KEY,
        on_change=_forget,
        args=(_PROMISE_KEYS,),
        label_visibility="collapsed",
    )
    threshold_data.put_in_address("design", [chosen])
    return chosen if chosen in found else None


def _label_status(design: DesignSummary) -> None:
    done = max(design.labelled.values(), default=0)
    who = ", ".join(f"{escape_markdown(rater)} {labels:,}" for rater, labels in design.labelled.items())
    st.caption(f"{done:,} of {design.tasks:,} texts labelled{f' ({who})' if who else ''}.")


ui.show_page(page, main)
