"""The fields of Configure in a real browser: what is folded away keeps its settings, and keys do what they say."""

import re

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.conftest import Installation, Visitor

pytestmark = pytest.mark.slow  # each waits for popovers to fold; tests/pages/test_configure.py has the same settings


def _fold(page: Page, label: str) -> Locator:
    return page.get_by_role("button", name=label)


def _open(visitor: Visitor, installation: Installation) -> None:
    visitor.open(f"/configure?study={installation.example}")


def _yaml(visitor: Visitor) -> str:
    """The settings as the page exports them."""
    visitor.page.get_by_text("Configuration as YAML").click()
    visitor.settle()
    text = visitor.page.get_by_test_id("stCode").first.inner_text()
    visitor.page.get_by_text("Configuration as YAML").click()
    visitor.settle()
    return text


def test_settings_that_are_folded_away_stay_what_they_are(visitor: Visitor, installation: Installation) -> None:
    page = visitor.page
    _open(visitor, installation)
    before = _yaml(visitor)
    for label in (
        "More on drafting",
        "Weights of the score",
        "Optional scorers",
        "More on refining",
        "Price of the model",
    ):
        _fold(page, label).click()
        visitor.settle()
        page.keyboard.press("Escape")
        visitor.settle()
    assert _yaml(visitor) == before


def test_a_typed_setting_counts_when_its_popover_is_closed_at_once(
    visitor: Visitor, installation: Installation
) -> None:
    page = visitor.page
    _open(visitor, installation)
    _fold(page, "More on drafting").click()
    page.get_by_label("Seed", exact=True).fill("41")
    page.get_by_role("heading", name="Configure").click()
    page.get_by_text("1 setting here differs from the default.").wait_for()
    visitor.settle()
    _fold(page, "More on drafting").click()
    page.get_by_label("Seed", exact=True).wait_for()
    assert page.get_by_label("Seed", exact=True).input_value() == "41"
    assert "seed: 41" in _yaml(visitor)


def test_pasted_settings_wait_for_their_button_and_stay_when_the_place_is_folded(
    visitor: Visitor, installation: Installation
) -> None:
    page = visitor.page
    _open(visitor, installation)
    page.get_by_text("Configuration as YAML").click()
    page.get_by_label("or paste it here").fill("hybrid:\n  quality_threshold: 0.61\n")
    page.keyboard.press("Control+Enter")
    visitor.settle()
    page.get_by_text("Configuration as YAML").click()
    visitor.settle()
    page.keyboard.press("Control+Enter")
    visitor.settle()
    assert page.get_by_role("button", name=re.compile("^Run")).is_disabled()
    assert "run=" not in page.url
    page.get_by_text("Configuration as YAML").click()
    page.get_by_role("button", name="Use these settings").click()
    page.get_by_text("Drafts at 0.61 or over stay").wait_for()
    visitor.settle()
    page.get_by_text("Configuration as YAML").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("run=run-"), timeout=60_000)
