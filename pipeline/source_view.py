"""The sentences of one focus, ready to be searched: BM25 postings, pairs of words, copied runs.

A view holds numbers only; words and texts stay with the `StudyIndex` it was cut from.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.domain.study import Participant, Segment
from pipeline.index_cache import Ints

if TYPE_CHECKING:
    from pipeline.scoring.index import StudyIndex

Floats = NDArray[np.float32]

_K1, _B = 1.2, 0.75
"""Okapi BM25's usual constants (Robertson and Zaragoza 2009, section 3.3)."""

_POSTINGS_READ = 20_000
"""Postings summed per query. Rare terms come first; what is left out are words of nearly every sentence."""


class SourceView:
    """The sentences of one focus, ready to be searched.

    Attributes:
        language: of the whole study.
        participants: the participants in focus.
        is_known: False when the focus named nobody of this study and everybody is searched instead.
    """

    def __init__(
        self,
        index: "StudyIndex",
        chosen: Ints,
        participants: tuple[Participant, ...],
        is_known: bool,
    ) -> None:
        self.language = index.language
        self.participants = participants
        self.is_known = is_known
        self._index = index
        self.sentences = chosen
        lengths = np.diff(index.data.offset)[chosen]
        self.offset = np.concatenate(([0], np.cumsum(lengths)))
        self.words = index.data.words[_ranges(index.data.offset[chosen], lengths)]
        self.speaker = index.speaker_of_segment[index.data.segment[chosen]]
        self._runs: dict[int, NDArray[np.uint64]] = {}
        self._terms = index.stem_of_word[self.words]
        self._build_postings(np.repeat(np.arange(len(chosen)), lengths))

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def is_empty(self) -> bool:
        """Whether there is not one content word to compare a claim with."""
        return len(self.terms) == 0

    def number_of(self, term: str) -> int:
        """Position of a stem in this view's postings; -1 when nobody in focus said it."""
        return self._place_of.get(self._index.stem_numbers.get(term, -1), -1)

    def idf(self, place: int) -> float:
        """Weight of a term by rarity among the sentences in focus; highest for one nobody said (place -1)."""
        return float(self.idfs[place]) if place >= 0 else self._unknown_idf

    def count_pairs(self, pairs: Sequence[tuple[int, int]]) -> int:
        """How many pairs of terms (by place) follow each other in a sentence in focus, stop words left out."""
        if not pairs or not len(self._pairs):
            return 0
        terms = self.terms[np.array(pairs)]
        keys = terms[:, 0] * self._base + terms[:, 1]
        places = np.minimum(np.searchsorted(self._pairs, keys), len(self._pairs) - 1)
        return int((self._pairs[places] == keys).sum())

    def search(self, places: Sequence[int], count: int) -> list[int]:
        """The sentences that BM25 ranks best for some terms, best first; ties in reading order.

        Args:
            places: terms by place, each once.
            count: how many sentences at most.
        """
        return _largest(self._score(places), count)

    def best_score(self, places: Sequence[int]) -> float:
        """The highest BM25 score of a sentence for some terms; 0 when there is none."""
        return float(self._score(places).max(initial=0.0))

    def _score(self, places: Sequence[int]) -> Floats:
        scores = np.zeros(len(self), dtype=np.float32)
        read = 0
        for place in sorted(places, key=lambda place: (self._starts[place + 1] - self._starts[place], place)):
            first, last = int(self._starts[place]), int(self._starts[place + 1])
            if read and read + last - first > _POSTINGS_READ:
                break
            scores[self._posted[first:last]] += self._impact[first:last]
            read += last - first
        return scores

    def window(self, sentence: int, reach: int = 1) -> tuple[int, int]:
        """The sentence with up to `reach` neighbours on either side, as long as the same person goes on speaking."""
        first = last = sentence
        while first > 0 and sentence - first < reach and self.speaker[first - 1] == self.speaker[sentence]:
            first -= 1
        while last + 1 < len(self) and last - sentence < reach and self.speaker[last + 1] == self.speaker[sentence]:
            last += 1
        return first, last + 1

    def terms_between(self, first: int, last: int) -> set[int]:
        """Terms (by place) of the sentences from `first` up to, not including, `last`."""
        return set(self._places[self._term_offset[first] : self._term_offset[last]].tolist())

    def words_between(self, first: int, last: int) -> list[str]:
        """The tokens of some sentences, numbers as digits."""
        return self.words_at(int(self.offset[first]), int(self.offset[last]))

    def words_at(self, first: int, last: int) -> list[str]:
        """The tokens at some positions in the view's running words."""
        vocabulary = self._index.data.vocabulary
        return [vocabulary[number] for number in self.words[max(first, 0) : last].tolist()]

    def segment_of(self, sentence: int) -> Segment:
        """The segment a sentence of the view stands in."""
        return self._index.study.segments[int(self._index.data.segment[self.sentences[sentence]])]

    def text_between(self, first: int, last: int) -> str:
        """The verbatim text of neighbouring sentences; they must stand in one segment."""
        data = self._index.data
        start, end = data.start[self.sentences[first]], data.end[self.sentences[last - 1]]
        return self.segment_of(first).text[int(start) : int(end)]

    def copied_share(self, words: Sequence[str], run: int) -> float:
        """Share of some tokens that stand in the source in the same order, at least `run` of them in a row."""
        known = np.array([self._index.word_numbers.get(word, -1) for word in words], dtype=np.int64)
        if len(known) < run:
            return 0.0
        if run not in self._runs:
            self._runs[run] = np.sort(_run_keys(self.words, run))
        there, wanted = self._runs[run], _run_keys(known, run)
        if not len(there):
            return 0.0
        places = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
        copied = np.zeros(len(known), dtype=bool)
        for start in np.flatnonzero(there[places] == wanted):
            copied[start : start + run] = True
        return float(copied.mean())

    def _build_postings(self, sentence_of_word: Ints) -> None:
        said = self._terms >= 0
        terms, sentence = self._terms[said], sentence_of_word[said]
        self._base = len(self._index.stem_numbers) + 1
        self.terms, self._places = np.unique(terms, return_inverse=True)
        self._place_of = {number: place for place, number in enumerate(self.terms.tolist())}
        self._term_offset = np.searchsorted(sentence, np.arange(len(self) + 1))
        follows = sentence[1:] == sentence[:-1]
        self._pairs = np.unique((terms[:-1] * self._base + terms[1:])[follows])
        pairs, frequency = np.unique(self._places * max(len(self), 1) + sentence, return_counts=True)
        self._posted = pairs % max(len(self), 1)
        self._starts = np.searchsorted(pairs // max(len(self), 1), np.arange(len(self.terms) + 1))
        found_in = np.diff(self._starts)
        self.idfs = np.log1p((len(self) - found_in + 0.5) / (found_in + 0.5))
        self._unknown_idf = float(np.log1p((len(self) + 0.5) / 0.5))
        length = np.diff(self._term_offset)
        norm = _K1 * (1 - _B + _B * length / max(length.mean() if len(length) else 1, 1e-9))
        impact = np.repeat(self.idfs, found_in) * frequency * (_K1 + 1) / (frequency + norm[self._posted])
        self._impact = impact.astype(np.float32)


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """All positions of some runs, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    runs: Ints = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return runs


def _run_keys(words: Ints, run: int) -> NDArray[np.uint64]:
    """A 64-bit key for every run of that many words; equal runs have equal keys."""
    if len(words) < run:
        return np.zeros(0, dtype=np.uint64)
    keys: NDArray[np.uint64] = sliding_window_view(words.astype(np.uint64) + np.uint64(1), run) @ _powers(run)
    return keys


@cache
def _powers(run: int) -> NDArray[np.uint64]:
    return np.array([pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(run)], dtype=np.uint64)


def _largest(scores: Floats, count: int) -> list[int]:
    """Positions of the largest positive scores, best first, ties by position."""
    top = float(scores.max()) if len(scores) else 0.0
    if top <= 0:
        return []
    floor = top
    places = np.zeros(0, dtype=np.int64)
    while len(places) < count and floor > 0:
        floor = floor * 0.6 if floor > 0.05 * top else 0.0
        places = np.flatnonzero(scores > floor)
    order = np.argsort(-scores[places], kind="stable")[:count]
    return [int(place) for place in places[order]]
