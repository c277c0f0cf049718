"""A person works on personas in a real browser, by keyboard too; the card, the report and the exports follow."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pptx import Presentation

from pipeline.store import Store
from tests.browser.conftest import Installation, Visitor
from tests.pages.runs import finished_run

FOCUSED = """() => {
    const one = document.activeElement;
    return one.closest('[role=dialog]')
        ? (one.ariaLabel || one.labels?.[0]?.innerText || one.innerText || '').replace(/^[a-z_]+\\n/, '').trim()
        : '';
}"""
"""Name of the control of the dialog that has the focus, without the name of its icon."""


@pytest.fixture
def editor(browser: object, installation: Installation) -> Iterator[tuple[Visitor, str]]:
    run_id = finished_run(installation.database, name="Edited", count=3, draft_factor=1.0)
    visitor = Visitor(browser, f"{installation.address}/results?run={run_id}")
    visitor.open("")
    visitor.page.locator("article").first.wait_for()
    yield visitor, run_id
    visitor.context.close()


def press(visitor: Visitor, name: str) -> None:
    """Press a button of the open dialog with the keyboard alone."""
    found = visitor.page.get_by_role("dialog").get_by_role("button", name=name, exact=True)
    found.focus()
    visitor.page.keyboard.press("Enter")
    visitor.settle()


def open_editor(visitor: Visitor, card: int = 0) -> None:
    button = visitor.page.locator("article").nth(card).get_by_role("button", name="Edit")
    button.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("dialog").wait_for()
    visitor.settle()


def close(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("dialog").wait_for(state="detached")
    visitor.settle()


def download(visitor: Visitor, name: str) -> bytes:
    if not visitor.page.get_by_role("button", name=re.compile(rf"(^|\s){name}( \(simulated\))?$")).is_visible():
        visitor.page.get_by_role("button", name="Export").click()
        visitor.settle()
    with visitor.page.expect_download() as taken:
        visitor.page.get_by_role("button", name=re.compile(rf"(^|\s){name}( \(simulated\))?$")).click()
    return Path(taken.value.path()).read_bytes()


def test_persona_is_edited_rejected_merged_undone_and_everything_follows(
    editor: tuple[Visitor, str], installation: Installation
) -> None:
    visitor, run_id = editor
    page, store = visitor.page, Store(installation.database)
    first = store.run(run_id).personas[0]
    open_editor(visitor)
    words = page.get_by_role("dialog").get_by_label("Words of this claim")
    words.fill("Play chess in Minsk")
    press(visitor, "Save words")
    page.get_by_role("dialog").get_by_text("This claim is unsupported").wait_for()
    press(visitor, "Reject")
    press(visitor, "Undo")
    page.get_by_role("dialog").get_by_role("radio", name="People").click()
    visitor.settle()
    press(visitor, "Merge")
    assert [row.edit.action for row in store.edit_rows(run_id)] == ["text", "reject", "undo", "merge"]
    close(visitor)
    page.locator("article").nth(2).wait_for(state="detached")
    card = page.locator("article", has_text="Play chess in Minsk")
    assert "edited: 2 changes by analyst" in card.inner_text()
    told = json.loads(download(visitor, "Everything as JSON"))
    (edited,) = [one for one in told["personas"] if one["edited"]]
    assert "Play chess in Minsk" in edited["persona"]["goals"]
    assert edited["outcome"] == first.outcome
    assert "edited: 2 changes by analyst" in download(visitor, "Report").decode()
    deck = Presentation(io.BytesIO(download(visitor, r"Slides \(PowerPoint\)")))
    slides = [
        " ".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame) for slide in deck.slides
    ]
    assert any("Play chess in Minsk" in words and "edited" in words for words in slides)


def tab_to(visitor: Visitor, name: str) -> None:
    """Press Tab until the control with this name has the focus."""
    for _ in range(80):
        visitor.page.keyboard.press("Tab")
        if name == visitor.page.evaluate(FOCUSED):
            return
    raise AssertionError(f"{name} is not reached by Tab")


def press_by_tab(visitor: Visitor, name: str) -> None:
    tab_to(visitor, name)
    visitor.page.keyboard.press("Enter")
    visitor.settle()


def view_by_arrow(visitor: Visitor, before: str, name: str) -> None:
    """Go from one part of the editor to another with the arrow keys."""
    tab_to(visitor, before)
    for _ in range(4):
        visitor.page.keyboard.press("ArrowRight")
        if name == visitor.page.evaluate(FOCUSED):
            break
    visitor.page.keyboard.press("Enter")
    visitor.settle()


@pytest.mark.slow
def test_all_of_the_editor_can_be_done_with_the_keyboard_alone(
    editor: tuple[Visitor, str], installation: Installation
) -> None:
    visitor, run_id = editor
    page, store = visitor.page, Store(installation.database)
    keyboard = page.keyboard

    def actions() -> list[str]:
        return [row.edit.action for row in store.edit_rows(run_id)]

    page.locator("article").first.get_by_role("button", name="Edit").focus()
    keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    visitor.settle()
    tab_to(visitor, "Words of this claim")
    keyboard.press("Control+A")
    keyboard.type("Play chess in Minsk")
    keyboard.press("Control+Enter")
    visitor.settle()
    press_by_tab(visitor, "Pin")
    press_by_tab(visitor, "Move")
    tab_to(visitor, "Search the study for another source")
    keyboard.type("bill")
    keyboard.press("Enter")
    visitor.settle()
    press_by_tab(visitor, "Use as source")
    tab_to(visitor, "Words of the new claim")
    keyboard.type("Plays draughts as well")
    press_by_tab(visitor, "Add claim")
    press_by_tab(visitor, "Reject")
    press_by_tab(visitor, "Undo")
    assert actions() == ["text", "pin", "move", "source", "add", "reject", "undo"]
    view_by_arrow(visitor, "Claims", "People")
    press_by_tab(visitor, "Merge")
    assert actions()[7:] == ["merge"]
    tab_to(visitor, "People who leave for a persona of their own")
    keyboard.type("R2")
    keyboard.press("Enter")
    keyboard.press("Escape")  # closes the list, not the editor
    visitor.settle()
    press_by_tab(visitor, "Split")
    assert actions()[7:] == ["merge", "split"]


def test_every_control_of_the_editor_has_a_label_and_can_be_reached_by_tab(editor: tuple[Visitor, str]) -> None:
    visitor, _ = editor
    open_editor(visitor)
    page = visitor.page
    press(visitor, "Pin")  # so that there is something to undo
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(document.activeElement.closest('[role=dialog]') && (document.activeElement.ariaLabel || "
                "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText || 'unnamed')) || ''"
            )
        )
    names = "\n".join(reached)
    for wanted in (
        "Undo",
        "Words of this claim",
        "Save words",
        "Unpin",
        "Reject",
        "Move",
        "Use as source",
        "Add claim",
    ):
        assert wanted in names, (wanted, sorted(reached))
    assert "unnamed" not in reached
