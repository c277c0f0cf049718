"""The index of a study: it finds the best source sentences of a claim in well under a millisecond.

Built once per study from participants' turns only; interviewers' words are never evidence. The index keeps
numbers, not text: sentences are positions in the study's segments. A `SourceView` is the part of it that
belongs to one focus (some participants, or everybody), ready to be searched: BM25 postings, pairs of words, copied
runs.

On disk an index is one npz file without pickles, named by a hash of the words it was built from. A file that does not
fit the study exactly (damaged, foreign, of another scorer version) counts as absent.
"""

import hashlib
import json
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.domain.study import Participant, Segment, Study
from pipeline.scoring.file_cache import write_whole
from pipeline.text.tokens import content, fold_numbers, language_of, sentence_spans, tokens

_WORDS_KEPT = 2_000_000
"""Words in all views that are kept ready: about 100 MB."""

Floats = NDArray[np.float32]

_K1, _B = 1.2, 0.75
"""Okapi BM25's usual constants (Robertson and Zaragoza 2009, section 3.3)."""

_POSTINGS_READ = 20_000
"""Postings summed per query. Rare terms come first; what is left out are words of nearly every sentence."""

SCORER_VERSION = "1.3"
"""Changes whenever the same text could score differently. Stored with every assessment and in every cache file."""

Ints = NDArray[np.int64]

_INDEX_ARRAYS = ("segment", "start", "end", "offset", "words")


