"""Configure: what will happen, where does data go, what can it cost?

The forecast comes first, then the three stages with every setting, then the settings as YAML. A run may reuse the
drafts of another one. Checks of providers are free and cached for some seconds; nothing is paid before Run.
"""

from contextlib import suppress

import streamlit as st

from app import main
from pages.parts import fields, providers, request_preview, threshold_data, ui
from pipeline.calibration.bounds import fewest_labels
from pipeline.domain.config import HybridConfig, parse_config, parse_config_text
from pipeline.domain.facts import default_run_name
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import RunScores
from pipeline.domain.study import Study
from pipeline.errors import ConfigError, InputError, PersonaError, StoreError
from pipeline.hybrid.branch import branch_config
from pipeline.hybrid.capacity import Capacity, capacity
from pipeline.hybrid.forecast import RunForecast, forecast_run
from pipeline.hybrid.preflight import Plan
from pipeline.text.wording import MISSING, count, escape_markdown, label, score, usd

RUN_NAME_KEY = "run_name"
MODE_WORDS = {"live": "Live", "batch": "Batch, half the list price"}
SELECTION_WORDS = {"cover": "Represent most people", "best_score": "Best score"}
SELECTION_ENDS = {
    "cover": ": those that represent most participants without repeating each other",
    "best_score": ": the best by score, even if all are drawn from the same people",
}
ORDER_WORDS = {"worst_first": "Worst first", "best_first": "Best first"}
SCORE_PARTS = """
**Faithfulness**: is every claim, every quote, in the words of the participants it is drawn from?

**Coherence**: do its parts fit together, without contradiction or repetition?

**Completeness**: does it say enough about the person to work with?
"""
WEIGHTS = ("completeness", "coherence", "faithfulness")
MORE_ON_DRAFTING = (
    "seed",
    "selection_tolerance",
    "temperature",
    "local_workers",
    "context_tokens",
    "timeout_s",
    "answer_timeout_s",
)
MORE_ON_REFINING = ("escalation_order", "batch_poll_s", "frontier_workers", "max_output_tokens", "project")
LABELS_FOR_A_CERTIFICATE = fewest_labels(alpha=0.1, delta=0.1)
"""Labels that the usual promise needs when none is bad; see docs/choosing-a-threshold.md."""
EARLIER_RUNS = 3
"""Finished runs of the study from which scores are forecast."""

YAML_OPENED_KEY, PASTED_YAML_KEY, YAML_PROBLEM_KEY = "yaml", "pasted_yaml", "import_problem"


def page() -> None:
    """Draw the page, top to bottom."""
    study = ui.current_study()
    question = "What will happen, where does data go, what can it cost?"
    ui.header("Configure", question, study_name=study.name if study else None)
    page_body(study)


@st.fragment
def page_body(study: Study | None) -> None:
    """Draw everything below the header; a changed setting reruns only this fragment."""
    try:
        run_setup(study)
    except PersonaError as error:
        ui.problem(error)


def run_setup(study: Study | None) -> None:
    """Draw the forecast and the settings that decide it."""
    drafts = chosen_drafts(study)
    planned: Plan | PersonaError
    try:
        config = parse_config(fields.values(), "Settings")
        if drafts:
            config = branch_config(config, drafts)
        private = study is not None and ui.services().store.is_private(study.id)
        planned = providers.plan_or_error(config, drafting=drafts is None, private=private)
    except (ConfigError, InputError) as error:
        config, planned = HybridConfig(), error
    with st.container(border=True):
        run_summary(study, config, planned, drafts)
    stages = st.grid(3, min_column_width=225, border=True)
    with stages.cell():
        if drafts:
            reused_drafts(drafts)
        else:
            draft_stage(config, planned)
    with stages.cell():
        assess_stage(config)
    with stages.cell():
        refine_stage(config, planned)
    if isinstance(planned, Plan):
        request_preview.show_request_preview(study, config, planned, drafts)
    yaml_settings(config)


# --- what will happen ------------------------------------------------------------------------------


