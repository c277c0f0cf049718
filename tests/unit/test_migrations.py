import sqlite3

import pytest
from sqlite_utils import Database

from pipeline.errors import StoreError
from pipeline.migrations import MIGRATIONS, migrate
from pipeline.store import Store

# Whoever adds a step adds a test that takes it on a file of the step before, with rows in it.
STEPS = ["m001_studies_runs_facts"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "persona.db"


def schema(path):
    with sqlite3.connect(path) as db:
        return db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_steps_are_only_ever_appended():
    assert [step.name for step in MIGRATIONS.pending(Database(memory=True))] == STEPS


def test_an_empty_file_is_brought_up_to_date(path):
    path.touch()
    Store(path)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall() == [(step,) for step in STEPS]
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_opening_again_changes_no_byte(path):
    Store(path)
    before = path.read_bytes()
    Store(path)
    assert path.read_bytes() == before


def test_every_table_is_strict_and_every_reference_cascades(path):
    Store(path)
    db = Database(path)
    ours = [table for table in db.tables if table.name != "_sqlite_migrations"]
    assert len(ours) == 8
    assert all(table.strict for table in ours)
    assert {key.on_delete for table in ours for key in table.foreign_keys} == {"CASCADE"}
    assert {table.name for table in ours if not table.foreign_keys} == {"studies"}


def test_a_step_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    def broken(db):
        db.execute("CREATE TABLE half (id INTEGER)")
        db.execute("this is not SQL")

    Store(path)
    before = schema(path)
    monkeypatch.setattr(MIGRATIONS, "_migrations", list(MIGRATIONS._migrations))
    MIGRATIONS(name="m999_broken")(broken)
    with pytest.raises(sqlite3.OperationalError, match="syntax"):
        migrate(Database(path), path)
    assert schema(path) == before


def test_a_file_of_a_newer_version_is_refused(path):
    Store(path)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('persona', 'm999_from_the_future')")
    with pytest.raises(StoreError, match=r"persona.db: was written by a newer version .*m999_from_the_future"):
        Store(path)


def test_a_database_of_another_program_is_refused_and_left_alone(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"another program .*'recipes'"):
        Store(path)
    assert path.read_bytes() == before
