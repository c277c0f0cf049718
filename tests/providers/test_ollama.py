from collections.abc import Iterator

import pytest

from pipeline.errors import ConfigError, ProviderError
from pipeline.providers import DraftTask, ProviderSpec, Request
from pipeline.providers.ollama import OllamaProvider
from tests.loopback import Fault, OllamaServer, fault, html, malformed, reset

ENGLISH = "The heating app never tells me what the night before has cost me. "


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=("qwen2.5:7b", "llama3:latest")) as running:
        yield running


def provider(server: OllamaServer, model: str = "qwen2.5:7b", context_tokens: int = 8192) -> OllamaProvider:
    return OllamaProvider(ProviderSpec(model=model, role="local", base_url=server.url, context_tokens=context_tokens))


def request(prompt: str = ENGLISH, *, cap: int = 1000, temperature: float | None = None) -> Request:
    task = DraftTask(number=0, participants=(), segments=(), seed=5)
    schema = {"type": "object", "additionalProperties": False, "properties": {"name": {"type": "string"}}}
    return Request(
        stage="draft",
        system="Write personas.",
        prompt=prompt,
        json_schema={**schema, "required": ["name"]},
        max_output_tokens=cap,
        seed=5,
        temperature=temperature,
        task=task,
    )


def test_request_carries_schema_seed_cap_and_window(server: OllamaServer) -> None:
    provider(server).complete(request())
    sent = server.generations[-1].json
    assert sent["options"] == {"num_ctx": 8192, "num_predict": 1000, "seed": 5}
    assert sent["format"]["required"] == ["name"]
    assert "think" not in sent


def test_temperature_is_sent_only_when_set(server: OllamaServer) -> None:
    provider(server).complete(request(temperature=0.0))
    assert server.generations[-1].json["options"]["temperature"] == 0.0


def test_window_grows_for_a_prompt_that_may_not_fit(server: OllamaServer) -> None:
    reply = provider(server, context_tokens=4096).complete(request(ENGLISH * 300))
    assert server.generations[-1].json["options"]["num_ctx"] == 12288
    assert reply.usage.input_tokens > 4096


def test_window_grows_sooner_for_scripts_with_more_tokens(server: OllamaServer) -> None:
    provider(server, context_tokens=4096).complete(request("暖房の費用が分からない。" * 300))
    assert server.generations[-1].json["options"]["num_ctx"] == 12288


def test_prompt_longer_than_the_model_can_read_is_an_error(server: OllamaServer) -> None:
    asked = len(server.generations)
    with pytest.raises(ProviderError, match=r"do not fit into the 32768 tokens of qwen2\.5:7b"):
        provider(server).complete(request(ENGLISH * 2000))
    assert len(server.generations) == asked


def test_small_model_lowers_the_window_to_draft_for() -> None:
    with OllamaServer(context_length=4096) as small:
        local = provider(small, context_tokens=16384)
        local.check()
        assert local.context_tokens == 4096


@pytest.mark.parametrize(("capabilities", "think"), [(("completion", "thinking"), False), (("completion",), None)])
def test_thinking_is_switched_off_only_where_there_is_any(capabilities: tuple[str, ...], think: bool | None) -> None:
    with OllamaServer(capabilities=capabilities) as server:
        provider(server).complete(request())
        assert server.generations[-1].json.get("think") is think


def test_facts_of_the_model_are_asked_for_once(server: OllamaServer) -> None:
    local = provider(server)
    local.check()
    shown = sum(received.path == "/api/show" for received in server.requests)
    for _ in range(3):
        local.complete(request())
    assert sum(received.path == "/api/show" for received in server.requests) == shown


def test_usage_is_estimated_when_the_server_counts_nothing() -> None:
    with OllamaServer() as server:
        server.counts_tokens = False
        usage = provider(server).complete(request()).usage
    assert not usage.measured
    assert usage.input_tokens > 0


def test_name_without_a_tag_means_latest(server: OllamaServer) -> None:
    assert provider(server, "llama3").check().ready


def test_model_that_is_not_pulled_says_how_to_pull_it(server: OllamaServer) -> None:
    sentence = "Model 'foo' is not on the Ollama server (it has: llama3:latest, qwen2.5:7b). Run `ollama pull foo`."
    assert provider(server, "foo").check().sentence == sentence


def test_server_that_is_down_says_how_to_start_it() -> None:
    health = OllamaProvider(ProviderSpec(model="m", role="local", base_url="127.0.0.1:9")).check()
    assert health.sentence == (
        "Ollama does not answer at http://127.0.0.1:9. Start it with `ollama serve`, or choose local_provider builtin."
    )


