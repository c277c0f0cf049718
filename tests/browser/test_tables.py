"""Rows are marked in a real browser: by mouse and keyboard, over pages and searches, and whatever a name holds."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from pipeline.domain.config import HybridConfig
from pipeline.domain.units import SystemClock
from pipeline.store import Store
from tests.browser.conftest import Installation, Visitor
from tests.factories import make_call
from tests.pages.runs import ANSWERS, finished_run
from tests.pages.tables import idle_runs
from tests.scoring.studies import study_of

STUDY = "Only-in-tables"
RUNS = f"/runs?search={STUDY}"
HOSTILE = "<img src=x onerror=alert(1)>\u202e</td><script>document.title='hacked'</script>" + "x" * 300


@pytest.fixture(scope="module")
def house(installation: Installation) -> tuple[str, list[str]]:
    """The address of an app with thirty-two runs, and their ids, newest first; the newest one sent 60 requests.

    They are all runs of one study, and `RUNS` shows no other ones.
    """
    store = Store(installation.database)
    study = study_of({"P1": ANSWERS[0], "P2": ANSWERS[1]}).model_copy(update={"id": "study-tables", "name": STUDY})
    ids = idle_runs(installation.database, 30, study)
    hostile = finished_run(installation.database, HOSTILE, study)
    config = HybridConfig(local_provider="builtin", frontier_provider="anthropic")
    sent = store.create_run(study.id, config, name="Sent", simulated=False, now=SystemClock().now())
    for number in range(60):
        store.log(sent).call_opened(make_call(number).model_copy(update={"payload": '{"prompt": "Hello"}'}))
    return installation.address, [sent, hostile, *ids]


@pytest.fixture
def reader(browser: object, house: tuple[str, list[str]]) -> Iterator[Visitor]:
    visitor = Visitor(browser, house[0])
    yield visitor
    visitor.context.close()


def _marked(visitor: Visitor) -> list[str]:
    visitor.settle()
    return [mark.get_attribute("value") for mark in visitor.page.locator("tbody input:checked").all()]


def test_marks_on_two_pages_are_in_the_address_and_survive_a_reload(
    reader: Visitor, house: tuple[str, list[str]]
) -> None:
    ids, page = house[1], reader.page
    reader.open(RUNS)
    page.get_by_role("checkbox", name="Mark Run 29", exact=True).click()
    page.get_by_role("button", name="Next page").click()
    page.wait_for_url(re.compile("page=2"))
    page.get_by_role("checkbox", name="Mark Run 3", exact=True).click()
    assert _marked(reader) == [ids[28]]
    page.get_by_role("button", name="Compare 2").wait_for()
    page.reload()
    assert _marked(reader) == [ids[28]]
    assert page.get_by_text("1 marked run is not on this page.").is_visible()
    page.get_by_role("button", name="Compare 2").click()
    page.wait_for_url(re.compile(f"runs={ids[2]}(,|%2C){ids[28]}"))


@pytest.mark.slow
def test_rows_are_marked_by_keyboard_and_all_at_once(reader: Visitor, house: tuple[str, list[str]]) -> None:
    page = reader.page
    reader.open(RUNS)
    page.get_by_role("checkbox", name="Mark Run 29", exact=True).focus()
    for key in ("Space", "Tab", "Tab", "Space"):
        page.keyboard.press(key)
    assert _marked(reader) == house[1][2:4]
    assert page.evaluate("document.activeElement.value") == house[1][3]
    page.keyboard.press("Space")
    assert _marked(reader) == house[1][2:3]
    page.get_by_role("checkbox", name="Mark all on this page").click()
    assert len(_marked(reader)) == 25
    page.get_by_role("checkbox", name="Mark all on this page").click()
    assert _marked(reader) == []
    assert "chosen" not in page.url


def test_a_click_on_a_row_opens_its_run_and_one_on_a_head_sorts(reader: Visitor, house: tuple[str, list[str]]) -> None:
    page = reader.page
    reader.open(RUNS)
    page.get_by_role("button", name="Started").click()
    page.wait_for_url(re.compile("sort=.*oldest"))
    reader.settle()
    assert page.locator("tbody input").first.get_attribute("value") == house[1][-1]
    assert page.get_by_role("columnheader", name="Started").get_attribute("aria-sort") == "ascending"
    page.get_by_role("row", name=re.compile("Run 3 ")).get_by_role("cell", name="completed").click()
    page.wait_for_url(re.compile(f"results.*run={house[1][28]}"))


def test_a_run_is_opened_by_keyboard(reader: Visitor, house: tuple[str, list[str]]) -> None:
    reader.open(RUNS)
    reader.page.get_by_role("button", name="Run 29", exact=True).focus()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url(re.compile(f"results.*run={house[1][2]}"))


@pytest.mark.slow
def test_marks_set_faster_than_the_server_answers_all_hold(reader: Visitor, house: tuple[str, list[str]]) -> None:
    reader.open(RUNS)
    marks = "[...document.querySelectorAll('tbody input')].slice(0, 6)"
    reader.page.evaluate(f"for (const mark of {marks}) mark.click()")
    assert _marked(reader) == house[1][:6]
    reader.page.get_by_role("button", name="Compare 6").wait_for()


@pytest.mark.slow
def test_a_chosen_attempt_is_in_the_address_and_a_second_choice_gives_it_back(
    reader: Visitor, house: tuple[str, list[str]]
) -> None:
    page, run = reader.page, house[1][0]
    reader.open(f"/calls?run={run}")
    page.get_by_role("radio", name="Choose draft-001.refine.59", exact=True).click()
    page.get_by_role("heading", name="draft-001.refine.59").wait_for()
    page.wait_for_url(re.compile(r"call=draft-001\.refine\.59"))
    page.keyboard.press("ArrowDown")
    page.get_by_role("heading", name="draft-001.refine.58").wait_for()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("/calls[?]run=[^&]*$"))
    assert _marked(reader) == []
    reader.open(f"/calls?run={run}&call=draft-001.refine.1")
    assert _marked(reader) == ["draft-001.refine.1"]
    assert page.get_by_role("radio", name="Choose draft-001.refine.1", exact=True).is_visible()


@pytest.mark.slow
def test_a_hostile_name_is_only_ever_text(reader: Visitor, house: tuple[str, list[str]]) -> None:
    dialogs: list[str] = []
    reader.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for place in (f"{RUNS}&chosen={house[1][1]}", "/calls?run=all"):
        reader.open(place)
        name = reader.page.locator("tbody").get_by_text("<img src=x onerror=alert(1)>").first
        expect(name).to_be_visible()
        assert "\u202e" not in name.inner_text()
        assert reader.page.locator("tbody :is(img, script)").count() == 0
        assert reader.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 1280
    assert (dialogs, reader.strays) == ([], [])
    assert "hacked" not in reader.page.title()
