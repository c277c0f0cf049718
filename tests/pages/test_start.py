from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.jobs.worker import Worker
from pipeline.store import Store
from tests.pages.conftest import App, button, words
from tests.pages.runs import finished_run


def test_a_first_visitor_reads_what_persona_is_and_has_one_primary_button(app: App) -> None:
    page = app().run()
    assert page.title[0].value == "Persona"
    assert "checks every claim against what people said" in words(page)
    assert [one.label for one in page.button if one.proto.type == "primary"] == ["Try the example"]


def test_one_click_runs_the_example_and_opens_its_results(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[HybridConfig] = []

    def start(worker: Worker, study_id: str, config: HybridConfig, settings: Settings) -> str:
        started.append(config)
        return worker.run(study_id, config, settings)

    page = app().run()
    # In this thread, so that the test does not wait for another one.
    monkeypatch.setattr(Worker, "start", start)
    button(page, "Try the example").click()
    page.run()
    (run,) = Store(tmp_path / "persona.db").runs()
    assert page.title[0].value == "Results"
    assert page.query_params["run"] == run.id
    assert (started[0].local_provider, started[0].frontier_provider, run.simulated) == ("builtin", "simulated", True)
    stayed = [one.outcome == "kept_local" for one in Store(tmp_path / "persona.db").run(run.id).personas]
    assert any(stayed), "the example shows a draft that stays"
    assert not all(stayed), "and one that goes to the frontier"


def test_people_who_return_find_their_runs_first(app: App, store: Store, tmp_path: Path) -> None:
    run_id = finished_run(tmp_path / "persona.db")
    store.rename_run(run_id, "Night *tariff*")
    page = app().run()
    assert [one.value for one in page.subheader] == ["Your runs"]
    assert "completed" in words(page)
    assert not [one.label for one in page.button if one.proto.type == "primary"]


def test_an_old_link_to_a_study_still_opens_upload(app: App, store: Store) -> None:
    page = app()
    page.query_params["study"] = store.studies()[0].id
    assert page.run().title[0].value == "Upload"


def test_a_viewer_starts_with_the_comparisons_and_their_notes(
    app: App, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [finished_run(tmp_path / "persona.db"), finished_run(tmp_path / "persona.db", quality_threshold=0.99)]
    store.save_comparison("Two tariffs", runs, datetime.now(UTC), note="The dearer one is *not* better.")
    monkeypatch.setattr("sys.argv", ["app.py", "--viewer"])
    page: AppTest = app().run()
    assert [one.value for one in page.subheader] == ["Comparisons", "Runs"]
    assert "The dearer one is *not* better." in words(page)
    assert not page.button
    assert "persona " not in words(page).replace("personas", "").lower().replace("persona ·", "")
