from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.store import Store
from tests.pages.conftest import App, button, words
from tests.pages.runs import finished_run


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _results(app: App, run_id: str) -> AppTest:
    page = app().run()
    page.switch_page(ui.RESULTS)
    page.query_params["run"] = run_id
    return page.run()


def _branch(app: App, run_id: str) -> AppTest:
    page = _results(app, run_id)
    button(page, "Branch").click().run()
    page.switch_page(ui.CONFIGURE)
    return page.run()


def test_branch_opens_configure_with_the_drafts_of_the_run_and_no_way_to_change_them(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _branch(app, run_id)
    assert not page.exception
    assert f"4 drafts of {run_id}, none written anew" in words(page)
    assert "cannot be changed here" in words(page)
    assert "Drafted by" not in [box.label for box in page.selectbox]


def test_run_from_drafts_is_started_and_says_where_they_are_from(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _branch(app, run_id)
    page.slider(key="setting_quality_threshold").set_value(1.0).run()
    button(page, "Run").click().run()
    store = Store(database)
    (newest,) = store.runs(limit=1)
    assert store.run(newest.id).drafts_from == run_id
    assert f"drafts from {run_id}" in words(_results(app, newest.id))


def test_drafts_can_be_written_anew_after_all(app: App, database: Path) -> None:
    page = _branch(app, finished_run(database))
    button(page, "Write new drafts instead").click().run()
    assert "Drafted by" in [box.label for box in page.selectbox]


def test_drafts_of_a_run_that_was_deleted_meanwhile_are_not_used(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _results(app, run_id)
    button(page, "Branch").click().run()
    Store(database).delete_run(run_id)
    page.switch_page(ui.CONFIGURE)
    page.run()
    assert not page.exception
    assert "Drafted by" in [box.label for box in page.selectbox]
