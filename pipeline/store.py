"""Studies and runs in one SQLite file: the only place that speaks SQL.

Every fact is written the moment it exists, in one transaction with the event that tells of it, so a killed
process loses nothing that had happened. A connection lives for one unit of work and in one thread: there
is no shared state beside the file, and at rest the file alone is the whole database. Lists and progress
are answered from columns and indexes; the models themselves are JSON and are read one run at a time.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from pipeline.attempts import CallChoice, CallGroup, Latency, ListedCall
from pipeline.config import HybridConfig
from pipeline.errors import BudgetExhausted, Cancelled, InputError, PersonaError, StoreError
from pipeline.models import (
    Assessment,
    Batch,
    Draft,
    DraftFailure,
    FinalPersona,
    Frozen,
    ModelCall,
    RunRecord,
    RunStatus,
    Score,
    Study,
    StudySize,
    Timing,
)
from pipeline.process import ProcessMark, is_alive, this_process
from pipeline.runlog import (
    RunFacts,
    RunLog,
    StageName,
    collect,
    describe,
    describe_score,
    describe_stage,
    new_run_id,
    with_facts,
)
from pipeline.words import usd

if TYPE_CHECKING:
    from sqlite_utils import Database  # at run time imported when a file is opened: it loads pandas

Table = Literal["studies", "runs", "drafts", "failures", "personas", "calls", "batches"]
EventKind = Literal["stage", "draft", "failure", "score", "persona", "call", "batch", "warning", "run"]

_KEYS: dict[Table, tuple[str, ...]] = {
    "studies": ("id",),
    "runs": ("id",),
    "drafts": ("run_id", "draft_id"),
    "failures": ("run_id", "draft_id"),
    "personas": ("run_id", "draft_id"),
    "calls": ("run_id", "id"),
    "batches": ("run_id", "marker"),
}

_SILENT_AFTER = timedelta(seconds=60)
"""A run on another machine is given up when it has not been heard of for this long."""

_LARGEST = 2**53
"""Columns stop counting here, so that no lying usage figure overflows a column or a sum; bodies are exact."""

_LAST = chr(0x10FFFF)
"""Sorts after everything that can follow a prefix."""

# Threads that open the same new file at once would each find it empty.
_OPENING = threading.Lock()


class StudySummary(Frozen):
    """A study in a list, without its text."""

    id: str
    name: str
    size: StudySize
    created_at: datetime
    """When it was first saved."""
    runs: int


class RunSummary(Frozen):
    """A run in a list: its settings and what came of it."""

    id: str
    name: str
    status: RunStatus
    simulated: bool
    study_id: str
    study_name: str
    created_at: datetime
    finished_at: datetime | None
    local_provider: str
    local_model: str
    frontier_provider: str
    frontier_model: str
    threshold: Score
    personas: int
    """Personas that have reached their outcome."""
    mean_score: Score | None
    """Mean overall score of the delivered texts; `None` when none has a score."""
    kept_local: int
    """Personas whose draft was accepted as it is."""
    spent_micros: int
    """Settled and reserved money of all calls."""
    budget_micros: int | None
    """`None` means no cap."""


class RunProgress(Frozen):
    """How far a run is, cheap enough to ask every second."""

    status: RunStatus
    cancel_requested: bool
    stage: StageName | None
    """The stage that was begun last; `None` before the first."""
    planned: dict[StageName, int]
    """Items to do per stage; a stage that has not begun is absent."""
    drafted: int
    failed: int
    """Drafts that could not be had."""
    assessed: int
    finished: int
    """Personas that have reached their outcome."""
    spent_micros: int
    """Settled money, lost calls included."""
    reserved_micros: int
    """Reservations of the calls in flight."""
    budget_micros: int | None
    latest: str | None
    """The last event in words: plain text, untrusted."""
    started_at: datetime
    stage_started_at: datetime | None
    batch: Batch | None = None
    """The batch whose answers the run waits for; `None` when it waits for none."""


class Store:
    """One database file."""

    def __init__(self, path: Path, *, busy_s: float = 60.0) -> None:
        """Open the file, or create it with its folder, and bring its schema up to date.

        Args:
            path: the SQLite file.
            busy_s: seconds to wait for a file that another program holds.

        Raises:
            StoreError: the file cannot be used; says why and what to do.
        """
        self.path = path.absolute()
        self._busy_s = busy_s
        # Writers of this process queue here, because SQLite has waiters sleep up to 0.1 s between two tries; guards
        # the three below too.
        self._turn = threading.Lock()
        self._writer: Database | None = None
        self._kept = ExitStack()
        self._users = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path.parent}: this folder cannot be made ({error.strerror}). "
                "Name another place for the database with --db or PERSONA_DB."
            ) from error
        from pipeline.migrations import migrate

        with _OPENING, self._connect("rwc") as db:
            migrate(db, self.path)

    # --- studies ---------------------------------------------------------------------------------

    def save_study(self, study: Study) -> None:
        """Keep a study. One that is known already stays as it is, because runs refer to its segments."""
        row = {"id": study.id, "name": study.name, **study.size.model_dump(), "body": _json(study)}
        with self._write() as db:
            db.table("studies").insert(_storable(row), ignore=True)

    def study(self, study_id: str) -> Study:
        """The whole study.

        Raises:
            StoreError: there is none of that id.
        """
        with self._read() as db:
            return Study.model_validate_json(_one(db, "studies", study_id)["body"])

    def studies(self) -> list[StudySummary]:
        """All studies, newest first."""
        with self._read() as db:
            rows = db.query(
                """
                SELECT id, name, documents, participants, segments, words, created_at,
                    (SELECT COUNT(*) FROM runs WHERE study_id = studies.id) AS runs
                FROM studies ORDER BY created_at DESC, rowid DESC
                """
            )
            return [
                StudySummary(
                    id=row["id"], name=row["name"], size=_size(row), created_at=row["created_at"], runs=row["runs"]
                )
                for row in rows
            ]

    def delete_study(self, study_id: str) -> None:
        """Delete a study with all its runs, and erase their text from the file.

        Raises:
            StoreError: there is none of that id, one of its runs is running, or another program kept
                the text from being erased.
        """
        self._delete("studies", study_id)
        self._erase()

    # --- runs ------------------------------------------------------------------------------------

    def create_run(self, study_id: str, config: HybridConfig, *, name: str, simulated: bool, now: datetime) -> str:
        """Begin a run of this process on a saved study; returns its id."""
        run_id = new_run_id()
        row = {
            "id": run_id,
            "study_id": study_id,
            "name": name,
            "simulated": simulated,
            "local_provider": config.local_provider,
            "local_model": config.local_model,
            "frontier_provider": config.frontier_provider,
            "frontier_model": config.frontier_model,
            "threshold": config.quality_threshold,
            "budget_micros": config.budget_micros,
            "project": config.project,
            "project_budget_micros": config.project_budget_micros,
            "config": _json(config),
            "created_at": _iso(now),
            **_begun(now),
        }
        with self._write() as db:
            _one(db, "studies", study_id)
            db.table("runs").insert(_storable(row))
            _tell(db, run_id, "run", "The run has begun.")
        return run_id

    def reopen_run(self, run_id: str, now: datetime) -> None:
        """Let this process go on with a run that has ended before it was complete.

        Raises:
            StoreError: there is no such run, or it is running or completed.
        """
        with self._write() as db:
            status = _one(db, "runs", run_id)["status"]
            if status in ("running", "completed"):
                raise StoreError(f"Run {run_id} is {status}: there is nothing to resume.")
            _change(db, "runs", (run_id,), {**_begun(now), "finished_at": None, "error": None, "cancel_requested": 0})
            _lose_open_calls(db, run_id)
            _tell(db, run_id, "run", "The run goes on.")

    def log(self, run_id: str) -> RunLog:
        """Where the run writes its facts; each is one transaction, from any thread."""
        return _StoreLog(self, run_id)

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
        """Write down how a run ended. A call still in flight is lost, and charged at its reservation."""
        ending = {
            "status": status,
            "error": error,
            "timing": _json(timing),
            "frontier_only_micros": frontier_only_micros,
            "price_source": price_source,
            "scorer_version": scorer_version,
            "finished_at": _iso(now),
        }
        with self._write() as db:
            _change(db, "runs", (run_id,), ending)
            _lose_open_calls(db, run_id)
            _tell(db, run_id, "run", f"The run has ended: {status}.")

    def heartbeat(self, run_id: str, now: datetime) -> None:
        """Say that the process of a run is alive."""
        self._change_run(run_id, {"heartbeat_at": _iso(now)})

    def request_cancel(self, run_id: str) -> None:
        """Ask a run, in whichever process, to stop before its next call."""
        self._change_run(run_id, {"cancel_requested": 1})

    def rename_run(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        self._change_run(run_id, {"name": name})

    def mark_interrupted(self, now: datetime) -> list[str]:
        """Mark the runs whose process has died, and return their ids.

        Dead is a process of this machine that is no longer there, and one of another machine that has
        been silent for a minute. Their calls in flight are lost, and charged at their reservation.
        """
        with self._write() as db:
            running = db.query("SELECT id, host, pid, process_started, heartbeat_at FROM runs WHERE status = 'running'")
            dead = [row["id"] for row in running if _is_dead(row, now)]
            for run_id in dead:
                _change(db, "runs", (run_id,), {"status": "interrupted"})
                _lose_open_calls(db, run_id)
                _tell(db, run_id, "run", "The run was interrupted: its process is gone.")
        return dead

    def delete_run(self, run_id: str) -> None:
        """Delete a run with its facts. Their bytes are only sure to be gone once the study is deleted too.

        Raises:
            StoreError: there is no such run, or it is running.
        """
        self._delete("runs", run_id)

    def find_run(self, text: str) -> str:
        """The id of the run that a person means: an id, the beginning of one, or a name.

        Raises:
            InputError: no run or several fit; names the candidates.
        """
        text = _utf8(text)
        with self._read() as db:
            if db.execute("SELECT 1 FROM runs WHERE id = ?", [text]).fetchone():
                return text
            found = list(db.query(_FITTING, {"text": text, "last": _LAST}))
            if len(found) == 1:
                return str(found[0]["id"])
            recent = list(db.query("SELECT id, name FROM runs ORDER BY created_at DESC, rowid DESC LIMIT 5"))
        if found:
            raise InputError(f"{len(found)} runs fit '{text}': {_named(found[:5])}. Give a full id.")
        raise InputError(
            f"No run fits '{text}'. " + (f"The latest are {_named(recent)}." if recent else "There is none.")
        )

    def run(self, run_id: str) -> RunRecord:
        """Everything about a run, equal to the record of the same run kept in memory.

        Raises:
            StoreError: there is no such run.
        """
        with self._read() as db:
            row = _one(db, "runs", run_id)
            study = _one(db, "studies", row["study_id"], "name, documents, participants, segments, words")
            facts = _facts(db, run_id)
        values = {key: row[key] for key in row.keys() & RunRecord.model_fields.keys()}
        config, timing = HybridConfig.model_validate_json(row["config"]), Timing.model_validate_json(row["timing"])
        own = {"config": config, "timing": timing, "study_name": study["name"], "study": _size(study)}
        return with_facts(RunRecord.model_validate({**values, **own}), facts)

    def facts(self, run_id: str) -> RunFacts:
        """What a run has produced so far, drafts without a score included: what a resumed run builds on.

        Raises:
            StoreError: there is no such run.
        """
        with self._read() as db:
            _one(db, "runs", run_id, "id")
            return _facts(db, run_id)

    def runs(self, limit: int = 100) -> list[RunSummary]:
        """The newest runs, newest first."""
        with self._read() as db:
            rows = db.query(
                """
                WITH page AS (SELECT rowid AS number, * FROM runs ORDER BY created_at DESC, rowid DESC LIMIT ?)
                SELECT page.id, page.name, page.status, page.simulated, page.study_id, studies.name AS study_name,
                    page.created_at, page.finished_at, page.local_provider, page.local_model,
                    page.frontier_provider, page.frontier_model, page.threshold, page.budget_micros,
                    COUNT(personas.outcome) AS personas, AVG(personas.overall) AS mean_score,
                    COUNT(*) FILTER (WHERE personas.outcome = 'kept_local') AS kept_local,
                    (SELECT COALESCE(SUM(cost_micros), 0) FROM calls WHERE run_id = page.id) AS spent_micros
                FROM page JOIN studies ON studies.id = page.study_id LEFT JOIN personas ON personas.run_id = page.id
                GROUP BY page.id ORDER BY page.created_at DESC, page.number DESC
                """,
                [limit],
            )
            return [RunSummary.model_validate(row) for row in rows]

    def progress(self, run_id: str) -> RunProgress:
        """How far a run is.

        Raises:
            StoreError: there is no such run.
        """
        with self._read() as db:
            run = _one(db, "runs", run_id, _PROGRESS)
            stages = list(
                db.query(
                    "SELECT stage, planned, started_at FROM stages WHERE run_id = ? ORDER BY started_at, rowid",
                    [run_id],
                )
            )
            batch = next((batch for batch in _batches(db, run_id) if not batch.ended), None)
        last = stages[-1] if stages else {"stage": None, "started_at": None}
        planned = {row["stage"]: row["planned"] for row in stages}
        own = {"stage": last["stage"], "planned": planned, "stage_started_at": last["started_at"], "batch": batch}
        return RunProgress.model_validate({**run, **own})

    # --- calls -----------------------------------------------------------------------------------

    def call_groups(self, run_id: str | None = None) -> list[CallGroup]:
        """The attempts of one run, or of all runs, counted by stage, provider and status; real ones first."""
        where, values = _where(CallChoice(run_id=run_id))
        with self._read() as db:
            return [CallGroup.model_validate(row) for row in db.query(_CALL_GROUPS.format(where=where), values)]

    def call_latencies(self, choice: CallChoice) -> list[Latency]:
        """How long the chosen attempts took, drafts first; a stage without a timed attempt is absent."""
        where, values = _where(choice)
        with self._read() as db:
            return [Latency.model_validate(row) for row in db.query(_CALL_LATENCIES.format(where=where), values)]

    def calls(self, choice: CallChoice, limit: int | None = None) -> list[ListedCall]:
        """The chosen attempts, newest first, without what was sent and what came back."""
        where, values = _where(choice)
        sql = _CALL_LIST.format(where=where)
        with self._read() as db:
            return [
                ListedCall(
                    run_id=row["run_id"],
                    run_name=row["name"],
                    simulated=row["simulated"],
                    call=ModelCall.model_validate_json(row["body"]),
                )
                for row in db.query(sql, {**values, "limit": -1 if limit is None else limit})
            ]

    def call(self, run_id: str, call_id: str) -> ModelCall:
        """One attempt, with what was sent and what came back.

        Raises:
            StoreError: there is none of that id in that run.
        """
        with self._read() as db:
            rows = db.table("calls").rows_where(
                "run_id = ? AND id = ?", [_utf8(run_id), _utf8(call_id)], select="body, payload, reply"
            )
            for row in rows:
                return _call(row)
        raise StoreError(_unknown("calls", call_id))

    # --- the file --------------------------------------------------------------------------------

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep one connection for writing while there is much to write, as during a run.

        Opening takes as long as writing a fact, and the last connection to close moves the write-ahead log into
        the file, which takes as long again. It does not wait for the disk either: should the power fail, what was
        written through it last is computed again from the answers in the rows of the calls.
        """
        with self._turn:
            if not self._users:
                self._writer = self._kept.enter_context(self._connect(shared=True))
                self._writer.execute("PRAGMA synchronous = NORMAL")
            self._users += 1
        try:
            yield
        finally:
            with self._turn:
                self._users -= 1
                if not self._users:
                    self._writer = None
                    self._kept.close()

    @contextmanager
    def _connect(self, mode: Literal["rw", "rwc"] = "rw", *, shared: bool = False) -> Iterator["Database"]:
        """A connection for one unit of work; an open transaction is rolled back when it closes."""
        from sqlite_utils import Database

        try:
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode={mode}",
                uri=True,
                timeout=self._busy_s,
                isolation_level=None,
                check_same_thread=not shared,
            )
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")
                yield Database(connection, recursive_triggers=False, execute_plugins=False)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StoreError(_explain(self.path, error)) from error

    @contextmanager
    def _read(self) -> Iterator["Database"]:
        """One consistent view of the file."""
        with self._connect() as db, db.atomic():
            yield db

    @contextmanager
    def _write(self, *, paid: bool = False) -> Iterator["Database"]:
        """One transaction that waits for its turn at once: an upgrade from reading could not wait.

        Args:
            paid: whether money depends on it. Then the file is opened again even where a connection is kept, which
                would not notice that the file has been lost or damaged meanwhile, and the disk is waited for.
        """
        with self._turn, self._connect() if paid else self._writing() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.commit()

    @contextmanager
    def _writing(self) -> Iterator["Database"]:
        """The connection that is kept while the store is busy, left without a transaction; else one of its own."""
        if self._writer is None:
            with self._connect() as db:
                yield db
            return
        try:
            yield self._writer
        except sqlite3.Error as error:
            raise StoreError(_explain(self.path, error)) from error
        finally:
            self._writer.rollback()

    def _change_run(self, run_id: str, columns: dict[str, Any]) -> None:
        with self._write() as db:
            _change(db, "runs", (run_id,), columns)

    def _delete(self, table: Literal["studies", "runs"], key: str) -> None:
        with self._write() as db:
            _one(db, table, key, "id")
            busy = list(db.table("runs").rows_where("status = 'running' AND ? IN (id, study_id)", [key]))
            if busy:
                raise StoreError(f"Still running: {_named(busy)}. Cancel first, and delete when it has stopped.")
            db.execute(_KEEP_SPENDING, {"key": key})
            db.table(table).delete(key)

    def _erase(self) -> None:
        """Rewrite the file without what was deleted, and empty the write-ahead log that still holds it.

        `secure_delete` alone leaves copies behind that were made when pages were split. Writers wait
        meanwhile, about a second for each 60 MB.
        """
        with self._connect() as db:
            db.vacuum()
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreError(
                f"It is deleted, but its text can be found in {self.path}-wal until the other programs that have "
                "the database open close it."
            )


