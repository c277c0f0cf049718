"""What else the same dollars would buy: the threshold beside simpler rules and unachievable bounds.

At equal dollars, not at equal shares: what a threshold escalates costs more than the average draft, so a fixed
share at random is cheaper and looks worse than it is. Differences are paired, resampled by cluster. A threshold
that was chosen on the same labels looks better than it is, by 1 to 3 points of quality at 50 labels.
"""

from typing import Literal, NamedTuple

import numpy as np

from pipeline.calibration.bootstrap import Interval, interval, resamples
from pipeline.calibration.cases import Cases, Floats
from pipeline.domain.base import Frozen

ControlName = Literal["all_local", "all_frontier", "fixed_ratio", "frontier_first", "oracle", "best_of_both"]

CONTROL_WORDS: dict[ControlName, str] = {
    "all_local": "every draft as it is",
    "all_frontier": "the frontier writes everything, nothing is drafted",
    "fixed_ratio": "a share of the drafts drawn at random is refined, for the same money",
    "frontier_first": "the frontier writes until the same money is spent, the rest is drafted locally",
    "oracle": "exactly the drafts that refining turns from bad to good, cheapest first, for the same money",
    "best_of_both": "both texts of every persona are bought, and the better one is known",
}

UNACHIEVABLE: frozenset[ControlName] = frozenset({"oracle", "best_of_both"})
"""Controls that know the labels: bounds of what any rule could reach."""


class Control(Frozen):
    """Another way to spend money on the same drafts."""

    name: ControlName
    cost_micros: float
    """Micro-USD for all drafts."""
    quality: float
    """Expected share of acceptable texts delivered, 0 to 1."""
    ahead: Interval
    """Quality of the threshold minus this; 95 %, paired."""


class Comparison(Frozen):
    """A threshold beside its controls."""

    drafts: int
    """Drafts with both labels and a known cost: the only ones compared."""
    cost_micros: float
    quality: float
    controls: tuple[Control, ...]


class Place(NamedTuple):
    """Where a control stands, without an interval."""

    name: ControlName
    cost_micros: float
    """Micro-USD for all drafts compared."""
    quality: float


class _Outcomes(NamedTuple):
    """One row per resample of the drafts."""

    ours: Floats
    """Quality at the threshold."""
    quality: Floats
    """Quality of each control, a column per name in the order of `CONTROL_WORDS`."""
    cost: Floats
    """Micro-USD of each control, likewise."""


def compare(cases: Cases, threshold: float, *, seed: int = 0) -> Comparison | None:
    """A threshold beside its controls; `None` when no draft has both labels and a known cost.

    Args:
        cases: drafts with labels of both texts, drawn at random; others are left out.
        threshold: drafts with at least this score are accepted.
        seed: of the bootstrap.
    """
    both = cases.where(cases.has_both_labels & ~np.isnan(cases.frontier_micros))
    if not len(both):
        return None
    here = _outcomes(both, threshold, np.ones((1, len(both))))
    blocks = [_outcomes(both, threshold, weights) for weights in resamples(both.cluster, seed)]
    ahead = np.concatenate([block.ours[:, np.newaxis] - block.quality for block in blocks])
    controls = tuple(
        Control(
            name=name,
            cost_micros=float(here.cost[0, column]),
            quality=float(here.quality[0, column]),
            ahead=interval(float(here.ours[0] - here.quality[0, column]), ahead[:, column]),
        )
        for column, name in enumerate(CONTROL_WORDS)
    )
    cost = float(both.spend(threshold).sum())
    return Comparison(drafts=len(both), cost_micros=cost, quality=float(here.ours[0]), controls=controls)


def places(cases: Cases, threshold: float) -> tuple[Place, ...]:
    """Where the controls of a threshold stand, without intervals: cheap enough for every move of a slider."""
    both = cases.where(cases.has_both_labels & ~np.isnan(cases.frontier_micros))
    if not len(both):
        return ()
    here = _outcomes(both, threshold, np.ones((1, len(both))))
    return tuple(
        Place(name, float(cost), float(quality))
        for name, cost, quality in zip(CONTROL_WORDS, here.cost[0], here.quality[0], strict=True)
    )


def _outcomes(cases: Cases, threshold: float, weights: Floats) -> _Outcomes:
    """The threshold and every control on resamples of the drafts, each control with the threshold's dollars.

    A control that mixes at random is taken at its expectation: no drawing, no noise.
    """
    keep = cases.accepted(threshold)
    delivered = np.where(keep, cases.label, cases.frontier_label)
    either = np.maximum(cases.label, cases.frontier_label)
    paid = np.where(keep, 0.0, cases.frontier_micros)
    columns = (cases.local_micros, cases.frontier_micros, paid, cases.label, cases.frontier_label, delivered, either)
    local, frontier, refining, draft, strong, ours, best = (weights @ column for column in columns)
    drafts = weights.sum(axis=1)
    ratio, first = _part(refining, frontier), _part(refining, frontier - local)
    turned, turning = _turned(cases, weights, refining)
    mixed = [(1 - part) * draft + part * strong for part in (ratio, first)]
    good = [draft, strong, *mixed, draft + turned, best]
    cost = [
        local,
        frontier,
        local + refining,
        (1 - first) * local + first * frontier,
        local + turning,
        local + frontier,
    ]
    return _Outcomes(ours / drafts, np.stack(good, axis=1) / drafts[:, np.newaxis], np.stack(cost, axis=1))


def _part(money: Floats, whole: Floats) -> Floats:
    """The part of a whole that this money buys, at most all of it; all of it where it costs nothing."""
    return np.clip(np.where(whole > 0, money / np.where(whole > 0, whole, 1.0), 1.0), 0.0, 1.0)


def _turned(cases: Cases, weights: Floats, money: Floats) -> tuple[Floats, Floats]:
    """Texts that turn from bad to good when only those are bought, cheapest first, and what they cost.

    The last one may be bought in part: a little more than any rule could reach, as a bound should be.
    """
    turning = np.flatnonzero((cases.label == 0) & (cases.frontier_label == 1))
    turning = turning[np.argsort(cases.frontier_micros[turning], kind="stable")]
    price = weights[:, turning] * cases.frontier_micros[turning]
    left = money[:, np.newaxis] - (np.cumsum(price, axis=1) - price)
    paid = np.clip(left, 0.0, price)
    bought = np.where(price > 0, paid / np.where(price > 0, price, 1.0), 1.0)
    return (weights[:, turning] * bought).sum(axis=1), paid.sum(axis=1)
