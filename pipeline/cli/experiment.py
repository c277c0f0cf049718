"""`persona experiment`: a grid of runs on the same drafts, under one budget."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._options import Commands, cache_of, mapping_lookup, open_store, say, worker_of
from pipeline.domain.config import Settings
from pipeline.errors import Cancelled, PersonaError

if TYPE_CHECKING:
    from pipeline.domain.experiment import Experiment
    from pipeline.jobs.grid import Grid
    from pipeline.jobs.worker import Worker
    from pipeline.results.experiment import ExperimentResults
    from pipeline.store import Store


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    experiment = commands.add_parser(
        "experiment", parents=[shared], help="run a grid of settings on the same drafts, under one budget"
    )
    experiment.add_argument("grid", type=Path, metavar="GRID.yaml", help="settings to vary; run it again to continue")
    experiment.add_argument("--max-cost", type=float, metavar="USD", help="budget in USD of all choices together")
    experiment.set_defaults(command=_experiment)


def _experiment(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import watch
    from pipeline.domain.units import SystemClock
    from pipeline.jobs.experiment import run_experiment
    from pipeline.jobs.grid import load_grid

    grid = load_grid(options.grid, options.max_cost)
    store = open_store(options, settings)
    store.mark_interrupted(SystemClock().now())
    worker = worker_of(store, options, settings)
    try:
        experiment = _prepared(grid, store, worker, options, settings)
    except Cancelled as error:
        say(f"persona: {error}", aside=True)
        return error.exit_code
    store.save_experiment(experiment)
    try:
        run_experiment(experiment, store, worker, settings, lambda run_id: watch(store, worker, run_id))
        code = 0
    except PersonaError as error:
        say(f"persona: {error}", aside=True)
        code = 1
    found = _results(store, experiment.id)
    _print(found, options.json)
    return 130 if found.status == "cancelled" else code


def _prepared(
    grid: "Grid", store: "Store", worker: "Worker", options: argparse.Namespace, settings: Settings
) -> "Experiment":
    """Plan the experiment; write its drafts first if the grid names none."""
    from pipeline.cli.terminal import watch
    from pipeline.domain.units import SystemClock
    from pipeline.jobs.experiment import ensure_drafts, plan_experiment
    from pipeline.sources import load_paths

    cache, now = cache_of(options, settings), SystemClock().now()
    if grid.from_drafts:
        source = store.run(store.find_run(grid.from_drafts))
        return plan_experiment(grid, source, settings, cache, now, private=store.is_private(source.study_id))
    study = load_paths(grid.source, remembered=mapping_lookup(options, settings))
    store.save_study(study)
    source = ensure_drafts(grid, study, store, worker, settings, cache, lambda run_id: watch(store, worker, run_id))
    return plan_experiment(grid, source, settings, cache, now, made_for=study.id, private=store.is_private(study.id))


def _results(store: "Store", experiment_id: str) -> "ExperimentResults":
    from pipeline.results.experiment import experiment_results

    runs = store.experiment_runs(experiment_id)
    return experiment_results(store.experiment(experiment_id), runs, {run.id: store.run(run.id) for run in runs})


def _print(found: "ExperimentResults", as_json: bool) -> None:
    from pipeline.cli.terminal import print_experiment
    from pipeline.results.export_experiment import experiment_document

    if as_json:
        say(json.dumps(experiment_document(found), ensure_ascii=False, indent=2))
    else:
        print_experiment(found)
