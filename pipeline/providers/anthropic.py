"""Anthropic's Claude as the paid frontier, through the Messages API with structured output.

Sends no temperature: the API has none any more, so `temperature` in the configuration has no effect here. The
dates on which models retire, and the names of those on sale, come from the installed SDK.
"""

import math
import re
from collections.abc import Callable
from datetime import date
from itertools import chain
from typing import Any, ClassVar, get_args

from pydantic import SecretStr

from pipeline.clock import SystemClock
from pipeline.config import DEFAULT_FRONTIER_MODEL
from pipeline.errors import ProviderError
from pipeline.pricing import is_priced
from pipeline.providers import Batches, Health, ProviderRole, ProviderSpec, Reply, Request
from pipeline.providers._errors import Endpoint, checked_key, shown_address, token_count, web_address
from pipeline.providers._hosted import Hosted, usage_from
from pipeline.providers._message_batches import MessageBatches

VENDOR_ADDRESS = "https://api.anthropic.com"
COUNT_SAFETY, COUNT_SAFETY_TOKENS = 1.02, 64
"""Added to the vendor's token count before money is reserved with it: the vendor calls its count an estimate, from
which the bill may differ by a small amount (platform documentation, token counting, 2026-11), and names no bound.
A bill beyond it is flagged like any other that contradicts its request."""

FAMILIES = ("haiku", "sonnet", "opus", "fable", "mythos")
"""Lines of models at different prices; a successor comes from the same one."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _today() -> date:
    return SystemClock().now().date()


class Provider:
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
        from anthropic.resources.messages.messages import DEPRECATED_MODELS
        from anthropic.types.model_param import ModelParam

        self.model = spec.model
        self._today = today
        self._retirements = {model: _parse_date(day) for model, day in DEPRECATED_MODELS.items()}
        self._on_sale = tuple(chain.from_iterable(get_args(part) for part in get_args(ModelParam)))
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
            api_key=key or "none", base_url=address, timeout=spec.timeout_s, max_retries=0
        )
        self._hosted = Hosted(anthropic, self._client, self._endpoint)
        self.batches: Batches | None = MessageBatches(
            self._client, self._hosted, self._endpoint, self._parameters, self._read
        )
        # Read by several threads without a lock: at worst two of them ask for the same facts.
        self._restraint: dict[str, Any] | None = None

    def check(self) -> Health:
        """Whether the model is on sale and the key is accepted; makes no paid call.

        A retired model is reported even without a key, since a key would not help. At a gateway it is only a
        warning: a gateway may serve what the vendor no longer sells.
        """
        notice = self._retirement_notice()
        if self._is_retired() and not self._gateway:
            unset = "" if self._has_key else f" {self._endpoint.key_variable} is not set either."
            return Health(
                ready=False, sentence=notice + unset, fault="retired_model", successor=self.successor(self.model)
            )
        if not self._has_key:
            return Health(ready=False, sentence=f"{self._endpoint.no_key} {notice}".strip(), fault="no_key")
        found = self._hosted.find_model(gateway=self._gateway)
        if getattr(found.info, "lifecycle", None) == "retired" and not self._gateway:
            return self._retired_at_vendor()
        if found.info is not None:
            self._restraint = _restraint(found.info)
        sentence = f"{found.health.sentence} {notice}".strip()
        successor = self.successor(self.model) if notice else None
        return found.health.model_copy(update={"sentence": sentence, "successor": successor})

    def count_tokens(self, request: Request) -> int | None:
        """The vendor's free count of this request with a safety on top; `None` when it gives none."""
        if not self._has_key:
            return None
        parameters = self._parameters(request)
        del parameters["max_tokens"], parameters["timeout"]
        counted = self._hosted.count(lambda quick: quick.messages.count_tokens(**parameters))
        return None if counted is None else math.ceil(counted * COUNT_SAFETY) + COUNT_SAFETY_TOKENS

    def complete(self, request: Request) -> Reply:
        """Answer one request in JSON that fits its schema."""
        if not self._has_key:
            raise ProviderError(self._endpoint.no_key)
        parameters = self._parameters(request)
        answer = self._hosted.ask(lambda: self._client.messages.create(**parameters), request)
        return self._read(answer, request)

    def retired(self, model: str) -> date | None:
        """The day a model was or will be taken off sale; `None` when no such day is announced in the SDK."""
        return self._retirements.get(model)

    def successor(self, model: str) -> str | None:
        """The newest model of the same family that is on sale and priced; `None` when there is none."""
        family = _family(model) or _family(DEFAULT_FRONTIER_MODEL["anthropic"])
        candidates = (name for name in self._on_sale if _family(name) == family and name not in self._retirements)
        newest_first = sorted(candidates, key=_version, reverse=True)
        return next((name for name in newest_first if name != model and is_priced("anthropic", name)), None)

    def _is_retired(self) -> bool:
        day = self.retired(self.model)
        return day is not None and day <= self._today()

    def _retirement_notice(self) -> str:
        """One sentence on a retirement, past or coming; empty when none is announced."""
        day = self.retired(self.model)
        if day is None:
            return ""
        what = "was retired" if self._is_retired() else "will be retired"
        return f"{self.model} {what} by Anthropic on {day.isoformat()}.{self._advice()}"

    def _advice(self) -> str:
        successor = self.successor(self.model)
        return f" Use {successor} instead, which is on sale and priced." if successor else " Choose another model."

    def _retired_at_vendor(self) -> Health:
        """For a retirement that Anthropic knows of and the installed SDK does not yet."""
        sentence = f"{self.model} was retired by Anthropic.{self._advice()}"
        return Health(ready=False, sentence=sentence, fault="retired_model", successor=self.successor(self.model))

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
            "system": request.system,
            "messages": [{"role": "user", "content": request.prompt}],
            "output_config": output,
            # Stated per call: at its own default of ten minutes the SDK would refuse long answers without streaming.
            "timeout": self._client.timeout,
            **restraint,
        }

    def _read(self, answer: Any, request: Request) -> Reply:
        """The reply in a message; its fields were never validated by the SDK."""
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
        cut = reason in ("max_tokens", "model_context_window_exceeded")
        return Reply(text=text, usage=usage, stop="length" if cut else "complete", model=model)


def _restraint(info: Any) -> dict[str, Any]:
    """Parameters that keep a model from thinking before it answers, or make it think as little as it can.

    Recent models think unless told otherwise, which is billed and counts towards `max_tokens`: a persona could be
    cut off before its first word. Which parameter a model accepts is in the capabilities the vendor lists for it;
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


def _parse_date(text: str) -> date | None:
    """The SDK writes days as `June 15th, 2026`; not read with `strptime`, whose month names depend on the locale."""
    found = re.fullmatch(r"([A-Z][a-z]+) (\d{1,2})[a-z]{2}, (\d{4})", text)
    if found is None or found[1] not in MONTHS:
        return None
    return date(int(found[3]), MONTHS.index(found[1]) + 1, int(found[2]))


def _family(model: str) -> str | None:
    return next((family for family in FAMILIES if family in model), None)


def _version(model: str) -> tuple[int, ...]:
    """`claude-sonnet-5-5` is newer than `claude-sonnet-5`; a snapshot's date, eight digits, does not count."""
    return tuple(int(number) for number in re.findall(r"(?<=-)\d{1,2}(?=-|$)", model))
