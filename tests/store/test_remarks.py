"""Notes and tags of analysts, and the comments of readers, which are the one thing that a viewer may write."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.domain.edits import Edit, EditRow
from pipeline.domain.remarks import (
    COMMENTS_PER_PERIOD,
    LONGEST_REMARK,
    MOST_COMMENTS,
    Comment,
    Remark,
    Subject,
    place_now,
    too_many,
)
from pipeline.domain.run import ClaimPlace
from pipeline.errors import AccessDenied, InputError, StoreError
from pipeline.store import Store
from pipeline.store.read_only import ReadOnlyStore
from tests.pages.runs import finished_run

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    finished_run(tmp_path / "persona.db")
    return Store(tmp_path / "persona.db")


@pytest.fixture
def subject(store: Store) -> Subject:
    return Subject("run", store.runs()[0].id)


def remark(**values: object) -> Remark:
    return Remark.model_validate(
        {"persona": "draft-001", "kind": "note", "words": "x", "author": "Ann", "at": NOW} | values
    )


def comment(words: str = "Is this real?", at: datetime = NOW) -> Comment:
    return Comment(words=words, author="Reader", at=at)


def test_notes_and_tags_are_kept_with_their_author_and_a_tag_once(store: Store, subject: Subject) -> None:
    for author in ("Ann", "Ben"):
        store.add_remark(subject.id, remark(kind="tag", words="check", author=author))
        store.add_remark(subject.id, remark(words="Ask again", author=author))
    found = store.remarks(subject.id)
    assert [(one.remark.kind, one.remark.words, one.remark.author) for one in found] == [
        ("tag", "check", "Ann"),
        ("note", "Ask again", "Ann"),
        ("note", "Ask again", "Ben"),
    ]
    store.delete_remark(subject.id, found[0].number)
    assert len(store.remarks(subject.id)) == 2


def test_a_note_on_a_run_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.add_remark("run-none", remark())


def test_a_viewer_comments_only_while_comments_are_open(store: Store, subject: Subject) -> None:
    viewer = ReadOnlyStore(store.path)
    before = store.path.read_bytes()
    with pytest.raises(AccessDenied, match="comments are closed"):
        viewer.add_comment(subject, comment())
    assert store.path.read_bytes() == before
    store.set_open(subject, "comments", NOW, is_open=True)
    viewer.add_comment(subject, comment())
    store.set_open(subject, "comments", NOW, is_open=False)
    with pytest.raises(AccessDenied):
        viewer.add_comment(subject, comment("Once more"))
    assert [one.comment for one in viewer.comments(subject)] == [comment()]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM comments",
        "UPDATE comments SET words = 'x'",
        "INSERT INTO opened_to_readers VALUES (NULL, 'c', 'comments', 'x')",
        "INSERT INTO remarks (persona) VALUES ('x')",
        "DROP TABLE comments",
        "PRAGMA query_only = ON",
        "ATTACH 'x.db' AS x",
    ],
)
def test_sqlite_refuses_all_else_while_a_viewer_comments(store: Store, statement: str) -> None:
    with pytest.raises(StoreError, match="not authorized"), ReadOnlyStore(store.path)._write_as_reader() as db:
        db.execute(statement)


def test_comments_are_limited_in_number_rate_and_length(store: Store, subject: Subject) -> None:
    store.set_open(subject, "comments", NOW, is_open=True)
    for number in range(COMMENTS_PER_PERIOD):
        store.add_comment(subject, comment(f"Comment {number}"))
    with pytest.raises(InputError, match="Try again later"):
        store.add_comment(subject, comment("One more"))
    store.add_comment(subject, comment("Later", NOW + timedelta(hours=1)))
    assert too_many([NOW] * MOST_COMMENTS, NOW + timedelta(days=9)).endswith("Tell an analyst.")
    with pytest.raises(ValueError, match="at most 1000"):
        comment("x" * (LONGEST_REMARK + 1))
    with pytest.raises(ValueError, match="at least 1"):
        comment("   ")


def test_comments_of_a_saved_comparison_go_with_it(store: Store, subject: Subject) -> None:
    other = finished_run(store.path)
    saved = Subject("comparison", store.save_comparison("Two runs", [subject.id, other], NOW))
    store.set_open(saved, "comments", NOW, is_open=True)
    store.add_comment(saved, comment())
    assert store.comments(subject) == ()
    store.delete_comparison(saved.id)
    assert store.comments(saved) == ()
    with pytest.raises(StoreError, match="no comparison"):
        store.set_open(saved, "comments", NOW, is_open=True)


def test_a_note_follows_its_claim_and_stops_where_a_change_is_undone() -> None:
    def row(number: int, **edit: object) -> EditRow:
        made = Edit.model_validate({"persona": "draft-001", "action": "text"} | edit)
        return EditRow(number=number, at=NOW, author="Ann", edit=made, touched=("draft-001",))

    rows = [
        row(1, field="goals", text="a", new="b"),
        row(2, action="move", field="goals", text="b", new="motivations"),
        row(3, field="motivations", text="b", new=" c "),
    ]
    note = remark(field="goals", text="a")
    assert place_now(note, rows) == ClaimPlace(field="motivations", text="c")
    assert place_now(note, [*rows, row(4, action="undo", undoes=3)]) == ClaimPlace(field="motivations", text="b")
    assert place_now(remark(field="goals", text="a", revision=3), rows) == ClaimPlace(field="goals", text="a")
    assert place_now(remark(), rows) is None
