"""Error messages and address checks for all providers that use HTTP.

An error says in one sentence what happened, whether to retry, and whether it may have been billed. It names the
provider, the model and what to do next; it never holds a key, and never repeats the request. An address says whether a
request leaves this machine.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import SecretStr

from pipeline.domain.base import Frozen
from pipeline.domain.units import SystemClock
from pipeline.errors import ConfigError, ProviderError
from pipeline.providers._bodies import refusal_in

RETRYABLE = frozenset({408, 409, 425, 429})
"""Client errors that pass with time; every status from 500 up does too."""
POSSIBLY_BILLED = frozenset({502, 504, 524})
"""A gateway lost or stopped waiting for the model behind it, which may have finished and billed its answer."""

NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionError"})
"""Exceptions before the request left, by class name: httpx and its successor httpx2 share the first three, and the
bare `ConnectionError` is how the ollama SDK says that nothing listens."""

NOT_IMPLEMENTED = 501
_ABOUT_CONTEXT = re.compile(
    r"context|max_model_len|num_ctx|(prompt|input|request)\b.*\btoo (long|large)", re.IGNORECASE
)
"""Words of llama.cpp ("exceeds the available context size"), vLLM ("maximum context length is"), Ollama ("prompt too
long; exceeded max context length", "input length exceeds the context length") and LM Studio about a full window."""

_REMEDIES = {
    400: "Check the model's name and its limits (max_output_tokens).",
    401: "The key was refused: check {key}.",
    402: "The account has no credit left or has reached its spending limit.",
    403: "The key of {key} may not use this model or this address.",
    404: "Check the model's name and the address.",
    413: "The prompt is too long for it: lower context_tokens, or use fewer documents.",
    NOT_IMPLEMENTED: "It cannot do that: update it, or choose another model.",
    429: "Its rate limit or quota is used up: wait, or lower the number of workers.",
    529: "It is overloaded: wait and try again.",
}
_now = SystemClock().now
_QUOTED_CHARACTERS = 240
_ECHO_CHARACTERS = 24


class Endpoint(Frozen):
    """A model at an address: enough to explain a failure."""

    label: str
    """Display name of the provider: `Anthropic`."""
    model: str
    address: str
    key_variable: str
    """Environment variable of the key, or a description of where to set it."""
    key: SecretStr | None = None
    """Used only to keep it out of messages."""
    remedies: dict[int, str] = {}
    """Advice per HTTP status that replaces the general advice for this provider."""

    @property
    def who(self) -> str:
        """`Anthropic (claude-sonnet-5-5)`."""
        return f"{self.label} ({self.model})"

    @property
    def no_key(self) -> str:
        """The sentence for a paid provider without a key."""
        return (
            f"{self.key_variable} is not set, so {self.model} cannot be called. "
            "Set it, or choose frontier_provider simulated, or set skip_frontier."
        )

    def status(
        self,
        status: int,
        detail: object = None,
        *,
        sent: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> ProviderError:
        """The error for an HTTP status.

        Args:
            status: 400 to 599.
            detail: the provider's message, if it came in its own error format; anything but text is left out.
            sent: the text of the request, so that a detail which repeats it is left out.
            headers: of the response; `Retry-After` is read.
        """
        quoted = self.quote(detail, sent)
        retryable = status in RETRYABLE or (status >= 500 and status != NOT_IMPLEMENTED)
        remedy = {**_REMEDIES, **self.remedies}.get(status, "Try again later." if retryable else _REMEDIES[400])
        if status in (400, 413, 422, 500) and isinstance(detail, str) and _ABOUT_CONTEXT.search(detail):
            retryable, remedy = False, _REMEDIES[413]
        return ProviderError(
            f"{self.who} answered HTTP {status}{quoted}. {remedy.format(key=self.key_variable)}",
            retryable=retryable,
            fate="unknown" if status in POSSIBLY_BILLED else "not_charged",
            retry_after_s=retry_after(headers or {}, _now),
            status=status,
        )

    def lost(self, error: BaseException) -> ProviderError:
        """The error for a call that got no response: refused, reset, given up waiting, or too much of one."""
        if refusal := refusal_in(error):
            return self.unreadable(f"a body that {refusal}")
        causes = {type(cause).__name__ for cause in _chain(error)}
        if causes & NEVER_SENT:
            return ProviderError(
                f"{self.who} cannot be reached at {self.address}. Check the address and the network.", retryable=True
            )
        timed_out = any("Timeout" in cause for cause in causes)
        what = "did not answer in time" if timed_out else "closed the connection before it answered"
        remedy = "Raise timeout_s if this repeats." if timed_out else "Try again."
        return ProviderError(f"{self.who} at {self.address} {what}. {remedy}", retryable=True, fate="unknown")

    def unreadable(self, what: str) -> ProviderError:
        """The error for HTTP 200 with a body in another format, which `what` describes."""
        return ProviderError(
            f"{self.who} at {self.address} answered with {what} instead of a model's answer. "
            "Something between may be answering in its place: check the address and the proxy.",
            fate="unknown",
        )

    @property
    def no_batches(self) -> str:
        """The sentence for an address without a batch API."""
        return f"{self.label} at {self.address} has no batch API. Set refine_mode to live, which costs list price."

    def quote(self, detail: object, sent: str) -> str:
        """Quote the provider's message in brackets; empty when it holds the key or a piece of the request."""
        said = detail.split() if isinstance(detail, str) else ()
        words = "".join(letter for letter in " ".join(said) if letter.isprintable())
        words = words[:_QUOTED_CHARACTERS].rstrip(".")
        key = self.key.get_secret_value() if self.key else ""
        if not words or (key and _overlap(words, key, 6)) or _overlap(words, " ".join(sent.split()), _ECHO_CHARACTERS):
            return ""
        return f" ({words})"


def retry_after(headers: Mapping[str, str], clock: Callable[[], datetime]) -> float | None:
    """Parse `Retry-After`, a number or an HTTP date, into seconds; `None` when absent or invalid.

    RFC 9110, section 10.2.3. A date in the past means now.
    """
    value = next((text.strip() for name, text in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"\d+(\.\d+)?", value):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max((aware - clock()).total_seconds(), 0.0)


def web_address(setting: str, value: str) -> str:
    """Validate an address and return it without its trailing slash.

    Raises:
        ConfigError: it does not start with http:// or https://, or names no host.
    """
    try:
        parts = urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        found = shown_address(value)
        raise ConfigError(f"{setting}: '{found}' is not a web address. Expected something like http://host:8000/v1.")
    return value.strip().rstrip("/")


def shown_address(url: str) -> str:
    """Remove user, password and query (which may hold a token) from an address, so that it can be shown."""
    return re.sub(r"[^/@]*@", "", url.strip().partition("?")[0], count=1)


def checked_key(variable: str, key: SecretStr | None) -> str | None:
    """Return the key without pasted blanks; `None` when there is none.

    Raises:
        ConfigError: it holds characters that cannot be sent in a header. The SDKs would fail with the key in the text.
    """
    plain = key.get_secret_value().strip() if key else ""
    if not (plain.isascii() and plain.isprintable()):
        raise ConfigError(f"{variable}: holds characters that no key has, perhaps from copying. Set it again.")
    return plain or None


def token_count(value: object) -> int | None:
    """Return a provider's figure if it is a count; `None` for anything else: figures of gateways can be wrong."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its chain of causes."""
    # Not __context__: in a retry loop that is the previous attempt's failure, and would lend this one its fate.
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__


def _overlap(words: str, other: str, length: int) -> bool:
    """Return whether `words` and `other` share a stretch of `length` characters."""
    return any(words[start : start + length] in other for start in range(len(words) - length + 1))


def leaves_machine(address: str) -> bool:
    """Return whether requests to a URL go to another machine; in doubt, true.

    A name is this machine's only where it is `localhost`, which resolvers may not send elsewhere (RFC 6761). A proxy
    in the environment also gets requests to this machine, unless `NO_PROXY` excludes it.
    """
    return not is_loopback(address) or _is_proxied(_host(address))


def is_loopback(address: str) -> bool:
    """Return whether the host of a URL is this machine; as targets, 0.0.0.0 and :: are."""
    host = _host(address)
    if host.casefold() == "localhost":
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def _host(address: str) -> str:
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""


def _is_proxied(host: str) -> bool:
    return bool(getproxies().keys() & {"http", "https", "all"}) and not proxy_bypass(host)
