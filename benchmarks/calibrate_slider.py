"""How long does a move of the threshold take in a browser, beside the slider of a bare page?

    python benchmarks/calibrate_slider.py [--drafts 2000] [--labels 100] [--moves 40] [--json]

Starts the app on an invented run and, beside it, a page that holds a slider and its value and nothing else. Both
sliders are moved with the arrow keys, in turns, so that a busy machine slows both. A move has ended when every text
that depends on it has changed and the page has come to rest.
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

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import CHROMIUM, FLAGS, READY  # noqa: E402
from tests.invented import invented_run, invented_scores, labelled_run  # noqa: E402

BARE = """
import streamlit as st
value = st.slider("Threshold", 0.0, 1.0, 0.5, 0.01)
st.markdown(f"**stays at {value:.2f}**")
"""
TEXTS = {"bare": [("stays at ", "")], "calibrate": [("local at ", ""), ("at ", ", nothing capped")]}
"""What stands before and after the threshold in texts that depend on it, the last one of the page among them."""

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
    """Print both distributions and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drafts", type=int, default=2000)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "bare.py").write_text(BARE)
        run_id = invented_run(home / "persona.db", invented_scores(options.drafts), max_cost=3.0)
        labelled_run(home / "persona.db", run_id, labels=options.labels)
        with serving(ROOT / "app.py", "--", "--db", str(home / "persona.db")) as app, serving(home / "bare.py") as bare:
            times = measured(app + f"/calibrate?runs={run_id}&drafts=all&at=0.50", bare, options.moves)
    report = {name: {"p50_ms": p50, "p95_ms": p95} for name, (p50, p95) in percentiles(times).items()}
    report["ratio"] = {key: report["calibrate"][key] / report["bare"][key] for key in ("p50_ms", "p95_ms")}
    print(json.dumps(report) if options.json else as_table(report, options.moves))


def measured(app: str, bare: str, moves: int) -> dict[str, list[float]]:
    """Milliseconds of each move on both pages, in turns; the first two of each are not counted."""
    from playwright.sync_api import sync_playwright

    times: dict[str, list[float]] = {"calibrate": [], "bare": []}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        pages = {}
        for name, address in (("calibrate", app), ("bare", bare)):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            page.get_by_text("at 0.50").first.wait_for(timeout=60_000)
            page.wait_for_selector(READY)
            page.get_by_role("slider").first.focus()
            page.evaluate("document.addEventListener('keydown', () => { window.pressed = performance.now() }, true)")
            pages[name] = page
        for move in range(moves + 2):
            value = 0.50 + 0.01 * (move + 1 if move < 40 else 79 - move)
            for name, page in pages.items():
                page.bring_to_front()
                page.wait_for_timeout(400)
                page.keyboard.press("ArrowRight" if move < 40 else "ArrowLeft")
                texts = (
                    [f"at {value:.2f}"]
                    if name == "bare"
                    else [f"local at {value:.2f}", f"at {value:.2f}, nothing capped"]
                )
                took = page.evaluate(MOVED, [texts, READY])
                if move >= 2:
                    times[name].append(took)
        browser.close()
    return times


@contextmanager
def serving(script: Path, *arguments: str) -> Iterator[str]:
    """The address of a Streamlit server."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.headless=true"]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port that nobody listens at."""
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


def percentiles(times: dict[str, list[float]]) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile per page."""
    return {name: (float(np.percentile(took, 50)), float(np.percentile(took, 95))) for name, took in times.items()}


def as_table(report: dict[str, dict[str, float]], moves: int) -> str:
    """The figures for people."""
    lines = [f"{'page':10}{'p50':>9}{'p95':>9}   ({moves} moves each)"]
    for name in ("calibrate", "bare"):
        lines.append(f"{name:10}{report[name]['p50_ms']:6.0f} ms{report[name]['p95_ms']:6.0f} ms")
    lines.append(f"{'ratio':10}{report['ratio']['p50_ms']:8.2f}x{report['ratio']['p95_ms']:8.2f}x")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
