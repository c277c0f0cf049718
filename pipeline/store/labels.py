"""Labelling designs and their labels."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.domain.bundle import LabelledDesign
from pipeline.domain.labels import (
    Design,
    DesignSummary,
    EarlierDraw,
    Label,
    LabelChange,
    LabelDecision,
    LabelHistory,
    StoredDesign,
    Task,
    Verdict,
)
from pipeline.errors import StoreError
from pipeline.store.rows import as_json, get_row, iso, storable, utf8
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


class LabelTables(DatabaseFile):
    """Store methods for designs and labels."""

    def save_design(self, run_ids: Sequence[str], design: Design, name: str, now: datetime) -> str:
        """Save a design, which cannot be changed afterwards; returns its id.

        Raises:
            StoreError: the study or one of the runs does not exist.
        """
        design_id = f"design-{secrets.token_hex(4)}"
        with self._write() as db:
            for run_id in run_ids:
                get_row(db, "runs", run_id, "id")
            _insert(db, design_id, run_ids, design, name, now)
        return design_id

    def designs(self, study_id: str | None = None) -> list[DesignSummary]:
        """Return the designs of a study, or all; newest first."""
        where, values = ("designs.study_id = ?", [study_id]) if study_id else ("1", [])
        with self._read() as db:
            rows = list(db.query(_DESIGNS.format(where=where), values))
            return [
                DesignSummary.model_validate(
                    {
                        **row,
                        "run_ids": _known_runs(db, row["run_ids"]),
                        "labelled": {found["rater"]: found["labels"] for found in db.query(_LABELLED, [row["id"]])},
                    }
                )
                for row in rows
            ]

    def design(self, design_id: str) -> StoredDesign:
        """Return one design with its tasks.

        Raises:
            StoreError: there is none with that id.
        """
        with self._read() as db:
            found = _stored(db, _design_row(db, design_id))
        if not found.design.tasks:
            raise StoreError(_unknown(design_id))
        return found

    def delete_design(self, design_id: str, now: datetime) -> None:
        """Delete a design with all its labels. That it was drawn and labelled stays known, without its content.

        Raises:
            StoreError: there is none with that id.
        """
        with self._write() as db:
            row = _design_row(db, design_id)
            if labels := db.execute(_COUNT, [row["id"]]).fetchone()[0]:
                kept = {name: row[name] for name in ("id", "study_id", "run_ids", "created_at")}
                db.table("deleted_designs").insert({**kept, "labels": labels, "deleted_at": iso(now)})
            db.table("designs").delete(row["id"])

    def add_tasks(self, design_id: str, tasks: Sequence[Task]) -> None:
        """Add texts to a design that may stop early, behind those that it has.

        Raises:
            StoreError: there is no such design, or it was declared to be labelled to its end.
        """
        with self._write() as db:
            stored = _stored(db, _design_row(db, design_id))
            if stored.design.settings.stopping != "may_stop":
                raise StoreError(f"The design {stored.id} was declared to be labelled to its end. Draw a new one.")
            _insert_items(db, stored.id, tasks)

    def save_decision(self, design_id: str, decision: LabelDecision) -> None:
        """Log a third decision about a text on which raters disagree; an earlier one stays in the log.

        Raises:
            StoreError: the design has no such text.
        """
        with self._write() as db:
            row = {**decision.model_dump(exclude={"decided_at"}), "decided_at": iso(decision.decided_at)}
            db.table("label_decisions").insert(storable({"design_id": design_id, **row}))

    def label_history(self, design_id: str) -> LabelHistory:
        """Return what happened around the labels of a design; empty for an unknown one."""
        with self._read() as db:
            return LabelHistory(
                changes=tuple(LabelChange.model_validate(row) for row in db.query(_CHANGES, [utf8(design_id)])),
                decisions=tuple(LabelDecision.model_validate(row) for row in db.query(_DECISIONS, [utf8(design_id)])),
                earlier=tuple(EarlierDraw.model_validate(row) for row in db.query(_EARLIER, {"id": utf8(design_id)})),
            )

    def save_label(self, design_id: str, place: int, rater: str, verdict: Verdict, note: str, now: datetime) -> None:
        """Save a rater's label of a task; a repeated label replaces the earlier one, which stays in the history.

        Raises:
            StoreError: the design has no such task, or no longer has it.
        """
        row = {"design": design_id, "place": place, "rater": rater, "verdict": verdict, "note": note, "at": iso(now)}
        with self._write() as db:
            db.execute(_LOG_CHANGE, storable({**row, "now": iso(now)}))
            db.execute(_LABEL, storable(row))

    def save_labels(self, design_id: str, labels: Sequence[Label]) -> None:
        """Save labels made outside of this program: all of them or, if one is refused, none.

        Raises:
            StoreError: the design lacks one of the tasks.
        """
        with self._write() as db:
            for label in labels:
                row = _said(design_id, label)
                db.execute(_LOG_CHANGE, storable({**row, "now": row["at"]}))
                db.execute(_LABEL, storable(row))

    def remove_label(self, design_id: str, place: int, rater: str, now: datetime) -> None:
        """Delete a label, which stays in the history; does nothing when there is none."""
        gone = {"design": design_id, "place": place, "rater": rater, "verdict": "", "now": iso(now)}
        with self._write() as db:
            db.execute(_LOG_CHANGE, storable(gone))
            db.execute(
                "DELETE FROM labels WHERE design_id = ? AND place = ? AND rater = ?",
                [utf8(design_id), place, utf8(rater)],
            )

    def labels(self, design_id: str) -> tuple[Label, ...]:
        """Return the labels of a design in the order in which they were made; empty for an unknown design."""
        with self._read() as db:
            return _labels(db, utf8(design_id))


def designs_within(db: "Database", run_ids: Sequence[str]) -> list[LabelledDesign]:
    """Return the designs of only these runs, with their labels; oldest first."""
    rows = list(db.query(_OF_RUNS, [json.dumps(list(run_ids))]))
    if not rows:
        return []
    found = [stored for row in rows if set((stored := _stored(db, row)).run_ids) <= set(run_ids)]
    places = {stored.id: {task.place for task in stored.design.tasks} for stored in found}
    return [
        LabelledDesign(
            stored=stored,
            labels=tuple(label for label in _labels(db, stored.id) if label.place in places[stored.id]),
        )
        for stored in found
    ]


def import_design(db: "Database", given: LabelledDesign) -> int:
    """Insert a design with its labels, or add new labels to an existing design; returns the number of new labels.

    Raises:
        StoreError: a design with the same id exists with other tasks.
    """
    stored, tasks = given.stored, given.stored.design.tasks
    for row in db.table("designs").rows_where("id = ?", [stored.id]):
        known = {item["place"]: item for item in db.query(_ITEMS, [stored.id])}
        new = [task for task in tasks if task.place not in known]
        drawn_here = _stored(db, row).design.model_copy(update={"tasks": tasks})
        if drawn_here != stored.design or any(known[t.place] != t.model_dump() for t in tasks if t.place in known):
            raise StoreError(
                f"The design {stored.id} exists with other content and stays unchanged. Delete it first, or import "
                "into another database with --db."
            )
        _insert_items(db, stored.id, new)
        break
    else:
        _insert(db, stored.id, stored.run_ids, stored.design, stored.name, stored.created_at)
    before = db.execute(_COUNT, [stored.id]).fetchone()[0]
    for label in given.labels:
        db.execute(_TAKE, storable(_said(stored.id, label)))
    return int(db.execute(_COUNT, [stored.id]).fetchone()[0] - before)


_DESIGNS = """
    SELECT designs.id, designs.name, designs.study_id, designs.created_at, designs.run_ids,
        substr(designs.body ->> '$.setup.scorer', 1, instr(designs.body ->> '$.setup.scorer', ' {{') - 1)
            AS scorer_version,
        COUNT(*) AS tasks, MAX(purpose = 'elsewhere') = 0 AS is_drawn
    FROM designs JOIN design_items ON design_id = designs.id JOIN runs ON runs.id = run_id
    WHERE {where} AND deleted_at IS NULL
    GROUP BY designs.id ORDER BY designs.created_at DESC, designs.rowid DESC
