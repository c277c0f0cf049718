"""Notes and tags of analysts on Results; their way to the card, the report and a bundle."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.cli.main import main as run_command
from pipeline.domain.bundle import Bundle
from pipeline.domain.remarks import Comment, Remark, Subject
from pipeline.results.cards import cards
from pipeline.results.remarks import placed_remarks
from pipeline.results.report import comparison_report, run_report
from pipeline.store import Store
from pipeline.store.bundle_file import read_bundle, write_bundle
from tests.pages.conftest import button, opened, words
from tests.pages.runs import finished_run

App = Callable[[], AppTest]
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def _commented(database: Path) -> tuple[Store, str]:
    """A run with a tag on a persona, a note on its first goal, and a comment."""
    store, run_id = Store(database), finished_run(database)
    final = store.run(run_id).shown[0]
    given = {"persona": final.draft_id, "author": "Ann", "at": NOW}
    store.add_remark(run_id, Remark(kind="tag", words="check", **given))
    goal = {"field": "goals", "text": final.persona.goals[0]}
    store.add_remark(run_id, Remark(kind="note", words="Ask <b>again</b>", **goal, **given))
    subject = Subject("run", run_id)
    store.set_open(subject, "comments", NOW, is_open=True)
    store.add_comment(subject, Comment(words="Is this real?", author="Rita", at=NOW))
    return store, run_id


def test_a_note_and_tags_are_saved_with_author_and_deleted(app: App, tmp_path: Path) -> None:
    run_id = finished_run(tmp_path / "persona.db")
    page = app().run()
    page.query_params["run"] = run_id
    page = opened(page.switch_page(ui.RESULTS).run(), "remarks")
    next(one for one in page.text_input if one.label == "Your name").set_value("Ann").run()
    next(one for one in page.text_area if one.label == "Note").set_value("Ask again")
    next(one for one in page.text_input if one.label.startswith("Tags")).set_value("#check, money")
    button(page, "Save note").click().run()
    assert not page.exception
    store = Store(tmp_path / "persona.db")
    found = [(one.remark.kind, one.remark.words, one.remark.author) for one in store.remarks(run_id)]
    assert found == [("note", "Ask again", "Ann"), ("tag", "check", "Ann"), ("tag", "money", "Ann")]
    button(page, "Delete").click().run()
    assert len(store.remarks(run_id)) == 2


def test_the_analyst_opens_comments_and_closes_them(app: App, tmp_path: Path) -> None:
    run_id = finished_run(tmp_path / "persona.db")
    page = app().run()
    page.query_params["run"] = run_id
    page = opened(page.switch_page(ui.RESULTS).run(), "remarks")
    store, subject = Store(tmp_path / "persona.db"), Subject("run", run_id)
    for is_open in (True, False):
        next(one for one in page.toggle if one.label == "Readers may comment").set_value(is_open).run()
        assert store.is_open(subject, "comments") == is_open


def test_notes_stand_on_the_card_and_its_claim(tmp_path: Path) -> None:
    store, run_id = _commented(tmp_path / "persona.db")
    run = store.run(run_id)
    placed = placed_remarks(run, store.run_remarks(run_id).remarks)
    (card,) = cards(run, run.shown[:1], store.study(run.study_id), remarks=placed)
    assert card.tags == ("check",)
    goals = next(group for group in card.groups if group.field == "goals")
    assert goals.claims[0].said[0] == "Note: Ask <b>again</b> (Ann, 3 Mar 2026)"


def test_notes_and_comments_are_in_the_report_only_if_wanted(tmp_path: Path) -> None:
    store, run_id = _commented(tmp_path / "persona.db")
    run, study = store.run(run_id), store.study(store.run(run_id).study_id)
    report = run_report(run, study, remarks=store.run_remarks(run_id))
    for told in ("Tags: check", "Note: Ask &lt;b&gt;again&lt;/b&gt;", "1 comment", "Is this real?"):
        assert told in report
    plain = run_report(run, study)
    assert "Note: " not in plain
    assert "Is this real?" not in plain


def test_notes_and_comments_travel_in_a_bundle_only_if_wanted(tmp_path: Path) -> None:
    store, run_id = _commented(tmp_path / "persona.db")

    def sent(bundle: Bundle) -> Bundle:
        return read_bundle(write_bundle(bundle, NOW), "x.zip")

    there = Store(tmp_path / "there.db")
    there.import_bundle(sent(store.bundle([run_id])), NOW)
    assert there.remarks(run_id) == ()
    for _ in range(2):
        there.import_bundle(sent(store.bundle([run_id], with_remarks=True)), NOW)
        assert there.run_remarks(run_id) == store.run_remarks(run_id)
    assert not there.is_open(Subject("run", run_id), "comments")


def test_a_note_on_a_claim_that_is_gone_stands_with_its_persona(tmp_path: Path) -> None:
    store, run_id = _commented(tmp_path / "persona.db")
    run = store.run(run_id)
    final = run.shown[0]
    persona = final.persona.model_copy(update={"goals": ()})
    without = run.model_copy(update={"personas": (final.model_copy(update={"persona": persona}),), "edited": ()})
    placed = placed_remarks(without, store.run_remarks(run_id).remarks)
    assert list(placed) == [(final.draft_id, "", "")]
    assert "which is no longer there" in placed[(final.draft_id, "", "")].notes[0]


def test_the_analyst_opens_questions_and_reads_the_answers(app: App, tmp_path: Path) -> None:
    run_id = finished_run(tmp_path / "persona.db")
    page = app().run()
    page.query_params["run"] = run_id
    page = opened(page.switch_page(ui.RESULTS).run(), "questionnaire")
    next(one for one in page.get("button_group") if one.label == "Ask readers about").set_value(["clarity"]).run()
    store = Store(tmp_path / "persona.db")
    persona = store.run(run_id).shown[0].draft_id
    for reader, value in (("a", 6), ("b", 4)):
        store.add_answers(run_id, persona, reader, {"clarity 1": value})
    page.run()
    assert not page.exception
    assert "| Clarity | 5.0" in words(page)


def test_answers_about_several_runs_stand_beside_each_other_on_compare(app: App, tmp_path: Path) -> None:
    runs = [finished_run(tmp_path / "persona.db", name) for name in ("First", "Second")]
    store = Store(tmp_path / "persona.db")
    for run_id, value in zip(runs, (6, 3), strict=True):
        store.set_open(Subject("run", run_id), "clarity", NOW, is_open=True)
        store.add_answers(run_id, store.run(run_id).shown[0].draft_id, "a reader", {"clarity 1": value})
    page = app().run()
    page.query_params["runs"] = ",".join(runs)
    page.switch_page(ui.COMPARE).run()
    assert not page.exception
    (row,) = [line for line in words(page).splitlines() if line.startswith("| Clarity")]
    assert "6.0" in row
    assert "3.0" in row
    assert row.count("n = 1") == 2


def test_comments_stand_in_the_report_of_a_comparison(tmp_path: Path) -> None:
    runs = [finished_run(tmp_path / "persona.db", name) for name in ("First", "Second")]
    store = Store(tmp_path / "persona.db")
    comment = Comment(words="Which <b>one</b>?", author="Rita", at=NOW)
    report = comparison_report([store.run(one) for one in runs], comments=[comment])
    assert "1 comment" in report
    assert "Which &lt;b&gt;one&lt;/b&gt;?" in report
    assert "Rita, 3 Mar 2026" in report
    assert "Rita" not in comparison_report([store.run(one) for one in runs])


@pytest.mark.parametrize("given", [(), ("--with-notes",)])
def test_the_command_sends_notes_only_if_told(tmp_path: Path, given: tuple[str, ...]) -> None:
    _, run_id = _commented(tmp_path / "persona.db")
    report = tmp_path / "report.html"
    command = ["export", run_id, "--html", str(report), "--db", str(tmp_path / "persona.db"), *given]
    assert run_command(command) == 0
    assert ("Is this real?" in report.read_text(encoding="utf-8")) == bool(given)


def test_the_command_says_where_notes_have_no_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, run_id = _commented(tmp_path / "persona.db")
    deck = tmp_path / "deck.pptx"
    assert run_command(["export", run_id, "--pptx", str(deck), "--with-notes", "--db", str(tmp_path / "persona.db")])
    assert "has no place for notes" in capsys.readouterr().err
    assert not deck.exists()
