"""Plan and run an experiment: a grid of runs on the same drafts, one after another, under one budget.

Its cells are branches of one run, so that no draft is written twice and every difference is paired. All of them
belong to a project named after the experiment, whose budget holds across processes and however often the experiment
is stopped and resumed. A completed cell is never run again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from pipeline.domain.config import DRAFTED_ANEW, INHERITED, HybridConfig, parse_config
from pipeline.domain.experiment import Cell, Experiment, run_of, settings_words, status_of
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import Cancelled, ConfigError, InputError, PersonaError
from pipeline.hybrid.branch import branch_config
from pipeline.jobs.grid import Grid, cells_of, experiment_id_of

if TYPE_CHECKING:
    from pipeline.domain.config import Settings
    from pipeline.jobs.worker import Worker
    from pipeline.store import Store


def plan_experiment(
    grid: Grid,
    source: RunRecord,
    settings: "Settings",
    cache: Path | None,
    now: datetime,
    *,
    made_for: str = "",
    private: bool = False,
) -> Experiment:
    """Plan an experiment on the drafts of a run, and check all its providers, models and prices.

    Args:
        grid: settings to vary.
        source: the run of the drafts.
        settings: keys and addresses.
        cache: folder that stores the results of judge checks.
        now: the time.
        made_for: id of the study if the run was made only for this experiment; then only its drafting settings are
            defaults for the grid.
        private: whether the study never leaves this machine.

    Raises:
        InputError: the run has no drafts to use.
        ConfigError: a cell is invalid, contradicts the drafts, or cannot run (no key, no price); names the cell.
    """
    base = None if made_for else source.config
    where = f"experiment '{grid.experiment}'"
    cells = cells_of(grid, base, where)
    own = experiment_id_of(grid, cells, made_for or source.id)
    shared = {"project": own, "project_max_cost": grid.max_cost}
    cells = tuple(
        cell.model_copy(update={"config": _on_drafts(cell, source).model_copy(update=shared)}) for cell in cells
    )
    check_cells(cells, settings, cache, where, private=private)
    return Experiment(
        id=own,
        name=grid.experiment,
        study_id=source.study_id,
        drafts_from=source.id,
        max_cost=grid.max_cost,
        cells=cells,
        created_at=now,
    )


def _on_drafts(cell: Cell, source: RunRecord) -> HybridConfig:
    """Return the configuration of a cell on the drafts of a run, but for the settings that make it draft anew."""
    own = {name: getattr(cell.config, name) for name in DRAFTED_ANEW if name in cell.settings}
    shared = {name: getattr(source.config, name) for name in own}
    config = branch_config(cell.config.model_copy(update=shared), source).model_copy(update=own)
    if "local_model" in own and config.local_provider == "builtin":
        raise ConfigError(
            f"cell with {cell.label}: local_model: the provider builtin writes without a model. Vary local_provider"
            " too."
        )
    return config


def ensure_drafts(
    grid: Grid,
    study: Study,
    store: "Store",
    worker: "Worker",
    settings: "Settings",
    cache: Path | None,
    follow: Callable[[str], object],
) -> RunRecord:
    """Start, resume or find the run that writes the drafts of an experiment on files, and wait for its end.

    It is local only. Every cell is checked first: drafting may take hours, which would be wasted on cells that cannot
    run.

    Raises:
        ConfigError: a cell is invalid or cannot run (no key, no price); names the cell.
        Cancelled: the run was cancelled.
        InputError: it ended in another way before it was complete.
    """
    where = f"experiment '{grid.experiment}'"
    cells = cells_of(grid, None, where)
    check_cells(cells, settings, cache, where, private=store.is_private(study.id))
    own = experiment_id_of(grid, cells, study.id)
    run = next((run for run in store.experiment_runs(own) if run.drafts_from is None), None)
    if run is None:
        config = parse_config({**grid.hybrid, **_drafting(cells[0]), "enabled": False}, where)
        run_id = worker.start(study.id, config, settings, f"{grid.experiment}: drafts"[:200], experiment_id=own)
        _follow(run_id, store, follow)
    else:
        run_id = run.id
        if run.status != "completed":
            worker.resume(run_id, settings)
            _follow(run_id, store, follow)
    return store.run(run_id)


def check_cells(
    cells: Sequence[Cell], settings: "Settings", cache: Path | None, where: str, *, private: bool = False
) -> None:
    """Check every provider and price before the first cell starts, for free.

    Raises:
        ConfigError: a cell cannot run as configured (no key, no price); names the cell.
    """
    seen: dict[str, str | PersonaError] = {}
    looked_at = {"enabled", "skip_frontier", "frontier_provider", "frontier_model", "refine_mode", "prices"}
    for number, cell in enumerate(cells, start=1):
        drafting = {"local_provider", "local_model", "local_base_url"} if cell.drafts_anew else set()
        key = cell.config.model_dump_json(
            include=looked_at | drafting | {"embedding_model", "judge_model", "verifier_model", "verifier_base_url"}
        )
        if key in seen:
            continue
        kind: type[ConfigError] = ConfigError
        try:
            seen[key] = reason = _obstacle(cell, settings, cache, private)
        except ConfigError as error:
            kind, reason = type(error), str(error)
        if reason:
            raise kind(f"{where}: cell {number} ({cell.label}) cannot be run. {reason}")


def _obstacle(cell: Cell, settings: "Settings", cache: Path | None, private: bool) -> str:
    from pipeline.hybrid.preflight import plan_run  # brings the providers along, which the store must not wait for

    planned = plan_run(cell.config, settings, cache, drafting=cell.drafts_anew, private=private)
    return planned.reason if planned.missing == "frontier_unavailable" else ""


def run_experiment(
    experiment: Experiment, store: "Store", worker: "Worker", settings: "Settings", follow: Callable[[str], object]
) -> None:
    """Run every unfinished cell in order; returns when all have ended, or the experiment was cancelled.

    Args:
        experiment: already saved in the store.
        store: the database of its runs.
        worker: of that store.
        settings: keys and addresses.
        follow: waits until a run has ended.

    Raises:
        PersonaError: a cell failed or could not be started; earlier cells are kept.
    """
    if status_of(experiment, store.experiment_runs(experiment.id)) == "running":
        raise InputError(f"Experiment {experiment.id} is already running, here or in another program.")
    try:
        for cell in experiment.cells:
            _run_cell(experiment, cell, store, worker, settings, follow)
    except Cancelled:
        return
    except PersonaError as error:
        store.set_experiment_problem(experiment.id, str(error))
        raise


def _run_cell(
    experiment: Experiment,
    cell: Cell,
    store: "Store",
    worker: "Worker",
    settings: "Settings",
    follow: Callable[[str], object],
) -> None:
    run = run_of(cell, store.experiment_runs(experiment.id))
    if run is None:
        name = f"{cell.label} · {experiment.name}"[:200]
        drafts = _drafts_of(experiment, cell, store, worker, settings, follow)
        run_id = worker.branch(drafts, cell.config, settings, name, experiment_id=experiment.id)
    elif run.status == "completed":
        return
    else:
        run_id = run.id
        worker.resume(run_id, settings)
    if store.experiment(experiment.id).cancel_requested:
        # Cancelled between two cells, when there was no run to stop.
        worker.cancel(run_id)
    _follow(run_id, store, follow)


def _drafts_of(
    experiment: Experiment,
    cell: Cell,
    store: "Store",
    worker: "Worker",
    settings: "Settings",
    follow: Callable[[str], object],
) -> str:
    """Return the run whose drafts a cell uses; drafts of its own are written first, and shared with cells like it."""
    if not cell.drafts_anew or _drafts_alike(cell.config, store.run(experiment.drafts_from).config):
        return experiment.drafts_from
    found = [run for run in store.experiment_runs(experiment.id) if run.drafts_from is None]
    run = next((run for run in found if _drafts_alike(cell.config, run.config)), None)
    if run is None:
        alone = {"enabled": False, "project": None, "project_max_cost": None}
        config = cell.config.model_copy(update=alone)
        name = f"{settings_words(_drafting(cell))}: drafts · {experiment.name}"[:200]
        run_id = worker.start(experiment.study_id, config, settings, name, experiment_id=experiment.id)
        _follow(run_id, store, follow)
        return run_id
    if run.status != "completed":
        worker.resume(run.id, settings)
        _follow(run.id, store, follow)
    return run.id


def _drafting(cell: Cell) -> dict[str, JsonValue]:
    """Return the settings of a cell that decide how drafts are written."""
    return {name: value for name, value in cell.settings.items() if name in DRAFTED_ANEW}


def _drafts_alike(one: HybridConfig, other: HybridConfig) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in INHERITED)


def _follow(run_id: str, store: "Store", follow: Callable[[str], object]) -> None:
    follow(run_id)
    status = store.progress(run_id).status
    if status == "cancelled":
        raise Cancelled(f"The experiment was cancelled, in run {run_id}.")
    if status != "completed":
        raise InputError(f"Run {run_id} of the experiment has ended as {status}. Its results are kept: start it again.")