class _StoreLog(RunLog):
    """Writes the facts of one run, each in one transaction with its event."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id

    def stage_started(self, stage: StageName, planned: int) -> None:
        with self._fact("stage", describe_stage(stage, planned)) as db:
            db.execute(
                "INSERT INTO stages (run_id, stage, planned, started_at)"
                " VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT (run_id, stage)"
                " DO UPDATE SET planned = excluded.planned, started_at = excluded.started_at",
                [self._run_id, stage, planned],
            )

    def draft_written(self, draft: Draft) -> None:
        with self._fact("draft", describe(draft)) as db:
            db.execute("DELETE FROM failures WHERE run_id = ? AND draft_id = ?", [self._run_id, draft.id])
            self._put(db, "drafts", {"draft_id": draft.id, "name": draft.persona.name, "body": _json(draft)})

    def draft_failed(self, failure: DraftFailure) -> None:
        with self._fact("failure", describe(failure)) as db:
            self._put(db, "failures", failure.model_dump())

    def draft_assessed(self, draft_id: str, assessment: Assessment) -> None:
        columns = {**assessment.scores.model_dump(), "assessment": _json(assessment)}
        with self._fact("score", describe_score(draft_id, assessment)) as db:
            _change(db, "drafts", (self._run_id, draft_id), columns)

    def persona_finished(self, persona: FinalPersona) -> None:
        row = {
            **persona.model_dump(include={"draft_id", "origin", "outcome", "cost_micros"}),
            **persona.assessment.scores.model_dump(),
            "name": persona.persona.name,
            "body": _json(persona),
        }
        with self._fact("persona", describe(persona)) as db:
            self._put(db, "personas", row)

    def call_opened(self, call: ModelCall) -> None:
        row = _storable({"run_id": self._run_id, **_call_row(call)})
        with self._fact("call", describe(call), paid=call.reserved_micros > 0) as db:
            if db.execute(_OPEN_CALL, row).rowcount == 0:
                raise _refusal(db, self._run_id, row["cost_micros"])

    def call_closed(self, call: ModelCall) -> None:
        with self._fact("call", describe(call), paid=call.reserved_micros > 0) as db:
            _change(db, "calls", (self._run_id, call.id), _call_row(call))

    def batch_changed(self, batch: Batch) -> None:
        with self._fact("batch", describe(batch)) as db:
            self._put(db, "batches", batch.model_dump(mode="json"))

    def warn(self, sentence: str) -> None:
        with self._store._write() as db:
            _tell(db, self._run_id, "warning", sentence)

    def is_cancelled(self) -> bool:
        with self._store._read() as db:
            return bool(_one(db, "runs", self._run_id, "cancel_requested")["cancel_requested"])

    @contextmanager
    def _fact(self, kind: EventKind, sentence: str, *, paid: bool = False) -> Iterator["Database"]:
        with self._store._write(paid=paid) as db:
            yield db
            _tell(db, self._run_id, kind, sentence)

    def _put(self, db: "Database", table: Table, row: dict[str, Any]) -> None:
        """Insert a row, or replace these columns of the one that is there."""
        # Written out: sqlite-utils looks the table up anew each time, and facts of a run come by the hundred.
        row = _storable({"run_id": self._run_id, **row})
        into = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"  # noqa: S608 - our names
        change = ", ".join(f"{name} = excluded.{name}" for name in row)
        db.execute(f"{into} ON CONFLICT ({', '.join(_KEYS[table])}) DO UPDATE SET {change}", row)


_SPENT = "(SELECT COALESCE(SUM(cost_micros), 0) FROM calls WHERE run_id = runs.id)"

# Real and simulated money are never added up.
_SPENT_BY_PROJECT = """(
    SELECT COALESCE(SUM(cost_micros), 0) FROM calls JOIN runs AS member ON member.id = calls.run_id
    WHERE member.project = runs.project AND member.simulated = runs.simulated
) + COALESCE((
    SELECT micros FROM spent_elsewhere
    WHERE spent_elsewhere.project = runs.project AND spent_elsewhere.simulated = runs.simulated
), 0)"""

# The row is the reservation: it is there only if it fits, whoever else is writing. What is free always fits.
_OPEN_CALL = f"""
    INSERT INTO calls (run_id, id, draft_id, stage, provider, model, status, input_tokens, output_tokens,
        cached_tokens, cost_micros, reserved_micros, latency_ms, started_at, body, payload, reply, batch)
    SELECT :run_id, :id, :draft_id, :stage, :provider, :model, :status, :input_tokens, :output_tokens,
        :cached_tokens, :cost_micros, :reserved_micros, :latency_ms, :started_at, :body, :payload, :reply, :batch
    FROM runs WHERE id = :run_id AND NOT cancel_requested AND (
        :cost_micros = 0 OR (
            (budget_micros IS NULL OR {_SPENT} + :cost_micros <= budget_micros)
            AND (project_budget_micros IS NULL OR {_SPENT_BY_PROJECT} + :cost_micros <= project_budget_micros)
        )
    )
