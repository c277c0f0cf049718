"""Event texts of a run: each fact as one short line of plain text.

Names and reasons come from models, so they are shortened to one line; they are still untrusted as markup.
"""

import textwrap
from typing import assert_never

from pipeline.domain.facts import StageName
from pipeline.domain.persona import Assessment
from pipeline.domain.run import Batch, Draft, DraftFailure, FinalPersona, ModelCall, Stage
from pipeline.text.wording import CALL_WORDS, OUTCOME_WORDS, score

_DOING: dict[Stage, str] = {
    "draft": "writing",
    "embed": "scoring",
    "judge": "scoring",
    "verify": "scoring",
    "count": "counting the tokens of",
    "refine": "refining",
}


def describe(fact: Draft | DraftFailure | FinalPersona | ModelCall | Batch) -> str:
    """Describe a fact of a run in a sentence."""
    match fact:
        case Draft():
            return f"{fact.id} is written: {_short(fact.persona.name)}."
        case DraftFailure():
            return f"{fact.draft_id} failed: {_short(fact.reason)}"
        case FinalPersona():
            return f"{_short(fact.persona.name)} is finished ({OUTCOME_WORDS[fact.outcome]})."
        case Batch():
            return describe_batch(fact)
        case ModelCall(status="in_flight", batch=str()):
            return f"{fact.draft_id} goes into a batch for {_who(fact)}."
        case ModelCall(status="in_flight"):
            return f"{_who(fact)} is {_DOING[fact.stage]} {fact.draft_id}."
        case ModelCall(status="ok"):
            return f"{_who(fact)} has {'written' if fact.stage == 'draft' else 'answered about'} {fact.draft_id}."
        case ModelCall():
            ended = f"{_who(fact)}, asked about {fact.draft_id}: {CALL_WORDS[fact.status]}."
            return f"{ended} {_short(fact.error or '')}".strip()
    assert_never(fact)


def describe_batch(batch: Batch) -> str:
    """Describe the state of a batch; times are local."""
    if batch.ended:
        return "The provider's batch is finished."
    if batch.sent_at is None:
        return "Putting a batch together."
    if batch.batch_id is None:
        return "Sending the batch to the provider."
    sent = f"{batch.sent_at.astimezone():%H:%M}"
    return f"Waiting for the provider's batch, submitted {sent}; may take up to 24 hours. You can close this page."


def describe_stage(stage: StageName, planned: int) -> str:
    """Describe the start of a stage."""
    doing = {"draft": "Writing drafts", "assess": "Scoring drafts", "refine": "Finishing personas"}
    return f"{doing[stage]}: {planned} to do."


def describe_score(draft_id: str, assessment: Assessment) -> str:
    """Describe the overall score of a draft."""
    return f"{draft_id} scores {score(assessment.scores.overall)}."


def _who(call: ModelCall) -> str:
    """Return provider and model; `builtin` is both."""
    return _short(call.provider if call.model == call.provider else f"{call.provider} {call.model}")


def _short(text: str) -> str:
    return textwrap.shorten(text[:500], 120, placeholder="…")
