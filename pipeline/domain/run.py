"""A run: drafts, outcomes, calls to models, and the record that holds them.

Every kept draft ends in exactly one outcome. Money is an integer of micro-USD; times are aware UTC.
"""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.config import HybridConfig
from pipeline.domain.persona import Assessment, Persona
from pipeline.domain.study import StudySize

Stage = Literal["draft", "embed", "judge", "verify", "count", "refine"]
Outcome = Literal[
    "kept_local",
    "refined",
    "refine_not_better",
    "refine_unparsable",
    "refine_failed",
    "budget_exhausted",
    "frontier_unavailable",
    "local_only",
    "cancelled",
]
RunStatus = Literal["running", "completed", "cancelled", "failed", "interrupted"]
ShownStatus = Literal["running", "completed", "completed with problems", "cancelled", "interrupted", "failed"]
"""Status on screen: a completed run that did not do all it was asked for is not a success."""
ProviderPlace = Literal["away", "here", "unknown"]
"""Destination of a request: `away` is another machine as far as can be determined, `here` is this one."""
CallStatus = Literal["in_flight", "ok", "truncated", "refused", "unparsable", "failed", "lost"]

OUTCOME_MEANING: dict[Outcome, str] = {
    "kept_local": "The draft scored at or above the threshold and is used as it is.",
    "refined": "The frontier rewrote the draft and the result scored higher.",
    "refine_not_better": "The frontier was paid, but its text did not score higher: the draft is used.",
    "refine_unparsable": "The frontier was paid, but its answer could not be read: the draft is used.",
    "refine_failed": "The frontier returned an error: the draft is used.",
    "budget_exhausted": "The next call could have exceeded the budget: the draft is used unrefined.",
    "frontier_unavailable": "No frontier model could be called (none configured, or no key): the draft is used.",
    "local_only": "The run was local only: the draft is used, whatever its score.",
    "cancelled": "The run was cancelled before this draft was refined: the draft is used.",
}

UNREFINED: tuple[Outcome, ...] = ("refine_failed", "refine_unparsable", "budget_exhausted", "frontier_unavailable")
"""Outcomes of drafts whose refinement was asked for and did not happen."""
LAST_FAILURE = "The last one: "
"""Ends the reason of a request that was not sent because those before it had failed; their cause follows."""
TRIED_AGAIN: tuple[Outcome, ...] = ("cancelled", "refine_failed", "budget_exhausted", "frontier_unavailable")
"""Outcomes that a resumed run replaces. An unreadable answer stays: it is paid."""


class Usage(Frozen):
    """Tokens of one call."""

    input_tokens: int = 0
    """All prompt tokens, cached ones included."""
    output_tokens: int = 0
    """All generated tokens, hidden reasoning included."""
    cached_tokens: int = 0
    """Part of `input_tokens` read from the provider's cache."""
    written_tokens: int = 0
    """Part of `input_tokens` written to the provider's cache, which some providers bill above the input price."""
    measured: bool = True
    """False when the provider reported nothing and the figures are our estimate, or what it reported cannot be true."""


class ModelCall(Frozen):
    """One attempt at one model, paid or not. A row exists from the moment its money is reserved."""

    id: str
    stage: Stage
    draft_id: str
    provider: str
    model: str
    status: CallStatus
    usage: Usage = Usage()
    cost_micros: Micros = 0
    """Settled cost; the reservation while `in_flight` or when `lost`."""
    reserved_micros: Micros = 0
    latency_ms: int = 0
    """From sending to the last word."""
    waiting_ms: int = 0
    """Part of it before the first word, where the answer was streamed: in a queue, and for reading the prompt."""
    error: str | None = None
    flag: str | None = None
    """Contradiction between the bill and the call: more output than was allowed, more money than was reserved, fewer
    tokens than its texts have."""
    payload: str = ""
    """Request as sent, word for word, as JSON. Empty for providers inside this process."""
    reply: str | None = None
    """Text of the answer, so that a resumed run does not pay for it again; `None` without an answer."""
    place: ProviderPlace = "unknown"
    """Destination of the request; `unknown` for requests older than this field."""
    batch: str | None = None
    """Marker of its batch; `None` for a single request."""
    started_at: datetime


class Batch(Frozen):
    """A batch of refinements and its state; recorded before anything is sent."""

    marker: str
    """Our unique id, sent along so that the batch can be found again at the provider."""
    sent_at: datetime | None = None
    """Time just before the last submission; `None` when it certainly was not sent."""
    batch_id: str | None = None
    """The provider's id; `None` until the provider has returned it."""
    ended: bool = False
    """True once its answers are recorded, or when the provider never accepted it."""


class Draft(Frozen):
    """A persona written by the local provider, with its source participants."""

    id: str
    persona: Persona
    focus: tuple[str, ...]
    """Ids of the participants it is based on; claims are scored against them."""
    is_partial: bool = False
    """True when the model was cut off, and only the fields that it had finished are here."""


class DraftFailure(Frozen):
    """Draft generation that failed after all retries."""

    draft_id: str
    reason: str


class AssessedDraft(Frozen):
    """A draft with its scores."""

    draft: Draft
    assessment: Assessment


