"""Test promises while labels are still coming in: valid whenever labelling stops, and however often it is looked at.

A bettor starts with a wealth of 1 and, label after label, bets that the risk is below a limit. If the risk is at the
limit or above, no bet gains on average, so the wealth ever reaches 1 / delta with a probability of at most delta
(Ville 1939; Waudby-Smith & Ramdas 2020, "Estimating means of bounded random variables by betting", section 4, and
section 5 for drawing without replacement). A limit once rejected stays rejected: the largest wealth so far counts.

The bets are a fixed mixture, chosen before the first label from the planned number of labels: the fraction of wealth
that would be best if the risk were just low enough to be certified at the end, with neighbours for earlier and later
stops. Multipliers and weights were tuned on `cascade_gsm8k.csv` only.
"""

from bisect import bisect
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from pipeline.calibration.draft_arrays import Bools, Floats, Ints

_SLACK = 1.1
"""The mixture reaches 1 / delta a little later than its best bet would."""

_WEIGHTS = np.array([0.60, 0.15, 0.15, 0.10])
"""Wealth that is staked on each of the bets of `bet_sizes`."""

_HALVINGS = 26
_TO_A_THOUSANDTH = 12
"""Halvings of the interval 0 to 1 for a bound that is shown in per cent."""

ReachedShares = tuple[Floats, Floats]
"""Quantiles of the share of future drafts that reach each threshold, one row each, and the weights of the columns."""


@dataclass(frozen=True, eq=False)
class LabelOrder:
    """Labels in the order in which they were made, as seen from each threshold: one row per threshold."""

    counts: Bools
    """True where a label is part of the sample at that threshold."""
    bad: Bools
    """True where it also counts as bad."""

    @cached_property
    def peaks(self) -> tuple[Floats, Floats]:
        """Good and bad labels so far, just before each bad label and at the end: wealth is largest there."""
        bad_so_far = np.cumsum(self.bad, axis=1)
        good_so_far = np.cumsum(self.counts & ~self.bad, axis=1)
        most = int(bad_so_far[:, -1].max(initial=0)) if bad_so_far.shape[1] else 0
        good = np.zeros((len(bad_so_far), most + 1))
        for bad in range(most + 1):
            good[:, bad] = np.where(bad_so_far == bad, good_so_far, 0).max(axis=1, initial=0)
        return good, np.where(good > 0, np.arange(most + 1), 0).astype(np.float64)

    def at(self, rows: Ints) -> "LabelOrder":
        """Select some of the thresholds."""
        return LabelOrder(self.counts[rows], self.bad[rows])


def bet_sizes(limit: Floats, planned: Floats, delta: float) -> Floats:
    """Return the bets as fractions of the largest possible one: a row per threshold, a column per `_WEIGHTS`.

    A bet of `1 - p / limit` grows fastest if the risk is p. The p aimed at is the largest one that `planned` labels
    can tell from `limit`: `planned * KL(p, limit) = log(1 / delta)`.

    Args:
        limit: that the promise asks for, per threshold.
        planned: labels expected at each threshold when the design is finished.
        delta: chance that the promise fails.
    """
    limit = np.clip(limit, 1e-9, 1 - 1e-9)
    low, high = np.zeros(len(limit)), limit.copy()
    goal = _SLACK * np.log(1 / delta)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        divergence = special.rel_entr(middle, limit) + special.rel_entr(1 - middle, 1 - limit)
        enough = planned * divergence >= goal
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    best = 1 - low / limit
    return np.stack([best, (1 + best) / 2, 0.65 * best, np.ones(len(limit))], axis=1)


