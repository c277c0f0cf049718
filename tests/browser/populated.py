"""A database as a team has it after a week: three runs of the example study, an experiment, labels, a comparison."""

from pathlib import Path

from pipeline.calibration.design import draw_design
from pipeline.calibration.drift import setup_of
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.labels import DesignSettings, DraftKey
from pipeline.domain.units import SystemClock
from pipeline.jobs.experiment import plan_experiment, run_experiment
from pipeline.jobs.grid import Grid
from pipeline.jobs.worker import Worker
from pipeline.sources import load_paths
from pipeline.store import Store
from tests.browser.conftest import ROOT
from tests.invented import invented_run, invented_scores, labelled_run

PAGES = ("start", "upload", "configure", "results", "calibrate", "label", "experiments", "runs", "compare", "calls")
"""Every page, in the order of the menu."""


def populate(database: Path) -> dict[str, str]:
    """Fill a new database; the address of each page that shows most of it, by name."""
    store = Store(database)
    worker = Worker(store, cache=database.parent / ".cache")
    study = load_paths([ROOT / "data" / "hearthwise"], "Living with Hearthwise (example)")
    store.save_study(study)
    # No person labelled anything here: scores and labels of this run are invented, and its name says so.
    labelled = invented_run(database, invented_scores(150), name="Invented scores and labels", threshold=0.6)
    labelled_run(database, labelled, labels=120, acceptable=lambda score: score >= 0.5)
    first = worker.run(study.id, _config(count=8, quality_threshold=0.6), Settings(), "First look")
    strict = worker.branch(
        first, _config(count=8, quality_threshold=0.75), Settings(), name="Stricter threshold", wait=True
    )
    experiment = _experiment(store, worker, first, database.parent / ".cache")
    comparison = store.save_comparison(
        "Is the stricter threshold worth it?", [first, strict], SystemClock().now(), note="Same drafts, more refined."
    )
    return {
        "start": "/",
        "upload": f"/upload?study={study.id}",
        "configure": f"/configure?study={study.id}",
        "results": f"/results?run={first}",
        "calibrate": f"/calibrate?runs={labelled}",
        "label": f"/label?design={_unlabelled(store, first)}",
        "experiments": f"/experiments?experiment={experiment}",
        "runs": "/runs",
        "compare": f"/compare?comparison={comparison}",
        "calls": f"/calls?run={first}",
    }


def _config(**values: object) -> HybridConfig:
    defaults = {"local_provider": "builtin", "frontier_provider": "simulated", "max_cost": 0.5}
    return HybridConfig.model_validate(defaults | values)


def _unlabelled(store: Store, run_id: str) -> str:
    run = store.scores([run_id])[0]
    scores = {DraftKey(run_id, draft.id): draft.overall for draft in run.kept}
    drawn = draw_design(scores, setup_of(run), DesignSettings(labels=10, floor_percentile=0.3))
    return store.save_design([run_id], drawn, "Second look", SystemClock().now())


def _experiment(store: Store, worker: Worker, source: str, cache: Path) -> str:
    grid = Grid.model_validate(
        {"experiment": "Which threshold?", "from_drafts": source, "grid": {"quality_threshold": [0.5, 0.65, 0.8]}}
    )
    experiment = plan_experiment(grid, store.run(source), Settings(), cache, SystemClock().now())
    store.save_experiment(experiment)
    run_experiment(experiment, store, worker, Settings(), worker.join)
    return experiment.id
