"""The nouns of the product: study, draft, assessment, outcome, run.

Everything that crosses a module boundary is one of these frozen models. Provenance, scores and evidence
stand beside a persona, never inside it. Scores are 0 to 1, higher is better, `None` when they cannot be
computed; money is an integer of micro-USD; times are aware UTC.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.config import HybridConfig

Score = Annotated[float, Field(ge=0, le=1)]
Micros = Annotated[int, Field(ge=0)]

Role = Literal["participant", "interviewer"]
Stage = Literal["draft", "embed", "judge", "count", "refine"]
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
Place = Literal["away", "here", "unknown"]
"""Where a request goes: to another machine for all that can be told, or not."""
CallStatus = Literal["in_flight", "ok", "truncated", "refused", "unparsable", "failed", "lost"]

OUTCOME_MEANING: dict[Outcome, str] = {
    "kept_local": "The draft scored at or over the threshold and is used as it is.",
    "refined": "The frontier rewrote the draft and the result scored higher.",
    "refine_not_better": "The frontier was paid, but its text did not score higher: the draft is used.",
    "refine_unparsable": "The frontier was paid, but its answer could not be read: the draft is used.",
    "refine_failed": "The frontier gave an error: the draft is used.",
    "budget_exhausted": "The next call could have passed the budget: the draft is used unrefined.",
    "frontier_unavailable": "No frontier model could be called (none configured, or no key): the draft is used.",
    "local_only": "The run was local only: the draft is used, whatever its score.",
    "cancelled": "The run was cancelled before this draft was refined: the draft is used.",
}


class Frozen(BaseModel):
    """A value: immutable, without surprises, its field docstrings become schema and tooltips."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


# --- study -----------------------------------------------------------------------------------------


class Segment(Frozen):
    """A piece of a document that can be quoted."""

    id: str
    """Unique in the study: document id, a dot, a running number (`d3.17`)."""
    document: str
    """Id of the document it belongs to."""
    participant: str | None
    """Id of the participant whose words these are, or who is being asked; `None` when not known."""
    role: Role
    """Interviewer turns are kept for context and never used as evidence."""
    text: str
    where: str
    """The place in the file, in words a person can follow: `turn 12`, `row 4, "What frustrates you?"`."""


class Document(Frozen):
    """One uploaded file."""

    id: str
    name: str
    """File name as uploaded, with its folder where several files share a name."""
    kind: str
    """What it was understood as, in words: `interview transcript`, `wide survey`."""
    words: int
    """Words of participants; interviewer turns are not counted."""
    notes: tuple[str, ...] = ()
    """What was understood and what was dropped, one sentence each, for the preview."""


class Participant(Frozen):
    """A person whose words are in the study."""

    id: str
    """`P03`, `R12`: the study's own label when it has one; ours otherwise. Never an email or a phone number."""
    name: str | None = None
    """The name found in the data, if any. Redacted before anything goes to a frontier."""
    demographics: dict[str, str] = {}
    """Facts the data states about this person: age, occupation, location, ... (lower-case keys)."""
    documents: tuple[str, ...]
    """Ids of the documents they speak in."""
    words: int


class StudySize(Frozen):
    """The four numbers that say how much data a run was drawn from."""

    documents: int
    participants: int
    segments: int
    words: int


class Study(Frozen):
    """A named set of documents. The id is a hash of the content: the same upload is the same study."""

    id: str
    name: str
    documents: tuple[Document, ...]
    participants: tuple[Participant, ...]
    segments: tuple[Segment, ...]
    """In reading order, document by document."""
    warnings: tuple[str, ...] = ()
    """Files that were left out, and why."""

    @property
    def words(self) -> int:
        """Words of participants in the whole study."""
        return sum(document.words for document in self.documents)

    @property
    def is_withheld(self) -> bool:
        """Whether it was shared without its words: its segments are places and no more, so nothing can run on it."""
        return bool(self.segments) and not any(segment.text for segment in self.segments)

    @property
    def size(self) -> StudySize:
        """How much data there is; segments include interviewer turns."""
        return StudySize(
            documents=len(self.documents),
            participants=len(self.participants),
            segments=len(self.segments),
            words=self.words,
        )


# --- persona ---------------------------------------------------------------------------------------


