"""Notes and tags of analysts; comments of readers, where an analyst has opened a run or comparison to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.domain.questionnaire import CONSTRUCTS, MOST_READERS, ReaderAnswer
from pipeline.domain.remarks import (
    Comment,
    NumberedComment,
    NumberedRemark,
    Opening,
    Remark,
    RunRemarks,
    Subject,
    placed_now,
    too_many,
)
from pipeline.errors import AccessDenied, InputError, StoreError
from pipeline.store.edits import read_edit_rows
from pipeline.store.rows import get_row, iso, storable, utf8
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


class RemarkTables(DatabaseFile):
    """Store methods for notes, tags, comments, and what is open to readers."""

    def add_remark(self, run_id: str, remark: Remark) -> None:
        """Save a note or tag; the same tag in the same place is kept once.

        Raises:
            StoreError: there is no such run.
        """
        with self._write() as db:
            get_row(db, "runs", run_id, "id")
            put_remarks(db, run_id, [remark])

    def delete_remark(self, run_id: str, number: int) -> None:
        """Delete a note or tag."""
        with self._write() as db:
            db.execute("DELETE FROM remarks WHERE run_id = ? AND seq = ?", [run_id, number])

    def remarks(self, run_id: str) -> tuple[NumberedRemark, ...]:
        """Return the notes and tags of a run, oldest first."""
        with self._read() as db:
            return read_remarks(db, run_id)

    def run_remarks(self, run_id: str) -> RunRemarks:
        """Return all that people wrote beside the personas of a run, each at the present place of its claim."""
        with self._read() as db:
            rows = read_edit_rows(db, run_id)
            remarks = tuple(placed_now(one.remark, rows) for one in read_remarks(db, run_id))
            return RunRemarks(remarks=remarks, comments=comments_on(db, Subject("run", run_id)))

    def set_open(self, subject: Subject, opening: Opening, now: datetime, *, is_open: bool) -> None:
        """Open a run or comparison to readers, or close it; comments that were written stay.

        Raises:
            StoreError: it does not exist.
        """
        with self._write() as db:
            _check_exists(db, subject)
            column = _column(subject)
            db.execute(
                f"DELETE FROM opened_to_readers WHERE {column} = ? AND opening = ?",  # noqa: S608 - our names
                [subject.id, opening],
            )
            if is_open:
                row = {column: subject.id, "opening": opening, "opened_at": iso(now)}
                db.table("opened_to_readers").insert(storable(row))

    def is_open(self, subject: Subject, opening: Opening) -> bool:
        """Return whether readers may write comments on a run or comparison, or answer the questionnaire."""
        with self._read() as db:
            return is_open(db, subject, opening)

    def add_comment(self, subject: Subject, comment: Comment) -> None:
        """Save a comment, also for viewers: one of the two things that they may write.

        Raises:
            AccessDenied: comments are not open there.
            InputError: there are too many already, or too many within a short time.
        """
        if not self.is_open(subject, "comments"):
            raise AccessDenied("You have read-only access here: comments are closed. Ask an analyst to open them.")
        with self._write_as_reader() as db:
            known = read_comments(db, subject)
            if problem := too_many([one.comment.at for one in known], comment.at):
                raise InputError(problem)
            put_comments(db, subject, [comment])

    def comments(self, subject: Subject) -> tuple[NumberedComment, ...]:
        """Return the comments on a run or comparison, oldest first."""
        with self._read() as db:
            return read_comments(db, subject)

    def delete_comment(self, subject: Subject, number: int) -> None:
        """Delete a comment."""
        with self._write() as db:
            db.execute(
                f"DELETE FROM comments WHERE {_column(subject)} = ? AND seq = ?",  # noqa: S608 - our names
                [subject.id, number],
            )


class AnswerTables(DatabaseFile):
    """Store methods for the questionnaire for readers."""

    def add_answers(self, run_id: str, persona: str, respondent: str, answers: Mapping[str, int]) -> None:
        """Save a reader's answers about a persona, also for viewers; the first answer to a statement counts.

        Args:
            run_id: of the run.
            persona: id of the persona (of its draft).
            respondent: a random token, the same for all answers of one reader.
            answers: 1 to 7, by `CONSTRUCT 1` or `CONSTRUCT 2`.

        Raises:
            AccessDenied: one of these constructs is not open to readers.
            InputError: there are too many answers already.
        """
        with self._read() as db:
            constructs = {name.rpartition(" ")[0] for name in answers}
            subject = Subject("run", run_id)
            closed = not constructs <= set(CONSTRUCTS) or not all(
                is_open(db, subject, construct) for construct in CONSTRUCTS if construct in constructs
            )
        if closed or not answers:
            raise AccessDenied("You have read-only access here: these questions are closed.")
        with self._write_as_reader() as db:
            known = db.execute(_READERS, {"run": utf8(run_id), "respondent": respondent}).fetchone()[0]
            if known >= MOST_READERS:
                raise InputError(f"{MOST_READERS} readers have answered, and no more answers are taken.")
            own = {"run_id": run_id, "persona": persona, "respondent": respondent}
            for item, value in answers.items():
                db.execute(_ANSWER, storable({**own, "item": item, "value": value}))

    def answers(self, run_id: str) -> tuple[ReaderAnswer, ...]:
        """Return all answers of readers about the personas of a run."""
        with self._read() as db:
            rows = db.query(
                "SELECT persona, respondent, item, value FROM reader_answers WHERE run_id = ? "
                "ORDER BY persona, respondent, item",
                [run_id],
            )
            return tuple(ReaderAnswer(**row) for row in rows)


_ANSWER = """
    INSERT INTO reader_answers (run_id, persona, respondent, item, value)
    VALUES (:run_id, :persona, :respondent, :item, :value) ON CONFLICT DO NOTHING
