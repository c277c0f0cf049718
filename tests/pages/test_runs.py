from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages import _ui
from pipeline.store import Store
from tests.pages.runs import finished_run

App = Callable[[], AppTest]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App) -> AppTest:
    # A page has its real address only after `st.navigation` has run once.
    return app().run().switch_page(_ui.RUNS).run()


def _press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_without_a_run_the_page_offers_the_next_step(app: App) -> None:
    page = _open(app)
    assert page.title[0].value == "Runs"
    assert "No run yet" in page.markdown[0].value
    assert not page.exception


def test_runs_are_listed_newest_first_with_marked_money(app: App, database: Path) -> None:
    finished_run(database, "First")
    finished_run(database, "Second", skip_frontier=True)
    table = _open(app).dataframe[0].value
    assert list(table["Run"]) == ["Second", "First"]
    assert [amount.endswith(" (simulated)") for amount in table["Spent"]] == [False, True]


def test_a_search_narrows_the_table_and_an_empty_one_says_so(app: App, database: Path) -> None:
    finished_run(database, "Night tariff")
    finished_run(database, "Day tariff")
    page = _open(app)
    page.text_input(key="search").set_value("night").run()
    assert list(page.dataframe[0].value["Run"]) == ["Night tariff"]
    page.text_input(key="search").set_value("nothing like it").run()
    assert "No run fits" in page.info[0].value


def test_opening_a_run_leads_to_its_results(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _press(_open(app), "Open")
    assert page.title[0].value == "Results"
    assert page.query_params["run"] == run_id


def test_a_deleted_run_is_gone(app: App, database: Path) -> None:
    finished_run(database)
    page = _press(_open(app), "Delete for good")
    assert Store(database).runs() == []
    assert "No run yet" in page.markdown[0].value


def test_a_run_can_be_renamed(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app)
    page.text_input(key=f"name {run_id}").set_value("For the board")
    _press(page, "Save")
    assert Store(database).run(run_id).name == "For the board"


def test_a_name_that_is_a_formula_does_nothing_in_a_spreadsheet(app: App, database: Path) -> None:
    finished_run(database, "=1+1")
    assert _open(app).dataframe[0].value["Run"][0] == "'=1+1"
