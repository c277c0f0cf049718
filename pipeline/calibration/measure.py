"""Would refining this one have helped? What a run shows that refines every kept draft, good ones included.

A run refines only what scores low, so that nobody learns what refining the others would have done. A calibration run
begins with the drafts of a run and refines all it kept.
"""

from collections.abc import Mapping

import numpy as np

from pipeline.calibration.bootstrap import Interval, mean_of
from pipeline.calibration.cases import Bools, Cases
from pipeline.calibration.pool import Pool
from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.text.wording import count, signed

EVERYTHING = 1.0
"""The threshold of a calibration run, the highest that a run can have. A draft that scores 1 stays as it is: no text
can score more, so refining it could not help."""


class Side(Frozen):
    """The drafts on one side of a threshold."""

    drafts: int
    better: int
    """Those whose refined text scores higher."""
    gain: float
    """Mean gain in score; 0 without drafts. What scored lower was not delivered and counts as 0."""


class Gains(Frozen):
    """What refining did to drafts, as the score sees it."""

    everything: Side
    gain: Interval
    """Mean gain of all; 95 %, resampled by the people the drafts are drawn from."""
    under: Side
    """Drafts that the threshold would refine."""
    over: Side
    """Drafts that it would keep."""


def calibration_config(config: HybridConfig, max_cost: float | None) -> HybridConfig:
    """The settings of a calibration run on the drafts of a run with these settings.

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


def gains(pool: Pool, threshold: float) -> Gains | None:
    """What refining did on either side of a threshold; `None` where nothing was refined."""
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


def in_words(found: Gains, threshold: float) -> str:
    """The gains in two sentences."""
    whole = found.everything
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


def _side(both: Cases, chosen: Bools) -> Side:
    change = (both.frontier_label - both.label)[chosen]
    better = int(np.count_nonzero(change > 0))
    return Side(drafts=len(change), better=better, gain=float(change.mean()) if len(change) else 0.0)
