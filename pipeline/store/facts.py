"""Rows of a run's facts: reading, writing and copying them, and marking abandoned calls as lost."""

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import RunFacts, collect
from pipeline.domain.persona import Assessment
from pipeline.domain.run import Batch, Draft, DraftFailure, FinalPersona, ModelCall
from pipeline.store.rows import add_event, as_json, get_row, iso
from pipeline.text.wording import count

if TYPE_CHECKING:
    from pipeline.store.store import Database


def read_facts(db: "Database", run_id: str) -> RunFacts:
    """Read everything a run has produced so far; empty for an unknown run."""
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
    """Read the batches of a run, in order of planning."""
    rows = db.query("SELECT marker, sent_at, batch_id, ended FROM batches WHERE run_id = ? ORDER BY rowid", [run_id])
    return [Batch.model_validate(row) for row in rows]


def read_call(row: dict[str, Any]) -> ModelCall:
    """Parse a call from a row of `body`, `payload` and `reply`."""
    texts = {"payload": row["payload"], "reply": row["reply"]}
    return ModelCall.model_validate_json(row["body"]).model_copy(update=texts)


def config_columns(config: HybridConfig) -> dict[str, Any]:
    """Return the configuration columns of a run: those for lists and budgets, and the complete JSON."""
    return {
        "local_provider": config.local_provider,
        "local_model": config.local_model,
        "frontier_provider": config.frontier_provider,
        "frontier_model": config.frontier_model,
        "threshold": config.quality_threshold,
        "budget_micros": config.budget_micros,
        "project": config.project,
        "project_budget_micros": config.project_budget_micros,
        "config": as_json(config),
    }


def draft_row(draft: Draft) -> dict[str, Any]:
    """Return the columns of a draft without a score."""
    return {"draft_id": draft.id, "name": draft.persona.name, "body": as_json(draft)}


def assessment_columns(assessment: Assessment) -> dict[str, Any]:
    """Return the score columns of a draft."""
    return {**assessment.scores.model_dump(), "assessment": as_json(assessment)}


def persona_row(persona: FinalPersona) -> dict[str, Any]:
    """Return the columns of a finished persona."""
    return {
        **persona.model_dump(include={"draft_id", "origin", "outcome", "cost_micros"}),
        **persona.assessment.scores.model_dump(),
        "name": persona.persona.name,
        "body": as_json(persona),
    }


def call_row(call: ModelCall) -> dict[str, Any]:
    """Return the columns of a call; the two long texts have columns of their own and are left out of the body."""
    return {
        **call.model_dump(exclude={"usage", "error", "flag", "place", "started_at", "waiting_ms"}),
        **call.usage.model_dump(exclude={"measured", "written_tokens"}),
        "started_at": iso(call.started_at),
        "body": as_json(call, exclude={"payload", "reply"}),
    }


class CopiedDrafts(NamedTuple):
    """Source of drafts copied from another run."""

    run_id: str
    """The source run."""
    scored: bool
    """True to copy their scores too."""


def copy_drafts(db: "Database", run_id: str, drafts: CopiedDrafts) -> None:
    """Copy the current drafts of another run into a new run.

    Raises:
        StoreError: there is no such source run.
    """
    get_row(db, "runs", drafts.run_id, "id")
    scores = ("overall", "coherence", "faithfulness", "completeness", "assessment")
    taken = ", ".join(("draft_id", "name", "body", *(scores if drafts.scored else ())))
    copied = db.execute(
        f"INSERT INTO drafts (run_id, {taken}) SELECT ?, {taken} FROM drafts WHERE run_id = ?",  # noqa: S608 - our names
        [run_id, drafts.run_id],
    ).rowcount
    db.execute(
        "INSERT INTO stages (run_id, stage, planned, started_at)"
        " VALUES (?, 'draft', ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        [run_id, copied],
    )
    add_event(
        db, run_id, "stage", f"{count(copied, 'draft')} of run {drafts.run_id} {'is' if copied == 1 else 'are'} used."
    )


def mark_calls_lost(db: "Database", run_id: str) -> None:
    """Mark open calls without a waiting process as lost, because they may have been billed.

    Calls of an open batch stay open: their answers can still be fetched.
    """
    db.execute(
        "UPDATE calls SET status = 'lost', body = json_set(body, '$.status', 'lost')"
        " WHERE run_id = ? AND status = 'in_flight' AND NOT EXISTS ("
        "SELECT 1 FROM batches WHERE batches.run_id = calls.run_id AND marker = calls.batch AND NOT ended)",
        [run_id],
    )
