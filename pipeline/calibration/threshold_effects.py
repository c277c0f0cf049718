"""Precomputed figures for every stop of the threshold slider.

A slider stops at hundredths. Computing 101 thresholds and "escalate everything" together takes as long
as a few of them one by one, so a page looks them up.

Simpler rules and unachievable bounds are compared with a threshold at equal cost, not at equal shares: the drafts that
a threshold escalates cost more than average, so a fixed share at random is cheaper and looks worse than it is.
Differences are paired, resampled by cluster. A threshold that was chosen on the same labels looks better than it is,
by 1 to 3 points of quality at 50 labels.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from pipeline.calibration.bounds import Interval, percentile_interval, resamples
from pipeline.calibration.certificate import ExactTest, LabelEvidence, Sampling, count_labels, test_of
from pipeline.calibration.draft_arrays import DraftArrays, Floats
from pipeline.calibration.pooled_drafts import PooledDrafts
from pipeline.calibration.sweep import Sweep, budget_risks, saving, sweep
from pipeline.domain.base import Frozen, Micros, Score
from pipeline.domain.labels import Promise
from pipeline.domain.routing import EscalationOrder
from pipeline.domain.scores import IMPUTED_BAND

STOPS: Floats = np.append(np.arange(101) / 100, np.inf)
"""Thresholds of the slider, ascending; the last one escalates everything."""

_INTERVAL = 0.975
"""One-sided confidence of each end of a 95 % interval."""

QualityMeasure = Literal["labels", "score"]

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
"""Controls that use the labels themselves: upper bounds for any rule."""


class BadShare(Frozen):
    """Risk of a promise at one threshold: estimate, interval and bound."""

    labels: int
    """Labels that count at this threshold."""
    bad: int
    """Unacceptable ones among those that stay local."""
    estimate: float
    low: float
    high: float
    """Ends of the exact 95 % interval (Clopper-Pearson)."""
    bound: float
    """Upper bound at the promised confidence; the promise can hold if it is at most alpha."""


class ThresholdEffect(Frozen):
    """Effect of one threshold on a set of drafts. Money is for one run of `personas`."""

    threshold: float
    """Infinite: escalate everything."""
    local: int
    drafts: int
    local_share: Score
    """0 without drafts."""
    cost_micros: float | None
    """Drafting and refining, nothing capped; `None` when no cost of the frontier is known."""
    cost_low_micros: float | None
    cost_high_micros: float | None
    """With every imputed cost 25 % off; equal where all costs were paid."""
    saving: Interval | None
    """Against the frontier doing everything, for drafts to come; `None` when that is free or unknown."""
    quality: float | None
    """Share of delivered texts that are acceptable, over drafts with both labels; `None` without any."""
    bad: BadShare | None
    """`None` where no label counts at this threshold."""
    over_budget: float | None
    """Chance that a run of this many costs more than the budget; `None` without a budget or costs."""
    bought: int | None
    """Refinements that the budget buys, in the chosen order; `None` without a budget or costs."""

    @property
    def escalated(self) -> int:
        """Drafts under the threshold, and those without a score."""
        return self.drafts - self.local


class Terms(Frozen):
    """Promise, budget and size of a run that a user sets."""

    promise: Promise = Promise()
    personas: int = Field(default=1, ge=1)
    """Personas per run, for which money is counted."""
    budget_micros: Micros | None = None
    """Of one run; `None`: no cap."""
    order: EscalationOrder = "worst_first"


def on_stops(cases: DraftArrays) -> DraftArrays:
    """Move scores down to the nearest stop; every stop accepts the same drafts as before.

    A threshold certified on these is one that the slider can show, with exactly the same effect.
    """
    place = np.searchsorted(STOPS, np.where(np.isnan(cases.score), 0.0, cases.score), side="right") - 1
    return replace(cases, score=np.where(np.isnan(cases.score), np.nan, STOPS[place]))


def stop_at_or_over(value: float | None) -> float | None:
    """Return the lowest stop that is not below a score."""
    return None if value is None else float(STOPS[np.searchsorted(STOPS, value, side="left")])


def positions(cases: DraftArrays, terms: Terms, sampling: Sampling | None = None) -> tuple[ThresholdEffect, ...]:
    """Compute one position per stop.

    Args:
        cases: drafts, some of them labelled.
        terms: promise, budget and size of a run.
        sampling: of the labels; `None`: among all drafts.
    """
    scale = terms.personas / max(len(cases), 1)
    costs = len(cases) > 0 and not np.isnan(cases.frontier_micros).any()
    budget = terms.budget_micros / scale if terms.budget_micros is not None and costs else None
    table = sweep(cases, budget_micros=budget)
    rows = [table.index(stop) for stop in STOPS]
    over = budget_risks(cases, STOPS.tolist(), terms.budget_micros or 0, terms.personas) if budget is not None else ()
    bad = bad_shares(cases, terms.promise, sampling)
    bought = None if budget is None else table.worst_first if terms.order == "worst_first" else table.best_first
    spread = _imputed(cases, STOPS) * scale
    return tuple(
        ThresholdEffect(
            threshold=float(stop),
            local=int(table.local[row]),
            drafts=len(cases),
            local_share=float(table.local_share[row]),
            cost_micros=_money(table, row, scale, 0.0) if costs else None,
            cost_low_micros=_money(table, row, scale, -spread[place]) if costs else None,
            cost_high_micros=_money(table, row, scale, spread[place]) if costs else None,
            saving=saving(cases, stop) if costs else None,
            quality=None if np.isnan(table.quality[row]) else float(table.quality[row]),
            bad=bad[place],
            over_budget=over[place] if over else None,
            bought=None if bought is None else int(bought.refined[row]),
        )
        for place, (stop, row) in enumerate(zip(STOPS, rows, strict=True))
    )


def sampling_on_stops(sampling: Sampling) -> Sampling:
    """Move the floor of a draw up to a stop of the slider."""
    return sampling.model_copy(update={"floor": stop_at_or_over(sampling.floor)})


def bad_shares(cases: DraftArrays, promise: Promise, sampling: Sampling | None = None) -> tuple[BadShare | None, ...]:
    """Estimate the risk of the promise per stop; `None` below the floor, and where no label counts."""
    if not cases.is_labelled.any():
        return (None,) * len(STOPS)
    known = sampling_on_stops(sampling or Sampling())
    evidence = count_labels(on_stops(cases), known)
    test = test_of(evidence, promise)
    interval = ExactTest(evidence, promise.model_copy(update={"confidence": _INTERVAL}))
    lows, uppers = interval.lower(), test.uppers()
    found = [
        _bad_share(row, evidence, test, interval, float(lows[row]), float(uppers[row]))
        for row in range(len(evidence.threshold))
    ]
    # From strict to permissive: a stop has the effect of the next score at or over it.
    ascending = evidence.threshold[::-1]
    control_points = np.searchsorted(ascending, STOPS, side="left")
    return tuple(
        found[len(found) - 1 - place] if place < len(found) and (known.floor is None or stop >= known.floor) else None
        for stop, place in zip(STOPS, control_points, strict=True)
    )


def _bad_share(
    row: int, evidence: LabelEvidence, test: ExactTest, interval: ExactTest, low: float, bound: float
) -> BadShare | None:
    labels, bad = int(test.labels[row]), int(evidence.bad[row])
    if not labels:
        return None
    scale = float(test.scale[row])
    return BadShare(
        labels=labels,
        bad=bad,
        estimate=scale * bad / labels,
        low=low,
        high=interval.upper(row),
        bound=bound,
    )


def _imputed(cases: DraftArrays, stops: Floats) -> Floats:
    """Compute the change in total micro-USD at each stop if imputed costs were a quarter off."""
    guessed = np.where(cases.imputed, cases.frontier_micros, 0.0)
    return np.asarray([IMPUTED_BAND * guessed[~cases.accepted(stop)].sum() for stop in stops])


def _money(table: Sweep, row: int, scale: float, more: float) -> float:
    return float(table.cost_micros[row]) * scale + more


class ControlPoint(NamedTuple):
    """Cost and quality of a control, without an interval."""

    name: ControlName
    cost_micros: float
    """Micro-USD for all drafts compared."""
    quality: float


@dataclass(frozen=True, eq=False)
class Tradeoff:
    """Quality and cost of every stop. Money is micro-USD for one run; quality is 0 to 1."""

    measure: QualityMeasure
    """`labels`: share of delivered texts that people find acceptable. `score`: mean score of the delivered texts."""
    cases: DraftArrays
    """The drafts used: those of which both texts are known."""
    cost_micros: Floats
    """Per stop."""
    quality: Floats
    """Per stop."""
    controls: tuple[tuple[ControlPoint, ...], ...]
    """Per stop: the alternatives for the same money. The oracle needs labels, so there is none by score."""


def tradeoff(pool: PooledDrafts, personas: int) -> Tradeoff | None:
    """Compute quality and cost per stop, by labels of both texts if any, else by score; `None` without either.

    Args:
        pool: the drafts.
        personas: of one run, for which money is counted.
    """
    measure: QualityMeasure = "labels"
    cases: DraftArrays | None = pool.cases.where(pool.cases.has_both_labels)
    if not cases:
        measure, cases = "score", pool.by_score
    if not cases or np.isnan(cases.frontier_micros).any():
        return None
    table, scale = sweep(cases), personas / len(cases)
    rows = [table.index(stop) for stop in STOPS]
    found = []
    for stop in STOPS:
        known = [place for place in control_points(cases, stop) if measure == "labels" or place.name != "oracle"]
        found.append(tuple(place._replace(cost_micros=place.cost_micros * scale) for place in known))
    return Tradeoff(measure, cases, table.cost_micros[rows] * scale, table.quality[rows], tuple(found))


class Control(Frozen):
    """Another way to spend money on the same drafts."""

    name: ControlName
    cost_micros: float
    """Micro-USD for all drafts."""
    quality: float
    """Expected share of acceptable texts delivered, 0 to 1."""
    ahead: Interval
    """Quality of the threshold minus this; 95 %, paired."""


class ControlComparison(Frozen):
    """A threshold compared with its controls."""

    drafts: int
    """Drafts with both labels and a known cost: the only ones compared."""
    cost_micros: float
    quality: float
    controls: tuple[Control, ...]


class _Outcomes(NamedTuple):
    """One row per resample of the drafts."""

    ours: Floats
    """Quality at the threshold."""
    quality: Floats
    """Quality of each control, a column per name in the order of `CONTROL_WORDS`."""
    cost: Floats
    """Micro-USD of each control, likewise."""


def compare_controls(cases: DraftArrays, threshold: float, *, seed: int = 0) -> ControlComparison | None:
    """Compare a threshold with its controls; `None` when no draft has both labels and a known cost.

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
            ahead=percentile_interval(float(here.ours[0] - here.quality[0, column]), ahead[:, column]),
        )
        for column, name in enumerate(CONTROL_WORDS)
    )
    cost = float(both.spend(threshold).sum())
    return ControlComparison(drafts=len(both), cost_micros=cost, quality=float(here.ours[0]), controls=controls)


