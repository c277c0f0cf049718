import sqlite3
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.domain.config import INHERITED, HybridConfig, Settings, Weights
from pipeline.domain.run import RunRecord
from pipeline.errors import ConfigError, InputError
from pipeline.hybrid.branch import branch_config, branch_notes, keeps_scores
from pipeline.jobs.worker import Worker
from pipeline.store import Store
from tests.factories import make_run
from tests.pages.runs import finished_run

BASE = HybridConfig(frontier_provider="simulated", quality_threshold=1)
NOWHERE = Settings()


class Bench:
    """A store with one finished run."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.path = folder / "persona.db"
        self.source_id = finished_run(self.path, **settings)
        self.store = Store(self.path)
        self.worker = Worker(self.store)
        self.source = self.store.run(self.source_id)

    def branch(self, config: HybridConfig = BASE) -> RunRecord:
        return self.store.run(self.worker.branch(self.source_id, config, NOWHERE, wait=True))


def test_branch_has_the_same_drafts_and_scores_and_asks_nobody_for_drafts(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    run = bench.branch()
    assert run.drafts == bench.source.drafts
    assert run.drafts_from == bench.source_id
    assert {call.stage for call in run.calls} == {"refine"}
    assert {final.outcome for final in run.personas} <= {"refined", "refine_not_better"}
    assert run.warnings == ()


def test_branch_at_the_settings_of_its_source_ends_like_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, quality_threshold=0.95)
    assert bench.branch(bench.source.config).personas == bench.source.personas


def test_branch_stays_whole_when_its_source_is_deleted(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    run = bench.branch()
    bench.store.delete_run(bench.source_id)
    assert bench.store.run(run.id) == run
    assert run.drafts_from == bench.source_id


def test_other_weights_score_the_drafts_again_and_the_run_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    run = bench.branch(BASE.model_copy(update={"weights": Weights(faithfulness=0.1)}))
    before, after = ({item.draft.id: item for item in one.drafts} for one in (bench.source, run))
    assert all(after[key].draft == item.draft and after[key] != item for key, item in before.items())
    assert not any(call.stage == "draft" for call in run.calls)
    assert "scored again" in run.warnings[0]


def test_interrupted_branch_is_finished_without_drafting(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    run = bench.branch()
    with sqlite3.connect(bench.path) as db:
        db.execute("UPDATE runs SET status = 'interrupted' WHERE id = ?", [run.id])
        db.execute("DELETE FROM personas WHERE run_id = ?", [run.id])
    bench.worker.resume(run.id, NOWHERE, wait=True)
    after = bench.store.run(run.id)
    assert (after.status, after.personas, after.calls) == ("completed", run.personas, run.calls)


def test_branch_of_a_branch_names_the_run_that_it_was_made_from(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    first = bench.branch()
    second = bench.store.run(bench.worker.branch(first.id, BASE, NOWHERE, wait=True))
    assert (second.drafts_from, second.drafts) == (first.id, first.drafts)


def test_drafts_without_a_score_are_scored_and_missing_ones_are_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with sqlite3.connect(bench.path) as db:
        db.execute("UPDATE drafts SET assessment = NULL, completeness = NULL WHERE draft_id = 'draft-0001'")
        db.execute("DELETE FROM drafts WHERE draft_id = 'draft-0004'")
    run = bench.branch()
    assert len(run.drafts) == 3
    assert any("no more are written" in warning for warning in run.warnings)


@pytest.mark.parametrize("name", INHERITED)
def test_setting_that_contradicts_the_drafts_is_refused_by_name(name: str) -> None:
    other = {"local_provider": "ollama", "local_model": "x", "local_base_url": "http://x", "count": 9, "seed": 4}
    other |= {"draft_factor": 3.0, "temperature": 0.5, "context_tokens": 4096}
    with pytest.raises(ConfigError, match=f"contradict how they were made: {name} is "):
        branch_config(HybridConfig.model_validate({name: other[name]}), make_run([0.5, 0.6]))


def test_what_a_configuration_leaves_open_is_inherited() -> None:
    source = make_run([0.5, 0.6, 0.7], count=2)
    config = branch_config(HybridConfig(local_provider="auto", quality_threshold=0.3), source)
    assert (config.local_provider, config.count, config.quality_threshold) == ("builtin", 2, 0.3)


def test_running_run_and_run_without_drafts_cannot_be_branched() -> None:
    with pytest.raises(InputError, match="is still running"):
        branch_config(BASE, make_run([0.5], status="running"))
    with pytest.raises(InputError, match="no scored drafts"):
        branch_config(BASE, make_run([0.5]).model_copy(update={"drafts": ()}))


def test_scores_count_only_for_the_same_version_of_the_score() -> None:
    source = make_run([0.5])
    assert not keeps_scores(source.config, source)
    assert "another scorer version" in branch_notes(source.config, source)[0]


def test_command_line_takes_drafts_of_a_run_and_calls_the_frontier_only_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    bench = Bench(tmp_path)
    arguments = ["generate", "--from-drafts", bench.source_id, "--db", str(bench.path), "--quality-threshold", "1"]
    assert main([*arguments, "--hybrid"]) == 0
    assert main(arguments) == 0
    assert main([*arguments, "--seed", "7"]) == 2
    assert "seed is 7, there 0" in capsys.readouterr().err
    local, refined = (bench.store.run(run.id) for run in bench.store.runs()[:2])
    assert (local.spent_micros, local.config.enabled, refined.simulated) == (0, False, True)
    assert refined.spent_micros > 0