def run_summary(
    study: Study | None, config: HybridConfig, planned: Plan | PersonaError, drafts: RunRecord | None
) -> None:
    """Show the run in one sentence, its figures, and the Run button."""
    if isinstance(planned, PersonaError):
        st.markdown("**This run cannot start yet**")
        ui.problem(planned)
        reason = str(planned)
    else:
        show_forecast(forecast_run(config, planned, earlier_scores(study), drafts))
        if study and not drafts:
            show_capacity(study_capacity(study.id, study), config)
        if not drafts and config.uses_frontier and config.count < LABELS_FOR_A_CERTIFICATE:
            st.caption(
                f":material/verified: To certify a threshold, label {LABELS_FOR_A_CERTIFICATE} or more kept drafts: "
                "raise the number of personas, then open Calibrate.",
                width=900,
            )
        for sentence in planned.warnings:
            st.caption(f":material/info: {escape_markdown(sentence)}", width=900)
        reason = ""
    if study is None:
        reason = "Choose a study first: personas are drawn from it."
        st.page_link(ui.UPLOAD, label="Choose a study on Upload", icon=":material/upload_file:")
    if is_yaml_pasted():
        # Ctrl+Enter also ends typing in that field: it must not start a run with the old settings.
        reason = "Use the pasted settings below first, or clear them."
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usual = default_run_name(config, ui.services().store.next_run_number())
        name = st.text_input(
            "Name of this run", placeholder=label(usual, 120), key=RUN_NAME_KEY, max_chars=120, width=420
        )
        pressed = st.button(
            "Run",
            type="primary",
            icon=":material/play_arrow:",
            shortcut="Ctrl+Enter",
            disabled=bool(reason),
            help=escape_markdown(reason) or "Starts in the background; closing this page does not stop it.",
        )
    if pressed and not reason and study and isinstance(planned, Plan):
        start_run(study, config, planned, name.strip(), drafts)


@st.cache_data(max_entries=8, show_spinner="Grouping the participants …")
def study_capacity(study_id: str, _study: Study) -> Capacity:
    """Return how many personas a study carries, cached by its id: clustering its participants takes a moment."""
    return capacity(_study)


def show_capacity(found: Capacity, config: HybridConfig) -> None:
    """Say how many personas the study carries, and warn if more are asked for."""
    if too_many := found.warn_of(config.count, config.draft_count):
        st.warning(escape_markdown(too_many), icon=":material/groups:")
    else:
        st.caption(f":material/groups: {escape_markdown(found.sentence)}", width=900)


def show_forecast(expected: RunForecast) -> None:
    """Show what a run with these settings would do."""
    mark = " (simulated)" if expected.simulated else ""
    st.markdown(f"**{escape_markdown(expected.sentence)}**", width=900)
    # Pairs, so that four figures become two rows of two where the window is narrow, never three and one.
    pairs = st.grid(2, min_column_width=320, gap="small")
    with pairs.cell(), st.grid(2, min_column_width=100):
        st.metric("Drafts", f"{expected.drafts:,}", help="Written locally, for free.")
        st.metric(
            "Stay local",
            MISSING if expected.stays_local is None else escape_markdown(str(expected.stays_local)),
            help=escape_markdown(expected_from(expected)),
        )
    with pairs.cell(), st.grid(2, min_column_width=100):
        st.metric(
            f"Expected{mark}",
            MISSING if expected.expected_micros is None else escape_markdown(usd(expected.expected_micros)),
            help=escape_markdown(expected_from(expected)),
        )
        if expected.bounded:
            st.metric(
                f"At most{mark}",
                escape_markdown(usd(expected.worst_micros)),
                help="Reserved before each call, so never exceeded.",
            )
        else:
            st.metric(
                f"Worst case{mark}",
                escape_markdown(usd(expected.worst_micros)),
                help="An estimate: there is no budget.",
            )
    st.caption(f":material/shield: {escape_markdown(expected.data)}", width=900)


def expected_from(expected: RunForecast) -> str:
    """Say what an expectation rests on."""
    return "Not known before the first drafts." if expected.stays_local is None else f"Expected from {expected.basis}."


def earlier_scores(study: Study | None) -> tuple[RunScores, ...]:
    """The scores of the last finished runs on a study."""
    if study is None:
        return ()
    done = [run.id for run in ui.services().store.run_names(50, study.id) if run.status == "completed"]
    return threshold_data.scores(done[:EARLIER_RUNS])


