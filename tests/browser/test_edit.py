"""A person works on personas in a real browser, by keyboard too; the card, the report and the exports follow."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.browser.conftest import Installation, Visitor
from tests.pages.runs import finished_run


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
