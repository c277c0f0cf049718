"""After a study is deleted, its words are nowhere: not in the database, its logs, or the caches."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.study import Study
from pipeline.domain.units import SystemClock
from pipeline.errors import StoreError
from pipeline.jobs.erasure import erase_study
from pipeline.jobs.worker import Worker
from pipeline.scoring.file_cache import FileCache
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store
from tests.pages.runs import ANSWERS

NOTE = "The rater wrote quite a peculiar remark about marmalade"
OTHER = "participant,answer\nR1,Something wholly different was said about the bicycle shed by the canal.\n"


def study_named(name: str, text: str) -> Study:
    return load_files([SourceFile(name=f"{name}.csv", data=text.encode())], name)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


@pytest.fixture
def study() -> Study:
    rows = "\n".join(f'R{number},"{text}"' for number, text in enumerate(ANSWERS, start=1))
    return study_named("Heating", f"participant,answer\n{rows}\n")


@pytest.fixture
def store(place: Path, study: Study) -> Store:
    """A study with everything that can come of it, and another one that stays."""
    kept = Store(place)
    kept.save_study(study)
    kept.save_study(study_named("Sheds", OTHER))
    cache = place.parent / ".cache"
    config = HybridConfig(
        local_provider="builtin", frontier_provider="simulated", quality_threshold=1.0, count=2, redact=False
    )
    run_id = Worker(kept, cache=cache).run(study.id, config, Settings())
    kept.log(run_id).warn(f"Seen: {ANSWERS[0]}")
    FileCache(cache / "answers").put(ANSWERS[1].encode(), "judge", "x")
    FileCache(cache / "checks").put(b"passed", "check", "m")
    fill(place, study.id, run_id)
    return kept


def fill(place: Path, study_id: str, run_id: str) -> None:
    """Rows in every further table that refers to the study or the run."""
    now = SystemClock().now().isoformat()
    with sqlite3.connect(place) as db:
        (draft,) = db.execute("SELECT draft_id FROM drafts LIMIT 1").fetchone()
        db.execute("UPDATE runs SET note = ?, tags = ?", [NOTE, f'["{NOTE}"]'])
        db.execute("INSERT INTO private_studies VALUES (?)", [study_id])
        db.execute("INSERT INTO designs VALUES ('g', ?, ?, ?, '[]', '{}')", [study_id, NOTE, now])
        db.execute("INSERT INTO design_items VALUES ('g', 0, ?, ?, ?, 'x')", [run_id, draft, ANSWERS[2]])
        db.execute("INSERT INTO labels VALUES (1, 'g', 0, 'me', 'ok', ?, ?)", [NOTE, now])
        db.execute("INSERT INTO experiments VALUES ('e', ?, ?, ?, '{}')", [study_id, NOTE, now])
        db.execute("INSERT INTO comparisons VALUES ('c', ?, ?, ?)", [NOTE, NOTE, now])
        db.execute("INSERT INTO comparison_runs VALUES ('c', ?, 0, ?)", [run_id, NOTE])
    db.close()


def left_over(folder: Path, study: Study) -> Iterator[str]:
    """Runs of three words of the study, of its personas' quotes and of notes, that stand in any file of a folder."""
    raw = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    texts = [NOTE, *(segment.text for segment in study.segments)]
    for text in texts:
        words = text.split()
        for at in range(len(words) - 2):
            gram = " ".join(words[at : at + 3])
            forms = [gram.encode(), gram.encode("utf-16-le"), gram.encode("utf-16-be")]
            if any(form in content for form in forms for content in raw):
                yield gram


def test_before_it_is_deleted_it_is_everywhere(store: Store, place: Path, study: Study) -> None:
    assert len(set(left_over(place.parent, study))) > 50
    assert (place.parent / ".cache").exists()


def test_nothing_of_a_deleted_study_is_left_in_any_file(store: Store, place: Path, study: Study) -> None:
    erase_study(store, study.id, place.parent / ".cache")
    assert list(left_over(place.parent, study)) == []
    with sqlite3.connect(place) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = {table for table in tables if db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]}
    db.close()
    assert filled <= {"studies", "_sqlite_migrations", "sqlite_sequence", "sqlite_stat1"}


def test_another_study_and_the_check_of_a_judge_stay(store: Store, place: Path, study: Study) -> None:
    erase_study(store, study.id, place.parent / ".cache")
    assert [kept.name for kept in store.studies()] == ["Sheds"]
    assert FileCache(place.parent / ".cache" / "checks").get("check", "m") == b"passed"


def test_while_somebody_reads_it_says_what_to_do_and_the_next_close_finishes_it(
    store: Store, place: Path, study: Study
) -> None:
    reader = sqlite3.connect(place, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM studies").fetchone()
    hasty = Store(place, busy_s=0.2)
    with pytest.raises(StoreError, match="until all other programs close the database"):
        erase_study(hasty, study.id, place.parent / ".cache")
    assert [kept.name for kept in store.studies()] == ["Sheds"]
    reader.close()
    store.studies()  # the last connection to close empties the log
    assert list(left_over(place.parent, study)) == []


def test_a_study_with_a_running_run_stays_whole_with_its_caches(store: Store, place: Path, study: Study) -> None:
    store.create_run(study.id, HybridConfig(), name="r", simulated=False, now=SystemClock().now())
    with pytest.raises(StoreError, match="Still running"):
        erase_study(store, study.id, place.parent / ".cache")
    assert list((place.parent / ".cache").glob("index-*.npz"))
    assert (place.parent / ".cache" / "answers").exists()


def test_without_a_cache_only_the_database_is_looked_at(store: Store, place: Path, study: Study) -> None:
    erase_study(store, study.id, None)
    assert study.id not in {kept.id for kept in store.studies()}
