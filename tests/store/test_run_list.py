"""The list of runs: what fits, in which order, and what is taken away and brought back."""

import sqlite3
from datetime import timedelta

import pytest

from pipeline.domain.calls import CallChoice
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import Timing
from pipeline.errors import InputError, StoreError
from pipeline.store import Store
from pipeline.store.run_list import RUN_ORDERS, UNDO_FOR, RunChoice
from tests.factories import STARTED, make_call, make_draft, make_final
from tests.store.test_store import make_study


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "persona.db")
    store.save_study(make_study())
    return store


def run(store, name, *, score=None, cost=0, after_s=0, simulated=False, ended=True, **settings):
    config = HybridConfig.model_validate({"local_provider": "builtin"} | settings)
    now = STARTED + timedelta(seconds=after_s)
    run_id = store.create_run("study-1", config, name=name, simulated=simulated, now=now)
    log = store.log(run_id)
    if score is not None:
        item = make_draft(0, score)
        log.draft_written(item.draft)
        log.draft_assessed(item.draft.id, item.assessment)
        log.persona_finished(make_final(item, "kept_local"))
    if cost:
        log.call_opened(make_call(0, cost_micros=cost))
    if ended:
        finish(store, run_id, now)
    return run_id


def finish(store, run_id, now):
    more = {"error": None, "frontier_only_micros": None, "price_source": "", "scorer_version": "test/1"}
    store.finish_run(run_id, "completed", timing=Timing(), now=now, **more)


def names(store, **choice):
    return [one.name for one in store.run_page(RunChoice(**choice)).runs]


def test_every_word_of_a_search_must_occur_somewhere_whatever_its_case(store):
    run(store, "ÄRGER at Night")
    tagged = run(store, "Day", after_s=1)
    store.annotate_run(tagged, tags=["board  meeting", "board meeting", " "], note="ärger too")
    assert names(store, words="ärger") == ["Day", "ÄRGER at Night"]
    assert names(store, words="NIGHT heating") == ["ÄRGER at Night"]
    assert names(store, words="meeting") == ["Day"]
    assert names(store, words="' OR 1=1 --") == []
    assert store.run_page(RunChoice()).runs[0].tags == ("board meeting",)


def test_filters_narrow_the_list_and_facets_name_what_there_is(store):
    run(store, "real", frontier_model="claude-opus-5")
    run(store, "offline", simulated=True, after_s=86_400)
    run(store, "going", ended=False, after_s=2 * 86_400)
    assert names(store, model="claude-opus-5") == ["real"]
    assert names(store, simulated=True) == ["offline"]
    assert names(store, statuses=("running",)) == ["going"]
    assert names(store, since=STARTED + timedelta(days=1), until=STARTED + timedelta(days=2)) == ["offline"]
    assert names(store, study_id="another") == []
    facets = store.run_facets()
    assert facets.studies == {"study-1": "Heating at home"}
    assert facets.models == ("builtin", "claude-opus-5", "claude-sonnet-5-5")
    assert facets.statuses == ("completed", "completed with problems", "running")
    assert (facets.has_simulated, facets.has_real) == (True, True)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("newest", ["c", "a", "B"]),
        ("oldest", ["B", "a", "c"]),
        ("name", ["a", "B", "c"]),
        ("best score", ["a", "B", "c"]),
        ("worst score", ["B", "a", "c"]),
        ("dearest", ["B", "a", "c"]),
    ],
)
def test_an_order_puts_runs_without_the_value_last(store, order, expected):
    run(store, "B", score=0.5, cost=300)
    run(store, "a", score=0.9, cost=200, after_s=1)
    run(store, "c", after_s=2)
    assert names(store, order=order) == expected


@pytest.mark.parametrize("order", RUN_ORDERS)
def test_pinned_runs_come_first_in_every_order_and_archived_ones_apart(store, order):
    ids = [run(store, name, score=0.5, after_s=at) for at, name in enumerate("abc")]
    store.pin_run(ids[1], True)
    store.archive_run(ids[2], True)
    assert names(store, order=order) == ["b", "a"]
    assert names(store, order=order, archived=True) == ["c"]
    assert store.run_facets().archived == 1


def test_pages_cover_every_run_once(store):
    expected = [run(store, f"run {at}", after_s=at) for at in range(7)][::-1]
    pages = [store.run_page(RunChoice(page=page, page_size=3)) for page in (1, 2, 3, 4)]
    assert [one.id for page in pages for one in page.runs] == expected
    assert {(page.fitting, page.total) for page in pages} == {(7, 7)}


def test_scores_are_binned_with_the_lower_bound_inside(store):
    run_id = run(store, "scored")
    log = store.log(run_id)
    for number, score in enumerate((0.0, 0.55, 0.5499, 1.0, None)):
        item = make_draft(number, score)
        log.draft_written(item.draft)
        log.draft_assessed(item.draft.id, item.assessment)
    (listed,) = store.listed_runs([run_id, "unknown"])
    assert {place: n for place, n in enumerate(listed.drafts_by_score) if n} == {0: 1, 10: 1, 11: 1, 19: 1}


# --- taken away ------------------------------------------------------------------------------------


