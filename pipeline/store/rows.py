"""Helpers for reading and writing rows, shared by all tables."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from pipeline.domain.facts import EventKind
from pipeline.domain.study import StudySize
from pipeline.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database


TableName = Literal["studies", "runs", "drafts", "failures", "personas", "calls", "batches"]

KEYS: dict[TableName, tuple[str, ...]] = {
    "studies": ("id",),
    "runs": ("id",),
    "drafts": ("run_id", "draft_id"),
    "failures": ("run_id", "draft_id"),
    "personas": ("run_id", "draft_id"),
    "calls": ("run_id", "id"),
    "batches": ("run_id", "marker"),
}


_LARGEST = 2**53
"""Maximum value of a column, so that no wrong usage figure overflows a column or a sum; bodies are exact."""


def get_row(db: "Database", table: Literal["studies", "runs"], key: str, columns: str = "*") -> dict[str, Any]:
    """Return the row of a study or run; removed runs are not found.

    Raises:
        StoreError: there is no such row.
    """
    where = "id = ? AND deleted_at IS NULL" if table == "runs" else "id = ?"
    for row in db.table(table).rows_where(where, [key], select=columns):
        return row
    raise StoreError(not_found(table, key))


def update_row(db: "Database", table: TableName, key: tuple[str, ...], columns: dict[str, Any]) -> None:
    """Set some columns of an existing row.

    Raises:
        StoreError: there is no such row.
    """
    assignments = ", ".join(f"{name} = ?" for name in columns)
    where = " AND ".join(f"{name} = ?" for name in KEYS[table])
    values = [*storable(columns).values(), *key]
    if db.execute(f"UPDATE {table} SET {assignments} WHERE {where}", values).rowcount == 0:  # noqa: S608 - our names
        raise StoreError(not_found(table, key[-1]))


def not_found(table: TableName, key: str) -> str:
    """Return the error message for a missing row."""
    noun = {"studies": "study", "runs": "run", "drafts": "draft", "calls": "call"}.get(table, table)
    return f"There is no {noun} '{key}': it was never saved, or was deleted. `persona runs` lists all runs."


def add_event(db: "Database", run_id: str, kind: EventKind, sentence: str) -> None:
    """Insert an event."""
    row = storable({"run_id": run_id, "kind": kind, "sentence": sentence})
    db.execute("INSERT INTO events (run_id, kind, sentence) VALUES (:run_id, :kind, :sentence)", row)


def storable(row: dict[str, Any]) -> dict[str, Any]:
    """Replace values that SQLite cannot hold: lone surrogates by `?`, larger integers by 2**53."""
    return {key: utf8(value) if isinstance(value, str) else _bounded(value) for key, value in row.items()}


def utf8(text: str) -> str:
    """Replace lone surrogates, which SQLite cannot hold, by `?`."""
    return text.encode("utf-8", "replace").decode()


def _bounded(value: Any) -> Any:
    return min(value, _LARGEST) if isinstance(value, int) else value


def as_json(model: BaseModel, exclude: set[str] | None = None) -> str:
    """Return the whole model as JSON, for a `body` column."""
    # Not `model_dump_json`: it refuses lone surrogates, and a paid answer with one must still be saved.
    return utf8(json.dumps(model.model_dump(mode="json", exclude=exclude), ensure_ascii=False))


def iso(moment: datetime) -> str:
    """Format a time in UTC with fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def size_of(row: dict[str, Any]) -> StudySize:
    """Return the size of a study from its row."""
    return StudySize.model_validate({key: row[key] for key in StudySize.model_fields})


def list_names(rows: list[dict[str, Any]]) -> str:
    """List rows with `id` and `name` for a sentence."""
    return ", ".join(f"{row['id']} ({row['name'][:80]})" for row in rows)
