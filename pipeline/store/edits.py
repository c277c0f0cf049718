"""Edits of personas by people: append-only rows, and the personas as they stand after them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from pipeline.domain.edits import Edit, EditRow, StoredEdit, blocking_undo, latest_edit, states, with_edits
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.errors import InputError, StoreError
from pipeline.store.rows import as_json, get_row, iso, storable, utf8
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


_AFTER = TypeAdapter(dict[str, FinalPersona | None])
"""Personas after an edit; read from JSON at once, in half the time of two steps."""


class EditTables(DatabaseFile):
    """Store methods for edits of personas."""

    def add_edit(
        self, run_id: str, edit: Edit, after: Mapping[str, FinalPersona | None], author: str, now: datetime, seen: int
    ) -> int:
        """Save an edit with the personas that resulted from it; returns its number.

        Args:
            run_id: of the run, which has ended.
            edit: any but an undo.
            after: every persona that it changed, as it stands now; `None` for one that was merged into another.
            author: name of the person.
            now: the time.
            seen: number of the latest edit that the person had seen.

        Raises:
            StoreError: there is no such run, or another person has changed one of these personas meanwhile.
            InputError: the run has not ended.
        """
        with self._write() as db:
            _check_ended(db, run_id)
            rows = read_edit_rows(db, run_id)
            if later := next((row for row in rows if row.number > seen and set(row.touched) & after.keys()), None):
                raise StoreError(f"{later.author} changed this persona meanwhile. Look at it again, then edit.")
            stored = StoredEdit(number=len(rows) + 1, at=now, author=author, edit=edit, after=dict(after))
            put_edit(db, run_id, stored)
        return stored.number

    def undo_edit(self, run_id: str, persona: str, author: str, now: datetime) -> EditRow:
        """Undo the latest edit of a persona, by adding a row; returns the edit that was undone.

        Raises:
            InputError: there is nothing to undo, or another persona's later edit has to be undone first.
        """
        with self._write() as db:
            rows = read_edit_rows(db, run_id)
            last = latest_edit(rows, persona)
            if last is None:
                raise InputError("There is no change to undo: this is the text that the run delivered.")
            if later := blocking_undo(rows, last):
                raise InputError(f"Undo the later change of {later.edit.persona} first: it used this persona.")
            edit = Edit(action="undo", persona=persona, undoes=last.number)
            stored = StoredEdit(number=len(rows) + 1, at=now, author=author, edit=edit, after={})
            put_edit(db, run_id, stored)
        return last

    def edit_rows(self, run_id: str) -> tuple[EditRow, ...]:
        """Return the history of a run's personas, oldest first, undone edits included."""
        with self._read() as db:
            return read_edit_rows(db, run_id)

    def revision(self, run_id: str) -> int:
        """Return the number of the latest edit of a run; 0 without any."""
        with self._read() as db:
            return int(
                db.execute("SELECT COALESCE(MAX(number), 0) FROM edits WHERE run_id = ?", [run_id]).fetchone()[0]
            )


def with_stored_edits(db: "Database", run: RunRecord) -> RunRecord:
    """Return a run with its personas as they stand after edits."""
    rows = read_edit_rows(db, run.id)
    if not rows:
        return run
    present = _states(db, run.id, states(rows))
    edited = with_edits(run.personas, present) if present else ()
    return run.model_copy(update={"edited": edited, "revision": rows[-1].number})


def read_edit_rows(db: "Database", run_id: str) -> tuple[EditRow, ...]:
    """Read the history of a run without the resulting personas."""
    rows = db.query("SELECT number, at, author, touched, edit FROM edits WHERE run_id = ? ORDER BY number", [run_id])
    return tuple(_row(row) for row in rows)


def read_edits(db: "Database", run_id: str) -> tuple[StoredEdit, ...]:
    """Read the whole history of a run, for a bundle."""
    rows = db.query("SELECT number, at, author, edit, after FROM edits WHERE run_id = ? ORDER BY number", [run_id])
    return tuple(
        StoredEdit.model_validate({**row, "edit": json.loads(row["edit"]), "after": json.loads(row["after"])})
        for row in rows
    )


def take_edits(db: "Database", run_id: str, given: Sequence[StoredEdit]) -> int:
    """Add the edits of a bundle that are new here; returns their number.

    Raises:
        StoreError: the run was edited here in another way.
    """
    known = read_edits(db, run_id)
    both = min(len(known), len(given))
    if any(_identity(one) != _identity(other) for one, other in zip(known[:both], given[:both], strict=True)):
        raise StoreError(
            f"The personas of run {run_id} were edited differently here and in the bundle. Nothing was imported: undo "
            "the edits of one side, or import into another database with --db."
        )
    for edit in given[both:]:
        put_edit(db, run_id, edit)
    return len(given) - both


def put_edit(db: "Database", run_id: str, stored: StoredEdit) -> None:
    """Insert one row."""
    after = {name: final and json.loads(as_json(final)) for name, final in stored.after.items()}
    row = {
        "run_id": run_id,
        "number": stored.number,
        "at": iso(stored.at),
        "author": stored.author,
        "action": stored.edit.action,
        "touched": json.dumps(sorted(after), ensure_ascii=False),
        "edit": as_json(stored.edit),
        "after": utf8(json.dumps(after, ensure_ascii=False)),
    }
    db.table("edits").insert(storable(row))


def _states(db: "Database", run_id: str, numbers: Mapping[str, int]) -> dict[str, FinalPersona | None]:
    """Read each persona as it stood after the edit of the given number."""
    wanted = json.dumps(sorted(set(numbers.values())))
    rows = db.execute(
        "SELECT number, after FROM edits WHERE run_id = ? AND number IN (SELECT value FROM json_each(?))",
        [run_id, wanted],
    ).fetchall()
    after = {number: _AFTER.validate_json(found) for number, found in rows}
    return {persona: after[number][persona] for persona, number in numbers.items()}


def _row(row: dict[str, Any]) -> EditRow:
    return EditRow.model_validate({**row, "edit": json.loads(row["edit"]), "touched": json.loads(row["touched"])})


def _identity(stored: StoredEdit) -> tuple[object, ...]:
    """Return the parts of an edit that are equal in bundles with and without the words of the study."""
    return stored.number, stored.at, stored.author, stored.edit.model_copy(update={"quote": ""})


def _check_ended(db: "Database", run_id: str) -> None:
    if get_row(db, "runs", run_id, "status")["status"] == "running":
        raise InputError(f"Run {run_id} is still running. Wait until it has ended to edit its personas.")
