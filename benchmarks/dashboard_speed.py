"""How fast are the pages on a database, beside a bare Streamlit page measured in the same run?

    python benchmarks/dashboard_speed.py --db SMALL.db [MIDDLE.db LARGE.db] [--moves 20] [--loads 5]
                                         [--pages runs results] [--json] [--start]

`benchmarks/seed.py` makes databases, which are opened but not changed. Each page is opened in a fresh browser,
reloaded, and then used: filters, sorting, sliders, segments, dialogs. Each step alternates with the same step on a
bare page with a slider and two lines, so that a busy machine slows both; the bare page has a path of its own where
ours has, because the browser then looks for the server twice. A load ends when the main content is on the screen
(first figures, table, fields; the slider of the bare page), an interaction when the script has ended and the page has
been painted. Server time is processor time of the server process. Several databases also give the growth from the
smallest to the largest; `--start` also measures the start from the command line. The exit
status is 1 when a limit is missed or an interaction could not be measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import nan, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.calibrate_slider import READY, Served, serving  # noqa: E402
from pipeline.store import Store  # noqa: E402
from pipeline.store.run_list import RunChoice  # noqa: E402
from tests.browser.conftest import CHROMIUM, FLAGS  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PAINT, REACT, SERVER_MS, MEMORY_MIB = 1.6, 2.0, 100.0, 600.0
HELP_S, START_S = 0.4, 4.0
"""Limits: ratios to the bare page, processor time of one rerun, memory of the server, starts."""

BARE = """
import streamlit as st
def page():
    st.title("Bare")
    value = st.slider("Threshold", 0.0, 1.0, 0.5, 0.01)
    st.markdown(f"**stays at {value:.2f}**")
def deep():
    page()
st.navigation([st.Page(page, default=True), st.Page(deep, url_path="deep")], position="hidden").run()
"""

WATCH = """
Object.assign(window, {touched: 0, sent: 0, received: 0, changed: 0});
const now = name => () => { window[name] = performance.now() };
for (const kind of ['keydown', 'pointerup', 'click']) document.addEventListener(kind, now('touched'), true);
window.WebSocket = class extends window.WebSocket {
    constructor(...given) { super(...given); this.addEventListener('message', now('received')); }
    send(data) { now('sent')(); super.send(data); }
};
const answers = change => change.addedNodes.length || change.target.parentElement?.closest('#root');
new MutationObserver(changes => changes.some(answers) && requestAnimationFrame(now('changed'))).observe(
    document, {subtree: true, childList: true, characterData: true}
);
"""
"""Records the times of the last user input, the last messages to and from the server, and the last page change.

A list of options that closes over the page is no answer.

