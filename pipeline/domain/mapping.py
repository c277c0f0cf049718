"""Corrections by hand of how a file is read: which column or speaker is what."""

from typing import Literal

from pipeline.domain.base import Frozen

ColumnRole = Literal["participant", "words", "fact", "question", "speaker", "conversation", "subject", "ignored"]
SpeakerRole = Literal["participant", "interviewer", "ignored", "recognised"]
"""`recognised`: decided in each conversation by what is said, because the label changes sides between them."""
MappedRole = ColumnRole | SpeakerRole
PartKind = Literal["table", "speakers"]


class StudyMapping(Frozen):
    """The roles of one shape."""

    shape: str
    """From `shape_of`."""
    roles: tuple[MappedRole, ...]
    """One per name, in the order of the sorted names."""
