import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.domain.labels import Promise
from pipeline.domain.run import Timing
from pipeline.store import Store
from pipeline.store.facts import CopiedDrafts
from tests.invented import NOW, invented_run, invented_scores, labelled_run

App = Callable[[], AppTest]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App, *run_ids: str) -> AppTest:
    # A page has its real address only after `st.navigation` has run once.
    page = app().run()
    if run_ids:
        page.query_params["runs"] = list(run_ids)
    return page.switch_page(ui.CALIBRATE).run()


def _show(page: AppTest, section: str) -> AppTest:
    page.session_state["show"] = section
    return page.run()


def _text(page: AppTest) -> str:
    """All words on the page, without the backslashes that keep them from being markup."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error", "metric")
    words = [f"{getattr(item, 'label', '')} {item.value}" for kind in kinds for item in page.get(kind)]
    return "\n".join(words).replace("\\", "").replace("\u2060", "")


def _figures(page: AppTest) -> dict[str, str]:
    """The second column of the table, by what stands in the first."""
    rows = [line.split(" | ") for line in _text(page).splitlines() if line.strip().startswith("| ") and "**" in line]
    return {row[0].strip(" |").removesuffix(" (simulated)"): row[1].strip("*") for row in rows}


def test_without_a_run_the_page_offers_the_next_step(app: App) -> None:
    page = _open(app)
    assert not page.exception
    assert "No run yet" in _text(page)


def test_an_unlabelled_run_is_explored_and_nothing_is_certified(app: App, database: Path) -> None:
    page = _open(app, invented_run(database, invented_scores(40), count=20, draft_factor=2.0, max_cost=0.1))
    assert not page.exception
    assert "Nothing is certified" in _text(page)
    assert _figures(page)["Bad local drafts"] == "–"
    assert page.slider(key="at").value == 0.7
    assert "A calibration run measures it" in _text(page)


def test_moving_the_slider_moves_every_figure(app: App, database: Path) -> None:
    page = _open(app, invented_run(database, invented_scores(40), count=20, draft_factor=2.0, max_cost=0.1))
    before = _figures(page)
    page.slider(key="at").set_value(0.85).run()
    after = _figures(page)
    assert {name for name in before if before[name] != after[name]} >= {
        "Stays local",
        "Cost",
        "Saved",
        "Risk of running over budget",
    }
    page.number_input(key="typed").set_value(0.7).run()
    assert _figures(page) == before


def test_labels_certify_a_threshold_and_the_slider_starts_there(app: App, database: Path) -> None:
    run_id = invented_run(database, invented_scores(200), count=200, draft_factor=1.0)
    labelled_run(database, run_id, labels=80)
    page = _open(app, run_id)
    assert not page.exception
    certified = page.success[0].value.replace("\\", "")
    assert "Use 0." in certified
    assert "With 90 % confidence at most 10 % of the personas" in certified
    assert f"{page.slider(key='at').value:.2f}" in certified
    assert "AUROC" in _text(_show(page, "Is the score any good?"))


def test_with_ten_labels_the_page_says_how_many_more(app: App, database: Path) -> None:
    run_id = invented_run(database, invented_scores(60), count=60, draft_factor=1.0)
    labelled_run(database, run_id, labels=10)
    assert "Label 12 more" in _text(_open(app, run_id))


def test_a_useless_score_is_called_useless(app: App, database: Path) -> None:
    run_id = invented_run(database, invented_scores(200), count=200, draft_factor=1.0)
    labelled_run(database, run_id, labels=100, acceptable=lambda score: int(score * 1e6) % 2 == 0)
    page = _show(_open(app, run_id), "Is the score any good?")
    assert "refining a fixed share at random is as good" in _text(page)


def test_drafts_that_are_all_bad_are_escalated_and_a_strict_promise_calls_the_score_too_weak(
    app: App, database: Path
) -> None:
    run_id = invented_run(database, invented_scores(60), count=60, draft_factor=1.0)
    labelled_run(database, run_id, labels=40, acceptable=lambda score: False)
    page = _open(app, run_id)
    assert "Escalate everything" in _text(page)
    page.radio(key="share").set_value("what stays local").run()
    assert "The score is too weak" in _text(page)


def test_the_threshold_is_carried_into_a_new_configuration(app: App, database: Path) -> None:
    page = _open(app, invented_run(database, invented_scores(20), count=10, max_cost=0.25, skip_frontier=True))
    page.slider(key="at").set_value(0.83).run()
    next(button for button in page.button if button.label == "Use this threshold").click().run()
    assert page.title[0].value == "Configure"
    values = page.session_state[ui.CONFIG_KEY]
    assert (values["quality_threshold"], values["count"], values["max_cost"]) == (0.83, 10, 0.25)
    assert not values["skip_frontier"]


def test_runs_of_different_scorers_are_not_mixed(app: App, database: Path) -> None:
    one = invented_run(database, [0.5, 0.8])
    page = _open(app, one, invented_run(database, [0.5, 0.8], scorer="test/2"))
    assert "different versions of the scorer" in _text(page)
    assert not page.slider


def test_a_run_that_is_gone_is_said_to_be_gone(app: App, database: Path) -> None:
    invented_run(database, [0.5])
    assert "run-gone" in _open(app, "run-gone").error[0].value.replace("\\", "")


def test_labels_of_other_runs_are_left_out_and_the_page_says_why(app: App, database: Path) -> None:
    first, second = (invented_run(database, invented_scores(30, seed), count=30) for seed in (1, 2))
    design_id = labelled_run(database, first, labels=30)
    page = app().run()
    page.query_params["runs"], page.query_params["design"] = [second], design_id
    text = _text(page.switch_page(ui.CALIBRATE).run())
    assert "Choose the same runs" in text
    assert "Nothing is certified" in text


@pytest.mark.parametrize(
    ("scores", "settings", "sentence"),
    [
        ([0.5] * 6, {}, "All drafts score 0.50: a threshold keeps all of them or none."),
        ([0.5] * 5 + [0.8], {}, "5 drafts share the score 0.50 and move together."),
        ([0.5, None, 0.9], {}, "1 draft has no score and would be refined at every threshold."),
        ([None, None], {}, "No draft has a score, so all are refined at every threshold."),
        ([0.5], {}, "There is only one scored draft"),
        ([0.5, 0.9], {"max_cost": 0}, "A budget of 0 buys nothing"),
        ([0.5, 0.9], {"refine": False, "skip_frontier": True}, "The cost of refining these drafts is unknown"),
        ([0.5, 0.6, 0.9], {"failed": 1}, "1 refinement failed: the draft was delivered"),
    ],
)
def test_unusual_drafts_have_a_sentence(app: App, database: Path, scores, settings, sentence: str) -> None:
    page = _open(app, invented_run(database, scores, **settings))
    assert not page.exception
    assert sentence in _text(page)


@pytest.mark.parametrize(("at", "sentence"), [(0.0, "At 0 every draft"), (1.0, "No draft stays local")])
def test_the_ends_of_the_slider_are_explained(app: App, database: Path, at: float, sentence: str) -> None:
    page = _open(app, invented_run(database, [0.5, 0.9]))
    assert sentence in _text(page.slider(key="at").set_value(at).run())


def test_a_calibration_run_is_started_with_everything_refined(app: App, database: Path) -> None:
    page = _show(_open(app, invented_run(database, [0.5, 0.9], scorer="", max_cost=1.0)), "Does refining help?")
    next(button for button in page.button if button.label == "Refine all of them").click().run()
    assert not page.exception
    assert page.title[0].value == "Results"
    runs = Store(database).runs()
    found = next(run for run in runs if run.name.endswith("calibration run"))
    assert (found.threshold, found.budget_micros) == (1.0, 1_000_000)


def _promised(database: Path, **promise: object) -> tuple[str, str]:
    """A run with 60 labels that were drawn for a promise of their own."""
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    return run_id, labelled_run(database, run_id, labels=60, promise=Promise.model_validate(promise))


def test_the_promise_is_the_one_that_labels_were_drawn_for(app: App, database: Path) -> None:
    run_id, _ = _promised(database, alpha=0.2, confidence=0.8, risk="selective", scope="this_run")
    page = _open(app, run_id)
    assert (page.number_input(key="alpha").value, page.number_input(key="confidence").value) == (20, 80)
    assert (page.radio(key="share").value, page.radio(key="scope").value) == ("what stays local", "these drafts")
    assert "something else" not in _text(page)


def test_another_promise_is_called_another_one_and_goes_with_its_labels(app: App, database: Path) -> None:
    run_id, _ = _promised(database, alpha=0.2)
    page = _open(app, run_id)
    page.number_input(key="alpha").set_value(30).run()
    assert "drawn for another promise: at most 20 %" in _text(page)
    page.selectbox(key="calibrate_design").set_value("none").run()
    assert page.number_input(key="alpha").value == 10


def test_runs_that_drift_apart_are_warned_about(app: App, database: Path) -> None:
    runs = [
        invented_run(database, [part * score for score in invented_scores(60)], count=60, draft_factor=1.0)
        for part in (1.0, 0.6)
    ]
    page = _open(app, *runs)
    said = page.warning[0].value.replace("\\", "")
    assert "The scores of these runs differ beyond chance" in said
    assert re.search(r"its local share by −\d+ \[−\d+ to −\d+\] points", said), said


def test_a_threshold_is_tested_once_it_is_said_to_be_settled_beforehand(app: App, database: Path) -> None:
    page = _show(_open(app, _promised(database)[0]), "Is it safe?")
    press = next(button for button in page.button if button.label == "Test it")
    press.click().run()
    assert "Only a threshold that was fixed beforehand" in _text(page)
    page.checkbox[0].check()
    next(button for button in page.button if button.label == "Test it").click().run()
    assert "0.70: With 90 % confidence" in _text(page)


def test_simpler_rules_are_compared_when_asked_for(app: App, database: Path) -> None:
    page = _show(_open(app, _promised(database)[0]), "Does refining help?")
    assert not page.exception
    rules = next(frame.value for frame in page.dataframe if "Rule" in frame.value)
    assert {"all local", "all frontier", "fixed ratio", "best of both"} <= set(rules["Rule"])
    assert "more often than the drafts" in _text(page)


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [([0.9] * 30, "Use 0.90."), ([0.5] * 30, "Escalate everything")],
)
def test_equal_scores_are_certified_all_or_not_at_all(app: App, database: Path, scores, sentence: str) -> None:
    run_id = invented_run(database, scores, count=30, draft_factor=1.0)
    labelled_run(database, run_id, labels=30, floor=0.0)
    text = _text(_open(app, run_id))
    assert sentence in text
    assert "a threshold keeps all of them or none" in text


def test_refining_that_helps_nobody_has_no_advantage_to_recover(app: App, database: Path) -> None:
    run_id = invented_run(database, invented_scores(80), count=80, draft_factor=1.0, threshold=0.8)
    labelled_run(database, run_id, labels=40, acceptable=lambda score: True)
    page = _show(_open(app, run_id), "Does refining help?")
    assert "no advantage to recover a share of" in _text(page)


def test_the_notice_of_a_run_under_way_gives_way_to_what_it_measured(app: App, database: Path) -> None:
    first = invented_run(database, [0.5, 0.9], scorer="", max_cost=1.0)
    store = Store(database)
    run = store.scores([first])[0]
    config = run.config.model_copy(update={"quality_threshold": 1.0})
    drafts = CopiedDrafts(first, scored=True)
    second = store.create_run(run.study_id, config, name="All of them", simulated=True, now=NOW, drafts=drafts)
    page = _show(_open(app, first), "Does refining help?")
    assert "A run on these drafts is under way" in _text(page)
    assert not any(button.label == "Refine all of them" for button in page.button)
    store.finish_run(
        second,
        "completed",
        error=None,
        timing=Timing(wall_s=1),
        frontier_only_micros=None,
        price_source="test",
        scorer_version="",
        now=NOW,
    )
    assert "under way" not in _text(page.run())


def test_a_section_that_other_labels_do_not_allow_gives_way_to_the_first(app: App, database: Path) -> None:
    page = _show(_open(app, _promised(database)[0]), "Is it safe?")
    page.selectbox(key="calibrate_design").set_value("none").run()
    assert not page.exception
    assert "**Cost: " in _text(page)


def test_the_table_has_every_threshold(app: App, database: Path) -> None:
    page = _show(_open(app, invented_run(database, invented_scores(20), count=10)), "What does it cost?")
    page.toggle(key="table").set_value(True).run()
    assert page.dataframe[0].value["threshold"].tolist()[:3] == [0.0, 0.01, 0.02]


def test_a_calibration_is_saved_to_a_file_and_listed_on_runs(app: App, database: Path) -> None:
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    labelled_run(database, run_id, labels=60)
    page = _open(app, run_id)
    page.session_state["files"] = True
    page.run()
    (button,) = [one for one in page.get("download_button") if one.label == "Save this calibration"]
    button.click().run()
    assert not page.exception
    (stored,) = Store(database).calibrations()
    assert stored.file.summary.status == "certified"
    runs = page.switch_page(ui.RUNS).run()
    assert not runs.exception
    assert "Calibrations (1)" in [one.label for one in runs.expander]
    assert stored.id in _text(runs)
    next(one for one in runs.button if one.key == f"delete {stored.id}").click().run()
    assert Store(database).calibrations() == ()


def test_a_calibration_of_another_study_is_audited_on_these_runs(app: App, database: Path) -> None:
    store = Store(database)
    other = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    labelled_run(database, other, labels=60)
    page = _open(app, other)
    page.session_state["files"] = True
    page.run()
    next(one for one in page.get("download_button") if one.label == "Save this calibration").click().run()
    file = store.calibrations()[0].file
    assert file.identity
    elsewhere = file.model_copy(update={"identity": file.identity.model_copy(update={"study": "elsewhere"})})
    store.save_calibration(elsewhere, NOW, is_imported=True)
    run_id = invented_run(database, invented_scores(90, seed=5), count=90, draft_factor=1.0)
    page = _open(app, run_id)
    page.session_state["files"] = True
    page.run()
    next(one for one in page.button if one.label == "Draw the probes").click().run()
    assert not page.exception
    (design,) = [one for one in store.designs() if one.name == f"Audit of {elsewhere.id}"]
    for task in store.design(design.id).design.tasks:
        store.save_label(design.id, task.place, "Ada", "acceptable", "", NOW)
    page = app().run()
    page.query_params["runs"], page.query_params["design"] = [run_id], [design.id]
    page = page.switch_page(ui.CALIBRATE).run()
    assert "the other calibration holds here" in _text(page)


def test_drafts_behind_the_bars_are_listed_with_label_and_text(app: App, database: Path) -> None:
    run_id = invented_run(database, invented_scores(60), count=60, draft_factor=1.0)
    labelled_run(database, run_id, labels=30)
    page = _show(_open(app, run_id), "Is the score any good?")
    page.toggle(key="behind").set_value(True).run()
    assert not page.exception
    table = page.dataframe[-1].value
    assert list(table.columns) == ["score", "side", "label", "text", "open"]
    assert table["score"].is_monotonic_decreasing
    assert set(table["side"]) == {"stays local", "is refined"}
    assert table["text"].str.len().min() > 0


@pytest.mark.parametrize(
    ("acceptable", "kind"), [(lambda score: score >= 0.6, "primary"), (lambda _: False, "secondary")]
)
def test_using_the_threshold_stands_out_only_where_the_answer_says_so(app, database, acceptable, kind) -> None:
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    labelled_run(database, run_id, labels=60, acceptable=acceptable)
    page = _open(app, run_id)
    (button,) = [one for one in page.button if one.label == "Use this threshold"]
    assert button.proto.type == kind
