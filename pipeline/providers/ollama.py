"""Drafts from an Ollama server, on this machine or another. Free; the answer is bound to the JSON schema.

The trap is the context window: Ollama truncates longer prompts silently, so every call states a window that fits,
and a prompt that cannot fit is an error here.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from pipeline.domain.base import Frozen
from pipeline.domain.run import Usage
from pipeline.domain.untrusted import Refused
from pipeline.errors import ProviderError
from pipeline.providers import Health, ProviderRole, ProviderSpec, Reply, Request
from pipeline.providers._bodies import ANSWER, LISTED, UNCOMPRESSED, VECTORS, BodyBounds, refusing
from pipeline.providers._errors import Endpoint, leaves_machine, shown_address, token_count, web_address
from pipeline.providers._hosted import usage_from
from pipeline.providers.pricing import estimate_tokens

if TYPE_CHECKING:
    import ssl

DEFAULT_ADDRESS = "http://127.0.0.1:11434"
KEEP_ALIVE = "15m"
"""Time for which the model stays in memory after a call: scoring and refining must not unload it."""
CHECK_TIMEOUT_S = 5.0
WINDOW_STEP = 4096
"""A window grows in steps this large: each new size makes Ollama load the model again."""
TEMPLATE_TOKENS = 256
"""Room for the model's chat template."""

_Answer = TypeVar("_Answer")


@cache
def _trusted() -> "ssl.SSLContext":
    """Cache httpx's default TLS context: loading takes 10 ms or more, and each health check makes two clients."""
    import httpx

    return httpx.create_ssl_context()


class PullProgress(Frozen):
    """One step of downloading a model."""

    status: str
    """Ollama's own words: `pulling manifest`, `verifying sha256 digest`, `success`."""
    completed: int = 0
    """Bytes of the current layer that have arrived."""
    total: int = 0
    """Bytes of the current layer; 0 when the step has no size."""


class Embedded(NamedTuple):
    """Texts as an embedding model sees them."""

    vectors: Sequence[Sequence[float]]
    """One per text, all of the same length."""
    usage: Usage


class _ModelFacts(Frozen):
    """Facts about a model from the `show` route."""

    context_length: int | None
    """Largest window in tokens; `None` when the server does not state it."""
    capabilities: tuple[str, ...]
    """Capabilities in Ollama's words; empty when the server lists none."""


