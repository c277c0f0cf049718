"""Saved comparisons: titles, notes and their runs."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.domain.comparison import FEWEST, MOST, Comparison
from pipeline.errors import InputError, StoreError
from pipeline.store.rows import iso, storable, utf8
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


class ComparisonTables(DatabaseFile):
    """Store methods for comparisons."""

    def save_comparison(
        self,
        title: str,
        run_ids: Sequence[str],
        now: datetime,
        *,
        note: str = "",
        annotations: Mapping[str, str] | None = None,
        comparison_id: str | None = None,
    ) -> str:
        """Save a comparison, or change the one with that id; returns the id.

        Raises:
            InputError: fewer than two runs or more than eight.
            StoreError: a run does not exist.
        """
        if not FEWEST <= len(set(run_ids)) <= MOST:
            raise InputError(f"Choose {FEWEST} to {MOST} runs to compare, not {len(set(run_ids))}.")
        known = comparison_id or f"cmp-{secrets.token_hex(4)}"
        row = storable({"id": known, "title": title, "note": note, "created_at": iso(now)})
        said = annotations or {}
        with self._write() as db:
            db.execute(_KEEP, row)
            # The new ones first: a comparison that has lost its last run is deleted.
            for place, run_id in enumerate(dict.fromkeys(run_ids)):
                own = {"comparison_id": known, "run_id": run_id, "place": place, "annotation": said.get(run_id, "")}
                db.table("comparison_runs").insert(storable(own), replace=True)
            kept = [utf8(run_id) for run_id in run_ids]
            marks = ", ".join("?" * len(kept))
            db.execute(
                f"DELETE FROM comparison_runs WHERE comparison_id = ? AND run_id NOT IN ({marks})",  # noqa: S608
                [known, *kept],
            )
        return known

    def comparison(self, comparison_id: str) -> Comparison:
        """Return a saved comparison.

        Raises:
            StoreError: there is none with that id.
        """
        with self._read() as db:
            for row in db.table("comparisons").rows_where("id = ?", [utf8(comparison_id)]):
                return _with_runs(db, row)
        raise StoreError(
            f"There is no comparison '{comparison_id}': it was never saved, or has been deleted with its runs."
        )

    def comparisons(self) -> list[Comparison]:
        """Return all saved comparisons with at least one existing run, newest first."""
        with self._read() as db:
            rows = list(db.query("SELECT * FROM comparisons ORDER BY created_at DESC, rowid DESC"))
            return [found for row in rows if (found := _with_runs(db, row)).run_ids]

    def delete_comparison(self, comparison_id: str) -> None:
        """Delete a comparison; its runs stay."""
        with self._write() as db:
            db.execute("DELETE FROM comparisons WHERE id = ?", [utf8(comparison_id)])


def comparisons_within(db: "Database", run_ids: Sequence[str]) -> list[Comparison]:
    """Return the saved comparisons of only these runs, oldest first."""
    found = [_with_runs(db, row) for row in db.query("SELECT * FROM comparisons ORDER BY created_at, rowid")]
    return [one for one in found if one.run_ids and set(one.run_ids) <= set(run_ids)]


def _with_runs(db: "Database", row: dict[str, Any]) -> Comparison:
    runs = list(db.query(_RUNS, [row["id"]]))
    return Comparison(
        **row,
        run_ids=tuple(run["run_id"] for run in runs),
        annotations={run["run_id"]: run["annotation"] for run in runs if run["annotation"]},
    )


_KEEP = """
    INSERT INTO comparisons (id, title, note, created_at) VALUES (:id, :title, :note, :created_at)
    ON CONFLICT (id) DO UPDATE SET title = excluded.title, note = excluded.note
"""

_RUNS = """
    SELECT run_id, annotation FROM comparison_runs JOIN runs ON runs.id = run_id
    WHERE comparison_id = ? AND deleted_at IS NULL ORDER BY place
"""
