"""What a threshold saves, and whether a budget will do."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from pipeline.calibration.bootstrap import CONFIDENCE, Interval
from pipeline.calibration.cases import Cases

_REPLICATES = 2000
_FEWEST_REPLICATES = 200
_DRAWN = 20_000_000
"""Drafts drawn in all replicates together."""


def saving(cases: Cases, threshold: float) -> Interval | None:
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
    # Nobody is paid for drafting, so that no saving is over 1.
    return Interval(value=1 - ratio, low=1 - ratio - half, high=min(1.0, 1 - ratio + half))


def budget_risks(
    cases: Cases, thresholds: Sequence[float], budget_micros: float, drafts: int, *, seed: int = 0
) -> tuple[float, ...]:
    """Probability, per threshold, that the next drafts cost more than the budget; empty when costs are not known.

    The last of them would then stay unrefined. Two levels: resampled clusters stand for not knowing the source well,
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