"""  # noqa: S608 - put together from the constants above

# Deleting a run gives no money back to its project.
_KEEP_SPENDING = """
    INSERT INTO spent_elsewhere (project, simulated, micros)
    SELECT project, simulated, SUM(cost_micros) FROM runs JOIN calls ON calls.run_id = runs.id
    WHERE :key IN (runs.id, runs.study_id) AND project IS NOT NULL GROUP BY project, simulated
    ON CONFLICT (project, simulated) DO UPDATE SET micros = micros + excluded.micros
"""

_WHY_NOT = f"""
    cancel_requested, project, budget_micros, {_SPENT} AS spent, project_budget_micros,
    {_SPENT_BY_PROJECT} AS spent_by_project,
    (SELECT COALESCE(SUM(cost_micros), 0) FROM calls JOIN runs AS member ON member.id = calls.run_id
     WHERE calls.status = 'in_flight' AND member.project = runs.project AND member.simulated = runs.simulated) AS held
"""  # noqa: S608

_FITTING = """
    SELECT id, name FROM runs
    WHERE name = :text OR (:text <> '' AND id >= :text AND id < :text || :last)
    ORDER BY created_at DESC, rowid DESC
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


# The plus keeps the join from reading the calls in the order of another index, row by row with their texts.
_CALL_GROUPS = """
    SELECT stage, provider, calls.status, simulated, COUNT(*) AS attempts,
        COUNT(*) FILTER (WHERE cost_micros > 0) AS paid,
        SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens, SUM(cached_tokens) AS cached_tokens,
        SUM(cost_micros) AS cost_micros
    FROM calls JOIN runs ON runs.id = +calls.run_id WHERE {where}
    GROUP BY stage, provider, calls.status, simulated ORDER BY simulated, stage, provider, calls.status
"""

