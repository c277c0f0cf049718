"""Drafts as arrays: the common input of this package."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.domain.routing import accepted
from pipeline.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CaseColumn = ArrayLike | Sequence[float | None]

_UNSCORED = -1.0
"""Rank of a draft without a score: below every score, as in a run."""


@dataclass(frozen=True, eq=False)
class DraftArrays:
    """Drafts side by side: entry i of every array belongs to draft i. Make them with `make_draft_arrays`."""

    score: Floats
    """0 to 1; NaN where there is none."""
    label: Floats
    """1 the draft is acceptable, 0 it is not ("unsure" counts as not), NaN unlabelled."""
    frontier_label: Floats
    """The same for the text that escalating delivers; where refinement failed, that is the draft."""
    local_micros: Floats
    """Micro-USD of drafting and scoring; sums are exact where the amounts are whole."""
    frontier_micros: Floats
    """Micro-USD of the frontier doing this one; all NaN when no price is known at all."""
    imputed: Bools
    """True where `frontier_micros` was not paid but is the mean of the paid ones."""
    cluster: Ints
    """Drafts of one number are not independent (same document); 0 to the number of clusters - 1."""
    turn: Floats
    """Place of the label in the random order of its design; NaN without one. Only its order matters."""

    def __len__(self) -> int:
        return len(self.score)

    @property
    def rank(self) -> Floats:
        """Scores with those missing below all others."""
        return np.where(np.isnan(self.score), _UNSCORED, self.score)

    @property
    def is_labelled(self) -> Bools:
        """Mark the drafts that have a label."""
        return ~np.isnan(self.label)

    @property
    def has_both_labels(self) -> Bools:
        """Mark the drafts of which both texts are labelled."""
        return self.is_labelled & ~np.isnan(self.frontier_label)

    def accepted(self, threshold: float) -> Bools:
        """Mark the drafts that stay local at this threshold."""
        return accepted(self.score, threshold)

    def spend(self, threshold: float) -> Floats:
        """Compute the micro-USD of each draft at this threshold, without a cap."""
        return self.local_micros + np.where(self.accepted(threshold), 0.0, self.frontier_micros)

    def where(self, chosen: Bools) -> "DraftArrays":
        """Select drafts, and renumber their clusters."""
        cluster = np.unique(self.cluster[chosen], return_inverse=True)[1].astype(np.int64)
        kept = {field.name: getattr(self, field.name)[chosen] for field in fields(self)}
        return DraftArrays(**kept | {"cluster": cluster})


def make_draft_arrays(
    score: CaseColumn,
    *,
    label: CaseColumn | None = None,
    frontier_label: CaseColumn | None = None,
    local_micros: CaseColumn | None = None,
    frontier_micros: CaseColumn | None = None,
    imputed: ArrayLike | None = None,
    cluster: Sequence[str] | Ints | None = None,
    turn: CaseColumn | None = None,
) -> DraftArrays:
    """Make cases from columns; `None` or NaN in a column means missing.

    A missing cost becomes the mean of those known. Without any, drafting counts as free and the frontier's
    cost stays unknown, so that money is NaN and not 0.

    Args:
        score: 0 to 1 per draft.
        label: 1, 0 or missing.
        frontier_label: 1, 0 or missing.
        local_micros: micro-USD, 0 or more.
        frontier_micros: micro-USD, 0 or more.
        imputed: further drafts whose frontier cost was not paid; missing ones count as imputed anyway.
        cluster: anything equal for drafts that belong together; every draft for itself unless given.
        turn: place of each label in the order of its design; the order of the drafts unless given.

    Raises:
        InputError: columns of different length, or a value out of range.
    """
    scores = _column("score", score, None)
    size = len(scores)
    money = _column("frontier_micros", frontier_micros, size)
    unpaid = np.isnan(money) | (np.zeros(size, bool) if imputed is None else np.asarray(imputed, bool))
    known = bool(np.any(~np.isnan(money)))
    if cluster is not None and len(cluster) != size:
        raise InputError(f"cluster: {len(cluster)} values for {size} drafts. Every column needs one per draft.")
    groups = np.arange(size) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    return DraftArrays(
        score=_within("score", scores, 1.0),
        label=_binary("label", _column("label", label, size)),
        frontier_label=_binary("frontier_label", _column("frontier_label", frontier_label, size)),
        local_micros=_filled("local_micros", _column("local_micros", local_micros, size), otherwise=0.0),
        frontier_micros=_filled("frontier_micros", money, otherwise=np.nan),
        imputed=unpaid & known,
        cluster=groups.astype(np.int64),
        turn=np.arange(size, dtype=np.float64) if turn is None else _column("turn", turn, size),
    )


def _column(name: str, values: CaseColumn | None, size: int | None) -> Floats:
    column = np.full(size or 0, np.nan) if values is None else np.asarray(values, dtype=np.float64)
    if size is not None and column.shape != (size,):
        raise InputError(f"{name}: {column.size} values for {size} drafts. Every column needs one per draft.")
    return column


def _within(name: str, column: Floats, most: float) -> Floats:
    wrong = np.flatnonzero((column < 0) | (column > most))
    if len(wrong):
        allowed = f"0 to {most:g}" if np.isfinite(most) else "0 or more"
        raise InputError(f"{name} of draft {wrong[0] + 1} is {column[wrong[0]]:g}. Expected {allowed}, or nothing.")
    return column


def _binary(name: str, column: Floats) -> Floats:
    wrong = np.flatnonzero(~np.isnan(column) & (column != 0) & (column != 1))
    if len(wrong):
        raise InputError(f"{name} of draft {wrong[0] + 1} is {column[wrong[0]]:g}. Expected 1, 0, or nothing.")
    return column


def _filled(name: str, column: Floats, *, otherwise: float) -> Floats:
    _within(name, np.where(np.isinf(column), -1.0, column), np.inf)
    missing = np.isnan(column)
    if missing.all():
        return np.full(len(column), otherwise)
    return np.where(missing, column[~missing].mean(), column)
