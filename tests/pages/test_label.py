from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.calibration.design import draw_from
from pipeline.calibration.label_files import export_labels
from pipeline.domain.config import HybridConfig
from pipeline.domain.labels import DesignSettings
from pipeline.store import Store
from tests.factories import STARTED, make_draft, make_persona
from tests.pages.runs import finished_run, save_study

App = Callable[[], AppTest]
MARKUP = "**b** :red[x] <i>y</i>"
HIDDEN = ("0.", "score", "frontier", "local", "$", "claude", "threshold")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def a_design(database: Path, **settings: object) -> str:
    """A drawn design on a run of four drafts, two of them refined."""
    run_id = finished_run(database, count=4, draft_factor=1.0, quality_threshold=1.0)
    store = Store(database)
    design = draw_from(store.scores([run_id]), DesignSettings(labels=10, **settings))
    return store.save_design([run_id], design, "First labels", datetime.now(UTC))


def _open(app: App, rater: str | None = None, **address: str) -> AppTest:
    page = app().run()
    page.switch_page(ui.LABEL)
    for name, value in address.items():
        page.query_params[name] = value
    if rater:
        page.session_state["label_rater"] = rater
    return page.run()


def _with_files(app: App) -> AppTest:
    """The start with the place for files opened."""
    page = _open(app)
    page.session_state["labels from a file"] = True
    return page.run()


def _text(page: AppTest) -> str:
    kinds = ("title", "header", "markdown", "caption", "info", "warning", "error", "success", "metric")
    words = [f"{getattr(item, 'label', '')} {item.value}" for kind in kinds for item in page.get(kind)]
    return "\n".join(words).replace("\\", "")


def _button(page: AppTest, label: str):
    return next(button for button in page.button if button.label == label)


def _say(page: AppTest, *words: str) -> AppTest:
    for word in words:
        _button(page, word).click().run()
        assert not page.exception
    return page


def test_without_a_run_the_page_leads_to_configure(app):
    page = _open(app)
    assert "no finished run yet" in _text(page)
    assert not page.exception


def test_the_start_says_what_is_drawn_and_how_many_labels_the_promise_needs(app, database):
    finished_run(database, count=4, draft_factor=1.0)
    page = _open(app)
    assert "texts to label, about 1 minute" in _text(page)
    assert "needs at least 23 drafts at or over the floor" in page.warning[0].value
    page.selectbox[1].select("this_run").run()
    assert "needs at least 22" not in _text(page)


def test_a_design_is_drawn_under_a_name_and_shows_its_first_card(app, database):
    finished_run(database, count=4, draft_factor=1.0)
    page = _open(app)
    _button(page, "Draw and begin").click().run()
    assert "Type your name first" in page.warning[-1].value
    page.text_input[0].input("Ana")
    _button(page, "Draw and begin").click().run()
    (design,) = Store(database).designs()
    assert page.query_params["design"] == design.id
    assert "rater" not in page.query_params
    assert _button(page, "Acceptable")


def test_a_card_shows_the_whole_persona_and_nothing_of_where_it_comes_from(app, database):
    design_id = a_design(database)
    page = _open(app, "Ana", design=design_id)
    stored = Store(database).design(design_id)
    task = stored.design.tasks[0]
    run = Store(database).run(task.run_id)
    finals = {final.draft_id: final.persona for final in run.personas}
    drafts = {item.draft.id: item.draft.persona for item in run.drafts}
    persona = (finals if task.text == "frontier" else drafts)[task.draft_id]
    shown = _text(page)
    for words in (persona.name, persona.tagline, persona.background, *persona.goals, *persona.quotes):
        assert words in shown
    card = shown.split(persona.name, 1)[1].lower()
    assert [word for word in HIDDEN if word in card] == []


def test_text_of_models_stays_text_on_a_card(app, database):
    store = Store(database)
    config = HybridConfig(local_provider="builtin", frontier_provider="simulated")
    run_id = store.create_run(save_study(store).id, config, name="Hostile", simulated=True, now=STARTED)
    hostile = make_persona(name=MARKUP, background=MARKUP, goals=(MARKUP,), demographics={MARKUP: MARKUP})
    draft = make_draft(0, 0.5)
    store.log(run_id).draft_written(draft.draft.model_copy(update={"persona": hostile}))
    store.log(run_id).draft_assessed(draft.draft.id, draft.assessment)
    store.mark_interrupted(STARTED)
    design = draw_from(store.scores([run_id]), DesignSettings())
    page = _open(app, "Ana", design=store.save_design([run_id], design, MARKUP, STARTED))
    assert not page.exception
    words = [item.value for kind in ("header", "markdown", "caption") for item in page.get(kind)]
    assert sum(MARKUP in text.replace("\\", "") for text in words) >= 4
    assert not any(MARKUP in text for text in words)


def test_labels_are_written_with_their_notes_and_undo_brings_the_last_one_back(app, database):
    design_id = a_design(database)
    page = _open(app, "Ana", design=design_id)
    page.text_input[0].input("  too vague ").run()
    _say(page, "Unacceptable", "Unsure")
    assert [(one.place, one.verdict, one.note) for one in Store(database).labels(design_id)] == [
        (0, "unacceptable", "too vague"),
        (1, "unsure", ""),
    ]
    _say(page, "Undo", "Undo")
    assert Store(database).labels(design_id) == ()
    assert page.text_input[0].value == "too vague"
    assert _button(page, "Undo").disabled


