"""A saved comparison: its runs, with a title, a note and annotations for readers."""

from datetime import datetime

from pipeline.domain.base import Frozen
from pipeline.domain.remarks import Comment

FEWEST, MOST = 2, 8
"""Minimum and maximum number of runs in a comparison."""

LETTERS = "ABCDEFGH"
"""Short labels of the runs in a comparison, because names are long and may be equal."""


class Comparison(Frozen):
    """Runs to compare; title, note and annotations are untrusted text."""

    id: str
    title: str
    note: str
    """Note for readers; may be empty."""
    run_ids: tuple[str, ...]
    """The first one is the baseline; deleted runs are left out."""
    annotations: dict[str, str] = {}
    """Short comment per run id; runs without one are left out."""
    created_at: datetime
    comments: tuple[Comment, ...] = ()
    """Comments of readers; only in a bundle, where they were to travel."""
