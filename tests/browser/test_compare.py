"""Two runs of the example study compared in a browser, and the link opened in another one."""

import re
from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.jobs.worker import Worker
from pipeline.sources import load_paths
from pipeline.store import Store
from tests.browser.conftest import Installation, Visitor

STUDY = Path(__file__).resolve().parents[2] / "data" / "hearthwise"
HOSTILE = "<script>document.title='hacked'</script><img src=x onerror=alert(1)> \u202e" + "x" * 2000


@pytest.fixture(scope="module")
def compared(installation: Installation) -> tuple[str, str, str]:
    """The address of an app with two runs of the example study, and their ids."""
    store = Store(installation.database)
    config = HybridConfig(local_provider="builtin", frontier_provider="simulated")
    first, second = (
        Worker(store, cache=installation.database.parent / ".cache").run(
            installation.example,
            config.model_copy(update={"quality_threshold": threshold}),
            Settings(),
            f"Compared at {threshold}",
        )
        for threshold in (0.5, 0.9)
    )
    return installation.address, first, second


def _settled_text(visitor: Visitor) -> str:
    visitor.page.get_by_text("Personas side by side").first.wait_for(timeout=60_000)
    drawn = "document.querySelectorAll('[data-testid=stVegaLiteChart] :is(canvas, svg)').length"
    visitor.page.wait_for_function(f"{drawn} >= 4")
    visitor.settle()
    return visitor.page.locator('[data-testid="stMain"]').inner_text()


def test_marked_runs_are_compared_saved_and_shown_alike_in_a_fresh_browser(
    browser: object, compared: tuple[str, str, str]
) -> None:
    address, first, second = compared
    visitor = Visitor(browser, address)
    visitor.open(f"/runs?chosen={first},{second}")
    visitor.page.get_by_role("button", name="Compare 2").click()
    visitor.page.wait_for_url(re.compile(f"/compare\\?runs={second}(,|%2C){first}"))
    text = _settled_text(visitor)
    assert "quality threshold" in text
    assert "cheaper" in text
    assert "same 5 drafts" in text

    page = visitor.page
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("textbox", name="Title").fill("Is the higher threshold worth it?")
    page.get_by_role("textbox", name="Note for readers").fill("Four of five personas change.")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("comparison=cmp-"))
    page.get_by_text("Four of five personas change.").first.wait_for()
    page.keyboard.press("Escape")
    mine = _settled_text(visitor)

    fresh = Visitor(browser, address)
    fresh.open(page.url.removeprefix(address))
    theirs = _settled_text(fresh)
    assert theirs == mine
    assert theirs.index("Is the higher threshold worth it?") < theirs.index("What differs")
    charts = [one.page.locator('[data-testid="stVegaLiteChart"]').count() for one in (visitor, fresh)]
    assert charts == [4, 4]
    assert fresh.strays == visitor.strays == []
    for one in (visitor, fresh):
        one.context.close()


def test_filters_of_the_list_are_in_its_address(
    browser: object, compared: tuple[str, str, str], installation: Installation
) -> None:
    visitor = Visitor(browser, compared[0])
    visitor.open("/runs?search=compared+at+0.9&sort=name")
    runs = len(Store(installation.database).runs())
    assert f"1 of {runs} runs" in visitor.page.locator('[data-testid="stMain"]').inner_text()
    visitor.context.close()


@pytest.mark.slow
def test_hostile_names_and_titles_do_nothing_in_the_browser(browser: object, installation: Installation) -> None:
    store = Store(installation.database)
    study = load_paths([STUDY / "P01_maren.txt"], HOSTILE)
    store.save_study(study)
    config = HybridConfig(local_provider="builtin", enabled=False, count=1)
    runs = [Worker(store).run(study.id, config, Settings(), HOSTILE) for _ in range(2)]
    from pipeline.domain.units import SystemClock

    saved = store.save_comparison(HOSTILE, runs, SystemClock().now(), note=HOSTILE, annotations={runs[0]: HOSTILE})
    visitor = Visitor(browser, installation.address)
    dialogs: list[str] = []
    visitor.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in (f"/runs?chosen={runs[0]}", f"/compare?comparison={saved}", "/compare"):
        visitor.open(path)
        wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
        assert visitor.page.evaluate(wide) <= 1280
        assert "hacked" not in visitor.page.title()
        assert visitor.page.locator("img[src=x]").count() == 0
    assert dialogs == []
    assert visitor.strays == []
    visitor.context.close()
