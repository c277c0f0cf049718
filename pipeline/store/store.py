"""The database file itself: connections, transactions, deletion that erases, and errors in words.

A connection lives for one unit of work and in one thread: there is no shared state beside the file, and at
rest the file alone is the whole database.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import StoreError
from pipeline.store.rows import list_names, not_found

if TYPE_CHECKING:
    from sqlite_utils import Database as Database  # at run time imported when a file is opened: it loads pandas


# Threads that open the same new file at once would each find it empty.
_OPENING = threading.Lock()


class DatabaseFile:
    """One database file, and how to read and write it."""

    def __init__(self, path: Path, *, busy_s: float = 60.0) -> None:
        """Open the file, or create it with its folder, and bring its schema up to date.

        Args:
            path: the SQLite file.
            busy_s: seconds to wait for a file that another program holds.

        Raises:
            StoreError: the file cannot be used; says why and what to do.
        """
        self.path = path.absolute()
        self._busy_s = busy_s
        # Writers of this process queue here, because SQLite has waiters sleep up to 0.1 s between two tries; guards
        # the four below too.
        self._turn = threading.Lock()
        self._writer: Database | None = None
        self._writes_to: os.stat_result | None = None
        self._kept = ExitStack()
        self._users = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path.parent}: this folder cannot be made ({error.strerror}). "
                "Name another place for the database with --db or PERSONA_DB."
            ) from error
        from pipeline.store.migrations import migrate

        with _OPENING, self._connect("rwc") as db:
            migrate(db, self.path)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep one connection for writing while there is much to write, as during a run.

        Opening takes longer than writing a fact, and the last connection to close moves the write-ahead log into
        the file, which takes as long again. The disk is waited for only where money depends on it: should the power
        fail, what was written last is computed again from the answers in the rows of the calls.
        """
        with self._turn:
            if not self._users:
                self._writer = self._kept.enter_context(self._connect(shared=True))
                self._writer.execute("PRAGMA synchronous = NORMAL")
                self._writes_to = self.path.stat()
            self._users += 1
        try:
            yield
        finally:
            with self._turn:
                self._users -= 1
                if not self._users:
                    self._writer = None
                    self._kept.close()

    @contextmanager
    def _connect(self, mode: Literal["rw", "rwc"] = "rw", *, shared: bool = False) -> Iterator["Database"]:
        """A connection for one unit of work; an open transaction is rolled back when it closes."""
        from sqlite_utils import Database

        try:
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode={mode}",
                uri=True,
                timeout=self._busy_s,
                isolation_level=None,
                check_same_thread=not shared,
            )
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")
                yield Database(connection, recursive_triggers=False, execute_plugins=False)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StoreError(_explain(self.path, error)) from error

    @contextmanager
    def _read(self) -> Iterator["Database"]:
        """One consistent view of the file."""
        with self._connect() as db, db.atomic():
            yield db

    @contextmanager
    def _write(self, *, paid: bool = False) -> Iterator["Database"]:
        """One transaction that waits for its turn at once: an upgrade from reading could not wait.

        Args:
            paid: whether money depends on it. Then the file is looked at first even where a connection is kept, and
                the disk is waited for. It is for the row of a call before it is sent, too: where the power fails
                in between, an answer that may be billed would be in nobody's budget.
        """
        with self._turn, self._writing(paid=paid) as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.commit()

    @contextmanager
    def _writing(self, *, paid: bool) -> Iterator["Database"]:
        """The connection that is kept while the store is busy, left without a transaction; else one of its own."""
        if self._writer is None or (paid and not self._is_in_place()):
            with self._connect() as db:
                yield db
            return
        try:
            if paid:
                self._writer.execute("PRAGMA synchronous = FULL")
            yield self._writer
        except sqlite3.Error as error:
            raise StoreError(_explain(self.path, error)) from error
        finally:
            self._writer.rollback()
            if paid:
                self._writer.execute("PRAGMA synchronous = NORMAL")

    def _is_in_place(self) -> bool:
        """Whether the file that is kept open is still the one at its path.

        A kept connection would go on writing into a file that was deleted, replaced or overwritten. A new one reads
        the first page anew; that it reads no more saves four fifths of the time of writing through it.

        Raises:
            StoreError: there is no file any more, or it is damaged.
        """
        with self._connect() as db:
            db.execute("PRAGMA schema_version").fetchone()
        return self._writes_to is not None and os.path.samestat(self._writes_to, self.path.stat())

    def _delete(self, table: Literal["studies", "runs"], key: str) -> None:
        with self._write() as db:
            if not db.table(table).count_where("id = ?", [key]):
                raise StoreError(not_found(table, key))
            busy = list(db.table("runs").rows_where("status = 'running' AND ? IN (id, study_id)", [key]))
            if busy:
                raise StoreError(f"Still running: {list_names(busy)}. Cancel first, and delete when it has stopped.")
            self._delete_row(db, table, key)

    @staticmethod
    def _delete_row(db: "Database", table: Literal["studies", "runs"], key: str) -> None:
        """Within a transaction; what it spent stays with its project."""
        db.execute(_KEEP_SPENDING, {"key": key})
        db.table(table).delete(key)

    def _erase(self) -> None:
        """Rewrite the file without what was deleted, and empty the write-ahead log that still holds it.

        `secure_delete` alone leaves copies behind that were made when pages were split. Writers wait
        meanwhile, about a second for each 60 MB.
        """
        with self._connect() as db:
            db.vacuum()
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreError(
                f"It is deleted, but its text can be found in {self.path}-wal until the other programs that have "
                "the database open close it."
            )


# Deleting a run gives no money back to its project.
_KEEP_SPENDING = """
    INSERT INTO spent_elsewhere (project, simulated, micros)
    SELECT project, simulated, SUM(cost_micros) FROM runs JOIN calls ON calls.run_id = runs.id
    WHERE :key IN (runs.id, runs.study_id) AND project IS NOT NULL GROUP BY project, simulated
    ON CONFLICT (project, simulated) DO UPDATE SET micros = micros + excluded.micros
"""


_EXPLANATIONS = {
    "SQLITE_NOTADB": "is not a SQLite database and is left as it is. Name another file with --db or PERSONA_DB.",
    "SQLITE_READONLY": "may not be written. Allow writing to the file and its folder, or name another file with "
    "--db or PERSONA_DB.",
    "SQLITE_CANTOPEN": "cannot be opened. Check that it is a file, that it is still there, and that it and its folder "
    "may be read and written; or name another file with --db or PERSONA_DB.",
    "SQLITE_BUSY": "is locked by another program. Close what has it open, and try again.",
    "SQLITE_FULL": "cannot grow: the disk is full. Make room and try again; all that was written before is kept.",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error. Check the disk and the space left on it.",
    "SQLITE_CORRUPT": "is damaged. Restore a copy, or save what can be read with `sqlite3 FILE .recover`.",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "no longer has the study or the run that this belongs to: it has been deleted.",
}


def _explain(path: Path, error: sqlite3.Error) -> str:
    name = _errorname(error)
    for prefix, sentence in _EXPLANATIONS.items():
        if name.startswith(prefix):
            return f"{path}: {sentence}"
    return f"{path}: the database reports '{error}' ({name or type(error).__name__})."


def _errorname(error: sqlite3.Error) -> str:
    """SQLite's own name; empty for errors that Python's module raises itself."""
    return getattr(error, "sqlite_errorname", "")
