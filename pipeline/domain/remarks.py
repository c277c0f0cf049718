"""Remarks of people beside personas: notes and tags of analysts, comments and answers of readers.

Notes and tags belong to a persona or to one of its claims and follow the claim when its words change. Comments belong
to a run or a saved comparison, and only where an analyst has opened it to readers. All of it is untrusted plain text of
bounded length; nothing of it takes part in a score.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, Field, StringConstraints

from pipeline.domain.base import Frozen
from pipeline.domain.edits import EditRow, in_force
from pipeline.domain.questionnaire import Construct
from pipeline.domain.run import ClaimPlace

LONGEST_REMARK = 1_000
LONGEST_TAG = 40
LONGEST_AUTHOR = 80

MOST_COMMENTS = 500
"""Comments on one run or comparison; further ones are refused."""
COMMENTS_PER_PERIOD = 20
COMMENT_PERIOD = timedelta(minutes=10)
"""Within this time so many comments are taken on one run or comparison, from all readers together."""

RemarkKind = Literal["note", "tag"]
Opening = Literal["comments"] | Construct
"""Something that readers can be asked to write: comments, or answers about a construct of the questionnaire."""

_Author = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_AUTHOR)]
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REMARK)]


class Subject(NamedTuple):
    """A run or a saved comparison that readers write about."""

    kind: Literal["run", "comparison"]
    id: str


class Remark(Frozen):
    """A note or tag of an analyst."""

    persona: str
    """Id of the persona (of its draft)."""
    field: Annotated[str, Field(max_length=200)] = ""
    """The list of the claim; empty for a remark on the whole persona."""
    text: Annotated[str, Field(max_length=20_000)] = ""
    """Words of the claim at the time of the remark."""
    kind: RemarkKind
    words: _Words
    author: _Author
    at: AwareDatetime
    revision: Annotated[int, Field(ge=0)] = 0
    """Number of the latest edit of the run at the time: later changes of the claim's words are followed."""


class Comment(Frozen):
    """A comment of a reader."""

    words: _Words
    author: _Author
    at: AwareDatetime


class RunRemarks(Frozen):
    """Notes, tags and comments of one run, for the screen, reports and bundles."""

    remarks: tuple[Remark, ...] = ()
    """With the present list and words of their claims."""
    comments: tuple[Comment, ...] = ()


class NumberedRemark(NamedTuple):
    """A stored note or tag."""

    number: int
    remark: Remark


class NumberedComment(NamedTuple):
    """A stored comment."""

    number: int
    comment: Comment


def placed_now(remark: Remark, rows: Iterable[EditRow]) -> Remark:
    """Return a remark with the present list and words of its claim."""
    place = place_now(remark, rows)
    return remark.model_copy(update=place.model_dump()) if place else remark


def place_now(remark: Remark, rows: Iterable[EditRow]) -> ClaimPlace | None:
    """Return the present list and words of the claim that a remark is about; `None` for the whole persona."""
    if not remark.field:
        return None
    field, text = remark.field, remark.text
    for row in in_force(rows):
        edit = row.edit
        if row.number <= remark.revision or edit.persona != remark.persona or (edit.field, edit.text) != (field, text):
            continue
        if edit.action == "text":
            text = " ".join(edit.new.split())
        elif edit.action == "move":
            field = edit.new
    return ClaimPlace(field=field, text=text)


def too_many(written: Sequence[datetime], now: datetime) -> str:
    """Return why no further comment is taken, or nothing.

    Args:
        written: times of the comments on one run or comparison.
        now: the time.
    """
    if len(written) >= MOST_COMMENTS:
        return f"There are {MOST_COMMENTS} comments here, and no more are taken. Tell an analyst."
    if sum(at > now - COMMENT_PERIOD for at in written) >= COMMENTS_PER_PERIOD:
        minutes = int(COMMENT_PERIOD.total_seconds() // 60)
        return f"{COMMENTS_PER_PERIOD} comments were written here within {minutes} minutes. Try again later."
    return ""
