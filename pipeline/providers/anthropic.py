"""Anthropic's Claude as the paid frontier, through the Messages API with structured output.

Sends no temperature: the API has none any more, so `temperature` in the configuration has no effect here. With
a key, the vendor's API says which models are retired; without one, a dated file does.
"""

import json
import math
from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from pydantic import SecretStr

from pipeline.domain.config import DEFAULT_FRONTIER_MODEL
from pipeline.domain.units import SystemClock
from pipeline.errors import ProviderError
from pipeline.providers import UNWATCHED, Batches, Health, ProviderRole, ProviderSpec, Reply, Request, Watch
from pipeline.providers._anthropic_lifecycle import (
    Lifecycle,
    known_lifecycle,
    known_on_sale,
    vendor_lifecycle,
    vendor_on_sale,
)
from pipeline.providers._bodies import ANSWER, BATCH
from pipeline.providers._errors import Endpoint, checked_key, shown_address, token_count, web_address
from pipeline.providers._hosted import Hosted, http_client, usage_from
from pipeline.providers._message_batches import MessageBatches
from pipeline.providers.pricing import is_priced

VENDOR_ADDRESS = "https://api.anthropic.com"
COUNT_SAFETY, COUNT_SAFETY_TOKENS = 1.02, 64
"""Added to the vendor's token count before money is reserved with it: the vendor calls its count an estimate, from
which the bill may differ by a small amount (platform documentation, token counting, 2026-11), and names no bound.
A bill beyond it is flagged like any other that contradicts its request."""


def _today() -> date:
    return SystemClock().now().date()


