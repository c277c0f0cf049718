"""How long does a move of the threshold take in a browser, beside the slider of a bare page?

    python benchmarks/calibrate_slider.py [--drafts 2000] [--labels 100] [--moves 20] [--json]

Starts the app on an invented run and, beside it, a page that holds a slider and its value and nothing else. The
sliders are moved with the arrow keys, in turns, so that a busy machine slows all: Calibrate with labels,
Calibrate without, and the bare page. A move ends when every text that depends on it has changed and the page is idle.
`cpu` is processor time of the browser's main thread per move, which a busy machine changes less. `server` is processor
time of the server per move, read from the clock that Linux keeps of a process.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.invented import invented_run, invented_scores, labelled_run  # noqa: E402

READY = '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
"""Matches a page whose script has ended."""

BARE = """
import streamlit as st
value = st.slider("Threshold", 0.0, 1.0, 0.5, 0.01)
st.markdown(f"**stays at {value:.2f}**")
"""
MOVED = """
async ([texts, ready]) => {
    const main = document.querySelector('[data-testid="stMain"]');
    const started = performance.now();
    const there = () => document.querySelector(ready) && texts.every(text => main.textContent.includes(text));
    while (!there()) {
        if (performance.now() - started > 20000) return -1;
        await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    return performance.now() - window.pressed;
}
"""


def main() -> None:
    """Print all distributions and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drafts", type=int, default=2000)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--moves", type=int, default=20, help="at most 45")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "bare.py").write_text(BARE)
        database = home / "persona.db"
        run_id = invented_run(database, invented_scores(options.drafts), max_cost=3.0)
        labelled_run(database, run_id, labels=options.labels)
        with serving(ROOT / "app.py", "--", "--db", str(database)) as (app, pid), serving(home / "bare.py") as bare:
            page = f"{app}/calibrate?runs={run_id}&drafts=all&at=0.50"
            wanted = {"labelled": (page, pid), "unlabelled": (f"{page}&design=none", pid), "bare": bare}
            report = measured(wanted, options.moves)
    print(json.dumps(report) if options.json else as_table(report, options.moves))


def measured(wanted: dict[str, tuple[str, int]], moves: int) -> dict[str, dict[str, float]]:
    """Per page `p50_ms` and `p95_ms` of a move, the means `cpu_ms` and `server_ms`; without the first move."""
    from playwright.sync_api import sync_playwright

    times: dict[str, list[float]] = {name: [] for name in wanted}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        pages = {name: Slider(browser, *served) for name, served in wanted.items()}
        for move in range(moves + 1):
            for name, page in pages.items():
                took = page.move(0.51 + 0.01 * move)
                if move:
                    times[name].append(took)
        cpu = {name: page.cpu_ms() / (moves + 1) for name, page in pages.items()}
        server = {name: float(np.mean(page.server_ms[1:])) for name, page in pages.items()}
        browser.close()
    return {
        name: {
            "p50_ms": float(np.percentile(took, 50)),
            "p95_ms": float(np.percentile(took, 95)),
            "cpu_ms": cpu[name],
            "server_ms": server[name],
        }
        for name, took in times.items()
    }


class Slider:
    """Slider of a page, at 0.50 at first."""

    def __init__(self, browser: Any, address: str, pid: int) -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.goto(address)
        self.page.get_by_text("at 0.50").first.wait_for(timeout=90_000)
        self.page.wait_for_timeout(1500)
        self.page.wait_for_selector(READY, timeout=60_000)
        self.page.evaluate("document.addEventListener('keydown', () => { window.pressed = performance.now() }, true)")
        self.is_bare = not self.page.get_by_text("local at 0.50").count()
        self.metrics = self.page.context.new_cdp_session(self.page)
        self.metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.pid, self.server_ms = pid, list[float]()
        self.before = self._task_ms()

    def move(self, value: float) -> float:
        """Move the slider and return the milliseconds until all texts show the new value."""
        self.page.bring_to_front()
        self.page.get_by_role("slider").first.focus()
        self.page.wait_for_timeout(200)
        before = process_ms(self.pid)
        self.page.keyboard.press("ArrowRight")
        texts = [f"at {value:.2f}"] if self.is_bare else [f"local at {value:.2f}", f"At {value:.2f}"]
        took: float = self.page.evaluate(MOVED, [texts, READY])
        if took < 0:
            raise TimeoutError(f"A move to {value:.2f} did not end within 20 s")
        self.server_ms.append(process_ms(self.pid) - before)
        return took

    def cpu_ms(self) -> float:
        """Return the main thread's processor time since the page became idle."""
        return self._task_ms() - self.before

    def _task_ms(self) -> float:
        found = self.metrics.send("Performance.getMetrics")["metrics"]
        return 1000 * next(one["value"] for one in found if one["name"] == "TaskDuration")


class Served(NamedTuple):
    """A Streamlit server."""

    url: str
    pid: int

    def cpu_ms(self) -> float:
        """Return the processor time so far, of all threads, ended ones too."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 10.0

    def memory_mib(self) -> float:
        """Return the memory in use now."""
        line = next(row for row in Path(f"/proc/{self.pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextmanager
def serving(script: Path, *arguments: str) -> Iterator[Served]:
    """Start a Streamlit server and yield its address and process."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.headless=true"]
    command.append("--browser.gatherUsageStats=false")
    # In the script's folder, so that the bare page runs with Streamlit's defaults, not with this project's settings.
    home = script.parent
    process = subprocess.Popen([*command, *arguments], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health")
        yield Served(f"http://localhost:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(10)


def process_ms(pid: int) -> float:
    """Return the processor time of a process since its start."""
    # The id of a process's clock, as clock_getcpuclockid(3) makes it.
    return 1000 * time.clock_gettime((~pid << 3) | 2)


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Return when the server answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within a minute")


def as_table(report: dict[str, dict[str, float]], moves: int) -> str:
    """Format the figures as a table."""
    bare = report["bare"]
    heads = "".join(f"{name:>9}" for name in ("p50", "p95", "cpu", "server"))
    lines = [f"{'page':11}{heads}   ({moves} moves each; in brackets: times the bare page)"]
    for name, found in report.items():
        times = "".join(f"{found[key]:6.0f} ms" for key in bare)
        lines.append(f"{name:11}{times}   ({', '.join(f'{found[key] / bare[key]:.2f}' for key in bare)})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