"""
_READERS = "SELECT COUNT(DISTINCT respondent) FROM reader_answers WHERE run_id = :run AND respondent <> :respondent"


def read_remarks(db: "Database", run_id: str) -> tuple[NumberedRemark, ...]:
    """Read the notes and tags of a run, oldest first."""
    rows = db.query(
        "SELECT seq, persona, field, text, kind, words, author, at, revision FROM remarks WHERE run_id = ? "
        "ORDER BY seq",
        [run_id],
    )
    return tuple(NumberedRemark(row.pop("seq"), Remark.model_validate(row)) for row in rows)


def put_remarks(db: "Database", run_id: str, remarks: Sequence[Remark]) -> None:
    """Insert notes and tags that are not there yet."""
    for remark in remarks:
        row = {"run_id": run_id, **remark.model_dump(), "at": iso(remark.at)}
        db.table("remarks").insert(storable(row), ignore=True)


def read_comments(db: "Database", subject: Subject) -> tuple[NumberedComment, ...]:
    """Read the comments on a run or comparison, oldest first."""
    rows = db.query(
        f"SELECT seq, words, author, at FROM comments WHERE {_column(subject)} = ? ORDER BY seq",  # noqa: S608
        [utf8(subject.id)],
    )
    return tuple(NumberedComment(row.pop("seq"), Comment.model_validate(row)) for row in rows)


def comments_on(db: "Database", subject: Subject) -> tuple[Comment, ...]:
    """Read the comments on a run or comparison without their numbers."""
    return tuple(one.comment for one in read_comments(db, subject))


def put_comments(db: "Database", subject: Subject, comments: Sequence[Comment]) -> None:
    """Insert comments that are not there yet."""
    for one in comments:
        row = {_column(subject): subject.id, "words": one.words, "author": one.author, "at": iso(one.at)}
        db.table("comments").insert(storable(row), ignore=True)


def is_open(db: "Database", subject: Subject, opening: Opening) -> bool:
    """Return whether a run or comparison is open to readers."""
    found = db.execute(
        f"SELECT 1 FROM opened_to_readers WHERE {_column(subject)} = ? AND opening = ?",  # noqa: S608 - our names
        [utf8(subject.id), opening],
    )
    return found.fetchone() is not None


def _column(subject: Subject) -> str:
    return "run_id" if subject.kind == "run" else "comparison_id"


def _check_exists(db: "Database", subject: Subject) -> None:
    if subject.kind == "run":
        get_row(db, "runs", subject.id, "id")
    elif not db.table("comparisons").count_where("id = ?", [utf8(subject.id)]):
        raise StoreError(f"There is no comparison '{subject.id}'. Save it first.")
