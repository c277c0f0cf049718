"""Local servers that misbehave, as stand-ins: they cut prompts, queue, hang, loop, think, and refuse parameters."""

import threading
import time
from collections.abc import Callable

import pytest

from pipeline.errors import Cancelled, ProviderError
from pipeline.providers import Provider, ProviderSpec
from pipeline.providers.ollama import OllamaProvider
from pipeline.providers.openai import OpenAIProvider
from tests.loopback import LoopbackServer, OllamaServer, OpenAIServer, looping, slow
from tests.providers.test_ollama import request

JAPANESE = "暖房の費用が分からない。"
MODEL = "qwen2.5:7b"
Build = Callable[[LoopbackServer], Provider]


class Watching:
    """Wants the answer until it is told otherwise, and remembers its progress."""

    def __init__(self, *, most: int | None = None) -> None:
        self.tokens: list[int] = []
        self.is_over = False
        self._most = most

    def stopped(self) -> bool:
        return self.is_over or bool(self._most and self.tokens and self.tokens[-1] >= self._most)

    def wrote(self, tokens: int) -> None:
        self.tokens.append(tokens)


def native(server: LoopbackServer, **options: object) -> OllamaProvider:
    return OllamaProvider(ProviderSpec(model=MODEL, role="local", base_url=server.url, **options))


def compatible(server: LoopbackServer, **options: object) -> OpenAIProvider:
    address = server.url if isinstance(server, OpenAIServer) else f"{server.url}/v1"
    return OpenAIProvider(ProviderSpec(model=MODEL, role="local", base_url=address, **options))


def compatible_server(kind: str = "", window: int | None = None) -> OpenAIServer:
    server = OpenAIServer(models=(MODEL,), local=True)
    server.kind, server.window = kind, window
    return server


# --- prompts that do not fit ----------------------------------------------------------------------


def test_native_request_says_that_nothing_may_be_cut() -> None:
    with OllamaServer() as server:
        native(server).complete(request())
        sent = server.generations[0].json
    assert (sent["truncate"], sent["shift"]) == (False, False)


@pytest.mark.parametrize("prompt", ["the night before " * 9000, JAPANESE * 3000])
def test_prompt_beyond_the_models_window_is_refused_before_it_is_sent(prompt: str) -> None:
    with OllamaServer() as server:
        with pytest.raises(ProviderError, match="do not fit into the 32768 tokens"):
            native(server).complete(request(prompt))
        assert server.generations == []


@pytest.mark.parametrize("build", [native, compatible])
def test_stand_in_that_cuts_the_prompt_in_silence_is_an_error_with_both_numbers(build: Build) -> None:
    with OllamaServer(context_length=32_768) as server:
        server.cuts, server.default_window = True, 4096
        if build is native:
            server._chat, cut = (lambda body, fault: cut({**body, "options": {"num_ctx": 2048}}, fault)), server._chat
        else:
            server.answer, cut = _without_ollamas_routes(server), server.answer
        with pytest.raises(ProviderError, match=r"read [\d,]+ tokens of a prompt that has at least [\d,]+"):
            build(server).complete(request("what did the night before cost " * 1000))


def _without_ollamas_routes(server: OllamaServer) -> Callable[..., object]:
    """The same server behind a proxy that passes `/v1` on and nothing else."""
    known = server.answer
    return lambda received, fault: (
        known(received, fault) if received.path.startswith("/v1") else server.error(404, "not found")
    )


@pytest.mark.parametrize("prompt", ["the night before " * 1500, JAPANESE * 200])
def test_v1_of_an_ollama_stand_in_is_asked_for_its_window_and_not_overfilled(prompt: str) -> None:
    with OllamaServer() as server:
        local = compatible(server)
        assert "a window of 4,096 tokens" in local.check().sentence
        assert local.context_tokens == 4096
        with pytest.raises(ProviderError, match=r"do not fit into the 4,096 tokens.*choose local_provider ollama"):
            local.complete(request(prompt))
        assert server.generations == []


@pytest.mark.parametrize("kind", ["llama.cpp", "vLLM"])
@pytest.mark.parametrize("prompt", ["the night before " * 1500, JAPANESE * 200])
def test_windows_of_llama_cpp_and_vllm_stand_ins_are_read(kind: str, prompt: str) -> None:
    with compatible_server(kind, 4096) as server:
        local = compatible(server)
        assert f"{kind}: a window of 4,096 tokens" in local.check().sentence
        with pytest.raises(ProviderError, match="do not fit into the 4,096 tokens"):
            local.complete(request(prompt))
        assert server.generations == []


@pytest.mark.parametrize("kind", ["llama.cpp", "vLLM"])
def test_refusal_of_a_full_window_names_the_setting(kind: str) -> None:
    with compatible_server(kind, 4096) as server:
        local = compatible(server)
        local._server._facts = type(local._server.learn())()  # as if the server had said nothing of itself
        with pytest.raises(ProviderError, match="lower context_tokens") as caught:
            local.complete(request("the night before " * 1500))
    assert not caught.value.retryable


# --- waiting, silence, cancelling -----------------------------------------------------------------