"""

_LABELLED = "SELECT rater, COUNT(*) AS labels FROM labels WHERE design_id = ? GROUP BY rater ORDER BY MIN(seq)"

# Removed runs count as deleted, although they can still be restored.
_TASKS = """
    SELECT place, run_id, draft_id, text, purpose FROM design_items JOIN runs ON runs.id = run_id
    WHERE design_id = ? AND deleted_at IS NULL ORDER BY place
"""

_RUNS = """
    SELECT value FROM json_each(?) JOIN runs ON runs.id = value WHERE deleted_at IS NULL ORDER BY json_each.key
"""

_LABELS = "SELECT place, rater, verdict, note, labelled_at FROM labels WHERE design_id = ? ORDER BY seq"

_INSERT = """
    INSERT INTO labels (design_id, place, rater, verdict, note, labelled_at)
    VALUES (:design, :place, :rater, :verdict, :note, :at) ON CONFLICT (design_id, place, rater)
"""

_LABEL = f"{_INSERT} DO UPDATE SET verdict = excluded.verdict, note = excluded.note, labelled_at = excluded.labelled_at"

_LOG_CHANGE = """
    INSERT INTO label_changes (design_id, place, rater, verdict, labelled_at, changed_at)
    SELECT design_id, place, rater, verdict, labelled_at, :now FROM labels
    WHERE design_id = :design AND place = :place AND rater = :rater AND verdict <> :verdict
