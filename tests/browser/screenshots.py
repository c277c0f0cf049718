"""Takes the pictures of the documentation: every page of a database with runs, labels, an experiment, a comparison.

python -m tests.browser.screenshots                            # docs/screenshots, light
python -m tests.browser.screenshots FOLDER light dark narrow   # to look at: also dark, and 820 pixels wide
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, Visitor, serve
from tests.browser.populated import populate

WIDTHS = {"light": 1280, "dark": 1280, "narrow": 820}


def main() -> None:
    """Photograph each page in each look."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        places = populate(Path(home) / "persona.db")
        with serve(Path(home)) as address, sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
            for look in sys.argv[2:] or ("light",):
                for name, place in places.items():
                    _photograph(browser, address + place, look, folder / f"{name}-{look}.png")
            browser.close()


def _photograph(browser: Browser, url: str, look: str, file: Path) -> None:
    visitor = Visitor(browser, url, color_scheme="dark" if look == "dark" else "light")
    visitor.page.set_viewport_size({"width": WIDTHS[look], "height": 900})
    visitor.open("")
    visitor.draw()
    _grow(visitor)
    file.write_bytes(_at_rest(visitor.page))
    visitor.context.close()


def _grow(visitor: Visitor, tallest: int = 1900) -> None:
    """Make the window as tall as the page, within reason: the app scrolls inside itself."""
    page = visitor.page
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    size = page.viewport_size or {"width": 1280}
    page.set_viewport_size({"width": size["width"], "height": min(int(height), tallest)})
    visitor.settle()
    visitor.draw()


def _at_rest(page: Page, tries: int = 40) -> bytes:
    """A picture that is the same as the one before it: nothing fades in or moves any more.

    Raises:
        TimeoutError: no two pictures in a row were the same.
    """
    last = b""
    for _ in range(tries):
        picture = page.screenshot()
        if picture == last:
            return picture
        last = picture
        page.evaluate("window.quiet()")
    raise TimeoutError(f"{page.url} does not come to rest")


if __name__ == "__main__":
    main()
