"""Every page, section, dialog, form and export with hostile text in every field: nothing leaves, nothing runs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.browser.conftest import Visitor, serve
from tests.browser.hostile import hostile_files, populate_hostile
from tests.browser.populated import PAGES

SECTIONS = (
    '[data-testid="stExpander"] details:not([open]) > summary',
    '[data-testid="stPopover"] button',
    '[data-testid="stButtonGroup"] button',
    '[data-testid="stSelectbox"] input, [data-testid="stMultiSelect"] input',
)
CARD = ("How this score is computed", "Before and after", "Poster", "Copy")
DONE_BY_THE_TEXT = """() => {
    const roots = [document, ...[...document.querySelectorAll('*')].map(one => one.shadowRoot).filter(Boolean)];
    const all = what => roots.flatMap(root => [...root.querySelectorAll(what)]);
    const own = address => /^(https?:\\/\\/(localhost|127\\.0\\.0\\.1)|data:|blob:|file:|#|\\/|$)/.test(address);
    return [
        ...all('img, iframe, source, video').map(one => one.getAttribute('src') || '').filter(src => !own(src)),
        ...all('a').map(one => one.getAttribute('href') || '').filter(href => /javascript:|evil/.test(href)),
        ...all('[onerror], [onload], .katex').map(one => one.outerHTML.slice(0, 120)),
    ];
}"""


class Watch(NamedTuple):
    """A visitor of the hostile installation, and what its browser was made to do."""

    visitor: Visitor
    addresses: dict[str, str]
    dialogs: list[str]
    opened: list[str]
    """Everything that was opened, for the count."""

    def check(self, where: str) -> None:
        self.opened.append(where)
        assert self.visitor.page.evaluate(DONE_BY_THE_TEXT) == [], where
        assert self.visitor.strays == [], where
        assert self.dialogs == [], where
        assert "evil" not in self.visitor.page.title()


@pytest.fixture(scope="module")
def watch(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    home = tmp_path_factory.mktemp("hostile")
    addresses = populate_hostile(home / "persona.db")
    with serve(home) as address:
        visitor = Visitor(browser, address, accept_downloads=True)
        found = Watch(visitor, addresses, [], [])
        for page in (visitor.page,):
            page.on("dialog", lambda dialog: (found.dialogs.append(dialog.message), dialog.dismiss()))
        visitor.page.on("request", lambda request: visitor.requests.append(request.url))
        yield found
        visitor.context.close()


def open_everything(watch: Watch, name: str) -> None:
    """Open each section of the page in turn, and look after each."""
    page = watch.visitor.page
    for what in SECTIONS:
        for number in range(page.locator(what).count()):
            here = page.locator(what).nth(number)
            if not here.is_visible() or not here.is_enabled():
                continue
            here.click()
            watch.visitor.settle()
            watch.check(f"{name}: {what} {number}")
            page.keyboard.press("Escape")
    for icon in page.locator('[data-testid="stTooltipIcon"]').all()[:20]:
        if icon.is_visible():
            icon.hover()
    watch.check(f"{name}: help")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_does_nothing_on_any_page(watch: Watch, name: str) -> None:
    watch.visitor.open(watch.addresses[name])
    watch.check(name)
    open_everything(watch, name)
    if name == "label":
        rater = watch.visitor.page.get_by_role("combobox", name="Your name")
        rater.fill("![x](http://evil.example/me) <b>")
        rater.press("Enter")
        watch.visitor.page.get_by_role("button", name="Begin").click()
        watch.visitor.settle()
        watch.check("label: a card")
        watch.visitor.page.get_by_role("button", name="Source").click()
        watch.visitor.settle()
        watch.check("label: its source")
    sys.stdout.write(f"{len(watch.opened)} views so far\n")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_hostile_files_do_nothing_while_they_are_read_and_corrected(watch: Watch) -> None:
    watch.visitor.open("/upload")
    field = watch.visitor.page.locator('[data-testid="stFileUploader"] input[type=file]').first
    field.set_input_files(hostile_files())
    watch.visitor.settle()
    assert "Use this study" in watch.visitor.page.locator('[data-testid="stMain"]').inner_text()
    watch.check("upload: read")
    open_everything(watch, "upload, with files")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("button", CARD)
def test_hostile_text_does_nothing_in_the_dialogs_of_a_card(watch: Watch, button: str) -> None:
    watch.visitor.open(watch.addresses["results"])
    offered = watch.visitor.page.locator("article").get_by_role("button", name=button)
    if not offered.count():
        pytest.skip(f"no card offers {button} in this run")
    offered.first.click()
    watch.visitor.page.get_by_role("dialog").wait_for()
    watch.visitor.settle()
    watch.check(f"dialog: {button}")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["results", "compare", "calibrate"])
def test_hostile_text_does_nothing_in_an_exported_file(watch: Watch, name: str, tmp_path: Path) -> None:
    page = watch.visitor.page
    watch.visitor.open(watch.addresses[name])
    page.get_by_role("button", name="Report" if name == "calibrate" else "Export", exact=False).first.click()
    watch.visitor.settle()
    # Hostile links count as identifiers; they are left, because replaced they would try nothing.
    if (leave := page.get_by_text("left as they are", exact=True)).count():
        leave.click()
        watch.visitor.settle()
    taken = 0
    for number in range(page.get_by_test_id("stDownloadButton").count()):
        button = page.get_by_test_id("stDownloadButton").nth(number)
        if not button.is_visible():
            continue
        with page.expect_download(timeout=120_000) as download:
            button.locator("button").first.click()
        file = download.value.suggested_filename
        assert "evil" not in file
        taken += 1
        if not file.endswith(".html"):
            continue
        kept = tmp_path / file
        download.value.save_as(kept)
        report = watch.visitor.context.new_page()
        report.on("request", lambda request: watch.visitor.requests.append(request.url))
        report.on("dialog", lambda dialog: (watch.dialogs.append(dialog.message), dialog.dismiss()))
        report.goto(kept.as_uri())
        assert [url for url in watch.visitor.strays if not url.startswith("file:")] == [], file
        assert report.evaluate(DONE_BY_THE_TEXT) == [], file
        watch.visitor.requests[:] = [url for url in watch.visitor.requests if not url.startswith("file:")]
        report.close()
        watch.check(f"export: {file}")
    assert taken > (6 if name == "results" else 2 if name == "compare" else 0)
    sys.stdout.write(f"{taken} files of {name}\n")
