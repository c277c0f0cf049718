"""What the stand-ins do, done by llama.cpp: its window, its slots, its refusal of long prompts, and its freed slot."""

import threading
import time

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import Cancelled, ProviderError
from pipeline.hybrid.preflight import check_setup
from pipeline.providers import ProviderSpec
from pipeline.providers.openai import OpenAIProvider
from pipeline.providers.tokens import least_tokens, most_tokens
from tests.providers.test_local_streams import JAPANESE, Watching
from tests.providers.test_ollama import request
from tests.real_model.conftest import SLOT_TOKENS, SLOTS, LlamaServer


def provider(server: LlamaServer) -> OpenAIProvider:
    spec = ProviderSpec(model=server.model, role="local", base_url=server.base_url, timeout_s=300)
    return OpenAIProvider(spec)


def test_window_of_one_slot_and_number_of_slots_are_read(llama_server: LlamaServer) -> None:
    local = provider(llama_server)
    sentence = local.check().sentence
    assert f"llama.cpp: a window of {SLOT_TOKENS:,} tokens, {SLOTS} requests at once" in sentence
    assert local.context_tokens == SLOT_TOKENS


def test_check_says_what_fits_the_window_of_a_slot(llama_server: LlamaServer) -> None:
    config = HybridConfig(
        local_provider="openai", local_base_url=llama_server.base_url, local_model=llama_server.model, enabled=False
    )
    told = check_setup(config.model_copy(update={"max_output_tokens": 1024}), Settings())
    assert told.ready
    assert f"A window of {SLOT_TOKENS:,} tokens holds" in told.window
    none = check_setup(config.model_copy(update={"max_output_tokens": SLOT_TOKENS}), Settings())
    assert (none.ready, none.exit_code) == (False, 2)
    assert "has no room for what participants said" in none.verdict


@pytest.mark.parametrize("prompt", ["the night before " * 2500, JAPANESE * 700])
def test_long_prompt_is_refused_by_us_and_by_the_server(llama_server: LlamaServer, prompt: str) -> None:
    local = provider(llama_server)
    with pytest.raises(ProviderError, match="do not fit into the"):
        local.complete(request(prompt))
    assert local._server is not None
    local._server._facts = type(local._server.learn())()  # as if the server had said nothing of itself
    with pytest.raises(ProviderError, match=r"exceeds the available context size.*lower context_tokens"):
        local.complete(request(prompt))


@pytest.mark.parametrize("text", ["The kettle is loud, says Wojciech at 07:45.", JAPANESE * 3, "Счёт пришёл поздно."])
def test_tokens_of_a_real_tokenizer_are_within_the_bounds(llama_server: LlamaServer, text: str) -> None:
    import httpx

    counted = httpx.post(f"{llama_server.address}/tokenize", json={"content": text}, timeout=60).json()["tokens"]
    assert least_tokens(text) <= len(counted) <= most_tokens(text)


def test_cancelled_answer_frees_its_slot(llama_server: LlamaServer) -> None:
    local, watch = provider(llama_server), Watching()

    def ask() -> None:
        with pytest.raises(Cancelled):
            local.complete(request("Tell me a long story about a kettle.", cap=1500), watch)

    thread = threading.Thread(target=ask)
    thread.start()
    until = time.monotonic() + 120
    while not watch.tokens and time.monotonic() < until:
        time.sleep(0.05)
    watch.is_over = True
    thread.join(60)
    until = time.monotonic() + 30
    while llama_server.is_working and time.monotonic() < until:
        time.sleep(0.05)
    assert not llama_server.is_working
