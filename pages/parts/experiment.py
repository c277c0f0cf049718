"""Show one experiment: its progress, its choices in a table with what each buys, and their paired differences."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

import streamlit as st

from pages.parts import access, experiment_rows, figures, ui
from pages.parts.table import markdown_table
from pipeline.domain.comparison import MOST
from pipeline.domain.experiment import CellRun, Experiment, status_of, value_words
from pipeline.errors import PersonaError
from pipeline.jobs.experiment import run_experiment
from pipeline.results.compare_runs import TITLES, ComparedMeasure, figure_difference
from pipeline.results.experiment import CellResult, ExperimentResults, experiment_results, what_it_buys
from pipeline.results.export_experiment import experiment_document
from pipeline.store import Store
from pipeline.text.wording import MISSING, count, escape_markdown, file_name, label, score, usd

_POLL_S = 2.0
_SHOWN: tuple[ComparedMeasure, ...] = ("score", "local_share", "cost_micros")
_DRAWN: tuple[ComparedMeasure, ...] = ("score", "cost_micros")
_HOW = (
    "Where choices have the same drafts, each draft is compared with itself: differences are paired. Choices that "
    "draft anew are compared as a whole. Intervals are 95 %, by the people a draft is drawn from. One that contains 0 "
    "shows no clear difference, but does not prove that there is none."
)


def show_experiment(experiment_id: str) -> None:
    """Show one experiment, and follow it while it runs."""
    store, runner = ui.services().store, ui.services().runner
    experiment = store.experiment(experiment_id)
    runs = store.experiment_runs(experiment_id)
    # Between two cells no run is running, but the thread is at work.
    running = status_of(experiment, runs) == "running" or bool(runner and not runner.join(experiment_id, 0))
    _head(experiment, runs, running)
    every = _POLL_S if running else None
    st.fragment(_progress, run_every=every)(experiment, running)
    st.fragment(_beside, run_every=every)(experiment)


def experiment_link(run_ids: Sequence[str]) -> None:
    """Draw a link to the experiment that all of these runs belong to; draw nothing otherwise."""
    found = ui.services().store.experiments_of(run_ids)
    if run_ids and set(found) == set(run_ids) and len({one.id for one in found.values()}) == 1:
        one = found[run_ids[0]]
        st.page_link(
            ui.EXPERIMENTS,
            label=f"Experiment: {escape_markdown(label(one.name, 60))}",
            icon=":material/science:",
            query_params={"experiment": one.id},
        )


def start_experiment(experiment: Experiment) -> None:
    """Start or resume an experiment in the background."""
    store, worker, settings = ui.services().store, ui.services().worker, ui.settings()
    store.save_experiment(experiment)
    worker.background(experiment.id, lambda: run_experiment(experiment, store, worker, settings, worker.join))


def _head(experiment: Experiment, runs: Sequence[CellRun], running: bool) -> None:
    status = "running" if running else status_of(experiment, runs)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(escape_markdown(label(experiment.name)), anchor=False, width="content")
        if status == "not begun":
            st.badge("not begun", color="gray")
        else:
            ui.status_badge(status)
        if any(run.simulated for run in runs):
            ui.simulated_badge()
    st.caption(escape_markdown(f"begun {ui.when(experiment.created_at)} · drafts of {_source(experiment)}"))
    if experiment.problem and not running:
        ui.problem(experiment.problem)
    with st.container(horizontal=True, gap="small"):
        _actions(experiment, runs, running)


def _source(experiment: Experiment) -> str:
    """Return the name of the run whose drafts are used; its id where it is no longer here."""
    listed = ui.services().store.listed_runs([experiment.drafts_from])
    return label(listed[0].name if listed else experiment.drafts_from)


def _steer(experiment: Experiment, runs: Sequence[CellRun], running: bool) -> None:
    if running:
        if st.button(
            "Cancel", icon=":material/stop_circle:", help="Stops before the next call; finished work is kept."
        ):
            ui.services().store.cancel_experiment(experiment.id)
            st.rerun()
    elif status_of(experiment, runs) != "completed" and st.button(
        "Resume",
        type="primary",
        icon=":material/play_arrow:",
        help="Continues where it stopped: finished choices are not run again, nothing is paid twice.",
    ):
        try:
            start_experiment(experiment.model_copy(update={"cancel_requested": False, "problem": None}))
        except PersonaError as error:
            ui.problem(error)
        else:
            st.rerun()


def _actions(experiment: Experiment, runs: Sequence[CellRun], running: bool) -> None:
    if not access.is_viewer():
        _steer(experiment, runs, running)
    done = [run.id for run in runs if run.drafts_from and run.status == "completed"]
    if not running and len(done) > 1:
        words = f"Compare {len(done)}" if len(done) <= MOST else f"Compare the first {MOST}"
        if st.button(words, icon=":material/compare_arrows:", help="Their personas, claims and charts side by side."):
            st.switch_page(ui.COMPARE, query_params={"runs": ",".join(done[:MOST])})
    st.download_button(
        "JSON",
        partial(_document, ui.services().store, experiment),
        file_name(f"{experiment.id}.json"),
        icon=":material/download:",
        on_click="ignore",
    )
    if not running and not access.is_viewer():
        with st.popover("Delete", icon=":material/delete:", type="tertiary"):
            st.markdown(
                f"{escape_markdown(label(experiment.name))} will be deleted. Its {count(len(runs), 'run')} and "
                "their cost stay on Runs."
            )
            if st.button("Delete this experiment", icon=":material/delete:"):
                ui.services().store.delete_experiment(experiment.id)
                st.query_params.clear()
                st.rerun()


def _document(store: Store, experiment: Experiment) -> str:
    # The store is passed in, because a file is built outside any session, when its button is clicked.
    runs = store.experiment_runs(experiment.id)
    found = experiment_results(experiment, runs, {run.id: store.run(run.id) for run in runs if run.drafts_from}, 1)
    return json.dumps(experiment_document(found), indent=2, ensure_ascii=False)


def _progress(experiment: Experiment, was_running: bool) -> None:
    """Show how far it is, and the money spent."""
    store, runner = ui.services().store, ui.services().runner
    if was_running:
        experiment = store.experiment(experiment.id)
        is_over = status_of(experiment, store.experiment_runs(experiment.id)) != "running"
        if is_over and (not runner or runner.join(experiment.id, 0)):
            st.rerun()
    found = _results(experiment)
    _money(found)
    for note in found.notes:
        st.caption(f":material/info: {escape_markdown(note)}", width=900)


def _beside(experiment: Experiment) -> None:
    """List the choices with what each buys beside a chosen one, then as charts; the figures are folded away."""
    found = _results(experiment, _baseline(experiment))
    _choices(found)
    with st.grid(2, min_column_width=380, gap="small"):
        for measure in _DRAWN:
            with st.container(border=True, height="stretch"):
                _difference_chart(found, measure)
    _differences(found)
    experiment_rows.replicates(found)
    experiment_rows.local_models(found.experiment)


def _difference_chart(found: ExperimentResults, measure: ComparedMeasure) -> None:
    from pipeline.results.charts.experiment import paired_differences

    simulated = any(cell.simulated for cell in found.cells)
    view = paired_differences(found, measure, dark=figures.is_dark())
    topic = f"{TITLES[measure]} beside choice {found.baseline}"
    figures.chart(topic, view, measure, file=found.experiment.id, simulated=simulated, on_demand=True)


def _baseline(experiment: Experiment) -> int:
    numbers = list(range(1, len(experiment.cells) + 1))
    chosen = st.selectbox(
        "Compared with",
        numbers,
        format_func=lambda number: f"choice {number:d}: {label(experiment.cells[number - 1].label, 90)}",
        key=f"baseline_{experiment.id}",
        width=620,
    )
    return chosen or 1


def _results(experiment: Experiment, baseline: int = 1) -> ExperimentResults:
    store = ui.services().store
    runs = store.experiment_runs(experiment.id)
    states = tuple((run.id, run.status, run.spent_micros) for run in runs)
    return _kept(store.path, experiment.id, states, baseline, experiment, runs)


@st.cache_resource(max_entries=32, show_spinner="Reading the choices …")
def _kept(
    _database: Path,
    experiment_id: str,
    states: tuple[tuple[str, str, int], ...],
    baseline: int,
    _experiment: Experiment,
    _runs: tuple[CellRun, ...],
) -> ExperimentResults:
    # Not through the cache of runs: only the results are kept. The records of a large grid are hundreds of thousands of
    # objects, and the collector visits all of them after each interaction on any page.
    store = ui.services().store
    records = {run.id: store.run(run.id) for run in _runs if run.drafts_from}
    return experiment_results(_experiment, _runs, records, baseline)


def _money(found: ExperimentResults) -> None:
    kinds = [kind for kind in (False, True) if any(cell.run_id and cell.simulated == kind for cell in found.cells)]
    spent = " and ".join(usd(found.spent_micros(simulated=kind), kind) for kind in kinds) or usd(0)
    cap = found.experiment.budget_micros
    budget = "no cap" if cap is None else f"of {usd(cap)} for all choices together"
    ended = sum(cell.status == "completed" for cell in found.cells)
    st.markdown(escape_markdown(f"{ended} of {count(len(found.cells), 'choice')} finished · {spent} spent, {budget}"))


def _choices(found: ExperimentResults) -> None:
    """List every choice with what it buys, as text that can be read aloud and copied."""
    # In the heading where it holds for all, so that the columns of money stay narrow.
    mark = " (simulated)" if all(cell.simulated or not cell.run_id for cell in found.cells) else ""
    varied = list(found.experiment.cells[0].settings)
    # One column for all settings: it can break anywhere, and several would not fit on a narrow page.
    head = ["Choice", " · ".join(escape_markdown(name.replace("_", " ")) for name in varied), "Kept local"]
    head += [TITLES["score"], f"Spent{mark}", f"What it buys, beside choice {found.baseline:d}"]
    st.markdown(markdown_table(head, [_row(cell, varied, found.baseline, marked=not mark) for cell in found.cells]))


def _row(cell: CellResult, varied: Sequence[str], baseline: int, *, marked: bool) -> list[str]:
    settings = " · ".join(label(value_words(cell.cell.settings[name]), 40) for name in varied)
    mean, kept, of = cell.figures.get("score"), cell.outcomes.get("kept_local", 0), sum(cell.outcomes.values())
    buys = "the one compared with" if cell.number == baseline else what_it_buys(cell)
    if cell.status != "completed":
        buys = "; ".join(filter(None, [cell.status or "not begun", buys]))
    spent = usd(cell.spent_micros, marked and cell.simulated) if cell.run_id else MISSING
    number = f"**{cell.number:d}**"
    if cell.run_id:
        number = f"[{number}](results?run={quote(cell.run_id, safe='')})"
    alone = f"{kept} of {of}" if of else MISSING
    return [number, *map(escape_markdown, [settings, alone, score(mean.value if mean else None), spent, buys])]


def _differences(found: ExperimentResults) -> None:
    """Show the differences with their intervals, and how to read them."""
    all_simulated = all(cell.simulated or not cell.run_id for cell in found.cells)
    marks = {"cost_micros": " (simulated)" if all_simulated else ""}
    head = [
        "Choice",
        *(f"{TITLES[measure]}{marks.get(measure, '')} beside choice {found.baseline:d}" for measure in _SHOWN),
    ]
    others = [cell for cell in found.cells if cell.figures and cell.number != found.baseline]
    if others:
        rows = [
            [f"**{cell.number:d}**", *(_difference(cell, measure, marked=not all_simulated) for measure in _SHOWN)]
            for cell in others
        ]
        with st.expander("The differences with their intervals"):
            st.markdown(markdown_table(head, rows))
    st.caption(_HOW, width=720)


def _difference(cell: CellResult, measure: ComparedMeasure, *, marked: bool) -> str:
    figure = cell.figures[measure]
    beside = figure_difference(figure, cell, marked=marked)
    return (
        f"**{escape_markdown(figure.word)}**  {escape_markdown(beside)}"
        if beside
        else escape_markdown(figure.why_not or MISSING)
    )
