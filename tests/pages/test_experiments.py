import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.cli.main import main
from pipeline.store import Store
from tests.loopback import OllamaServer
from tests.pages.runs import finished_run, join_background
from tests.pages.tables import column

App = Callable[[], AppTest]
HOSTILE = "<script>alert(1)</script> [x](http://x) :red[y] | z"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App, **address: str) -> AppTest:
    page = app().run()
    page.switch_page(ui.EXPERIMENTS)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def _text(page: AppTest) -> str:
    kinds = ("title", "header", "markdown", "caption", "error")
    return "\n".join(str(item.value) for kind in kinds for item in page.get(kind)).replace("\\", "")


def _button(page: AppTest, label: str):
    return next(button for button in page.button if button.label == label)


def _experiment(database: Path, name: str = "Thresholds", thresholds: str = "[0.5, 0.99]") -> str:
    grid = database.parent / "grid.yaml"
    drafts = finished_run(database)
    grid.write_text(f"experiment: '{name}'\nfrom_drafts: {drafts}\ngrid: {{quality_threshold: {thresholds}}}\n")
    assert main(["experiment", str(grid), "--db", str(database), "--json"]) == 0
    return Store(database).experiments()[0].id


def test_without_a_run_the_page_offers_the_next_step(app: App) -> None:
    page = _open(app)
    assert not page.exception
    assert "there is none yet" in _text(page)
    assert "No experiment yet" in _text(page)


def test_cells_stand_side_by_side_with_their_paired_differences(app: App, database: Path) -> None:
    experiment_id = _experiment(database)
    page = _open(app, experiment=experiment_id)
    assert not page.exception
    text = _text(page)
    assert "2 of 2 choices finished" in text
    assert "| quality threshold |" in text
    assert "Mean score beside choice 1" in text
    assert "(simulated)" in text
    assert any(word in text for word in ("no clear difference", "higher", "the same"))


def test_other_cell_can_be_the_one_that_is_compared_with(app: App, database: Path) -> None:
    experiment_id = _experiment(database)
    page = _open(app, experiment=experiment_id)
    page.selectbox(key=f"baseline_{experiment_id}").set_value(2).run()
    assert "Mean score beside choice 2" in _text(page)


def test_experiment_is_started_from_the_page_and_runs_to_its_end(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app)
    assert "3 runs on the 4 drafts of Night tariff; at most" in _text(page)
    _button(page, "Run 3 choices").click().run()
    assert not page.exception
    store = Store(database)
    (experiment,) = store.experiments()
    join_background()
    runs = store.experiment_runs(experiment.id)
    assert [run.status for run in runs] == ["completed"] * 3
    assert {run.drafts_from for run in runs} == {run_id}
    assert "3 of 3 choices finished" in _text(page.run())


def test_form_of_a_new_experiment_is_there_once_it_is_opened(app: App, database: Path) -> None:
    page = _open(app, experiment=_experiment(database))
    assert not any(field.label == "Drafts of" for field in page.selectbox)
    page.session_state["new experiment"] = True
    assert any(field.label == "Drafts of" for field in page.run().selectbox)


def test_interrupted_experiment_can_be_gone_on_with(app: App, database: Path) -> None:
    experiment_id = _experiment(database)
    store = Store(database)
    last = store.experiment_runs(experiment_id)[-1].id
    with sqlite3.connect(database) as db:
        db.execute("UPDATE runs SET status = 'interrupted' WHERE id = ?", [last])
    page = _open(app, experiment=experiment_id)
    assert "interrupted" in _text(page)
    _button(page, "Resume").click().run()
    join_background()
    assert store.run(last).status == "completed"


def test_cell_that_could_not_be_paid_keeps_the_experiment_from_starting(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app)
    page.multiselect(key=f"experiment_models_{run_id}_simulated").set_value(["claude-sonnet-5-5", "made-up"]).run()
    assert "Choice 2" in _text(page)
    assert "cannot be run" in _text(page)
    assert next(button for button in page.button if button.label == "Run 6 choices").disabled


def test_unknown_experiment_and_hostile_names_do_no_harm(app: App, database: Path) -> None:
    _experiment(database, name=HOSTILE)
    page = _open(app, experiment="exp-nowhere")
    assert not page.exception
    assert "There is no experiment 'exp-nowhere'" in _text(page)
    (title,) = page.header
    assert "alert" in title.value
    assert "<script>" not in title.value
    assert "[x](" not in title.value


def test_experiment_is_deleted_and_its_runs_stay(app: App, database: Path) -> None:
    experiment_id = _experiment(database)
    runs = len(Store(database).runs())
    page = _open(app, experiment=experiment_id)
    assert "will be deleted. Its 2 runs and their cost stay" in _text(page)
    _button(page, "Delete this experiment").click().run()
    assert not page.exception
    assert "No experiment yet" in _text(page)
    assert (Store(database).experiments(), len(Store(database).runs())) == ([], runs)


def test_runs_of_an_experiment_lead_back_to_it_from_everywhere(app: App, database: Path) -> None:
    experiment_id = _experiment(database, name="Thresholds [a](b)")
    store = Store(database)
    cells, drafts = [run.id for run in store.experiment_runs(experiment_id)], store.experiments()[0].drafts_from
    assert {key: one.id for key, one in store.experiments_of([*cells, drafts]).items()} == dict.fromkeys(
        cells, experiment_id
    )
    page = app().run().switch_page(ui.RUNS).run()
    assert column(page, "Experiment") == ["Thresholds [a](b)"] * 2 + ["–"]
    for place, name in ((ui.COMPARE, "compare"), (ui.CALIBRATE, "calibrate")):
        for chosen, links in ((cells, 1), ([*cells, drafts], 0)):
            page = app().run().switch_page(place)
            page.query_params["runs"] = ",".join(chosen) if name == "compare" else list(chosen)
            page.run()
            assert not page.exception
            assert len([link for link in page.get("page_link") if "Experiment: " in link.proto.label]) == links


def test_repeated_runs_are_one_row_and_local_models_stand_side_by_side(
    app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models are a stand-in server that writes from the prompt."""
    with OllamaServer(models=("qwen2.5:7b", "llama3:8b")) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        study = database.parent / "study.csv"
        rows = [f"P{n},I want to know what heating costs in month {n}. I never open the app twice." for n in range(9)]
        study.write_text("participant,answer\n" + "\n".join(rows))
        grid = {"local_model": ["qwen2.5:7b", "llama3:8b"], "seed": [0, 1]}
        values = {"experiment": "Models", "from": str(study), "grid": grid, "max_cost": None}
        values["hybrid"] = {"local_provider": "ollama", "frontier_provider": "simulated", "count": 2, "draft_factor": 1}
        path = database.parent / "grid.yaml"
        path.write_text(json.dumps(values))
        assert main(["experiment", str(path), "--db", str(database), "--json"]) == 0
    store = Store(database)
    (experiment,) = store.experiments()
    digests = {run.config.local_model: store.run(run.id).local_digest for run in store.experiment_runs(experiment.id)}
    assert len(set(digests.values())) == 2
    assert all(digests.values())
    page = _open(app, experiment=experiment.id)
    assert not page.exception
    text = _text(page)
    assert "Repeated runs" in text
    assert "Which local model serves this study?" in text
    assert "ollama llama3:8b (2 runs)" in text
    assert "100 % (40 % to 100 %)" in text  # four of four drafts could be read
    assert "no labels" in text
