"""Reports and posters: what is in them, what must not be, and that no text of a model becomes markup."""

import re
from argparse import Namespace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from markupsafe import escape

from pipeline.domain.persona import ClaimSupport
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.results.charts import outcome_bar, score_distribution
from pipeline.results.charts.images import image_file, inline_svg
from pipeline.results.report import calibration_report, comparison_report, posters, run_report
from pipeline.results.report.html import MOST_ROWS, report_figure
from pipeline.text.wording import undirected
from tests.factories import make_persona, make_run
from tests.invented import invented_run, invented_scores, labelled_run

SAID = "I just want to know what tonight is going to cost me."
HOSTILE = ("<script>alert(1)</script>", "{{7*7}}", "=cmd|' /C calc'!A0", "‮evil‬", "x" * 10_000, "</style><img src=x>")


class Tags(HTMLParser):
    """Every element of a document with its attributes, and its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def names(self) -> set[str]:
        return {tag for tag, _ in self.found}


def make_study() -> Study:
    segment = Segment(id="d1.1", document="d1", participant="P01", role="participant", text=SAID, where="turn 12")
    return Study(
        id="study-1",
        name="Heating at home",
        documents=(Document(id="d1", name="anna_schmidt.txt", kind="interview transcript", words=12),),
        participants=(Participant(id="P01", documents=("d1",), words=12),),
        segments=(segment,),
    )


def quoting(run: RunRecord, **fields: object) -> RunRecord:
    """The run with a cited claim and a verbatim quote in its first persona."""
    source = {"support": 1.0, "document": "anna_schmidt.txt", "segment": "d1.1", "quote": SAID, "participant": "P01"}
    claims = (
        ClaimSupport.model_validate({"field": "goals", "text": "Know what tonight costs", **source}),
        ClaimSupport.model_validate({"field": "quotes", "text": SAID, **source}),
    )
    first = run.personas[0]
    changed = first.model_copy(
        update={
            "persona": make_persona(**fields),
            "assessment": first.assessment.model_copy(update={"claims": claims}),
        }
    )
    return run.model_copy(update={"personas": (changed, *run.personas[1:])})


def hostile(text: str) -> FinalPersona:
    fields = {"name": text, "tagline": text, "background": text, "demographics": {text: text, "occupation": text}}
    lists = dict.fromkeys(("goals", "pain_points", "behaviours", "motivations", "quotes"), (text, text))
    run = make_run([0.9])
    return run.personas[0].model_copy(update={"persona": make_persona(**fields, **lists), "reason": text})


def test_report_without_source_holds_no_word_of_the_study_and_no_document_name():
    report = run_report(quoting(make_run([0.9, 0.4])), make_study())
    assert SAID not in report
    assert "anna_schmidt" not in report
    assert "1 quote left out with the words of the study" in report


def test_report_with_source_tells_who_said_it_and_where():
    report = run_report(quoting(make_run([0.9, 0.4])), make_study(), with_source=True)
    assert report.count(SAID) >= 2
    assert "P01 · anna_schmidt.txt · turn 12" in report


def test_report_draws_every_chart_with_words_for_those_who_do_not_see_it():
    run = make_run([0.9, 0.8, 0.5, 0.3], refined={2: 0.8}, simulated=True, frontier_only_micros=80_000)
    found = Tags(run_report(run, make_study())).found
    labels = [attributes.get("aria-label") or "" for tag, attributes in found if attributes.get("role") == "img"]
    assert len(labels) == sum(tag == "svg" for tag, _ in found) == 4
    assert all(len(label) > 40 for label in labels)


def test_report_asks_for_nothing_and_allows_no_script():
    run = make_run([0.9, 0.5], refined={1: 0.8}, frontier_only_micros=80_000)
    tags = Tags(run_report(run, make_study()))
    assert tags.names() & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    policy = next(found["content"] for tag, found in tags.found if tag == "meta" and "http-equiv" in found)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert all((found.get("href") or "#").startswith("#") for _, found in tags.found)


def test_every_table_names_its_columns_and_rows_and_ids_are_unique():
    tags = Tags(run_report(make_run([0.9, 0.5], refined={1: 0.8}), make_study()))
    assert {found.get("scope") for tag, found in tags.found if tag == "th"} == {"col", "row"}
    ids = [found["id"] for _, found in tags.found if "id" in found]
    assert len(ids) == len(set(ids))
    headings = [int(tag[1]) for tag, _ in tags.found if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_all_money_of_a_simulated_run_is_marked():
    run = make_run([0.9, 0.5], refined={1: 0.8}, simulated=True, frontier_only_micros=80_000)
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", run_report(run, make_study()), flags=re.S)
    lines = [line for line in re.sub(r"<[^>]+>", " ", text).splitlines() if "$" in line]
    assert lines
    assert [line for line in lines if "simulated" not in line] == []
    labels = [found["aria-label"] or "" for _, found in Tags(text).found if "$" in (found.get("aria-label") or "")]
    assert [label for label in labels if "simulated" not in label] == []


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "template", "formula", "rtl", "long", "breakout"])
def test_hostile_persona_stays_text_in_report_and_poster(text: str):
    run = make_run([0.9]).model_copy(update={"personas": (hostile(text),), "name": text})
    plain = make_run([0.9])
    study = make_study().model_copy(update={"name": text})
    for document, harmless in (
        (run_report(run, study, with_source=True), run_report(plain, make_study(), with_source=True)),
        (posters(run, run.personas), posters(plain, plain.personas)),
    ):
        assert Tags(document).names() - Tags(harmless).names() <= {"p", "dl", "dt", "dd"}
        assert str(escape(undirected(text)))[:50] in document


def test_poster_cuts_what_does_not_fit_and_says_how_much_it_left_out():
    run = make_run([0.9])
    persona = make_persona(goals=("word " * 100,) * 7, name="n" * 500)
    page = posters(run, [run.personas[0].model_copy(update={"persona": persona})])
    assert "word " * 30 not in page
    assert "n" * 61 not in page
    assert "3 further statements in the report" in page


def test_poster_shows_a_quote_only_when_the_study_holds_it():
    run = quoting(make_run([0.9]))
    assert SAID in posters(run, run.personas)
    invented = run.personas[0].model_copy(update={"assessment": make_run([0.9]).personas[0].assessment})
    assert SAID not in posters(run, [invented])


def test_poster_of_a_simulated_text_says_so():
    run = make_run([0.5], refined={0: 0.8}, simulated=True)
    assert 'class="badge simulated"' in posters(run, run.personas)
    assert 'class="badge simulated"' not in posters(make_run([0.9]), make_run([0.9]).personas)


def test_long_table_behind_a_chart_is_cut_and_says_so():
    cut = report_figure("Score distribution", score_distribution(make_run([0.5] * (MOST_ROWS + 30))))
    assert (len(cut.rows), cut.left_out) == (MOST_ROWS, 30)


def test_run_without_personas_has_a_report_without_charts():
    report = run_report(make_run([], status="failed"), make_study())
    assert "The run delivered no persona." in report
    assert "svg" not in Tags(report).names()


def test_inline_drawing_takes_the_colours_of_the_page():
    drawn = inline_svg(score_distribution(make_run([0.9, 0.5])))
    assert "currentColor" in drawn
    assert "#31333F" not in drawn


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_image_file_stands_alone(form, start):
    image = image_file(outcome_bar(make_run([0.9, 0.5])), form, "Night tariff <b> · simulated")
    assert image.startswith(start)
    assert form == "png" or (b"simulated" in image and b"<b>" not in image)


# --- comparisons -----------------------------------------------------------------------------------


def compared(**more: object) -> str:
    first = quoting(make_run([0.9, 0.4], run_id="run-1"))
    second = make_run([0.9, 0.4], refined={1: 0.8}, run_id="run-2", simulated=True)
    second = quoting(second, quotes=("Nothing of the kind was ever said.",))
    return comparison_report([first, second], **more)


def test_comparison_report_tells_title_note_differences_and_pairs():
    report = compared(title="Is it worth it?", note="Read B first.\n\nThen A.", annotations={"run-2": "the dear one"})
    for words in ("Is it worth it?", "Read B first.", "the dear one", "Personas side by side", "simulated"):
        assert words in report
    tags = Tags(report)
    assert tags.names() & {"script", "link", "img"} == set()
    ids = [found["id"] for _, found in tags.found if "id" in found]
    assert len(ids) == len(set(ids))


def test_comparison_report_holds_quotes_only_when_asked():
    assert SAID not in compared()
    assert SAID in compared(with_source=True)


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "template", "formula", "rtl", "long", "breakout"])
def test_hostile_words_stay_text_in_a_comparison_report(text: str):
    run = make_run([0.9]).model_copy(update={"personas": (hostile(text),), "name": text})
    other = make_run([0.9], run_id="run-2").model_copy(update={"study_name": text})
    report = comparison_report([run, other], title=text, note=text, annotations={"run-1": text}, with_source=True)
    assert Tags(report).names() & {"script", "img", "iframe"} == set()
    assert str(escape(undirected(text)))[:50] in report


def test_compare_command_writes_its_report(tmp_path, capsys):
    from pipeline.cli.main import main
    from tests.store.test_bundle import filled

    _, first = filled(tmp_path / "a.db")
    _, second = filled(tmp_path / "a.db")
    file = tmp_path / "x.html"
    assert main(["compare", first, second, "--html", str(file), "--json", "--db", str(tmp_path / "a.db")]) == 0
    assert capsys.readouterr().out.startswith("{")
    assert "Personas side by side" in file.read_text()


# --- calibrations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("labelled", [False, True])
def test_calibration_report_says_what_may_be_promised_and_draws_why(tmp_path, labelled: bool):
    from pipeline.cli.calibrate import _calibrated
    from pipeline.store import Store

    database = tmp_path / "x.db"
    run_id = invented_run(database, invented_scores(120), name=HOSTILE[0])
    if labelled:
        labelled_run(database, run_id)
    asked = Namespace(run=[run_id], design=None, alpha=None, confidence=None, risk=None)
    board = _calibrated(Store(database), asked)
    report = calibration_report(board, 0.7)
    tags = Tags(report)
    assert ("Nothing is certified" in report) is not labelled
    assert tags.names() & {"script", "img"} == set()
    assert sum(tag == "svg" for tag, _ in tags.found) >= 2 + labelled
    assert str(escape(HOSTILE[0])) in report
