"""Edits of personas in words: the mark on an edited persona, and the lines of its history."""

from collections.abc import Sequence
from typing import assert_never

from pipeline.domain.edits import EditRow, in_force
from pipeline.domain.run import ClaimPlace, Editing
from pipeline.results.evidence import LISTS
from pipeline.text.wording import count, label, listed, passage

_FACT = "demographics."


def edited_words(editing: Editing) -> str:
    """Return the mark of an edited persona: the number of changes and the people who made them."""
    return f"edited: {count(editing.changes, 'change')} by {listed([label(name) for name in editing.by])}"


def is_pinned(editing: Editing | None, field: str, text: str) -> bool:
    """Return true if a person pinned the claim."""
    return editing is not None and ClaimPlace(field=field, text=text) in editing.pinned


def has_chosen_source(editing: Editing | None, field: str, text: str) -> bool:
    """Return true if a person chose the sentence shown as the source of the claim."""
    place = ClaimPlace(field=field, text=text)
    return editing is not None and any(one.claim == place for one in editing.sources)


def describe_edit(row: EditRow, rows: Sequence[EditRow]) -> str:
    """Return one line of a history, without its author and time.

    Args:
        row: of the history.
        rows: the whole history, which an undo refers to.
    """
    edit = row.edit
    where = LISTS.get(edit.field, edit.field.removeprefix(_FACT)).lower()
    old, new = f"‘{passage(edit.text, 120)}’", f"‘{passage(edit.new, 120)}’"
    match edit.action:
        case "text" if edit.text:
            words = f"changed {old} to {new} in {where}"
        case "text":
            words = f"changed {where} to {new}" if edit.new else f"removed {where}"
        case "add":
            words = f"added {new} to {where}"
        case "move":
            words = f"moved {old} from {where} to {LISTS.get(edit.new, edit.new).lower()}"
        case "reject":
            words = f"rejected {old} from {where}"
        case "pin" | "unpin":
            words = f"{edit.action}ned {old} in {where}"
        case "source":
            words = f"chose ‘{passage(edit.quote, 120) or 'words left out'}’ as the source of {old}"
        case "merge":
            words = f"merged {edit.other} into this persona"
        case "split":
            words = f"split off {listed(edit.people)}"
        case "undo":
            undone = next((one for one in rows if one.number == edit.undoes), None)
            return f"undid: {describe_edit(undone, rows)}" if undone else f"undid change {edit.undoes}"
        case _:
            assert_never(edit.action)
    return words if row in in_force(rows) else f"{words} (undone)"
