import pytest
from pydantic import SecretStr

from pipeline.domain.config import HybridConfig
from pipeline.errors import ConfigError, ProviderError
from pipeline.providers import ProviderSpec, RefineTask, Request
from pipeline.providers.openai import OpenAIProvider
from pipeline.providers.prompts import refine_request
from tests.factories import make_persona
from tests.loopback import OpenAIServer, fault

KEY = SecretStr("sk-house-0123456789")


def request(temperature: float | None = None) -> Request:
    task = RefineTask(persona=make_persona(), findings=(), weak_claims=(), segments=(), seed=9)
    return refine_request(task, HybridConfig(temperature=temperature))


def frontier(server: OpenAIServer, model: str = "gpt-5.4-mini") -> OpenAIProvider:
    return OpenAIProvider(ProviderSpec(model=model, base_url=server.url, api_key=KEY))


def local(server: OpenAIServer, key: SecretStr | None = None) -> OpenAIProvider:
    return OpenAIProvider(ProviderSpec(model="qwen3-8b", role="local", base_url=server.url, api_key=key))


def test_frontier_sends_strict_schema_seed_and_cap() -> None:
    with OpenAIServer() as server:
        frontier(server).complete(request())
        sent = server.generations[0].json
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent["max_completion_tokens"] == 2000
    assert sent["seed"] == 9
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("model", "effort"), [("gpt-5.4-mini", "low"), ("o3", "low"), ("gpt-4o-mini", None), ("gpt-5-chat-latest", None)]
)
def test_models_that_reason_are_asked_to_reason_little(model: str, effort: str | None) -> None:
    with OpenAIServer(models=(model,)) as server:
        frontier(server, model).complete(request())
        assert server.generations[0].json.get("reasoning_effort") == effort


def test_temperature_is_sent_only_when_set() -> None:
    with OpenAIServer() as server:
        frontier(server).complete(request(temperature=0.4))
        assert server.generations[0].json["temperature"] == 0.4


def test_local_server_gets_the_older_name_of_the_cap() -> None:
    with OpenAIServer(models=("qwen3-8b",), local=True) as server:
        local(server).complete(request())
        assert server.generations[0].json["max_tokens"] == 2000


def test_vendors_key_in_the_environment_never_reaches_a_local_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-real-one")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    with OpenAIServer(models=("qwen3-8b",), local=True) as server:
        local(server).check()
        local(server).complete(request())
        assert "sk-the-real-one" not in str([received.headers for received in server.requests])


def test_local_servers_own_key_is_sent() -> None:
    with OpenAIServer(models=("qwen3-8b",), local=True) as server:
        local(server, KEY).complete(request())
        assert server.generations[0].headers["authorization"] == f"Bearer {KEY.get_secret_value()}"


def test_local_role_needs_an_address() -> None:
    with pytest.raises(ConfigError, match="needs local_base_url"):
        OpenAIProvider(ProviderSpec(model="qwen3-8b", role="local"))


def test_local_server_without_structured_output_is_an_error_that_says_so() -> None:
    with OpenAIServer(models=("qwen3-8b",), local=True) as server:
        server.script(fault(400, {"error": {"message": "response_format is not supported"}}))
        with pytest.raises(ProviderError, match=r"\(response_format is not supported\).*json_schema"):
            local(server).complete(request())
        assert len(server.generations) == 1, "there is no quiet fallback to free text"


def test_empty_account_is_not_retried_although_it_answers_429() -> None:
    with OpenAIServer() as server:
        server.script(fault(429, {"error": {"message": "quota", "code": "insufficient_quota"}}))
        with pytest.raises(ProviderError) as caught:
            frontier(server).complete(request())
    assert not caught.value.retryable
    assert "credit" in str(caught.value)


def test_rate_limit_hands_on_how_long_to_wait() -> None:
    with OpenAIServer() as server:
        server.script(fault(429, headers={"Retry-After": "12"}))
        with pytest.raises(ProviderError) as caught:
            frontier(server).complete(request())
    assert caught.value.retry_after_s == 12


def test_cached_tokens_are_part_of_the_input() -> None:
    with OpenAIServer() as server:
        server.usage = {"prompt_tokens": 900, "prompt_tokens_details": {"cached_tokens": 400}}
        usage = frontier(server).complete(request()).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.measured) == (900, 400, True)


@pytest.mark.parametrize("reported", [None, {"prompt_tokens": -5}, {"completion_tokens": "many"}])
def test_usage_that_is_no_count_is_estimated_and_says_so(reported: dict[str, object] | None) -> None:
    with OpenAIServer() as server:
        server.usage = reported
        usage = frontier(server).complete(request()).usage
    assert not usage.measured
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0
