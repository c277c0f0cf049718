"""What every provider on disk must do, local or paid, in this process or over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr

from pipeline import providers
from pipeline.domain.config import HybridConfig
from pipeline.domain.study import Participant, Segment
from pipeline.errors import ProviderError
from pipeline.providers import DraftTask, Provider, ProviderRole, ProviderSpec, RefineTask, Request
from pipeline.providers.pricing import input_token_upper_bound
from pipeline.providers.prompts import draft_request, refine_request
from pipeline.providers.replies import read_persona
from tests.factories import make_persona
from tests.loopback import (
    AnthropicServer,
    Fault,
    LoopbackServer,
    OllamaServer,
    OpenAIServer,
    empty,
    fault,
    html,
    malformed,
    off_schema,
    refusal,
    reset,
    slow,
    truncated,
)

KEY = "sk-secret-3f9a77c1e0d2"
NOBODY = "http://127.0.0.1:9"
SAID = "I never know what the heating will cost me until the bill has already arrived in the post."

SERVERS: dict[tuple[str, ProviderRole], tuple[type[LoopbackServer], dict[str, object], str]] = {
    ("ollama", "local"): (OllamaServer, {}, "qwen2.5:7b"),
    ("openai", "local"): (OpenAIServer, {"local": True, "models": ("qwen3-8b",)}, "qwen3-8b"),
    ("openai", "frontier"): (OpenAIServer, {"key": KEY}, "gpt-5.4-mini"),
    ("anthropic", "frontier"): (AnthropicServer, {"key": KEY}, "claude-sonnet-5-5"),
}
PAID = [key for key in SERVERS if key[1] == "frontier"]
ALL: list[tuple[str, ProviderRole]] = [
    (name, role)
    for role in ("local", "frontier")
    for name in providers.names(role)  # type: ignore[misc]
]


@dataclass
class Served:
    """A provider, and the server it talks to when it talks to one."""

    provider: Provider
    role: ProviderRole
    server: LoopbackServer | None

    def request(self, said: str = SAID) -> Request:
        return make_request(self.role, said)


def make_request(role: ProviderRole, said: str = SAID) -> Request:
    segment = Segment(id="d1.1", document="d1", participant="P01", role="participant", text=said, where="turn 1")
    if role == "local":
        person = Participant(id="P01", documents=("d1",), words=17)
        task = DraftTask(number=0, participants=(person,), segments=(segment,), seed=3)
        return draft_request(task, HybridConfig())
    refine = RefineTask(persona=make_persona(), findings=(), weak_claims=(), segments=(segment,), seed=3)
    return refine_request(refine, HybridConfig())


def build(
    name: str, role: ProviderRole, url: str | None, *, key: str | None = KEY, timeout_s: float = 60.0
) -> Provider:
    model = SERVERS[name, role][2] if (name, role) in SERVERS else "claude-sonnet-5-5"
    secret = SecretStr(key) if key and role == "frontier" else None
    spec = ProviderSpec(model=model, role=role, base_url=url, api_key=secret, timeout_s=timeout_s)
    return providers.provider_class(name, role)(spec)


@pytest.fixture(scope="module", params=ALL, ids="-".join)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    name, role = request.param
    if (name, role) not in SERVERS:
        provider = build(name, role, None)
        assert provider.in_process or provider.simulated, f"say in SERVERS how to serve {name}"
        yield Served(provider, role, None)
        return
    kind, options, _ = SERVERS[name, role]
    with kind(**options) as server:  # type: ignore[arg-type]
        provider = build(name, role, server.url)
        assert server.requests == []
        yield Served(provider, role, server)


@pytest.fixture(scope="module", params=list(SERVERS), ids="-".join)
def remote(request: pytest.FixtureRequest) -> Iterator[tuple[Served, LoopbackServer]]:
    name, role = request.param
    kind, options, _ = SERVERS[name, role]
    with kind(**options) as server:  # type: ignore[arg-type]
        yield Served(build(name, role, server.url), role, server), server


def failure(served: Served) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        served.provider.complete(served.request())
    return caught.value


def test_every_provider_over_http_has_a_server_here() -> None:
    assert set(SERVERS) <= set(ALL)


def test_check_finds_it_ready(served: Served) -> None:
    health = served.provider.check()
    assert health.ready, health.sentence
    assert health.fault == "none"
    assert health.sentence.endswith(".")
    if served.server:
        assert served.server.generations == []


def test_answer_is_a_persona(served: Served) -> None:
    reply = served.provider.complete(served.request())
    assert reply.stop == "complete"
    assert read_persona(reply.text, "persona-001").name
    assert reply.model


def test_usage_is_reported(served: Served) -> None:
    usage = served.provider.complete(served.request()).usage
    if served.server or served.provider.simulated:
        assert usage.input_tokens > 0
        assert usage.output_tokens > 0
    if served.server:
        assert usage.measured


def test_count_of_tokens_is_free_and_never_under_the_bill(served: Served) -> None:
    asked = len(served.server.generations) if served.server else 0
    counted = served.provider.count_tokens(served.request())
    assert asked == (len(served.server.generations) if served.server else 0)
    if counted is not None:
        billed = served.provider.complete(served.request()).usage.input_tokens
        assert billed <= counted <= input_token_upper_bound(served.request())


@pytest.mark.parametrize("role_name", list(SERVERS), ids="-".join)
def test_count_that_cannot_be_had_is_none(role_name: tuple[str, ProviderRole]) -> None:
    assert build(*role_name, NOBODY).count_tokens(make_request(role_name[1])) is None


def test_same_request_gives_same_answer(served: Served) -> None:
    texts = {served.provider.complete(served.request()).text for _ in range(2)}
    assert len(texts) == 1


def test_threads_may_share_a_provider(served: Served) -> None:
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: served.provider.complete(served.request()), range(8)))
    assert len({reply.text for reply in replies}) == 1


FAILURES = [
    (fault(400), False, "not_charged"),
    (fault(401), False, "not_charged"),
    (fault(402), False, "not_charged"),
    (fault(403), False, "not_charged"),
    (fault(404), False, "not_charged"),
    (fault(413), False, "not_charged"),
    (fault(408), True, "not_charged"),
    (fault(409), True, "not_charged"),
    (fault(429), True, "not_charged"),
    (fault(500), True, "not_charged"),
    (fault(503), True, "not_charged"),
    (fault(529), True, "not_charged"),
    (html(502), True, "unknown"),
    (html(504), True, "unknown"),
    (html(200), False, "unknown"),
    (empty(), False, "unknown"),
    (malformed(), False, "unknown"),
    (malformed(b"[]"), False, "unknown"),
    (malformed(b'{"choices": 5, "content": 5, "message": 5}'), False, "unknown"),
    (malformed(b"[" * 100_000), False, "unknown"),
    (reset(), True, "unknown"),
    (slow(1.5), True, "unknown"),
]


@pytest.mark.parametrize(
    ("scripted", "retryable", "fate"),
    FAILURES,
    ids=[f"{item[0].kind}-{item[0].status}-{len(item[0].body)}" for item in FAILURES],
)
def test_failure_says_whether_to_retry_and_whether_it_was_billed(
    remote: tuple[Served, LoopbackServer], scripted: Fault, retryable: bool, fate: str
) -> None:
    served, server = remote
    asked = len(server.generations)
    server.script(scripted)
    if scripted.kind == "slow":  # the only test that waits for a limit; others have time on a busy machine, too
        served = replace(served, provider=build(served.provider.name, served.role, server.url, timeout_s=0.4))
        retryable = served.role == "frontier"  # to a local server, the same prompt would take as long again
    error = failure(served)
    assert (error.retryable, error.fate) == (retryable, fate), str(error)
    assert served.provider.model in str(error)
    assert str(error).endswith(".")
    assert len(server.generations) == asked + 1, "retries belong to the pipeline"


def error_body(server: LoopbackServer, message: str) -> dict[str, object]:
    return {"error": message if isinstance(server, OllamaServer) else {"message": message}}


def test_failure_never_repeats_the_request(remote: tuple[Served, LoopbackServer]) -> None:
    served, server = remote
    server.script(fault(400, error_body(server, f"bad prompt: {SAID}")))
    error = failure(served)
    assert SAID[:30] not in str(error)
    assert error.__suppress_context__, "a traceback would show what the SDK raised"


@pytest.mark.parametrize("remote", PAID, ids="-".join, indirect=True)
@pytest.mark.parametrize("message", [f"Incorrect API key provided: {KEY}.", f"key {KEY[:9]}*** is wrong"])
def test_failure_never_repeats_the_key(remote: tuple[Served, LoopbackServer], message: str) -> None:
    served, server = remote
    server.script(fault(400, error_body(server, message)))
    assert KEY[:9] not in str(failure(served))


def test_failure_quotes_what_the_provider_said(remote: tuple[Served, LoopbackServer]) -> None:
    served, server = remote
    said = "Your credit balance is too low"
    server.script(fault(400, error_body(server, said)))
    assert said in str(failure(served))


@pytest.mark.parametrize("role_name", list(SERVERS), ids="-".join)
def test_nothing_listening_is_a_sentence_and_not_billed(role_name: tuple[str, ProviderRole]) -> None:
    provider = build(*role_name, NOBODY)
    health = provider.check()
    assert (health.ready, health.fault) == (False, "unreachable")
    assert NOBODY in health.sentence
    with pytest.raises(ProviderError) as caught:
        provider.complete(make_request(role_name[1]))
    assert (caught.value.retryable, caught.value.fate) == (True, "not_charged")


def test_model_that_is_not_there_is_named_with_those_that_are(remote: tuple[Served, LoopbackServer]) -> None:
    served, server = remote
    spec = ProviderSpec(model="no-such-model", role=served.role, base_url=server.url, api_key=SecretStr(KEY))
    health = providers.provider_class(served.provider.name, served.role)(spec).check()
    assert (health.ready, health.fault) == (False, "unknown_model")
    assert "no-such-model" in health.sentence
    assert served.provider.model in health.models
    assert served.provider.model in health.sentence


def test_cut_answer_says_so(remote: tuple[Served, LoopbackServer]) -> None:
    served, server = remote
    server.script(truncated())
    reply = served.provider.complete(served.request())
    assert reply.stop == "length"
    assert reply.usage.output_tokens > 0


def test_refusal_says_so_where_the_format_can(remote: tuple[Served, LoopbackServer]) -> None:
    served, server = remote
    server.script(refusal())
    reply = served.provider.complete(served.request())
    assert reply.stop == ("complete" if isinstance(server, OllamaServer) else "refusal")
    assert reply.usage.input_tokens > 0


def test_off_schema_answer_is_handed_on_with_its_bill(remote: tuple[Served, LoopbackServer]) -> None:
    served, server = remote
    server.script(off_schema())
    reply = served.provider.complete(served.request())
    assert (reply.text, reply.stop) == ('{"answer": 42}', "complete")
    assert reply.usage.measured


@pytest.mark.parametrize("role_name", PAID, ids="-".join)
def test_paid_provider_without_key_sends_nothing(role_name: tuple[str, ProviderRole]) -> None:
    kind, options, _ = SERVERS[role_name]
    with kind(**options) as server:  # type: ignore[arg-type]
        provider = build(*role_name, server.url, key=None)
        health = provider.check()
        with pytest.raises(ProviderError):
            provider.complete(make_request("frontier"))
        assert server.requests == []
    assert (health.ready, health.fault) == (False, "no_key")
    assert provider.key_variable
    assert provider.key_variable in health.sentence


@pytest.mark.parametrize("role_name", PAID, ids="-".join)
def test_refused_key_is_found_before_the_run(role_name: tuple[str, ProviderRole]) -> None:
    kind, options, _ = SERVERS[role_name]
    with kind(**options) as server:  # type: ignore[arg-type]
        health = build(*role_name, server.url, key="sk-another-key").check()
    assert (health.ready, health.fault) == (False, "no_key")
    assert "refused" in health.sentence
    assert "sk-another-key" not in health.sentence


@pytest.mark.parametrize("role_name", [key for key in SERVERS if key[0] != "ollama"], ids="-".join)
def test_gateway_that_lists_no_models_is_not_an_unknown_model(role_name: tuple[str, ProviderRole]) -> None:
    kind, options, _ = SERVERS[role_name]
    with kind(**options, lists_models=False) as server:  # type: ignore[arg-type]
        health = build(*role_name, server.url).check()
    assert health.ready
    assert "could not be verified" in health.sentence
