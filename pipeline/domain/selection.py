"""Selection of the delivered set: cover the participants first, score second.

Pure functions on scored drafts, used by the run and by everything that shows it. `best_score` is the rule of the seed
record: the best `count` drafts, even if all are drawn from the same people. `cover` chooses, among drafts that do not
repeat each other, those that represent most participants, and gives up at most a stated mean score for it. It may
deliver fewer than `count`, because a persona that repeats another one adds a page and no person.
"""

import math
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from pipeline.domain.config import HybridConfig, SelectionRule
from pipeline.domain.persona import Persona
from pipeline.domain.routing import Selection, select
from pipeline.domain.run import AssessedDraft

MOST_SHARED_PEOPLE = 0.5
"""Two personas whose participants overlap more (Jaccard index) repeat each other."""

MOST_SAME_STATEMENTS = 2
"""Two personas with more identical statements repeat each other."""

_WORTH_OF_A_PARTICIPANT = (1.0, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0)
"""Points of score that one more participant may cost, tried from the first on."""


class Ground(NamedTuple):
    """Participants and statements of a persona, to compare it with others."""

    people: frozenset[str]
    """Ids of the participants it is drawn from."""
    statements: frozenset[str]
    """Its statements and quotes, in lower case and without punctuation at their ends."""


class Overlap(NamedTuple):
    """Participants and statements that two personas share."""

    people: tuple[str, ...]
    jaccard: float
    """Shared participants as a fraction of all of both, 0 to 1; 0 if the participants of neither are known."""
    statements: tuple[str, ...]

    @property
    def is_repeat(self) -> bool:
        """Return whether one of the two should not be delivered beside the other."""
        return self.jaccard > MOST_SHARED_PEOPLE or len(self.statements) > MOST_SAME_STATEMENTS


def ground_of(persona: Persona, focus: Iterable[str]) -> Ground:
    """Return the participants and statements of a persona, in a form in which identical ones are equal."""
    lists = (persona.goals, persona.pain_points, persona.behaviours, persona.motivations, persona.quotes)
    plain = (" ".join(item.casefold().split()).strip(" .!?\"'“”‘’") for items in lists for item in items)
    return Ground(frozenset(focus), frozenset(item for item in plain if item))


def overlap(one: Ground, other: Ground) -> Overlap:
    """Compare two personas."""
    shared, together = one.people & other.people, one.people | other.people
    fraction = len(shared) / len(together) if together else 0.0
    return Overlap(tuple(sorted(shared)), fraction, tuple(sorted(one.statements & other.statements)))


def represented(drafts: Iterable[AssessedDraft]) -> frozenset[str]:
    """Return the ids of the participants that drafts are drawn from."""
    return frozenset(person for item in drafts for person in item.draft.focus)


def mean_score(drafts: Sequence[AssessedDraft]) -> float:
    """Return the mean overall score, 0 to 1; a draft without a score counts as 0, and so do no drafts."""
    return math.fsum(item.assessment.scores.overall or 0.0 for item in drafts) / max(len(drafts), 1)


def choose(drafts: Sequence[AssessedDraft], config: HybridConfig, rule: SelectionRule | None = None) -> Selection:
    """Split drafts into those to deliver and the rest, each part best first.

    Args:
        drafts: all scored drafts of a run.
        config: its count, rule and tolerance.
        rule: applied instead of the configured one, to show both on the same drafts.
    """
    best = select(drafts, config.count)
    if (rule or config.selection) == "best_score" or config.draft_factor == 1 or not drafts:
        return best
    ranked = best.kept + best.dropped
    kept = _cover(ranked, config.count, mean_score(best.kept) - config.selection_tolerance)
    return Selection(
        tuple(item for place, item in enumerate(ranked) if place in kept),
        tuple(item for place, item in enumerate(ranked) if place not in kept),
    )


def _cover(ranked: Sequence[AssessedDraft], count: int, least_mean: float) -> frozenset[int]:
    """Return the places of the set that represents most participants with a mean score of at least `least_mean`.

    Where no set without repetition has that mean, the one with the best mean is returned.
    """
    most = min(count, len(represented(ranked)) or count)
    grounds = [ground_of(item.draft.persona, item.draft.focus) for item in ranked]
    scores = [item.assessment.scores.overall or 0.0 for item in ranked]

    def worth(chosen: frozenset[int]) -> tuple[bool, float, float]:
        # Rounded, so that the order of an addition decides nothing.
        mean = round(mean_score([ranked[place] for place in chosen]), 9)
        covered = len(frozenset().union(*(grounds[place].people for place in chosen)))
        return (True, covered, mean) if mean >= round(least_mean, 9) else (False, mean, covered)

    return max((_greedy(scores, grounds, most, rate) for rate in _WORTH_OF_A_PARTICIPANT), key=worth)


def _greedy(scores: Sequence[float], grounds: Sequence[Ground], most: int, rate: float) -> frozenset[int]:
    """Choose drafts one by one, each the best by score and by participants not yet represented; no repetition.

    A heap of values that may be out of date: what a draft adds only falls while others are chosen.
    """
    heap = [(-score - rate * len(grounds[place].people), place) for place, score in enumerate(scores)]
    heapify(heap)
    chosen: list[int] = []
    covered: frozenset[str] = frozenset()
    while heap and len(chosen) < most:
        value, place = heappop(heap)
        now = -scores[place] - rate * len(grounds[place].people - covered)
        if now > value + 1e-12:
            heappush(heap, (now, place))
        elif not any(overlap(grounds[place], grounds[one]).is_repeat for one in chosen):
            chosen.append(place)
            covered |= grounds[place].people
    return frozenset(chosen)
