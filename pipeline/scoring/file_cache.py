"""Cache model answers in small files named by a hash of the request.

The reader validates each entry, because a file may be damaged or foreign; an invalid entry counts as a miss.
The folder may be deleted at any time: it costs time, never a result.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


class FileCache:
    """Bytes by key, in a folder; in memory where there is no folder or it cannot be written."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        # No lock, although several threads write: the same key always gets the same content.
        self._kept: dict[str, bytes] = {}

    def get(self, *key: str) -> bytes | None:
        """Return the bytes stored under a key; `None` when there are none, or they cannot be read."""
        name = _name(key)
        if name in self._kept or self._folder is None:
            return self._kept.get(name)
        try:
            return _path(self._folder, name).read_bytes()
        except OSError:
            return None

    def put(self, content: bytes, *key: str) -> None:
        """Keep some bytes under a key."""
        name = _name(key)
        if self._folder is None or not write_whole(_path(self._folder, name), lambda file: file.write(content)):
            self._kept[name] = content


def _name(key: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()


def _path(folder: Path, name: str) -> Path:
    return folder / name[:2] / name[2:]


def write_whole(path: Path, fill: Callable[[IO[bytes]], object]) -> bool:
    """Write a file in one step: a reader finds all of it or none. `False` when the folder cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        return False
    return True
