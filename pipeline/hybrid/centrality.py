"""Central words of a focus: what most of its participants talk about, and the segments that say it best.

A stem weighs the more, the larger the share of the focus that uses it and the fewer others in the study do. A segment
is as central as its stems weigh together, divided by the root of their number: long answers do not win by length.
Deterministic, the same for equal studies.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from pipeline.domain.study import Segment, Study
from pipeline.text.tokens import stem, stems

_DAMPING = 6
"""Stems added to every segment's number: without them the shortest answers would be the most central."""
_BEST_SEGMENTS = 3
"""Central segments that make a participant central."""
_THEME_GAIN = 2.0
"""A segment with a word of the theme counts that much more."""
_LONGEST_THEME_WORD, _SHORTEST_THEME_WORD = 30, 4
_WORD = re.compile(r"[^\W\d_]+")

Weights = Mapping[str, float]


class Centrality:
    """Weights of stems and segments of one study; what is computed once serves every focus."""

    def __init__(self, study: Study) -> None:
        self._said: dict[str, list[Segment]] = {}
        for segment in study.segments:
            if segment.role == "participant" and segment.participant:
                self._said.setdefault(segment.participant, []).append(segment)
        self._people = len(study.participants)
        self._stems: dict[str, frozenset[str]] = {}

    def said(self, focus: Iterable[str]) -> list[Segment]:
        """Return the turns of some participants, one participant after the other, each in reading order."""
        return [segment for person in focus for segment in self._said.get(person, ())]

    def weights(self, focus: Sequence[str]) -> Weights:
        """Return the weight of every stem that two of the focus use; that one uses, where it has no more members."""
        users: Counter[str] = Counter()
        for person in focus:
            users.update(self._stems_of(person))
        fewest = min(2, len(focus))
        return {
            word: (number / len(focus)) * math.log((self._people + 1) / self._users[word] + 0.01)
            for word, number in users.items()
            if number >= fewest
        }

    def ranked(self, focus: Sequence[str], theme: Sequence[str] = ()) -> list[tuple[float, Segment]]:
        """Return the turns of a focus with their weights, the most central first; equal ones in reading order."""
        weights, wanted = self.weights(focus), {stem(word) for word in theme}
        scored = [(_weight(set(stems(segment.text)), weights, wanted), segment) for segment in self.said(focus)]
        return sorted(scored, key=lambda pair: -round(pair[0], 9))

    def typical(self, focus: Sequence[str], ranked: Sequence[tuple[float, Segment]]) -> list[str]:
        """Return the participants of a focus, the most typical first: those with the most central segments."""
        best: dict[str, list[float]] = {person: [] for person in focus}
        for weight, segment in ranked:
            if len(own := best[segment.participant or ""]) < _BEST_SEGMENTS:
                own.append(weight)
        return sorted(focus, key=lambda person: -round(sum(best[person]), 9))

    def theme(self, focus: Sequence[str], number: int, size: int = 2) -> tuple[str, ...]:
        """Return the words of the `number`-th theme, from 0, in their most frequent forms; themes repeat."""
        spoken: Counter[str] = Counter()
        for segment in self.said(focus):
            spoken.update(_WORD.findall(segment.text.lower()))
        forms: dict[str, str] = {}
        for word, _ in sorted(spoken.items(), key=lambda item: (-item[1], item[0])):
            if _SHORTEST_THEME_WORD <= len(word) <= _LONGEST_THEME_WORD:
                forms.setdefault(stem(word), word)
        weights = self.weights(focus)
        known = sorted((word for word in weights if word in forms), key=lambda word: (-round(weights[word], 9), word))
        themes = [known[start : start + size] for start in range(0, len(known) - size + 1, size)]
        return tuple(forms[word] for word in themes[number % len(themes)]) if themes else ()

    @cached_property
    def _users(self) -> Counter[str]:
        """Participants of the whole study who use a stem."""
        users: Counter[str] = Counter()
        for person in self._said:
            users.update(self._stems_of(person))
        return users

    def _stems_of(self, person: str) -> frozenset[str]:
        if person not in self._stems:
            said = (stems(segment.text) for segment in self._said.get(person, ()))
            self._stems[person] = frozenset(word for words in said for word in words)
        return self._stems[person]


def _weight(words: set[str], weights: Weights, wanted: set[str]) -> float:
    gain = _THEME_GAIN if words & wanted else 1.0
    return gain * sum(weights.get(word, 0.0) for word in words) / math.sqrt(len(words) + _DAMPING)
