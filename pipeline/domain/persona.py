"""A persona and its assessment: content, scores, support of each claim, findings.

Provenance, scores and evidence stand beside a persona, never inside it. A score that cannot be computed is `None`,
never 0.
"""

from typing import Annotated

from pydantic import BeforeValidator

from pipeline.domain.base import Frozen, Score

CLAIM_LISTS = ("goals", "pain_points", "behaviours", "motivations")
"""The lists of statements about a person; quotes are words of one."""

SUPPORTED_FROM = 0.7
"""Minimum support of a supported claim; also the default quality threshold of drafts."""

WEAK_FROM = 0.4
"""Minimum support of a weakly supported claim; below it a claim is unsupported."""


def _as_text(value: object) -> object:
    """Convert a number to text: models return ages and the like as JSON numbers."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


PersonaText = Annotated[str, BeforeValidator(_as_text)]


class Persona(Frozen):
    """The content of a persona. Every list may be empty; completeness is a score, not a schema error."""

    id: str
    """Assigned by the pipeline, never by a model."""
    name: str
    tagline: str = ""
    demographics: dict[str, PersonaText] = {}
    """age, occupation, location and further free keys."""
    background: str = ""
    goals: tuple[str, ...] = ()
    pain_points: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    motivations: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    """Must be verbatim from the study, or they count as unsupported."""


class Scores(Frozen):
    """Scores of one assessment."""

    overall: Score | None
    """Combination of completeness, coherence and faithfulness; `None` when faithfulness cannot be computed."""
    coherence: Score
    faithfulness: Score | None
    """`None` when the source is empty, because neither 0 nor 1 would be true."""
    completeness: Score


class Supporter(Frozen):
    """A participant whose own words support a claim, whatever the others say."""

    participant: str
    support: Score
    """Of the claim by this participant's words alone, before anything is taken off for its style."""
    document: str | None = None
    segment: str | None = None
    quote: str | None = None
    """Their best sentences, verbatim; `None` where the facts about them state it."""
    at: float | None = None
    """Seconds into the recording."""


class ClaimSupport(Frozen):
    """One claim of a persona with its best source."""

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
    """Id of the participant whose words these are."""
    flags: tuple[str, ...] = ()
    """Reasons for lowered support: `copied`, `stuffed`, `polarity`, `instruction`, ..., and verdicts of models."""
    unjudged: Score | None = None
    """The support before a judge or verifier changed it; `None` when none did."""
    at: float | None = None
    """Seconds into the recording at which the best source segment begins."""
    supporters: tuple[Supporter, ...] = ()
    """Participants in focus who support it on their own, by words and facts: in the order of their ids."""
    of: int | None = None
    """Participants in focus; `None` if they were not counted: before scorer 1.2, and without a known focus."""


class Finding(Frozen):
    """An issue for an analyst to review, as a sentence."""

    kind: str
    """A short stable name: `unsupported_quote`, `contradiction`, `near_duplicate`, ..."""
    field: str | None = None
    text: str


class Assessment(Frozen):
    """Result of the local, deterministic scorer for one text."""

    scores: Scores
    claims: tuple[ClaimSupport, ...]
    findings: tuple[Finding, ...]
    scorer_version: str