The state that Streamlit shows of a script is not enough: a quick one begins and ends between two paints.
"""

ENDED = """
async () => {
    const started = performance.now();
    const rests = () => window.sent >= window.touched && window.received > window.sent
        && performance.now() - Math.max(window.received, window.changed) > 250
        && document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning';
    while (!rests()) {
        if (performance.now() - started > 20000) return -1;
        await new Promise(done => setTimeout(done, 20));
    }
    return Math.max(window.received, window.changed) - window.touched;
}
"""

PAINTED = """
async () => {
    await new Promise(requestAnimationFrame);
    await new Promise(done => setTimeout(done, 0));
    return performance.now() - window.touched;
}
"""
"""Time to the paint after an interaction without a server request."""

USEFUL = """
async ([selector, text]) => {
    const there = () => [...document.querySelectorAll(selector)].some(one => one.textContent.includes(text));
    while (!there()) {
        if (performance.now() > 60000) return -1;
        await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    return performance.now();
}
"""


class Subject(NamedTuple):
    """A page with its ready condition and its interactions."""

    name: str
    address: str
    useful: tuple[str, str]
    """A selector and a text within it."""
    kinds: dict[str, Callable[["Page", int], None]]


class Measure(NamedTuple):
    """Times of one interaction in ms, with the server time of each."""

    page: str
    kind: str
    took: list[float]
    bare: list[float]
    server: list[float]
    failure: str = ""
    """Why there are no times: a control that the page does not have any more, for instance."""

    def summary(self) -> dict[str, Any]:
        """Return percentiles and the verdict."""
        ratio = percentile(self.took, 95) / percentile(self.bare, 95)
        middle = percentile(self.took, 50) / percentile(self.bare, 50)
        loads = self.kind in ("fresh", "reload")
        spent = percentile(self.server, 95)
        missed = [f"{ratio:.1f} x > {PAINT if loads else REACT}"] if ratio > (PAINT if loads else REACT) else []
        if not loads and spent > SERVER_MS:
            missed.append(f"server {spent:.0f} > {SERVER_MS:.0f} ms")
        missed += [self.failure] if self.failure else []
        return {
            "page": self.page, "kind": self.kind, "n": len(self.took),
            "p50_ms": percentile(self.took, 50), "p95_ms": percentile(self.took, 95),
            "bare_p50_ms": percentile(self.bare, 50), "bare_p95_ms": percentile(self.bare, 95),
            "ratio_p50": middle, "ratio_p95": ratio,
            "server_p50_ms": percentile(self.server, 50), "server_p95_ms": spent,
            "server_mean_ms": float(np.mean(self.server)) if self.server else nan, "missed": missed,
        }  # fmt: skip


def percentile(values: list[float], rank: float) -> float:
    """Return a percentile of the values; not a number where there are none."""
    return float(np.percentile(values, rank)) if values else nan


# --- interactions of each page ----------------------------------------------------------------------


def subjects(database: Path) -> list[Subject]:
    """List every page, on the newest runs of a database."""
    store = Store(database)
    runs = [run for run in store.runs(60) if run.status != "running" and run.personas]
    if len(runs) < 3:
        raise SystemExit(f"{database}: fewer than three finished runs. `benchmarks/seed.py` makes databases.")
    run = next((run for run in runs if run.spent_micros), runs[0]).id
    study = runs[0].study_id
    several = ",".join(run.id for run in runs[:3])
    figure, words = ("[data-testid='stMetric']", ""), ("[data-testid='stMain'] table", "")
    return [
        Subject("upload", f"/?study={study}", ("[data-testid='stMain'] [role='radiogroup']", "Documents"), {
            "segment": segment("What was understood"),
        }),
        Subject("configure", f"/configure?study={study}", ("[data-testid='stSlider']", "threshold"), {
            "slider": slider, "number": number("Personas to deliver"),
        }),
        Subject("results", f"/results?run={run}", figure, {
            "sort": segment("Sort"), "toggle": toggle("Weak claims"), "next page": next_page,
            "segment": choose("Score shown"), "claim": claim, "dialog": dialog,
        }),
        Subject("calibrate", f"/calibrate?runs={run}", ("[data-testid='stSlider']", ""), {
            "slider": slider, "segment": segment("Drafts"),
        }),
        Subject("label", f"/label?study={study}", ("[data-testid='stNumberInput']", ""), {
            "number": number("Texts"),
        }),
        Subject("experiments", "/experiments", words, {
            "baseline": choose("Compared with"),
        }),
        Subject("runs", "/runs", words, {
            "search": search, "sort": choose("Sort"), "next page": next_page, "choose": row,
        }),
        Subject("compare", f"/compare?runs={several}", words, {
            "segment": segment("Scores of"), "change runs": popover("Change runs"),
        }),
        Subject("calls", f"/calls?run={run}", figure, {"filter": segment("Filter by stage"), "choose": row}),
        Subject("all calls", "/calls?run=all", figure, {"filter": segment("Filter by stage")}),
    ]  # fmt: skip


def slider(page: "Page", move: int) -> None:
    """Move one step, to and fro."""
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight" if move % 2 else "ArrowLeft")


def segment(name: str) -> Callable[["Page", int], None]:
    """Choose the other one of the first two options."""
    return lambda page, move: page.get_by_role("radiogroup", name=name).first.get_by_role("radio").nth(move % 2).click()


def choose(name: str) -> Callable[["Page", int], None]:
    """Choose another option of a list; opening the list is not counted."""

    def act(page: "Page", move: int) -> None:
        field = page.get_by_role("combobox", name=name).first
        # A list that is opened while the page scrolls closes at once.
        field.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        field.click()
        page.get_by_role("option").nth(move % 2).click()

    return act


def toggle(name: str) -> Callable[["Page", int], None]:
    """Switch on and off."""
    return lambda page, _: page.get_by_test_id("stMain").get_by_text(name, exact=True).first.click()


def number(name: str) -> Callable[["Page", int], None]:
    """Add one, then subtract one."""

    def act(page: "Page", move: int) -> None:
        field = page.get_by_test_id("stNumberInput").filter(has=page.get_by_label(name, exact=True)).first
        field.get_by_role("button", name="Increment" if move % 2 else "Decrement").click()

    return act


def next_page(page: "Page", move: int) -> None:
    """Turn to the second page and back to the first."""
    page.get_by_test_id("stPagination").get_by_role("button", name=f"Page {1 + move % 2}", exact=True).first.click()


def claim(page: "Page", move: int) -> None:
    """Open and close the evidence of a claim, in the browser alone."""
    page.locator("article summary").nth(move // 2).click()


def dialog(page: "Page", _: int) -> None:
    """Open the explanation of a score, after closing the previous one."""
    page.keyboard.press("Escape")
    page.wait_for_selector("[role='dialog']", state="detached")
    page.get_by_role("button", name="Score explained").first.click()


def popover(name: str) -> Callable[["Page", int], None]:
    """Open and close a popover."""
    return lambda page, _: page.get_by_test_id("stPopover").get_by_role("button", name=name).first.click()


def search(page: "Page", move: int) -> None:
    """Type one letter, or clear the field."""
    page.get_by_role("searchbox", name="Search").or_(page.get_by_label("Search", exact=True)).first.focus()
    page.keyboard.press("t" if move % 2 else "Backspace")


def row(page: "Page", move: int) -> None:
    """Mark a row at the left of a table."""
    page.locator(".persona-table tbody input").nth(move % 4).click()


# --- measuring --------------------------------------------------------------------------------------


def measured(
    subject: Subject, app: Served, bare: Served, browser: "Browser", options: argparse.Namespace
) -> list[Measure]:
    """Measure loads first, then each kind of interaction."""
    print(f"{subject.name} …", file=sys.stderr, flush=True)
    found = loads(subject, app, bare, browser, options.loads)
    # In one window: only the page in front of its window is painted.
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = opened(context, app.url + subject.address, subject.useful)
    other = opened(context, bare.url, BARE_USEFUL)
    for kind, act in subject.kinds.items():
        try:
            found.append(interactions(subject.name, kind, act, page, app, other, options.moves))
        except Exception as error:
            found.append(Measure(subject.name, kind, [], [], [], f"not measured: {str(error).splitlines()[0][:120]}"))
    context.close()
    return found


BARE_USEFUL = ("[data-testid='stSlider']", "")


def bare_address(subject: Subject) -> str:
    """Return the address of a bare page with as many path segments as the subject."""
    return "" if subject.address.startswith("/?") else "/deep"


def interactions(
    name: str, kind: str, act: Callable[["Page", int], None], page: "Page", app: Served, other: "Page", moves: int
) -> Measure:
    """Measure an interaction; the first one warms caches and is not counted."""
    found = Measure(name, kind, [], [], [])
    page.set_default_timeout(5000)
    for move in range(1, moves + 2):
        before = app.cpu_ms()
        page.bring_to_front()
        act(page, move)
        took = page.evaluate(PAINTED if act is claim else ENDED)
        spent = app.cpu_ms() - before
        other.bring_to_front()
        slider(other, move + 1)
        beside = other.evaluate(ENDED)
        if min(took, beside) < 0:
            raise TimeoutError("nothing was run within 20 s")
        if move > 1:
            found.took.append(took)
            found.server.append(spent)
            found.bare.append(beside)
    return found


def loads(subject: Subject, app: Served, bare: Served, browser: "Browser", times: int) -> list[Measure]:
    """Measure loads, each in a fresh browser, followed by a reload."""
    fresh, reload = (Measure(subject.name, kind, [], [], []) for kind in ("fresh", "reload"))
    for turn in range(times + 1):
        for place, address, useful in (
            (app, subject.address, subject.useful),
            (bare, bare_address(subject), BARE_USEFUL),
        ):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            for kind in (fresh, reload):
                before = place.cpu_ms()
                page.goto(place.url + address) if kind is fresh else page.reload()
                took = page.evaluate(USEFUL, list(useful))
                page.wait_for_selector(READY, timeout=60_000)
                if turn and place is app:
                    kind.took.append(took)
                    kind.server.append(app.cpu_ms() - before)
                elif turn:
                    kind.bare.append(took)
            context.close()
    return [fresh, reload]


def opened(context: "BrowserContext", address: str, useful: tuple[str, str]) -> "Page":
    """Open a page and wait until it is idle."""
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    page.evaluate(USEFUL, list(useful))
    page.wait_for_selector(READY, timeout=60_000)
    page.wait_for_timeout(700)
    return page


def start_up(database: Path, browser: "Browser") -> dict[str, Any]:
    """Measure the seconds from the command to a usable page, and those of its help."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pipeline", "--help"], cwd=ROOT, check=True, capture_output=True)
    help_s, begun = time.perf_counter() - begun, time.perf_counter()
    with serving(ROOT / "app.py", "--", "--db", str(database)) as app:
        answered = time.perf_counter() - begun
        page = browser.new_context().new_page()
        page.goto(app.url)
        page.evaluate(USEFUL, ["[data-testid='stMain'] h1", ""])
        useful = time.perf_counter() - begun
        page.context.close()
    return {"help_s": help_s, "answers_s": answered, "useful_s": useful}