@pytest.mark.parametrize("build", [native, compatible])
@pytest.mark.parametrize("early", [True, False], ids=["before the first word", "in the middle"])
def test_cancelled_answer_closes_the_connection_within_a_second(build: Build, early: bool) -> None:
    with OllamaServer() as server:
        server.delay_s, server.pause_s = (60.0, 0.0) if early else (0.0, 0.2)
        local, watch, ended = build(server), Watching(), []
        local.check()

        def ask() -> None:
            with pytest.raises(Cancelled):
                local.complete(request(), watch)
            ended.append(time.monotonic())

        thread = threading.Thread(target=ask)
        thread.start()
        server.wait_for_generations(1)
        if not early:
            server.wait_for(lambda: watch.tokens)
        watch.is_over, told = True, time.monotonic()
        thread.join(10)
        server.wait_for(lambda: server.hung_up, 10)
    assert ended
    assert ended[0] - told < 1
    assert server.hung_up[0] - told < 1


def test_progress_is_told_while_a_slow_model_writes() -> None:
    with OllamaServer() as server:
        watch = Watching()
        reply = native(server).complete(request(), watch)
    assert watch.tokens == sorted(watch.tokens)
    assert watch.tokens[-1] == reply.usage.output_tokens > 1


def test_silence_before_the_first_word_is_an_error_that_is_not_sent_again() -> None:
    with OllamaServer() as server:
        server.script(slow(5))
        with pytest.raises(ProviderError, match=r"had not written a word after 0\.3 s.*raise timeout_s") as caught:
            native(server, timeout_s=0.3).complete(request())
        server.wait_for(lambda: server.hung_up, 10)
    assert not caught.value.retryable


def test_silence_in_the_middle_says_how_far_the_answer_had_come() -> None:
    with OllamaServer() as server:
        server.pause_s = 5
        with pytest.raises(ProviderError, match=r"stopped after 1 tokens and was silent for 0\.3 s"):
            native(server, timeout_s=0.3).complete(request())


def test_slow_answer_has_no_end_but_the_total_timeout() -> None:
    with OllamaServer() as server:
        server.pause_s = 1.0  # between words: the whole answer takes many times the limit, on a busy machine too
        with pytest.raises(ProviderError, match=r"was still writing after 0\.3 s.*answer_timeout_s"):
            native(server, timeout_s=5, answer_timeout_s=0.3).complete(request())


def test_queue_of_a_serial_stand_in_counts_as_waiting_and_never_as_silence() -> None:
    with OllamaServer() as server:
        server.serial, server.delay_s = True, 0.8
        local = compatible(server, timeout_s=2.4)
        local.check()
        local._server._lanes.limit = None  # all at once, whatever is known of the server
        waited: list[int] = []
        ask = lambda: waited.append(local.complete(request()).waiting_ms)  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(waited) == 4, "none timed out, although the last one waited for longer than the timeout"
    assert max(waited) > 2400


# --- places ---------------------------------------------------------------------------------------


def _ask_all(local: Provider, number: int) -> None:
    def ask() -> None:
        for _ in range(3):
            local.complete(request())

    threads = [threading.Thread(target=ask) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_serial_stand_in_goes_on_getting_one_request_at_a_time() -> None:
    with OllamaServer() as server:
        server.serial, server.delay_s, server.pause_s = True, 0.05, 0.002
        local = native(server)
        _ask_all(local, 3)
    assert local._lanes.limit == 1


def test_parallel_stand_in_gets_more_once_that_is_seen() -> None:
    with OllamaServer() as server:
        server.delay_s, server.pause_s = 0.05, 0.01
        local = native(server)
        _ask_all(local, 3)
        assert server.most_at_once >= 2
    assert local._lanes.limit >= 2


def test_llama_cpp_stand_in_gets_as_many_requests_as_it_has_slots() -> None:
    with compatible_server("llama.cpp", 16_384) as server:
        server.slots, server.delay_s = 2, 0.1
        _ask_all(compatible(server), 4)
        assert server.most_at_once == 2


# --- loops and thoughts ---------------------------------------------------------------------------


@pytest.mark.parametrize("build", [native, compatible])
def test_loop_is_ended_early_and_the_connection_closed(build: Build) -> None:
    with OllamaServer() as server:
        server.script(looping())
        server.pause_s = 0.002
        watch = Watching()
        reply = build(server).complete(request(cap=1500), watch)
    assert reply.stop == "length"
    assert watch.tokens[-1] < 600


def test_text_in_reasoning_alone_is_an_error_that_says_so() -> None:
    with OllamaServer() as server:
        server.thinks = True
        for build in (native, compatible):
            with pytest.raises(ProviderError, match="only thought, and wrote no answer"):
                build(server).complete(request())


def test_thinking_stand_in_that_obeys_is_asked_not_to_think() -> None:
    with compatible_server("vLLM", 16_384) as server:
        server.thinks = server.obeys_effort = True
        assert compatible(server).complete(request()).text.startswith("{")


@pytest.mark.parametrize("name", ["reasoning_effort", "max_completion_tokens", "stream_options"])
def test_refused_parameter_is_left_out_from_then_on(name: str) -> None:
    with compatible_server() as server:
        server.refuses = {name}
        local = compatible(server)
        for _ in range(2):
            assert local.complete(request()).text
        assert [name in sent.json for sent in server.generations] == [True, False, False]


def test_cap_goes_to_local_servers_under_both_names() -> None:
    with compatible_server() as server:
        server.ignores_newer_cap = True
        compatible(server).complete(request(cap=900))
        sent = server.generations[0].json
    assert (sent["max_tokens"], sent["max_completion_tokens"]) == (900, 900)


def test_request_of_a_cancelled_run_does_not_go_out_although_there_is_a_place() -> None:
    watching = Watching()
    watching.is_over = True
    with OllamaServer() as server:
        with pytest.raises(Cancelled):
            native(server).complete(request(), watching)
        assert not server.generations
