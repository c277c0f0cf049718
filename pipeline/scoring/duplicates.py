"""Penalise near-duplicate drafts of a run: the best of each group keeps its score, the others lose two fifths.

Groups of participants are nested, so that the drafts of a group and of a part of it may read alike. Where their scores
are close, the draft of more participants is the best: it says the same for more people.
"""

from collections.abc import Sequence

from rapidfuzz import fuzz

from pipeline.domain.persona import Finding, Persona
from pipeline.domain.routing import rank
from pipeline.domain.run import AssessedDraft
from pipeline.text.tokens import tokens

_ALIKE = 85
PENALTY = 0.6
"""Factor on the overall score of a near-duplicate."""

_CLOSE = 0.05
"""Scores that differ by no more than this count as equal between near-duplicates."""

_LONGEST = 20_000
_LEAST_SHARED = 0.5
"""Two texts that share under half of the smaller one's vocabulary are never 85 % alike: not worth comparing."""


def penalise_near_duplicates(assessed: Sequence[AssessedDraft]) -> tuple[AssessedDraft, ...]:
    """Return the drafts in the same order, all but the best of each group of near-duplicates times .6, with a finding.

    Args:
        assessed: the drafts of one run. One that already carries the finding is not lowered again.
    """
    texts = [" ".join(tokens(_said(item.draft.persona))) for item in assessed]
    vocabulary: dict[str, int] = {}
    words = [_bits(text, vocabulary) for text in texts]
    leaders: list[int] = []
    results = list(assessed)
    for place in sorted(range(len(assessed)), key=lambda place: rank(assessed[place].assessment.scores.overall)):
        twin = next((leader for leader in leaders if _alike(texts, words, place, leader)), None)
        if twin is None:
            leaders.append(place)
        elif _stands_for_more(assessed[place], assessed[twin]):
            leaders[leaders.index(twin)] = place
            results[twin] = _lowered(assessed[twin], assessed[place])
        else:
            results[place] = _lowered(assessed[place], assessed[twin])
    return tuple(results)


def _stands_for_more(item: AssessedDraft, twin: AssessedDraft) -> bool:
    """Return whether a draft is drawn from more participants than its twin and scores about the same."""
    mine, other = item.assessment.scores.overall, twin.assessment.scores.overall
    close = mine is not None and other is not None and mine >= other - _CLOSE
    return close and len(item.draft.focus) > len(twin.draft.focus)


def _lowered(item: AssessedDraft, twin: AssessedDraft) -> AssessedDraft:
    if any(finding.kind == "near_duplicate" for finding in item.assessment.findings):
        return item
    text = (
        f"Nearly the same persona as '{twin.draft.persona.name}' ({twin.draft.id}), which scores higher, stands for"
        " more participants or came first."
    )
    overall = item.assessment.scores.overall
    scores = item.assessment.scores.model_copy(update={"overall": None if overall is None else overall * PENALTY})
    findings = (Finding(kind="near_duplicate", text=text), *item.assessment.findings)
    return item.model_copy(
        update={"assessment": item.assessment.model_copy(update={"scores": scores, "findings": findings})}
    )


def _alike(texts: list[str], words: list[int], one: int, other: int) -> bool:
    shared = (words[one] & words[other]).bit_count()
    if shared < _LEAST_SHARED * max(min(words[one].bit_count(), words[other].bit_count()), 1):
        return False
    return fuzz.token_set_ratio(texts[one], texts[other], score_cutoff=_ALIKE) >= _ALIKE


def _said(persona: Persona) -> str:
    lists = (persona.goals, persona.pain_points, persona.behaviours, persona.motivations, persona.quotes)
    return "\n".join(item for items in lists for item in items)[:_LONGEST]


def _bits(text: str, vocabulary: dict[str, int]) -> int:
    bits = 0
    for word in set(text.split()):
        bits |= 1 << vocabulary.setdefault(word, len(vocabulary))
    return bits
