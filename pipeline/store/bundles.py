"""Export runs to another installation and import them, completely or not at all."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.domain.base import Frozen
from pipeline.domain.bundle import Bundle, BundledRun, Event, StageBegun, without_words
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import HybridConfig
from pipeline.domain.remarks import Subject
from pipeline.domain.run import Timing
from pipeline.domain.study import Study
from pipeline.errors import InputError, StoreError
from pipeline.store.comparisons import comparisons_within
from pipeline.store.edits import read_edits, take_edits
from pipeline.store.facts import assessment_columns, call_row, config_columns, draft_row, persona_row, read_facts
from pipeline.store.labels import designs_within, import_design
from pipeline.store.remarks import comments_on, put_comments, put_remarks, read_remarks
from pipeline.store.rows import TableName, as_json, get_row, iso, storable
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


class ImportResult(Frozen):
    """Result of importing a bundle."""

    runs: tuple[str, ...]
    """Ids of the new runs."""
    known: tuple[str, ...]
    """Ids of the runs that existed before, left unchanged."""
    labels: int = 0
    """Number of new labels."""
    edits: int = 0
    """Number of new edits of personas."""


class BundleTables(DatabaseFile):
    """Store methods for bundles."""

    def bundle(self, run_ids: Sequence[str], *, with_remarks: bool = False) -> Bundle:
        """Return runs with their studies, and the saved comparisons and designs of only these runs.

        Args:
            run_ids: of the runs.
            with_remarks: whether notes, tags and comments travel.

        Raises:
            StoreError: there is no such run.
            InputError: one of them is running.
        """
        with self._read() as db:
            runs = tuple(_read_run(db, run_id, with_remarks=with_remarks) for run_id in dict.fromkeys(run_ids))
            keys = dict.fromkeys(run.study_id for run in runs)
            bodies = [str(get_row(db, "studies", key)["body"]) for key in keys]
            studies = tuple(Study.model_validate_json(body) for body in bodies)
            private = [row["study_id"] for row in db.query("SELECT study_id FROM private_studies")]
            comparisons = comparisons_within(db, [run.id for run in runs])
            if with_remarks:
                comparisons = [_with_comments(db, one) for one in comparisons]
            designs = designs_within(db, [run.id for run in runs])
        return Bundle(
            source_text=not any(study.is_withheld for study in studies),
            studies=studies,
            private=tuple(key for key in keys if key in private),
            runs=runs,
            comparisons=tuple(comparisons),
            designs=tuple(designs),
        )

    def import_bundle(self, bundle: Bundle, now: datetime) -> ImportResult:
        """Import all of a bundle, or nothing; existing data stays unchanged.

        Imported runs are marked with the time, count towards no budget, and cannot be resumed.

        Raises:
            StoreError: a run, study or design with the same id exists with other content.
        """
        new: list[str] = []
        known: list[str] = []
        edits = 0
        with self._write() as db:
            for study in bundle.studies:
                _take_study(db, study)
                if study.id in bundle.private:
                    db.table("private_studies").insert({"study_id": study.id}, ignore=True)
            for run in bundle.runs:
                (new if _take_run(db, run, now) else known).append(run.id)
                edits += take_edits(db, run.id, run.edits)
                put_remarks(db, run.id, run.remarks)
                put_comments(db, Subject("run", run.id), run.comments)
            for comparison in bundle.comparisons:
                _take_comparison(db, comparison)
            labels = sum(import_design(db, design) for design in bundle.designs)
        return ImportResult(runs=tuple(new), known=tuple(known), labels=labels, edits=edits)


def _with_comments(db: "Database", comparison: Comparison) -> Comparison:
    return comparison.model_copy(update={"comments": comments_on(db, Subject("comparison", comparison.id))})


def _read_run(db: "Database", run_id: str, *, with_remarks: bool = False) -> BundledRun:
    row = get_row(db, "runs", run_id)
    if row["status"] == "running":
        raise InputError(f"Run {run_id} is still running. Wait until it has ended to export it, or cancel it first.")
    facts = read_facts(db, run_id)
    stages = db.query("SELECT stage, planned, started_at FROM stages WHERE run_id = ? ORDER BY rowid", [run_id])
    events = db.query("SELECT at, kind, sentence FROM events WHERE run_id = ? ORDER BY seq", [run_id])
    own = {key: row[key] for key in row.keys() & BundledRun.model_fields.keys()}
    return BundledRun.model_validate(
        {
            **own,
            "tags": json.loads(row["tags"]),
            "config": HybridConfig.model_validate_json(row["config"]),
            "timing": Timing.model_validate_json(row["timing"]),
            "stages": [StageBegun.model_validate(stage) for stage in stages],
            "events": [Event.model_validate(event) for event in events],
            "edits": read_edits(db, run_id),
            "remarks": [one.remark for one in read_remarks(db, run_id)] if with_remarks else (),
            "comments": comments_on(db, Subject("run", run_id)) if with_remarks else (),
            **{name: getattr(facts, name) for name in _FACTS},
        }
    )


_FACTS = ("drafts", "assessments", "failures", "personas", "calls", "batches")


def _take_study(db: "Database", study: Study) -> None:
    """Insert a study; an existing one without its text is completed."""
    body = {"id": study.id, "name": study.name, **study.size.model_dump(), "body": as_json(study)}
    for row in db.table("studies").rows_where("id = ?", [study.id], select="body"):
        known = Study.model_validate_json(row["body"])
        given = study.model_copy(update={"name": known.name})
        if given in (known, without_words(known)):
            return
        if known != without_words(given):
            raise StoreError(
                f"The study {study.id} exists with other content and stays unchanged. Delete it with its runs first, "
                "or import into another database with --db."
            )
        db.table("studies").update(study.id, storable({"body": as_json(given)}))
        db.execute("DELETE FROM withheld_studies WHERE study_id = ?", [study.id])
        return
    db.table("studies").insert(storable(body))
    if study.is_withheld:
        db.table("withheld_studies").insert({"study_id": study.id})


def _take_run(db: "Database", run: BundledRun, now: datetime) -> bool:
    """Insert a run; return true if it is new."""
    for row in db.table("runs").rows_where("id = ?", [run.id], select="status, deleted_at"):
        known = None if row["status"] == "running" else _read_run(db, run.id)
        if known is None or not (known.is_same_as(run) or known.without_source().is_same_as(run)):
            raise StoreError(
                f"Run {run.id} exists with other content and stays unchanged. Delete it first, or import into another "
                "database with --db."
            )
        db.execute("UPDATE runs SET deleted_at = NULL WHERE id = ?", [run.id])
        return row["deleted_at"] is not None
    db.table("runs").insert(storable(_run_row(run, now)))
    _put(db, run.id, "drafts", [_draft(run, number) for number in range(len(run.drafts))])
    _put(db, run.id, "failures", [failure.model_dump() for failure in run.failures])
    _put(db, run.id, "personas", [persona_row(final) for final in run.personas])
    _put(db, run.id, "calls", [call_row(call) for call in run.calls])
    _put(db, run.id, "batches", [batch.model_dump(mode="json") for batch in run.batches])
    _put(db, run.id, "stages", [{**begun.model_dump(), "started_at": iso(begun.started_at)} for begun in run.stages])
    _put(db, run.id, "events", [event.model_dump() for event in run.events])
    return True


def _run_row(run: BundledRun, now: datetime) -> dict[str, Any]:
    plain = run.model_dump(
        include={"id", "study_id", "name", "note", "status", "error", "simulated", "scorer_version", "drafts_from"}
        | {"price_source", "frontier_only_micros", "prompt_version", "local_digest"}
    )
    # No project: spending elsewhere must not use up a budget here. No process: the run is not running.
    detached = {"project": None, "project_budget_micros": None, "host": "", "pid": 0, "process_started": 0.0}
    return {
        **config_columns(run.config),
        **plain,
        **detached,
        "tags": json.dumps(run.tags, ensure_ascii=False),
        "timing": as_json(run.timing),
        "created_at": iso(run.created_at),
        "finished_at": run.finished_at and iso(run.finished_at),
        "heartbeat_at": iso(now),
        "imported_at": iso(now),
    }


def _draft(run: BundledRun, number: int) -> dict[str, Any]:
    draft = run.drafts[number]
    scored = run.assessments.get(draft.id)
    # All rows of one insert must have the same columns.
    empty = dict.fromkeys(("overall", "coherence", "faithfulness", "completeness", "assessment"))
    return {**draft_row(draft), **(assessment_columns(scored) if scored else empty)}


def _put(db: "Database", run_id: str, table: "TableName | str", rows: Sequence[dict[str, Any]]) -> None:
    db.table(table).insert_all([storable({"run_id": run_id, **row}) for row in rows])


def _take_comparison(db: "Database", comparison: Comparison) -> None:
    """Insert a comparison; an existing one with the same id stays unchanged but for new comments."""
    row = {**comparison.model_dump(include={"id", "title", "note"}), "created_at": iso(comparison.created_at)}
    if db.execute(
        "INSERT OR IGNORE INTO comparisons (id, title, note, created_at) VALUES (:id, :title, :note, :created_at)",
        storable(row),
    ).rowcount:
        for place, run_id in enumerate(comparison.run_ids):
            row = {"annotation": comparison.annotations.get(run_id, ""), "place": place}
            db.table("comparison_runs").insert(storable({"comparison_id": comparison.id, "run_id": run_id, **row}))
    put_comments(db, Subject("comparison", comparison.id), comparison.comments)
