"""The same database for somebody who may look and must not change anything.

A page that forgets to hide a button can do no harm through it: every transaction that writes is refused in words
before it begins, and SQLite refuses whatever would get around that. What was sent to models stays closed, too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from pipeline.domain.bundle import Bundle, without_source
from pipeline.domain.run import ModelCall
from pipeline.errors import AccessDenied
from pipeline.store import Store

if TYPE_CHECKING:
    from pipeline.store.store import Database

REFUSAL = "You may look at runs here, and not change anything. Ask somebody who works with this database to do it."


class ReadOnlyStore(Store):
    """A store whose writing methods all raise `AccessDenied`."""

    def __init__(self, path: Path) -> None:
        """Open a file that a `Store` has opened before: its schema is up to date."""
        self._sealed = False
        super().__init__(path)
        self._sealed = True

    @contextmanager
    def _connect(self, mode: Literal["rw", "rwc"] = "rw", *, shared: bool = False) -> Iterator["Database"]:
        with super()._connect(mode, shared=shared) as db:
            if self._sealed:
                # Not `mode=ro`: a reader of a write-ahead log has to write into its index.
                db.execute("PRAGMA query_only = ON")
            yield db

    @contextmanager
    def _write(self, *, paid: bool = False) -> Iterator["Database"]:
        deny()
        yield  # never reached: it makes this a context manager, as in `Store`

    def _erase(self) -> None:
        deny()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Refused: only a run that writes keeps a connection."""
        deny()
        yield

    def call(self, run_id: str, call_id: str) -> ModelCall:
        """Refused: it holds what was sent, word for word."""
        deny()

    def bundle(self, run_ids: Sequence[str]) -> Bundle:
        """Runs as they may be handed on: without the words of their study, and without what was sent to models."""
        return without_source(super().bundle(run_ids))


def deny() -> NoReturn:
    """Refuse, saying who can help.

    Raises:
        AccessDenied: always.
    """
    raise AccessDenied(REFUSAL)
