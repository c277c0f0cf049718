"""Runs: create, log, query, finish, mark as interrupted and delete."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import RunFacts, RunLog, RunProgress, new_run_id, with_facts
from pipeline.domain.run import TRIED_AGAIN, RunRecord, RunStatus, Timing
from pipeline.errors import InputError, StoreError
from pipeline.store.edits import with_stored_edits
from pipeline.store.facts import CopiedDrafts, config_columns, copy_drafts, mark_calls_lost, read_batches, read_facts
from pipeline.store.log import run_log
from pipeline.store.process import ProcessMark, is_alive, this_process
from pipeline.store.rows import add_event, as_json, get_row, iso, list_names, size_of, storable, update_row, utf8
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database

_SILENT_AFTER = timedelta(seconds=60)
"""A run on another machine counts as interrupted after this time without a heartbeat."""


_LAST = chr(0x10FFFF)
"""Sorts after everything that can follow a prefix."""


class RunTables(DatabaseFile):
    """Store methods for single runs."""

    def create_run(
        self,
        study_id: str,
        config: HybridConfig,
        *,
        name: str,
        simulated: bool,
        now: datetime,
        prompt_version: str = "1",
        local_digest: str = "",
        drafts: CopiedDrafts | None = None,
        experiment_id: str | None = None,
    ) -> str:
        """Create a run of this process on a saved study; returns its id.

        Args:
            study_id: of the study.
            config: resolved.
            name: of the run.
            simulated: whether its frontier is.
            now: the time.
            prompt_version: of the prompts with which its drafts are written.
            local_digest: content hash of the local model; empty if the server reports none.
            drafts: drafts to copy from another run of the study; they stay when that run is deleted.
            experiment_id: of its experiment.

        Raises:
            StoreError: there is no such study, or the source run of the drafts does not exist.
        """
        run_id = new_run_id()
        row = {
            "id": run_id,
            "study_id": study_id,
            "name": name,
            "simulated": simulated,
            "prompt_version": prompt_version,
            "local_digest": local_digest,
            **config_columns(config),
            "drafts_from": drafts.run_id if drafts else None,
            "experiment_id": experiment_id,
            "created_at": iso(now),
            **_begun(now),
        }
        with self._write() as db:
            get_row(db, "studies", study_id)
            db.table("runs").insert(storable(row))
            add_event(db, run_id, "run", "The run has begun.")
            if drafts:
                copy_drafts(db, run_id, drafts)
        return run_id

    def next_run_number(self) -> int:
        """Return the number of the next run, from 1, for its default name; two runs at the same time may share one."""
        with self._read() as db:
            return int(db.execute("SELECT COALESCE(MAX(rowid), 0) + 1 FROM runs").fetchone()[0])

    def reopen_run(self, run_id: str, now: datetime) -> None:
        """Resume a run in this process that ended before it was complete.

        Raises:
            StoreError: there is no such run, it is running or imported, or it has nothing left to do.
        """
        with self._write() as db:
            row = get_row(db, "runs", run_id, "status, imported_at")
            if row["status"] == "running" or (row["status"] == "completed" and not _has_work_left(db, run_id)):
                raise StoreError(f"Run {run_id} is {row['status']}: there is nothing to resume.")
            if row["imported_at"]:
                raise StoreError(f"Run {run_id} was imported: resume it in the installation where it was made.")
            update_row(
                db, "runs", (run_id,), {**_begun(now), "finished_at": None, "error": None, "cancel_requested": 0}
            )
            mark_calls_lost(db, run_id)
            add_event(db, run_id, "run", "The run goes on.")

    def log(self, run_id: str) -> RunLog:
        """Return the log of a run; each fact is one transaction, from any thread."""
        return run_log(self, run_id)

    def finish_run(
        self,
        run_id: str,
        status: RunStatus,
        *,
        error: str | None,
        timing: Timing,
        frontier_only_micros: int | None,
        price_source: str,
        scorer_version: str,
        now: datetime,
    ) -> None:
        """Save the result of a run. Calls still in flight become lost, charged at their reservation."""
        ending = {
            "status": status,
            "error": error,
            "timing": as_json(timing),
            "frontier_only_micros": frontier_only_micros,
            "price_source": price_source,
            "scorer_version": scorer_version,
            "finished_at": iso(now),
        }
        with self._write() as db:
            update_row(db, "runs", (run_id,), ending)
            mark_calls_lost(db, run_id)
            add_event(db, run_id, "run", f"The run has ended: {status}.")

    def heartbeat(self, run_id: str, now: datetime) -> None:
        """Save that the process of a run is alive."""
        self._change_run(run_id, {"heartbeat_at": iso(now)})

    def request_cancel(self, run_id: str) -> None:
        """Ask a run, in any process, to stop before its next call."""
        self._change_run(run_id, {"cancel_requested": 1})

    def rename_run(self, run_id: str, name: str) -> None:
        """Rename a run."""
        self._change_run(run_id, {"name": name})

    def mark_interrupted(self, now: datetime) -> list[str]:
        """Mark the runs whose process has died as interrupted, and return their ids.

        A process on this machine is dead when it no longer exists, one on another machine after a minute without a
        heartbeat. Calls in flight become lost, charged at their reservation.
        """
        with self._write() as db:
            running = db.query("SELECT id, host, pid, process_started, heartbeat_at FROM runs WHERE status = 'running'")
            dead = [row["id"] for row in running if _is_dead(row, now)]
            for run_id in dead:
                update_row(db, "runs", (run_id,), {"status": "interrupted"})
                mark_calls_lost(db, run_id)
                add_event(db, run_id, "run", "The run was interrupted: its process is gone.")
        return dead

    def delete_run(self, run_id: str) -> None:
        """Delete a run with its facts. Only deleting the study is sure to erase their bytes from the file.

        Raises:
            StoreError: there is no such run, or it is running.
        """
        self._delete("runs", run_id)

    def find_run(self, text: str) -> str:
        """Find the id of a run from an id, the beginning of one, or a name.

        Raises:
            InputError: no run or several match; names the candidates.
        """
        text = utf8(text)
        with self._read() as db:
            if db.execute("SELECT 1 FROM runs WHERE id = ? AND deleted_at IS NULL", [text]).fetchone():
                return text
            found = list(db.query(_FITTING, {"text": text, "last": _LAST}))
            if len(found) == 1:
                return str(found[0]["id"])
            recent = list(db.query(_LATEST))
        if found:
            raise InputError(f"{len(found)} runs match '{text}': {list_names(found[:5])}. Give a full id.")
        raise InputError(
            f"No run matches '{text}'. " + (f"The latest are {list_names(recent)}." if recent else "There are no runs.")
        )

    def run(self, run_id: str) -> RunRecord:
        """Return the complete record of a run; without edits it equals that of the same run kept in memory.

        Raises:
            StoreError: there is no such run.
        """
        with self._read() as db:
            row = get_row(db, "runs", run_id)
            study = get_row(db, "studies", row["study_id"], "name, documents, participants, segments, words")
            facts = read_facts(db, run_id)
            values = {key: row[key] for key in row.keys() & RunRecord.model_fields.keys()}
            config, timing = HybridConfig.model_validate_json(row["config"]), Timing.model_validate_json(row["timing"])
            own = {"config": config, "timing": timing, "study_name": study["name"], "study": size_of(study)}
            return with_stored_edits(db, with_facts(RunRecord.model_validate({**values, **own}), facts))

    def facts(self, run_id: str) -> RunFacts:
        """Return the facts of a run so far, drafts without a score included, for resuming it.

        Raises:
            StoreError: there is no such run.
        """
        with self._read() as db:
            get_row(db, "runs", run_id, "id")
            return read_facts(db, run_id)

    def progress(self, run_id: str) -> RunProgress:
        """Return the progress of a run.

        Raises:
            StoreError: there is no such run.
        """
        with self._read() as db:
            run = get_row(db, "runs", run_id, _PROGRESS)
            stages = list(
                db.query(
                    "SELECT stage, planned, started_at FROM stages WHERE run_id = ? ORDER BY started_at, rowid",
                    [run_id],
                )
            )
            batch = next((batch for batch in read_batches(db, run_id) if not batch.ended), None)
            writing = list(db.query(_WRITING, [run_id]))
        last = stages[-1] if stages else {"stage": None, "started_at": None}
        planned = {row["stage"]: row["planned"] for row in stages}
        own = {"stage": last["stage"], "planned": planned, "stage_started_at": last["started_at"], "batch": batch}
        own["writing"] = writing
        return RunProgress.model_validate({**run, **own})

    def _change_run(self, run_id: str, columns: dict[str, Any]) -> None:
        with self._write() as db:
            update_row(db, "runs", (run_id,), columns)


_FITTING = """
    SELECT id, name FROM runs
    WHERE deleted_at IS NULL AND (name = :text OR (:text <> '' AND id >= :text AND id < :text || :last))
    ORDER BY created_at DESC, rowid DESC