class ClaimPlace(Frozen):
    """A claim, named by its list and its words."""

    field: str
    text: str


class ChosenSource(Frozen):
    """A sentence that a person chose as the source of a claim, instead of the best one found."""

    claim: ClaimPlace
    segment: str
    """Id of the segment."""
    quote: str
    """The sentence, verbatim."""


class Editing(Frozen):
    """Changes that people made to a persona after its run."""

    by: tuple[str, ...]
    """Names of the editors, in order of their first change."""
    at: AwareDatetime
    """Time of the latest change."""
    changes: int
    """Number of changes in force."""
    people: tuple[str, ...]
    """Ids of the participants whom it now stands for."""
    made_from: tuple[str, ...] = ()
    """Ids of the personas that were merged into it, or of the one that it was split from."""
    pinned: tuple[ClaimPlace, ...] = ()
    rejected: tuple[ClaimPlace, ...] = ()
    """Claims that were taken out, with their last words."""
    sources: tuple[ChosenSource, ...] = ()
    original: Persona
    """The text that the run delivered."""
    original_assessment: Assessment


class FinalPersona(Frozen):
    """Final text and outcome of one kept draft."""

    draft_id: str
    persona: Persona
    origin: Literal["local", "frontier"]
    outcome: Outcome
    reason: str
    """Explanation of the outcome for this persona, in one sentence."""
    cost_micros: Micros
    """Cost of refining this persona, failed attempts included."""
    assessment: Assessment
    """Assessment of the delivered text."""
    draft_assessment: Assessment | None = None
    """Assessment of the draft, when another text is delivered."""
    rejected: Persona | None = None
    """The frontier's text when it was paid for but not better than the draft."""
    rejected_assessment: Assessment | None = None
    edited: Editing | None = None
    """`None` for a text as the run delivered it. Outcome, reason, cost and draft scores stay those of the run."""


class Timing(Frozen):
    """Wall time per stage, in seconds."""

    wall_s: float = 0.0
    draft_s: float = 0.0
    assess_s: float = 0.0
    refine_s: float = 0.0


def shown_status(status: RunStatus, undone: int) -> ShownStatus:
    """Return the status to show for a saved status and a number of things undone, see `RunRecord.undone`."""
    return "completed with problems" if status == "completed" and undone else status


class RunRecord(Frozen):
    """Everything about one run: one execution of one configuration on one study."""

    id: str
    name: str
    status: RunStatus
    error: str | None = None
    """Reason for a failed run."""
    simulated: bool
    """True when any text or price came from the `simulated` provider."""
    study_id: str
    study_name: str
    study: StudySize
    config: HybridConfig
    """Complete and resolved: `auto` is replaced by the chosen provider."""
    scorer_version: str = ""
    prompt_version: str = "1"
    """Version of the prompts with which its drafts began; `1` for runs older than this field."""
    local_digest: str = ""
    """Content hash of the local model at its server; empty without one, and for runs older than this field."""
    drafts_from: str | None = None
    """Id of the run whose drafts this one reuses, deleted or not; `None` when it wrote its own."""
    drafts: tuple[AssessedDraft, ...] = ()
    failures: tuple[DraftFailure, ...] = ()
    personas: tuple[FinalPersona, ...] = ()
    """As the run delivered them: figures, charts and calibration use these."""
    edited: tuple[FinalPersona, ...] = ()
    """All personas as they stand after people's edits, best first; empty if there are none."""
    revision: int = 0
    """Number of the latest edit; 0 without any."""
    calls: tuple[ModelCall, ...] = ()
    frontier_only_micros: Micros | None = None
    """Counterfactual cost of refining every kept persona; `None` when the frontier model has no price."""
    price_source: str = ""
    timing: Timing = Timing()
    warnings: tuple[str, ...] = ()
    created_at: datetime
    finished_at: datetime | None = None
    imported_at: datetime | None = None
    """Time of import from a bundle; `None` for a run made here. Imported runs cannot be resumed."""

    @property
    def shown(self) -> tuple[FinalPersona, ...]:
        """Personas to read, show and export: with people's edits, where there are any."""
        return self.edited or self.personas

    def people_of(self, final: FinalPersona) -> tuple[str, ...]:
        """Return the ids of the participants whom a persona stands for; empty if not known."""
        if final.edited:
            return final.edited.people
        return next((item.draft.focus for item in self.drafts if item.draft.id == final.draft_id), ())

    @property
    def spent_micros(self) -> int:
        """Settled and reserved money of all calls."""
        return sum(call.cost_micros for call in self.calls)

    @property
    def undone(self) -> int:
        """Drafts and refinements that were asked for and did not happen, cancelled ones not included."""
        return len(self.failures) + sum(final.outcome in UNREFINED for final in self.personas)

    @property
    def shown_status(self) -> ShownStatus:
        """The status as people see it."""
        return shown_status(self.status, self.undone)

    @property
    def can_resume(self) -> bool:
        """Return true when a resumed run would do more: something failed or was cut short, and can be tried again."""
        if self.status == "running" or self.imported_at:
            return False
        retried = any(final.outcome in TRIED_AGAIN for final in self.personas)
        return self.status != "completed" or bool(self.failures) or retried