def test_labelling_goes_on_where_it_was_left(app, database):
    design_id = a_design(database)
    _say(_open(app, "Ana", design=design_id), "Acceptable", "Acceptable")
    page = _open(app, design=design_id)
    assert page.selectbox[0].options == ["Ana"]
    page.selectbox[0].select("Ana")
    _button(page, "Begin").click().run()
    total = len(Store(database).design(design_id).design.tasks)
    assert page.get("progress")[0].proto.text.startswith(f"2 of {total} · about")


def test_a_second_rater_sees_the_same_texts_and_none_of_the_verdicts(app, database):
    design_id = a_design(database)
    first = _open(app, "Ana", design=design_id)
    shown = first.header[0].value
    _say(first, "Unacceptable")
    second = _open(app, "Ben", design=design_id)
    assert second.header[0].value == shown
    assert "Ana" not in _text(second)


def test_the_end_tells_agreement_and_leads_to_calibrate(app, database):
    design_id = a_design(database)
    total = len(Store(database).design(design_id).design.tasks)
    for rater in ("Ana", "Ben"):
        page = _say(_open(app, rater, design=design_id), *["Acceptable"] * (total - 1), "Unsure")
    assert "Every text has its label" in _text(page)
    assert "Labels of Ana count; those of Ben" in _text(page)
    assert f"Kappa (n = {total})" in _text(page)
    assert f"100 % · {total} of {total}" in _text(page)
    assert any(design_id in link.proto.query_string for link in page.get("page_link"))


def test_the_source_of_a_text_is_shown_on_demand(app, database):
    design_id = a_design(database)
    page = _open(app, "Ana", design=design_id)
    before = _text(page)
    _say(page, "Source")
    assert len(_text(page)) > len(before) + 100
    _say(page, "Hide source")
    assert _text(page) == before


def test_an_unknown_design_says_so_and_leads_back(app, database):
    finished_run(database)
    page = _open(app, design="design-gone")
    assert "no design 'design-gone'" in _text(page)
    _button(page, "Choose another design").click().run()
    assert "design" not in page.query_params


def test_the_results_of_a_run_lead_to_labelling_it(app, database):
    finished_run(database, "Older")
    run_id = finished_run(database, "Night tariff", seed=4)
    page = app().run()
    page.query_params["run"] = Store(database).runs()[1].id
    page.switch_page(ui.RESULTS).run()
    _button(page, "Label").click().run()
    assert page.title[0].value == "Label"
    assert page.multiselect[0].value != [run_id]


def test_a_design_is_deleted_with_its_labels(app, database):
    page = _say(_open(app, "Ana", design=a_design(database)), "Acceptable")
    page.session_state["delete design"] = True
    assert "Deletes **First labels** and 1 label for good" in _text(page.run())
    _button(page, "Delete design and labels").click().run()
    assert Store(database).designs() == []
    assert "design" not in page.query_params


def test_the_newest_designs_are_listed_and_the_others_on_demand(app, database):
    run_id = finished_run(database, count=4, draft_factor=1.0)
    store = Store(database)
    design = draw_from(store.scores([run_id]), DesignSettings())
    for number in range(7):
        store.save_design([run_id], design, f"Draw {number}", datetime.now(UTC))
    page = _open(app)
    assert "Draw 6" in _text(page)
    assert "Draw 1" not in _text(page)
    _button(page, "All 7 designs").click().run()
    assert "Draw 0" in _text(page)


def test_the_last_label_of_all_can_be_taken_back_too(app, database):
    design_id = a_design(database)
    total = len(Store(database).design(design_id).design.tasks)
    page = _say(_open(app, "Ana", design=design_id), *["Acceptable"] * total, "Undo")
    assert len(Store(database).labels(design_id)) == total - 1
    assert _button(page, "Acceptable")


def test_a_file_of_labels_goes_back_into_its_design(app, database):
    design_id = a_design(database)
    store = Store(database)
    _say(_open(app, "Ana", design=design_id), "Acceptable", "Unsure")
    text = export_labels(store.design(design_id), store.labels(design_id))
    for label in store.labels(design_id):
        store.remove_label(design_id, label.place, "Ana", label.labelled_at)
    page = _with_files(app)
    page.file_uploader[0].upload("labels.csv", text.encode(), "text/csv").run()
    _button(page, "Add to this design").click().run()
    assert [label.verdict for label in store.labels(design_id)] == ["acceptable", "unsure"]
    assert page.query_params["design"] == design_id


def test_labels_made_elsewhere_are_kept_apart_and_marked(app, database):
    run_id = finished_run(database, count=4, draft_factor=1.0)
    draft_id = Store(database).run(run_id).drafts[0].draft.id
    page = _with_files(app)
    page.file_uploader[0].upload("old.csv", f"run,draft,label\n{run_id},{draft_id},1\n".encode(), "text/csv").run()
    assert "1 label made elsewhere." in _text(page)
    _button(page, "Keep apart from drawn designs").click().run()
    (design,) = Store(database).designs()
    assert (design.name, design.is_drawn) == ("old.csv", False)
    assert ":gray-badge[made elsewhere]" in _text(page)


def test_a_file_that_is_no_table_of_labels_is_refused_in_one_sentence(app, database):
    finished_run(database)
    page = _with_files(app)
    page.file_uploader[0].upload("x.csv", b"draft,label\nd1,7\n", "text/csv").run()
    assert "x.csv line 2, column label: found '7'" in _text(page)
    assert not page.exception