"""


_LATEST = "SELECT id, name FROM runs WHERE deleted_at IS NULL ORDER BY created_at DESC, rowid DESC LIMIT 5"


_WRITING = """
    SELECT draft_id, output_tokens AS tokens FROM calls
    WHERE run_id = ? AND status = 'in_flight' AND stage = 'draft' AND output_tokens > 0 ORDER BY draft_id
"""


_PROGRESS = """
    status, cancel_requested, budget_micros, created_at AS started_at,
    (SELECT COUNT(*) FROM drafts WHERE run_id = runs.id) AS drafted,
    (SELECT COUNT(completeness) FROM drafts WHERE run_id = runs.id) AS assessed,
    (SELECT COUNT(*) FROM failures WHERE run_id = runs.id) AS failed,
    (SELECT COUNT(*) FROM personas WHERE run_id = runs.id) AS finished,
    (SELECT COALESCE(SUM(cost_micros) FILTER (WHERE status <> 'in_flight'), 0) FROM calls WHERE run_id = runs.id)
        AS spent_micros,
    (SELECT COALESCE(SUM(cost_micros) FILTER (WHERE status = 'in_flight'), 0) FROM calls WHERE run_id = runs.id)
        AS reserved_micros,
    (SELECT sentence FROM events WHERE run_id = runs.id ORDER BY seq DESC LIMIT 1) AS latest
"""


def _begun(now: datetime) -> dict[str, Any]:
    """Return the columns that mark a run as running in this process."""
    return {**this_process().model_dump(), "status": "running", "heartbeat_at": iso(now)}


def _is_dead(row: dict[str, Any], now: datetime) -> bool:
    """Check whether the process of a running run is dead."""
    alive = is_alive(ProcessMark.model_validate({key: row[key] for key in ProcessMark.model_fields}))
    if alive is None:
        return now - datetime.fromisoformat(row["heartbeat_at"]) > _SILENT_AFTER
    return not alive


def _has_work_left(db: "Database", run_id: str) -> bool:
    """Return whether a completed run has failed drafts, or refinements that a resumed one would try again."""
    retried = json.dumps(TRIED_AGAIN)
    sql = """SELECT EXISTS (SELECT 1 FROM failures WHERE run_id = :run) OR EXISTS (
        SELECT 1 FROM personas WHERE run_id = :run AND outcome IN (SELECT value FROM json_each(:retried)))"""
    return bool(db.execute(sql, {"run": run_id, "retried": retried}).fetchone()[0])