def test_error_object_of_another_server_is_told_by_its_message(server: OllamaServer) -> None:
    server.script(fault(500, {"error": {"code": 500, "message": "the model crashed", "type": "server_error"}}))
    with pytest.raises(ProviderError, match=r"answered HTTP 500 \(the model crashed\)\.") as raised:
        provider(server).complete(request())
    assert "{" not in str(raised.value)


def test_pull_reports_its_progress(server: OllamaServer) -> None:
    steps = list(provider(server).pull("phi4"))
    assert [step.completed for step in steps] == [0, 0, 2000, 4000, 0]
    assert steps[-1].status == "success"
    assert provider(server, "phi4").check().ready


def test_pull_of_an_unknown_model_is_an_error(server: OllamaServer) -> None:
    with pytest.raises(ProviderError, match=r"missing-model.*file does not exist"):
        list(provider(server).pull("missing-model"))


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        (None, "http://127.0.0.1:11434"),
        ("gpu", "http://gpu:11434"),
        ("gpu:9", "http://gpu:9"),
        (":9", "http://127.0.0.1:9"),
        ("[::1]", "http://[::1]:11434"),
        ("https://gpu/ollama/", "https://gpu/ollama"),
    ],
)
def test_address_may_be_a_host_a_port_or_a_url(host: str | None, shown: str) -> None:
    local = OllamaProvider(ProviderSpec(model="m", role="local", base_url=host))
    assert local._address == shown


def test_address_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="OLLAMA_HOST"):
        OllamaProvider(ProviderSpec(model="m", role="local", base_url="gpu:99999"))


def test_embedding_gives_one_vector_per_text_in_order(server: OllamaServer) -> None:
    found = provider(server).embed(["The kettle", "The kettle", "Another thing"])
    assert found.vectors[0] == found.vectors[1] != found.vectors[2]
    assert found.usage.measured
    assert found.usage.output_tokens == 0


@pytest.mark.parametrize(
    "answer",
    [
        html(),
        fault(200, {"embeddings": []}),
        fault(200, {"embeddings": [[]]}),
        fault(200, {"embeddings": [[1.0], [1.0]]}),
        fault(200, {"embeddings": [["warm"]]}),
        malformed(b'{"embeddings": [[NaN]]}'),
        fault(503),
        reset(),
    ],
)
def test_embedding_that_fails_or_does_not_fit_is_an_error(server: OllamaServer, answer: Fault) -> None:
    server.script(answer)
    with pytest.raises(ProviderError, match="Ollama"):
        provider(server).embed(["one text"])


def test_what_a_model_cannot_do_is_known_where_the_server_says_so(server: OllamaServer) -> None:
    assert provider(server).lacks("embedding")
    assert not provider(server).lacks("completion")
    with OllamaServer(capabilities=()) as silent:
        assert not provider(silent).lacks("embedding")


def test_digest_tells_versions_of_a_model_apart_and_is_empty_for_a_model_that_is_not_there(
    server: OllamaServer,
) -> None:
    assert provider(server, "llama3").digest() not in ("", provider(server).digest())
    assert provider(server, "nobody").digest() == ""


@pytest.mark.parametrize("spelling", ["Qwen2.5:7B", "library/qwen2.5:7b", "LLAMA3"])
def test_spellings_that_the_stand_in_serves_are_ready(server: OllamaServer, spelling: str) -> None:
    assert provider(server, spelling).check().ready


def test_embedding_model_is_refused_as_a_drafter_and_welcome_as_one() -> None:
    with OllamaServer(models=("all-minilm",)) as server:
        health = provider(server, "all-minilm").check()
        assert (health.ready, health.fault) == (False, "unknown_model")
        assert "makes embeddings and cannot write" in health.sentence
        assert provider(server, "all-minilm").look().ready


@pytest.mark.parametrize(
    ("status", "words", "remedy"),
    [
        (200, 'pull model manifest: Get "https://registry": dial tcp: lookup registry: no such host', "network"),
        (500, 'pull model manifest: Get "https://registry": dial tcp: i/o timeout', "network"),
        (501, "this model is not implemented", "update Ollama"),
        (400, "invalid model name", "Check the model's name"),
        (200, "pull model manifest: file does not exist", "Check the model's name"),
    ],
)
def test_failed_download_says_the_true_remedy(status: int, words: str, remedy: str) -> None:
    with OllamaServer() as server:
        server.pull_error = (status, words)
        with pytest.raises(ProviderError, match=remedy) as caught:
            list(provider(server).pull("phi4"))
    assert not caught.value.retryable


def test_stand_in_that_passes_a_renamed_model_on_counts_as_away_once_asked() -> None:
    with OllamaServer(models=("mine",)) as server:
        server.remote = {"mine"}
        local = provider(server, "mine")
        assert not local.is_away
        assert "passes requests on to another server" in local.check().sentence
        assert local.is_away