# A call lost with its process has no time; every other one has, be it 0 milliseconds.
_CALL_LATENCIES = """
    WITH ranked AS (
        SELECT stage, latency_ms, ROW_NUMBER() OVER (PARTITION BY stage ORDER BY latency_ms) AS place,
            COUNT(*) OVER (PARTITION BY stage) AS n
        FROM calls WHERE {where} AND status <> 'in_flight' AND (status <> 'lost' OR latency_ms > 0)
    )
    SELECT stage, n, AVG(latency_ms) FILTER (WHERE place IN ((n + 1) / 2, n / 2 + 1)) AS median_ms,
        MIN(latency_ms) FILTER (WHERE 100 * place >= 95 * n) AS p95_ms
    FROM ranked GROUP BY stage, n ORDER BY stage
"""

_CALL_LIST = """
    SELECT run_id, name, simulated, body FROM calls JOIN runs ON runs.id = calls.run_id
    WHERE {where} ORDER BY calls.started_at DESC, calls.id DESC LIMIT :limit
"""


def _where(choice: CallChoice) -> tuple[str, dict[str, str]]:
    """The condition of a choice, and its values; column names are the fields of our own model."""
    values = {key: _utf8(value) for key, value in choice.model_dump(exclude_none=True).items()}
    return " AND ".join(["1", *(f"calls.{column} = :{column}" for column in values)]), values


