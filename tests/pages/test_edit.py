"""The editor of a persona on Results: every change is a row, and the card, report and JSON follow."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import cards, ui
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.results.export import run_document
from pipeline.results.report import run_report
from pipeline.store import Store
from tests.pages.conftest import button, words
from tests.pages.runs import finished_run

App = Callable[[], AppTest]


def told(page: AppTest) -> str:
    return words(page).replace("\u2060", "")


class Editing:
    """An open editor on the best persona of a run."""

    def __init__(self, app: App, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store(database)
        self.run_id = finished_run(database)
        self.first = self.run.personas[0]
        pressed = SimpleNamespace(action={"action": "edit", "draft": self.first.draft_id})
        monkeypatch.setattr(cards, "_board", lambda **_: pressed)
        self.page = app().run()
        self.page.query_params["run"] = self.run_id
        self.page.switch_page(ui.RESULTS).run()

    @property
    def run(self) -> RunRecord:
        return self.store.run(self.run_id)

    @property
    def now(self) -> FinalPersona:
        return next(final for final in self.run.shown if final.draft_id == self.first.draft_id)

    def press(self, label: str) -> None:
        button(self.page, label).click()
        self.page.run()
        assert not self.page.exception

    def view(self, name: str) -> None:
        self.page.segmented_control(key="edit view").set_value(name).run()


@pytest.fixture
def editing(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editing:
    return Editing(app, tmp_path / "persona.db", monkeypatch)


def test_new_words_of_a_claim_are_saved_with_author_and_support(editing: Editing) -> None:
    next(one for one in editing.page.text_input if one.label.startswith("Your name")).set_value("Ann").run()
    next(one for one in editing.page.text_area if one.label == "Words of this claim").set_value("Play chess in Minsk")
    editing.press("Save words")
    assert editing.now.persona.goals[0] == "Play chess in Minsk"
    assert "This claim is unsupported" in told(editing.page)
    assert "Edited: 1 change by Ann" in told(editing.page)
    (edited,) = [one for one in run_document(editing.run)["personas"] if one["edited"]]
    assert (edited["edited"]["by"], edited["outcome"]) == (["Ann"], editing.first.outcome)
    report = run_report(editing.run, editing.store.study(editing.run.study_id))
    assert "edited: 1 change by Ann" in report
    assert "Play chess in Minsk" in report


def test_rejected_claim_comes_back_with_undo(editing: Editing) -> None:
    text = editing.first.persona.goals[0]
    editing.press("Reject")
    assert text not in editing.now.persona.goals
    editing.press("Undo")
    assert editing.now == editing.first
    editing.view("History")
    assert "undid: rejected" in told(editing.page)
    assert "(undone)" in told(editing.page)


def test_claim_is_pinned_moved_and_added(editing: Editing) -> None:
    text = editing.first.persona.goals[0]
    editing.press("Pin")
    editing.press("Move")
    assert text in editing.now.persona.pain_points
    assert [place.field for place in editing.now.edited.pinned] == ["pain_points"]
    next(one for one in editing.page.text_area if one.label == "Words of the new claim").set_value("Trust one number")
    editing.press("Add claim")
    assert "Trust one number" in editing.now.persona.goals


def test_another_source_is_chosen_from_a_search_of_the_study(editing: Editing) -> None:
    search = next(one for one in editing.page.text_input if one.label.startswith("Search the study"))
    search.set_value("meter reading fridge").run()
    editing.press("Use as source")
    source = editing.now.edited.sources[0]
    assert "meter reading" in source.quote
    assert "the source was chosen by a person" in told(editing.page)


def test_name_and_facts_are_changed_with_one_row_each(editing: Editing) -> None:
    editing.view("Name and facts")
    fields = {one.label: one for one in editing.page.text_input}
    fields["Name"].set_value("Nora")
    fields["Tagline"].set_value("Wants one number")
    editing.press("Save name and facts")
    assert (editing.now.persona.name, editing.now.persona.tagline) == ("Nora", "Wants one number")
    assert [row.edit.field for row in editing.store.edit_rows(editing.run_id)] == ["name", "tagline"]


def test_two_personas_are_merged_and_one_card_is_left(editing: Editing) -> None:
    editing.view("People")
    editing.press("Merge")
    assert len(editing.run.shown) == 1
    assert set(editing.now.edited.people) == {
        person for final in editing.run.personas for person in editing.run.people_of(final)
    }
    editing.press("Undo")
    assert len(editing.run.shown) == 2


def test_problem_of_a_change_is_told_in_the_editor_and_changes_nothing(editing: Editing) -> None:
    next(one for one in editing.page.text_area if one.label == "Words of the new claim").set_value(
        editing.first.persona.goals[0]
    )
    editing.press("Add claim")
    assert "is already among the goals" in told(editing.page)
    assert editing.store.edit_rows(editing.run_id) == ()


def test_before_and_after_shows_the_delivered_text_beside_the_edited_one(
    editing: Editing, monkeypatch: pytest.MonkeyPatch
) -> None:
    editing.press("Reject")
    pressed = SimpleNamespace(action={"action": "compare", "draft": editing.first.draft_id})
    monkeypatch.setattr(cards, "_board", lambda **_: pressed)
    editing.page.run()
    assert "As delivered" in told(editing.page)
    assert editing.first.persona.goals[0] in told(editing.page)


def test_viewer_gets_no_editor_even_for_a_crafted_press(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "argv", ["app.py", "--viewer"])
    page = Editing(app, tmp_path / "persona.db", monkeypatch).page
    assert not [one for one in page.button if one.label == "Reject"]
