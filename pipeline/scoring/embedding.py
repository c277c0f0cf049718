"""Embed sentences with an Ollama model, and cache the vectors.

An embedding model takes part in a run like every other model: a request, a row of its own, retries. Its vectors
go to the cache and not into the row, where they would outweigh everything else.
"""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.providers import UNWATCHED, Ask, ProviderSpec, Reply, Request, Watch
from pipeline.providers.ollama import OllamaProvider
from pipeline.scoring.file_cache import FileCache

Floats = NDArray[np.float32]

BATCH = 256
"""Texts per request: enough that few requests are made, few enough to be answered in one timeout."""

LONGEST_TEXT = 1000
"""Characters of a text that are embedded. Small models read 256 tokens, and Ollama cuts the rest without a word."""


class EmbeddingModel(OllamaProvider):
    """An embedding model on an Ollama server, with the vectors that it has made before."""

    def __init__(self, spec: ProviderSpec, cache: FileCache, digest: str) -> None:
        """Build the client; no request is made.

        Args:
            spec: the model and its server.
            cache: where vectors are kept.
            digest: of the model, so that another model under the same name does not answer with its vectors.
        """
        super().__init__(spec)
        self._cache = cache
        self._digest = digest

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Embed the texts of a request, keep the vectors, and say how many there are."""
        texts = [str(json.loads(line)) for line in request.prompt.split("\n")]
        embedded = self.embed(texts)
        for text, vector in zip(texts, embedded.vectors, strict=True):
            self._cache.put(np.asarray(vector, dtype="<f4").tobytes(), *self._key(text))
        said = f"{len(texts)} vectors of {len(embedded.vectors[0])} numbers"
        return Reply(text=said, usage=embedded.usage, stop="complete", model=self.model)

    def vectors(self, texts: Sequence[str], ask: Ask, about: str) -> Floats:
        """The vectors of some texts, one row each, of length 1 (or 0, which is like nothing at all).

        Args:
            texts: at least one; each is cut at 1,000 characters.
            ask: sends a request; used for texts without a vector only.
            about: what the texts belong to; names the rows.
        """
        cut = [_sendable(text) for text in texts]
        missing = [text for text in dict.fromkeys(cut) if self._known(text) is None]
        for start in range(0, len(missing), BATCH):
            ask(_request(missing[start : start + BATCH]), _take, about)
        rows = [self._known(text) for text in cut]
        return _normalised(np.stack([row for row in rows if row is not None]))

    def _known(self, text: str) -> Floats | None:
        stored = self._cache.get(*self._key(text))
        if not stored or len(stored) % 4:
            return None
        vector = np.frombuffer(stored, dtype="<f4")
        return vector if np.isfinite(vector).all() else None

    def _key(self, text: str) -> tuple[str, ...]:
        return "vector", self.model, self._digest, text


def _request(texts: Sequence[str]) -> Request:
    return Request(
        stage="embed",
        system="",
        prompt="\n".join(json.dumps(text, ensure_ascii=False) for text in texts),
        json_schema={},
        max_output_tokens=0,
        seed=0,
        temperature=None,
    )


def _take(reply: Reply) -> Reply:
    """The vectors are in the cache already."""
    return reply


def _sendable(text: str) -> str:
    # Half a surrogate pair, which JSON files may hold, cannot be sent.
    return text[:LONGEST_TEXT].encode(errors="replace").decode()


def _normalised(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    normalised: Floats = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return normalised
