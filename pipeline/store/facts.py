"""The facts of one run as they lie in the file, and what becomes of its calls when nobody waits for them."""

from typing import TYPE_CHECKING, Any

from pipeline.models import Assessment, Batch, Draft, DraftFailure, FinalPersona, ModelCall
from pipeline.runlog import RunFacts, collect
from pipeline.store.rows import as_json, iso

if TYPE_CHECKING:
    from pipeline.store.store import Database


def read_facts(db: "Database", run_id: str) -> RunFacts:
    """All a run has produced so far; empty for an unknown one."""
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
        [read_call(row) for row in calls],
        [row["sentence"] for row in warnings],
        read_batches(db, run_id),
    )


def read_batches(db: "Database", run_id: str) -> list[Batch]:
    """The batches of a run, in the order in which they were planned."""
    rows = db.query("SELECT marker, sent_at, batch_id, ended FROM batches WHERE run_id = ? ORDER BY rowid", [run_id])
    return [Batch.model_validate(row) for row in rows]


def read_call(row: dict[str, Any]) -> ModelCall:
    """The attempt in a row of `body`, `payload` and `reply`."""
    texts = {"payload": row["payload"], "reply": row["reply"]}
    return ModelCall.model_validate_json(row["body"]).model_copy(update=texts)


def call_row(call: ModelCall) -> dict[str, Any]:
    """The columns of a call; the two long texts have their own and are not repeated in the body."""
    return {
        **call.model_dump(exclude={"usage", "error", "flag", "started_at"}),
        **call.usage.model_dump(exclude={"measured"}),
        "started_at": iso(call.started_at),
        "body": as_json(call, exclude={"payload", "reply"}),
    }


def lose_open_calls(db: "Database", run_id: str) -> None:
    """Nobody waits for these answers any more: they may have been billed. Those of a batch can still be fetched."""
    db.execute(
        "UPDATE calls SET status = 'lost', body = json_set(body, '$.status', 'lost')"
        " WHERE run_id = ? AND status = 'in_flight' AND NOT EXISTS ("
        "SELECT 1 FROM batches WHERE batches.run_id = calls.run_id AND marker = calls.batch AND NOT ended)",
        [run_id],
    )
