"""A real server and a real Chromium; everything is skipped, with the reason, where there is none."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.store import Store

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RERUNS = (Path(__file__).parent / "assets" / "reruns.js").read_text(encoding="utf-8")
"""Runs in each page before its own scripts, and gives it `isSettled` and `quiet`."""
DRAWN = """() => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
    .every(chart => chart.querySelector('canvas, svg.marks'))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium on this machine: apt-get install chromium"))


class Installation(NamedTuple):
    """A server that all tests of a worker share. Each test brings its own runs and studies, and opens them by id."""

    address: str
    database: Path
    example: str
    """Id of the example study, which the first visit has put there."""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, browser: object) -> Iterator[Installation]:
    """Start on a database that does not exist, and visit the app once: it brings its example study by itself."""
    home = tmp_path_factory.mktemp("home")
    with serve(home) as address:
        first = Visitor(browser, address)
        first.open("/")
        first.context.close()
        (example,) = Store(home / "persona.db").studies()
        yield Installation(address, home / "persona.db", example.id)


@pytest.fixture(scope="session")
def server(installation: Installation) -> str:
    """The address of the shared server."""
    return installation.address


@contextmanager
def serve(home: Path, *options: str) -> Iterator[str]:
    """The app on a fresh database, started as the README says, without keys, without Ollama, with an empty home.

    Args:
        home: its folder, with the database.
        options: of `persona app`, beside the usual ones.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    dropped = ("ANTHROPIC", "OPENAI", "OLLAMA", "PERSONA", "STREAMLIT")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    command = [sys.executable, "-m", "pipeline", "app", "--db", str(home / "persona.db"), "--", *options]
    process = subprocess.Popen(
        [*command, f"--server.port={port}", "--server.headless=true"],
        cwd=ROOT,
        env=clean | {"HOME": str(home), "OLLAMA_HOST": "http://127.0.0.1:9"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://localhost:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _wait_for(url: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {seconds} s")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        yield chromium
        chromium.close()


class Visitor:
    """One browser context that looks at the app and writes down every request and console error."""

    def __init__(self, browser: object, server: str, **options: object) -> None:
        self.server = server
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[attr-defined]
        self.context.add_init_script(RERUNS)
        self.context.set_default_timeout(60_000)  # as for `settle`: nothing is asserted of how quick a machine is
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: str = "/") -> None:
        self.page.goto(self.server + path)
        self.settle()

    def settle(self) -> None:
        """Wait until the server has answered all that the page asked for, and the page shows the answer."""
        # The first time, so that what was asked for is under way; the second time, so that the answer is drawn.
        for _ in range(2):
            self.page.evaluate("window.quiet()")
            self.page.wait_for_function("window.isSettled()", timeout=60_000)

    def draw(self) -> None:
        """Wait until every chart of a settled page has its drawing, which Vega makes after the element is there."""
        self.page.wait_for_function(DRAWN, timeout=60_000)

    @property
    def strays(self) -> list[str]:
        """Requests that left the machine."""
        own = ("http://localhost:", "http://127.0.0.1:", "data:", "blob:", "ws://localhost:")
        return [url for url in self.requests if not url.startswith(own)]


@pytest.fixture
def visitor(browser: object, server: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, server)
    yield visitor
    visitor.context.close()
