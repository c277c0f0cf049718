import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from pipeline.domain.config import HybridConfig
from pipeline.errors import ConfigError
from pipeline.providers import ProviderSpec, RefineTask, Request, anthropic
from pipeline.providers._anthropic_lifecycle import Lifecycle, LifecycleTable, known_lifecycle
from pipeline.providers.anthropic import AnthropicProvider
from pipeline.providers.pricing import is_priced
from pipeline.providers.prompts import refine_request
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


def at(
    server: AnthropicServer, model: str = "claude-sonnet-5-5", today: Callable[[], date] | None = None
) -> AnthropicProvider:
    spec = ProviderSpec(model=model, base_url=server.url, api_key=KEY)
    return AnthropicProvider(spec, today=today) if today else AnthropicProvider(spec)


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


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnthropicServer]:
    """A server that is taken for the vendor's own; any other address is a gateway."""
    with AnthropicServer() as server:
        monkeypatch.setattr("pipeline.providers.anthropic.VENDOR_ADDRESS", server.url)
        yield server


def test_retired_model_says_when_and_what_instead(vendor: AnthropicServer) -> None:
    vendor.models = ("claude-sonnet-5-5",)
    health = at(vendor, SEED_MODEL, on(2026, 6, 15)).check()
    assert (health.ready, health.fault, health.successor) == (False, "retired_model", "claude-sonnet-5-5")
    assert health.sentence == (
        f"{SEED_MODEL} was retired by Anthropic on 2026-06-15. "
        "Use claude-sonnet-5-5 instead, which is on sale and priced."
    )


def test_retired_model_is_reported_even_without_a_key() -> None:
    health = AnthropicProvider(ProviderSpec(model=SEED_MODEL), today=on(2026, 11, 22)).check()
    assert (health.fault, health.successor) == ("retired_model", "claude-sonnet-5-5")
    assert "was retired by Anthropic on 2026-06-15" in health.sentence
    assert "ANTHROPIC_API_KEY is not set either." in health.sentence


def test_retired_model_is_reported_beside_a_key_that_is_refused(vendor: AnthropicServer) -> None:
    vendor.key = "another"
    health = at(vendor, SEED_MODEL).check()
    assert health.fault == "retired_model"
    assert "the key was refused. Check ANTHROPIC_API_KEY." in health.sentence


@pytest.mark.parametrize("status", [404, 500])
def test_file_answers_where_the_vendor_does_not(vendor: AnthropicServer, status: int) -> None:
    vendor.answer = lambda request, scripted: vendor.error(status, "odd")  # type: ignore[method-assign]
    health = at(vendor, SEED_MODEL).check()
    assert (health.fault, health.successor) == ("retired_model", "claude-sonnet-5-5")


def test_vendor_knows_of_a_retirement_that_the_file_does_not(vendor: AnthropicServer) -> None:
    vendor.models = ("claude-haiku-5-5", "claude-haiku-4-5")
    vendor.lifecycle = {"claude-haiku-5-5": "retired"}
    vendor.retires_at = {"claude-haiku-5-5": "2027-03-01T00:00:00Z"}
    health = at(vendor, "claude-haiku-5-5").check()
    assert (health.ready, health.fault, health.successor) == (False, "retired_model", "claude-haiku-4-5")
    assert "claude-haiku-5-5 was retired by Anthropic on 2027-03-01." in health.sentence


def test_vendor_that_still_sells_a_model_is_believed_before_the_file(vendor: AnthropicServer) -> None:
    health = at(vendor, SEED_MODEL).check()
    assert (health.ready, health.fault, health.successor) == (True, "none", None)
    assert "retired" not in health.sentence


@pytest.mark.parametrize(
    ("retires_at", "told"),
    [
        ("2027-01-22T00:00:00Z", "will be retired by Anthropic on 2027-01-22."),
        ("2026-11-01T00:00:00Z", "was due to be retired by Anthropic on 2026-11-01 and may stop answering on any day."),
        (None, "will be retired by Anthropic."),
    ],
)
def test_retirement_that_the_vendor_announces_is_a_notice(
    vendor: AnthropicServer, retires_at: str | None, told: str
) -> None:
    vendor.lifecycle = {SEED_MODEL: "deprecated"}
    vendor.retires_at = {SEED_MODEL: retires_at} if retires_at else {}
    health = at(vendor, SEED_MODEL, on(2026, 11, 30)).check()
    assert (health.ready, health.successor) == (True, "claude-sonnet-5-5")
    assert told in health.sentence


