"""Cards of personas in a real browser: claims open to their sources, by mouse and by keyboard, without a rerun."""

from collections.abc import Iterator

import pytest

from pipeline.domain.run import FinalPersona
from pipeline.store import Store
from tests.browser.conftest import Installation, Visitor
from tests.pages.runs import finished_run

CARDS = "[...document.querySelectorAll('.stBidiComponent [data-testid]')].find(one => one.shadowRoot).shadowRoot"
FOCUSED = f"() => {CARDS}.activeElement?.innerText"
PLACES = f"[...{CARDS}.querySelectorAll('article')].map(card => Math.round(card.getBoundingClientRect().x))"


@pytest.fixture(scope="module")
def house(installation: Installation) -> tuple[str, tuple[FinalPersona, ...]]:
    """An address with a run of eight personas, and these."""
    run_id = finished_run(installation.database, count=8, draft_factor=1.0, quality_threshold=0.9)
    return f"{installation.address}/results?run={run_id}", Store(installation.database).run(run_id).personas


@pytest.fixture
def reader(browser: object, house: tuple[str, tuple[FinalPersona, ...]]) -> Iterator[Visitor]:
    visitor = Visitor(browser, house[0])
    visitor.open("")
    visitor.page.locator("article").first.wait_for()
    yield visitor
    visitor.context.close()


def names(visitor: Visitor) -> list[str]:
    return visitor.page.locator("article h3").all_inner_texts()


def opened(visitor: Visitor, number: int = 0) -> object:
    """A card with all of its statements in sight."""
    card = visitor.page.locator("article").nth(number)
    card.locator(".whole > summary").click()
    return card


def choose(visitor: Visitor, order: str) -> None:
    visitor.page.get_by_role("radiogroup", name="Sort").get_by_role("radio", name=order).click()
    visitor.settle()


def test_a_claim_opens_to_its_source_and_asks_no_server(reader: Visitor) -> None:
    reader.context.set_offline(True)
    card = opened(reader)
    assert not card.locator("blockquote").first.is_visible()
    card.locator(".claim > summary").first.click()
    assert "answers.csv · row" in card.locator("blockquote").first.inner_text()
    assert card.locator("mark").first.is_visible()


def test_a_claim_opens_by_keyboard_and_says_its_mark(reader: Visitor) -> None:
    summary = reader.page.locator("article .claim > summary").first
    for fold in (reader.page.locator("article .whole > summary").first, summary):
        fold.focus()
        reader.page.keyboard.press("Enter")
    assert reader.page.locator("article blockquote").first.is_visible()
    assert any(word in summary.inner_text() for word in ("supported", "weak", "not found"))


def test_j_and_k_move_between_cards_unless_somebody_types(reader: Visitor) -> None:
    page, shown = reader.page, names(reader)
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED).startswith(shown[place])
    page.get_by_role("combobox", name="Score shown").focus()
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED) is None


def test_cards_are_sorted_filtered_and_turned_page_by_page(
    reader: Visitor, house: tuple[str, tuple[FinalPersona, ...]]
) -> None:
    best = [final.persona.name for final in house[1]]
    assert names(reader) == best[:6]
    reader.page.get_by_role("button", name="Page 2", exact=True).click()
    reader.settle()
    assert names(reader) == best[6:]
    choose(reader, "Lowest score")
    assert names(reader) == best[::-1][:6]
    reader.page.get_by_test_id("stMain").get_by_text("Weak claims", exact=True).click()
    reader.settle()
    assert len(names(reader)) < 8


def test_dialogs_of_a_card_open_and_leave_open_claims_open(reader: Visitor) -> None:
    page, card = reader.page, opened(reader)
    card.locator(".claim > summary").first.click()
    for button, says in (
        ("Score explained", "What the score cannot see"),
        ("Copy", "##"),
        ("Poster", "Download poster"),
    ):
        card.get_by_role("button", name=button).click()
        page.get_by_role("dialog").get_by_text(says).first.wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        page.wait_for_function(f"words => ({FOCUSED})() === words", arg=button)
    assert card.locator("blockquote").first.is_visible()


def test_a_poster_is_downloaded(reader: Visitor) -> None:
    reader.page.locator("article").first.get_by_role("button", name="Poster").click()
    reader.page.get_by_role("button", name="Download poster").wait_for()
    reader.settle()  # a click on a button that the rerun replaces starts no download
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name="Download poster").click()
    assert download.value.suggested_filename.endswith("poster.html")


def test_a_poster_is_seen_before_it_is_downloaded_and_is_apart_from_the_app(reader: Visitor) -> None:
    name = names(reader)[0]
    reader.page.locator("article").first.get_by_role("button", name="Poster").click()
    shown = reader.page.get_by_role("dialog").frame_locator("iframe")
    shown.get_by_role("heading", name=name).wait_for()
    assert shown.locator("body").evaluate("() => window.origin") == "null"


def test_cards_stand_in_one_column_where_there_is_no_room_for_two(reader: Visitor) -> None:
    for width, columns in ((1280, 2), (820, 1)):
        reader.page.set_viewport_size({"width": width, "height": 900})
        reader.page.wait_for_function(f"columns => new Set({PLACES}).size === columns", arg=columns)


def test_an_open_card_has_the_width_and_its_sources_stand_beside_the_claims(reader: Visitor) -> None:
    reader.page.set_viewport_size({"width": 1280, "height": 900})
    card = opened(reader, 1)
    claim = card.locator(".claim").first
    claim.locator("summary").click()
    summary, inside = claim.locator("summary").bounding_box(), claim.locator(".inside").bounding_box()
    assert inside["x"] >= summary["x"] + summary["width"]
    assert abs(inside["y"] - summary["y"]) < 20
    assert card.bounding_box()["width"] > 1.9 * reader.page.locator("article").first.bounding_box()["width"]


def test_cards_of_a_row_are_equally_tall_and_the_odd_one_fills_its_row(reader: Visitor) -> None:
    choose(reader, "Name")
    reader.page.get_by_role("button", name="Page 2", exact=True).click()
    reader.settle()
    tall = [round(card.bounding_box()["height"]) for card in reader.page.locator("article").all()]
    assert len(tall) == 2
    assert tall[0] == tall[1]
    reader.page.locator("article").last.evaluate("card => card.remove()")
    board = reader.page.locator(".cards").bounding_box()
    assert round(reader.page.locator("article").last.bounding_box()["width"]) == round(board["width"])


def test_printed_cards_are_black_on_white_and_whole(reader: Visitor) -> None:
    reader.page.emulate_media(media="print", color_scheme="dark")
    style = "node => [getComputedStyle(node).color, getComputedStyle(node).breakInside]"
    assert reader.page.locator("article").first.evaluate(style) == ["rgb(0, 0, 0)", "avoid"]


def test_simulated_money_of_a_card_says_so(reader: Visitor, house: tuple[str, tuple[FinalPersona, ...]]) -> None:
    feet = reader.page.locator("article .foot").evaluate_all("feet => feet.map(foot => foot.textContent)")
    assert any("$" in foot for foot in feet) == any(final.cost_micros for final in house[1][:6])
    assert [foot for foot in feet if "$" in foot and "(simulated)" not in foot] == []