def start_run(study: Study, config: HybridConfig, planned: Plan, name: str, drafts: RunRecord | None) -> None:
    """Start the run and open it; a second click with the same settings opens the run already started."""
    same = config.model_copy(update={"local_provider": planned.config.local_provider})
    store = ui.services().store
    try:
        for run in store.runs(limit=1):
            if run.status == "running" and run.study_id == study.id and store.run(run.id).config == same:
                run_id = run.id
                break
        else:
            worker, settings = ui.services().worker, ui.settings()
            if drafts:
                run_id = worker.branch(drafts.id, config, settings, name or None)
            else:
                run_id = worker.start(study.id, config, settings, name or None)
    except PersonaError as error:
        ui.problem(error)
        return
    ui.use_run(run_id)
    ui.go(ui.RESULTS)


# --- the three stages ------------------------------------------------------------------------------


def draft_stage(config: HybridConfig, planned: Plan | PersonaError) -> None:
    """Draw stage 1: the drafting model and the number of drafts."""
    stage_heading("1", "Draft", "Written locally, for free.")
    providers.drafting_model(config, planned)
    fields.number("count", "Personas to deliver")
    fields.number("draft_factor", "Drafts per persona", step=0.5, form="%.1f")
    fields.segmented("selection", "Drafts kept", SELECTION_WORDS)
    kept = f"{config.count:,} {'is' if config.count == 1 else 'are'} kept"
    st.caption(f"{count(config.draft_count, 'draft')}, of which {kept}{SELECTION_ENDS[config.selection]}.")
    fields.settings_popover("More on drafting", _more_on_drafting, *MORE_ON_DRAFTING)


def _more_on_drafting() -> None:
    fields.number("seed", "Seed")
    fields.number("selection_tolerance", "Score given up to represent more", step=0.01, form="%.2f")
    fields.number("temperature", "Temperature", step=0.1, form="%.1f", empty="default")
    fields.number("local_workers", "Drafts at the same time")
    fields.number("context_tokens", "Context window (tokens)")
    fields.number("timeout_s", "Longest silence of a model (seconds)", step=10.0, form="%.0f")
    fields.number("answer_timeout_s", "Longest local answer (seconds)", step=60.0, form="%.0f")


def assess_stage(config: HybridConfig) -> None:
    """Draw stage 2: the threshold and the weights of the score."""
    stage_heading("2", "Assess", "Scored locally, for free; the same text always gets the same score.")
    fields.slider("quality_threshold", "Quality threshold", step=0.01)
    under = "go to the frontier" if config.uses_frontier else "are kept too, because no frontier is called"
    st.caption(
        f"Drafts at {score(config.quality_threshold)} or over stay as they are; the others {under}.\n{SCORE_PARTS}"
    )
    fields.settings_popover("Weights of the score", _weights, *(f"weights.{name}" for name in WEIGHTS))
    providers.optional_scorers(config)


def _weights() -> None:
    for name in WEIGHTS:
        fields.slider(f"weights.{name}", name.capitalize(), step=0.05)


def refine_stage(config: HybridConfig, planned: Plan | PersonaError) -> None:
    """Draw stage 3: the refining model, its mode and its budget."""
    stage_heading("3", "Refine", "Only drafts under the threshold, only within the budget.")
    fields.toggle("enabled", "Refine weak drafts")
    if not config.enabled:
        st.caption("Off: drafts are scored and kept. Nothing is sent to the frontier.")
        return
    fields.toggle("skip_frontier", "Skip the frontier")
    if config.skip_frontier:
        st.caption("The settings of the frontier are kept, but it is not called.")
        return
    providers.refining_model(config, planned)
    fields.segmented("refine_mode", "Mode", MODE_WORDS)
    if config.refine_mode == "batch":
        st.caption("Slow: answers within 24 hours, usually minutes to hours. You can close the page meanwhile.")
    fields.number("max_cost", "Budget of the run (USD)", step=0.5, form="%.2f", empty="no cap")
    if config.max_cost is None:
        st.warning("No cap: every draft under the threshold is refined, whatever it costs.", icon=":material/warning:")
    elif config.max_cost == 0:
        st.caption("A budget of 0 buys nothing: every draft stays as it is.")
    fields.toggle("redact", "Redact before sending")
    fields.settings_popover("More on refining", lambda: _more_on_refining(config), *MORE_ON_REFINING)
    providers.price_settings(config, planned)


