"""Runs of any size in a database, with scores, costs and labels as a test wants them, and no model asked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.calibration.design import draw_design
from pipeline.calibration.drift import setup_of
from pipeline.domain.config import HybridConfig
from pipeline.domain.labels import DesignSettings, DraftKey, Promise, Stopping
from pipeline.domain.run import AssessedDraft, Outcome, Timing
from pipeline.store import Store
from tests.factories import make_draft, make_final
from tests.scoring.studies import study_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
COST_MICROS = 20_000


def invented_scores(drafts: int, seed: int = 0) -> list[float]:
    return [float(score) for score in np.random.default_rng(seed).beta(6, 3, drafts)]


def invented_run(
    database: Path,
    scores: Sequence[float | None],
    *,
    name: str = "Invented",
    threshold: float = 0.7,
    count: int | None = None,
    scorer: str = "test/1",
    refine: bool = True,
    failed: int = 0,
    gain: float = 0.1,
    **settings: object,
) -> str:
    """A finished run: kept drafts under the threshold are refined and gain `gain`, the first `failed` of them fail."""
    store = Store(database)
    values = {
        "local_provider": "builtin",
        "frontier_provider": "simulated",
        "frontier_model": "claude-sonnet-5-5",
        "quality_threshold": threshold,
        "count": count or max(1, min(500, len(scores))),
        "draft_factor": 4.0,
    }
    config = HybridConfig.model_validate(values | settings)
    study = study_of({f"P{number:02}": f"I want to know what evening {number} costs." for number in range(20)})
    store.save_study(study)
    run_id = store.create_run(study.id, config, name=name, simulated=True, now=NOW)
    drafts = [_drawn_from(make_draft(number, score), number) for number, score in enumerate(scores)]
    kept = sorted(drafts, key=lambda item: (-(item.assessment.scores.overall or -1), item.draft.id))[: config.count]
    with store.busy():
        log = store.log(run_id)
        for item in drafts:
            log.draft_written(item.draft)
            log.draft_assessed(item.draft.id, item.assessment)
        for item in kept:
            score = item.assessment.scores.overall
            low = refine and (score is None or score < threshold)
            outcome: Outcome = "kept_local" if not low else "refine_failed" if failed > 0 else "refined"
            failed -= low
            paid = COST_MICROS if outcome == "refined" else 0
            log.persona_finished(make_final(item, outcome, refined=min(1.0, (score or 0.5) + gain), cost_micros=paid))
    store.finish_run(
        run_id,
        "completed",
        error=None,
        timing=Timing(wall_s=1),
        frontier_only_micros=COST_MICROS * len(kept) if refine else None,
        price_source="test",
        scorer_version=scorer,
        now=NOW,
    )
    return run_id


def labelled_run(
    database: Path,
    run_id: str,
    *,
    labels: int = 50,
    floor: float = 0.4,
    acceptable: Callable[[float], bool] = lambda score: score >= 0.6,
    promise: Promise | None = None,
    stopping: Stopping = "label_all",
    seed: int = 0,
) -> str:
    """The id of a design on a run with all its tasks labelled by Ada; frontier texts are all acceptable."""
    store = Store(database)
    run = store.scores([run_id])[0]
    scores = {DraftKey(run_id, draft.id): draft.overall for draft in run.kept}
    refined = {DraftKey(run_id, draft.id) for draft in run.kept if draft.outcome == "refined"}
    settings = DesignSettings(
        promise=promise or Promise(), labels=labels, floor_percentile=floor, stopping=stopping, seed=seed
    )
    design_id = store.save_design([run_id], draw_design(scores, setup_of(run), settings, refined=refined), "First", NOW)
    with store.busy():
        for task in store.design(design_id).design.tasks:
            good = task.text == "frontier" or acceptable(scores[task.key] or 0.0)
            store.save_label(design_id, task.place, "Ada", "acceptable" if good else "unacceptable", "", NOW)
    return design_id


def _drawn_from(item: AssessedDraft, number: int) -> AssessedDraft:
    """The same draft, drawn from one of twenty participants."""
    return item.model_copy(update={"draft": item.draft.model_copy(update={"focus": (f"P{number % 20:02}",)})})
