"""Bounds and intervals: exact for a share of bad texts, by cluster bootstrap for means.

Bounds on a share of bad texts are never asymptotic: binomial tails for future runs, hypergeometric for the drafts
of one run. A threshold is certified when the chance of seeing so few bad labels, were the risk just over the limit, is
at most delta (Clopper & Pearson 1934; Bates et al. 2021, "Distribution-free, risk-controlling prediction sets").

Drafts of one document share its difficulty, so documents are resampled, not drafts (Davison & Hinkley 1997, section
3.8). Percentile intervals; the seed is an argument and the same seed gives the same interval.
"""

from bisect import bisect
from collections.abc import Iterator
from functools import lru_cache
from math import ceil, log

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from pipeline.calibration.draft_arrays import Bools, Floats, Ints
from pipeline.calibration.estimates import CONFIDENCE
from pipeline.domain.base import Frozen

POWER = 0.8
"""Probability that the recommended number of labels certifies, if the risk equals its estimate."""

_MOST_LABELS = 100_000
"""Beyond this no number is recommended: too many to label, and the risk is almost at its limit."""

_BLOCK = 256

_HALVINGS = 30
_ROUNDING = 1e-9
"""Keeps `0.29 * 100` from being 28."""

# Gauss-Legendre over quantiles: sixteen of them give the tail to four digits.
_ABSCISSAE, _AREAS = np.polynomial.legendre.leggauss(16)
_NODES, _WEIGHTS = (_ABSCISSAE + 1) / 2, _AREAS / 2

REPLICATES = 1000
_AT_ONCE = 2_000_000
"""Weights held in memory at the same time."""


def upper_bound(bad: ArrayLike, labels: ArrayLike, delta: float) -> Floats:
    """Compute the one-sided Clopper-Pearson upper bound of a share; 1 without labels, or when all are bad."""
    k, n = np.asarray(bad, np.float64), np.asarray(labels, np.float64)
    good = np.maximum(n - k, 0)
    return np.where(good == 0, 1.0, special.betaincinv(k + 1, np.where(good == 0, 1.0, good), 1 - delta))


def lower_bound(bad: ArrayLike, labels: ArrayLike, delta: float) -> Floats:
    """Compute the one-sided Clopper-Pearson lower bound of a share; 0 without labels, or when none is bad."""
    k, n = np.asarray(bad, np.float64), np.asarray(labels, np.float64)
    return np.where(k == 0, 0.0, special.betaincinv(np.where(k == 0, 1.0, k), n - k + 1, delta))


