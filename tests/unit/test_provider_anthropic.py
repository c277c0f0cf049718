from collections.abc import Callable
from datetime import date

import pytest
from pydantic import SecretStr

from pipeline.config import HybridConfig
from pipeline.errors import ConfigError
from pipeline.pricing import is_priced
from pipeline.prompts import refine_request
from pipeline.providers import ProviderSpec, RefineTask, Request
from pipeline.providers.anthropic import Provider, _parse_date
from tests.factories import make_persona
from tests.loopback import AnthropicServer, fault
from tests.loopback.server import Answer

KEY = SecretStr("sk-ant-0123456789")
SEED_MODEL = "claude-sonnet-4-20250514"


def on(year: int, month: int, day: int) -> Callable[[], date]:
    return lambda: date(year, month, day)


def request(temperature: float | None = None) -> Request:
    task = RefineTask(persona=make_persona(), findings=(), weak_claims=(), segments=(), seed=9)
    return refine_request(task, HybridConfig(temperature=temperature))


def at(server: AnthropicServer, model: str = "claude-sonnet-5-5", today: Callable[[], date] | None = None) -> Provider:
    spec = ProviderSpec(model=model, base_url=server.url, api_key=KEY)
    return Provider(spec, today=today) if today else Provider(spec)


def test_request_carries_schema_and_cap_and_no_temperature() -> None:
    with AnthropicServer() as server:
        at(server).complete(request(temperature=0.5))
        sent = server.generations[0].json
    assert sent["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert sent["max_tokens"] == 2000
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("accepted", "thinking", "effort"),
    [
        (("adaptive", "disabled"), {"type": "disabled"}, None),
        (("adaptive", "between_tools"), {"type": "between_tools"}, None),
        (("adaptive",), None, "low"),
    ],
)
def test_model_is_kept_from_thinking_the_way_it_accepts(
    accepted: tuple[str, ...], thinking: dict[str, str] | None, effort: str | None
) -> None:
    with AnthropicServer() as server:
        server.thinking = accepted
        at(server).complete(request())
        sent = server.generations[0].json
    assert sent.get("thinking") == thinking
    assert sent["output_config"].get("effort") == effort


def test_unknown_capabilities_send_nothing_that_could_be_refused() -> None:
    with AnthropicServer(lists_models=False) as server:
        at(server).complete(request())
        assert set(server.generations[0].json) == {"max_tokens", "messages", "model", "output_config", "system"}


def test_capabilities_are_asked_for_once() -> None:
    with AnthropicServer() as server:
        provider = at(server)
        for _ in range(3):
            provider.complete(request())
        assert len(server.requests) == 4


def test_all_input_is_counted_whatever_the_cache_did() -> None:
    with AnthropicServer() as server:
        server.usage = {"input_tokens": 100, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 7}
        usage = at(server).complete(request()).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.written_tokens, usage.measured) == (137, 7, 30, True)


def test_tokens_are_counted_for_the_request_that_would_be_sent_with_a_safety_on_top() -> None:
    with AnthropicServer() as server:
        provider = at(server)
        counted = provider.count_tokens(request())
        billed = provider.complete(request()).usage.input_tokens
        asked, sent = (server.requests[number].json for number in (-2, -1))
    assert counted == -(-billed * 102 // 100) + 64
    assert asked == {key: value for key, value in sent.items() if key != "max_tokens"}


@pytest.mark.parametrize("body", [{"input_tokens": "many"}, {}, [], "<html>"])
def test_count_that_is_none_is_no_count(body: object) -> None:
    with AnthropicServer() as server:
        server.answer = lambda request, scripted: Answer(body)  # type: ignore[method-assign]
        assert at(server).count_tokens(request()) is None


def test_full_context_window_counts_as_cut() -> None:
    with AnthropicServer() as server:
        body = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": []}
        usage = {"input_tokens": 5, "output_tokens": 0}
        server.script(fault(200, {**body, "stop_reason": "model_context_window_exceeded", "usage": usage}))
        assert at(server).complete(request()).stop == "length"


def test_retired_model_says_when_and_what_instead() -> None:
    health = Provider(ProviderSpec(model=SEED_MODEL, api_key=KEY), today=on(2026, 6, 15)).check()
    assert (health.ready, health.fault, health.successor) == (False, "retired_model", "claude-sonnet-5-5")
    assert health.sentence == (
        f"{SEED_MODEL} was retired by Anthropic on 2026-06-15. "
        "Use claude-sonnet-5-5 instead, which is on sale and priced."
    )


def test_retired_model_is_reported_even_without_a_key() -> None:
    health = Provider(ProviderSpec(model=SEED_MODEL), today=on(2026, 11, 22)).check()
    assert health.fault == "retired_model"
    assert "ANTHROPIC_API_KEY is not set either." in health.sentence


def test_retirement_that_only_the_vendor_knows_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with AnthropicServer() as server:
        server.lifecycle = "retired"
        monkeypatch.setattr("pipeline.providers.anthropic.VENDOR_ADDRESS", server.url)
        health = at(server, "claude-haiku-5-5").check()
    assert (health.ready, health.fault) == (False, "retired_model")
    assert "claude-haiku-5-5 was retired" in health.sentence


def test_coming_retirement_is_a_notice() -> None:
    health = Provider(ProviderSpec(model=SEED_MODEL), today=on(2026, 6, 14)).check()
    assert health.fault == "no_key"
    assert "will be retired by Anthropic on 2026-06-15" in health.sentence


def test_gateway_may_serve_a_retired_model() -> None:
    with AnthropicServer() as server:
        health = at(server, SEED_MODEL, on(2026, 11, 22)).check()
    assert (health.ready, health.fault, health.successor) == (True, "none", "claude-sonnet-5-5")
    assert "was retired" in health.sentence


def test_successor_is_of_the_same_family_on_sale_and_priced() -> None:
    provider = Provider(ProviderSpec(model=SEED_MODEL))
    for model in provider._retirements:
        successor = provider.successor(model)
        assert successor is not None
        assert provider.retired(successor) is None
        assert is_priced("anthropic", successor)
    assert provider.successor("claude-3-opus-20240229") == "claude-opus-5-5"
    assert provider.successor("claude-3-5-haiku-latest") == "claude-haiku-5-5"


def test_every_date_of_the_sdk_can_be_read() -> None:
    assert None not in Provider(ProviderSpec(model="m"))._retirements.values()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("June 15th, 2026", date(2026, 6, 15)),
        ("July 21st, 2025", date(2025, 7, 21)),
        ("2026-06-15", None),
        ("Juni 15th, 2026", None),
        ("", None),
    ],
)
def test_date_is_read_as_the_sdk_writes_it(text: str, day: date | None) -> None:
    assert _parse_date(text) == day


def test_address_must_be_one() -> None:
    with pytest.raises(ConfigError, match="ANTHROPIC_BASE_URL"):
        Provider(ProviderSpec(model="m", base_url="gateway.local"))


def test_environment_and_disk_are_not_searched_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "tok-elsewhere")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    with AnthropicServer(key=KEY.get_secret_value()) as server:
        assert at(server).check().ready
        assert "tok-elsewhere" not in str([received.headers for received in server.requests])
