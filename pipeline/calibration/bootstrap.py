"""Resampling whole clusters: intervals of whatever a handful of sums can compute.

Drafts of one document share its difficulty, so documents are drawn, not drafts (Davison & Hinkley 1997, section
3.8). Percentile intervals; the seed is an argument and the same seed gives the same interval.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.calibration.cases import Floats, Ints
from pipeline.domain.base import Frozen

CONFIDENCE = 0.95
REPLICATES = 1000
_AT_ONCE = 2_000_000
"""Weights held in memory at the same time."""


class Interval(Frozen):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether the interval lies above 0 as a whole."""
        return self.low > 0


def resamples(cluster: Ints, seed: int, replicates: int = REPLICATES) -> Iterator[Floats]:
    """How often each draft occurs in each resample: blocks of rows, one row per replicate.

    Args:
        cluster: number of each draft's cluster, 0 to the number of clusters - 1; at least one draft.
        seed: of the draws.
        replicates: rows in all.
    """
    chance = np.random.default_rng(seed)
    groups = int(cluster.max()) + 1
    block = max(1, _AT_ONCE // max(groups, len(cluster)))
    for start in range(0, replicates, block):
        rows = min(block, replicates - start)
        drawn = chance.integers(0, groups, (rows, groups)) + groups * np.arange(rows)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups)
        yield counts[:, cluster].astype(np.float64)


def interval(value: float, replicates: Floats) -> Interval:
    """A number with the middle 95 % of its replicates."""
    low, high = np.quantile(replicates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value=value, low=float(low), high=float(high))


def mean_of(values: Floats, cluster: Ints, seed: int) -> Interval:
    """The mean of at least one value, one per draft, with its interval."""
    drawn = [(weights @ values) / weights.sum(axis=1) for weights in resamples(cluster, seed)]
    return interval(float(values.mean()), np.concatenate(drawn))
