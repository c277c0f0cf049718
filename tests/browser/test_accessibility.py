"""axe-core on every page, with much and with nothing to show, light and dark: nothing serious that is ours."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.browser.conftest import Visitor, serve
from tests.browser.contrast import contrast
from tests.browser.populated import PAGES, populate

AXE = gzip.decompress((Path(__file__).parent / "assets" / "axe.min.js.gz").read_bytes()).decode()
SCAN = """async known => {
    const found = await axe.run(document, {resultTypes: ['violations']});
    const at = node => document.querySelector(node.target[0]);
    const ours = (rule, node) => !(known[rule.id] || []).some(place => at(node)?.closest(place));
    return found.violations
        .filter(rule => ['serious', 'critical'].includes(rule.impact))
        .flatMap(rule => rule.nodes
            .filter(node => ours(rule, node))
            .map(node => [rule.id, node.target, node.html.slice(0, 200), node.failureSummary].join(' | ')))
}"""

CHART_TEXT = """() => {
    const ground = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
    const places = ':is(.role-axis-label, .role-axis-title, .role-legend-label) text';
    return [...document.querySelectorAll(`[data-testid="stVegaLiteChart"] ${places}`)]
        .map(node => [getComputedStyle(node).fill, ground]);
}"""

BEYOND = """() => {
    const main = document.querySelector('[data-testid="stMain"]');
    return main.scrollWidth - main.clientWidth;
}"""
"""Pixels of the page beyond the right edge of the window."""

_MENU = '[data-testid="stSidebarNavItems"]'
KNOWN = {"list": [_MENU], "listitem": [_MENU]}
"""Streamlit's own faults, by rule and place: its menu has a `div` between the list and its items."""


class House(NamedTuple):
    """A server, and where its pages are."""

    address: str
    places: dict[str, str]


# Servers of its own: what other tests leave behind is neither empty nor the same each time.
@pytest.fixture(scope="module", params=["full", "empty"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp(request.param)
    places = {name: "/" if name == "start" else f"/{name}" for name in PAGES}
    if request.param == "full":
        places = populate(home / "persona.db")
    with serve(home) as address:
        yield House(address, places)


@pytest.fixture(scope="module", params=["light", "dark"])
def reader(request: pytest.FixtureRequest, house: House, browser: object) -> Iterator[Visitor]:
    visitor = Visitor(browser, house.address, color_scheme=request.param)
    yield visitor
    visitor.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_serious_fault_of_ours(house: House, reader: Visitor, name: str) -> None:
    reader.open(house.places[name])
    reader.draw()
    reader.page.evaluate(AXE)
    assert reader.page.evaluate(SCAN, KNOWN) == []
    # axe does not look into drawings.
    assert [pair for pair in reader.page.evaluate(CHART_TEXT) if contrast(pair) < 4.5] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["start", "results", "experiments", "runs", "compare", "calibrate"])
def test_page_on_a_phone_scrolls_downwards_only_and_has_no_serious_fault(
    house: House, reader: Visitor, name: str
) -> None:
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(house.places[name])
    reader.draw()
    assert reader.page.evaluate(BEYOND) == 0
    reader.page.evaluate(AXE)
    assert reader.page.evaluate(SCAN, KNOWN) == []