def control_points(cases: DraftArrays, threshold: float) -> tuple[ControlPoint, ...]:
    """Compute the controls of a threshold without intervals: cheap enough for every move of a slider."""
    both = cases.where(cases.has_both_labels & ~np.isnan(cases.frontier_micros))
    if not len(both):
        return ()
    here = _outcomes(both, threshold, np.ones((1, len(both))))
    return tuple(
        ControlPoint(name, float(cost), float(quality))
        for name, cost, quality in zip(CONTROL_WORDS, here.cost[0], here.quality[0], strict=True)
    )


def _outcomes(cases: DraftArrays, threshold: float, weights: Floats) -> _Outcomes:
    """Compute the threshold and every control on resamples of the drafts, each control with the threshold's dollars.

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
    """Return the part of a whole that this money buys, at most 1; 1 where it costs nothing."""
    return np.clip(np.where(whole > 0, money / np.where(whole > 0, whole, 1.0), 1.0), 0.0, 1.0)


def _turned(cases: DraftArrays, weights: Floats, money: Floats) -> tuple[Floats, Floats]:
    """Count the texts that turn from bad to good if only those are bought, cheapest first; with their cost.

    The last one may be bought in part: a little more than any rule could reach, as a bound should be.
    """
    turning = np.flatnonzero((cases.label == 0) & (cases.frontier_label == 1))
    turning = turning[np.argsort(cases.frontier_micros[turning], kind="stable")]
    price = weights[:, turning] * cases.frontier_micros[turning]
    left = money[:, np.newaxis] - (np.cumsum(price, axis=1) - price)
    paid = np.clip(left, 0.0, price)
    bought = np.where(price > 0, paid / np.where(price > 0, price, 1.0), 1.0)
    return (weights[:, turning] * bought).sum(axis=1), paid.sum(axis=1)
