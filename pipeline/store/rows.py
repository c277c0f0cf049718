"""Rows on their way to and from the file: what every table needs."""

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
"""Columns stop counting here, so that no lying usage figure overflows a column or a sum; bodies are exact."""


def get_row(db: "Database", table: Literal["studies", "runs"], key: str, columns: str = "*") -> dict[str, Any]:
    """The row of a study or run; a run that was taken away has none."""
    where = "id = ? AND deleted_at IS NULL" if table == "runs" else "id = ?"
    for row in db.table(table).rows_where(where, [key], select=columns):
        return row
    raise StoreError(not_found(table, key))


def update_row(db: "Database", table: TableName, key: tuple[str, ...], columns: dict[str, Any]) -> None:
    """Set some columns of a row that must be there."""
    assignments = ", ".join(f"{name} = ?" for name in columns)
    where = " AND ".join(f"{name} = ?" for name in KEYS[table])
    values = [*storable(columns).values(), *key]
    if db.execute(f"UPDATE {table} SET {assignments} WHERE {where}", values).rowcount == 0:  # noqa: S608 - our names
        raise StoreError(not_found(table, key[-1]))


def not_found(table: TableName, key: str) -> str:
    """What to say when there is no such row."""
    noun = {"studies": "study", "runs": "run", "drafts": "draft", "calls": "call"}.get(table, table)
    return f"There is no {noun} '{key}': it was never saved, or has been deleted. `persona runs` lists what there is."


def add_event(db: "Database", run_id: str, kind: EventKind, sentence: str) -> None:
    """Write an event, in words."""
    row = storable({"run_id": run_id, "kind": kind, "sentence": sentence})
    db.execute("INSERT INTO events (run_id, kind, sentence) VALUES (:run_id, :kind, :sentence)", row)


def storable(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what SQLite cannot hold replaced: half characters by `?`, endless numbers by a large one."""
    return {key: utf8(value) if isinstance(value, str) else _bounded(value) for key, value in row.items()}


def utf8(text: str) -> str:
    """The text with half characters, which SQLite cannot hold, replaced by `?`."""
    return text.encode("utf-8", "replace").decode()


def _bounded(value: Any) -> Any:
    return min(value, _LARGEST) if isinstance(value, int) else value


def as_json(model: BaseModel, exclude: set[str] | None = None) -> str:
    """The whole model, for a `body` column."""
    # Not `model_dump_json`: it refuses half characters, and a paid answer with one must still be written.
    return utf8(json.dumps(model.model_dump(mode="json", exclude=exclude), ensure_ascii=False))


def iso(moment: datetime) -> str:
    """All of one width, so that text sorts as time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def size_of(row: dict[str, Any]) -> StudySize:
    """The size of a study in its row."""
    return StudySize.model_validate({key: row[key] for key in StudySize.model_fields})


def list_names(rows: list[dict[str, Any]]) -> str:
    """Rows with `id` and `name`, for a sentence."""
    return ", ".join(f"{row['id']} ({row['name'][:80]})" for row in rows)