def _one(db: "Database", table: Literal["studies", "runs"], key: str, columns: str = "*") -> dict[str, Any]:
    """The row of a study or run."""
    for row in db.table(table).rows_where("id = ?", [key], select=columns):
        return row
    raise StoreError(_unknown(table, key))


def _change(db: "Database", table: Table, key: tuple[str, ...], columns: dict[str, Any]) -> None:
    """Set some columns of a row that must be there."""
    assignments = ", ".join(f"{name} = ?" for name in columns)
    where = " AND ".join(f"{name} = ?" for name in _KEYS[table])
    values = [*_storable(columns).values(), *key]
    if db.execute(f"UPDATE {table} SET {assignments} WHERE {where}", values).rowcount == 0:  # noqa: S608 - our names
        raise StoreError(_unknown(table, key[-1]))


def _unknown(table: Table, key: str) -> str:
    noun = {"studies": "study", "runs": "run", "drafts": "draft", "calls": "call"}.get(table, table)
    return f"There is no {noun} '{key}': it was never saved, or has been deleted. `persona runs` lists what there is."


def _tell(db: "Database", run_id: str, kind: EventKind, sentence: str) -> None:
    row = _storable({"run_id": run_id, "kind": kind, "sentence": sentence})
    db.execute("INSERT INTO events (run_id, kind, sentence) VALUES (:run_id, :kind, :sentence)", row)


