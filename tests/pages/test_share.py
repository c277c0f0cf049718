"""The export menu, posters, and imported runs on the Results page."""

from pathlib import Path

from pipeline.bundle import without_source
from pipeline.clock import SystemClock
from pipeline.store import Store
from tests.pages.runs import finished_run


def labels(at) -> list[str]:
    return [item.proto.label for item in at.get("download_button")]


def results(app, run_id: str):
    at = app()
    at.query_params["run"] = run_id
    return at.switch_page("pages/results.py").run()


def test_results_offer_report_bundle_posters_and_images(app, tmp_path: Path) -> None:
    at = results(app, finished_run(tmp_path / "persona.db"))
    assert not at.exception
    offered = labels(at)
    for label in ("Report (simulated)", "Bundle for another installation", "Posters (simulated)"):
        assert offered.count(label) == 1
    assert offered.count("Poster") == 2
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