def wealth(order: LabelOrder, limit: Floats, bets: Floats) -> Floats:
    """Return the largest wealth so far per threshold, betting that the risk is below `limit`; at least 1.

    Args:
        order: of n labels at T thresholds.
        limit: share of bad texts to bet against, shape (T,) or (T, nodes); 1 or more is never true.
        bets: see `bet_sizes`; they may aim at another limit.
    """
    limits = limit.reshape(len(limit), 1, -1)
    odds = np.clip(limits, 0, 1 - 1e-12) / (1 - np.clip(limits, 0, 1 - 1e-12))
    good, bad = (part[:, :, np.newaxis] for part in order.peaks)
    total = np.zeros(np.broadcast_shapes(good.shape, odds.shape))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for weight, sizes in zip(_WEIGHTS, bets.T, strict=True):
            size = sizes[:, np.newaxis, np.newaxis]
            lost = np.where(bad == 0, 0.0, bad * np.log1p(-size))
            total += weight * np.exp(good * np.log1p(size * odds) + lost)
    largest = np.maximum(total.max(axis=1, initial=1.0), 1.0)
    return np.where(limit >= 1, np.inf, largest.reshape(limit.shape))


def wealth_of_finite(order: LabelOrder, size: Ints, least_bad: Ints, bets: Floats) -> Floats:
    """Return the largest wealth so far, betting that a finite population has fewer bad texts; at least 1.

    Labels are drawn from it without replacement, so the share of bad texts among those left is known under the
    hypothesis, and a hypothesis that has become impossible is rejected for certain.

    Args:
        order: of n labels at T thresholds.
        size: of the population at each threshold.
        least_bad: number of bad texts to bet against.
        bets: see `bet_sizes`.
    """
    seen, found_bad = np.zeros(len(size)), np.zeros(len(size))
    now = np.tile(_WEIGHTS, (len(size), 1))
    largest = np.where(least_bad > size, np.inf, 1.0)
    for label in range(order.counts.shape[1]):
        counts, bad = order.counts[:, label], order.bad[:, label]
        share = np.clip((least_bad - found_bad) / np.maximum(size - seen, 1), 0.0, 1 - 1e-12)
        change = np.where(bad[:, np.newaxis], 1 - bets, 1 + bets * (share / (1 - share))[:, np.newaxis])
        now *= np.where((counts & (share > 0))[:, np.newaxis], change, 1.0)
        seen, found_bad = seen + counts, found_bad + bad
        impossible = least_bad - found_bad > size - seen
        largest = np.maximum(largest, np.where(impossible, np.inf, now.sum(axis=1)))
    return largest


def tail(order: LabelOrder, limit: Floats, bets: Floats, shares: ReachedShares | None = None) -> Floats:
    """Return the chance of so much wealth, were the risk over `limit`: at most the inverse of the largest wealth."""
    if shares is None:
        return np.asarray(1 / wealth(order, limit, bets))
    nodes, weights = shares
    return np.asarray((1 / wealth(order, limit[:, np.newaxis] / nodes, bets)) @ weights)


def upper_limit(order: LabelOrder, bets: Floats, delta: float, shares: ReachedShares | None = None) -> Floats:
    """Return the upper bound of the risk at each threshold, by inverting `tail`.

    Args:
        order: of the labels.
        bets: see `bet_sizes`.
        delta: chance that the bound fails.
        shares: see `ReachedShares`; `None`: the risk is among the labels themselves.
    """
    low, high = np.zeros(len(bets)), np.ones(len(bets))
    for _ in range(_TO_A_THOUSANDTH):
        middle = (low + high) / 2
        fails = tail(order, middle, bets, shares) > delta
        low, high = np.where(fails, middle, low), np.where(fails, high, middle)
    return high


def fewest_to_bet(limit: float, planned: int, delta: float) -> int:
    """Return the fewest labels with which a limit can be rejected, if none of them is bad."""
    gain = np.log1p(bet_sizes(np.array([limit]), np.array([float(planned)]), delta)[0] * limit / (1 - limit))
    most = 1 + int(np.ceil(np.log(1 / delta / _WEIGHTS[0]) / gain[0]))
    return 1 + bisect(range(1, most), False, key=lambda n: bool(_WEIGHTS @ np.exp(n * gain) >= 1 / delta - 1e-9))
