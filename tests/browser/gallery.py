"""Take pictures of the states of each page: empty, failing, full and hostile; light and dark, three widths.

python -m tests.browser.gallery                 # docs/gallery, all pictures
python -m tests.browser.gallery FOLDER runs     # only the states whose name begins so
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.units import SystemClock
from pipeline.jobs.worker import Worker
from pipeline.store import Store
from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, Visitor, serve
from tests.browser.populated import populate
from tests.loopback import AnthropicServer
from tests.loopback.server import fault
from tests.pages.tables import idle_runs

WIDTHS = (820, 1280, 1920)
_TALLEST = 1500
_SCALE = 0.6
"""Size of a picture, as a fraction of the window: the gallery is looked through, not measured."""
_HOSTILE = "<script>alert(1)</script> **bold** [link](http://x) \u202egnp " + "very long name " * 20


class State(NamedTuple):
    """A page in a state."""

    name: str
    address: str


def main() -> None:
    """Photograph every state."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "gallery"
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        for at, prepare in enumerate((_empty, _full)):
            place = Path(home) / str(at)
            place.mkdir()
            states = [state for state in prepare(place) if state.name.startswith(wanted)]
            if not states:
                continue
            with serve(place) as address:
                for state in states:
                    _photograph(browser, address + state.address, folder / state.name)
        browser.close()


def _empty(_: Path) -> list[State]:
    pages = ("upload", "configure", "results", "calibrate", "label", "experiments", "runs", "compare", "calls")
    return [State("start-empty", "/"), *(State(f"{page}-empty", f"/{page}") for page in pages)]


def _full(home: Path) -> list[State]:
    """One database with everything: the usual week, a run whose key was refused, hostile names, many runs."""
    database = home / "persona.db"
    places = populate(database)
    failing, hostile = _refused(database), _hostile(database)
    idle_runs(database, 60)
    states = [State(f"{name}-full", address) for name, address in places.items()]
    states += [State("results-failing", f"/results?run={failing}"), State("results-gone", "/results?run=run-gone")]
    states += [State("compare-failing", f"/compare?runs={failing}&runs={hostile}")]
    states += [State("results-hostile", f"/results?run={hostile}"), State("runs-hostile", "/runs?search=script")]
    return [*states, State("runs-huge", "/runs?search=Run")]


def _refused(database: Path) -> str:
    """A run whose five refinements were answered with 401."""
    store = Store(database)
    with AnthropicServer() as server:
        server.always = fault(401, {"error": {"type": "authentication_error", "message": "invalid x-api-key"}})
        settings = Settings().with_secrets({"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "none"})
        config = HybridConfig(local_provider="builtin", frontier_provider="anthropic", quality_threshold=0.99)
        return Worker(store, cache=database.parent / ".cache").run(store.studies()[0].id, config, settings)


def _hostile(database: Path) -> str:
    store = Store(database)
    first = store.runs()[0]
    config = HybridConfig(local_provider="builtin", frontier_provider="simulated")
    worker = Worker(store, cache=database.parent / ".cache")
    run_id = worker.run(first.study_id, config, Settings(), _HOSTILE)
    store.annotate_run(run_id, tags=["=1+1", _HOSTILE], note=_HOSTILE)
    store.save_comparison(_HOSTILE, [run_id, first.id], SystemClock().now(), note=_HOSTILE)
    return run_id


def _photograph(browser: Browser, url: str, file: Path) -> None:
    for scheme in ("light", "dark"):
        visitor = Visitor(browser, url, color_scheme=scheme, device_scale_factor=_SCALE)
        visitor.open("")
        for width in WIDTHS:
            visitor.page.set_viewport_size({"width": width, "height": 800})
            visitor.settle()
            visitor.draw()
            _save(visitor.page, width, file.with_name(f"{file.name}-{scheme}-{width}.jpeg"))
        visitor.context.close()


def _save(page: Page, width: int, file: Path) -> None:
    """Save a picture of the page down to a limit, as a small file; the app scrolls inside itself."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": max(800, min(int(height), _TALLEST))})
    page.evaluate("window.quiet()")
    page.screenshot(path=file, type="jpeg", quality=40)


if __name__ == "__main__":
    main()
