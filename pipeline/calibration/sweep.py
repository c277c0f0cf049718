"""Compute every threshold at once: local share, cost, saving and delivered quality.

Exact: one row per distinct score and one for +inf (escalate everything); tied scores move together. One sort and
prefix sums, O(n log n): 1e6 drafts in about a second. Savings and the risk of a budget come with intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from pipeline.calibration.bounds import Interval
from pipeline.calibration.draft_arrays import DraftArrays, Floats, Ints
from pipeline.calibration.estimates import CONFIDENCE
from pipeline.domain.scores import IMPUTED_BAND
from pipeline.errors import InputError

_REPLICATES = 2000
_FEWEST_REPLICATES = 200
_DRAWN = 20_000_000
"""Drafts drawn in all replicates together."""


@dataclass(frozen=True, eq=False)
class Purchase:
    """Refinements that a budget buys in one order of escalation, per threshold.

    Drafts get the money in turn until the next one does not fit. A run reserves worst cases and lets a cheaper
    one pass a dearer one that does not fit, so at the end of its money it may differ by a few drafts.
    """

    refined: Ints
    """Drafts that get their refinement."""
    spent_micros: Floats
    """Micro-USD of these refinements."""
    quality: Floats
    """Share of delivered texts that are acceptable, over drafts with both labels; NaN without any."""


def saving(cases: DraftArrays, threshold: float) -> Interval | None:
    """1 - cost / cost of the frontier alone, for drafts to come from the same source, with a 95 % interval.

    A ratio of two means, its variance by the delta method over clusters (Cochran 1977, section 6.4) with Student's
    t. The interval of the escalated share is not a substitute: it ignores that escalated drafts cost more, and
    covers the saving one time in six. `None` with fewer than two clusters, with unknown costs, or a free frontier.
    """
    groups = int(cases.cluster.max(initial=-1)) + 1
    spent, alone = (
        np.bincount(cases.cluster, amounts, minlength=groups)
        for amounts in (cases.spend(threshold), cases.frontier_micros)
    )
    if groups < 2 or not alone.sum() > 0:
        return None
    ratio = spent.sum() / alone.sum()
    residual = spent - ratio * alone
    error = sqrt(groups / (groups - 1) * float(residual @ residual)) / float(alone.sum())
    half = float(stdtrit(groups - 1, (1 + CONFIDENCE) / 2)) * error
    # Drafting costs 0 or more, so a saving cannot exceed 1.
    return Interval(value=1 - ratio, low=1 - ratio - half, high=min(1.0, 1 - ratio + half))


@dataclass(frozen=True, eq=False)
class Sweep:
    """One entry per threshold, ascending, the last +inf."""

    threshold: Floats
    local: Ints
    """Drafts that stay local."""
    local_share: Floats
    """0 to 1, of all drafts, those without a score included; 0 when there is no draft."""
    cost_micros: Floats
    """Drafting and scoring of all, the frontier for those escalated; no budget."""
    saving: Floats
    """1 - cost / cost of the frontier doing everything without drafting; negative when dearer, NaN when that is 0."""
    saving_low: Floats
    """The saving if every imputed cost were 25 % off, whichever way is worse; equal where nothing is imputed."""
    saving_high: Floats
    quality: Floats
    """Share of delivered texts that are acceptable, over drafts with both labels; NaN without any."""
    selective_risk: Floats
    """Estimate of P(bad | accepted): bad among labelled accepted drafts; NaN without any."""
    marginal_risk: Floats
    """Estimate of P(accepted and bad): local share times selective risk."""
    worst_first: Purchase | None
    """Refinements that the budget buys, lowest score first; `None` without a budget."""
    best_first: Purchase | None

    def index(self, threshold: float) -> int:
        """Find the row that accepts the same drafts as this threshold, from -inf to +inf."""
        return int(np.searchsorted(self.threshold, threshold, side="left"))

    def columns(self) -> dict[str, Floats | Ints]:
        """Return the table by column name, for a file or a frame; columns of an order carry its name as a prefix."""
        flat = {field.name: getattr(self, field.name) for field in fields(self)}
        for order in ("worst_first", "best_first"):
            if (bought := flat.pop(order)) is not None:
                flat |= {f"{order}_{field.name}": getattr(bought, field.name) for field in fields(bought)}
        return flat


def sweep(cases: DraftArrays, *, budget_micros: float | None = None, floor: float | None = None) -> Sweep:
    """Compute the effect of every threshold on these drafts.

    Args:
        cases: of one or more runs; kept drafts unless a comparison wants all.
        budget_micros: cap on drafting and refining together; `None` means none.
        floor: the score from which on drafts were drawn for labelling; below it risks are NaN, because
            labels from above say nothing about it.

    Raises:
        InputError: a budget, and no frontier cost is known.
    """
    if budget_micros is not None and len(cases) and np.isnan(cases.frontier_micros).any():
        raise InputError("A budget needs the cost of a refinement, and no draft has one. Set a price, or no budget.")
    order = np.argsort(cases.rank, kind="stable")  # worst first, as a run escalates
    starts, threshold = _steps(cases.rank[order])
    frontier, imputed = (_prefix(np.where(part, cases.frontier_micros, 0.0), order) for part in (True, cases.imputed))
    spent = frontier[starts]
    local = cases.local_micros.sum()

    def saving(off: float) -> Floats:
        """Compute the saving if imputed costs were off by this fraction."""
        alone = frontier[-1] + off * imputed[-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = 1 - (local + spent + off * imputed[starts]) / alone
        return found if alone > 0 else np.full(len(starts), np.nan)

    ends = saving(-IMPUTED_BAND), saving(IMPUTED_BAND)
    share = (len(cases) - starts) / max(len(cases), 1)
    selective = np.where(threshold >= (floor or 0.0), _selective_risk(cases, order, starts), np.nan)
    worst = best = None
    if budget_micros is not None:
        left = max(0.0, budget_micros - local)
        worst = _buy(cases, order, np.zeros_like(starts), starts, left)
        size = np.full_like(starts, len(cases))
        best = _buy(cases, np.argsort(-cases.rank, kind="stable"), size - starts, size, left)
    return Sweep(
        threshold=threshold,
        local=len(cases) - starts,
        local_share=share,
        cost_micros=local + spent,
        saving=saving(0.0),
        saving_low=np.minimum(*ends),
        saving_high=np.maximum(*ends),
        quality=_quality(cases, order, np.zeros_like(starts), starts),
        selective_risk=selective,
        marginal_risk=np.where(share == 0, 0.0, share * selective),
        worst_first=worst,
        best_first=best,
    )


def _steps(ordered: Floats) -> tuple[Ints, Floats]:
    """Return the start of each tied group in ascending ranks, then the end; and the thresholds there."""
    first = int(np.searchsorted(ordered, 0.0))  # drafts without a score are escalated at every threshold
    is_new = np.diff(ordered[first:], prepend=-1.0) != 0
    starts = np.append(first + np.flatnonzero(is_new), len(ordered))
    return starts, np.append(ordered[starts[:-1]], np.inf)


def _prefix(values: Floats, order: Ints) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values[order])))


def _selective_risk(cases: DraftArrays, order: Ints, starts: Ints) -> Floats:
    labelled = _prefix(cases.is_labelled.astype(np.float64), order)
    bad = _prefix((cases.label == 0).astype(np.float64), order)
    with np.errstate(invalid="ignore"):
        return np.asarray((bad[-1] - bad[starts]) / (labelled[-1] - labelled[starts]))


def _quality(cases: DraftArrays, order: Ints, begins: Ints, ends: Ints) -> Floats:
    """Compute quality when the drafts from `begins` up to `ends` in this order deliver the frontier's text."""
    both = cases.has_both_labels
    if not both.any():
        return np.full(len(ends), np.nan)
    gain = _prefix(np.where(both, cases.frontier_label - cases.label, 0.0), order)
    return np.asarray((cases.label[both].sum() + gain[ends] - gain[begins]) / np.count_nonzero(both))


