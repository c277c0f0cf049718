"""Roles that were guessed wrong, in a real browser: put right with one click, and right at once in the next file."""

from pathlib import Path

from tests.browser.conftest import Visitor
from tests.browser.test_main_journey import UPLOAD
from tests.browser.test_mapping import figure

TALK = """\
Ivy: Tell me about the lamp in your living room.
Gus: Who would put a lamp on the floor? My brother did, and he tripped over it every night.
Ivy: Go on.
Gus: I then put it on the shelf where the cat sleeps. And guess who knocked it over?
Ivy: Tell me more about the app.
Gus: Why would a lamp need an app? I never opened mine again.
"""
"""Ivy interviews Gus, but all question marks are his."""
ASKED, ANSWERED = 17, 47
"""Words of Ivy and of Gus."""


def test_wrong_roles_are_corrected_with_one_click_and_right_in_the_next_file(visitor: Visitor, tmp_path: Path) -> None:
    visitor.open("/upload")
    upload(visitor, tmp_path / "first.txt", TALK)
    assert opening(visitor) == ["answers", "R1 (Ivy)", "Tell me about the lamp in your living room."]
    assert figure(visitor, "Words") == str(ASKED)

    visitor.page.get_by_role("button", name="Swap roles").click()
    visitor.page.get_by_text("Remembered for every file with these 2 speakers.").wait_for()
    visitor.settle()
    assert visitor.page.get_by_role("button", name="Swap roles").is_visible()
    assert opening(visitor) == ["asks", "", "Tell me about the lamp in your living room."]
    assert figure(visitor, "Words") == str(ANSWERED)

    visitor.open("/upload")
    upload(visitor, tmp_path / "next.txt", TALK.replace("living room", "kitchen"))
    open_part(visitor, "next.txt")
    assert opening(visitor) == ["asks", "", "Tell me about the lamp in your kitchen."]
    assert visitor.strays == []


def upload(visitor: Visitor, file: Path, text: str) -> None:
    file.write_text(text)
    visitor.page.locator(UPLOAD).first.set_input_files(str(file))
    visitor.page.get_by_text(f"Who says what: {file.name}").wait_for()
    visitor.settle()


def open_part(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_text(f"Who says what: {name}").click()
    visitor.settle()


def opening(visitor: Visitor) -> list[str]:
    """The first turn as shown: taken for, person, words. The drawn table carries its text for screen readers."""
    table = visitor.page.locator('[data-testid="stExpander"]', has_text="Who says what").locator("canvas table")
    table.first.wait_for(state="attached")
    return table.first.locator("tbody tr").first.locator("td").all_text_contents()
