"""A process killed at any moment of a run, and what resuming makes of it."""

import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from pipeline.domain.run import ModelCall, RunRecord
from pipeline.domain.units import SystemClock
from pipeline.store import Store
from tests.forked import start
from tests.loopback import AnthropicServer, LoopbackServer, OllamaServer

ANSWERS = (
    "I want to know what tonight is going to cost before I go to bed. The bill always comes too late for me.",
    "I need the flat warm at seven because my mother feels the cold. The app forgets my schedule every week.",
    "I would like one number that I can trust. I hate that the forecast changes after the evening has begun.",
    "I check the meter every morning on the stairs. I never know which room costs me the most money in winter.",
    "I turn the boost on for an hour before bath time. I worry that the children leave it on all through the night.",
    "I write the reading on the fridge each Sunday. I cannot see from the bill what the new tariff has changed.",
)
ANSWERED = ("ok", "truncated", "refused", "unparsable")
COUNT = 4


class Bench(NamedTuple):
    """Two model servers, a study, and the run that nobody kills."""

    servers: tuple[LoopbackServer, LoopbackServer]
    study: Path
    undisturbed: RunRecord
    delay_s: float
    """How long a model takes."""
    budget_usd: float = 5

    def variables(self) -> dict[str, str]:
        ollama, anthropic = self.servers
        return {"OLLAMA_HOST": ollama.url, "ANTHROPIC_BASE_URL": anthropic.url, "ANTHROPIC_API_KEY": "key-of-nobody"}

    def generate(self, database: Path) -> list[str]:
        arguments = ["generate", "--hybrid", "--from", str(self.study), "--db", str(database)]
        arguments += ["--max-cost", str(self.budget_usd)]
        arguments += ["--count", str(COUNT), "--quality-threshold", "1", "--local-provider", "ollama", "--json"]
        return [*arguments, "--frontier-provider", "anthropic", "--local-workers", "4", "--frontier-workers", "4"]

    def forget(self) -> None:
        for server in self.servers:
            server.requests.clear()

    def sent(self) -> Counter[str]:
        """How often each server was asked each question."""
        return Counter(question(request.json) for server in self.servers for request in server.generations)


def question(body: dict) -> str:
    """What tells a request from others: its text, and the seed where there is one."""
    texts = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return f"{(body.get('options') or {}).get('seed')} {texts}"


def question_of(call: ModelCall) -> str:
    payload = json.loads(call.payload)
    return f"{payload['seed'] if call.stage == 'draft' else None} {[payload['prompt']]}"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("kills")
    study = folder / "answers.csv"
    rows = (f'R{number},"{text}"' for number, text in enumerate(ANSWERS, start=1))
    study.write_text("\n".join(["participant,answer", *rows]))
    delay_s = 0.2 if pytestconfig.getoption("--long") else 0.05
    with OllamaServer(delay_s=delay_s) as ollama, AnthropicServer(delay_s=delay_s) as anthropic:
        nobody = Bench((ollama, anthropic), study, None, delay_s)  # type: ignore[arg-type]
        process = start(nobody.generate(folder / "undisturbed.db"), nobody.variables())
        process.join(600)
        assert process.exitcode == 0
        store = Store(folder / "undisturbed.db")
        yield nobody._replace(undisturbed=store.run(store.runs()[0].id))


def live_and_die(bench: Bench, arguments: list[str], calls: int, after_s: float) -> None:
    """Start the program, and kill it so long after so many more calls, if it is still there by then."""
    calls += bench.sent().total()
    process = start(arguments, bench.variables())
    while bench.sent().total() < calls and process.is_alive():
        time.sleep(0.002)
    process.join(after_s)
    if process.is_alive():
        killed = psutil.Process(process.pid)
        killed.kill()  # as the system does it when memory runs out
        killed.wait(10)
    process.join(10)


def killed_and_resumed(bench: Bench, database: Path, lot: random.Random) -> RunRecord:
    """A run that was killed once, often twice, and then finished."""
    bench.forget()
    live_and_die(bench, bench.generate(database), lot.randint(1, 3 * COUNT), lot.uniform(0, 1.5 * bench.delay_s))
    store = Store(database)
    run_id = store.runs()[0].id
    store.mark_interrupted(SystemClock().now())
    if lot.random() < 0.5 and store.run(run_id).status != "completed":
        resume = ["resume", run_id, "--db", str(database)]
        live_and_die(bench, resume, lot.randint(0, COUNT), lot.uniform(0, 3 * bench.delay_s))
        store.mark_interrupted(SystemClock().now())
    if store.run(run_id).status != "completed":
        process = start(["resume", run_id, "--db", str(database), "--json"], bench.variables())
        process.join(600)
        assert process.exitcode == 0
    return store.run(run_id)


@pytest.mark.slow
def test_run_killed_at_any_moment_is_finished_without_asking_again_for_an_answer(
    bench: Bench, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    kills = 200 if pytestconfig.getoption("--long") else 8
    found: Counter[str] = Counter()
    for number in range(kills):
        database = tmp_path / f"{number}.db"
        run = killed_and_resumed(bench, database, random.Random(number))
        check(run, bench, database)
        found.update(call.status for call in run.calls)
    sys.stdout.write(f"{kills} kills: {dict(found)} calls\n")


@pytest.mark.slow
def test_a_gateway_that_reports_no_tokens_and_kills_together_spend_no_more_than_the_budget(
    bench: Bench, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    kills = 60 if pytestconfig.getoption("--long") else 2
    small, gateway = bench._replace(budget_usd=0.06), bench.servers[1]
    gateway.usage = {"input_tokens": 0, "output_tokens": 0}
    paid: list[ModelCall] = []
    try:
        for number in range(kills):
            run = killed_and_resumed(small, tmp_path / f"{number}.db", random.Random(number))
            assert run.spent_micros <= 60_000
            paid += [call for call in run.calls if call.stage == "refine"]
    finally:
        gateway.usage = {}
    assert paid
    assert all(call.flag and call.cost_micros == call.reserved_micros for call in paid if call.status == "ok")
    sys.stdout.write(f"{kills} kills of a lying gateway: {len(paid)} paid calls\n")


def check(run: RunRecord, bench: Bench, database: Path) -> None:
    with sqlite3.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert run.status == "completed"
    assert outcomes(run) == outcomes(bench.undisturbed), "the run ends as if nobody had killed it"
    assert len({item.draft.id for item in run.drafts}) == len(run.drafts) == 2 * COUNT
    assert run.failures == ()
    asked = Counter(question_of(call) for call in run.calls)
    answered = Counter(question_of(call) for call in run.calls if call.status in ANSWERED)
    assert set(answered.values()) == {1}, "each question has exactly one answer"
    assert all(count <= asked[text] for text, count in bench.sent().items()), "nothing is sent without its row"
    for call in run.calls:
        assert call.status in ("ok", "lost")
        assert call.cost_micros == call.reserved_micros if call.status == "lost" else call.reply
    assert run.spent_micros <= 5_000_000


def outcomes(run: RunRecord) -> list[tuple[str, str, str]]:
    return [(final.draft_id, final.outcome, final.persona.model_dump_json()) for final in run.personas]
