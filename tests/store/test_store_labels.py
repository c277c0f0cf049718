import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.calibration.design import draw_design
from pipeline.domain.config import HybridConfig
from pipeline.domain.labels import DesignSettings, DraftKey, Setup
from pipeline.domain.run import Timing
from pipeline.domain.study import Study
from pipeline.errors import StoreError
from pipeline.store import Store
from tests.factories import STARTED

SETUP = Setup(study_id="study-1", drafted_by="builtin", scorer='2.0 {"faithfulness":0.5}', selection="2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


@pytest.fixture
def store(path: Path) -> Store:
    store = Store(path)
    store.save_study(Study(id="study-1", name="Heating", documents=(), participants=(), segments=()))
    return store


def a_run(store: Store) -> str:
    run_id = store.create_run("study-1", HybridConfig(), name="Night", simulated=False, now=STARTED)
    store.finish_run(
        run_id,
        "completed",
        error=None,
        timing=Timing(),
        frontier_only_micros=None,
        price_source="",
        scorer_version="2.0",
        now=STARTED,
    )
    return run_id


def a_design(store: Store, run_ids: Sequence[str], name: str = "First draw", after_s: float = 0) -> str:
    scores = {DraftKey(run_id, f"draft-{n:03}"): n / 10 for run_id in run_ids for n in range(10)}
    design = draw_design(scores, SETUP, DesignSettings(labels=40, floor_percentile=0))
    return store.save_design(run_ids, design, name, STARTED + timedelta(seconds=after_s))


def label(store: Store, design_id: str, *places: int, rater: str = "Ana", verdict: str = "acceptable") -> None:
    for place in places:
        store.save_label(design_id, place, rater, verdict, "", STARTED + timedelta(seconds=place))


def test_a_design_comes_back_as_it_was_saved(store):
    run_id = a_run(store)
    stored = store.design(a_design(store, [run_id]))
    again = draw_design(
        {DraftKey(run_id, f"draft-{n:03}"): n / 10 for n in range(10)},
        SETUP,
        DesignSettings(labels=40, floor_percentile=0),
    )
    assert (stored.name, stored.run_ids, stored.created_at, stored.design) == ("First draw", (run_id,), STARTED, again)


def test_designs_are_listed_newest_first_with_their_raters_in_the_order_in_which_they_began(store):
    run_id = a_run(store)
    first, second = a_design(store, [run_id]), a_design(store, [run_id], "Second", after_s=5)
    label(store, first, 0, 1, rater="Zoe")
    label(store, first, 1, rater="Ana")
    newest, oldest = store.designs("study-1")
    assert (newest.id, newest.labelled, newest.tasks) == (second, {}, 11)
    assert list(oldest.labelled.items()) == [("Zoe", 2), ("Ana", 1)]
    assert (oldest.scorer_version, oldest.run_ids, oldest.is_drawn) == ("2.0", (run_id,), True)
    assert store.designs("study-2") == []


def test_the_later_word_on_a_text_counts_and_can_be_taken_back(store):
    design_id = a_design(store, [a_run(store)])
    label(store, design_id, 3, 4)
    store.save_label(design_id, 3, "Ana", "unsure", "Half = true \ud800", STARTED)
    first, second = store.labels(design_id)
    assert (first.place, first.verdict, first.note) == (3, "unsure", "Half = true ?")
    store.remove_label(design_id, 3, "Ana", STARTED)
    store.remove_label(design_id, 3, "Ana", STARTED)
    assert store.labels(design_id) == (second,)


def test_a_label_needs_its_design_and_its_task(store):
    design_id = a_design(store, [a_run(store)])
    for wrong in ((design_id, 11), ("design-0", 0)):
        with pytest.raises(StoreError):
            label(store, wrong[0], wrong[1])


def test_labels_from_outside_are_written_all_or_none(store):
    design_id = a_design(store, [a_run(store)])
    label(store, design_id, 0)
    (one,) = store.labels(design_id)
    with pytest.raises(StoreError):
        store.save_labels(design_id, [one.model_copy(update={"place": place}) for place in (1, 99)])
    assert store.labels(design_id) == (one,)


def test_deleting_a_run_takes_its_tasks_and_labels_and_leaves_those_of_others_in_their_places(store, path):
    gone, stays = a_run(store), a_run(store)
    design_id = a_design(store, [gone, stays])
    before = store.design(design_id).design.tasks
    label(store, design_id, *range(len(before)))
    store.delete_run(gone)
    after = store.design(design_id)
    assert after.run_ids == (stays,)
    assert after.design.tasks == tuple(task for task in before if task.run_id == stays)
    assert {one.place for one in store.labels(design_id)} == {task.place for task in after.design.tasks}


@pytest.mark.parametrize("how", ["run", "study", "design"])
def test_a_design_without_items_disappears_with_everything_it_had(store, path, how):
    run_id = a_run(store)
    design_id = a_design(store, [run_id])
    label(store, design_id, 0)
    delete = {
        "run": store.delete_run,
        "study": store.delete_study,
        "design": lambda key: store.delete_design(key, STARTED),
    }[how]
    delete({"run": run_id, "study": "study-1", "design": design_id}[how])
    with sqlite3.connect(path) as db:
        for table in ("designs", "design_items", "labels"):
            assert db.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)
    with pytest.raises(StoreError, match=f"no design '{design_id}'"):
        store.design(design_id)


def test_a_run_that_can_still_be_brought_back_takes_its_part_of_a_design_with_it_for_as_long(store):
    gone, stays = a_run(store), a_run(store)
    both, alone = a_design(store, [gone, stays]), a_design(store, [gone])
    before = store.design(both)
    store.remove_run(gone, STARTED)
    assert store.design(both).run_ids == (stays,)
    assert [design.id for design in store.designs()] == [both]
    with pytest.raises(StoreError, match="no design"):
        store.design(alone)
    store.restore_run(gone)
    assert store.design(both) == before


def test_a_design_deleted_with_its_labels_is_still_an_earlier_look(store):
    run_id = a_run(store)
    first = a_design(store, [run_id])
    label(store, first, 0, 1)
    unlabelled = a_design(store, [run_id], after_s=1)
    second = a_design(store, [run_id], after_s=2)
    assert [(one.id, one.labels) for one in store.label_history(second).earlier] == [(first, 2)]
    store.delete_design(first, STARTED)
    store.delete_design(unlabelled, STARTED)
    (gone,) = store.label_history(second).earlier
    assert (gone.id, gone.labels, gone.is_deleted) == (first, 2, True)
    assert store.label_history(a_design(store, [a_run(store)], after_s=3)).earlier == ()


def test_only_a_design_that_may_stop_takes_more_texts(store):
    run_id = a_run(store)
    stored = store.design(a_design(store, [run_id]))
    more = stored.design.tasks[0].model_copy(update={"place": 99})
    with pytest.raises(StoreError, match="labelled to its end"):
        store.add_tasks(stored.id, [more])
    settings = stored.design.settings.model_copy(update={"stopping": "may_stop"})
    other = store.save_design([run_id], stored.design.model_copy(update={"settings": settings}), "Open", STARTED)
    store.add_tasks(other, [more])
    assert store.design(other).design.tasks[-1] == more
