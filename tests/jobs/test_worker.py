import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.units import SystemClock
from pipeline.errors import InputError, StoreError
from pipeline.jobs import worker as worker_module
from pipeline.jobs.worker import Worker
from pipeline.results.problems import problems
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store
from tests.contract.test_kills import ANSWERS
from tests.forked import start
from tests.loopback import AnthropicServer, Fault
from tests.loopback.server import Answer, Received, fault

CSV = "\n".join(["participant,answer", *(f'R{number},"{text}"' for number, text in enumerate(ANSWERS))]).encode()


class Frontier(AnthropicServer):
    """Lets something happen while it answers a generation."""

    def __init__(self, at: int = 0, happens: Callable[[], object] = lambda: None, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.at, self.happens = at, happens

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        if request.path in self.generation_paths and len(self.generations) == self.at:
            self.happens()
        return super().answer(request, scripted)


class Bench:
    """A worker with a store and a paid frontier; `builtin` drafts."""

    def __init__(self, folder: Path, server: AnthropicServer, busy_s: float = 60.0) -> None:
        self.path, self.server = folder / "persona.db", server
        self.store = Store(self.path, busy_s=busy_s)
        self.study = load_files([SourceFile(name="answers.csv", data=CSV)], "Heating")
        self.store.save_study(self.study)
        self.worker = Worker(self.store)
        self.settings = Settings().with_secrets({"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "none"})

    def start(self, **changes: object) -> str:
        values = {"local_provider": "builtin", "quality_threshold": 1, "count": 4, "frontier_workers": 1}
        return self.worker.start(self.study.id, HybridConfig.model_validate(values | changes), self.settings)

    def wait_for_calls(self, number: int) -> None:
        self.server.wait_for_generations(number)

    def outcomes(self, run_id: str) -> list[str]:
        return [final.outcome for final in self.store.run(run_id).personas]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again every few seconds is tried again at once."""
    monkeypatch.setattr(worker_module, "_HEARTBEAT_S", 0.05)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if true():
            return
        time.sleep(0.01)
    pytest.fail("not within a minute")


def test_cancelled_run_stops_within_one_call_and_can_be_finished(tmp_path: Path) -> None:
    with Frontier(delay_s=0.15) as server:
        bench = Bench(tmp_path, server)
        run_id = bench.start()
        bench.wait_for_calls(2)
        bench.worker.cancel(run_id)
        assert bench.worker.join(run_id, 10)
        assert len(server.generations) == 2
        assert bench.store.run(run_id).status == "cancelled"
        assert sorted(bench.outcomes(run_id)).count("cancelled") == 2
        bench.worker.resume(run_id, bench.settings, wait=True)
        assert len(server.generations) == 4
        assert "cancelled" not in bench.outcomes(run_id)


def test_answers_that_were_paid_for_but_not_yet_used_are_read_and_not_asked_for_again(tmp_path: Path) -> None:
    with Frontier() as server:
        bench = Bench(tmp_path, server)
        run_id = bench.start()
        bench.worker.join(run_id)
        before = bench.store.run(run_id)
        with sqlite3.connect(bench.path) as db:
            db.execute("UPDATE runs SET status = 'interrupted'")
            db.execute("DELETE FROM personas WHERE rowid % 2")
            db.execute("DELETE FROM drafts WHERE rowid % 3")
        bench.worker.resume(run_id, bench.settings, wait=True)
        after = bench.store.run(run_id)
        assert len(server.generations) == 4
    assert after.personas == before.personas
    assert (after.drafts, after.calls) == (before.drafts, before.calls)


def test_refinements_that_a_wrong_key_stopped_are_made_by_resume_and_what_was_paid_is_not_bought_again(
    tmp_path: Path,
) -> None:
    with Frontier() as server:
        bench = Bench(tmp_path, server)
        server.happens, server.at = lambda: setattr(server, "always", fault(401)), 1
        run_id = bench.start()
        bench.worker.join(run_id)
        broken = bench.store.run(run_id)
        assert (broken.status, broken.shown_status, broken.undone) == ("completed", "completed with problems", 3)
        assert bench.store.run_names(1)[0].shown_status == "completed with problems"
        server.always, server.at, paid = None, 0, len(server.generations)
        bench.worker.resume(run_id, bench.settings, wait=True)
        mended = bench.store.run(run_id)
        assert len(server.generations) == paid + 3
        assert (mended.shown_status, mended.undone, problems(mended)) == ("completed", 0, ())
        assert {final.draft_id for final in mended.personas} == {final.draft_id for final in broken.personas}
        with pytest.raises(InputError, match="nothing to resume"):
            bench.worker.resume(run_id, bench.settings)


def test_bill_beyond_the_budget_is_told_and_no_further_call_is_started(tmp_path: Path) -> None:
    with Frontier() as server:
        server.usage = {"output_tokens": 90_000}
        bench = Bench(tmp_path, server)
        run_id = bench.start(max_cost=0.5)
        bench.worker.join(run_id)
        run = bench.store.run(run_id)
        assert len(server.generations) == 1
    assert [call.flag for call in run.calls if call.flag] == ["90000 output tokens were billed, and 2000 were allowed."]
    assert bench.outcomes(run_id).count("budget_exhausted") == 3
    assert any("billed more than was asked for" in warning for warning in run.warnings)
    assert any("exceed the budget of $0.50" in warning for warning in run.warnings)


def test_two_programs_on_one_database_share_the_budget_of_their_project(tmp_path: Path) -> None:
    study, database, config = (tmp_path / name for name in ("answers.csv", "persona.db", "hybrid.yaml"))
    study.write_bytes(CSV)
    shared = HybridConfig(project="heating", project_max_cost=0.03, quality_threshold=1, local_provider="builtin")
    config.write_text(shared.to_yaml())
    Store(database)
    with Frontier(delay_s=0.05) as server:
        arguments = ["generate", "--from", str(study), "--db", str(database), "--config", str(config)]
        variables = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "none"}
        programs = [start(arguments, variables) for _ in range(2)]
        for program in programs:
            program.join(60)
        assert [program.exitcode for program in programs] == [0, 0]
    store = Store(database)
    runs = [store.run(summary.id) for summary in store.runs()]
    assert 15_000 < sum(run.spent_micros for run in runs) <= 30_000
    assert any("'heating' share" in final.reason for run in runs for final in run.personas)


def test_run_that_is_at_work_elsewhere_is_neither_marked_nor_taken_over(tmp_path: Path) -> None:
    with Frontier(delay_s=1.0) as server:
        bench = Bench(tmp_path, server)
        run_id = bench.start(count=1)
        bench.wait_for_calls(1)
        other = start(["resume", run_id, "--db", str(bench.path)], {"ANTHROPIC_API_KEY": "none"})
        other.join(30)
        assert other.exitcode == InputError.exit_code
        assert bench.store.mark_interrupted(SystemClock().now()) == []
        assert bench.worker.join(run_id, 10)
    assert bench.store.run(run_id).status == "completed"
    assert [call.status for call in bench.store.run(run_id).calls if call.stage == "refine"] == ["ok"]


def test_locked_database_fails_the_run_which_is_written_down_as_soon_as_it_can_be(tmp_path: Path, later: None) -> None:
    with ExitStack() as held, Frontier(at=2) as server:
        bench = Bench(tmp_path, server, busy_s=0.1)
        holder = sqlite3.connect(bench.path, isolation_level=None, check_same_thread=False)
        held.callback(holder.close)
        server.happens = lambda: holder.execute("BEGIN IMMEDIATE")
        run_id = bench.start()
        with pytest.raises(StoreError, match="is locked by another program"):
            bench.worker.join(run_id, 10)
        assert bench.store.progress(run_id).status == "running"
        holder.rollback()
        until(lambda: bench.store.progress(run_id).status == "failed")
        assert bench.worker.join(run_id)
        assert "is locked by another program" in (bench.store.run(run_id).error or "")
        assert sorted(call.status for call in bench.store.run(run_id).calls if call.stage == "refine") == ["lost", "ok"]
        bench.worker.resume(run_id, bench.settings, wait=True)
        assert len(server.generations) == 5
    assert bench.store.run(run_id).status == "completed"


@pytest.fixture
def room() -> Iterator[Callable[[Path], None]]:
    """Leaves no file of this process room to grow beyond what the database has now."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(path: Path) -> None:
        largest = max(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))

    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_ends_the_program_with_one_sentence_and_keeps_what_was_written(
    tmp_path: Path,
    room: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database, study = tmp_path / "persona.db", tmp_path / "answers.csv"
    study.write_bytes(CSV)
    with Frontier(at=2, happens=lambda: room(database)) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
        arguments = ["generate", "--hybrid", "--from", str(study), "--db", str(database), "--quality-threshold", "1"]
        code = main([*arguments, "--local-provider", "builtin", "--frontier-provider", "anthropic", "--json"])
    complaint = capsys.readouterr().err
    assert code == 1
    assert "disk" in complaint.splitlines()[-1]
    assert "Traceback" not in complaint
    with sqlite3.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT COUNT(*) FROM drafts").fetchone() == (10,)


def damage(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        if not file.name.endswith("-shm"):
            file.write_bytes(os.urandom(file.stat().st_size))


@pytest.mark.parametrize(
    ("happens", "sentence"), [(Path.unlink, "is read-only|existing file"), (damage, "damaged|not a SQLite")]
)
def test_database_that_is_lost_during_a_run_is_reported(
    tmp_path: Path, happens: Callable[[Path], None], sentence: str
) -> None:
    with Frontier(at=2) as server:
        bench = Bench(tmp_path, server)
        server.happens = lambda: happens(bench.path)
        run_id = bench.start()
        with pytest.raises(StoreError, match=sentence):
            bench.worker.join(run_id, 10)
        assert len(server.generations) == 2
    assert threading.active_count() < 20
