"""Statements of participants, rewritten as claims for a persona.

A statement is one clause of one participant with the claim it supports, rewritten with as few changes as
possible. No model, no network, no randomness: the same text gives the same statements. Text in another
language than English gives none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.domain.study import Segment
from pipeline.providers.extraction.cues import CueKind, asked_for, readings
from pipeline.providers.extraction.rewriting import clauses, clean, finish, shorten
from pipeline.text.tokens import sentences, stems

_TO_A_WRITER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|previous|prompt|context)|"
    r"\byou are an? (?:ai|assistant|language model|chatbot)\b|\bjailbreak\b|"
    r"\b(?:respond|reply|answer|output|print|return)\b.{0,20}\b(?:json|exactly|verbatim)\b|"
    r"\b(?:write|create|generate|invent|make|describe) (?:a|an|the|this|that) (?:\w+ )?persona\b|\bthis persona\b",
    re.IGNORECASE,
)
"""Text addressed to the writer of the persona, beyond the scorer's patterns. Nothing near it becomes a claim."""

_CONTACT = re.compile(r"\S@\S|https?:|www\.|\d[\d ()-]{6,}\d")
"""E-mail addresses, links and telephone numbers: not for a persona."""

_BACK = "that|this|those|these"
_HARD_ALONE: tuple[tuple[float, re.Pattern[str]], ...] = tuple(
    (factor, re.compile(pattern, re.IGNORECASE))
    for factor, pattern in (
        # Opens with a word that points back: `that is why`, `frustrated that they do`.
        (
            0.35,
            rf"^(?:frustrated (?:that|by) )?(?:{_BACK}|he|she|they|which|both|neither|the (?:one|other|same|rest))\b",
        ),
        # Has such a word as an object: `uses that for`, `takes one of`.
        (
            0.35,
            rf"^(?:\w+ ){{1,2}}(?:{_BACK}|one of)(?: (?:for|to|in|on|at|with|from|again|first|and|one|a|an|the)\b|,)",
        ),
        (0.7, r"^(?!have it)(?:\w+ |(?:does|is|has|had|never|always) \w+ |frustrated (?:that|by) )?it\b"),
        (0.8, r"^(?!have it)(?=.*\bit\b)(?:\S+ ){,7}\S+$"),
        (0.6, r"\b(?:it|that|one|this|those|so|there|what (?:that|it|this) is)$"),
        (0.5, r"\b(?:that|this)(?: and\b|,)|\b(?:more|less) than that\b|^have it (?:as|on|in|at)\b"),
        (0.6, r"\b(?:that thing|over here|here|on this|these)\b"),
        # Reports speech instead of stating something.
        (0.5, r"\b(?:says?|said|saying|told|asked|rang|shouted|replied)\b"),
        (0.6, r"[\"!]"),
    )
)
"""Factors on a claim that is hard to read without the sentences around it."""

_UNCLEAR_PEOPLE = re.compile(r"\b(?:they|them|their|you|your|yours)\b", re.IGNORECASE)
"""In the original clause: the claim's `they` may be another person."""

_STORY = re.compile(r"^(?:(?:so|and|but) )?then\b|^one (?:day|night|morning|time|sunday|saturday)\b", re.IGNORECASE)
_SOMEBODY = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
_KIN = re.compile(
    r"\b(?:mum|mother|mam|dad|da|father|husband|wife|partner|son|daughter|sister|brother|nan|child|baby|landlord|neighbour|"
    r"tenants?|friend|boss|girlfriend|boyfriend|customer|uncle|nurse|person|somebody|someone|anybody)\b",
    re.IGNORECASE,
)

_STEMS_WEIGHT = {0: 0.05, 1: 0.3, 2: 0.75, 3: 0.92}
"""Factor by the number of different content words: a claim with one is empty."""


@dataclass(frozen=True)
class Statement:
    """A claim with its source."""

    kind: CueKind
    claim: str
    source: str
    """The sentence as it stands in the segment."""
    segment: str
    """Id of the segment."""
    participant: str | None
    strength: float
    """Clarity, 0 to 1: weight of the cue, reduced when the claim is hard to read alone."""


def find(segments: Sequence[Segment]) -> list[Statement]:
    """Find every statement in the participants' turns, in reading order; interviewer turns give none."""
    return [
        Statement(kind, claim, source, segment.id, segment.participant, strength)
        for segment in segments
        if segment.role == "participant"
        for kind, claim, source, strength in _in_text(segment.text, asked_for(segment.where))
    ]


def is_usable(text: str) -> bool:
    """Return whether words may appear in a persona: no instruction to its writer, no contact detail."""
    return not is_instruction(text) and not has_contact(text)


def has_contact(text: str) -> bool:
    """Return whether a text holds an e-mail address, a link or a telephone number."""
    return bool(_CONTACT.search(text))


def is_instruction(text: str) -> bool:
    """Return whether a text addresses a model instead of describing a person."""
    # Late: the scorer's package loads numpy, which `import pipeline` does without.
    from pipeline.text.instructions import reads_like_instruction

    return bool(_TO_A_WRITER.search(text)) or reads_like_instruction(text)


@lru_cache(maxsize=1 << 14)
def _in_text(text: str, asked: CueKind | None) -> tuple[tuple[CueKind, str, str, float], ...]:
    """Return kind, claim, source sentence and strength of every statement in a text.

    Cached: drafts of overlapping focuses read the same answers.
    """
    if is_instruction(text):
        return ()
    found = []
    for number, source in enumerate(sentences(text)):
        for clause in () if has_contact(source) else clauses(clean(source)):
            # The first sentence answers the question; later ones explain or digress.
            best = _best_reading(clause, source, asked if number == 0 else None)
            if best is not None:
                found.append((best[0], best[1], source, best[2]))
    return tuple(found)


def _best_reading(clause: str, source: str, asked: CueKind | None) -> tuple[CueKind, str, float] | None:
    """Return kind, claim and strength of the strongest reading of a clause; `None` when no cue fits."""
    best: tuple[CueKind, str, float] | None = None
    for reading in readings(clause, asked):
        claim = shorten(reading.claim, source)
        if claim is None or (reading.keep and not re.search(reading.keep, claim, re.IGNORECASE)):
            continue
        strength = reading.strength * _readable_alone(claim, clause) * (0.5 if _STORY.match(source) else 1.0)
        if best is None or strength > best[2]:
            best = (reading.kind, finish(claim), strength)
    return best


def _readable_alone(claim: str, clause: str) -> float:
    """Return a factor, 0 to 1, for how well a claim can be read without its context."""
    fit = _STEMS_WEIGHT.get(len(set(stems(claim))), 1.0)
    words = len(claim.split())
    fit *= 0.7 if words < 5 else 0.85 if words < 6 or words > 20 else 1.0
    for factor, pattern in _HARD_ALONE:
        fit *= factor if pattern.search(claim) else 1.0
    somebody = _SOMEBODY.search(claim)
    if somebody and not _KIN.search(claim[: somebody.start()]):
        fit *= 0.35
    return fit * (0.6 if _UNCLEAR_PEOPLE.search(clause) else 1.0)
