"""Validity of the score: how well it separates good drafts from bad, and how much refining gains.

The recovered part of the frontier's advantage is measured by PGR (performance gap recovered), APGR (its mean over all
shares) and CPT (share of escalated drafts that reaches a PGR), as in Ong et al. 2024, "RouteLLM: Learning to route
LLMs with preference data", section 4.1. Deviation: the curve is the exact step function of the thresholds, integrated
exactly. Interpolating between ten points reports a CPT(50 %) of 6.5 % where it is 4.2 %.

A run refines only low scores, so it cannot show the effect of refining the others. A calibration run begins with the
drafts of a run and refines all that it kept.
"""

from collections.abc import Mapping

import numpy as np

from pipeline.calibration.bounds import REPLICATES, Interval, mean_of, share_interval
from pipeline.calibration.draft_arrays import Bools, DraftArrays, Floats, Ints
from pipeline.calibration.estimates import CONFIDENCE
from pipeline.calibration.pooled_drafts import PooledDrafts
from pipeline.calibration.sweep import sweep
from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.text.wording import count, signed

_CLEAR = 0.65
"""Lower end of the AUROC interval from which on the score separates clearly."""

_RESAMPLED = 20_000_000
"""Labels drawn in all replicates together: large sets get fewer replicates, and have narrow intervals anyway."""

_FEWEST_REPLICATES = 200
_BINS = (5, 10)
_PER_BIN = 10
"""Labels wanted per bin when choosing how many bins there are."""

EVERYTHING = 1.0
"""The threshold of a calibration run, the highest that a run can have. A draft that scores 1 stays as it is: no text
can score more, so refining it could not help."""


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


def discrimination(cases: DraftArrays, seed: int = 0) -> Discrimination:
    """Compute the AUROC of the score over labelled drafts, and state it in a sentence.

    Labels drawn above a floor hold for the scores above it only.
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
        sentence = f"The score cannot be judged: no scored draft is labelled {what}."
        return Discrimination(auroc=None, low=None, high=None, sentence=sentence)
    auroc = _auroc(good, bad, len(values))
    chance = np.random.default_rng(seed)
    replicates = int(np.clip(_RESAMPLED / (len(good) + len(bad)), _FEWEST_REPLICATES, REPLICATES))
    drawn = [
        _auroc(chance.choice(good, len(good)), chance.choice(bad, len(bad)), len(values)) for _ in range(replicates)
    ]
    low, high = (float(end) for end in np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    return Discrimination(auroc=auroc, low=low, high=high, sentence=_in_words(auroc, low, high))


def reliability(cases: DraftArrays, threshold: float | None = None) -> tuple[Bin, ...]:
    """Group labelled drafts into 5 to 10 bins, of counts as equal as ties allow, lowest scores first; may be empty.

    Args:
        cases: drafts, some of them labelled.
        threshold: no bin holds drafts of both sides of it, which may make one bin more; `None`: no such cut.
    """
    usable = cases.is_labelled & ~np.isnan(cases.score)
    order = np.argsort(cases.score[usable], kind="stable")
    score, label = cases.score[usable][order], cases.label[usable][order]
    wanted = int(np.clip(len(score) // _PER_BIN, *_BINS))
    edges = (np.arange(1, wanted) * len(score)) // wanted
    # A tie belongs to one bin: the cut moves to where its score begins.
    cuts = np.unique(np.searchsorted(score, score[edges])) if len(score) else edges
    if threshold is not None and len(score):
        cuts = np.setdiff1d(np.append(cuts, np.searchsorted(score, threshold)), [0, len(score)])
    pieces = zip(np.split(score, cuts), np.split(label, cuts), strict=True)
    return tuple(_bin(scores, labels) for scores, labels in pieces if len(scores))


def _bin(score: Floats, label: Floats) -> Bin:
    n, bad = len(score), int(np.count_nonzero(label == 0))
    low, high = share_interval(bad, n)
    return Bin(
        low=float(score[0]),
        high=float(score[-1]),
        mean_score=float(score.mean()),
        n=n,
        acceptable=(n - bad) / n,
        acceptable_low=1 - high,
        acceptable_high=1 - low,
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


class Recovery(Frozen):
    """Recovered part of the frontier's advantage. Undefined figures are `None`; `sentence` gives the reason."""

    advantage: Interval | None
    """Quality of the frontier's texts minus that of the drafts, paired, 95 %."""
    pgr: float | None
    """At the threshold: 0 is no better than the drafts, 1 as good as the frontier; may pass either."""
    apgr: float | None
    """Mean of PGR over all shares of escalated drafts; about 0.5 for an uninformative score."""
    cpt50: float | None
    """Smallest share of escalated drafts with a PGR of at least 0.5."""
    cpt80: float | None
    sentence: str


