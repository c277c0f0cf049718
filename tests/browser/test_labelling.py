"""Labelling with the keyboard only: thirty texts, a note, one undo, left and taken up again in another browser."""

import re

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.jobs.worker import Worker
from pipeline.sources import load_paths
from pipeline.store import Store
from tests.browser.conftest import ROOT, Installation, Visitor

pytestmark = pytest.mark.slow  # thirty texts; tests/pages/test_label.py labels without a browser

DONE = re.compile(r"(\d+) of (\d+)")


@pytest.fixture(scope="module")
def study_id(installation: Installation) -> str:
    """A study of its own, so that its one run is what is offered; with more than thirty kept drafts."""
    store = Store(installation.database)
    study = load_paths(sorted((ROOT / "data" / "hearthwise").iterdir())[1:], "Hearthwise to label")
    store.save_study(study)
    values = {"local_provider": "builtin", "frontier_provider": "simulated", "count": 40, "draft_factor": 1.0}
    config = HybridConfig.model_validate(values | {"frontier_model": "claude-sonnet-5-5", "quality_threshold": 0.75})
    Worker(store).run(study.id, config, Settings(), "Forty drafts")
    return study.id


def progress(visitor: Visitor) -> tuple[int, int]:
    """Labels given, and texts in all."""
    found = DONE.search(visitor.page.get_by_test_id("stProgress").first.inner_text())
    assert found
    return int(found[1]), int(found[2])


def press(visitor: Visitor, key: str, expected: int) -> None:
    """Press a key and wait until so many texts are labelled."""
    visitor.page.keyboard.press(key)
    visitor.page.get_by_text(re.compile(rf"^{expected} of \d+")).wait_for()
    visitor.settle()


def tab_to(visitor: Visitor, label: str) -> None:
    """Press Tab until a control with this accessible name has the focus."""
    named = "(one => one.matches('input, button') ? one.ariaLabel || one.innerText : '')(document.activeElement)"
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        if label in visitor.page.evaluate(named):
            return
    raise AssertionError(f"no control named {label} can be reached with Tab")


def test_thirty_texts_are_labelled_with_the_keyboard_only(
    installation: Installation, study_id: str, browser: object
) -> None:
    visitor = Visitor(browser, installation.address)
    keyboard = visitor.page.keyboard
    visitor.open(f"/label?study={study_id}")
    tab_to(visitor, "Draw these texts")
    keyboard.press("Enter")
    visitor.page.get_by_role("textbox", name="Your name").wait_for()
    tab_to(visitor, "Your name")
    keyboard.type("Ana")
    tab_to(visitor, "Draw and begin")
    keyboard.press("Enter")
    visitor.page.wait_for_url(re.compile("design=design-"))
    visitor.settle()
    assert progress(visitor)[1] >= 30

    tab_to(visitor, "Note")
    keyboard.type("a usual zebra says so")
    visitor.settle()
    assert progress(visitor)[0] == 0
    keyboard.press("Tab")
    visitor.settle()
    press(visitor, "u", 1)
    press(visitor, "a", 2)
    press(visitor, "z", 1)
    for done in range(2, 16):
        press(visitor, "aus"[done % 3], done)
    address = visitor.page.url.removeprefix(installation.address)
    assert "Ana" not in address
    visitor.context.close()

    later = Visitor(browser, installation.address)
    later.open(address)
    tab_to(later, "Your name")
    later.page.keyboard.type("ana")
    later.page.keyboard.press("Enter")
    tab_to(later, "Begin")
    later.page.keyboard.press("Enter")
    later.page.get_by_text(re.compile(r"^15 of \d+")).wait_for()
    later.settle()
    total = progress(later)[1]
    for done in range(16, total):
        press(later, "a", done)
    later.page.keyboard.press("a")
    later.page.get_by_text("Agreement between labels").wait_for()
    later.settle()
    assert later.page.get_by_text("Kappa (n = ").first.is_visible()
    assert later.strays == []
    later.context.close()

    store = Store(installation.database)
    (design,) = store.designs(study_id)
    labels = store.labels(design.id)
    assert design.labelled == {"Ana": total}
    assert (labels[0].verdict, labels[0].note) == ("unacceptable", "a usual zebra says so")
    assert {label.verdict for label in labels} == {"acceptable", "unacceptable", "unsure"}