def _more_on_refining(config: HybridConfig) -> None:
    fields.segmented("escalation_order", "Refinement order", ORDER_WORDS)
    if config.refine_mode == "batch":
        fields.number("batch_poll_s", "Check for answers every (seconds)", step=10.0, form="%.0f")
    else:
        fields.number("frontier_workers", "Refinements at the same time")
    fields.number("max_output_tokens", "Longest answer (tokens)")
    fields.text("project", "Project", placeholder="none", then=_without_a_project_no_budget)
    if config.project:
        fields.number("project_max_cost", "Budget of the project (USD)", step=5.0, form="%.2f", empty="no cap")


def _without_a_project_no_budget() -> None:
    if not fields.values()["project"]:
        fields.put({"project_max_cost": None})


def stage_heading(step: str, title: str, explanation: str) -> None:
    """Draw the heading of a stage."""
    st.header(f"{step} · {title}", anchor=False)
    st.caption(explanation)


def is_yaml_pasted() -> bool:
    """Return whether pasted settings are waiting to be used."""
    return bool(st.session_state.get(PASTED_YAML_KEY, "").strip())


def yaml_settings(config: HybridConfig) -> None:
    """Draw export and import of settings as YAML, filled only while expanded."""
    opened = st.expander("Configuration as YAML", icon=":material/code:", on_change="rerun", key=YAML_OPENED_KEY)
    with opened:
        if not opened.open:
            return
        sides = st.grid(2, min_column_width=330, gap="medium")
        with sides.cell():
            st.markdown("**Export**")
            text = config.to_yaml()
            st.download_button(
                "Download", text, "persona.yaml", "application/yaml", icon=":material/download:", on_click="ignore"
            )
            st.code(text, language="yaml", height=320)
        with sides.cell():
            st.markdown("**Import**")
            uploaded = st.file_uploader("A YAML file with a `hybrid:` block", type=["yaml", "yml"], max_upload_size=1)
            pasted = st.text_area(
                "or paste it here",
                height=200,
                placeholder="hybrid:\n  quality_threshold: 0.8",
                key=PASTED_YAML_KEY,
                persist_state="session",
            )
            text = uploaded.getvalue().decode("utf-8-sig", "replace") if uploaded else pasted
            where = uploaded.name if uploaded else "Pasted text"
            st.button(
                "Use these settings",
                disabled=not text.strip(),
                help=None if text.strip() else "Choose a file or paste text first.",
                on_click=use_yaml,
                args=(text, where),
            )
            if error := st.session_state.pop(YAML_PROBLEM_KEY, None):
                ui.problem(error)


def use_yaml(text: str, where: str) -> None:
    """Replace all settings with those of a YAML text, or store the error for the rerun."""
    try:
        config = parse_config_text(text, where)
    except ConfigError as error:
        st.session_state[YAML_PROBLEM_KEY] = str(error)
        return
    ui.use_config(config)
    st.session_state[PASTED_YAML_KEY] = ""


def chosen_drafts(study: Study | None) -> RunRecord | None:
    """Return the run whose drafts are reused; `None` when new drafts are written."""
    run_id = st.session_state.get(ui.DRAFTS_KEY)
    run = None
    if run_id:
        with suppress(StoreError):
            run = ui.run(run_id)
    if run is None or study is None or run.study_id != study.id:
        # It has been deleted, or another study was chosen.
        st.session_state[ui.DRAFTS_KEY] = None
        return None
    return run


def reused_drafts(drafts: RunRecord) -> None:
    """Draw stage 1 of a run that reuses the drafts of another one."""
    st.header("1 · Draft", anchor=False)
    st.caption("Nothing is drafted: the drafts of another run are used.")
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f":material/call_split: **{escape_markdown(label(drafts.name))}**")
        st.caption(escape_markdown(drafts.id))
        for words in _made_with(drafts):
            st.caption(escape_markdown(words))
    st.caption("These settings made the drafts, so they cannot be changed here.")
    if st.button("Write new drafts instead", icon=":material/edit_note:", help="Keeps these settings."):
        st.session_state[ui.DRAFTS_KEY] = None
        st.rerun()


def _made_with(drafts: RunRecord) -> tuple[str, ...]:
    config = drafts.config
    writer = "builtin" if config.local_provider == "builtin" else f"{config.local_provider} {config.local_model}"
    return (
        f"{count(len(drafts.drafts), 'scored draft')} by {writer}",
        f"{count(config.count, 'persona')} to deliver",
        f"seed {config.seed}",
    )


ui.show_page(page, main)
