"""Start: what is Persona, and what is here already?

Analysts get the example in one click, their own study in two, and the runs they left. Viewers get what they may read:
saved comparisons with the analyst's note, and runs.
"""

from collections.abc import Sequence

import streamlit as st

from app import main
from pages.parts import access, ui
from pages.parts.opening import opened
from pipeline.domain.config import HybridConfig
from pipeline.errors import PersonaError
from pipeline.store.run_list import RunChoice, RunSummary
from pipeline.text.wording import count, escape_markdown, label, score

_WHAT = (
    "Persona drafts personas from your interviews and surveys on this machine, checks every claim against what people "
    "said, and sends only weak drafts to a paid model, within your budget."
)
_STEPS = {
    "1 · Upload": "Interviews, survey answers or tickets become a study. You see how each file was read.",
    "2 · Configure and run": "A local model writes drafts. Each gets a score from 0 to 1, computed on this machine, "
    "free.",
    "3 · Read and decide": "Drafts under your threshold go to a paid model. Each claim shows the words it rests on, "
    "and the run shows its cost.",
}
_RUNS_SHOWN = 6


def page() -> None:
    """Draw the page, top to bottom."""
    asked = st.query_params.get("study")
    if asked and not access.is_viewer():  # links of earlier versions, when Upload came first
        st.switch_page(ui.UPLOAD, query_params={"study": asked})
    opened()
    st.title("Persona", anchor=False)
    if access.is_viewer():
        st.markdown(
            "You are viewing: you can read everything here. Ask an analyst of your team for changes.", width=720
        )
        _comparisons()
        _runs(ui.services().store.run_page(RunChoice(page_size=_RUNS_SHOWN)).runs)
        return
    st.markdown(_WHAT, width=720)
    runs = ui.services().store.run_page(RunChoice(page_size=_RUNS_SHOWN)).runs
    if runs:
        _runs(runs)
    _first_steps(is_new=not runs)


def _first_steps(*, is_new: bool) -> None:
    """Offer the example and an own study, and explain the three steps."""
    with st.container(horizontal=True, gap="small"):
        tried = st.button(
            "Try the example",
            type="primary" if is_new else "secondary",
            icon=":material/auto_stories:",
            help="Runs on an invented interview study, offline and free: nothing is sent, nothing is charged.",
        )
        if st.button("Bring your own", icon=":material/upload_file:", help="Upload interviews, surveys or tickets."):
            ui.go(ui.UPLOAD)
    steps = st.grid(3, min_column_width=145, border=True)
    for title, sentence in _STEPS.items():
        with steps.cell():
            st.markdown(f"**{title}**")
            st.caption(sentence)
    if tried:
        _try_example()


def _try_example() -> None:
    """Run the example offline and open its results."""
    services = ui.services()
    study_id = next((study.id for study in services.store.studies() if study.name == ui.EXAMPLE_NAME), None)
    study_id = study_id or ui.add_example(services.store)
    if study_id is None:
        ui.problem("The example study is not installed with this copy of Persona. Bring your own study.")
        return
    config = HybridConfig(local_provider="builtin", frontier_provider="simulated")
    try:
        run_id = services.worker.start(study_id, config, ui.settings())
    except PersonaError as error:
        ui.problem(error)
        return
    ui.use_study(study_id)
    ui.use_run(run_id)
    ui.go(ui.RESULTS)


def _runs(runs: Sequence[RunSummary]) -> None:
    """List the newest runs, each with its status and score."""
    st.subheader("Runs" if access.is_viewer() else "Your runs", anchor=False)
    if not runs:
        st.caption("No run yet. Personas will be listed here when an analyst has made some.")
        return
    # Where a run takes several lines, it still stands apart from the next one.
    with st.container(border=True, gap="small"):
        for run in runs:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.page_link(ui.RESULTS, label=escape_markdown(label(run.name, 60)), query_params={"run": run.id})
                ui.status_badge(run.shown_status)
                if run.simulated:
                    ui.simulated_badge()
                facts = f"{count(run.personas, 'persona')} · mean score {score(run.mean_score)} · "
                st.caption(escape_markdown(f"{facts}{label(run.study_name, 40)} · {ui.when(run.created_at)}"))
    st.page_link(ui.RUNS, label="All runs", icon=":material/list_alt:")


def _comparisons() -> None:
    """List saved comparisons, each with the note of the analyst who saved it."""
    saved = ui.services().store.comparisons()
    if not saved:
        return
    st.subheader("Comparisons", anchor=False)
    for one in saved[:_RUNS_SHOWN]:
        with st.container(border=True, gap="xxsmall"):
            title = escape_markdown(label(one.title, 120))
            st.page_link(ui.COMPARE, label=f"**{title}**", query_params={"comparison": one.id})
            if one.note:
                st.markdown(escape_markdown(label(one.note, 600)), width=720)
            st.caption(f"{count(len(one.run_ids), 'run')} · {ui.when(one.created_at)}")


ui.show_page(page, main)
