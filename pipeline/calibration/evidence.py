"""What labels say at each threshold, and from which score on they can say anything."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from pipeline.calibration.bounds import whole
from pipeline.calibration.cases import Cases, Floats, Ints
from pipeline.errors import InputError

_CHANCE = 0.01
"""Of taking labels drawn at random for something else."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Labels counted at candidate thresholds, from strict to permissive."""

    threshold: Floats
    """Descending."""
    local: Ints
    """Drafts at or over each threshold."""
    labels: Ints
    """Labelled ones among them."""
    bad: Ints
    """Unacceptable ones among those."""
    drafts: int
    """All drafts, with and without a score."""
    drawn_from: int
    """Drafts among which labels were drawn: all, or those at or over the floor."""
    drawn: int
    """Labels of these."""
    is_floored: bool

    def at(self, rows: Ints) -> "Evidence":
        """Some of the thresholds."""
        moving = ("threshold", "local", "labels", "bad")
        return replace(self, **{name: getattr(self, name)[rows] for name in moving})

    def at_levels(self, levels: tuple[float, ...]) -> "Evidence":
        """For each share of drafts the most permissive threshold that keeps no more of them local."""
        most = np.searchsorted(self.local, whole(np.asarray(levels) * self.drafts), side="right") - 1
        return self.at(np.unique(most[most >= 0]))

    def thinned(self, most: int) -> "Evidence":
        """At most so many of the thresholds, evenly spread and with both ends."""
        rows = np.linspace(0, len(self.threshold) - 1, min(most, len(self.threshold)))
        return self.at(np.round(rows).astype(np.int64))


def gather(cases: Cases, floor: float | None, threshold: float | None = None) -> Evidence:
    """Labels counted at every distinct score at or over the floor, or at one threshold.

    Args:
        cases: drafts, some of them labelled.
        floor: labels were drawn at random among drafts with at least this score, and only those count;
            `None` when they were drawn among all.
        threshold: the only candidate; every distinct score unless given.

    Raises:
        InputError: the threshold is under the floor.
    """
    if threshold is not None and floor is not None and threshold < floor:
        raise InputError(
            f"Labels were drawn from a score of {floor:g} on and say nothing about a threshold of {threshold:g}. "
            "Test a higher one, or label below."
        )
    eligible = np.ones(len(cases), bool) if floor is None else cases.accepted(floor)
    usable = cases.is_labelled & eligible
    scores = cases.score[eligible & ~np.isnan(cases.score)]
    candidates = np.unique(scores)[::-1] if threshold is None else np.array([threshold])
    return Evidence(
        threshold=candidates,
        local=_reaching(candidates, scores),
        labels=_reaching(candidates, cases.score[usable]),
        bad=_reaching(candidates, cases.score[usable & (cases.label == 0)]),
        drafts=len(cases),
        drawn_from=int(np.count_nonzero(eligible)),
        drawn=int(np.count_nonzero(usable)),
        is_floored=floor is not None,
    )


def _reaching(candidates: Floats, scores: Floats) -> Ints:
    known = np.sort(scores[~np.isnan(scores)])
    return np.asarray(len(known) - np.searchsorted(known, candidates, side="left"), np.int64)


def label_floor(cases: Cases) -> float | None:
    """The lowest labelled score, if labels drawn among all drafts would hardly all have reached it; else `None`.

    For labels that arrive without their design. Both rules of a certificate hold for labels drawn among all
    drafts, so taking such labels for floored ones once in a hundred times costs coverage and nothing else.
    """
    labelled = cases.rank[cases.is_labelled]
    if not len(labelled):
        return None
    lowest = float(labelled.min())
    below, drafts, labels = int(np.count_nonzero(cases.rank < lowest)), len(cases), len(labelled)
    missed = special.gammaln([drafts - below + 1, drafts - labels + 1, drafts - below - labels + 1, drafts + 1])
    return lowest if below and missed[0] + missed[1] - missed[2] - missed[3] < np.log(_CHANCE) else None


def looks_random(cases: Cases, floor: float | None) -> bool:
    """Whether scores with and without a label look alike above the floor (two-sample KS, p of 0.01 or more)."""
    eligible = cases.rank >= (-np.inf if floor is None else floor)
    labelled, others = cases.rank[eligible & cases.is_labelled], cases.rank[eligible & ~cases.is_labelled]
    if not len(labelled) or not len(others):
        return True
    return bool(stats.ks_2samp(labelled, others).pvalue >= _CHANCE)
