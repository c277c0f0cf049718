"""SQLite log of a run: one transaction per fact; the row of a paid call is its reservation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.domain.facts import NEVER_LEAVES, EventKind, RunLog, StageName
from pipeline.domain.persona import Assessment
from pipeline.domain.run import Batch, Draft, DraftFailure, FinalPersona, ModelCall
from pipeline.errors import BudgetExhausted, Cancelled, PersonaError, ProviderError
from pipeline.store.events import describe, describe_score, describe_stage
from pipeline.store.facts import assessment_columns, call_row, draft_row, persona_row
from pipeline.store.rows import KEYS, TableName, add_event, get_row, storable, update_row
from pipeline.store.store import DatabaseFile
from pipeline.text.wording import usd

if TYPE_CHECKING:
    from pipeline.store.store import Database


def run_log(store: DatabaseFile, run_id: str) -> RunLog:
    """Return the log of this run; safe to use from any thread."""
    return _StoreLog(store, run_id)


class _StoreLog(RunLog):
    """Writes the facts of one run, each in one transaction with its event."""

    def __init__(self, store: DatabaseFile, run_id: str) -> None:
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
            self._put(db, "drafts", draft_row(draft))

    def draft_failed(self, failure: DraftFailure) -> None:
        with self._fact("failure", describe(failure)) as db:
            self._put(db, "failures", failure.model_dump())

    def draft_assessed(self, draft_id: str, assessment: Assessment) -> None:
        with self._fact("score", describe_score(draft_id, assessment)) as db:
            update_row(db, "drafts", (self._run_id, draft_id), assessment_columns(assessment))

    def persona_finished(self, persona: FinalPersona) -> None:
        with self._fact("persona", describe(persona)) as db:
            self._put(db, "personas", persona_row(persona))

    def call_opened(self, call: ModelCall) -> None:
        row = storable({"run_id": self._run_id, "place": call.place, **call_row(call)})
        with self._fact("call", describe(call), paid=call.reserved_micros > 0) as db:
            if db.execute(_OPEN_CALL, row).rowcount == 0:
                raise _refusal(db, self._run_id, call)

    def call_closed(self, call: ModelCall) -> None:
        with self._fact("call", describe(call), paid=call.reserved_micros > 0) as db:
            update_row(db, "calls", (self._run_id, call.id), call_row(call))

    def call_progressed(self, call: ModelCall, tokens: int) -> None:
        with self._store._write() as db:
            db.execute(
                "UPDATE calls SET output_tokens = ? WHERE run_id = ? AND id = ? AND status = 'in_flight'",
                [tokens, self._run_id, call.id],
            )

    def batch_changed(self, batch: Batch) -> None:
        with self._fact("batch", describe(batch)) as db:
            self._put(db, "batches", batch.model_dump(mode="json"))

    def warn(self, sentence: str) -> None:
        with self._store._write() as db:
            add_event(db, self._run_id, "warning", sentence)

    def is_cancelled(self) -> bool:
        with self._store._read() as db:
            return bool(get_row(db, "runs", self._run_id, "cancel_requested")["cancel_requested"])

    @contextmanager
    def _fact(self, kind: EventKind, sentence: str, *, paid: bool = False) -> Iterator["Database"]:
        with self._store._write(paid=paid) as db:
            yield db
            add_event(db, self._run_id, kind, sentence)

    def _put(self, db: "Database", table: TableName, row: dict[str, Any]) -> None:
        """Insert a row, or update these columns of the existing one."""
        # Plain SQL: sqlite-utils looks the table up each time, and a run writes hundreds of facts.
        row = storable({"run_id": self._run_id, **row})
        into = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"  # noqa: S608 - our names
        changes = ", ".join(f"{name} = excluded.{name}" for name in row)
        db.execute(f"{into} ON CONFLICT ({', '.join(KEYS[table])}) DO UPDATE SET {changes}", row)


_PRIVATE = "EXISTS (SELECT 1 FROM private_studies WHERE study_id = runs.study_id)"

_SPENT = "(SELECT COALESCE(SUM(cost_micros), 0) FROM calls WHERE run_id = runs.id)"


# Real and simulated money are never added together.
_SPENT_BY_PROJECT = """(
    SELECT COALESCE(SUM(cost_micros), 0) FROM calls JOIN runs AS member ON member.id = calls.run_id
    WHERE member.project = runs.project AND member.simulated = runs.simulated
) + COALESCE((
    SELECT micros FROM spent_elsewhere
    WHERE spent_elsewhere.project = runs.project AND spent_elsewhere.simulated = runs.simulated
), 0)"""


# The row is the reservation: it is inserted only if it fits, whatever other processes write. Free calls always fit.
_OPEN_CALL = f"""
    INSERT INTO calls (run_id, id, draft_id, stage, provider, model, status, input_tokens, output_tokens,
        cached_tokens, cost_micros, reserved_micros, latency_ms, started_at, body, payload, reply, batch)
    SELECT :run_id, :id, :draft_id, :stage, :provider, :model, :status, :input_tokens, :output_tokens,
        :cached_tokens, :cost_micros, :reserved_micros, :latency_ms, :started_at, :body, :payload, :reply, :batch
    FROM runs WHERE id = :run_id AND NOT cancel_requested AND (:place = 'here' OR NOT {_PRIVATE}) AND (
        :cost_micros = 0 OR (
            (budget_micros IS NULL OR {_SPENT} + :cost_micros <= budget_micros)
            AND (project_budget_micros IS NULL OR {_SPENT_BY_PROJECT} + :cost_micros <= project_budget_micros)
        )
    )
"""  # noqa: S608 - put together from the constants above


_WHY_NOT = f"""
    cancel_requested, {_PRIVATE} AS private, project, budget_micros, {_SPENT} AS spent, project_budget_micros,
    {_SPENT_BY_PROJECT} AS spent_by_project,
    (SELECT COALESCE(SUM(cost_micros), 0) FROM calls JOIN runs AS member ON member.id = calls.run_id
     WHERE calls.status = 'in_flight' AND member.project = runs.project AND member.simulated = runs.simulated) AS held
"""  # noqa: S608


def _refusal(db: "Database", run_id: str, call: ModelCall) -> PersonaError:
    """Return the error for a call whose row was not inserted."""
    run, cost_micros = get_row(db, "runs", run_id, _WHY_NOT), call.cost_micros
    if run["cancel_requested"]:
        return Cancelled("The run was cancelled.")
    if run["private"] and call.place != "here":
        return ProviderError(NEVER_LEAVES)
    budget, spent, held, sharing = run["budget_micros"], run["spent"], 0, ""
    if budget is None or spent + cost_micros <= budget:
        budget, spent, held = run["project_budget_micros"], run["spent_by_project"], run["held"]
        sharing = f" that the runs of '{run['project']}' share"
    left = max(0, budget - spent)
    return BudgetExhausted(
        f"The next call could cost {usd(cost_micros)}, and {usd(left)} of the budget of"
        f" {usd(budget)}{sharing} is left.",
        left_micros=left,
        free_micros=max(0, budget - spent + held),
    )
