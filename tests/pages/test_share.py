"""The export menu, posters, and imported runs on the Results page."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from pipeline.domain.bundle import without_source
from pipeline.domain.units import SystemClock
from pipeline.store import Store
from pipeline.store.bundle_file import write_bundle
from tests.pages.runs import finished_run


def labels(at) -> list[str]:
    return [item.proto.label for item in at.get("download_button")]


def results(app, run_id: str):
    at = app()
    at.query_params["run"] = run_id
    return at.switch_page("pages/results.py").run()


def test_results_offer_report_bundle_posters_and_images(app, tmp_path: Path) -> None:
    at = results(app, finished_run(tmp_path / "persona.db"))
    for popover in ("export", "open scores", "open outcomes"):
        at.session_state[popover] = True
    at.run()
    assert not at.exception
    offered = labels(at)
    for label in ("Report (simulated)", "Bundle for another installation", "Posters (simulated)"):
        assert offered.count(label) == 1
    assert offered.count("PNG") == offered.count("SVG") >= 2


def test_imported_run_reads_the_same_and_offers_no_resume(app, tmp_path: Path) -> None:
    made = Store(tmp_path / "elsewhere.db")
    run_id = finished_run(tmp_path / "elsewhere.db")
    made._change_run(run_id, {"status": "interrupted"})
    Store(tmp_path / "persona.db").import_bundle(without_source(made.bundle([run_id])), SystemClock().now())
    at = results(app, run_id)
    assert not at.exception
    assert "Resume" not in [button.label for button in at.button]
    assert any("imported" in caption.value for caption in at.caption)
    assert any("only where it was made" in warning.value for warning in at.warning)


def test_bundle_is_imported_on_runs_and_a_broken_one_is_refused(app, tmp_path: Path) -> None:
    run_id = finished_run(tmp_path / "elsewhere.db")
    data = write_bundle(Store(tmp_path / "elsewhere.db").bundle([run_id]), SystemClock().now())
    at = app()
    at.switch_page("pages/runs.py").run()
    at.file_uploader(key="bundle").upload("broken.zip", data[:-30], "application/zip").run()
    take_in(at)
    assert "broken.zip: cannot be imported" in at.error[0].value.replace("\\", "")
    at.file_uploader(key="bundle").upload("x.zip", data, "application/zip").run()
    take_in(at)
    assert not at.exception
    assert Store(tmp_path / "persona.db").run(run_id).imported_at is not None


def take_in(at) -> None:
    next(button for button in at.button if button.label == "Import bundle").click().run()


def test_comparison_offers_its_report_and_its_runs(app, tmp_path: Path) -> None:
    runs = [finished_run(tmp_path / "persona.db", name) for name in ("One", "Two")]
    at = app()
    at.query_params["runs"] = ",".join(runs)
    at.switch_page("pages/compare.py").run()
    assert not at.exception
    assert {"Report (simulated)", "Bundle for another installation"} <= set(labels(at))


MAIL = "maren.oduya@example.org"


@pytest.mark.parametrize(("choice", "shown"), [("replaced", "[email 1]"), ("left as they are", MAIL)])
def test_identifiers_are_asked_about_before_a_file_is_offered(
    app, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: str, shown: str
) -> None:
    run_id = finished_run(tmp_path / "persona.db")
    Store(tmp_path / "persona.db").log(run_id).warn(f"Sent by {MAIL}")
    made: dict[str, Any] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, **__: made.update({label: data}))
    at = results(app, run_id)
    at.session_state["export"] = True
    at.run()
    assert "1 identifier of people found" in "".join(item.value for item in at.warning)
    assert "Everything as JSON (simulated)" not in made
    next(item for item in at.get("button_group") if item.label == "In the files they are").set_value(choice).run()
    written = made["Everything as JSON (simulated)"]()
    assert shown in written
    assert (MAIL in written) == (choice == "left as they are")


def test_the_page_offers_to_upload_what_the_server_takes(app) -> None:
    at = app()
    at.switch_page("pages/runs.py").run()
    set_up = tomllib.loads(Path(".streamlit/config.toml").read_text())["server"]["maxUploadSize"]
    assert at.file_uploader(key="bundle").proto.max_upload_size_mb == set_up
    assert any("`persona import FILE`" in caption.value for caption in at.caption)