def share_interval(part: int, whole: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Compute the two-sided Clopper-Pearson interval of a share; 0 to 1 for an empty whole."""
    tail = (1 - confidence) / 2
    return float(lower_bound(part, whole, tail)), float(upper_bound(part, whole, tail))


def below_limit(bad: ArrayLike, labels: ArrayLike, limit: ArrayLike, delta: float) -> Bools:
    """Reject a share of bad drafts over `limit`: `BinomCDF(bad; labels, limit) <= delta`."""
    k, n, p = np.broadcast_arrays(bad, labels, limit)
    tail = special.bdtr(k.astype(np.float64), n.astype(np.int64), np.minimum(p, 1.0))
    return np.asarray((p >= 1) | (tail <= delta + _ROUNDING), bool)


def few_enough(bad: ArrayLike, labels: ArrayLike, population: ArrayLike, most: ArrayLike, delta: float) -> Bools:
    """Reject more than `most` bad drafts in a finite population, labels drawn without replacement.

    `HypergeomCDF(bad; population, most + 1, labels) <= delta`; with everything labelled it is a count.
    """
    k, n, size, limit = np.broadcast_arrays(bad, labels, population, most)
    impossible = limit >= size
    tail = stats.hypergeom.cdf(k, size, np.where(impossible, 0, limit + 1), n)
    return np.asarray(impossible | (tail <= delta + _ROUNDING), bool)


def product_tail(bad: ArrayLike, labels: ArrayLike, reached: ArrayLike, drafts: int, limit: float) -> Floats:
    """Compute the tail for `P(reached) * P(bad | reached) > limit`, with both factors at their upper bounds.

    The share of future drafts that reach a threshold is estimated from `reached` of `drafts`. Each factor varies
    over its confidence distribution, Beta(k + 1, n - k), and the tail of the product is compared with delta. With
    ever more drafts this becomes the binomial tail at `limit / share`. Two bounds that share delta between them
    would be provably valid and cost a sixth of the coverage; taking the share as known breaks a 10 % promise in 20
    to 40 % of draws where nearly all accepted drafts are bad. This breaks it in at most 9.7 %, by enumeration
    over 20 to 1,319 drafts.
    """
    k, n, reaching = np.broadcast_arrays(bad, labels, reached)
    share = _shares(reaching.astype(np.int64).tobytes(), drafts)
    rate = limit / share
    tail = special.bdtr(k.astype(np.float64)[:, np.newaxis], n.astype(np.int64)[:, np.newaxis], np.minimum(rate, 1.0))
    return np.asarray(np.where(rate >= 1, 0.0, tail) @ _WEIGHTS)


def shares_reached(reached: Ints, drafts: int) -> tuple[Floats, Floats]:
    """Return quantiles of the share of future drafts that reach each threshold, a row each, and their weights."""
    return _shares(reached.astype(np.int64).tobytes(), drafts), _WEIGHTS


def product_upper(bad: int, labels: int, reached: int, drafts: int, delta: float) -> float:
    """Compute the upper bound of `P(reached) * P(bad | reached)` by inverting `product_tail`."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = float(product_tail([bad], [labels], [reached], drafts, middle)[0]) > delta
        low, high = (middle, high) if above else (low, middle)
    return high


@lru_cache(maxsize=16)  # the same drafts are certified again with every label that comes in
def _shares(reached: bytes, drafts: int) -> Floats:
    """Compute quantiles of the share of future drafts that reach a threshold, one row each, for `_WEIGHTS`."""
    counts = np.frombuffer(reached, np.int64)[:, np.newaxis]
    below = np.where(counts == drafts, 1, drafts - counts)
    return np.asarray(np.where(counts == drafts, 1.0, special.betaincinv(counts + 1.0, below, _NODES)), np.float64)


def most_bad(bad: int, labels: int, population: int, delta: float) -> int:
    """Compute the upper bound of the bad drafts in a finite population by inverting `few_enough`."""
    possible = range(bad, population - (labels - bad))
    return bad + bisect(possible, False, key=lambda most: bool(few_enough(bad, labels, population, most, delta)))


def round_down(amount: ArrayLike) -> Ints:
    """Round down, forgiving the last digits of a product of floats."""
    return np.asarray(np.floor(np.asarray(amount, np.float64) + _ROUNDING), np.int64)


def fewest_labels(alpha: float, delta: float) -> int:
    """Compute the fewest labels that can certify, if none is bad: `ln delta / ln(1 - alpha)`."""
    return max(1, ceil(log(delta) / log(1 - alpha) - _ROUNDING))


def labels_to_certify(rate: float, limit: float, delta: float) -> int | None:
    """Find the fewest labels that certify `limit` with power 0.8 if the true share of bad drafts is `rate`.

    `c` bad labels are few enough from that number on which, with probability 1 - delta, holds more than c bad
    ones at a share of `limit`: a quantile of the negative binomial. Power falls between these numbers, so the
    smallest is one of them. Returns `None` when `rate` is not below `limit`, or 100,000 labels are too few.
    """
    if not rate < limit:
        return None
    if limit >= 1:
        return 1
    for first in range(0, _MOST_LABELS, _BLOCK):
        bad, labels = _smallest(first, limit, delta)
        enough = np.flatnonzero(special.bdtr(bad.astype(np.float64), labels, rate) >= POWER)
        if len(enough) and labels[enough[0]] <= _MOST_LABELS:
            return int(labels[enough[0]])
        if len(enough) or labels[-1] > _MOST_LABELS:
            break
    return None


@lru_cache(maxsize=512)
def _smallest(first: int, limit: float, delta: float) -> tuple[Ints, Ints]:
    """Yield numbers of bad labels from `first` on, each with the smallest sample in which they are few enough."""
    bad = np.arange(first, first + _BLOCK)
    return bad, bad + 1 + stats.nbinom.ppf(1 - delta, bad + 1, limit).astype(np.int64)


class Interval(Frozen):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """True if the whole interval lies above 0."""
        return self.low > 0


def resamples(cluster: Ints, seed: int, replicates: int = REPLICATES) -> Iterator[Floats]:
    """Yield the counts of each draft in each resample: blocks of rows, one row per replicate.

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


def percentile_interval(value: float, replicates: Floats) -> Interval:
    """Return a number with the middle 95 % of its replicates."""
    low, high = np.quantile(replicates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value=value, low=float(low), high=float(high))


def mean_of(values: Floats, cluster: Ints, seed: int) -> Interval:
    """Return the mean of at least one value, one per draft, with its interval."""
    drawn = [(weights @ values) / weights.sum(axis=1) for weights in resamples(cluster, seed)]
    return percentile_interval(float(values.mean()), np.concatenate(drawn))