def _as_text(value: object) -> object:
    """Ages and the like arrive as JSON numbers; a persona states them as text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class Persona(Frozen):
    """The content of a persona. Every list may be empty; completeness is a score, not a schema error."""

    id: str
    """Assigned by us, never by a model."""
    name: str
    tagline: str = ""
    demographics: dict[str, Text] = {}
    """age, occupation, location and further free keys."""
    background: str = ""
    goals: tuple[str, ...] = ()
    pain_points: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    motivations: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    """Verbatim from the study, or they count as unsupported."""


# --- quality ---------------------------------------------------------------------------------------


class Scores(Frozen):
    """The numbers of one assessment."""

    overall: Score | None
    """Completeness, coherence and faithfulness together; `None` when faithfulness cannot be computed."""
    coherence: Score
    faithfulness: Score | None
    """`None` when the source is empty: neither 0 nor 1 would be true."""
    completeness: Score


class ClaimSupport(Frozen):
    """One claim of a persona with the best source found for it."""

    field: str
    """`goals`, `quotes`, `demographics.age`, ..."""
    text: str
    support: Score
    document: str | None
    """Name of the source document; `None` when nothing was found."""
    segment: str | None
    """Id of the best source segment; `None` when nothing was found."""
    quote: str | None
    """The best source sentences, verbatim."""
    participant: str | None = None
    """Id of the participant who said it."""
    flags: tuple[str, ...] = ()
    """What lowered the support: `copied`, `stuffed`, `polarity`, `instruction`, ..., and what a judge said of it."""
    unjudged: Score | None = None
    """The support before a judge changed it; `None` when none did."""


class Finding(Frozen):
    """Something an analyst should look at, in words."""

    kind: str
    """A short stable name: `unsupported_quote`, `contradiction`, `near_duplicate`, ..."""
    field: str | None = None
    text: str


class Assessment(Frozen):
    """What the local, deterministic scorer says of one text."""

    scores: Scores
    claims: tuple[ClaimSupport, ...]
    findings: tuple[Finding, ...]
    scorer_version: str


# --- run -------------------------------------------------------------------------------------------


class Usage(Frozen):
    """Tokens of one call."""

    input_tokens: int = 0
    """All prompt tokens, those read from a cache included."""
    output_tokens: int = 0
    """All generated tokens, hidden reasoning included."""
    cached_tokens: int = 0
    """The part of `input_tokens` that was read from the provider's cache."""
    written_tokens: int = 0
    """The part of `input_tokens` that was written to the provider's cache, which some bill dearer than plain input."""
    measured: bool = True
    """False when the provider reported nothing and the figures are our estimate."""


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
    """Settled cost; while `in_flight` or when `lost`, the reservation."""
    reserved_micros: Micros = 0
    latency_ms: int = 0
    error: str | None = None
    flag: str | None = None
    """What in the bill contradicts the request (more output than was allowed, more money than was reserved)."""
    payload: str = ""
    """What was sent, word for word, as JSON. Empty for providers inside this process."""
    reply: str | None = None
    """The text that came back, so that a resumed run reads it instead of buying it again; `None` when none did."""
    place: Place = "unknown"
    """Whether it left this machine; `unknown` for requests from before this was written down."""
    batch: str | None = None
    """Marker of the batch it was asked in; `None` when it was asked alone."""
    started_at: datetime


class Batch(Frozen):
    """Refinements asked for together, and how far that got; written down before anything is sent."""

    marker: str
    """Ours and unique: it is sent along, so that the batch can be found again among the provider's."""
    sent_at: datetime | None = None
    """When it was last about to be sent; `None` when it certainly was not."""
    batch_id: str | None = None
    """The provider's own name for it; `None` until the provider has told it."""
    ended: bool = False
    """Whether nothing more is to be expected of it: its answers are written down, or it was never taken."""


class Draft(Frozen):
    """A persona written by the local provider, and where it was drawn from."""

    id: str
    persona: Persona
    focus: tuple[str, ...]
    """Ids of the participants this draft is drawn from; claims are scored against them."""


class DraftFailure(Frozen):
    """A draft that could not be had after all retries."""

    draft_id: str
    reason: str


class AssessedDraft(Frozen):
    """A draft with its scores."""

    draft: Draft
    assessment: Assessment


class FinalPersona(Frozen):
    """What became of one kept draft."""

    draft_id: str
    persona: Persona
    origin: Literal["local", "frontier"]
    outcome: Outcome
    reason: str
    """The outcome explained for this persona, in one sentence."""
    cost_micros: Micros
    """Spent on this persona, failed attempts included."""
    assessment: Assessment
    """Of the text that is delivered."""
    draft_assessment: Assessment | None = None
    """Of the draft, when the delivered text is another one."""
    rejected: Persona | None = None
    """The frontier's text when it was paid for but the draft was better."""
    rejected_assessment: Assessment | None = None


class Timing(Frozen):
    """Seconds of wall time."""

    wall_s: float = 0.0
    draft_s: float = 0.0
    assess_s: float = 0.0
    refine_s: float = 0.0


class RunRecord(Frozen):
    """Everything about one run: one execution of one configuration on one study."""

    id: str
    name: str
    status: RunStatus
    error: str | None = None
    """Why a failed run failed."""
    simulated: bool
    """True when any text or price in it came from the `simulated` provider."""
    study_id: str
    study_name: str
    study: StudySize
    config: HybridConfig
    """Complete and resolved: what `auto` turned out to be is written here."""
    scorer_version: str = ""
    drafts_from: str | None = None
    """Id of the run whose drafts this one began with, deleted or not; `None` when it wrote its own."""
    drafts: tuple[AssessedDraft, ...] = ()
    failures: tuple[DraftFailure, ...] = ()
    personas: tuple[FinalPersona, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    frontier_only_micros: Micros | None = None
    """What the frontier doing every kept persona would have cost; `None` when its model has no price."""
    price_source: str = ""
    timing: Timing = Timing()
    warnings: tuple[str, ...] = ()
    created_at: datetime
    finished_at: datetime | None = None
    imported_at: datetime | None = None
    """When it was taken in from a bundle; `None` for a run that was made here. Imported runs cannot be resumed."""

    @property
    def spent_micros(self) -> int:
        """Settled and reserved money of all calls."""
        return sum(call.cost_micros for call in self.calls)
