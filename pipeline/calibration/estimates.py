"""A number with its interval: the mean of some values, by Student's t.

Apart from `bounds`, because the command line and reports print estimates without loading scipy's statistics.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from pipeline.domain.base import Frozen

CONFIDENCE = 0.95


class Estimate(Frozen):
    """A number computed from n values, with a 95 % interval where n allows one."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int
    """Number of values."""


def mean_interval(values: Sequence[float], low: float, high: float) -> Estimate:
    """Return the mean with Student's 95 % interval, cut to `low`..`high`; no interval under two values.

    Args:
        values: at least one.
        low: smallest possible value of the mean.
        high: largest possible value of the mean.
    """
    n, mean = len(values), fmean(values)
    if n < 2:
        return Estimate(value=mean, n=n)
    from scipy.special import stdtrit  # a quarter of the import time of scipy.stats

    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * stdev(values) / sqrt(n)
    return Estimate(value=mean, low=max(low, mean - half), high=min(high, mean + half), n=n)
