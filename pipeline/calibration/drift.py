"""Drift between runs, and the check that a calibration applies to a run."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy import stats

from pipeline.calibration.bounds import Interval
from pipeline.calibration.draft_arrays import DraftArrays, Floats
from pipeline.calibration.estimates import CONFIDENCE
from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.labels import Setup
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import RunScores

_WARN = 0.01
"""p-value of the scores' difference under which a warning is given."""


class Drift(Frozen):
    """Two sets of drafts at one threshold; differences are later minus earlier, with 95 % intervals."""

    local_share: Interval | None
    """`None` when either set is empty."""
    cost_micros: Interval | None
    """Per draft; `None` with fewer than two drafts in either set, or unknown costs."""
    ks_p: float | None
    """Two-sample Kolmogorov-Smirnov test of the scores; `None` when either set has none."""
    warning: str | None
    """Set when the scores differ beyond chance (p < 0.01)."""


class _Share(NamedTuple):
    value: float
    low: float
    high: float


def setup_of(run: RunRecord | RunScores) -> Setup:
    """Return the setup that a run's scores depend on."""
    return make_setup(run.study_id, run.config, run.scorer_version, run.local_digest, run.prompt_version)


def make_setup(study_id: str, config: HybridConfig, scorer: str, digest: str, prompt: str) -> Setup:
    """Return the setup of a run, which need not have begun.

    Args:
        study_id: of its study.
        config: resolved.
        scorer: version of the scorer.
        digest: content hash of the local model; empty if not known.
        prompt: version of the prompts.
    """
    builtin = config.local_provider == "builtin"
    return Setup(
        study_id=study_id,
        drafted_by=config.local_provider if builtin else f"{config.local_provider} {config.local_model}",
        scorer=f"{scorer} {config.weights.model_dump_json()}",
        selection=f"{config.draft_factor:g}{_rule(config)}",
        digest="" if builtin else digest,
        prompt="" if builtin else prompt,
    )


def _rule(config: HybridConfig) -> str:
    """Return the rule that chose the kept drafts; empty for the best by score, as runs before it had a name."""
    return "" if config.selection == "best_score" else f" by {config.selection} ({config.selection_tolerance:g})"


def why_it_does_not_apply(calibrated: Setup, now: Setup) -> tuple[str, ...]:
    """Return a sentence for each difference of setup; empty when the calibration applies to the other run."""
    words = {
        "study_id": "The labels are from another study.",
        "drafted_by": f"The labelled drafts were written by {calibrated.drafted_by}, these by {now.drafted_by}.",
        "scorer": "The labelled drafts were scored by another version of the scorer, or with other weights.",
        "selection": f"The labelled drafts were the chosen ones of {calibrated.selection} per persona, and now they are"
        f" those of {now.selection}.",
        "digest": f"{now.drafted_by} has been replaced by other weights under the same name.",
        "prompt": f"The labelled drafts were written with prompts of version {calibrated.prompt}, these with"
        f" {now.prompt}.",
    }
    return tuple(sentence for name, sentence in words.items() if differs(calibrated, now, name))


def differs(one: Setup, other: Setup, name: str) -> bool:
    """Return true if a part of two setups differs; a part that is not known of either does not."""
    first, second = str(getattr(one, name)), str(getattr(other, name))
    if name == "digest" and one.drafted_by != other.drafted_by:
        return False  # another model, which is said already
    return first != second and bool(first) and bool(second)


def drift(earlier: DraftArrays, later: DraftArrays, threshold: float) -> Drift:
    """Compare two sets of drafts at a common threshold, and test that their scores have one distribution."""
    p = _ks(earlier, later)
    warning = None
    if p is not None and p < _WARN:
        warning = (
            f"The scores of these runs differ beyond chance (p = {p:.2g}): a threshold calibrated on one does not hold"
            " for the other. Label a few drafts of the newer run."
        )
    return Drift(
        local_share=_share_difference(earlier, later, threshold),
        cost_micros=_cost_difference(earlier, later, threshold),
        ks_p=p,
        warning=warning,
    )


def _ks(earlier: DraftArrays, later: DraftArrays) -> float | None:
    first, second = (cases.score[~np.isnan(cases.score)] for cases in (earlier, later))
    return float(stats.ks_2samp(first, second).pvalue) if len(first) and len(second) else None


def _share_difference(earlier: DraftArrays, later: DraftArrays, threshold: float) -> Interval | None:
    """Difference of two shares from their score intervals (Newcombe 1998, method 10): sound at 0 and 1 too."""
    if not len(earlier) or not len(later):
        return None
    old, new = _share(earlier, threshold), _share(later, threshold)
    difference = new.value - old.value
    below = sqrt((new.value - new.low) ** 2 + (old.high - old.value) ** 2)
    above = sqrt((new.high - new.value) ** 2 + (old.value - old.low) ** 2)
    return Interval(value=difference, low=difference - below, high=difference + above)


def _share(cases: DraftArrays, threshold: float) -> _Share:
    local, n = int(np.count_nonzero(cases.accepted(threshold))), len(cases)
    ends = stats.binomtest(local, n).proportion_ci(CONFIDENCE, method="wilson")
    return _Share(local / n, float(ends.low), float(ends.high))


def _cost_difference(earlier: DraftArrays, later: DraftArrays, threshold: float) -> Interval | None:
    """Difference of mean cost per draft, by Welch's t; the interval has no width if costs vary in neither set."""
    # To a thousandth of a micro-USD: smaller differences come from adding up one price in another order.
    old, new = (np.round(cases.spend(threshold), 3) for cases in (earlier, later))
    if min(len(old), len(new)) < 2 or np.isnan(old).any() or np.isnan(new).any():
        return None
    (there, first), (here, second) = _mean(old), _mean(new)
    difference, variance = here - there, first + second
    if not variance:
        return Interval(value=difference, low=difference, high=difference)
    # Not `stats.ttest_ind`, which warns of lost precision where all costs of one set are equal, as prices make them.
    freedom = variance**2 / (first**2 / (len(old) - 1) + second**2 / (len(new) - 1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * sqrt(variance)
    return Interval(value=difference, low=difference - half, high=difference + half)


def _mean(costs: Floats) -> tuple[float, float]:
    """Return the mean and its squared standard error; exact for equal costs, where a float sum is not."""
    if np.ptp(costs) == 0:
        return float(costs[0]), 0.0
    return float(costs.mean()), float(costs.var(ddof=1)) / len(costs)
