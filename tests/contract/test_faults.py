"""What every fault of a model server does to a draft and to a refinement, through the real SDKs.

The findings are docs/faults.md; `pytest tests/contract/test_faults.py --write-docs` writes it anew.
"""

import gzip
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from pipeline import providers
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import ModelCall
from pipeline.domain.study import Participant, Segment, Study
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.draft import DraftInput, LocalDraftStage
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.hybrid.refine import Frontier, FrontierRefinementStage, RefineInput
from pipeline.providers import Provider, ProviderSpec
from pipeline.providers.pricing import FREE, Pricer
from tests.factories import make_assessment, make_draft
from tests.fakes import FakeClock
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
    stalled,
    truncated,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
KEY = "sk-secret-3f9a77c1e0d2"
SAID = "I never know what the heating will cost me until the bill has already arrived in the post."
STAYS_S, PASSES_S = 0.15, 0.6
"""Timeouts of the calls that are to time out: short where none is answered, longer where the next one must be."""
NOWHERE = {"connection refused": "http://127.0.0.1:9", "address not found (DNS)": "http://model.invalid:11434"}

COMPRESSED = {"Content-Type": "application/json", "X-Loopback": "as-is", "Content-Encoding": "gzip"}

FAULTS: dict[str, Fault] = {
    "timeout before the answer": slow(PASSES_S * 2),
    "timeout in the middle of the answer": stalled(PASSES_S * 2),
    "connection reset": reset(),
    "400": fault(400),
    "401": fault(401),
    "403": fault(403),
    "404": fault(404),
    "408": fault(408),
    "409": fault(409),
    "413": fault(413),
    "429": fault(429),
    "429, Retry-After: 7": fault(429, headers={"Retry-After": "7"}),
    "429, Retry-After: 3600": fault(429, headers={"Retry-After": "3600"}),
    "500": fault(500),
    "503": fault(503),
    "529": fault(529),
    "HTML page as 200": html(),
    "HTML page as 502": html(502),
    "empty body": empty(),
    "malformed JSON": malformed(),
    "more bytes than are read": malformed(b'"%s"' % (b"x" * 4_000_000)),
    "more values than are read": malformed(b"[%s1]" % (b"1," * 20_001)),
    "compressed, unasked": replace(malformed(gzip.compress(bytes(1_000))), headers=COMPRESSED),
    "another schema": off_schema(),
    "cut off by max_tokens": truncated(),
    "refusal": refusal(),
}

SIDES: dict[str, tuple[type[LoopbackServer], str]] = {
    "ollama": (OllamaServer, "qwen2.5:7b"),
    "anthropic": (AnthropicServer, "claude-sonnet-5-5"),
    "openai": (OpenAIServer, "gpt-5.4-mini"),
}
RETRIED = {"connection reset", "408", "409", "429", "429, Retry-After: 7", "500", "503", "529", "HTML page as 502"} | {
    *NOWHERE,
    "timeout before the answer",
    "timeout in the middle of the answer",
}
BILLED_AT_RESERVATION = {"connection reset", "HTML page as 200", "HTML page as 502", "empty body", "malformed JSON"} | {
    "more bytes than are read",
    "more values than are read",
    "compressed, unasked",
    "timeout before the answer",
    "timeout in the middle of the answer",
}
ANSWERED = {"another schema", "cut off by max_tokens", "refusal"}


class Experience(NamedTuple):
    """What came of one draft or one refinement."""

    outcome: str
    reason: str
    calls: tuple[ModelCall, ...]
    waited_s: float


class AnyScorer:
    """Every refined text is better than the draft."""

    def assess(self, *_: object) -> object:
        return make_assessment(0.9)


def study() -> Study:
    segment = Segment(id="d1.1", document="d1", participant="P01", role="participant", text=SAID, where="turn 1")
    person = Participant(id="P01", documents=("d1",), words=17)
    return Study(id="s", name="s", documents=(), participants=(person,), segments=(segment,))


@cache
def provider(side: str, url: str, timeout_s: float) -> Provider:
    role = "local" if side == "ollama" else "frontier"
    key = None if side == "ollama" else SecretStr(KEY)
    spec = ProviderSpec(model=SIDES[side][1], role=role, base_url=url, api_key=key, timeout_s=timeout_s)
    return providers.provider_class(side, role)(spec)


def draft(asked: Provider, clock: FakeClock) -> Experience:
    """One draft, as the pipeline asks a local server for it."""
    log, config = MemoryLog(), HybridConfig(count=1, draft_factor=1)
    caller = Caller(asked, FREE, HybridCostTracker(None), log, clock, RetryPolicy(unreadable=True))
    done = LocalDraftStage(caller, config, log).execute(DraftInput(study=study()))
    assert len(done.drafts) + len(done.failures) == 1
    if done.failures:
        return Experience("draft_failed", done.failures[0].reason, log.facts().calls, clock.seconds)
    outcome = "drafted in part" if done.drafts[0].is_partial else "drafted"
    return Experience(outcome, " ".join(log.facts().warnings), log.facts().calls, clock.seconds)


