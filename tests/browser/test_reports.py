"""Reports and posters as their readers have them: opened from disk, without a network; and hostile text everywhere."""

import csv
import io
import re
from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig
from pipeline.domain.run import FinalPersona, RunRecord, Timing
from pipeline.domain.study import Study
from pipeline.results.export import personas_markdown
from pipeline.results.report import posters, run_report
from pipeline.results.tables import persona_table
from pipeline.store import Store
from pipeline.text.spreadsheet import csv_text
from tests.browser.conftest import Installation, Visitor
from tests.browser.contrast import contrast
from tests.factories import STARTED, make_persona, make_run
from tests.results.test_report import make_study

A4_PX = (794, 1123)
LONG = "x" * 10_000
HOSTILE = (
    "<script>window.harmed = 1; alert(1)</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.evil\u202c \u2067right\u2069",
    "[click](javascript:window.harmed=1) ![x](http://example.com/x.png) https://example.com",
    "</style></script></svg><svg onload='window.harmed=1'>",
    LONG,
)


def hostile_personas(run: RunRecord) -> tuple[FinalPersona, ...]:
    """Every text of each persona is hostile."""
    return tuple(
        final.model_copy(update={"persona": _hostile(number, text), "reason": text})
        for number, (final, text) in enumerate(zip(run.personas, HOSTILE, strict=True))
    )


def _hostile(number: int, text: str):
    lists = dict.fromkeys(("goals", "pain_points", "behaviours", "motivations", "quotes"), (text, text))
    facts = {"occupation": text, "location": text, text: text}
    return make_persona(number, name=text, tagline=text, background=text, demographics=facts, **lists)


@pytest.fixture(scope="module")
def hostile() -> tuple[RunRecord, Study]:
    refined = {number: 0.5 + number / 20 for number in range(3, 8)}
    scores = [0.9, 0.8, 0.75, *(0.6 - number / 20 for number in range(5))]
    run = make_run(scores, refined=refined, simulated=True, frontier_only_micros=160_000)
    run = run.model_copy(update={"personas": hostile_personas(run), "name": LONG, "study_name": HOSTILE[0]})
    return run, make_study().model_copy(update={"name": HOSTILE[0]})


class Reader:
    """Somebody who opens a file with the network off."""

    def __init__(self, browser: object, file: Path, **options: object) -> None:
        self.context = browser.new_context(offline=True, **options)  # type: ignore[attr-defined]
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(file.as_uri())

    def is_wider_than_its_window(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.fixture(params=["report", "posters"])
def file(request: pytest.FixtureRequest, hostile, tmp_path: Path) -> Path:
    run, study = hostile
    text = run_report(run, study, with_source=True) if request.param == "report" else posters(run, run.personas)
    file = tmp_path / f"{request.param}.html"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (820, "dark"), (390, "light")])
def test_hostile_text_does_no_harm_in_a_file_opened_offline(browser, file: Path, width: int, theme: str) -> None:
    reader = Reader(browser, file, viewport={"width": width, "height": 900}, color_scheme=theme)
    assert reader.requests == [file.as_uri()]
    assert reader.complaints == []
    assert reader.page.evaluate("window.harmed") is None
    assert not reader.is_wider_than_its_window()
    assert reader.page.locator("script, img, iframe, [onload], [onerror]").count() == 0
    assert reader.page.get_by_text("{{7*7}}").count() > 0
    reader.context.close()


