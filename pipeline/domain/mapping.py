"""Manual corrections to the import of a file: roles of columns and speakers."""

from typing import Literal

from pipeline.domain.base import Frozen

ColumnRole = Literal["participant", "words", "fact", "question", "speaker", "conversation", "subject", "ignored"]
SpeakerRole = Literal["participant", "interviewer", "ignored", "recognised"]
"""`recognised`: decided per conversation from its content, because the label changes sides between conversations."""
MappedRole = ColumnRole | SpeakerRole
PartKind = Literal["table", "speakers"]


class StudyMapping(Frozen):
    """Roles of the columns or speakers in files of one shape."""

    shape: str
    """From `shape_of`."""
    roles: tuple[MappedRole, ...]
    """One per name, in the order of the sorted names."""