def _facts(db: "Database", run_id: str) -> RunFacts:
    drafts = list(db.query("SELECT draft_id, body, assessment FROM drafts WHERE run_id = ?", [run_id]))
    failures = db.query("SELECT draft_id, reason FROM failures WHERE run_id = ?", [run_id])
    personas = db.query("SELECT body FROM personas WHERE run_id = ?", [run_id])
    calls = db.query("SELECT body, payload, reply FROM calls WHERE run_id = ?", [run_id])
    warnings = db.query("SELECT sentence FROM events WHERE run_id = ? AND kind = 'warning' ORDER BY seq", [run_id])
    return collect(
        [Draft.model_validate_json(row["body"]) for row in drafts],
        {row["draft_id"]: Assessment.model_validate_json(row["assessment"]) for row in drafts if row["assessment"]},
        [DraftFailure.model_validate(row) for row in failures],
        [FinalPersona.model_validate_json(row["body"]) for row in personas],
        [_call(row) for row in calls],
        [row["sentence"] for row in warnings],
        _batches(db, run_id),
    )


def _batches(db: "Database", run_id: str) -> list[Batch]:
    rows = db.query("SELECT marker, sent_at, batch_id, ended FROM batches WHERE run_id = ? ORDER BY rowid", [run_id])
    return [Batch.model_validate(row) for row in rows]


