"""All figures for choosing a threshold, computed once for some runs and labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.calibration.certificate import Certificate, certify, certify_at, looks_random
from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.calibration.drift import Drift, drift, setup_of
from pipeline.calibration.labels import why_labels_do_not_apply
from pipeline.calibration.pooled_drafts import PooledDrafts, pool_drafts
from pipeline.calibration.score_validity import Bin, Discrimination, discrimination, reliability
from pipeline.calibration.threshold_effects import (
    STOPS,
    Terms,
    ThresholdEffect,
    Tradeoff,
    on_stops,
    positions,
    stop_at_or_over,
    tradeoff,
)
from pipeline.domain.labels import LabelSet
from pipeline.domain.scores import RunScores


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """Some runs, and the effect of every threshold on their drafts."""

    runs: tuple[RunScores, ...]
    pool: PooledDrafts
    terms: Terms
    labels: LabelSet | None
    """`None` without any that apply."""
    unused: tuple[str, ...]
    """Reasons why the chosen labels do not apply; empty when they do."""
    positions: tuple[ThresholdEffect, ...]
    """Per place of the threshold."""
    certificate: Certificate
    is_random: bool
    """True if the labelled drafts look randomly drawn; otherwise nothing is guaranteed."""
    worth: Discrimination
    bins: tuple[Bin, ...]
    exchange: Tradeoff | None
    """`None` where the quality of refined texts is unknown."""
    drift: Drift | None
    """Of the newest run against the others at the newest run's threshold; `None` with one run."""

    @property
    def simulated(self) -> bool:
        """True if any of the money is simulated."""
        return any(run.simulated for run in self.runs)

    @property
    def newest(self) -> RunScores:
        """The latest run, whose settings a new threshold is for."""
        return max(self.runs, key=lambda run: run.created_at)

    @property
    def cases(self) -> DraftArrays:
        """The drafts as a certificate uses them: scores moved down to the stops of the slider."""
        return on_stops(self.pool.cases)

    @property
    def imputed(self) -> int:
        """Number of drafts whose refinement was not paid, so that its cost is imputed."""
        return int(np.count_nonzero(self.pool.cases.imputed))

    def test(self, threshold: float) -> Certificate:
        """Test the promise at one threshold that was chosen before labels were seen.

        Raises:
            InputError: it is under the score from which on drafts were drawn for labelling.
        """
        return certify_at(self.cases, threshold, self.terms.promise, floor=stop_at_or_over(self.pool.floor))


def calibrate_runs(
    runs: Sequence[RunScores],
    branches: Sequence[RunScores],
    labels: LabelSet | None,
    terms: Terms,
    *,
    kept_only: bool = True,
) -> CalibrationResult:
    """Compute the result; 0.3 s for 2,000 drafts.

    Args:
        runs: of one setup, at least one; see `pooled_drafts.why_not_together`.
        branches: runs that began with their drafts.
        labels: of a design; left out, with the reason, where they do not apply to exactly these runs.
        terms: promise and budget.
        kept_only: the kept drafts, or all that were written.
    """
    unused = why_labels_do_not_apply(labels, {run.id: setup_of(run) for run in runs}) if labels else ()
    pool = pool_drafts(runs, branches, None if unused else labels, kept_only=kept_only)
    floor = pool.floor
    return CalibrationResult(
        runs=tuple(runs),
        pool=pool,
        terms=terms,
        labels=None if unused else labels,
        unused=unused,
        positions=positions(pool.cases, terms, floor=floor),
        certificate=certify(on_stops(pool.cases), terms.promise, floor=stop_at_or_over(floor)),
        is_random=looks_random(pool.cases, floor),
        worth=discrimination(pool.cases),
        bins=reliability(pool.for_reliability),
        exchange=tradeoff(pool, terms.personas),
        drift=_drift(runs, kept_only),
    )


def place_of(threshold: float) -> int:
    """Return the index of the slider's stop for a threshold."""
    return int(np.searchsorted(STOPS, threshold - 1e-9, side="left"))


def _drift(runs: Sequence[RunScores], kept_only: bool) -> Drift | None:
    if len(runs) < 2:
        return None
    *earlier, newest = sorted(runs, key=lambda run: run.created_at)
    before, after = (pool_drafts(part, kept_only=kept_only).cases for part in (earlier, [newest]))
    return drift(before, after, newest.config.quality_threshold)
