"""Compare a claim with single sentences of the study by embedding similarity. Optional.

Half of the support of a statement comes from words, half from here. Cosines of different models cannot be
compared, so they are read against two anchors that are measured on the study itself, always on the same sample
of its sentences:

* 0 is what the best of 30 unrelated sentences reaches: the 29/30 quantile over pairs of sentences by different
  people;
* 1 is a sentence beside its own content words: the same meaning in another surface, median over the sample.

Only the sentences that BM25 ranks best for the claim are looked at, one by one: in passages of hundreds of words
everything is about as near as everything else. Wrong numbers, names and denials cost as much as without it.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pipeline.errors import ConfigError
from pipeline.providers import Ask
from pipeline.scoring.embedding import EmbeddingModel, Floats
from pipeline.scoring.faithfulness import Claim, Evidence
from pipeline.scoring.index import SourceView, StudyIndex
from pipeline.text.tokens import stem

CANDIDATES = 30
"""Sentences that a claim is compared with."""

SHARE = 0.5
"""Part of the support that comes from meaning; the rest comes from words."""

_SAMPLE = 64
_FEWEST_WORDS, _FEWEST_CONTENT = 6, 3
"""Shorter sentences (`Yes, I do.`) are alike without saying the same."""
_LEAST_SPAN = 0.05
"""Distance between the anchors under which a model cannot tell related from unrelated."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Anchors(NamedTuple):
    """Which cosines count as nothing and as everything."""

    unrelated: float
    same: float

    def place(self, cosine: float) -> float:
        """A cosine on the scale from 0 to 1."""
        return min(max((cosine - self.unrelated) / (self.same - self.unrelated), 0.0), 1.0)


class Meaning:
    """The meaning half of supports, for one study and one embedding model."""

    def __init__(self, index: StudyIndex, embedding: EmbeddingModel, ask: Ask) -> None:
        self.model = embedding.model
        self._index = index
        self._embedding = embedding
        self._ask = ask

    @cached_property
    def anchors(self) -> Anchors:
        """The anchors of this model on this study; 0 and 1 where the study has no sentence to measure with.

        Raises:
            ConfigError: the model sees unrelated sentences as near as a sentence and its own words.
            ProviderError: the server gave no vectors.
        """
        sample = self._sample()
        if len(sample) < 2:
            return Anchors(0.0, 1.0)
        rows = self._vectors([*sample, *(reworded for reworded, _ in sample.values())], "study")
        plain, reworded = rows[: len(sample)], rows[len(sample) :]
        speakers = np.array([speaker for _, speaker in sample.values()])
        one, other = np.triu_indices(len(sample), 1)
        apart = speakers[one] != speakers[other]
        cosines = (plain[one] * plain[other]).sum(axis=1)
        unrelated = float(np.quantile(cosines[apart] if apart.any() else cosines, 1 - 1 / CANDIDATES))
        same = float(np.median((plain * reworded).sum(axis=1)))
        if same - unrelated < _LEAST_SPAN:
            raise ConfigError(
                f"embedding_model: {self.model} cannot tell related from unrelated sentences of this study (unrelated"
                f" ones reach {unrelated:.2f}, nearly identical ones {same:.2f}). Choose a model made for embeddings,"
                " such as all-minilm, or none."
            )
        return Anchors(unrelated, same)

    def prepare(self, texts: Iterable[str], view: SourceView, about: str) -> None:
        """Have all vectors made that some claims will need, in few requests instead of one per claim."""
        needed = {
            text: [
                view.text_between(at, at + 1) for at in Claim.of(text, view.language).best_sentences(view, CANDIDATES)
            ]
            for text in texts
        }
        together = [part for text, said in needed.items() if said for part in (text, *said)]
        if together:
            self._vectors(together, about)

    def blend(self, text: str, claim: Claim, evidence: Evidence, view: SourceView, about: str) -> Evidence:
        """The evidence of words with half of its support replaced; the sentence of the stronger half is shown."""
        sentences = claim.best_sentences(view, CANDIDATES)
        if not sentences:
            return evidence
        rows = self._vectors([text, *(view.text_between(at, at + 1) for at in sentences)], about)
        cosines = rows[1:] @ rows[0]
        best = int(cosines.argmax())
        meant = self.anchors.place(float(cosines[best])) * evidence.factor
        shown = evidence.sentences if evidence.support >= meant else (sentences[best], sentences[best] + 1)
        return replace(evidence, support=(1 - SHARE) * evidence.support + SHARE * meant, sentences=shown)

    def _vectors(self, texts: list[str], about: str) -> Floats:
        return self._embedding.vectors(texts, self._ask, about)

    def _sample(self) -> dict[str, tuple[str, int]]:
        """Sentences spread evenly over the study, each with its content words and a number for its speaker."""
        data, study = self._index.data, self._index.study
        long = np.flatnonzero(np.diff(data.offset) >= _FEWEST_WORDS)
        if not len(long):
            return {}
        found: dict[str, tuple[str, int]] = {}
        for at in long[np.unique(np.linspace(0, len(long) - 1, _SAMPLE).astype(int))].tolist():
            segment = int(data.segment[at])
            text = study.segments[segment].text[int(data.start[at]) : int(data.end[at])]
            words = [word for word in _WORD.findall(text) if stem(word.lower(), self._index.language)]
            if len(words) >= _FEWEST_CONTENT or self._index.language != "english":
                found.setdefault(text, (" ".join(words) or text, int(self._index.speaker_of_segment[segment])))
        return found