def _call(row: dict[str, Any]) -> ModelCall:
    texts = {"payload": row["payload"], "reply": row["reply"]}
    return ModelCall.model_validate_json(row["body"]).model_copy(update=texts)


def _call_row(call: ModelCall) -> dict[str, Any]:
    """The columns of a call; the two long texts have their own and are not repeated in the body."""
    return {
        **call.model_dump(exclude={"usage", "error", "flag", "started_at"}),
        **call.usage.model_dump(exclude={"measured"}),
        "started_at": _iso(call.started_at),
        "body": _json(call, exclude={"payload", "reply"}),
    }


def _refusal(db: "Database", run_id: str, cost_micros: int) -> PersonaError:
    """Why the row of a call was not inserted."""
    run = _one(db, "runs", run_id, _WHY_NOT)
    if run["cancel_requested"]:
        return Cancelled("The run was cancelled.")
    budget, spent, held, sharing = run["budget_micros"], run["spent"], 0, ""
    if budget is None or spent + cost_micros <= budget:
        budget, spent, held = run["project_budget_micros"], run["spent_by_project"], run["held"]
        sharing = f" that the runs of '{run['project']}' share"
    return BudgetExhausted(
        f"The next call could cost {usd(cost_micros)}, and {usd(max(0, budget - spent))} of the budget of"
        f" {usd(budget)}{sharing} is left.",
        held=spent - held + cost_micros <= budget,
    )


