"""One number for one fact: pages, reports, documents and commands print the same figures of the same run."""

import json
import re
from pathlib import Path

import pytest

from pipeline.calibration.calibration_result import CalibrationResult, calibrate_runs
from pipeline.calibration.pooled_drafts import pool_drafts
from pipeline.calibration.score_validity import EVERYTHING, gains, gains_text
from pipeline.calibration.threshold_effects import Terms
from pipeline.cli.main import main
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.labels import Promise
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import draft_score, scores_of
from pipeline.hybrid.forecast import forecast_run
from pipeline.hybrid.preflight import plan_run
from pipeline.jobs.worker import Worker
from pipeline.results.calibration import threshold_tiles
from pipeline.results.charts import uplift_slopes
from pipeline.results.compare_runs import compared_figures
from pipeline.results.export import run_document
from pipeline.results.figures import run_figures, run_tiles
from pipeline.results.report.calibration import calibration_report
from pipeline.results.report.run import run_report
from pipeline.sources import load_paths
from pipeline.store import Store
from pipeline.text.wording import percent, score, usd
from tests.factories import make_run

EXAMPLE = Path(__file__).parents[2] / "data" / "hearthwise"
CONFIG = HybridConfig(
    local_provider="builtin",
    frontier_provider="simulated",
    quality_threshold=0.81,
    count=8,
    draft_factor=1.0,
    selection="best_score",
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("one") / "persona.db"


@pytest.fixture(scope="module")
def run(database: Path) -> RunRecord:
    """A run of the bundled study with the drafter without a model and the simulated frontier."""
    store = Store(database)
    study = load_paths([EXAMPLE])
    store.save_study(study)
    found = store.run(Worker(store).run(study.id, CONFIG, Settings()))
    assert {final.outcome for final in found.personas} == {"kept_local", "refined", "refine_not_better"}
    return found


@pytest.fixture(scope="module")
def result(database: Path, run: RunRecord) -> CalibrationResult:
    runs = Store(database).scores([run.id])
    return calibrate_runs(runs, [], None, Terms(promise=Promise(), personas=len(run.personas)))


@pytest.fixture(scope="module")
def report(database: Path, run: RunRecord) -> str:
    return run_report(run, Store(database).study(run.study_id))


def tile(tiles: object, name: str) -> str:
    return next(one.value for one in tiles if one.label.startswith(name))  # type: ignore[attr-defined]


def document_of(command: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(command) == 0
    return json.loads(capsys.readouterr().out)


def test_local_share_is_one_number(run, result, database, report, capsys):
    listed = Store(database).runs()[0]
    compared = next(one for one in compared_figures([run]) if one.measure == "local_share")
    shown = document_of(["show", run.id, "--db", str(database), "--json"], capsys)
    local = sum(entry["origin"] == "local" for entry in shown["personas"])
    assert run_figures(run).local == listed.local == local
    assert compared.value == local / len(run.personas)
    assert tile(run_tiles(run), "Local share") == percent(local / len(run.personas))
    assert f">{percent(local / len(run.personas))}<" in report
    # A threshold decides on drafts: those at or over it, without the drafts that refining could not better.
    at = result.at(run.config.quality_threshold)
    assert at.local == run_figures(run).accepted == shown["counts"]["kept_local"]


def test_cost_at_the_threshold_is_what_the_run_spent(run, result, database, report):
    at = result.at(run.config.quality_threshold)
    assert at.cost_micros is not None
    assert round(at.cost_micros) == run.spent_micros == Store(database).runs()[0].spent_micros
    spent = usd(run.spent_micros)
    assert tile(threshold_tiles(result, at), "Cost") == tile(run_tiles(run), "Spent") == spent
    assert spent in report
    assert spent in calibration_report(result, run.config.quality_threshold)
    assert run_document(run)["cost"]["spent_usd"] == run.spent_micros / 1e6


def test_saving_is_one_number(run, result, database, report, capsys):
    at, own = result.at(run.config.quality_threshold), run_figures(run).saving
    assert at.saving is not None
    assert own is not None
    # The frontier alone is kept as a whole number of micro-USD, and shared out among the drafts.
    assert at.saving.value == pytest.approx(own.value, abs=1e-4)
    shown = document_of(["show", run.id, "--db", str(database), "--json"], capsys)["cost"]["saving"]
    assert shown == pytest.approx(own.value, abs=1e-4)
    words = tile(run_tiles(run), "Saved")
    assert tile(threshold_tiles(result, at), "Saved") == words == percent(own.value)
    assert words in report
    assert words in calibration_report(result, run.config.quality_threshold)


def test_mean_gain_is_one_sentence():
    """Of an invented record: the simulated frontier betters no draft of the drafter without a model."""
    run = make_run([0.9, 0.6, 0.5, 0.4], refined={1: 0.8, 2: 0.45, 3: 0.7})
    found = gains(pool_drafts([scores_of(run)]), EVERYTHING)
    assert found is not None
    delivered = [(final.assessment.scores.overall or 0.0) - (draft_score(final) or 0.0) for final in run.personas]
    assert found.gain.value == pytest.approx(sum(delivered) / 3)
    assert uplift_slopes(run).title.startswith(gains_text(found, EVERYTHING).removesuffix("."))
    assert "on average by +0.17" in gains_text(found, EVERYTHING)


def test_mean_score_is_one_number(run, database, capsys):
    own = run_figures(run).mean_score
    assert own is not None
    compared = next(one for one in compared_figures([run]) if one.measure == "score")
    listed = Store(database).runs()[0]
    shown = document_of(["show", run.id, "--db", str(database), "--json"], capsys)
    written = [entry["score"]["overall"] for entry in shown["personas"]]
    assert compared.value == pytest.approx(own.value)
    assert listed.mean_score == pytest.approx(own.value)
    assert sum(written) / len(written) == pytest.approx(own.value, abs=1e-4)
    assert tile(run_tiles(run), "Mean score") == score(own.value)


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.81, 0.9])
def test_configure_forecasts_what_calibrate_shows_at_the_same_threshold(run, result, database, threshold):
    """As after *Use this threshold*: the settings of the run with another threshold, and the run as the only one."""
    config = run.config.model_copy(update={"quality_threshold": threshold, "max_cost": None})
    seen = forecast_run(config, plan_run(config, Settings()), Store(database).scores([run.id]))
    at = result.at(threshold)
    assert at.cost_micros is not None
    assert seen.stays_local == at.local
    assert seen.expected_micros == round(at.cost_micros)
    assert tile(threshold_tiles(result, at), "Cost") == usd(seen.expected_micros)
    assert seen.basis == "1 earlier run on this study"


def test_the_command_and_the_page_calibrate_to_the_same_numbers(run, result, database, capsys):
    found = document_of(["calibrate", "--run", run.id, "--db", str(database), "--json"], capsys)
    whole = result.at(found["threshold"])
    assert found["local_share"] == whole.local_share == 0
    assert found["expected_cost"] == pytest.approx((whole.cost_micros or 0) / 1e6)


def test_the_report_of_a_threshold_holds_the_figures_of_the_page(run, result):
    html = re.sub(r"<[^>]+>", " ", calibration_report(result, 0.8))
    for one in threshold_tiles(result, result.at(0.8)):
        assert one.value in html, one
