"""The index of a study on disk: one npz file without pickles, named by a hash of the words it was built from.

Whatever does not fit the study exactly (damaged, foreign, of another scorer version) counts as not there.
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.study import Study
from pipeline.scoring.file_cache import write_whole

SCORER_VERSION = "1.1"
"""Changes whenever the same text could score differently. Stored with every assessment and in every cache file."""

Ints = NDArray[np.int64]

_ARRAYS = ("segment", "start", "end", "offset", "words")


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


def content_key(study: Study) -> str:
    """A hash of all that the index depends on: what participants said, turn by turn, and the scorer version."""
    digest = hashlib.sha256(SCORER_VERSION.encode())
    for segment in study.segments:
        spoken = segment.text if segment.role == "participant" else ""
        digest.update(json.dumps([segment.role, spoken]).encode())
    return digest.hexdigest()


def save(data: IndexData, path: Path, key: str) -> None:
    """Write a cache file in one step; a folder that cannot be written is left alone."""
    arrays = {name: getattr(data, name) for name in _ARRAYS}
    words = _as_bytes(json.dumps(data.vocabulary))
    write_whole(path, lambda file: np.savez(file, key=_as_bytes(key), vocabulary=words, **arrays))


def load(path: Path, key: str, study: Study) -> IndexData | None:
    """The cached arrays, or `None` when the file is missing or anything about it is not as it must be."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if stored["key"].tobytes().decode() != key:
                return None
            vocabulary = json.loads(stored["vocabulary"].tobytes())
            if not all(isinstance(word, str) and word for word in vocabulary):
                return None
            data = IndexData(vocabulary=tuple(vocabulary), **{name: stored[name] for name in _ARRAYS})
    except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, zipfile.BadZipFile):
        return None
    return data if _is_sound(data, study) else None


def _is_sound(data: IndexData, study: Study) -> bool:
    arrays = [getattr(data, name) for name in _ARRAYS]
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
