"""Answers of readers: only where a question is open, anonymous, each statement once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.domain.questionnaire import CONSTRUCTS, STATEMENTS, ReaderAnswer
from pipeline.domain.remarks import Subject
from pipeline.errors import AccessDenied, StoreError
from pipeline.results.perception import perception_words, perceptions
from pipeline.store import Store
from pipeline.store.read_only import ReadOnlyStore
from tests.pages.runs import finished_run

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    finished_run(tmp_path / "persona.db")
    return Store(tmp_path / "persona.db")


def test_a_viewer_answers_only_what_is_open_and_only_once(store: Store) -> None:
    run_id, viewer = store.runs()[0].id, ReadOnlyStore(store.path)
    before = store.path.read_bytes()
    with pytest.raises(AccessDenied):
        viewer.add_answers(run_id, "draft-001", "a", {"clarity 1": 5})
    assert store.path.read_bytes() == before
    store.set_open(Subject("run", run_id), "clarity", NOW, is_open=True)
    for value in (5, 1):
        viewer.add_answers(run_id, "draft-001", "a", {"clarity 1": value})
    for closed in ({"empathy 1": 5}, {"clarity 1": 5, "nothing 1": 5}, {}):
        with pytest.raises(AccessDenied):
            viewer.add_answers(run_id, "draft-001", "a", closed)
    with pytest.raises(StoreError):
        viewer.add_answers(run_id, "draft-001", "b", {"clarity 1": 8})
    assert store.answers(run_id) == (ReaderAnswer("draft-001", "a", "clarity 1", 5),)


def test_a_reader_counts_once_in_a_construct() -> None:
    answers = [
        *(ReaderAnswer("p1", "a", f"clarity {at}", value) for at, value in ((1, 6), (2, 4))),
        ReaderAnswer("p2", "a", "clarity 1", 5),
        ReaderAnswer("p1", "b", "clarity 1", 3),
        ReaderAnswer("p1", "b", "empathy 1", 7),
    ]
    found = perceptions(answers)
    assert (found["clarity"].value, found["clarity"].n) == (4.0, 2)
    assert perception_words(found["clarity"]) == "4.0 (1.0 to 7.0), n = 2"
    assert perception_words(found["empathy"]) == "7.0, n = 1"
    assert perception_words(found.get("similarity")) == "–"
    assert perceptions(answers, "p2")["clarity"].n == 1


def test_every_construct_has_its_statements() -> None:
    assert tuple(STATEMENTS) == CONSTRUCTS
    words = [one for both in STATEMENTS.values() for one in both]
    assert len(set(words)) == 16
