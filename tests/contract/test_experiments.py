"""Experiments as the command line runs them: one budget, one set of drafts, stopped at any moment and gone on with."""

import json
import re
import sqlite3
import time
from pathlib import Path

import psutil
import pytest
import yaml

from pipeline.cli.main import main
from pipeline.domain.run import RunRecord
from pipeline.store import Store
from tests.contract.test_kills import ANSWERS
from tests.forked import start
from tests.loopback import AnthropicServer
from tests.pages.runs import finished_run

GRID = {"quality_threshold": [0.5, 0.99, 1], "frontier_model": ["claude-sonnet-5-5", "claude-haiku-5-5"]}


class Bench:
    """A database, a grid file, and the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.database, self.grid = folder, folder / "persona.db", folder / "grid.yaml"
        self._capsys = capsys

    def write(self, **values: object) -> None:
        self.grid.write_text(yaml.safe_dump({"experiment": "both", "grid": GRID, **values}, sort_keys=False))

    def arguments(self, *more: str) -> list[str]:
        return ["experiment", str(self.grid), "--db", str(self.database), "--json", *more]

    def run(self, *more: str, code: int = 0) -> dict:
        self._capsys.readouterr()
        assert main(self.arguments(*more)) == code
        return json.loads(self._capsys.readouterr().out)

    def refused(self) -> str:
        assert main(self.arguments()) == 2
        return self._capsys.readouterr().err

    def cells(self) -> list[RunRecord]:
        """The runs of cells, oldest first."""
        store = Store(self.database)
        (experiment,) = store.experiments()
        return [store.run(run.id) for run in store.experiment_runs(experiment.id) if run.drafts_from]


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    return Bench(tmp_path, capsys)


def test_grid_of_six_runs_on_one_set_of_drafts_without_a_local_call(bench: Bench) -> None:
    drafts = finished_run(bench.database)
    bench.write(from_drafts=drafts)
    found = bench.run()
    assert (found["schema"], found["status"], found["drafts_from"]) == ("persona.experiment/1", "completed", drafts)
    assert [cell["status"] for cell in found["cells"]] == ["completed"] * 6
    runs = bench.cells()
    assert {call.stage for run in runs for call in run.calls} == {"refine"}
    assert all(run.drafts == runs[0].drafts for run in runs)
    assert found["spent_simulated_usd"] * 1e6 == pytest.approx(sum(run.spent_micros for run in runs))
    assert {cell["quality"]["difference"] and cell["quality"]["difference"]["pairs"] for cell in found["cells"]} == {
        None,
        2,
    }


def test_finished_experiment_is_not_run_again(bench: Bench) -> None:
    bench.write(from_drafts=finished_run(bench.database))
    first = bench.run()
    assert bench.run("--max-cost", "9") == {**first, "budget_usd": 9.0}
    assert len(bench.cells()) == 6


def test_one_budget_holds_over_all_cells(bench: Bench) -> None:
    bench.write(from_drafts=finished_run(bench.database), max_cost=0.03, grid={"quality_threshold": [0.97, 0.98, 0.99]})
    found = bench.run()
    assert 0 < found["spent_simulated_usd"] <= 0.03
    assert sum(found["cells"][0]["counts"].get(one, 0) for one in ("refined", "refine_not_better")) == 2
    assert "budget_exhausted" in found["cells"][2]["counts"]
    assert "The budget ran out, and drafts stayed unrefined" in found["notes"][-1]


def test_experiment_on_files_makes_its_drafts_first_and_only_once(bench: Bench) -> None:
    study = bench.folder / "answers.csv"
    study.write_text("\n".join(["participant,answer", *(f'R{n},"{text}"' for n, text in enumerate(ANSWERS))]))
    common = {"local_provider": "builtin", "frontier_provider": "simulated", "count": 3}
    bench.write(**{"from": str(study)}, hybrid=common)
    first = bench.run()
    assert bench.run() == first
    store = Store(bench.database)
    made = store.run(first["drafts_from"])
    assert (made.config.enabled, len(made.drafts), len(store.runs())) == (False, 6, 7)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (
            {"grid": {"frontier_model": ["claude-sonnet-5-5", "made-up-9"]}},
            r"cell 2 \(frontier model made-up-9\) cannot",
        ),
        ({"hybrid": {"frontier_provider": "anthropic"}}, "cell 1 .* cannot be run. .*ANTHROPIC_API_KEY"),
        ({"hybrid": {"count": 4}}, "contradict how they were made: count is 4, there 2"),
    ],
)
def test_nothing_starts_when_a_cell_could_not_be_run_or_paid(bench: Bench, values: dict, complaint: str) -> None:
    bench.write(from_drafts=finished_run(bench.database), **values)
    error = bench.refused()
    assert re.search(complaint, error), error
    assert len(Store(bench.database).runs()) == 1


@pytest.mark.slow
def test_killed_experiment_goes_on_where_it_stopped_within_its_budget(bench: Bench) -> None:
    bench.write(from_drafts=finished_run(bench.database), max_cost=1, hybrid={"frontier_provider": "anthropic"})
    with AnthropicServer(delay_s=0.1) as server:
        variables = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "key-of-nobody"}
        for calls in (2, 4, 7):
            process = start(bench.arguments(), variables)
            while len(server.generations) < calls and process.is_alive():
                time.sleep(0.002)
            process.join(0.03)  # into the call
            psutil.Process(process.pid).kill()
            process.join(10)
        assert "running" in {run.status for run in bench.cells()}
        for _ in range(2):
            process = start(bench.arguments(), variables)
            process.join(60)
            assert process.exitcode == 0
        asked = len(server.generations)
    runs = bench.cells()
    assert [run.status for run in runs] == ["completed"] * 6
    calls = [call for run in runs for call in run.calls]
    assert {call.stage for call in calls} == {"refine"}
    assert len(calls) >= asked, "nothing is sent without its row"
    answered = [(run.id, call.draft_id) for run in runs for call in run.calls if call.status == "ok"]
    assert len(answered) == len(set(answered)), "nothing that was answered is bought again"
    assert sum(run.spent_micros for run in runs) <= 1_000_000


@pytest.mark.slow
def test_cancelled_experiment_stops_within_one_call_and_can_be_gone_on_with(bench: Bench) -> None:
    bench.write(from_drafts=finished_run(bench.database), max_cost=1, hybrid={"frontier_provider": "anthropic"})
    with AnthropicServer(delay_s=0.2) as server:
        variables = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "key-of-nobody"}
        process = start(bench.arguments(), variables)
        while len(server.generations) < 3 and process.is_alive():
            time.sleep(0.002)
        store = Store(bench.database)
        store.cancel_experiment(store.experiments()[0].id)
        process.join(30)
        assert process.exitcode == 130
        assert bench.cells()[-1].status == "cancelled"
        assert len(bench.cells()) < 6
        process = start(bench.arguments(), variables)
        process.join(60)
        assert process.exitcode == 0
    assert [run.status for run in bench.cells()] == ["completed"] * 6


def test_another_budget_counts_for_the_cells_that_have_not_ended(bench: Bench) -> None:
    bench.write(from_drafts=finished_run(bench.database), max_cost=0.0, grid={"quality_threshold": [0.98, 0.99]})
    before = bench.run()["spent_simulated_usd"]
    with sqlite3.connect(bench.database) as db:
        db.execute("UPDATE runs SET status = 'interrupted' WHERE id = ?", [bench.cells()[-1].id])
    assert bench.run("--max-cost", "1")["spent_simulated_usd"] > before
    assert [run.config.project_max_cost for run in bench.cells()] == [0, 1]


def test_repeats_draft_anew_once_per_seed_and_are_one_row_with_an_interval(bench: Bench) -> None:
    source = finished_run(bench.database, seed=0)
    grid = {"quality_threshold": [0.5, 0.99], "seed": [0, 1, 2]}
    bench.write(from_drafts=source, grid=grid, hybrid={"frontier_provider": "simulated"}, max_cost=None)
    found = bench.run()
    assert found["status"] == "completed"
    store = Store(bench.database)
    (experiment,) = store.experiments()
    runs = store.experiment_runs(experiment.id)
    assert sorted(run.config.seed for run in runs if run.drafts_from is None) == [1, 2]
    assert len([run for run in runs if run.drafts_from]) == 6
    assert {run.drafts_from for run in runs if run.config.seed == 0} == {source}
    assert [row["settings"] for row in found["replicates"]] == [{"quality_threshold": 0.5}, {"quality_threshold": 0.99}]
    for row in found["replicates"]:
        quality = row["quality"]
        assert row["cells"] in ([1, 2, 3], [4, 5, 6])
        assert quality["n"] == 3
        assert quality["low"] <= quality["value"] <= quality["high"]
    assert bench.run()["cells"] == found["cells"]
    assert len(store.experiment_runs(experiment.id)) == len(runs)
