"""Compare the demographics of a persona with the facts that the data states about the participants.

Headers and survey columns are not words a participant said, so they are looked up here and not in the index.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain.study import Participant
from pipeline.text.tokens import fold_numbers, is_number, stems, tokens

_ALIASES = {
    "occupation": {"occupation", "role", "job", "job title", "profession", "work"},
    "location": {"location", "city", "town", "place", "country", "region", "residence"},
    "household": {"household", "family", "family status", "living situation"},
}
_DECADE = re.compile(r"\b(early|mid|late)?[- ]*(\d)0'?s\b")
_PART_OF_DECADE = {"early": (0, 3), "mid": (4, 6), "late": (7, 9), None: (0, 9)}
_INSIDE_RANGE = 0.8
"""Support of an age between those of the participants in focus that none of them has: an average is no fact."""


@dataclass(frozen=True)
class Stated:
    """Support of a claim by the facts in the data."""

    support: float
    participant: Participant
    """Participant whose facts agree best, or disagree."""


def look_up(key: str, value: str, participants: Iterable[Participant]) -> Stated | None:
    """Return the support of a demographic by the facts of some participants; `None` when they do not state it.

    An age is supported by equality, fully by a range or decade that holds a stated age, and refused when every
    stated age contradicts it. Everything else is supported by its share of stated words.
    """
    wanted_key = key.strip().lower()
    names = next((names for names in _ALIASES.values() if wanted_key in names), {wanted_key})
    facts = [(fact, person) for person in participants for name, fact in person.demographics.items() if name in names]
    if not facts:
        return None
    if wanted_key == "age":
        return _age(value, facts)
    wanted = set(stems(value[:500]))
    together = {stem for fact, _ in facts for stem in stems(fact)}
    best = max(facts, key=lambda pair: len(wanted & set(stems(pair[0]))))
    return Stated(len(wanted & together) / len(wanted), best[1]) if wanted else None


def _age(value: str, facts: list[tuple[str, Participant]]) -> Stated | None:
    ages = [(numbers[0], person) for fact, person in facts if (numbers := _numbers(fact))]
    span = _span(value)
    if not ages or span is None:
        return None
    low, high = span
    inside = [person for age, person in ages if low <= age <= high]
    if inside:
        return Stated(1.0, inside[0])
    known = sorted(age for age, _ in ages)
    return Stated(_INSIDE_RANGE if known[0] <= low and high <= known[-1] else 0.0, ages[0][1])


def _span(value: str) -> tuple[int, int] | None:
    """The ages a text allows: `41` is 41 to 41, `28-35` and `mid-40s` are ranges."""
    decade = _DECADE.search(value.lower()[:200])
    if decade:
        first, last = _PART_OF_DECADE[decade.group(1)]
        return int(decade.group(2)) * 10 + first, int(decade.group(2)) * 10 + last
    numbers = _numbers(value)
    return (min(numbers), max(numbers)) if numbers else None


def _numbers(text: str) -> list[int]:
    said = fold_numbers(tokens(text[:200]))
    return [int(word) for word in said if is_number(word) and word.isdigit() and len(word) <= 3]
