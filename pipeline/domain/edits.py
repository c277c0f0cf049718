"""Edits of personas by people: one row per change, never altered; an undo is a row as well.

A row keeps the change and the personas that resulted from it, so that reading needs no scorer and undoing brings
back exactly what was there. Rows are numbered per run, so that they travel in bundles.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from pipeline.domain.base import Frozen
from pipeline.domain.persona import CLAIM_LISTS
from pipeline.domain.routing import rank
from pipeline.domain.run import FinalPersona

EditAction = Literal["text", "add", "move", "reject", "pin", "unpin", "source", "merge", "split", "undo"]

LONGEST_TEXT = 2_000
"""Most characters of a claim that a person types; the background has ten times as many."""

EditedText = Annotated[str, Field(max_length=10 * LONGEST_TEXT)]

EDITABLE_LISTS = (*CLAIM_LISTS, "quotes")
EDITABLE_TEXTS = ("name", "tagline", "background")


class Edit(Frozen):
    """One change to a persona, as a person asked for it."""

    action: EditAction
    persona: str
    """Id of the persona (of its draft) to change."""
    field: Annotated[str, Field(max_length=200)] = ""
    """The list of the claim; `name`, `tagline`, `background` or `demographics.KEY` for a change of those."""
    text: EditedText = ""
    """Words of the claim before the change; empty where `field` alone says what is changed."""
    new: EditedText = ""
    """The new words; for `move` the list that the claim goes to."""
    segment: str = ""
    """For `source`: id of the segment."""
    quote: EditedText = ""
    """For `source`: the sentence, verbatim."""
    other: str = ""
    """For `merge`: id of the persona that goes into this one."""
    people: tuple[str, ...] = ()
    """For `split`: ids of the participants who leave for a new persona."""
    undoes: Annotated[int, Field(ge=0)] = 0
    """For `undo`: number of the row that is undone."""


class StoredEdit(Frozen):
    """One row of the history of a run's personas."""

    number: Annotated[int, Field(ge=1)]
    """From 1, per run."""
    at: AwareDatetime
    author: Annotated[str, Field(max_length=200)]
    edit: Edit
    after: dict[str, FinalPersona | None]
    """Every persona that it changed, as it stood afterwards; `None` for one that was merged into another. Empty for an
    undo."""


class EditRow(Frozen):
    """A row of the history without its results, cheap enough to list."""

    number: int
    at: AwareDatetime
    author: str
    edit: Edit
    touched: tuple[str, ...]
    """Ids of the personas that it changed."""


def in_force(rows: Iterable[EditRow]) -> tuple[EditRow, ...]:
    """Return the edits that count: neither undone nor an undo, oldest first."""
    known = tuple(rows)
    undone = {row.edit.undoes for row in known if row.edit.action == "undo"}
    return tuple(row for row in known if row.edit.action != "undo" and row.number not in undone)


def latest_edit(rows: Iterable[EditRow], persona: str) -> EditRow | None:
    """Return the latest edit in force that changed a persona; `None` without one."""
    return next((row for row in reversed(in_force(rows)) if persona in row.touched), None)


def blocking_undo(rows: Iterable[EditRow], wanted: EditRow) -> EditRow | None:
    """Return a later edit in force of one of the same personas, which must be undone first; `None` without one."""
    later = (row for row in reversed(in_force(rows)) if row.number > wanted.number)
    return next((row for row in later if set(row.touched) & set(wanted.touched)), None)


def states(rows: Iterable[EditRow]) -> dict[str, int]:
    """Return, for every persona with an edit in force, the number of the row that holds its present state."""
    return {persona: row.number for row in in_force(rows) for persona in row.touched}


def with_edits(
    delivered: Sequence[FinalPersona], present: Mapping[str, FinalPersona | None]
) -> tuple[FinalPersona, ...]:
    """Return all personas of a run after edits, best first; merged ones are gone, split ones are there.

    Args:
        delivered: by the run.
        present: the present state of every edited persona.
    """
    known = {final.draft_id: final for final in delivered} | dict(present)
    left = [final for final in known.values() if final is not None]
    return tuple(sorted(left, key=lambda final: (rank(final.assessment.scores.overall), final.draft_id)))
