"""Trend of a setup: its runs in order of time, with a mark where the scores drifted away from those before.

A run is compared with all earlier runs of its setup together (two-sample Kolmogorov-Smirnov test, p < 0.01), so a
slow change is found as well as a sudden one. Among a hundred runs that do not drift about one is marked by chance.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.calibration.drift import drift, setup_of
from pipeline.calibration.estimates import Estimate, mean_interval
from pipeline.calibration.pooled_drafts import pool_drafts
from pipeline.domain.base import Frozen
from pipeline.domain.labels import Setup
from pipeline.domain.scores import RunScores


class TrendPoint(Frozen):
    """One run of a setup."""

    run_id: str
    name: str
    """Untrusted."""
    created_at: datetime
    mean_score: Estimate | None
    """Of its kept drafts; `None` if none has a score."""
    local_share: float | None
    """Share of kept drafts at or over the threshold of the newest run; `None` without drafts."""
    drifted: bool
    """True if its scores differ beyond chance from those of all earlier runs together."""


def setups_with_trend(runs: Sequence[RunScores], fewest: int = 2) -> dict[Setup, tuple[RunScores, ...]]:
    """Return the setups with at least this many runs that wrote their own drafts, runs oldest first."""
    groups: dict[Setup, list[RunScores]] = {}
    for run in sorted(runs, key=lambda run: run.created_at):
        if run.drafts_from is None and run.kept:
            groups.setdefault(setup_of(run), []).append(run)
    return {setup: tuple(own) for setup, own in groups.items() if len(own) >= fewest}


def trend(runs: Sequence[RunScores]) -> tuple[TrendPoint, ...]:
    """Return the points of runs of one setup, oldest first; at least one run."""
    ordered = sorted(runs, key=lambda run: run.created_at)
    threshold = ordered[-1].config.quality_threshold
    pool = pool_drafts(ordered)
    places = {run.id: place for place, run in enumerate(ordered)}
    owner = np.asarray([places[key.run_id] for key in pool.keys], np.int64)
    return tuple(
        _point(run, pool.cases.where(owner < place), pool.cases.where(owner == place), threshold)
        for place, run in enumerate(ordered)
    )


def _point(run: RunScores, earlier: DraftArrays, cases: DraftArrays, threshold: float) -> TrendPoint:
    known = [float(score) for score in cases.score[~np.isnan(cases.score)]]
    found = drift(earlier, cases, threshold) if len(earlier) else None
    return TrendPoint(
        run_id=run.id,
        name=run.name,
        created_at=run.created_at,
        mean_score=mean_interval(known, 0.0, 1.0) if known else None,
        local_share=float(cases.accepted(threshold).mean()) if len(cases) else None,
        drifted=bool(found and found.warning),
    )