class OllamaProvider:
    """An Ollama server and one of its models."""

    name: ClassVar[str] = "ollama"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"local"})
    key_variable: ClassVar[str | None] = None
    url_variable: ClassVar[str | None] = "OLLAMA_HOST"
    simulated: ClassVar[bool] = False
    in_process: ClassVar[bool] = False
    counts_away: ClassVar[bool] = False
    batches: None = None
    model: str
    is_away: bool
    """Also for models that the server only passes on to a cloud: their tags end in `cloud`."""
    context_tokens: int | None
    """The window asked for; `check` and the first call lower it to what the model can take."""

    def __init__(self, spec: ProviderSpec) -> None:
        """Build the client; no request is made. `spec.base_url` may be `host`, `host:port` or a URL."""
        import httpx
        import ollama

        address = _full_address(spec.base_url or DEFAULT_ADDRESS)
        self.model = spec.model
        self.is_away = leaves_machine(address) or spec.model.strip().casefold().endswith(("-cloud", ":cloud"))
        self.context_tokens = spec.context_tokens
        # Without a timeout of its own, the SDK waits for ever on a dropped connection.

        def client(timeout_s: float, bounds: BodyBounds) -> ollama.Client:
            hooks = {"response": [refusing(httpx, bounds)]}
            return ollama.Client(
                host=address, timeout=timeout_s, verify=_trusted(), headers=UNCOMPRESSED, event_hooks=hooks
            )

        self._client = client(spec.timeout_s, ANSWER)
        self._long = client(spec.timeout_s, VECTORS)
        self._quick = client(min(CHECK_TIMEOUT_S, spec.timeout_s), LISTED)
        self._address = shown_address(address)
        self._status_error = ollama.ResponseError
        self._transport_error = httpx.HTTPError
        # Read by several threads without a lock: at worst two of them ask the server for the same facts.
        self._facts: _ModelFacts | None = None

    def check(self) -> Health:
        """Check that the server answers and has the model; list the models it has."""
        try:
            models = self._installed()
            if not _has(models, self.model):
                return self._not_pulled(models)
            self._learn()
        except ProviderError as error:
            return Health(ready=False, sentence=str(error), fault="unreachable")
        return Health(ready=True, sentence=f"Ollama at {self._address} has {self.model}.", models=models)

    def count_tokens(self, request: Request) -> int | None:
        """Always `None`: the server counts only while it answers, and its answers are free."""
        return None

    def complete(self, request: Request) -> Reply:
        """Answer one request in JSON that fits its schema."""
        facts = self._learn()
        options: dict[str, int | float] = {
            "num_ctx": self._window(request, facts),
            "num_predict": request.max_output_tokens,
            "seed": request.seed,
        }
        if request.temperature is not None:
            options["temperature"] = request.temperature
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": request.prompt}]
        answer = self._call(
            lambda: self._client.chat(
                model=self.model,
                messages=messages,
                format=dict(request.json_schema),
                options=options,
                keep_alive=KEEP_ALIVE,
                # Thinking would use up the answer's tokens; models that cannot think refuse the parameter.
                think=False if "thinking" in facts.capabilities else None,
            ),
            sent=request.prompt,
        )
        text = answer.message.content or ""
        usage = usage_from((answer.prompt_eval_count, answer.eval_count, None, None), request, text)
        cut = answer.done_reason == "length"
        return Reply(text=text, usage=usage, stop="length" if cut else "complete", model=answer.model or self.model)

    def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of some texts, at least one. A text longer than the model's window is cut by the server.

        Raises:
            ProviderError: no answer, or not one vector of the same length for every text.
        """
        said = "\n".join(texts)
        answer = self._call(
            lambda: self._long.embed(model=self.model, input=list(texts), keep_alive=KEEP_ALIVE), sent=said
        )
        vectors = answer.embeddings
        if len(vectors) != len(texts) or not vectors[0] or {len(vectors[0])} != {len(vector) for vector in vectors}:
            raise self._endpoint(self.model).unreadable("vectors that do not fit the texts")
        if not all(math.isfinite(number) for vector in vectors for number in vector):
            raise self._endpoint(self.model).unreadable("vectors that are not numbers")
        counted = token_count(answer.prompt_eval_count)
        tokens = estimate_tokens(said) if counted is None else counted
        return Embedded(vectors, Usage(input_tokens=tokens, measured=counted is not None))

    def lacks(self, capability: str) -> bool:
        """Return whether the server denies a capability of the model: `embedding`, `completion`."""
        capabilities = self._learn().capabilities
        return bool(capabilities) and capability not in capabilities

    def digest(self) -> str:
        """Return the digest of the installed model; empty when the server gives none."""
        listed = self._call(self._quick.list).models
        return next((entry.digest or "" for entry in listed if entry.model and _has((entry.model,), self.model)), "")

    def pull(self, model: str) -> Iterator[PullProgress]:
        """Download a model to the server, step by step.

        Raises:
            ProviderError: the server is down, or the registry does not have the model.
        """
        steps = iter(self._call(lambda: self._long.pull(model, stream=True), model=model))
        while (step := self._call(lambda: next(steps, None), model=model)) is not None:
            yield PullProgress(status=step.status or "", completed=step.completed or 0, total=step.total or 0)

    def _installed(self) -> tuple[str, ...]:
        listed = self._call(self._quick.list).models
        return tuple(sorted(entry.model for entry in listed if entry.model))

    def _learn(self) -> _ModelFacts:
        """Fetch the facts of the model once and cache them."""
        if self._facts is None:
            shown = self._call(lambda: self._quick.show(self.model))
            limit = _context_length(shown.modelinfo or {})
            self._facts = _ModelFacts(context_length=limit, capabilities=tuple(shown.capabilities or ()))
            if limit and self.context_tokens:
                self.context_tokens = min(self.context_tokens, limit)
        return self._facts

    def _window(self, request: Request, facts: _ModelFacts) -> int:
        """`num_ctx` for this request: the configured window, larger only when the prompt may need it.

        Raises:
            ProviderError: not even the model's largest window holds prompt and answer.
        """
        text = request.system + request.prompt
        room = request.max_output_tokens + TEMPLATE_TOKENS
        needed_at_most = _most_tokens(text) + room
        configured = self.context_tokens or WINDOW_STEP
        window = max(configured, -(-needed_at_most // WINDOW_STEP) * WINDOW_STEP)
        largest = facts.context_length or window
        if estimate_tokens(text) + room > largest:
            raise ProviderError(
                f"The prompt of about {estimate_tokens(text)} tokens and an answer of {request.max_output_tokens} do "
                f"not fit into the {largest} tokens of {self.model}. Lower context_tokens or max_output_tokens, "
                "or choose a model with a larger window."
            )
        return min(window, largest)

    def _call(self, ask: Callable[[], _Answer], *, sent: str = "", model: str | None = None) -> _Answer:
        """Run one SDK call and turn its exceptions into `ProviderError`.

        The SDK's exceptions are not chained: they may carry the request or a key into a traceback.
        """
        endpoint = self._endpoint(model or self.model)
        try:
            return ask()
        except self._status_error as error:
            raise _explain(endpoint, error, sent) from None
        except ConnectionError:
            raise ProviderError(
                f"Ollama does not answer at {self._address}. "
                "Start it with `ollama serve`, or choose local_provider builtin.",
                retryable=True,
            ) from None
        except (self._transport_error, Refused) as error:
            raise endpoint.lost(error) from None
        except (ValueError, TypeError, AttributeError, RecursionError):
            # JSON that does not parse, or parses to something the SDK cannot turn into its types.
            raise endpoint.unreadable("something that is not Ollama's JSON") from None

    def _endpoint(self, model: str) -> Endpoint:
        return Endpoint(label="Ollama", model=model, address=self._address, key_variable="OLLAMA_API_KEY")

    def _not_pulled(self, models: tuple[str, ...]) -> Health:
        has = f"it has: {', '.join(models)}" if models else "it has none"
        sentence = f"Model '{self.model}' is not on the Ollama server ({has}). Run `ollama pull {self.model}`."
        return Health(ready=False, sentence=sentence, fault="unknown_model", models=models)


def _explain(endpoint: Endpoint, error: Any, sent: str) -> ProviderError:
    """Turn an `ollama.ResponseError` into a `ProviderError`; in the middle of a stream it has no status of its own."""
    if error.status_code == 404:
        return ProviderError(
            f"Model '{endpoint.model}' is not on the Ollama server. Run `ollama pull {endpoint.model}`."
        )
    detail = None if "<" in str(error.error) else str(error.error)
    if error.status_code < 400:
        return ProviderError(f"{endpoint.who} stopped{endpoint.quote(detail, sent)}. Check the model's name.")
    return endpoint.status(error.status_code, detail, sent=sent)


def _full_address(host: str) -> str:
    """`host`, `host:port` or a URL as a URL; 11434 is the port when only a host is named.

    Raises:
        ConfigError: the port is not a number up to 65535, or it is not an address at all.
    """
    if "://" in host:
        return web_address("OLLAMA_HOST", host)
    parts = host.strip().rstrip("/").partition("/")
    netloc = parts[0] if parts[0].rpartition("]")[2].count(":") else f"{parts[0]}:11434"
    return web_address("OLLAMA_HOST", f"http://{'127.0.0.1' if netloc.startswith(':') else ''}{netloc}/{parts[2]}")


def _has(models: tuple[str, ...], wanted: str) -> bool:
    """Return whether a model is in the list; a name without a tag means `:latest`."""
    return wanted in models or f"{wanted}:latest" in models


def _context_length(info: Any) -> int | None:
    """Return the window of a model, whose key starts with its architecture: `qwen2.context_length`."""
    found = info.get(f"{info.get('general.architecture')}.context_length")
    return token_count(found) or None


def _most_tokens(text: str) -> int:
    """A cautious count for prose: 3.5 characters of ASCII per token (English has over 4), 2 bytes of anything else.

    A true bound, one token per byte, would ask for four times the memory that is needed.
    """
    plain = sum(letter.isascii() for letter in text)
    return plain * 2 // 7 + (len(text.encode()) - plain) // 2 + 1