def _lose_open_calls(db: "Database", run_id: str) -> None:
    """Nobody waits for these answers any more: they may have been billed. Those of a batch can still be fetched."""
    db.execute(
        "UPDATE calls SET status = 'lost', body = json_set(body, '$.status', 'lost')"
        " WHERE run_id = ? AND status = 'in_flight' AND NOT EXISTS ("
        "SELECT 1 FROM batches WHERE batches.run_id = calls.run_id AND marker = calls.batch AND NOT ended)",
        [run_id],
    )


def _begun(now: datetime) -> dict[str, Any]:
    """The columns that say that this process is at work on a run."""
    return {**this_process().model_dump(), "status": "running", "heartbeat_at": _iso(now)}


def _is_dead(row: dict[str, Any], now: datetime) -> bool:
    """Whether nobody is at work on a running run any more."""
    alive = is_alive(ProcessMark.model_validate({key: row[key] for key in ProcessMark.model_fields}))
    if alive is None:
        return now - datetime.fromisoformat(row["heartbeat_at"]) > _SILENT_AFTER
    return not alive


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what SQLite cannot hold replaced: half characters by `?`, endless numbers by a large one."""
    return {key: _utf8(value) if isinstance(value, str) else _bounded(value) for key, value in row.items()}


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bounded(value: Any) -> Any:
    return min(value, _LARGEST) if isinstance(value, int) else value


def _json(model: BaseModel, exclude: set[str] | None = None) -> str:
    # Not `model_dump_json`: it refuses half characters, and a paid answer with one must still be written.
    return _utf8(json.dumps(model.model_dump(mode="json", exclude=exclude), ensure_ascii=False))


def _iso(moment: datetime) -> str:
    """All of one width, so that text sorts as time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _size(row: dict[str, Any]) -> StudySize:
    return StudySize.model_validate({key: row[key] for key in StudySize.model_fields})


def _named(rows: list[dict[str, Any]]) -> str:
    return ", ".join(f"{row['id']} ({row['name'][:80]})" for row in rows)


_EXPLANATIONS = {
    "SQLITE_NOTADB": "is not a SQLite database and is left as it is. Name another file with --db or PERSONA_DB.",
    "SQLITE_READONLY": "may not be written. Allow writing to the file and its folder, or name another file with "
    "--db or PERSONA_DB.",
    "SQLITE_CANTOPEN": "cannot be opened. Check that it is a file, that it is still there, and that it and its folder "
    "may be read and written; or name another file with --db or PERSONA_DB.",
    "SQLITE_BUSY": "is locked by another program. Close what has it open, and try again.",
    "SQLITE_FULL": "cannot grow: the disk is full. Make room and try again; all that was written before is kept.",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error. Check the disk and the space left on it.",
    "SQLITE_CORRUPT": "is damaged. Restore a copy, or save what can be read with `sqlite3 FILE .recover`.",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "no longer has the study or the run that this belongs to: it has been deleted.",
}


def _explain(path: Path, error: sqlite3.Error) -> str:
    name = _errorname(error)
    for prefix, sentence in _EXPLANATIONS.items():
        if name.startswith(prefix):
            return f"{path}: {sentence}"
    return f"{path}: the database reports '{error}' ({name or type(error).__name__})."


def _errorname(error: sqlite3.Error) -> str:
    """SQLite's own name; empty for errors that Python's module raises itself."""
    return getattr(error, "sqlite_errorname", "")