# --- reporting ----------------------------------------------------------------------------------------


def database_report(database: Path, bare: Served, browser: "Browser", options: argparse.Namespace) -> dict[str, Any]:
    """Measure one database."""
    pages = [one for one in subjects(database) if not options.pages or one.name in options.pages]
    with serving(ROOT / "app.py", "--", "--db", str(database)) as app:
        found = [measure.summary() for one in pages for measure in measured(one, app, bare, browser, options)]
        memory = app.memory_mib()
    runs = Store(database).run_page(RunChoice(page_size=1)).total
    return {"database": str(database), "runs": runs, "memory_mib": memory, "measures": found}


def growth(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Compare server times of the largest and the smallest database, each less 10 ms that do not depend on runs."""
    small, large = min(reports, key=lambda one: one["runs"]), max(reports, key=lambda one: one["runs"])
    allowed = sqrt(large["runs"] / small["runs"])
    before = {(one["page"], one["kind"]): one["server_mean_ms"] for one in small["measures"]}
    return [
        {
            "page": one["page"],
            "kind": one["kind"],
            "grew": one["server_mean_ms"] / max(10.0, before[key]),
            "allowed": allowed,
        }
        for one in large["measures"]
        if (key := (one["page"], one["kind"])) in before
    ]


def tell(report: dict[str, Any]) -> None:
    """Print one database as a table."""
    memory = report["memory_mib"]
    print(f"\n{report['database']}: {report['runs']:,} runs; server memory {memory:.0f} MiB"
          f" ({'ok' if memory <= MEMORY_MIB else f'over {MEMORY_MIB:.0f}'})")  # fmt: skip
    heads = ("p50", "p95", "bare50", "bare95", "x p50", "x p95", "cpu50", "cpu95")
    print(f"{'page':12}{'what':12}" + "".join(f"{head:>8}" for head in heads))
    for one in report["measures"]:
        numbers = "".join(f"{one[name]:>8.0f}" for name in ("p50_ms", "p95_ms"))
        beside = "".join(f"{one[name]:>8.0f}" for name in ("bare_p50_ms", "bare_p95_ms"))
        ratios = "".join(f"{one[name]:>8.2f}" for name in ("ratio_p50", "ratio_p95"))
        server = "".join(f"{one[name]:>8.0f}" for name in ("server_p50_ms", "server_p95_ms"))
        print(f"{one['page']:12}{one['kind']:12}{numbers}{beside}{ratios}{server}  {'; '.join(one['missed']) or 'ok'}")


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", type=Path, nargs="+", required=True)
    parser.add_argument("--moves", type=int, default=20, help="interactions of each kind")
    parser.add_argument("--loads", type=int, default=5, help="fresh browsers per page")
    parser.add_argument("--pages", nargs="+", help="only these")
    parser.add_argument("--start", action="store_true", help="the start from the command line too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        script = Path(folder) / "bare.py"
        script.write_text(BARE)
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        start = start_up(options.db[-1], browser) if options.start else {}
        with serving(script) as bare:
            reports = []
            for database in options.db:
                reports.append(database_report(database, bare, browser, options))
                if not options.json:
                    tell(reports[-1])
        browser.close()
    grown = growth(reports) if len(reports) > 1 else []
    if options.json:
        print(json.dumps({"start": start, "databases": reports, "growth": grown}, indent=2))
    else:
        if start:
            begun = f"server {start['answers_s']:.1f} s, first page {start['useful_s']:.1f} s ({START_S:.0f})"
            print(f"\nhelp {start['help_s']:.2f} s ({HELP_S}); {begun}")
        for one in grown:
            verdict = "ok" if one["grew"] <= one["allowed"] else "grows too fast"
            figures = f"{one['grew']:.1f} (allowed {one['allowed']:.1f})"
            print(f"{one['page']:12}{one['kind']:12} server time x {figures} {verdict}")
    missed = any(one["missed"] for report in reports for one in report["measures"])
    missed |= any(report["memory_mib"] > MEMORY_MIB for report in reports) or any(
        g["grew"] > g["allowed"] for g in grown
    )
    missed |= bool(start) and (start["help_s"] > HELP_S or start["useful_s"] > START_S)
    sys.exit(missed)


if __name__ == "__main__":
    main()
