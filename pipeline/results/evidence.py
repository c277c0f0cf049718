"""Evidence for a persona: marks of its claims, sources in context, and changes by refinement.

Pure functions on the models, the same for the screen and for reports. Supports come from the scorer; this module only
names them and finds the surrounding words.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from pipeline.domain.base import Frozen
from pipeline.domain.persona import SUPPORTED_FROM, WEAK_FROM, Assessment, ClaimSupport, Finding, Persona
from pipeline.domain.run import FinalPersona
from pipeline.domain.study import Segment, Study
from pipeline.scoring.scorer import who_weighed
from pipeline.text.tokens import FILLERS
from pipeline.text.wording import score

Mark = Literal["supported", "weak", "not_found", "unscored"]

MARK_WORDS: Mapping[Mark, tuple[str, str]] = {
    "supported": ("✓", "supported"),
    "weak": ("~", "weak"),
    "not_found": ("✗", "not found"),
    "unscored": ("–", "not scored"),
}
"""Sign and word of a mark: never colour alone."""

_QUOTE_WORDS: Mapping[Mark, str] = {"supported": "verbatim", "weak": "near a quote"}
"""A quote is not supported but found in the study word for word, or it is not."""

LISTS: dict[str, str] = {
    "goals": "Goals",
    "pain_points": "Pain points",
    "behaviours": "Behaviours",
    "motivations": "Motivations",
    "quotes": "Quotes",
}
"""The lists of a persona with their headings, in reading order."""

FLAG_WORDS: dict[str, str] = {
    "copied": "copied word for word instead of summed up",
    "close_to_source": "nearly word for word instead of summed up",
    "stuffed": "a string of keywords, not a statement",
    "polarity": "the study may say the opposite",
    "instruction": "reads like an instruction to a model",
    "not_stated": "the data states something else about these people",
    "judge_contradicted": "the local judge finds the opposite said",
    "judge_not_found": "the local judge finds no support",
    "judge_supported": "the local judge finds it said",
    "judge_unverified": "the local judge agrees, but showed no words of the study",
    "judge_unreadable": "the local judge gave no answer that can be read",
    "verifier_doubts": "the local verifier doubts that the study says so",
    "verifier_supports": "the local verifier finds it said",
    "verifier_unreadable": "the local verifier gave no answer that can be read",
}
"""Reasons for a lowered support, and verdicts of a judge or verifier, in words."""

_TOLD_BY_MARKS = ("unsupported_claim", "unsupported_quote")
_CONTEXT_BEFORE = 3
_WORD = re.compile(r"\w+")


class MarkedClaim(Frozen):
    """A statement of a persona with its mark."""

    text: str
    mark: Mark
    support: ClaimSupport | None
    """`None` when the scorer left the statement out, for example a quote of three words."""


class ClaimGroup(Frozen):
    """One list of a persona."""

    field: str
    title: str
    claims: tuple[MarkedClaim, ...]


class SourceContext(Frozen):
    """A segment with the turns around it, in reading order."""

    before: tuple[Segment, ...]
    """The question that was asked, however far back, and the turns since, of which the last two are kept."""
    segment: Segment
    after: tuple[Segment, ...]
    """The next segment of the document, if there is one."""


class FieldChange(Frozen):
    """One part of a persona in two texts."""

    title: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    added: tuple[str, ...]


def mark(claim: ClaimSupport) -> Mark:
    """Classify the support of a claim."""
    if claim.support >= SUPPORTED_FROM:
        return "supported"
    return "weak" if claim.support >= WEAK_FROM else "not_found"


def claim_groups(final: FinalPersona) -> tuple[ClaimGroup, ...]:
    """Group the facts and lists of a persona with their marks; empty groups are left out.

    The last group holds the demographics, each as `occupation: nurse`.
    """
    by_field: dict[str, list[ClaimSupport]] = {}
    for claim in final.assessment.claims:
        by_field.setdefault(claim.field, []).append(claim)
    facts = tuple(
        _marked(f"{key}: {value}", by_field.get(f"demographics.{key}", by_field.get(key, [])), value)
        for key, value in final.persona.demographics.items()
    )
    groups = []
    for field, title in LISTS.items():
        claims = tuple(_marked(text, by_field.get(field, []), text) for text in getattr(final.persona, field))
        groups.append(ClaimGroup(field=field, title=title, claims=claims))
    groups.append(ClaimGroup(field="demographics", title="Facts", claims=facts))
    return tuple(group for group in groups if group.claims)


def weak_claims(final: FinalPersona) -> int:
    """Count the claims of the delivered text that are weak or were not found."""
    return sum(mark(claim) != "supported" for claim in final.assessment.claims)


def unsupported_quotes(final: FinalPersona) -> int:
    """Count the quotes of the delivered text that are not verbatim from the study."""
    return sum(claim.field == "quotes" and mark(claim) != "supported" for claim in final.assessment.claims)


def mark_counts(final: FinalPersona) -> dict[Mark, int]:
    """Count the statements of the delivered text per mark; unused marks are left out."""
    found = Counter(claim.mark for group in claim_groups(final) for claim in group.claims)
    names: tuple[Mark, ...] = get_args(Mark)
    return {name: found[name] for name in names if found[name]}


def other_findings(final: FinalPersona) -> tuple[Finding, ...]:
    """Return the findings that the marks do not show: all but missing support."""
    return tuple(finding for finding in final.assessment.findings if finding.kind not in _TOLD_BY_MARKS)


def lowered_because(claim: ClaimSupport) -> str:
    """Return the reasons for a lowered support, in words; empty without any."""
    words = [FLAG_WORDS.get(flag, flag) for flag in claim.flags]
    if claim.unjudged is not None:
        words.append(f"without {who_weighed(claim.flags)} {score(claim.unjudged)}")
    return "; ".join(words)


def said_by(claim: ClaimSupport) -> str:
    """Return how many participants in focus support a claim on their own: `3 of 7 said so`; empty if not counted."""
    if claim.of is None:
        return ""
    verb = "state it" if not claim.supporters or claim.supporters[0].segment is None else "said so"
    if not claim.supporters:
        return "" if mark(claim) == "not_found" else f"none of {claim.of} said so alone" if claim.of > 1 else ""
    return f"{len(claim.supporters)} of {claim.of} {verb}"


def rest_on_one(assessment: Assessment) -> tuple[int, int]:
    """Count the claims with exactly one supporter, and with any; claims with one person in focus are left out."""
    backed = [claim for claim in assessment.claims if claim.supporters and (claim.of or 0) > 1]
    return sum(len(claim.supporters) == 1 for claim in backed), len(backed)


def mark_word(name: Mark, *, is_quote: bool) -> str:
    """Return the word for a mark of a claim, or of a quote."""
    word = MARK_WORDS[name][1]
    return _QUOTE_WORDS.get(name, word) if is_quote else word


def describe_person(persona: Persona) -> str:
    """Return occupation, age and location in one line; empty when none is stated."""
    facts = persona.demographics
    return " · ".join(facts[key] for key in ("occupation", "age", "location") if facts.get(key))


def questions_asked(study: Study) -> dict[str, Segment]:
    """Return the question that each answer follows, by the id of the answer.

    It is the latest turn of an interviewer in the same document to the same participant. Listening sounds such as
    "mm" do not count. Answers before any question are left out.
    """
    found: dict[str, Segment] = {}
    asked: Segment | None = None
    for segment in study.segments:
        if asked and asked.document != segment.document:
            asked = None
        if segment.role == "interviewer":
            if not segment.text or not FILLERS.issuperset(_WORD.findall(segment.text.lower())):
                asked = segment
        elif asked and asked.participant in (None, segment.participant):
            found[segment.id] = asked
    return found


class Sources:
    """Look up segments of a study by id, with the turns around them."""

    def __init__(self, study: Study) -> None:
        self.names: Mapping[str, str] = {document.id: document.name for document in study.documents}
        self._segments = study.segments
        self._places = {segment.id: place for place, segment in enumerate(study.segments)}
        self._questions = questions_asked(study)

    def where(self, segment_id: str | None) -> str:
        """Return the place of a segment in its document; empty when there is no such segment."""
        place = self._places.get(segment_id or "")
        return "" if place is None else self._segments[place].where

    def question(self, segment_id: str | None) -> str:
        """Return the question that a segment answers; empty without one, or where the words were withheld."""
        asked = self._questions.get(segment_id or "")
        return asked.text if asked else ""

    def around(self, segment_id: str | None) -> SourceContext | None:
        """Return a segment and its neighbours in the same document; `None` when there is no such segment."""
        place = self._places.get(segment_id or "")
        if place is None:
            return None
        segment = self._segments[place]
        later = self._segments[place + 1 : place + 2]
        earlier = list(_asked(self._segments[max(0, place - _CONTEXT_BEFORE) : place], segment.document))
        question = self._questions.get(segment.id)
        if question and question not in earlier:
            earlier = [question, *earlier[1 - _CONTEXT_BEFORE :]]
        return SourceContext(
            before=tuple(earlier),
            segment=segment,
            after=tuple(item for item in later if item.document == segment.document),
        )


def text_changes(before: Persona, after: Persona) -> tuple[FieldChange, ...]:
    """Return the differences between two texts of a persona, part by part; equal parts are left out."""
    parts = (
        _change("Name", [before.name], [after.name]),
        _change("Tagline", [before.tagline], [after.tagline]),
        _change("Facts", _facts(before), _facts(after)),
        _change("Background", [before.background], [after.background]),
        *(_change(title, getattr(before, field), getattr(after, field)) for field, title in LISTS.items()),
    )
    return tuple(part for part in parts if part.removed or part.added)


def _marked(text: str, claims: Sequence[ClaimSupport], scored_text: str) -> MarkedClaim:
    support = next((claim for claim in claims if claim.text == scored_text), None)
    return MarkedClaim(text=text, mark=mark(support) if support else "unscored", support=support)


def _asked(earlier: Sequence[Segment], document: str) -> Iterator[Segment]:
    """Return the segments from the latest question on; only the last one without a question."""
    same = [segment for segment in earlier if segment.document == document]
    asked = [at for at, segment in enumerate(same) if segment.role == "interviewer"]
    yield from same[asked[-1] if asked else -1 :]


def _change(title: str, before: Iterable[str], after: Iterable[str]) -> FieldChange:
    old, new = [text for text in before if text], [text for text in after if text]
    return FieldChange(
        title=title,
        removed=tuple(text for text in old if text not in new),
        kept=tuple(text for text in new if text in old),
        added=tuple(text for text in new if text not in old),
    )


def _facts(persona: Persona) -> list[str]:
    return [f"{key}: {value}" for key, value in persona.demographics.items()]
