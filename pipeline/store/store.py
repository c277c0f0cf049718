"""The database file: connections, transactions, erasing deletion, and readable errors.

A connection lives for one unit of work in one thread: there is no shared state besides the file, and at rest the file
alone is the whole database.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import StoreError
from pipeline.store.rows import list_names, not_found

if TYPE_CHECKING:
    from sqlite_utils import Database as Database  # at run time imported when a file is opened: it loads pandas


# Serialises opening: threads that open the same new file at once would each find it empty.
_OPENING = threading.Lock()


class DatabaseFile:
    """One database file with its read and write transactions."""

    def __init__(self, path: Path, *, busy_s: float = 60.0) -> None:
        """Open the file, or create it with its folder, and bring its schema up to date.

        Args:
            path: the SQLite file.
            busy_s: seconds to wait for a file that another program has locked.

        Raises:
            StoreError: the file cannot be used.
        """
        self.path = path.absolute()
        self._busy_s = busy_s
        # Writers of this process queue here, because SQLite lets them sleep up to 0.1 s between two tries. Also
        # guards the four attributes below.
        self._turn = threading.Lock()
        self._writer: Database | None = None
        self._writes_to: os.stat_result | None = None
        self._kept = ExitStack()
        self._users = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path.parent}: this folder cannot be created ({error.strerror}). "
                "Name another place for the database with --db or PERSONA_DB."
            ) from error
        from pipeline.store.migrations import migrate

        with _OPENING, self._connect("rwc") as db:
            migrate(db, self.path)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep one write connection open during many writes, as in a run.

        Opening takes longer than writing a fact, and the last connection to close moves the write-ahead log into the
        file, which takes as long again. Only writes about money wait for the disk: after a power failure, the latest
        other facts are computed again from the answers in the rows of the calls.
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
        """Open a connection for one unit of work; closing rolls back an open transaction."""
        from sqlite_utils import Database

        try:
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?{'mode=ro&immutable=1' if self._is_sealed_off() else f'mode={mode}'}",
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

    def _is_sealed_off(self) -> bool:
        """Return whether the file cannot be written, as on a read-only file system, and its write-ahead log is empty.

        SQLite itself would refuse to read it, because it cannot make the index of the write-ahead log beside it. With
        words in that log the file alone is not the database, so then SQLite's refusal stands.
        """
        if not self.path.is_file() or (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)):
            return False
        log = self.path.with_name(f"{self.path.name}-wal")
        return not log.exists() or log.stat().st_size == 0

    @contextmanager
    def _read(self) -> Iterator["Database"]:
        """Open a read transaction with one consistent view of the file."""
        with self._connect() as db, db.atomic():
            yield db

    @contextmanager
    def _write(self, *, paid: bool = False) -> Iterator["Database"]:
        """Open a write transaction that waits for its turn at the start: an upgrade from reading could not wait.

        Args:
            paid: whether money depends on it. Then a kept connection checks its file first, and the write waits for
                the disk. This includes the row of a call before it is sent: after a power failure in between, a
                possibly billed answer would count towards no budget.
        """
        with self._turn, self._writing(paid=paid) as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.commit()

    @contextmanager
    def _write_as_reader(self) -> Iterator["Database"]:
        """Open a write transaction for comments and answers of readers, also where the store is read-only."""
        with self._write() as db:
            yield db

    @contextmanager
    def _writing(self, *, paid: bool) -> Iterator["Database"]:
        """Yield the kept connection while the store is busy, else a new one; rolls back an open transaction."""
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
        """Check whether the file of the kept connection is still the one at its path.

        A kept connection would continue writing to a file that was deleted, replaced or overwritten. A new connection
        that reads only the first page detects this in a fifth of the time of writing through it.

        Raises:
            StoreError: the file no longer exists, or is damaged.
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
                raise StoreError(f"Still running: {list_names(busy)}. Cancel first, then delete when it has stopped.")
            self._delete_row(db, table, key)

    @staticmethod
    def _delete_row(db: "Database", table: Literal["studies", "runs"], key: str) -> None:
        """Delete a row within a transaction; its spending stays with its project."""
        db.execute(_KEEP_SPENDING, {"key": key})
        db.table(table).delete(key)

    def _erase(self) -> None:
        """Rewrite the file without deleted data, and empty the write-ahead log that still contains it.

        `secure_delete` alone leaves copies from page splits behind. Writers wait meanwhile, about a second for each
        60 MB.
        """
        with self._connect() as db:
            db.vacuum()
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreError(
                f"It is deleted, but its text remains in {self.path}-wal until all other programs close the database."
            )


_HARMLESS = (
    *(sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION),
    *(sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT),
)
"""Read, and begin and end transactions."""


def allow_inserts_only(db: "Database", tables: Sequence[str]) -> None:
    """Let SQLite refuse all on this connection but reading and inserting rows into these tables."""

    def decide(action: int, table: str | None, *_: str | None) -> int:
        allowed = action in _HARMLESS or (action == sqlite3.SQLITE_INSERT and table in tables)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    db.conn.set_authorizer(decide)


# Deleting a run gives no money back to its project.
_KEEP_SPENDING = """
    INSERT INTO spent_elsewhere (project, simulated, micros)
    SELECT project, simulated, SUM(cost_micros) FROM runs JOIN calls ON calls.run_id = runs.id
    WHERE :key IN (runs.id, runs.study_id) AND project IS NOT NULL GROUP BY project, simulated
    ON CONFLICT (project, simulated) DO UPDATE SET micros = micros + excluded.micros
"""


_EXPLANATIONS = {
    "SQLITE_NOTADB": "is not a SQLite database and stays unchanged. Name another file with --db or PERSONA_DB.",
    "SQLITE_READONLY": "is read-only. Allow writing to the file and its folder, or name another file with --db or "
    "PERSONA_DB.",
    "SQLITE_CANTOPEN": "cannot be opened. Check that it is an existing file, and that it and its folder are readable "
    "and writable; or name another file with --db or PERSONA_DB.",
    "SQLITE_BUSY": "is locked by another program. Close that program and try again.",
    "SQLITE_FULL": "cannot grow: the disk is full. Free some space and try again; everything saved before is kept.",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error. Check the disk and the space left on it.",
    "SQLITE_CORRUPT": "is damaged. Restore a copy, or recover readable data with `sqlite3 FILE .recover`.",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "no longer has the study or run that this belongs to: it has been deleted.",
}


def _explain(path: Path, error: sqlite3.Error) -> str:
    name = _errorname(error)
    for prefix, sentence in _EXPLANATIONS.items():
        if name.startswith(prefix):
            return f"{path}: {sentence}"
    return f"{path}: the database reports '{error}' ({name or type(error).__name__})."


def _errorname(error: sqlite3.Error) -> str:
    """Return SQLite's name of an error; empty for errors that Python's module raises itself."""
    return getattr(error, "sqlite_errorname", "")
