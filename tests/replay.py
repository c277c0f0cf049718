"""Runs told again, fact by fact, as the pipeline would have told them."""

from pipeline.domain.facts import RunLog
from pipeline.domain.run import RunRecord


def play(log: RunLog, run: RunRecord) -> None:
    """Write every fact of a run to a log."""
    log.stage_started("draft", len(run.drafts) + len(run.failures))
    for item in run.drafts:
        log.draft_written(item.draft)
    for failure in run.failures:
        log.draft_failed(failure)
    log.stage_started("assess", len(run.drafts))
    for item in run.drafts:
        log.draft_assessed(item.draft.id, item.assessment)
    log.stage_started("refine", len(run.personas))
    for call in run.calls:
        log.call_opened(call.model_copy(update={"status": "in_flight", "cost_micros": call.reserved_micros}))
        log.call_closed(call)
    for final in run.personas:
        log.persona_finished(final)
    for sentence in run.warnings:
        log.warn(sentence)