def test_report_shows_every_chart_and_no_figure_is_taller_than_a_printed_page(browser, hostile, tmp_path) -> None:
    file = tmp_path / "report.html"
    file.write_text(run_report(*hostile), encoding="utf-8")
    reader = Reader(browser, file, viewport={"width": A4_PX[0] - 114, "height": 900})
    reader.page.emulate_media(media="print")
    boxes = [figure.bounding_box() for figure in reader.page.locator("figure").all()]
    assert len(boxes) == reader.page.locator("figure svg").count() == 4
    assert all(100 < box["height"] < A4_PX[1] - 114 and box["width"] <= A4_PX[0] for box in boxes)
    assert reader.page.locator("figure").first.evaluate("node => getComputedStyle(node).breakInside") == "avoid"
    reader.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_report_and_posters_print(browser, hostile, tmp_path: Path, paper: str) -> None:
    from pypdf import PdfReader

    run = make_run([0.9, 0.5, 0.4], refined={1: 0.8}, simulated=True, frontier_only_micros=80_000)
    for name, text, landscape in (
        ("report", run_report(run, make_study(), with_source=True), False),
        ("posters", posters(hostile[0], hostile[0].personas), True),
    ):
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
        reader = Reader(browser, tmp_path / f"{name}.html")
        printed = PdfReader(io.BytesIO(reader.page.pdf(format=paper, prefer_css_page_size=False, landscape=landscape)))
        pages = [page.extract_text() for page in printed.pages]
        assert all(page.strip() for page in pages)
        assert "simulated" in pages[0]
        assert name == "report" or len(pages) == len(hostile[0].personas)
        reader.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_of_the_report_stands_out_from_its_ground(browser, hostile, tmp_path: Path, theme: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(run_report(*hostile), encoding="utf-8")
    reader = Reader(browser, file, color_scheme=theme)
    pale = [
        (name, ratio)
        for name in (".note", ".badge.simulated", ".badge.frontier", ".badge.local", "a", ".sign", "figure svg text")
        for node in reader.page.locator(name).all()[:3]
        if (ratio := contrast(node.evaluate(_COLOURS))) < 4.5
    ]
    assert pale == []
    reader.context.close()


_COLOURS = """node => [getComputedStyle(node).fill !== 'rgb(0, 0, 0)' && node.tagName === 'text'
    ? getComputedStyle(node).fill : getComputedStyle(node).color,
    getComputedStyle(document.documentElement).backgroundColor]"""


# --- the same text in the app ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_app(installation: Installation, hostile) -> tuple[str, str]:
    """The address of the app on a database with a hostile run, and its id."""
    run, study = hostile
    store = Store(installation.database)
    store.save_study(study)
    run_id = store.create_run(study.id, HybridConfig(), name=run.name, simulated=True, now=STARTED)
    log = store.log(run_id)
    for item, final in zip(run.drafts, run.personas, strict=True):
        log.draft_written(item.draft)
        log.draft_assessed(item.draft.id, item.assessment)
        log.persona_finished(final.model_copy(update={"draft_id": item.draft.id}))
    ending = {"error": None, "timing": Timing(wall_s=2.0), "frontier_only_micros": None, "price_source": ""}
    store.finish_run(run_id, "completed", **ending, scorer_version="test/1", now=STARTED)
    return installation.address, run_id


@pytest.mark.slow
def test_hostile_personas_do_no_harm_on_the_results_page(browser, hostile_app) -> None:
    address, run_id = hostile_app
    visitor = Visitor(browser, address)
    said: list[str] = []
    visitor.page.on("dialog", lambda dialog: said.append(dialog.message))
    visitor.page.on("pageerror", lambda error: said.append(str(error)))
    visitor.open(f"/results?run={run_id}")
    for page in ("1", "2"):
        visitor.page.get_by_role("button", name=f"Page {page}").click()
        visitor.settle()
        visitor.page.locator("article").first.wait_for()
        for fold in visitor.page.locator("article .whole > summary").all():
            fold.click()
        for claim in visitor.page.locator("article .claim > summary").all()[:12]:
            claim.click()
        wide = "cards => cards.filter(card => card.scrollWidth > card.clientWidth + 1).length"
        assert visitor.page.locator("article").evaluate_all(wide) == 0
        assert visitor.page.locator("article").locator("script, img, svg, a, [onload], [onerror]").count() == 0
        main = visitor.page.locator('[data-testid="stMain"]')
        assert main.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
        assert visitor.page.evaluate("window.harmed") is None
        assert visitor.page.locator('[data-testid="stMain"] a[href*="example.com"], a[href^="javascript"]').count() == 0
    assert said == []
    assert visitor.strays == []
    visitor.context.close()


def test_report_is_downloaded_from_results_and_opens_offline(browser, hostile_app, tmp_path: Path) -> None:
    address, run_id = hostile_app
    visitor = Visitor(browser, address)
    visitor.open(f"/results?run={run_id}")
    visitor.page.get_by_role("button", name="Export").first.click()
    visitor.settle()
    visitor.page.get_by_role("radio", name="left as they are").click()
    visitor.settle()
    with visitor.page.expect_download() as waiting:
        visitor.page.get_by_role("button", name="Report (simulated)", exact=True).click()
    waiting.value.save_as(tmp_path / "report.html")
    reader = Reader(browser, tmp_path / "report.html")
    assert reader.page.locator("article").count() == len(HOSTILE)
    assert reader.complaints == []
    reader.context.close()
    visitor.context.close()


def test_markdown_of_hostile_personas_has_no_markup_of_theirs(hostile) -> None:
    text = personas_markdown(hostile[0])
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\[click\]\(", text)
    assert "\u202e" not in text


def test_csv_of_hostile_personas_holds_no_formula(hostile) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(persona_table(hostile[0])))))
    cells = [cell for row in rows for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
