"""Is the score worth anything? How well it tells good drafts from bad, and how many are good at which score."""

import numpy as np

from pipeline.calibration.bootstrap import CONFIDENCE, REPLICATES
from pipeline.calibration.bounds import lower, upper
from pipeline.calibration.cases import Cases, Floats, Ints
from pipeline.domain.base import Frozen

_CLEAR = 0.65
"""Lower end of the interval from which the score is said to separate clearly."""

_RESAMPLED = 20_000_000
"""Labels drawn in all replicates together: large sets get fewer replicates, and have narrow intervals anyway."""

_FEWEST_REPLICATES = 200
_BINS = (5, 10)
_PER_BIN = 10
"""Labels wanted per bin when choosing how many bins there are."""


class Discrimination(Frozen):
    """AUROC: how often an acceptable draft scores higher than an unacceptable one, ties counting half."""

    auroc: float | None
    """`None` when labels are of one kind only, or on drafts without a score."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval, from a bootstrap within each kind."""
    sentence: str


class Bin(Frozen):
    """Labelled drafts of neighbouring scores."""

    low: float
    """Lowest score in it."""
    high: float
    """Highest score in it."""
    mean_score: float
    n: int
    acceptable: float
    """Share of acceptable drafts, 0 to 1."""
    acceptable_low: float
    acceptable_high: float
    """Ends of the exact 95 % interval (Clopper-Pearson)."""


def discrimination(cases: Cases, seed: int = 0) -> Discrimination:
    """Whether the score tells acceptable drafts from unacceptable ones, among those labelled.

    Labels drawn above a floor answer for the scores above it only.
    """
    scored = ~np.isnan(cases.score)
    values = np.unique(cases.score[scored & cases.is_labelled])
    good, bad = (np.searchsorted(values, cases.score[scored & (cases.label == kind)]) for kind in (1, 0))
    if not len(good) or not len(bad):
        what = (
            "acceptable and unacceptable"
            if not len(good) and not len(bad)
            else "unacceptable"
            if len(good)
            else "acceptable"
        )
        sentence = f"Nothing can be said of the score: no scored draft is labelled {what}."
        return Discrimination(auroc=None, low=None, high=None, sentence=sentence)
    auroc = _auroc(good, bad, len(values))
    chance = np.random.default_rng(seed)
    replicates = int(np.clip(_RESAMPLED / (len(good) + len(bad)), _FEWEST_REPLICATES, REPLICATES))
    drawn = [
        _auroc(chance.choice(good, len(good)), chance.choice(bad, len(bad)), len(values)) for _ in range(replicates)
    ]
    low, high = (float(end) for end in np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    return Discrimination(auroc=auroc, low=low, high=high, sentence=_in_words(auroc, low, high))


def reliability(cases: Cases) -> tuple[Bin, ...]:
    """Labelled drafts in 5 to 10 bins of as equal counts as ties allow, lowest scores first; empty without any."""
    usable = cases.is_labelled & ~np.isnan(cases.score)
    order = np.argsort(cases.score[usable], kind="stable")
    score, label = cases.score[usable][order], cases.label[usable][order]
    wanted = int(np.clip(len(score) // _PER_BIN, *_BINS))
    edges = (np.arange(1, wanted) * len(score)) // wanted
    # A tie belongs to one bin: the cut moves to where its score begins.
    cuts = np.unique(np.searchsorted(score, score[edges])) if len(score) else edges
    pieces = zip(np.split(score, cuts), np.split(label, cuts), strict=True)
    return tuple(_bin(scores, labels) for scores, labels in pieces if len(scores))


def _bin(score: Floats, label: Floats) -> Bin:
    n, bad = len(score), int(np.count_nonzero(label == 0))
    tail = (1 - CONFIDENCE) / 2
    return Bin(
        low=float(score[0]),
        high=float(score[-1]),
        mean_score=float(score.mean()),
        n=n,
        acceptable=(n - bad) / n,
        acceptable_low=1 - float(upper(bad, n, tail)),
        acceptable_high=1 - float(lower(bad, n, tail)),
    )


def _auroc(good: Ints, bad: Ints, values: int) -> float:
    """AUROC from ranks of scores: wins and half the ties (Mann & Whitney 1947)."""
    here = np.bincount(bad, minlength=values)
    beaten = np.cumsum(here) - here / 2
    return float(beaten[good].mean() / len(bad))


def _in_words(auroc: float, low: float, high: float) -> str:
    figures = f"(AUROC {auroc:.2f}, 95 % interval {low:.2f} to {high:.2f})"
    if high < 0.5:
        return f"The score separates good from bad the wrong way round {figures}: bad drafts score higher."
    if low <= 0.5:
        return f"The score does not separate good from bad {figures}: refining a fixed share at random is as good."
    return f"The score separates good from bad {'clearly' if low >= _CLEAR else 'weakly'} {figures}."
