"""Routing: select the drafts to keep, those that stay local, and the order of refinement.

Pure functions, used by the run and by calibration alike, so that the two cannot drift apart.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipeline.domain.run import AssessedDraft

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EscalationOrder = Literal["worst_first", "best_first"]


class Selection(NamedTuple):
    """Drafts split by rank, each part best first."""

    kept: tuple[AssessedDraft, ...]
    dropped: tuple[AssessedDraft, ...]


def rank(score: float | None) -> float:
    """Return a sort key that puts the best first and texts without a score last."""
    return 1.0 if score is None else -score


def select(drafts: Sequence[AssessedDraft], count: int) -> Selection:
    """Split drafts into the best `count` and the rest. Unscored drafts rank last; ties go to the earlier draft."""
    ranked = sorted(drafts, key=lambda item: (rank(item.assessment.scores.overall), item.draft.id))
    return Selection(tuple(ranked[:count]), tuple(ranked[count:]))


def is_accepted(score: float | None, threshold: float) -> bool:
    """Check whether a draft is used unchanged; a draft without a score never is."""
    return score is not None and score >= threshold


def accepted(scores: "NDArray[np.float64]", threshold: float) -> "NDArray[np.bool_]":
    """Vectorised `is_accepted`; a missing score is NaN, which is never accepted."""
    return scores >= threshold


def escalation(kept: Sequence[AssessedDraft], threshold: float, order: EscalationOrder) -> tuple[AssessedDraft, ...]:
    """Return the kept drafts under the threshold, in the order in which they are refined."""
    under = [item for item in kept if not is_accepted(item.assessment.scores.overall, threshold)]
    sign = -1 if order == "worst_first" else 1
    return tuple(sorted(under, key=lambda item: (sign * rank(item.assessment.scores.overall), item.draft.id)))