"""

_CHANGES = """
    SELECT place, rater, verdict, labelled_at, changed_at FROM label_changes WHERE design_id = ? ORDER BY seq
"""

_DECISIONS = """
    SELECT place, decided_by, verdict, note, decided_at FROM label_decisions WHERE design_id = ? ORDER BY seq
"""

# Draws from some of the same runs whose first label is older than the first label of this one.
_EARLIER = """
    WITH own AS (SELECT id, created_at, rowid AS drawn, run_ids FROM designs WHERE id = :id)
    SELECT other.id, COUNT(labels.seq) AS labels, 0 AS is_deleted
    FROM own, designs AS other JOIN labels ON labels.design_id = other.id
    WHERE (other.created_at, other.rowid) < (own.created_at, own.drawn)
        AND EXISTS (SELECT 1 FROM json_each(own.run_ids) AS mine JOIN json_each(other.run_ids) AS theirs
            ON mine.value = theirs.value)
        AND NOT EXISTS (SELECT 1 FROM design_items WHERE design_id = other.id AND purpose = 'elsewhere')
        AND other.body ->> '$.settings.audit' IS NULL
    GROUP BY other.id
    UNION ALL
    SELECT gone.id, gone.labels, 1 FROM own, deleted_designs AS gone
    WHERE gone.created_at <= own.created_at AND EXISTS (
        SELECT 1 FROM json_each(own.run_ids) AS mine JOIN json_each(gone.run_ids) AS theirs
            ON mine.value = theirs.value)
"""

# An existing label is never replaced by an imported one.
_TAKE = f"{_INSERT} DO NOTHING"

_COUNT = "SELECT COUNT(*) FROM labels WHERE design_id = ?"

_ITEMS = "SELECT place, run_id, draft_id, text, purpose FROM design_items WHERE design_id = ?"

_OF_RUNS = """
    SELECT * FROM designs WHERE id IN
        (SELECT design_id FROM design_items WHERE run_id IN (SELECT value FROM json_each(?)))
    ORDER BY created_at, rowid
"""


def _insert(
    db: "Database", design_id: str, run_ids: Sequence[str], design: Design, name: str, created_at: datetime
) -> None:
    row = {
        "id": design_id,
        "study_id": design.setup.study_id,
        "name": name,
        "created_at": iso(created_at),
        "run_ids": json.dumps(list(run_ids)),
        "body": as_json(design, exclude={"tasks"}),
    }
    db.table("designs").insert(storable(row))
    _insert_items(db, design_id, design.tasks)


def _insert_items(db: "Database", design_id: str, tasks: Sequence[Task]) -> None:
    db.table("design_items").insert_all(storable({"design_id": design_id, **task.model_dump()}) for task in tasks)


def _stored(db: "Database", row: dict[str, Any]) -> StoredDesign:
    return StoredDesign.model_validate(
        {
            **{name: row[name] for name in ("id", "name", "created_at")},
            "run_ids": _known_runs(db, row["run_ids"]),
            "design": {**json.loads(row["body"]), "tasks": list(db.query(_TASKS, [row["id"]]))},
        }
    )


def _labels(db: "Database", design_id: str) -> tuple[Label, ...]:
    return tuple(Label.model_validate(row) for row in db.query(_LABELS, [design_id]))


def _said(design_id: str, label: Label) -> dict[str, Any]:
    return {**label.model_dump(exclude={"labelled_at"}), "design": design_id, "at": iso(label.labelled_at)}


def _design_row(db: "Database", design_id: str) -> dict[str, Any]:
    for row in db.table("designs").rows_where("id = ?", [utf8(design_id)]):
        return row
    raise StoreError(_unknown(design_id))


def _unknown(design_id: str) -> str:
    return f"There is no design '{design_id}': it was never saved, or was deleted with its runs. Draw a new one."


def _known_runs(db: "Database", run_ids: str) -> tuple[str, ...]:
    """Return the existing runs of a JSON list, in its order."""
    return tuple(row["value"] for row in db.query(_RUNS, [run_ids]))