def _buy(cases: DraftArrays, order: Ints, begins: Ints, ends: Ints, left: float) -> Purchase:
    """Refine from `begins` on in this order, up to `ends` or until the next draft does not fit."""
    cost = _prefix(cases.frontier_micros, order)
    stops = np.minimum(ends, np.searchsorted(cost, cost[begins] + left, side="right") - 1)
    return Purchase(stops - begins, cost[stops] - cost[begins], _quality(cases, order, begins, stops))


def budget_risks(
    cases: DraftArrays, thresholds: Sequence[float], budget_micros: float, drafts: int, *, seed: int = 0
) -> tuple[float, ...]:
    """Estimate the probability, per threshold, that the next drafts cost more than the budget; empty without costs.

    The last of them would then stay unrefined. Two levels: resampled clusters stand for uncertainty about the source,
    drafts drawn from each resample for the luck of the next run.

    Args:
        cases: drafts of earlier runs.
        thresholds: ascending; drafts with at least this score are accepted. All on the same draws.
        budget_micros: cap on drafting and refining together.
        drafts: how many come, at least 1.
        seed: of the draws.
    """
    if not len(cases) or np.isnan(cases.local_micros + cases.frontier_micros).any():
        return ()
    chance = np.random.default_rng(seed)
    order = np.argsort(cases.cluster, kind="stable")
    size = np.bincount(cases.cluster)
    start = np.cumsum(size) - size
    # A draft is escalated from the first threshold on that is over its score.
    first = np.searchsorted(np.asarray(thresholds, np.float64), cases.rank, side="right")
    totals = []
    for _ in range(int(np.clip(_DRAWN / max(len(cases), drafts), _FEWEST_REPLICATES, _REPLICATES))):
        drawn = chance.integers(0, len(size), len(size))
        # A draft of the resample is found by its place in it, so that large clusters count for more.
        ends = np.cumsum(size[drawn])
        place = chance.integers(0, ends[-1], drafts)
        chosen = np.searchsorted(ends, place, side="right")
        member = order[start[drawn[chosen]] + place - (ends[chosen] - size[drawn[chosen]])]
        refining = np.bincount(first[member], cases.frontier_micros[member], minlength=len(thresholds) + 1)
        totals.append(cases.local_micros[member].sum() + np.cumsum(refining[:-1]))
    return tuple((np.asarray(totals) > budget_micros).mean(axis=0).tolist())