def test_successor_is_on_sale_at_the_vendor(vendor: AnthropicServer) -> None:
    vendor.models = (SEED_MODEL, "claude-sonnet-5-5", "claude-sonnet-9", "claude-sonnet-5")
    vendor.lifecycle = {SEED_MODEL: "retired", "claude-sonnet-5-5": "deprecated"}
    assert at(vendor, SEED_MODEL).check().successor == "claude-sonnet-5"


def test_coming_retirement_is_a_notice() -> None:
    health = AnthropicProvider(ProviderSpec(model=SEED_MODEL), today=on(2026, 6, 14)).check()
    assert health.fault == "no_key"
    assert "will be retired by Anthropic on 2026-06-15" in health.sentence


def test_gateway_may_serve_a_retired_model() -> None:
    with AnthropicServer() as server:
        health = at(server, SEED_MODEL, on(2026, 11, 22)).check()
    assert (health.ready, health.fault, health.successor) == (True, "none", "claude-sonnet-5-5")
    assert "was retired" in health.sentence


def successor(model: str) -> str | None:
    return AnthropicProvider(ProviderSpec(model=model), today=on(2027, 12, 31)).check().successor


@pytest.mark.parametrize(
    ("model", "instead"),
    [
        (SEED_MODEL, "claude-sonnet-5-5"),
        ("claude-3-opus-20240229", "claude-opus-5-5"),
        ("claude-3-5-haiku-latest", "claude-haiku-5-5"),
        ("claude-mythos-preview", "claude-mythos-5-2"),
        ("claude-2.1", "claude-sonnet-5-5"),
    ],
)
def test_successor_is_the_newest_priced_model_of_the_same_line(model: str, instead: str) -> None:
    assert successor(model) == instead


def test_every_retired_model_has_a_successor_that_is_priced_and_stays() -> None:
    for entry in entries():
        if entry["retires_on"]:
            instead = successor(entry["id"])
            assert instead is not None, entry
            assert is_priced("anthropic", instead)
            assert next(other["retires_on"] for other in entries() if other["id"] == instead) is None


def entries() -> list[dict[str, str]]:
    path = Path(anthropic.__file__).with_name("anthropic_lifecycle.json")
    return json.loads(path.read_text())["models"]


def test_default_model_of_the_configuration_is_in_the_file_and_stays() -> None:
    assert known_lifecycle(HybridConfig().frontier_model, date(2026, 11, 30)) == Lifecycle(
        stage="active", retires_on=None, line="sonnet"
    )


def test_answers_stand_where_the_sdk_lists_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    health = AnthropicProvider(ProviderSpec(model=SEED_MODEL), today=on(2026, 11, 30)).check()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "anthropic":
            for listed in ("DEPRECATED_MODELS", "ModelParam", "Model"):
                monkeypatch.delattr(module, listed, raising=False)
    assert AnthropicProvider(ProviderSpec(model=SEED_MODEL), today=on(2026, 11, 30)).check() == health
    assert (health.fault, health.successor) == ("retired_model", "claude-sonnet-5-5")


@pytest.mark.parametrize("changed", [{"source": "hearsay"}, {"id": "claude-sonnet-5"}, {"retires_on": "June 15th"}])
def test_file_that_contradicts_itself_is_refused(changed: dict[str, str]) -> None:
    entry = {"id": "claude-x", "line": "sonnet", "retires_on": None, "source": "SDK"}
    rest = {**entry, "id": "claude-sonnet-5"}
    table = {"read_on": "2026-11-30", "sources": {"SDK": "of a release"}, "models": [entry, rest]}
    LifecycleTable.model_validate_json(json.dumps(table))
    with pytest.raises(ValidationError):
        LifecycleTable.model_validate_json(json.dumps({**table, "models": [{**entry, **changed}, rest]}))


def test_address_must_be_one() -> None:
    with pytest.raises(ConfigError, match="ANTHROPIC_BASE_URL"):
        AnthropicProvider(ProviderSpec(model="m", base_url="gateway.local"))


def test_environment_and_disk_are_not_searched_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "tok-elsewhere")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    with AnthropicServer(key=KEY.get_secret_value()) as server:
        assert at(server).check().ready
        assert "tok-elsewhere" not in str([received.headers for received in server.requests])


def test_gateway_stand_in_that_ignores_the_schema_gets_it_in_the_prompt_from_the_second_request_on() -> None:
    with AnthropicServer() as server:
        server.ignores_schema = True
        gateway = AnthropicProvider(
            ProviderSpec(model="claude-sonnet-5-5", base_url=server.url, api_key=SecretStr("k"))
        )
        first, second = gateway.complete(request()), gateway.complete(request())
    assert "ignores output_config" in first.notice
    assert not first.text.startswith("{")
    assert second.notice == ""
    assert json.loads(second.text)["name"]
