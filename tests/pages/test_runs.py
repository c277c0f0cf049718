from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.store import Store
from tests.invented import invented_run, invented_scores
from tests.pages.runs import finished_run
from tests.pages.tables import column, idle_runs, sent

App = Callable[[], AppTest]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App, *chosen: str) -> AppTest:
    # A page has its real address only after `st.navigation` has run once.
    page = app().run().switch_page(ui.RUNS)
    if chosen:
        page.query_params["chosen"] = ",".join(chosen)
    return page.run()


def _button(page: AppTest, label: str):
    return next(button for button in page.button if button.label == label)


def _press(page: AppTest, label: str) -> AppTest:
    return _button(page, label).click().run()


def _names(page: AppTest) -> list[str]:
    return column(page, "Run")


def test_without_a_run_the_page_offers_the_next_step(app: App) -> None:
    page = _open(app)
    assert page.title[0].value == "Runs"
    assert "No run yet" in page.markdown[0].value
    assert not page.exception


def test_runs_are_listed_newest_first_with_marked_money_and_their_scores(app: App, database: Path) -> None:
    finished_run(database, "First")
    finished_run(database, "Second", skip_frontier=True)
    page = _open(app)
    assert _names(page) == ["Second", "First"]
    assert [amount.endswith(" sim.") for amount in column(page, "Spent")] == [False, True]
    assert [sum(bars["values"]) for bars in column(page, "Draft scores")] == [4, 4]
    assert column(page, "Draft scores")[0]["words"].startswith("4 drafts, scores 0.")


def test_a_search_narrows_the_table_and_an_empty_one_says_so(app: App, database: Path) -> None:
    finished_run(database, "Night tariff")
    finished_run(database, "Day tariff")
    page = _open(app)
    page.text_input(key="search").set_value("night").run()
    assert _names(page) == ["Night tariff"]
    page.text_input(key="search").set_value("nothing like it").run()
    assert "No run matches" in page.info[0].value


def test_filters_and_order_decide_what_is_listed(app: App, database: Path) -> None:
    finished_run(database, "B", skip_frontier=True)
    finished_run(database, "A", quality_threshold=0.9)
    page = _open(app)
    page.selectbox(key="sort").set_value("name").run()
    page.selectbox(key="money").set_value("simulated").run()
    assert _names(page) == ["A"]


def test_nothing_can_be_done_before_a_run_is_marked(app: App, database: Path) -> None:
    finished_run(database)
    page = _open(app)
    assert [(button.label, button.disabled) for button in page.button] == [
        ("Open", True),
        ("Compare", True),
        ("Import bundle", True),
    ]


