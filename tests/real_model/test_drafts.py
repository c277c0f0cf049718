"""Drafts of a real small model: SmolLM2-135M behind llama.cpp. Poor personas, sound plumbing."""

import json
import threading
import time
from pathlib import Path

import httpx
import jsonschema
import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import ProviderError
from pipeline.hybrid.tasks import Tasks
from pipeline.jobs.worker import Worker
from pipeline.providers import ProviderSpec, Request
from pipeline.providers.lines import read_lines
from pipeline.providers.openai import OpenAIProvider
from pipeline.providers.prompts import draft_request
from pipeline.sources import load_paths
from pipeline.store import Store
from tests.real_model.conftest import SLOT_TOKENS, LlamaServer, StartLlama
from tests.studies import study_of

TALK = """P01: I want to know what tonight costs before I go to bed. The report only comes on Monday.
P02: I never read the report. I want to see the cost of this evening on the wall, in pounds.
P03: Every evening I turn the heating down by hand, because I cannot see what it costs.
"""
STUDY = study_of(a_txt=TALK)
CONFIG = HybridConfig(
    local_provider="openai",
    count=1,
    draft_factor=1.0,
    skip_frontier=True,
    local_workers=1,
    context_tokens=SLOT_TOKENS,
    max_output_tokens=1500,
    timeout_s=900,
    answer_timeout_s=1800,
)


def request(seed: int = 1, config: HybridConfig = CONFIG) -> Request:
    focus = [person.id for person in STUDY.participants]
    return draft_request(Tasks(STUDY, config).draft(0, focus, config.context_tokens), config).model_copy(
        update={"seed": seed}
    )


def provider(server: LlamaServer) -> OpenAIProvider:
    return OpenAIProvider(ProviderSpec(role="local", model=server.model, base_url=server.base_url, timeout_s=900))


def test_answer_fits_the_schema_ends_by_itself_and_quotes_verbatim(llama_server: LlamaServer) -> None:
    asked = request()
    reply = provider(llama_server).complete(asked)
    assert reply.stop == "complete"  # 1,500 tokens hold the longest answer that the limits of the schema allow
    jsonschema.validate(json.loads(reply.text), asked.json_schema)
    lines = read_lines(asked.prompt)
    quotes = [lines[number] for number in json.loads(reply.text)["quotes"]]
    assert quotes
    assert all(any(quote in segment.text for segment in STUDY.segments) for quote in quotes)


def test_prompt_of_the_example_study_fits_the_context_that_was_planned_for(llama_server: LlamaServer) -> None:
    study = load_paths([Path(__file__).parents[2] / "data" / "hearthwise"])
    focus = [person.id for person in study.participants]
    asked = draft_request(Tasks(study, CONFIG).draft(0, focus, SLOT_TOKENS), CONFIG)
    body = {"content": asked.system + asked.prompt}
    tokens = len(httpx.post(f"{llama_server.address}/tokenize", json=body, timeout=60).json()["tokens"])
    assert SLOT_TOKENS / 4 < tokens < SLOT_TOKENS - CONFIG.max_output_tokens


def test_prompt_longer_than_the_context_is_an_error_and_not_cut(llama_server: LlamaServer) -> None:
    asked = request()
    longer = asked.model_copy(update={"prompt": asked.prompt * 12})
    with pytest.raises(ProviderError, match="context"):
        provider(llama_server).complete(longer)


def test_closed_connection_stops_the_work_of_the_server(llama_server: LlamaServer) -> None:
    body = {
        "messages": [{"role": "user", "content": "Count up from one."}],
        "max_tokens": 3000,
        "stream": True,
        "ignore_eos": True,
    }
    with httpx.stream("POST", f"{llama_server.base_url}/chat/completions", json=body, timeout=300) as answer:
        words = (line for line in answer.iter_lines() if '"content":"' in line)
        assert [next(words) for _ in range(5)]
        assert _becomes(llama_server, working=True)
    assert _becomes(llama_server, working=False)


def _becomes(server: LlamaServer, *, working: bool) -> bool:
    """Wait for a minute at most until the server works, or no longer does."""
    until = time.monotonic() + 60
    while server.is_working != working and time.monotonic() < until:
        time.sleep(0.2)
    return server.is_working == working


def test_run_whose_server_was_killed_says_so_and_is_resumed_with_another(
    start_llama: StartLlama, tmp_path: Path
) -> None:
    server = start_llama(n_ctx=SLOT_TOKENS, n_parallel=1)
    port = int(server.address.rpartition(":")[2])
    store = Store(tmp_path / "persona.db")
    store.save_study(STUDY)
    worker = Worker(store)
    config = CONFIG.model_copy(update={"local_model": server.model, "local_base_url": server.base_url})
    run_id = worker.start(STUDY.id, config, Settings())
    threading.Thread(target=_kill_when_working, args=(server,)).start()
    assert worker.join(run_id, 600)
    failed = store.run(run_id)
    assert failed.status == "failed"
    assert "server" in (failed.error or "")
    start_llama(n_ctx=SLOT_TOKENS, n_parallel=1, port=port)
    worker.resume(run_id, Settings(), wait=True)
    resumed = store.run(run_id)
    assert resumed.status == "completed"
    assert len(resumed.drafts) == 1


def _kill_when_working(server: LlamaServer) -> None:
    while not server.is_working:
        time.sleep(0.1)
    server.kill()
