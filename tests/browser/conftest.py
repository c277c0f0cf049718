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

import pytest

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
READY = '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium on this machine: apt-get install chromium"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app on a fresh database."""
    with serve(tmp_path_factory.mktemp("home")) as address:
        yield address


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
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: str = "/") -> None:
        self.page.goto(self.server + path)
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and the page is connected."""
        self.page.wait_for_selector(READY, timeout=60_000)
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector(READY, timeout=60_000)

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
