import json
import sqlite3
from copy import deepcopy
from datetime import timedelta

import pytest
from sqlite_utils import Database

from pipeline.domain.calls import CallChoice
from pipeline.domain.edits import Edit
from pipeline.domain.labels import LabelHistory
from pipeline.domain.remarks import Remark, Subject
from pipeline.errors import StoreError
from pipeline.store import Store
from pipeline.store.migrations import MIGRATIONS, migrate
from tests.factories import STARTED, make_run

# Whoever adds a step adds a test that takes it on a file of the step before, with rows in it.
STEPS = [
    "m001_studies_runs_facts",
    "m002_projects_replies",
    "m003_calls_by_time",
    "m004_batches",
    "m005_sharing_labels_experiments",
    "m006_call_sums",
    "m007_selection",
    "m008_edits",
    "m009_prompt_version",
    "m010_label_history",
    "m011_calibrations",
    "m012_remarks",
]


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
    assert len(ours) == 29
    assert all(table.strict for table in ours)
    assert {key.on_delete for table in ours for key in table.foreign_keys} == {"CASCADE"}
    assert {table.name for table in ours if not table.foreign_keys} == {
        *("studies", "spent_elsewhere", "mappings", "comparisons", "calibrations")
    }


def write_old_run(old):
    """A run with one call, in the columns of the first version; the run and the call."""
    run = make_run([0.4], refined={0: 0.8})
    study = {"id": "study-1", "name": "Heating", "documents": 1, "participants": 1, "segments": 1, "words": 5}
    old.table("studies").insert({**study, "body": "{}"})
    moment = STARTED.isoformat()
    config = run.config.model_dump_json(exclude={"project", "project_max_cost", "selection", "selection_tolerance"})
    old.table("runs").insert(
        {
            **{"id": "run-1", "study_id": "study-1", "name": "Old", "status": "interrupted", "simulated": 0},
            **{"local_provider": "builtin", "local_model": "m", "frontier_provider": "anthropic"},
            **{"frontier_model": "m", "threshold": 0.7, "budget_micros": 5_000_000, "config": config},
            **{"created_at": moment, "heartbeat_at": moment, "host": "h", "pid": 1, "process_started": 1.0},
        }
    )
    (call,) = run.calls
    old.table("calls").insert(
        {
            **call.model_dump(exclude={"usage", "error", "flag", "reply", "batch", "place", "waiting_ms"}, mode="json"),
            **call.usage.model_dump(exclude={"measured", "written_tokens"}),
            **{
                "run_id": "run-1",
                "body": call.model_dump_json(exclude={"payload", "flag", "reply", "batch", "place", "waiting_ms"}),
            },
        }
    )
    return run, call


def test_a_file_of_the_first_version_keeps_its_runs_and_gains_projects(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[1])
    run, call = write_old_run(old)
    old.close()
    store = Store(path)
    assert store.run("run-1").calls == (call,)
    assert (call.reply, call.flag) == (None, None)
    assert store.run("run-1").config == run.config.model_copy(update={"selection": "best_score"})
    assert store.runs()[0].spent_micros == call.cost_micros


def test_a_file_of_the_second_version_lists_its_calls(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[2])
    _, call = write_old_run(old)
    old.close()
    (listed,) = Store(path).calls(CallChoice())
    (group,) = Store(path).call_groups()
    assert (group.attempts, group.cost_micros) == (1, call.cost_micros)
    assert (listed.run_name, listed.call) == ("Old", call)


def test_a_file_of_the_third_version_keeps_its_calls_outside_of_batches(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[3])
    _, call = write_old_run(old)
    old.close()
    store = Store(path)
    assert store.facts("run-1").calls == (call,)
    assert (call.batch, store.facts("run-1").batches) == (None, ())


def test_runs_of_the_sixth_version_keep_the_rule_that_chose_their_drafts(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[6])
    write_old_run(old)
    old.close()
    assert Store(path).run("run-1").config.selection == "best_score"


def test_a_file_of_the_seventh_version_keeps_its_personas_and_gains_edits(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[7])
    run, _ = write_old_run(old)
    (final,) = run.personas
    body = final.model_dump(mode="json", exclude={"edited"})
    columns = {"run_id": "run-1", "draft_id": final.draft_id, "name": "x", "origin": "frontier", "outcome": "refined"}
    old.table("personas").insert({**columns, "cost_micros": 1, "body": json.dumps(body)})
    old.close()
    store = Store(path)
    assert store.run("run-1").shown == (final,)
    edit = Edit(action="text", persona=final.draft_id, field="name", new="Nora")
    store.add_edit("run-1", edit, {final.draft_id: None}, "Ann", STARTED, 0)
    assert [row.author for row in store.edit_rows("run-1")] == ["Ann"]


def test_a_file_of_the_ninth_version_keeps_its_designs_and_gains_their_history(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before="m010_label_history")
    write_old_run(old)
    settings = {"promise": {"alpha": 0.2}, "labels": 1}
    setup = {"study_id": "study-1", "drafted_by": "builtin", "scorer": "2.0 {}", "selection": "2"}
    body = {"settings": settings, "setup": setup, "floor": 0.0, "drafts": 1, "eligible": 1}
    design = {"id": "design-1", "study_id": "study-1", "name": "Old", "created_at": STARTED.isoformat()}
    old.table("designs").insert({**design, "run_ids": '["run-1"]', "body": json.dumps(body)})
    item = {"place": 0, "run_id": "run-1", "draft_id": "draft-001", "text": "draft", "purpose": "certificate"}
    old.table("design_items").insert({"design_id": "design-1", **item})
    said = {"rater": "Ana", "verdict": "acceptable", "labelled_at": STARTED.isoformat()}
    old.table("labels").insert({"design_id": "design-1", "place": 0, **said})
    old.close()
    store = Store(path)
    assert store.design("design-1").design.settings.stopping == "label_all"
    assert store.label_history("design-1") == LabelHistory()
    store.save_label("design-1", 0, "Ana", "unacceptable", "", STARTED + timedelta(hours=1))
    (change,) = store.label_history("design-1").changes
    assert (change.rater, change.verdict) == ("Ana", "acceptable")


def test_a_file_of_the_eleventh_version_keeps_its_runs_and_gains_remarks(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[11])
    write_old_run(old)
    old.close()
    store = Store(path)
    store.add_remark("run-1", Remark(persona="draft-001", kind="note", words="Ask again", author="Ann", at=STARTED))
    assert [one.remark.words for one in store.remarks("run-1")] == ["Ask again"]
    assert store.comments(Subject("run", "run-1")) == ()


def test_a_step_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    def broken(db):
        db.execute("CREATE TABLE half (id INTEGER)")
        db.execute("this is not SQL")

    Store(path)
    before = schema(path)
    steps = deepcopy(MIGRATIONS)
    steps(name="m999_broken")(broken)
    monkeypatch.setattr("pipeline.store.migrations.MIGRATIONS", steps)
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


def test_runs_of_the_tenth_version_know_no_digest_and_have_no_calibrations(path):
    old = Database(path)
    MIGRATIONS.apply(old, stop_before=STEPS[10])
    write_old_run(old)
    old.close()
    store = Store(path)
    assert store.run("run-1").local_digest == ""
    assert store.calibrations() == ()
