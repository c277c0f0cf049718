"""Read-only access to a database, for viewers, who may add comments and answers where those are open.

A page that forgets to hide a button can do no harm: every write transaction is refused with a message before it
begins, and SQLite refuses any other write. Requests sent to models are not accessible either.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from pipeline.domain.bundle import Bundle, without_source
from pipeline.domain.run import ModelCall
from pipeline.errors import AccessDenied
from pipeline.store import Store
from pipeline.store.store import allow_inserts_only

if TYPE_CHECKING:
    from pipeline.store.store import Database

READERS_TABLES = ("comments", "reader_answers")
"""The tables that viewers may add rows to, where an analyst has opened a run or comparison to readers."""

REFUSAL = "You have read-only access here. Ask someone with write access to this database to make the change."


class ReadOnlyStore(Store):
    """A store that raises `AccessDenied` in all methods that write."""

    def __init__(self, path: Path) -> None:
        """Open a file that a `Store` has opened before: its schema is up to date."""
        self._sealed = False
        super().__init__(path)
        self._sealed = True

    @contextmanager
    def _connect(self, mode: Literal["rw", "rwc"] = "rw", *, shared: bool = False) -> Iterator["Database"]:
        with super()._connect(mode, shared=shared) as db:
            if self._sealed:
                # Not `mode=ro`: readers of a write-ahead log must write to its index.
                db.execute("PRAGMA query_only = ON")
            yield db

    @contextmanager
    def _write(self, *, paid: bool = False) -> Iterator["Database"]:
        deny()
        yield  # never reached; makes this a context manager, as in `Store`

    @contextmanager
    def _write_as_reader(self) -> Iterator["Database"]:
        """Open a transaction that may insert comments and answers of readers, and nothing else: SQLite refuses it."""
        with self._turn, super()._connect() as db:
            allow_inserts_only(db, READERS_TABLES)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.commit()

    def _erase(self) -> None:
        deny()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Refuse: only runs, which write, keep a connection."""
        deny()
        yield

    def call(self, run_id: str, call_id: str) -> ModelCall:
        """Refuse: a call contains the request, word for word."""
        deny()

    def bundle(self, run_ids: Sequence[str], *, with_remarks: bool = False) -> Bundle:
        """Return a bundle without the text of studies, without requests and without remarks."""
        return without_source(super().bundle(run_ids))


def deny() -> NoReturn:
    """Refuse access.

    Raises:
        AccessDenied: always.
    """
    raise AccessDenied(REFUSAL)
