"""Where every word of a study stands, so that a claim finds its best source sentences in well under a millisecond.

Built once per study from participants' turns only; interviewers' words are never evidence. The index keeps
numbers, not text: sentences are positions in the study's segments. A `SourceView` is the part of it that
belongs to one focus: some participants, or everybody.
"""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.domain.study import Segment, Study
from pipeline.index_cache import IndexData, Ints, content_key, load, save
from pipeline.source_view import SourceView
from pipeline.text.tokens import content, fold_numbers, language_of, sentence_spans, tokens

_WORDS_KEPT = 2_000_000
"""Words in all views that are kept ready: about 100 MB."""


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
        data = load(path, key, study)
        if data is None:
            data = _read(study)
            save(data, path, key)
        return cls(study, data)

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
    """Where the index of a study is kept; studies of the same words share it."""
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
