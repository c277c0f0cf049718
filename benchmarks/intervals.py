"""Do intervals over replicates and over slices cover the truth? Used by `calibration_validity.py --intervals`.

Replicates: runs whose true means differ (the luck of a model), each the mean of a few skewed draft scores. Slices: the
drafts of a cascade are dealt into kinds of unequal size, labels are drawn, and all corrected intervals must hold at
once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.calibration.bounds import lower_bound, upper_bound
from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.calibration.estimates import CONFIDENCE, mean_interval

SIMULATIONS = 2_000


@dataclass(frozen=True)
class Coverage:
    """How often a figure was right."""

    name: str
    n: int
    share: float
    se: float


def intervals(cases: DraftArrays, draws: int) -> Iterator[Coverage]:
    """Yield the coverage of replicates and slices."""
    for runs in (2, 3, 5):
        for spread in (0.0, 0.02, 0.05):
            yield _coverage(f"{runs} replicates, spread {spread:g}", _replicates(runs, spread), SIMULATIONS)
    for kinds in (3, 8):
        yield _coverage(f"{kinds} slices at once", _slices(cases, kinds, draws), draws)


def _coverage(name: str, hits: int, n: int) -> Coverage:
    share = hits / n
    return Coverage(name, n, share, float(np.sqrt(share * (1 - share) / n)))


def _replicates(runs: int, spread: float) -> int:
    chance, hits, truth = np.random.default_rng(runs), 0, 2 / 3
    for _ in range(SIMULATIONS):
        scores = chance.beta(6, 3, (runs, 5)) + chance.normal(0, spread, (runs, 1))
        found = mean_interval([float(one) for one in np.clip(scores, 0, 1).mean(axis=1)], 0.0, 1.0)
        hits += int(found.low is not None and found.high is not None and found.low <= truth <= found.high)
    return hits


def _slices(cases: DraftArrays, kinds: int, draws: int) -> int:
    chance, hits, tail = np.random.default_rng(kinds), 0, (1 - CONFIDENCE) / (2 * kinds)
    share = np.arange(1, kinds + 1) / (kinds * (kinds + 1) / 2)
    for _ in range(draws):
        kind = chance.choice(kinds, len(cases), p=share)
        drawn = chance.choice(len(cases), 120, replace=False)
        right = True
        for one in range(kinds):
            labels = cases.label[drawn][kind[drawn] == one]
            if len(labels):
                bad, truth = int((labels == 0).sum()), float((cases.label[kind == one] == 0).mean())
                low, high = float(lower_bound(bad, len(labels), tail)), float(upper_bound(bad, len(labels), tail))
                right &= low <= truth <= high
        hits += int(right)
    return hits
