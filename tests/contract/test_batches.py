"""Refinement through the batch APIs of both vendors, with their own SDKs, against servers that keep the batches."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from pipeline import providers
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.facts import RunFacts
from pipeline.domain.run import RunRecord, Usage
from pipeline.domain.units import SystemClock
from pipeline.errors import Cancelled, ConfigError, ProviderError
from pipeline.hybrid.batches import BatchDesk, BatchPolicy
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.jobs.worker import Worker
from pipeline.providers import Batches, Found, ProviderSpec, Reply
from pipeline.providers.pricing import Pricer
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store
from tests.contract.test_kills import ANSWERS
from tests.contract.test_providers import SAID, make_request
from tests.fakes import FakeClock
from tests.forked import start
from tests.loopback import AnthropicServer, Fault, OpenAIServer
from tests.loopback.server import Answer, Received

KEY = "sk-secret-3f9a77c1e0d2"
MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-5.4-mini"}
CSV = "\n".join(["participant,answer", *(f'R{number},"{text}"' for number, text in enumerate(ANSWERS))]).encode()
STUDY = load_files([SourceFile(name="answers.csv", data=CSV)], "Heating")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

Server = AnthropicServer | OpenAIServer


@pytest.fixture(params=sorted(MODELS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with AnthropicServer(key=KEY) if request.param == "anthropic" else OpenAIServer(key=KEY) as serving:
        yield serving


def name_of(server: Server) -> str:
    return "anthropic" if isinstance(server, AnthropicServer) else "openai"


def variables(server: Server) -> dict[str, str]:
    name = name_of(server).upper()
    return {f"{name}_BASE_URL": server.url, f"{name}_API_KEY": KEY}


def config(server: Server, **changes: object) -> HybridConfig:
    name = name_of(server)
    values = {"local_provider": "builtin", "frontier_provider": name, "frontier_model": MODELS[name], "count": 4}
    values |= {"quality_threshold": 1.0, "refine_mode": "batch", "batch_poll_s": 0.01}
    return HybridConfig.model_validate(values | changes)


def run(server: Server, **changes: object) -> RunRecord:
    return HybridPipeline(config(server, **changes), Settings().with_secrets(variables(server))).run(STUDY)


def batches_of(server: Server, timeout_s: float = 5.0) -> Batches:
    spec = ProviderSpec(model=MODELS[name_of(server)], base_url=server.url, api_key=SecretStr(KEY), timeout_s=timeout_s)
    found = providers.provider_class(name_of(server), "frontier")(spec).batches
    assert found
    return found


def outcomes(record: RunRecord) -> list[str]:
    return sorted(final.outcome for final in record.personas)


def statuses(record: RunRecord) -> list[str]:
    return sorted(call.status for call in record.calls if call.stage == "refine")


def prompt_of(body: dict) -> str:
    return next(message["content"] for message in body["messages"] if message["role"] == "user")


# --- a whole run -----------------------------------------------------------------------------------


def test_run_sends_one_batch_and_pays_half(server: Server) -> None:
    batch = run(server)
    live = run(server, refine_mode="live")
    assert len(server.batches.known) == 1
    assert len(server.generations) == 4, "only the live run asks for each alone"
    assert outcomes(batch) == outcomes(live)
    assert set(outcomes(batch)) <= {"refined", "refine_not_better"}
    assert [final.persona for final in batch.personas] == [final.persona for final in live.personas]
    pricer = Pricer(name_of(server), MODELS[name_of(server)], {}, batch=True)
    for call in (call for call in batch.calls if call.stage == "refine"):
        assert call.usage.measured
        assert call.cost_micros == pricer.cost_micros(call.usage)
        assert call.latency_ms > 0
    assert batch.spent_micros == pytest.approx(live.spent_micros / 2, abs=4)
    assert batch.price_source.startswith("batch: price, genai-prices")


def test_what_is_recorded_is_what_the_batch_held(server: Server) -> None:
    record = run(server)
    (batch,) = server.batches.known.values()
    received = [prompt_of(body) for body in batch.asked.values()]
    recorded = [json.loads(call.payload)["prompt"] for call in record.calls if call.stage == "refine"]
    assert sorted(received) == sorted(recorded)
    assert KEY not in json.dumps([call.payload for call in record.calls])


def test_requests_that_ended_otherwise_are_not_billed(server: Server) -> None:
    server.batches.outcomes = {0: "errored", 1: "expired", 2: "canceled"}
    record = run(server)
    assert statuses(record) == ["failed", "failed", "failed", "ok"]
    failed = [final for final in record.personas if final.outcome == "refine_failed"]
    assert len(failed) == 3
    assert {final.cost_micros for final in failed} == {0}
    reasons = " ".join(final.reason for final in failed)
    assert all(word in reasons for word in ("HTTP 500", "24 hours", "cancelled"))
    assert record.spent_micros == max(call.cost_micros for call in record.calls if call.status == "ok") > 0


def test_budget_holds_for_the_whole_batch(server: Server) -> None:
    alone = run(server, count=1)
    worst = max(call.reserved_micros for call in alone.calls)
    record = run(server, max_cost=2.2 * worst / 1_000_000)
    assert outcomes(record).count("budget_exhausted") >= 1
    sent = list(server.batches.known.values())[-1].asked
    assert 2 <= len(sent) < 4
    assert sum(call.reserved_micros for call in record.calls) <= 2.2 * worst


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_a_gateway_that_reports_no_tokens_does_not_switch_the_budget_off(server: Server, mode: str) -> None:
    names = ("input_tokens", "output_tokens", "prompt_tokens", "completion_tokens")
    server.usage = dict.fromkeys(names, 0)
    told = run(server, refine_mode=mode, max_cost=0.06, count=20, selection="best_score")
    calls = [call for call in told.calls if call.stage == "refine"]
    assert 0 < len(calls) < 20
    assert all(call.flag and call.cost_micros == call.reserved_micros > 0 for call in calls)
    assert told.spent_micros <= 60_000
    assert outcomes(told).count("budget_exhausted") > 0
    assert any("reported fewer tokens" in warning for warning in told.warnings)


@pytest.mark.parametrize("lines", [(), (None,), ([],), ('"x"',), (3,), ({"custom_id": ["x"], "result": None},)])
def test_result_file_without_answers_leaves_the_drafts(
    server: Server, monkeypatch: pytest.MonkeyPatch, lines: tuple[object, ...]
) -> None:
    usual = type(server).answer

    def answer(self: Server, request: Received, scripted: Fault | None) -> Answer:
        is_file = request.path.endswith(("/results", "/content"))
        return Answer(lines=lines) if is_file else usual(self, request, scripted)

    monkeypatch.setattr(type(server), "answer", answer)
    told = run(server)
    assert outcomes(told) == ["refine_failed"] * 4
    assert all(call.cost_micros == call.reserved_micros for call in told.calls if call.stage == "refine")


def test_address_without_batches_is_found_before_anything_is_drafted(server: Server) -> None:
    server.batches.served = False
    with pytest.raises(ConfigError, match=r"refine_mode: .* has no batch API\. Set refine_mode to live"):
        run(server)
    assert not server.generations
    assert set(outcomes(run(server, refine_mode="live"))) <= {"refined", "refine_not_better"}


def test_provider_without_batches_is_a_clear_sentence() -> None:
    from pipeline.hybrid.preflight import _check_batches
    from tests.fakes import ScriptedProvider

    with pytest.raises(ConfigError, match="scripted has no batches"):
        _check_batches(ScriptedProvider())


def test_simulated_batch_costs_half_and_is_marked() -> None:
    settings = {"local_provider": "builtin", "frontier_provider": "simulated", "quality_threshold": 1.0}
    live, batch = (
        HybridPipeline(
            HybridConfig.model_validate({**settings, "refine_mode": mode, "batch_poll_s": 0.01}), Settings()
        ).run(STUDY)
        for mode in ("live", "batch")
    )
    assert outcomes(batch) == outcomes(live)
    assert batch.simulated
    assert batch.spent_micros == pytest.approx(live.spent_micros / 2, abs=5)


# --- found again -----------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path, server: Server) -> tuple[Store, Worker, Settings]:
    store = Store(tmp_path / "persona.db")
    store.save_study(STUDY)
    return store, Worker(store), Settings().with_secrets(variables(server))


def kill_when_taken(server: Server, tmp_path: Path) -> Store:
    """Run the program, and kill it when the server has taken its batch and not said so yet."""
    study, settings = tmp_path / "answers.csv", tmp_path / "config.yaml"
    study.write_bytes(CSV)
    settings.write_text(config(server).to_yaml())
    database = tmp_path / "persona.db"
    arguments = ["generate", "--hybrid", "--from", str(study), "--config", str(settings), "--db", str(database)]
    started = threading.Event()

    def kill() -> None:
        started.wait(10)
        psutil.Process(process.pid).kill()
        process.join(10)

    server.batches.when_taken = kill
    process = start(arguments, variables(server))
    started.set()
    process.join(60)
    server.batches.when_taken = lambda: None
    return Store(database)


@pytest.mark.slow
def test_process_killed_after_the_batch_was_taken_finds_it_and_sends_nothing_twice(
    server: Server, tmp_path: Path
) -> None:
    store = kill_when_taken(server, tmp_path)
    assert len(server.batches.known) == 1
    (run_id,) = store.mark_interrupted(SystemClock().now())
    assert statuses(store.run(run_id)) == ["in_flight"] * 4
    Worker(store).resume(run_id, Settings().with_secrets(variables(server)), wait=True)
    record = store.run(run_id)
    assert record.status == "completed"
    assert statuses(record) == ["ok"] * 4
    assert len(server.batches.known) == 1
    assert record.spent_micros == sum(call.cost_micros for call in record.calls) < 4 * 20_000


def test_batch_whose_answer_was_lost_on_the_way_is_found(server: Server) -> None:
    server.batches.lost_answers = 1
    record = run(server)
    assert statuses(record) == ["ok"] * 4
    assert len(server.batches.known) == 1


def test_cancelled_run_stops_its_batch_and_uses_what_was_answered(
    server: Server, kept: tuple[Store, Worker, Settings]
) -> None:
    store, worker, settings = kept
    server.batches.looks, server.batches.done_at_cancel = 10_000, 2
    run_id = worker.start(STUDY.id, config(server), settings)
    until(lambda: bool(server.batches.known))
    progress = store.progress(run_id)
    assert progress.latest
    worker.cancel(run_id)
    assert worker.join(run_id, 20)
    record = store.run(run_id)
    assert (record.status, statuses(record)) == ("cancelled", ["failed", "failed", "ok", "ok"])
    assert outcomes(record).count("cancelled") == 2
    server.batches.looks = 1
    worker.resume(run_id, settings, wait=True)
    assert [len(batch.asked) for batch in server.batches.known.values()] == [4, 2]
    assert statuses(store.run(run_id)) == ["failed", "failed", "ok", "ok", "ok", "ok"]


def test_waiting_run_says_so_and_since_when(server: Server, kept: tuple[Store, Worker, Settings]) -> None:
    store, worker, settings = kept
    server.batches.looks = 10_000
    run_id = worker.start(STUDY.id, config(server), settings)
    until(lambda: "Waiting for the provider's batch" in (store.progress(run_id).latest or ""))
    progress = store.progress(run_id)
    assert progress.batch
    assert progress.batch.batch_id in server.batches.known
    assert progress.reserved_micros > 0
    worker.cancel(run_id)
    assert worker.join(run_id, 20)
    assert store.progress(run_id).batch is None


def until(true: object) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if true():  # type: ignore[operator]
            return
        time.sleep(0.01)
    pytest.fail("not within a minute")


# --- the two APIs ----------------------------------------------------------------------------------


def test_batch_is_found_by_its_marker_among_others(server: Server) -> None:
    batches, request = batches_of(server), make_request("frontier")
    ids = {marker: batches.submit(marker, {f"{marker}_1": request}) for marker in ("persona-a", "persona-b")}
    for name in ids.values():
        while batches.collect(name, {}) is None:
            pass
    assert batches.find("persona-a", LONG_AGO, 1) == Found(ids["persona-a"])
    assert batches.find("persona-c", LONG_AGO, 1) == Found()
    assert batches.find("persona-a", datetime.now(UTC) + timedelta(hours=2), 1) == Found()


def test_running_batch_of_the_same_size_leaves_it_undecided_where_it_carries_no_marker() -> None:
    with AnthropicServer(key=KEY) as server:
        batches, request = batches_of(server), make_request("frontier")
        batches.submit("persona-a", {"persona-a_1": request})
        assert batches.find("persona-b", LONG_AGO, 1) == Found(undecided=True)
        assert batches.find("persona-b", LONG_AGO, 2) == Found()


def test_answer_says_what_it_would_have_said_alone(server: Server) -> None:
    batches, request = batches_of(server), make_request("frontier")
    name = batches.submit("persona-a", {"persona-a_1": request})
    assert batches.collect(name, {"persona-a_1": request}) is None
    answers = batches.collect(name, {"persona-a_1": request})
    assert answers is not None
    reply = answers["persona-a_1"]
    spec = ProviderSpec(model=MODELS[name_of(server)], base_url=server.url, api_key=SecretStr(KEY))
    assert reply == providers.provider_class(name_of(server), "frontier")(spec).complete(request)
    assert isinstance(reply, Reply)
    assert reply.usage != Usage()


def test_parameters_the_model_does_not_take_are_an_error_of_that_request_alone() -> None:
    with AnthropicServer(key=KEY) as server:
        batches, request = batches_of(server), make_request("frontier")
        bad = request.model_copy(update={"json_schema": {"type": "object", "properties": {"a": {}}}})
        requests = {"persona-a_1": request, "persona-a_2": bad}
        name = batches.submit("persona-a", requests)
        batches.collect(name, requests)
        answers = batches.collect(name, requests)
        assert answers is not None
        assert isinstance(answers["persona-a_1"], Reply)
        assert isinstance(answers["persona-a_2"], ProviderError)
        assert "HTTP 400" in str(answers["persona-a_2"])
        assert SAID[:24] not in str(answers["persona-a_2"])


def test_cancelled_batch_tells_what_was_not_answered(server: Server) -> None:
    batches, request = batches_of(server), make_request("frontier")
    server.batches.looks, server.batches.done_at_cancel = 100, 1
    requests: dict[str, object] = {f"persona-a_{number}": request for number in range(2)}
    name = batches.submit("persona-a", requests)  # type: ignore[arg-type]
    batches.cancel(name)
    answers = batches.collect(name, requests)  # type: ignore[arg-type]
    assert answers is not None
    assert [type(answers[key]) for key in requests] == [Reply, Cancelled]


def test_batch_that_is_not_there_any_more_has_status_404(server: Server) -> None:
    with pytest.raises(ProviderError) as caught:
        batches_of(server).collect("msgbatch_none", {})
    assert caught.value.status == 404


def test_unknown_route_at_submission_is_a_sentence_and_certainly_not_billed(server: Server) -> None:
    server.batches.served = False
    batches = batches_of(server)
    assert "has no batch API" in (batches.obstacle() or "")
    with pytest.raises(ProviderError, match="has no batch API") as caught:
        batches.submit("persona-a", {"persona-a_1": make_request("frontier")})
    assert (caught.value.retryable, caught.value.fate) == (False, "not_charged")


def test_provider_that_is_down_is_no_obstacle_and_no_answer(server: Server) -> None:
    spec = ProviderSpec(model=MODELS[name_of(server)], base_url="http://127.0.0.1:9/v1", api_key=SecretStr(KEY))
    batches = providers.provider_class(name_of(server), "frontier")(spec).batches
    assert batches
    assert batches.obstacle() is None
    for ask in (
        lambda: batches.submit("persona-a", {"persona-a_1": make_request("frontier")}),
        lambda: batches.find("persona-a", LONG_AGO, 1),
        lambda: batches.collect("b", {}),
    ):
        with pytest.raises(ProviderError) as caught:
            ask()
        assert (caught.value.retryable, caught.value.fate) == (True, "not_charged")


@pytest.mark.parametrize("page", ["<html></html>", [], {}, {"data": 5}, {"data": [5]}, None])
def test_list_that_is_none_never_passes_for_an_empty_one(server: Server, page: object) -> None:
    batches = batches_of(server)
    server.batches.page = page
    with pytest.raises(ProviderError):
        batches.find("persona-a", LONG_AGO, 1)


def test_desk_looks_through_the_real_list_before_it_sends_again(server: Server) -> None:
    server.batches.lost_answers = 1
    log, clock = MemoryLog(), FakeClock()
    spec = ProviderSpec(model=MODELS[name_of(server)], base_url=server.url, api_key=SecretStr(KEY))
    provider = providers.provider_class(name_of(server), "frontier")(spec)
    assert provider.batches
    pricer = Pricer(provider.name, provider.model, {}, batch=True)
    caller = Caller(provider, pricer, HybridCostTracker(None), log, clock, RetryPolicy())
    desk = BatchDesk(caller, provider.batches, log, clock, BatchPolicy(), RunFacts())
    answered: Sequence[tuple[str, object]] = list(
        desk.ask(["draft-001", "draft-002"], lambda _: make_request("frontier"), lambda _: lambda reply: reply.text)
    )
    assert all(isinstance(text, str) for _, text in answered)
    assert len(server.batches.known) == 1
    assert sum(call.cost_micros for call in log.facts().calls) == caller.spent_micros("draft-001") * 2
