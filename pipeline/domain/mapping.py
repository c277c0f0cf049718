"""Manual corrections to the import of a file: roles of columns and speakers."""

from typing import Literal

from pipeline.domain.base import Frozen

ColumnRole = Literal["participant", "words", "fact", "question", "speaker", "conversation", "subject", "tag", "ignored"]
SpeakerRole = Literal["participant", "interviewer", "ignored", "recognised", "apart"]
"""`recognised`: decided in each conversation by what is said, because the label changes sides between them.
`apart`: a participant of this file only, even if another file has the same label."""
MappedRole = ColumnRole | SpeakerRole
PartKind = Literal["table", "speakers"]


class StudyMapping(Frozen):
    """Roles of the columns or speakers in files of one shape."""

    shape: str
    """From `shape_of`."""
    roles: tuple[MappedRole, ...]
    """One per name, in the order of the sorted names."""
    same: tuple[int, ...] = ()
    """Per name, in that order, the place of the name under which its turns are kept; empty if no names are merged."""
