"""Everything that changes when a threshold is moved, worked out for every place it can be moved to.

A slider stops at hundredths. Over these 101 thresholds and "escalate everything" all figures together take as long
as a few of them one by one, so a page looks them up.
"""

from dataclasses import replace

import numpy as np
from pydantic import Field

from pipeline.calibration.bootstrap import Interval
from pipeline.calibration.cases import Cases, Floats
from pipeline.calibration.evidence import Evidence, gather
from pipeline.calibration.promise import ExactTest
from pipeline.calibration.spending import budget_risks, saving
from pipeline.calibration.sweep import Sweep, sweep
from pipeline.domain.base import Frozen, Micros, Score
from pipeline.domain.labels import Promise
from pipeline.domain.routing import EscalationOrder
from pipeline.domain.scores import IMPUTED_BAND

STOPS: Floats = np.append(np.arange(101) / 100, np.inf)
"""Where a threshold can stand, ascending; the last one escalates everything."""

_INTERVAL = 0.975
"""One-sided confidence of each end of a 95 % interval."""


class BadShare(Frozen):
    """The risk of a promise at one threshold: what labels suggest, and what they show."""

    labels: int
    """Labels that speak of this threshold."""
    bad: int
    """Unacceptable ones among those that stay local."""
    estimate: float
    low: float
    high: float
    """Ends of the exact 95 % interval (Clopper-Pearson)."""
    bound: float
    """Upper bound at the promised confidence: the promise can hold where it is at most alpha."""


class Position(Frozen):
    """What one threshold does with a set of drafts. Money is for one run of `personas`."""

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
    """`None` where no label speaks of this threshold."""
    over_budget: float | None
    """Chance that a run of this many costs more than the budget; `None` without a budget or costs."""
    bought: int | None
    """Refinements that the budget buys, in the chosen order; `None` without a budget or costs."""

    @property
    def escalated(self) -> int:
        """Drafts under the threshold, and those without a score."""
        return self.drafts - self.local


class Terms(Frozen):
    """What a user asks of a threshold beside the drafts themselves."""

    promise: Promise = Promise()
    personas: int = Field(default=1, ge=1)
    """Personas per run, for which money is counted."""
    budget_micros: Micros | None = None
    """Of one run; `None`: no cap."""
    order: EscalationOrder = "worst_first"


def on_stops(cases: Cases) -> Cases:
    """The same drafts with scores moved down to the nearest stop: at every stop the same ones are accepted.

    What is certified on these is a threshold that a slider can show, and exactly what it does.
    """
    place = np.searchsorted(STOPS, np.where(np.isnan(cases.score), 0.0, cases.score), side="right") - 1
    return replace(cases, score=np.where(np.isnan(cases.score), np.nan, STOPS[place]))


def stop_at_or_over(value: float | None) -> float | None:
    """The lowest stop that is not below a score."""
    return None if value is None else float(STOPS[np.searchsorted(STOPS, value, side="left")])


def positions(cases: Cases, terms: Terms, *, floor: float | None = None) -> tuple[Position, ...]:
    """One position per stop.

    Args:
        cases: drafts, some of them labelled.
        terms: promise, budget and size of a run.
        floor: score from which on the labelled drafts were drawn at random; `None`: among all drafts.
    """
    scale = terms.personas / max(len(cases), 1)
    costs = len(cases) > 0 and not np.isnan(cases.frontier_micros).any()
    budget = terms.budget_micros / scale if terms.budget_micros is not None and costs else None
    table = sweep(cases, budget_micros=budget)
    rows = [table.index(stop) for stop in STOPS]
    over = budget_risks(cases, STOPS.tolist(), terms.budget_micros or 0, terms.personas) if budget is not None else ()
    bad = bad_shares(cases, terms.promise, floor=floor)
    bought = None if budget is None else table.worst_first if terms.order == "worst_first" else table.best_first
    spread = _imputed(cases, STOPS) * scale
    return tuple(
        Position(
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


def bad_shares(cases: Cases, promise: Promise, *, floor: float | None = None) -> tuple[BadShare | None, ...]:
    """The risk of the promise per stop; `None` below the floor, and where no label speaks of it."""
    if not cases.is_labelled.any():
        return (None,) * len(STOPS)
    snapped, lowest = on_stops(cases), stop_at_or_over(floor)
    evidence = gather(snapped, lowest)
    wide = promise.model_copy(update={"confidence": _INTERVAL})
    test, interval = ExactTest(evidence, promise), ExactTest(evidence, wide)
    lows = interval.lower()
    found = [_bad_share(row, evidence, test, interval, float(lows[row])) for row in range(len(evidence.threshold))]
    # From strict to permissive: a stop does what the next score at or over it does.
    ascending = evidence.threshold[::-1]
    places = np.searchsorted(ascending, STOPS, side="left")
    return tuple(
        found[len(found) - 1 - place] if place < len(found) and (lowest is None or stop >= lowest) else None
        for stop, place in zip(STOPS, places, strict=True)
    )


def _bad_share(row: int, evidence: Evidence, test: ExactTest, interval: ExactTest, low: float) -> BadShare | None:
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
        bound=test.upper(row),
    )


def _imputed(cases: Cases, stops: Floats) -> Floats:
    """Micro-USD by which the cost of all drafts would change at each stop if imputed costs were a quarter off."""
    guessed = np.where(cases.imputed, cases.frontier_micros, 0.0)
    return np.asarray([IMPUTED_BAND * guessed[~cases.accepted(stop)].sum() for stop in stops])


def _money(table: Sweep, row: int, scale: float, more: float) -> float:
    return float(table.cost_micros[row]) * scale + more
