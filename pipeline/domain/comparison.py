"""A comparison as somebody keeps it for others: which runs, and what they should know before they look."""

from datetime import datetime

from pipeline.domain.base import Frozen

FEWEST, MOST = 2, 8
"""Runs that can be compared."""

LETTERS = "ABCDEFGH"
"""What a run is called within a comparison: names are long, and may be equal."""


class Comparison(Frozen):
    """Runs to be read together; all of it but the runs themselves is untrusted text."""

    id: str
    title: str
    note: str
    """For whoever opens the link; may be empty."""
    run_ids: tuple[str, ...]
    """The first one is the baseline. A run that was deleted is missing here."""
    annotations: dict[str, str] = {}
    """A few words about a run, by its id; runs without one are left out."""
    created_at: datetime
