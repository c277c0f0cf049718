"""Takes the screenshots of the documentation: every page of a finished example run, light and dark.

python -m tests.browser.screenshots [FOLDER]        # default: docs/screenshots
"""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, Visitor, serve

PAGES = ("upload", "configure", "results", "runs", "calls")


def main() -> None:
    """Run the example study once, then photograph each page in both themes."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        run = _run_example(browser, address)
        for theme in ("light", "dark"):
            for name in PAGES:
                _photograph(browser, address, name, run, theme, folder / f"{name}-{theme}.png")
        browser.close()


def _run_example(browser: Browser, address: str) -> str:
    visitor = Visitor(browser, address)
    visitor.open("/")
    visitor.page.get_by_role("button", name="Configure").click()
    visitor.settle()
    visitor.page.get_by_role("button", name=re.compile("^Run")).click()
    visitor.page.wait_for_url(re.compile("run=run-"), timeout=60_000)
    visitor.page.get_by_text("Score distribution").first.wait_for(timeout=90_000)
    run = re.search(r"run=(run-\w+)", visitor.page.url)
    visitor.context.close()
    if run is None:
        raise RuntimeError("the run has no address")
    return run[1]


def _photograph(browser: Browser, address: str, name: str, run: str, theme: str, file: Path) -> None:
    visitor = Visitor(browser, address, color_scheme=theme)
    visitor.open("/" if name == "upload" else f"/{name}?run={run}")
    visitor.page.wait_for_timeout(1500)
    _grow(visitor.page)
    visitor.page.screenshot(path=file)
    visitor.context.close()


def _grow(page: Page, tallest: int = 1900) -> None:
    """Make the window as tall as the page, within reason: the app scrolls inside itself."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": min(int(height), tallest)})
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