def recovery(cases: DraftArrays, threshold: float, *, seed: int = 0) -> Recovery:
    """Compute PGR at a threshold, APGR and CPT; undefined unless the interval of the advantage lies above 0.

    Args:
        cases: drafts with labels of both texts, drawn at random; others are left out.
        threshold: drafts with at least this score are accepted.
        seed: of the bootstrap.
    """
    both = cases.where(cases.has_both_labels)
    advantage = mean_of(both.frontier_label - both.label, both.cluster, seed) if len(both) else None
    if advantage is None or not advantage.is_above_zero:
        return Recovery(advantage=advantage, pgr=None, apgr=None, cpt50=None, cpt80=None, sentence=_why_not(advantage))
    table = sweep(both)
    share, recovered = 1 - table.local_share, (table.quality - both.label.mean()) / advantage.value
    share, recovered = np.append(0.0, share), np.append(0.0, recovered)  # nothing escalated, unscored drafts neither
    return Recovery(
        advantage=advantage,
        pgr=float(recovered[1:][table.index(threshold)]),
        apgr=float((np.diff(share, append=1.0) * recovered).sum()),
        cpt50=_reached(share, recovered, 0.5),
        cpt80=_reached(share, recovered, 0.8),
        sentence=f"The frontier's texts are acceptable {_points(advantage)} more often than the drafts.",
    )


def _reached(share: Floats, recovered: Floats, wanted: float) -> float:
    """Return the smallest share that recovers this much; escalating everything recovers all."""
    return float(share[np.argmax(recovered >= wanted - 1e-12)])


def _why_not(advantage: Interval | None) -> str:
    if advantage is None:
        return "No draft has labels of both texts, so the frontier's advantage is not known."
    return (
        f"The frontier's texts are acceptable {_points(advantage)} more often than the drafts: the interval does not"
        " lie above 0, so there is no advantage to recover a share of."
    )


def _points(advantage: Interval) -> str:
    value, low, high = (
        f"{100 * number:.1f}".replace("-", "−") for number in (advantage.value, advantage.low, advantage.high)
    )
    return f"{value} points ({low} to {high})"


class Side(Frozen):
    """The drafts on one side of a threshold."""

    drafts: int
    better: int
    """Those whose refined text scores higher."""
    gain: float
    """Mean gain in score; 0 without drafts. A text that scored lower was not delivered and counts as 0."""


class Gains(Frozen):
    """Effect of refining on drafts, as measured by the score."""

    everything: Side
    gain: Interval
    """Mean gain of all; 95 %, resampled by the people the drafts are drawn from."""
    under: Side
    """Drafts that the threshold would refine."""
    over: Side
    """Drafts that it would keep."""


def calibration_config(config: HybridConfig, max_cost: float | None) -> HybridConfig:
    """Return the settings of a calibration run on the drafts of a run with these settings.

    Args:
        config: of the run.
        max_cost: budget in USD; `None`: no cap.
    """
    changes: Mapping[str, object] = {
        "quality_threshold": EVERYTHING,
        "max_cost": max_cost,
        "enabled": True,
        "skip_frontier": False,
    }
    return config.model_copy(update=changes)


def gains(pool: PooledDrafts, threshold: float) -> Gains | None:
    """Measure the gain of refining on either side of a threshold; `None` where nothing was refined."""
    both = pool.by_score
    if both is None:
        return None
    change = both.frontier_label - both.label
    kept = both.accepted(threshold)
    return Gains(
        everything=_side(both, np.ones(len(both), bool)),
        gain=mean_of(change, both.cluster, seed=0),
        under=_side(both, ~kept),
        over=_side(both, kept),
    )


def gains_text(found: Gains, threshold: float) -> str:
    """Put the gains into two sentences."""
    whole = found.everything
    if not whole.better and found.gain.low == found.gain.high:
        return f"Refining raised the score of none of {count(whole.drafts, 'draft')}."
    first = (
        f"Refining raised the score of {whole.better} of {count(whole.drafts, 'draft')}, on average by"
        f" {signed(found.gain.value)} (95 %: {signed(found.gain.low)} to {signed(found.gain.high)})."
    )
    if not found.under.drafts or not found.over.drafts:
        return first
    sides = (
        f"under {threshold:.2f} it helped {found.under.better} of {found.under.drafts}"
        f" ({signed(found.under.gain)} on average)",
        f"at or over it {found.over.better} of {found.over.drafts} ({signed(found.over.gain)})",
    )
    return f"{first} {', '.join(sides).capitalize()}."


def _side(both: DraftArrays, chosen: Bools) -> Side:
    change = (both.frontier_label - both.label)[chosen]
    better = int(np.count_nonzero(change > 0))
    return Side(drafts=len(change), better=better, gain=float(change.mean()) if len(change) else 0.0)