def refine(asked: Provider, clock: FakeClock) -> Experience:
    """One draft under the threshold, as the pipeline sends it to a paid frontier."""
    log, config, ledger = MemoryLog(), HybridConfig(count=1), HybridCostTracker(5_000_000)
    caller = Caller(asked, Pricer(asked.name, asked.model, {}), ledger, log, clock, RetryPolicy())
    stage = FrontierRefinementStage(Frontier(caller), AnyScorer(), None, config, log)  # type: ignore[arg-type]
    item = make_draft(0, 0.3)
    (final,) = stage.execute(RefineInput(study=study(), drafts=(item,))).personas
    assert final.outcome == "refined" or final.persona == item.draft.persona, "the draft is never lost"
    assert final.cost_micros == ledger.spent() == sum(call.cost_micros for call in log.facts().calls)
    return Experience(final.outcome, final.reason, log.facts().calls, clock.seconds)


@cache
def experience(side: str, name: str, times: int | None) -> Experience:
    """What a fault does that is met so many times; `None` means for as long as it is tried."""
    run: Callable[[Provider, FakeClock], Experience] = draft if side == "ollama" else refine
    if name in NOWHERE:
        return run(provider(side, NOWHERE[name], 2.0), FakeClock())
    timeout_s = 10.0 if "timeout" not in name else STAYS_S if times is None else PASSES_S
    served = server(side)
    served.always = FAULTS[name] if times is None else None
    served.script(*[FAULTS[name]] * (times or 0))
    return run(provider(side, served.url, timeout_s), FakeClock())


@cache
def server(side: str) -> LoopbackServer:
    return SIDES[side][0]().__enter__()


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[None]:
    yield
    for side in SIDES:
        server(side).__exit__()


@pytest.fixture(autouse=True)
def no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name `model.invalid` is not found at once, with or without a network."""
    look_up = socket.getaddrinfo

    def without(host: object, *arguments: object, **named: object) -> object:
        if host in ("model.invalid", b"model.invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", without)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", [*NOWHERE, *FAULTS])
def test_fault_that_stays_ends_in_its_outcome_with_a_readable_reason(side: str, name: str) -> None:
    met = experience(side, name, None)
    retried = is_retried(side, name)
    assert met.outcome == expected(side, name)
    assert len(met.calls) == (3 if retried else 1)
    assert re.fullmatch(r"\w.*[.]", met.reason)
    assert not any(leak in met.reason for leak in (KEY, SAID[:24], "Traceback", "Error("))
    for call in met.calls:
        assert call.status not in ("in_flight", "ok")
        charged = call.reserved_micros if name in BILLED_AT_RESERVATION else 0
        assert call.cost_micros == charged or (name in ANSWERED and 0 <= call.cost_micros < call.reserved_micros)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", FAULTS)
def test_fault_that_passes_is_survived_where_asking_again_helps(side: str, name: str) -> None:
    met = experience(side, name, 1)
    survived = is_retried(side, name)
    good = "drafted" if side == "ollama" else "refined"
    assert met.outcome == (good if survived else expected(side, name))
    assert len(met.calls) == (2 if survived else 1)


def is_retried(side: str, name: str) -> bool:
    """Whether it is asked again: on the free side also after an answer.

    A local answer that takes too long is not: the same prompt would take as long again.
    """
    if side == "ollama" and "timeout" in name:
        return False
    return name in RETRIED or (side == "ollama" and name in ANSWERED)


def expected(side: str, name: str) -> str:
    if side == "ollama":
        return "drafted in part" if name == "cut off by max_tokens" else "draft_failed"
    return "refine_unparsable" if name in ANSWERED else "refine_failed"


# --- the document ----------------------------------------------------------------------------------

HEAD = """\
# What a fault of a model server does

Written by the tests that check it (`tests/contract/test_faults.py`): each fault is met through the vendor's own SDK,
once by a single draft (Ollama) and once by a single refinement (Anthropic, OpenAI). No fault loses a draft: a
refinement that fails leaves the draft in its place, and a failed draft generation is counted as a failure. Of a draft
that is cut off at every attempt, the finished fields are kept, and a warning says so: it is *drafted in part*.

*If it passes* is the result when the second attempt is answered, *if it stays* when no attempt is. *Charged* is
what an attempt costs that meets the fault: nothing where the provider certainly did not bill it, the whole reservation
where that cannot be known, and the bill where an answer came back. Waits between attempts are one and two seconds plus
up to a quarter, or what `Retry-After` asks for; a provider that asks for more than 30 s is not waited for. A local
answer that takes too long is not asked for again: the same prompt would take as long. After three requests in a row
have failed for good, the rest of the run is not sent.
"""


def row(side: str, name: str) -> str:
    stays = experience(side, name, None)
    passes = "–" if name in NOWHERE else f"`{experience(side, name, 1).outcome}`"
    reason = re.sub(r"127\.0\.0\.1:\d{4,}", "127.0.0.1:PORT", stays.reason).replace("|", "\\|")
    charged = "nothing"
    if any(call.cost_micros for call in stays.calls):
        charged = "its reservation" if stays.calls[0].status == "lost" else "as billed"
    return f"| {name} | {passes} | `{stays.outcome}` | {len(stays.calls)} | {charged} | {reason} |"


def document() -> str:
    parts = [HEAD]
    for side in SIDES:
        what = "Drafts" if side == "ollama" else "Refinements"
        parts.append(f"\n## {what}: `{side}`\n")
        parts.append("| fault | if it passes | if it stays | attempts | charged | what the user reads |")
        parts.append("|---|---|---|---|---|---|")
        parts += [row(side, name) for name in (*NOWHERE, *FAULTS)]
    return "\n".join(parts) + "\n"


def test_document_says_what_was_found(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--write-docs"):
        DOCUMENT.write_text(document(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == document()