class AnthropicProvider:
    """One Claude model, at Anthropic or at a gateway that speaks its format."""

    name: ClassVar[str] = "anthropic"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"frontier"})
    key_variable: ClassVar[str | None] = "ANTHROPIC_API_KEY"
    url_variable: ClassVar[str | None] = "ANTHROPIC_BASE_URL"
    simulated: ClassVar[bool] = False
    in_process: ClassVar[bool] = False
    is_away: bool = True
    counts_away: ClassVar[bool] = True
    model: str
    context_tokens: int | None = None

    def __init__(self, spec: ProviderSpec, *, today: Callable[[], date] = _today) -> None:
        """Build the client; no request is made.

        Raises:
            ConfigError: the address is not a URL, or the key cannot be one.
        """
        import anthropic

        self.model = spec.model
        self._today = today
        address = web_address("ANTHROPIC_BASE_URL", spec.base_url or VENDOR_ADDRESS)
        self._gateway = address != VENDOR_ADDRESS
        key = checked_key("ANTHROPIC_API_KEY", spec.api_key)
        self._has_key = key is not None
        self._endpoint = Endpoint(
            label="Anthropic",
            model=spec.model,
            address=shown_address(address),
            key_variable="ANTHROPIC_API_KEY",
            key=SecretStr(key) if key else None,
        )
        # Key and address are always stated: otherwise the SDK looks for them in the environment and on disk.
        # Retries are the pipeline's, where each attempt has its reservation.
        self._client = anthropic.Anthropic(
            api_key=key or "none",
            base_url=address,
            timeout=spec.timeout_s,
            max_retries=0,
            http_client=http_client(anthropic, ANSWER),
        )
        self._hosted = Hosted(anthropic, self._client, self._endpoint)
        self.batches: Batches | None = MessageBatches(
            self._client.with_options(http_client=http_client(anthropic, BATCH)),
            self._hosted,
            self._endpoint,
            self._parameters,
            self._read,
        )
        self._schema_in_prompt = False
        """Set at the first answer that a gateway gave without regard to the schema."""
        # Read by several threads without a lock: at worst two of them ask for the same facts.
        self._restraint: dict[str, Any] | None = None

    def check(self) -> Health:
        """Check that the model is on sale and the key accepted; makes no paid call.

        With a key, the vendor's retirement dates replace those of the file. A retired model is reported even without
        a key, since a key would not help. At a gateway it is only a warning: a gateway may serve models that the
        vendor no longer sells, and its lifecycle data are not the vendor's.
        """
        known = known_lifecycle(self.model, self._today())
        if not self._has_key:
            return self._health_without_key(known)
        found = self._hosted.find_model(gateway=self._gateway)
        if found.info is not None:
            self._restraint = _restraint(found.info)
        told = None if self._gateway else vendor_lifecycle(found.info)
        lifecycle = told or known
        if lifecycle is None or lifecycle.stage == "active":
            return found.health
        successor = self._successor(lifecycle)
        notice = self._notice(lifecycle, successor)
        if lifecycle.stage == "retired" and not self._gateway:
            refused = f" {found.health.sentence}" if found.health.fault == "no_key" else ""
            return Health(ready=False, sentence=notice + refused, fault="retired_model", successor=successor)
        sentence = f"{found.health.sentence} {notice}"
        return found.health.model_copy(update={"sentence": sentence, "successor": successor})

    def count_tokens(self, request: Request) -> int | None:
        """Return the vendor's free count of this request plus a safety margin; `None` on failure."""
        if not self._has_key:
            return None
        parameters = self._parameters(request)
        del parameters["max_tokens"], parameters["timeout"]
        counted = self._hosted.count(lambda quick: quick.messages.count_tokens(**parameters))
        return None if counted is None else math.ceil(counted * COUNT_SAFETY) + COUNT_SAFETY_TOKENS

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer one request in JSON that fits its schema."""
        if not self._has_key:
            raise ProviderError(self._endpoint.no_key)
        parameters = self._parameters(request)
        answer = self._hosted.ask(lambda: self._client.messages.create(**parameters), request)
        return self._read(answer, request)

    def _health_without_key(self, known: Lifecycle | None) -> Health:
        if known is None or known.stage == "active":
            return Health(ready=False, sentence=self._endpoint.no_key, fault="no_key")
        successor = self._successor(known)
        notice = self._notice(known, successor)
        if known.stage == "retired" and not self._gateway:
            sentence = f"{notice} {self._endpoint.key_variable} is not set either."
            return Health(ready=False, sentence=sentence, fault="retired_model", successor=successor)
        return Health(ready=False, sentence=f"{self._endpoint.no_key} {notice}", fault="no_key")

    def _successor(self, lifecycle: Lifecycle) -> str | None:
        """Find the newest model of the same line that is on sale and priced; `None` when there is none."""
        known = known_lifecycle(self.model, self._today())
        usual = known_lifecycle(DEFAULT_FRONTIER_MODEL["anthropic"], self._today())
        line = next((found.line for found in (lifecycle, known, usual) if found and found.line), "")
        listed = self._hosted.models() if self._has_key and not self._gateway else ()
        for on_sale in (vendor_on_sale(listed, line), known_on_sale(line)):
            for name in on_sale:
                if name != self.model and is_priced("anthropic", name):
                    return name
        return None

    def _notice(self, lifecycle: Lifecycle, successor: str | None) -> str:
        """One sentence on a retirement, past or coming, and one on what to use instead."""
        day = lifecycle.retires_on
        on_day = f" on {day.isoformat()}" if day else ""
        if lifecycle.stage == "retired":
            what = f"was retired by Anthropic{on_day}"
        elif day and day <= self._today():
            what = f"was due to be retired by Anthropic{on_day} and may stop answering on any day"
        else:
            what = f"will be retired by Anthropic{on_day}"
        instead = f"Use {successor} instead, which is on sale and priced." if successor else "Choose another model."
        return f"{self.model} {what}. {instead}"

    def _parameters(self, request: Request) -> dict[str, Any]:
        if self._restraint is None:
            self._restraint = _restraint(self._hosted.info())
        restraint = dict(self._restraint)
        output = {
            "format": {"type": "json_schema", "schema": request.json_schema},
            **restraint.pop("output_config", {}),
        }
        return {
            "model": self.model,
            "max_tokens": request.max_output_tokens,
            "system": self._system(request),
            "messages": [{"role": "user", "content": request.prompt}],
            "output_config": output,
            # Stated per call: at its own default of ten minutes the SDK would refuse long answers without streaming.
            "timeout": self._client.timeout,
            **restraint,
        }

    def _system(self, request: Request) -> str:
        if not self._schema_in_prompt:
            return request.system
        schema = json.dumps(request.json_schema, ensure_ascii=False)
        return (
            f"{request.system}\n\nThe answer is one JSON object, without a word around it, for this schema:\n{schema}"
        )

    def _notice_ignored_schema(self, text: str) -> str:
        """Look whether a gateway passes the schema on; a vendor's answer is bound to it."""
        if not self._gateway or self._schema_in_prompt or text.lstrip().startswith("{"):
            return ""
        self._schema_in_prompt = True
        return (
            f"{self._endpoint.label} at {self._endpoint.address} ignores output_config, so its first answer was not the"
            " JSON that was asked for. From now on the schema is part of the prompt."
        )

    def _read(self, answer: Any, request: Request) -> Reply:
        """Parse the reply from a message; the SDK does not validate its fields."""
        try:
            text = "".join(block.text for block in answer.content if block.type == "text")
        except (AttributeError, TypeError):
            raise self._endpoint.unreadable("JSON without a message") from None
        reported = getattr(answer, "usage", None)
        read = token_count(getattr(reported, "cache_read_input_tokens", None)) or 0
        written = token_count(getattr(reported, "cache_creation_input_tokens", None)) or 0
        plain = token_count(getattr(reported, "input_tokens", None))
        total = None if plain is None else plain + written + read
        usage = usage_from((total, getattr(reported, "output_tokens", None), read, written), request, text)
        reason, model = getattr(answer, "stop_reason", None), getattr(answer, "model", None) or self.model
        if reason == "refusal":
            return Reply(text=text, usage=usage, stop="refusal", model=model)
        cut, notice = reason in ("max_tokens", "model_context_window_exceeded"), self._notice_ignored_schema(text)
        return Reply(text=text, usage=usage, stop="length" if cut else "complete", model=model, notice=notice)


def _restraint(info: Any) -> dict[str, Any]:
    """Return parameters that switch a model's thinking off, or to its minimum.

    Recent models think by default, which is billed and counts towards `max_tokens`: a persona could be cut off
    before its first word. Which parameter a model accepts is in the capabilities the vendor lists for it;
    without them nothing is sent, since a wrong one would be refused.
    """
    capabilities = getattr(info, "capabilities", None)
    types = getattr(getattr(capabilities, "thinking", None), "types", None)
    for kind in ("disabled", "between_tools"):
        if getattr(getattr(types, kind, None), "supported", False):
            return {"thinking": {"type": kind}}
    effort = getattr(capabilities, "effort", None)
    if getattr(getattr(effort, "low", None), "supported", False):
        return {"output_config": {"effort": "low"}}
    return {}
