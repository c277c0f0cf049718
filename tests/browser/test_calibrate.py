"""The threshold in a real browser: moved with the arrow keys, certified, and carried into a run."""

import re
from collections.abc import Iterator

import pytest

from tests.browser.conftest import Installation, Visitor
from tests.invented import invented_run, invented_scores, labelled_run


@pytest.fixture(scope="module")
def calibrated(installation: Installation) -> tuple[str, str]:
    """The address of a server, and a labelled run in its database."""
    database = installation.database
    run_id = invented_run(database, invented_scores(200), count=200, draft_factor=1.0, max_cost=2.0)
    labelled_run(database, run_id, labels=80)
    return installation.address, run_id


@pytest.fixture
def visitor(browser: object, calibrated: tuple[str, str]) -> Iterator[Visitor]:
    address, run_id = calibrated
    visitor = Visitor(browser, address)
    visitor.open(f"/calibrate?runs={run_id}")
    visitor.page.get_by_text("With 90 % confidence").first.wait_for(timeout=60_000)
    visitor.settle()
    yield visitor
    visitor.context.close()


def figures(visitor: Visitor) -> list[str]:
    values = visitor.page.locator("table td:nth-child(2)")
    values.nth(4).wait_for()
    return values.all_inner_texts()


def test_arrow_keys_move_the_threshold_with_every_figure_and_the_address(visitor: Visitor) -> None:
    page, before = visitor.page, figures(visitor)
    slider = page.get_by_role("slider").first
    moved = float(slider.input_value()) + 0.03
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: f"at={moved:.2f}".rstrip("0") in url)
    page.get_by_text(f"local at {moved:.2f}").first.wait_for()
    visitor.settle()
    assert sum(one != other for one, other in zip(before, figures(visitor), strict=True)) >= 3
    assert visitor.strays == []


def test_the_certificate_is_there_and_its_threshold_starts_a_run(visitor: Visitor) -> None:
    page = visitor.page
    alert = page.locator('[data-testid="stAlert"]', has_text="With 90 % confidence").first.inner_text()
    assert "With 90 % confidence at most 10 % of the personas from this setup" in alert
    certified = re.search(r"Use (0\.\d+|1\.00)\.", alert)
    assert certified
    page.get_by_role("button", name="Use this threshold").click()
    page.wait_for_url(re.compile("/configure"))
    visitor.settle()
    page.get_by_text(f"Drafts at {certified.group(1)} or over stay as they are").first.wait_for()
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url(re.compile("run=run-"), timeout=60_000)
    page.get_by_text(f"threshold {certified.group(1)}").first.wait_for(timeout=60_000)


def test_a_link_shows_what_its_sender_saw(visitor: Visitor, browser: object) -> None:
    page = visitor.page
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"[?&]at=0\.\d\d"))
    visitor.settle()
    fresh = Visitor(browser, visitor.server)
    fresh.open(page.url.removeprefix(visitor.server))
    fresh.page.get_by_text("With 90 % confidence").first.wait_for(timeout=60_000)
    fresh.settle()
    assert figures(fresh) == figures(visitor)
    fresh.context.close()