class SourceView:
    """The sentences of one focus, ready to be searched.

    Attributes:
        language: of the whole study.
        participants: the participants in focus.
        is_known: False when the focus named no participant of this study and all are searched instead.
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
        """Return whether there is no content word to compare a claim with."""
        return len(self.terms) == 0

    def number_of(self, term: str) -> int:
        """Position of a stem in this view's postings; -1 when no participant in focus said it."""
        return self._place_of.get(self._index.stem_numbers.get(term, -1), -1)

    def idf(self, place: int) -> float:
        """Weight of a term by rarity among the sentences in focus; highest for one that was not said (place -1)."""
        return float(self.idfs[place]) if place >= 0 else self._unknown_idf

    def said_by(self, places: Sequence[int]) -> NDArray[np.bool_]:
        """Which terms (by place, one row each) each participant in focus said, in their order."""
        return self._rows(places, *self._people_of_terms)

    def paired_by(self, pairs: Sequence[tuple[int, int]]) -> Ints:
        """Count, per participant in focus, the pairs of terms (by place) said one after the other."""
        counts: Ints = self._rows(self._find_pairs(pairs), *self._people_of_pairs).sum(axis=0)
        return counts

    def best_of(self, person: int, scores: Floats, count: int) -> list[int]:
        """The sentences of one participant (by position in focus) with the best scores, best first."""
        own = self._sentences_of[person]
        return [int(own[place]) for place in _largest(scores[own], count)]

    def _rows(self, rows: Sequence[int] | Ints, starts: Ints, people: Ints) -> NDArray[np.bool_]:
        found = np.zeros((len(rows), len(self.participants)), dtype=bool)
        for at, row in enumerate(rows):
            found[at, people[starts[row] : starts[row + 1]]] = True
        return found

    @cached_property
    def person(self) -> Ints:
        """Per sentence the position of its participant in focus; -1 where it is not known."""
        order = {person.id: place for place, person in enumerate(self.participants)}
        return self._index.person_positions(order)[self.sentences]

    @cached_property
    def _sentences_of(self) -> list[Ints]:
        order = np.argsort(self.person, kind="stable")
        ends = np.searchsorted(self.person[order], np.arange(len(self.participants) + 1))
        return [order[first:last] for first, last in pairwise(ends.tolist())]

    @cached_property
    def _people_of_terms(self) -> tuple[Ints, Ints]:
        """Return the participants who said each term: offsets into one array, and that array."""
        return self._by_person(self._places, len(self.terms), np.repeat(self.person, np.diff(self._term_offset)))

    @cached_property
    def _people_of_pairs(self) -> tuple[Ints, Ints]:
        """The same of each pair of terms."""
        sentence = np.repeat(np.arange(len(self)), np.diff(self._term_offset))
        follows = sentence[1:] == sentence[:-1]
        said = self.terms[self._places]
        keys = (said[:-1] * self._base + said[1:])[follows]
        return self._by_person(np.searchsorted(self._pairs, keys), len(self._pairs), self.person[sentence[1:][follows]])

    def _by_person(self, rows: Ints, count: int, person: Ints) -> tuple[Ints, Ints]:
        wide = max(len(self.participants), 1)
        both = np.unique((rows * wide + person)[person >= 0])
        return np.searchsorted(both // wide, np.arange(count + 1)), both % wide

    def count_pairs(self, pairs: Sequence[tuple[int, int]]) -> int:
        """Count the pairs of terms (by place) that follow each other in a sentence in focus, stop words left out."""
        return len(self._find_pairs(pairs))

    def _find_pairs(self, pairs: Sequence[tuple[int, int]]) -> Ints:
        """Places of those pairs that follow each other, among all that do."""
        if not pairs or not len(self._pairs):
            return np.zeros(0, dtype=np.int64)
        terms = self.terms[np.array(pairs)]
        keys = terms[:, 0] * self._base + terms[:, 1]
        places = np.minimum(np.searchsorted(self._pairs, keys), len(self._pairs) - 1)
        found: Ints = places[self._pairs[places] == keys]
        return found

    def search(self, places: Sequence[int], count: int) -> list[int]:
        """The sentences that BM25 ranks best for some terms, best first; ties in reading order.

        Args:
            places: terms by place, each once.
            count: how many sentences at most.
        """
        return _largest(self.scores(places), count)

    def best_score(self, places: Sequence[int]) -> float:
        """The highest BM25 score of a sentence for some terms; 0 when there is none."""
        return float(self.scores(places).max(initial=0.0))

    def scores(self, places: Sequence[int]) -> Floats:
        """BM25 of every sentence in focus for some terms."""
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

    def sentences_in(self, segment_id: str) -> list[int]:
        """The sentences of a segment; empty where it has none in focus."""
        place = self._index.segment_places.get(segment_id, -1)
        return [int(found) for found in np.flatnonzero(self._index.data.segment[self.sentences] == place)]

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


@dataclass(frozen=True)
class IndexData:
    """The arrays that are cached. Sentences stand in reading order."""

    segment: Ints
    """Per sentence: position of its segment in `study.segments`."""
    start: Ints
    end: Ints
    """Per sentence: where it begins and ends in the segment's text."""
    offset: Ints
    """Per sentence, and one more: where its words begin in `words`."""
    words: Ints
    """Every word of the study in order, as numbers of `vocabulary`."""
    vocabulary: tuple[str, ...]


class StudyIndex:
    """Everything that can be asked of a study's words."""

    def __init__(self, study: Study, data: IndexData) -> None:
        self.study = study
        self.data = data
        self.language = language_of(" ".join(segment.text for segment in _spoken(study)[:400]))
        self.word_numbers = {word: number for number, word in enumerate(data.vocabulary)}
        self.stem_numbers: dict[str, int] = {}
        self.stem_of_word = self._stem_vocabulary()
        self.speaker_of_segment = _speakers(study)
        self.participants = {participant.id: participant for participant in study.participants}
        self.document_names = {document.id: document.name for document in study.documents}
        self._person_numbers = {name: number for number, name in enumerate(self.participants)}
        people = [self._person_numbers.get(segment.participant or "", -1) for segment in study.segments]
        self._person_of_sentence = np.array(people, dtype=np.int64)[data.segment]
        # Read and written by several threads without a lock: the worst that happens is a view built twice.
        self._views: OrderedDict[tuple[str, ...], SourceView] = OrderedDict()

    @classmethod
    def build(cls, study: Study) -> "StudyIndex":
        """Read every participant's turn of a study. About 4 seconds for 500,000 words."""
        return cls(study, _read(study))

    @classmethod
    def cached(cls, study: Study, folder: Path | None) -> "StudyIndex":
        """The index from the folder's cache, or built and put there.

        A cache file that is damaged, foreign or of another scorer version is rebuilt. A folder that cannot be
        written costs time, never the result.

        Args:
            study: the study to index.
            folder: where cache files are kept; `None` builds in memory.
        """
        if folder is None:
            return cls.build(study)
        key, path = content_key(study), index_file(study, folder)
        data = load_index(path, key, study)
        if data is None:
            data = _read(study)
            save_index(data, path, key)
        return cls(study, data)

    @cached_property
    def segment_places(self) -> dict[str, int]:
        """Position of every segment in the study, by id."""
        return {segment.id: place for place, segment in enumerate(self.study.segments)}

    def view(self, focus: Sequence[str] | None) -> SourceView:
        """The sentences of some participants; of everybody when none of them is known here."""
        key = tuple(sorted(self.participants.keys() & set(focus or ())))
        found = self._views.get(key)
        if found is None:
            found = self._make_view(key)
            self._views[key] = found
            while len(self._views) > 1 and sum(len(view.words) for view in tuple(self._views.values())) > _WORDS_KEPT:
                self._views.popitem(last=False)
        return found

    def person_positions(self, order: dict[str, int]) -> Ints:
        """Per sentence of the study the position of its participant in an order; -1 for one who is not in it."""
        positions = np.full(len(self._person_numbers) + 1, -1, dtype=np.int64)
        for name, place in order.items():
            positions[self._person_numbers[name]] = place
        return positions[self._person_of_sentence]

    def _make_view(self, focus: tuple[str, ...]) -> SourceView:
        numbers = [self._person_numbers[name] for name in focus]
        chosen = (
            np.flatnonzero(np.isin(self._person_of_sentence, numbers)) if focus else np.arange(len(self.data.segment))
        )
        participants = tuple(self.participants[name] for name in focus) or self.study.participants
        # Who said it is also known when there is only one person who could have.
        return SourceView(self, chosen, participants, is_known=bool(focus) or len(participants) == 1)

    def _stem_vocabulary(self) -> Ints:
        numbers = np.full(len(self.data.vocabulary) + 1, -1, dtype=np.int64)
        for place, word in enumerate(self.data.vocabulary):
            for stemmed in content([word], self.language):
                numbers[place] = self.stem_numbers.setdefault(stemmed, len(self.stem_numbers))
        return numbers


def index_file(study: Study, folder: Path) -> Path:
    """Return the file of a study's index; studies of the same words share it."""
    return folder / f"index-{content_key(study)[:32]}.npz"


def _spoken(study: Study) -> list[Segment]:
    return [segment for segment in study.segments if segment.role == "participant"]


def _speakers(study: Study) -> Ints:
    """Per segment a number that is the same for the same person in the same document."""
    numbers: dict[tuple[str, str | None], int] = {}
    found = [numbers.setdefault((segment.document, segment.participant), len(numbers)) for segment in study.segments]
    return np.array(found, dtype=np.int64)


def _read(study: Study) -> IndexData:
    numbers: dict[str, int] = {}
    words: list[int] = []
    rows: list[tuple[int, int, int, int]] = []
    for place, segment in enumerate(study.segments):
        if segment.role != "participant":
            continue
        for start, end in sentence_spans(segment.text):
            rows.append((place, start, end, len(words)))
            said = fold_numbers(tokens(segment.text[start:end]))
            words.extend(numbers.setdefault(word, len(numbers)) for word in said)
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return IndexData(
        segment=table[:, 0],
        start=table[:, 1],
        end=table[:, 2],
        offset=np.append(table[:, 3], len(words)),
        words=np.array(words, dtype=np.int64),
        vocabulary=tuple(numbers),
    )


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


def content_key(study: Study) -> str:
    """A hash of all that the index depends on: what participants said, turn by turn, and the scorer version."""
    digest = hashlib.sha256(SCORER_VERSION.encode())
    for segment in study.segments:
        spoken = segment.text if segment.role == "participant" else ""
        digest.update(json.dumps([segment.role, spoken]).encode())
    return digest.hexdigest()


def save_index(data: IndexData, path: Path, key: str) -> None:
    """Write a cache file in one step; a folder that cannot be written is left alone."""
    arrays = {name: getattr(data, name) for name in _INDEX_ARRAYS}
    words = _as_bytes(json.dumps(data.vocabulary))
    write_whole(path, lambda file: np.savez(file, key=_as_bytes(key), vocabulary=words, **arrays))


def load_index(path: Path, key: str, study: Study) -> IndexData | None:
    """The cached arrays, or `None` when the file is missing or anything about it is not as it must be."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if stored["key"].tobytes().decode() != key:
                return None
            vocabulary = json.loads(stored["vocabulary"].tobytes())
            if not all(isinstance(word, str) and word for word in vocabulary):
                return None
            data = IndexData(vocabulary=tuple(vocabulary), **{name: stored[name] for name in _INDEX_ARRAYS})
    except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, zipfile.BadZipFile):
        return None
    return data if _is_sound(data, study) else None


def _is_sound(data: IndexData, study: Study) -> bool:
    arrays = [getattr(data, name) for name in _INDEX_ARRAYS]
    if any(array.dtype != np.int64 or array.ndim != 1 for array in arrays):
        return False
    count = len(data.segment)
    if not len(data.start) == len(data.end) == len(data.offset) - 1 == count:
        return False
    lengths = np.array([len(segment.text) for segment in study.segments] or [0])
    return (
        _within(data.segment, len(study.segments))
        and _within(data.words, len(data.vocabulary))
        and bool((np.diff(data.offset) >= 0).all())
        and int(data.offset[0]) == 0
        and int(data.offset[-1]) == len(data.words)
        and bool(((data.start >= 0) & (data.start < data.end) & (data.end <= lengths[data.segment])).all())
    )


def _within(numbers: Ints, limit: int) -> bool:
    return len(numbers) == 0 or (int(numbers.min()) >= 0 and int(numbers.max()) < limit)


def _as_bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