def test_a_run_that_is_taken_away_is_gone_everywhere_and_comes_back_whole(store):
    run_id, other = run(store, "Mine", score=0.5, cost=100), run(store, "Other", after_s=1)
    before = store.run(run_id)
    store.remove_run(run_id, STARTED)
    assert [one.id for one in store.runs()] == [other]
    assert names(store) == ["Other"]
    assert (store.calls(CallChoice()), store.call_groups(), store.studies()[0].runs) == ([], [], 1)
    for ask in (store.run, store.progress, store.facts):
        with pytest.raises(StoreError, match="There is no run"):
            ask(run_id)
    for text in (run_id, "Mine"):
        with pytest.raises(InputError, match="No run matches"):
            store.find_run(text)
    store.restore_run(run_id)
    assert store.run(run_id) == before
    assert store.removed_runs() == []


def test_what_is_taken_away_is_purged_when_it_can_no_longer_be_brought_back(store):
    run_id = run(store, "Mine")
    store.remove_run(run_id, STARTED)
    assert store.purge_removed(STARTED + UNDO_FOR) == []
    assert store.purge_removed(STARTED + UNDO_FOR + timedelta(seconds=1)) == [run_id]
    with pytest.raises(StoreError, match="There is no run"):
        store.restore_run(run_id)


def test_a_running_run_cannot_be_taken_away(store):
    run_id = run(store, "going", ended=False)
    with pytest.raises(StoreError, match="still running"):
        store.remove_run(run_id, STARTED)


def test_deleting_a_study_takes_removed_runs_at_once(store):
    store.remove_run(run(store, "Mine"), STARTED)
    store.delete_study("study-1")
    assert store.removed_runs() == []


def test_a_project_gets_no_money_back_by_any_way_of_deleting(store):
    spent = {"project": "p", "max_cost": None, "project_max_cost": 1.0}
    removed, deleted, kept = (run(store, name, cost=100_000, **spent) for name in "abc")

    def left():
        probe = run(store, "probe", ended=False, **spent)
        with sqlite3.connect(store.path) as db:
            alive = "SELECT SUM(cost_micros) FROM calls JOIN runs ON runs.id = run_id WHERE project = 'p'"
            gone = "SELECT SUM(micros) FROM spent_elsewhere WHERE project = 'p'"
            total = sum(db.execute(sql).fetchone()[0] or 0 for sql in (alive, gone))
        finish(store, probe, STARTED)
        return total

    store.remove_run(removed, STARTED)
    assert left() == 300_000
    store.restore_run(removed)
    store.remove_run(removed, STARTED)
    store.delete_run(deleted)
    assert left() == 300_000
    store.purge_removed(STARTED + timedelta(days=1))
    assert left() == 300_000
    assert [one.id for one in store.runs() if one.name == "c"] == [kept]
    store.delete_study("study-1")
    with sqlite3.connect(store.path) as db:
        assert db.execute("SELECT micros FROM spent_elsewhere").fetchall() == [(300_000,)]


# --- comparisons -----------------------------------------------------------------------------------


def test_a_comparison_comes_back_as_it_was_saved_and_changed(store):
    first, second, third = (run(store, name) for name in "abc")
    saved = store.save_comparison("For the board", [first, second], STARTED, note="Look", annotations={second: "dear"})
    found = store.comparison(saved)
    assert (found.title, found.note, found.run_ids) == ("For the board", "Look", (first, second))
    assert found.annotations == {second: "dear"}
    store.save_comparison("Again", [third, second], STARTED + timedelta(days=1), comparison_id=saved)
    changed = store.comparison(saved)
    assert (changed.title, changed.run_ids, changed.annotations) == ("Again", (third, second), {})
    assert changed.created_at == STARTED
    assert [one.id for one in store.comparisons()] == [saved]
    store.delete_comparison(saved)
    with pytest.raises(StoreError, match="no comparison"):
        store.comparison(saved)


def test_a_comparison_goes_with_the_last_of_its_runs(store):
    first, second = run(store, "a"), run(store, "b")
    saved = store.save_comparison("Two", [first, second], STARTED, note="secret")
    store.remove_run(first, STARTED)
    assert store.comparison(saved).run_ids == (second,)
    store.delete_run(first)
    assert store.comparison(saved).run_ids == (second,)
    store.delete_study("study-1")
    assert store.comparisons() == []
    assert b"secret" not in store.path.read_bytes()


@pytest.mark.parametrize("number", [0, 1, 9])
def test_fewer_than_two_and_more_than_eight_runs_are_refused(store, number):
    with pytest.raises(InputError, match="Choose 2 to 8 runs to compare"):
        store.save_comparison("x", [f"run-{at}" for at in range(number)], STARTED)


def test_names_of_runs_are_the_newest_of_a_study_without_those_taken_away(store):
    first, second, third = (run(store, f"Run {number}", after_s=number) for number in range(3))
    store.remove_run(third, STARTED)
    assert [found.id for found in store.run_names(10, "study-1")] == [second, first]
    assert [found.id for found in store.run_names(1)] == [second]
    assert store.run_names(10, "study-of-nobody") == []
