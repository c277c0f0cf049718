"""The main journey in a real browser: open, upload, configure, run, read a persona, reload, share the address."""

import re
from pathlib import Path

import pytest

from tests.browser.conftest import Installation, Visitor

STUDY = Path(__file__).resolve().parents[2] / "data" / "hearthwise"
UPLOAD = '[data-testid="stFileUploader"] input[type=file]'
MONEY = re.compile(r"\$\d[\d.,]*")


def run_it(visitor: Visitor) -> None:
    """From Configure to finished results."""
    page = visitor.page
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url(re.compile("run=run-"), timeout=60_000)
    page.get_by_text("Score distribution").first.wait_for(timeout=90_000)
    visitor.settle()


def unmarked_money(visitor: Visitor) -> list[str]:
    """Amounts on the page that do not say that they are simulated: per tile and chart, else per line."""
    page = visitor.page
    tiles = page.locator(
        '[data-testid="stVerticalBlock"]:has(> [data-testid="stElementContainer"] > [data-testid="stMetric"])'
    )
    groups = [*tiles.all(), *page.locator('[data-testid="stVegaLiteChart"]').all()]
    texts = [group.inner_text() for group in groups]
    grouped = {line for text in texts for line in text.splitlines()}
    # The text of cards is not part of the text around them.
    parts = [*page.locator('[data-testid="stMain"]').all(), *page.locator("article").all()]
    lines = [line for part in parts for line in part.inner_text().splitlines()]
    return [text for text in (*texts, *(line for line in lines if line not in grouped)) if is_unmarked(text)]


def is_unmarked(text: str) -> bool:
    return bool(MONEY.search(text)) and "simulated" not in text


@pytest.fixture
def finished(visitor: Visitor, installation: Installation) -> Visitor:
    """A visitor who has just run the example study with what a first visit offers."""
    visitor.open(f"/upload?study={installation.example}")
    visitor.page.get_by_role("button", name="Configure").click()
    visitor.settle()
    run_it(visitor)
    return visitor


def test_example_study_runs_on_embedded_defaults_and_marks_all_money_as_simulated(finished: Visitor) -> None:
    page = finished.page
    assert page.locator('[data-testid="stVegaLiteChart"]').count() >= 3
    assert unmarked_money(finished) == []
    assert page.get_by_role("heading", level=3).count() >= 5
    assert finished.strays == []


def test_one_click_on_the_start_page_leads_to_personas(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.page.get_by_role("button", name="Try the example").click()
    visitor.page.wait_for_url(re.compile("run=run-"))
    visitor.page.get_by_text("Score distribution").first.wait_for(timeout=90_000)
    visitor.page.locator("article").nth(4).wait_for()
    assert visitor.strays == []


def test_two_files_are_uploaded_run_and_read_and_the_address_survives_a_fresh_browser(
    visitor: Visitor, browser: object, server: str
) -> None:
    page = visitor.page
    visitor.open("/upload")
    page.locator(UPLOAD).first.set_input_files([str(STUDY / "P01_maren.txt"), str(STUDY / "P08_P09_interviews.json")])
    page.get_by_text("P08_P09_interviews.json").first.wait_for()
    visitor.settle()
    assert "3" in page.locator('[data-testid="stMetric"]', has_text="Participants").first.inner_text()
    page.get_by_role("button", name="Use this study").click()
    page.wait_for_url(re.compile("/configure"))
    visitor.settle()
    run_it(visitor)
    address, name = page.url, page.get_by_role("heading", level=3).nth(0).inner_text()

    visitor.page.reload()
    visitor.settle()
    assert page.url == address
    page.get_by_text("Score distribution").first.wait_for()

    fresh = Visitor(browser, server)
    fresh.open(address.removeprefix(server))
    fresh.page.get_by_text("Score distribution").first.wait_for()
    assert fresh.page.get_by_role("heading", level=3).nth(0).inner_text() == name
    assert fresh.strays == visitor.strays == []
    fresh.context.close()


def test_file_of_zeros_is_refused_in_one_sentence_without_a_traceback(visitor: Visitor) -> None:
    visitor.open("/upload")
    file = {"name": "zeros.csv", "mimeType": "text/csv", "buffer": bytes(2048)}
    visitor.page.locator(UPLOAD).first.set_input_files([file])
    visitor.page.locator('[data-testid="stAlert"]').first.wait_for()
    alert = visitor.page.locator('[data-testid="stAlert"]').first.inner_text()
    assert "zeros.csv" in alert
    assert visitor.page.get_by_text("Traceback").count() == 0