def test_opening_a_marked_run_leads_to_its_results(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _press(_open(app, run_id), "Open")
    assert page.title[0].value == "Results"
    assert page.query_params["run"] == run_id


def test_two_marked_runs_lead_to_their_comparison_in_the_order_of_the_table(app: App, database: Path) -> None:
    first, second = finished_run(database, "First"), finished_run(database, "Second")
    page = _press(_open(app, first, second), "Compare 2")
    assert page.title[0].value == "Compare"
    assert page.query_params["runs"] == f"{second},{first}"


def test_a_deleted_run_is_gone_and_undo_brings_it_back(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _press(_open(app, run_id), "Delete")
    assert Store(database).runs() == []
    assert any("was deleted" in text.value for text in page.markdown)
    page = _press(page, "Undo")
    assert [run.id for run in Store(database).runs()] == [run_id]
    assert not page.exception


def test_a_run_can_be_renamed_tagged_and_noted(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    page.text_input(key=f"name {run_id}").set_value("For the board")
    page.text_input(key=f"tags {run_id}").set_value("board, May")
    page.text_area(key=f"note {run_id}").set_value("Look at the second one.")
    _press(page, "Save")
    (run,) = Store(database).listed_runs([run_id])
    assert (run.name, run.tags, run.note) == ("For the board", ("board", "May"), "Look at the second one.")


def test_pinning_and_archiving_change_the_place_of_a_run(app: App, database: Path) -> None:
    old, new = finished_run(database, "Old"), finished_run(database, "New")
    page = _press(_open(app, old), "Pin")
    assert _names(page) == ["★ Old", "New"]
    page = _press(_open(app, new), "Archive")
    assert _names(page) == ["★ Old"]
    page.toggle(key="archived").set_value(True).run()
    assert _names(page) == ["New"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("x" * 2000, "x" * 61 + "…" + "x" * 18),
        ("one\ntwo", "one two"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_a_hostile_name_does_nothing(app: App, database: Path, name: str, shown: str) -> None:
    run_id = finished_run(database, name)
    page = _open(app, run_id)
    assert _names(page) == [shown]
    assert not any("<script>" in text.value for text in page.markdown)
    assert not page.exception


def test_marks_hold_on_the_next_page_and_on_the_way_back(app: App, database: Path) -> None:
    ids = idle_runs(database, 30)
    page = _open(app, ids[0], ids[3])
    page.pagination[0].set_value(2).run()
    assert len(_names(page)) == 5
    assert page.query_params["page"] == "2"
    assert any("2 marked runs are not on this page" in text.value for text in page.caption)
    page.pagination[0].set_value(1).run()
    assert "page" not in page.query_params
    assert not any("not on this page" in text.value for text in page.caption)
    page = _press(page, "Compare 2")
    assert page.query_params["runs"] == f"{ids[0]},{ids[3]}"


def test_marks_hold_in_another_search_in_the_address_and_on_the_way_back(app: App, database: Path) -> None:
    night = finished_run(database, "Night tariff")
    finished_run(database, "Day tariff")
    page = _open(app, night)
    page.text_input(key="search").set_value("day").run()
    assert (_names(page), sent(page)["marked"]) == (["Day tariff"], [night])
    assert page.query_params["chosen"] == night
    assert any("1 marked run is not on this page" in text.value for text in page.caption)
    page = page.switch_page(ui.COMPARE).run().switch_page(ui.RUNS).run()
    assert sent(page)["marked"] == [night]
    page.text_input(key="search").set_value("day").run()
    page = _press(page, "Unmark all")
    assert "chosen" not in page.query_params
    assert sent(page)["marked"] == []


def test_marks_of_runs_that_are_gone_are_forgotten(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app, "run-gone", run_id, "")
    assert page.query_params["chosen"] == run_id


@pytest.mark.parametrize(("asked", "first"), [("2", "Run 4"), ("99", "Run 29"), ("0", "Run 29"), ("x²", "Run 29")])
def test_the_page_of_the_address_is_shown(app: App, database: Path, asked: str, first: str) -> None:
    idle_runs(database, 30)
    page = app().run().switch_page(ui.RUNS)
    page.query_params["page"] = asked
    page.run()
    assert not page.exception
    assert _names(page)[0] == first
    page.text_input(key="search").set_value("Run 1").run()
    assert "page" not in page.query_params


def test_what_is_archived_is_not_marked_any_more(app: App, database: Path) -> None:
    ids = idle_runs(database, 3)
    page = _press(_open(app, *ids[:2]), "Archive")
    assert _names(page) == ["Run 0"]
    Store(database).archive_run(ids[1], False)
    page.run()
    assert next(button for button in page.button if button.label == "Open").disabled


def test_trend_of_a_setup_lists_its_runs_with_a_mark_where_it_drifted(app: App, database: Path) -> None:
    scores = invented_scores(60)
    for shift in (0.0, 0.0, 0.3):
        invented_run(database, [max(0.0, score - shift) for score in scores], count=60, draft_factor=1.0)
    page = app().run()
    page.session_state["trend"] = True
    page = page.switch_page(ui.RUNS).run()
    assert not page.exception
    table = page.dataframe[-1].value
    assert len(table) == 3
    assert sum(table[""] == "⚠ drifted") == 1
