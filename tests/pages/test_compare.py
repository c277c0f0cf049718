from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.domain.config import HybridConfig, Settings
from pipeline.jobs.worker import Worker
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store
from tests.pages.runs import ANSWERS, finished_run

App = Callable[[], AppTest]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App, **query: str | list[str]) -> AppTest:
    page = app().run().switch_page(ui.COMPARE)
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def _texts(page: AppTest) -> str:
    return "\n".join(element.value for element in (*page.markdown, *page.caption, *page.header))


def _two(database: Path) -> tuple[str, str]:
    return (
        finished_run(database, "Low", quality_threshold=0.1),
        finished_run(database, "High", quality_threshold=1.0),
    )


def test_without_runs_the_page_offers_to_choose_some_and_lists_saved_comparisons(app: App, database: Path) -> None:
    runs = _two(database)
    Store(database).save_comparison("For the board", runs, datetime.now(UTC))
    page = _open(app)
    assert "Choose 2 to 8 runs" in page.markdown[0].value
    saved = next(button for button in page.button if button.label == "For the board").click().run()
    assert saved.header[0].value == "For the board"
    assert not saved.exception


def test_runs_may_stand_in_the_address_once_each_as_on_calibrate(app: App, database: Path) -> None:
    runs = _two(database)
    apart, together = _open(app, runs=list(runs)), _open(app, runs=",".join(runs))
    assert not apart.exception
    assert _texts(apart) == _texts(together)
    assert "**less local**" in _texts(apart)


def test_a_run_that_uses_the_drafts_of_another_is_told_by_the_letter_of_that_one(app: App, database: Path) -> None:
    first = finished_run(database, "First", quality_threshold=0.1)
    store = Store(database)
    worker = Worker(store, cache=database.parent / ".cache")
    config = store.run(first).config.model_copy(update={"quality_threshold": 1.0})
    branch = worker.branch(first, config, Settings(), name="Branch", wait=True)
    assert "| drafts | its own | those of A |" in _texts(_open(app, runs=f"{first},{branch}"))


def test_two_runs_show_only_what_differs_then_the_differences(app: App, database: Path) -> None:
    page = _open(app, runs=",".join(_two(database)))
    assert not page.exception
    table = next(text.value for text in page.markdown if text.value.startswith("| Setting"))
    assert table.splitlines()[2:] == ["| quality threshold | 0\\.1 | 1 |"]
    texts = _texts(page)
    assert "**less local**" in texts
    assert "B\\: same 2 drafts" in texts
    assert "**Cost per persona (simulated)**" in texts
    assert [heading.value for heading in page.header] == ["What differs", "Results", "Personas side by side"]


def test_the_first_run_of_the_address_is_the_baseline(app: App, database: Path) -> None:
    low, high = _two(database)
    assert "**more local**" in _texts(_open(app, runs=f"{high},{low}"))


def test_other_runs_can_be_chosen_on_the_page(app: App, database: Path) -> None:
    low, high = _two(database)
    page = _open(app)
    page.multiselect[0].set_value([high, low])
    page = next(button for button in page.button if button.label == "Compare").click().run()
    assert page.query_params["runs"] == f"{high},{low}"
    assert "**more local**" in _texts(page)


def test_a_saved_comparison_shows_title_note_and_annotations_before_anything_else(app: App, database: Path) -> None:
    low, high = _two(database)
    page = _open(app, runs=f"{low},{high}")
    page.text_input(key="title ").set_value("Is it worth it?")
    page.text_area(key="note ").set_value("Look at B.\nIt costs more.")
    page.text_input(key=f"about {high} ").set_value("the dear one")
    page = next(button for button in page.button if button.label == "Save").click().run()
    (saved,) = Store(database).comparisons()
    assert (saved.title, saved.run_ids, saved.annotations) == ("Is it worth it?", (low, high), {high: "the dear one"})
    assert page.query_params["comparison"] == saved.id
    fresh = _open(app, comparison=saved.id)
    assert fresh.header[0].value == "Is it worth it?"
    assert fresh.markdown[0].value == "Look at B\\.\n\nIt costs more\\."
    assert "*the dear one*" in _texts(fresh)


def test_a_saved_comparison_can_be_changed_and_deleted(app: App, database: Path) -> None:
    runs = _two(database)
    saved = Store(database).save_comparison("Draft", runs, datetime.now(UTC))
    page = _open(app, comparison=saved)
    page.text_input(key=f"title {saved}").set_value("Final")
    page = next(button for button in page.button if button.label == "Save").click().run()
    assert [one.title for one in Store(database).comparisons()] == ["Final"]
    next(button for button in page.button if button.label == "Delete this comparison").click().run()
    assert Store(database).comparisons() == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"runs": "run-none,run-never"}, "not in this database"),
        ({"comparison": "cmp-none"}, "There is no comparison"),
        ({"runs": "<script>alert(1)</script>"}, "not in this database"),
    ],
)
def test_a_link_to_what_is_not_there_says_so(app: App, database: Path, query: dict[str, str], said: str) -> None:
    finished_run(database)
    page = _open(app, **query)
    assert said in page.error[0].value
    assert "<script>" not in page.error[0].value
    assert not page.exception


def test_a_run_deleted_meanwhile_is_named_and_the_rest_is_compared(app: App, database: Path) -> None:
    low, high = _two(database)
    gone = finished_run(database, "Gone")
    Store(database).remove_run(gone, datetime.now(UTC))
    page = _open(app, runs=f"{low},{gone},{high}")
    assert gone.replace("-", "\\-") in page.error[0].value
    assert "**less local**" in _texts(page)


def test_runs_of_different_studies_come_with_a_warning(app: App, database: Path) -> None:
    first, store = finished_run(database), Store(database)
    other = load_files([SourceFile(name="P1.txt", data=f"P1: {ANSWERS[0]}".encode())], "Another")
    store.save_study(other)
    config = HybridConfig(local_provider="builtin", enabled=False, count=1)
    second = Worker(store).run(other.id, config, Settings(), "x")
    page = _open(app, runs=f"{first},{second}")
    assert "different studies" in page.warning[0].value
    assert not page.exception


HOSTILE = "<script>alert(1)</script> \u202e{{7*7}} **bold** | $x$ " + "x" * 2000


def test_hostile_names_titles_and_notes_are_shown_as_text(app: App, database: Path) -> None:
    runs = (finished_run(database, HOSTILE), finished_run(database, HOSTILE))
    saved = Store(database).save_comparison(
        HOSTILE, runs, datetime.now(UTC), note=HOSTILE, annotations={runs[0]: HOSTILE}
    )
    page = _open(app, comparison=saved)
    assert not page.exception
    texts = _texts(page)
    assert "<script>" not in texts
    assert "**bold**" not in texts
    assert "\u202e" not in "".join(text.value for text in (*page.header, *page.caption))
    _open(app)
    assert len(page.header[0].value) < 400


def test_a_chart_of_a_comparison_is_downloaded_as_a_picture_too(app: App, database: Path) -> None:
    first, second = _two(database)
    page = _open(app, runs=f"{first},{second}")
    page.session_state["open mix"] = True
    page.run()
    assert not page.exception
    assert {"CSV", "PNG", "SVG"} <= {button.proto.label for button in page.get("download_button")}


def test_fewer_than_two_runs_lead_to_configure_and_offer_no_choice(app) -> None:
    page = app().switch_page("pages/compare.py").run()
    assert "There is no run yet, and a comparison needs 2." in [one.value for one in page.caption]
    assert not page.multiselect
