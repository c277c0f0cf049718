"""Drafts from an Ollama server, on this machine or another. Free; the answer is bound to the JSON schema.

The trap is the context window: Ollama truncates longer prompts silently, so every call states a window that fits, says
that nothing may be cut, and checks the count of tokens that were read. The chat route is called directly: the SDK
passes on neither `truncate` nor `shift`, and drops the fields that say whether a model runs elsewhere.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from pipeline.domain.base import Frozen
from pipeline.domain.run import Usage
from pipeline.domain.untrusted import Refused
from pipeline.errors import ProviderError
from pipeline.providers import UNWATCHED, Health, ProviderRole, ProviderSpec, Reply, Request, Watch
from pipeline.providers._bodies import LISTED, UNCOMPRESSED, VECTORS, BodyBounds, refusing
from pipeline.providers._errors import NEVER_SENT, Endpoint, leaves_machine, shown_address, token_count, web_address
from pipeline.providers._hosted import usage_from
from pipeline.providers._lanes import Lanes
from pipeline.providers._streams import LocalStream, Piece, trusted
from pipeline.providers._windows import PromptCheck, thought_only
from pipeline.providers.pricing import estimate_tokens
from pipeline.providers.tokens import TEMPLATE_TOKENS, most_tokens_of
from pipeline.providers.verification import ALTERNATIVES, Continuation, GeneratedToken

DEFAULT_ADDRESS = "http://127.0.0.1:11434"
KEEP_ALIVE = "15m"
"""Time for which the model stays in memory after a call: scoring and refining must not unload it."""
CHECK_TIMEOUT_S = 5.0
WINDOW_STEP = 4096
"""A window grows in steps this large: each new size makes Ollama load the model again."""
_Answer = TypeVar("_Answer")


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
    is_remote: bool
    """True when the server only passes requests on to another one, whatever the model is called here."""

    @property
    def embeds_only(self) -> bool:
        """True for a model that makes vectors and cannot write."""
        return "embedding" in self.capabilities and "completion" not in self.capabilities


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
    """Also for models that the server only passes on: by name where it ends in `cloud`, and once `check` or the first
    call has asked the server, by what it says. A model it cannot be asked about counts as away."""
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

        def options(timeout_s: float, bounds: BodyBounds) -> dict[str, Any]:
            # Without a timeout of its own, the SDK waits for ever on a dropped connection.
            hooks = {"response": [refusing(httpx, bounds)]}
            return {"timeout": timeout_s, "verify": trusted(), "headers": UNCOMPRESSED, "event_hooks": hooks}

        self._long = ollama.Client(host=address, **options(spec.timeout_s, VECTORS))
        self._quick = httpx.Client(base_url=address, **options(min(CHECK_TIMEOUT_S, spec.timeout_s), LISTED))
        self._url = address
        self._address = shown_address(address)
        self._lanes = Lanes(1, growing=True)
        endpoint = self._endpoint(spec.model)
        self._stream = LocalStream(endpoint, {}, spec.timeout_s, spec.answer_timeout_s, self._lanes)
        self._prompts = PromptCheck(endpoint.who, "OLLAMA_CONTEXT_LENGTH or num_ctx of the server")
        self._status_error = ollama.ResponseError
        self._transport_error = httpx.HTTPError
        # Read by several threads without a lock: at worst two of them ask the server for the same facts.
        self._facts: _ModelFacts | None = None

    def check(self) -> Health:
        """Check that the server answers and serves the model, and that the model can write."""
        health = self.look()
        if health.ready and self._learn().embeds_only:
            sentence = f"{self.model} on the Ollama server makes embeddings and cannot write. Choose a chat model."
            return health.model_copy(update={"ready": False, "sentence": sentence, "fault": "unknown_model"})
        return health

    def look(self) -> Health:
        """Check that the server answers and serves the model, whatever it is for; list the models it has."""
        models: tuple[str, ...] = ()
        try:
            tags = self._call(self._tags)
            models = tuple(sorted(str(entry["model"]) for entry in tags if entry.get("model")))
            # Asked instead of looked up in the list: the server knows several spellings of a name.
            facts = self._learn()
        except ProviderError as error:
            if error.status == 404:
                return self._not_pulled(models)
            return Health(ready=False, sentence=str(error), fault="unreachable")
        where = ", which passes requests on to another server" if facts.is_remote else ""
        fits = f" Its window is {self.context_tokens:,} tokens." if facts.context_length else ""
        sentence = f"Ollama at {self._address} has {self.model}{where}.{fits}"
        return Health(ready=True, sentence=sentence, models=models, digest=self._digest_in(tags))

    def count_tokens(self, request: Request) -> int | None:
        """Always `None`: the server counts only while it answers, and its answers are free."""
        return None

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer one request in JSON that fits its schema."""
        heard = self._stream.ask(f"{self._url}/api/chat", self._body(request, self._learn()), _piece, watch)
        self._prompts.look(request, heard.input_tokens)
        usage = usage_from((heard.input_tokens, heard.output_tokens, None, None), request, heard.text)
        cut = heard.ended == "length"
        if not heard.text.strip() and heard.reasoning:
            raise thought_only(self._endpoint(self.model).who, heard.reasoning)
        return Reply(
            text=heard.text,
            usage=usage,
            stop="length" if cut else "complete",
            model=heard.model or self.model,
            waiting_ms=heard.waiting_ms,
        )

    def _body(self, request: Request, facts: _ModelFacts) -> dict[str, Any]:
        options: dict[str, int | float] = {
            "num_ctx": self._window(request, facts),
            "num_predict": request.max_output_tokens,
            "seed": request.seed,
        }
        if request.temperature is not None:
            options["temperature"] = request.temperature
        if request.repeat_penalty is not None:
            options["repeat_penalty"] = request.repeat_penalty
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": request.system}, {"role": "user", "content": request.prompt}],
            "format": dict(request.json_schema),
            "options": options,
            "keep_alive": KEEP_ALIVE,
            "stream": True,
            # Refuse what does not fit, at the start and while the answer grows; the default is to drop the beginning.
            "truncate": False,
            "shift": False,
        }
        if "thinking" in facts.capabilities:
            # Thinking would use up the answer's tokens; models that cannot think refuse the parameter.
            body["think"] = False
        return body

    def continue_text(self, request: Request) -> Continuation:
        """Continue a prompt that is sent as it stands, past the model's template, with the probabilities of tokens.

        Raises:
            ProviderError: no answer, or one without probabilities.
        """
        options = {
            "num_ctx": self._window(request, self._learn()),
            "num_predict": request.max_output_tokens,
            "seed": request.seed,
            "temperature": 0.0,
        }
        answer = self._call(
            lambda: self._long.generate(
                model=self.model,
                prompt=request.prompt,
                raw=True,
                logprobs=True,
                top_logprobs=ALTERNATIVES,
                options=options,
                keep_alive=KEEP_ALIVE,
            ),
            sent=request.prompt,
        )
        if not answer.logprobs:
            raise ProviderError(
                f"The Ollama server at {self._address} gave no probabilities of tokens. Update it: versions before"
                " November 2025 have none."
            )
        tokens = [
            GeneratedToken(place.token, {other.token: math.exp(other.logprob) for other in place.top_logprobs or ()})
            for place in answer.logprobs
        ]
        counts = (answer.prompt_eval_count, answer.eval_count, None, None)
        return Continuation(tokens, usage_from(counts, request, answer.response or ""))

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
        return self._digest_in(self._call(self._tags))

    def _digest_in(self, tags: Sequence[dict[str, Any]]) -> str:
        for entry in tags:
            if _has((str(entry.get("model")),), self.model):
                return str(entry.get("digest") or "")
        return ""

    def pull(self, model: str) -> Iterator[PullProgress]:
        """Download a model to the server, step by step.

        Raises:
            ProviderError: the server is down, or the registry does not have the model.
        """
        steps = iter(self._call(lambda: self._long.pull(model, stream=True), model=model))
        while (step := self._call(lambda: next(steps, None), model=model)) is not None:
            yield PullProgress(status=step.status or "", completed=step.completed or 0, total=step.total or 0)

    def _tags(self) -> list[dict[str, Any]]:
        return list(self._json(self._quick.get("/api/tags"))["models"])

    def _show(self) -> dict[str, Any]:
        return self._json(self._quick.post("/api/show", json={"model": self.model}))

    def _json(self, response: Any) -> dict[str, Any]:
        """Return the object in a response, or raise the SDK's error for its status."""
        if response.status_code >= 400:
            raise self._status_error(response.text, response.status_code)
        found = response.json()
        if not isinstance(found, dict):
            raise TypeError("not an object")
        return found

    def _learn(self) -> _ModelFacts:
        """Fetch the facts of the model once and cache them."""
        if self._facts is None:
            self._facts = self._call(lambda: _facts_in(self._show()))
            self.is_away = self.is_away or self._facts.is_remote
            limit = self._facts.context_length
            if limit and self.context_tokens:
                self.context_tokens = min(self.context_tokens, limit)
        return self._facts

    def _window(self, request: Request, facts: _ModelFacts) -> int:
        """`num_ctx` for this request: the configured window, larger only when the prompt may need it.

        Raises:
            ProviderError: not even the model's largest window holds prompt and answer.
        """
        most = most_tokens_of(request)
        needed_at_most = most + request.max_output_tokens + TEMPLATE_TOKENS
        window = max(self.context_tokens or WINDOW_STEP, -(-needed_at_most // WINDOW_STEP) * WINDOW_STEP)
        largest = facts.context_length or window
        if needed_at_most > largest:
            raise ProviderError(
                f"The prompt of up to {most} tokens and an answer of {request.max_output_tokens} do not fit into the"
                f" {largest} tokens of {self.model}. Lower context_tokens or max_output_tokens, or choose a model with"
                " a larger window."
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
        except (ConnectionError, self._transport_error, Refused) as error:
            if type(error).__name__ not in NEVER_SENT:
                raise endpoint.lost(error) from None
            raise ProviderError(
                f"Ollama does not answer at {self._address}. "
                "Start it with `ollama serve`, or choose local_provider builtin.",
                retryable=True,
            ) from None
        except (ValueError, TypeError, AttributeError, RecursionError):
            # JSON that does not parse, or parses to something the SDK cannot turn into its types.
            raise endpoint.unreadable("something that is not Ollama's JSON") from None

    def _endpoint(self, model: str) -> Endpoint:
        return Endpoint(
            label="Ollama", model=model, address=self._address, key_variable="OLLAMA_API_KEY", remedies=_REMEDIES
        )

    def _not_pulled(self, models: tuple[str, ...]) -> Health:
        has = f"it has: {', '.join(models)}" if models else "it has none"
        sentence = f"Model '{self.model}' is not on the Ollama server ({has}). Run `ollama pull {self.model}`."
        return Health(ready=False, sentence=sentence, fault="unknown_model", models=models)


def _explain(endpoint: Endpoint, error: Any, sent: str) -> ProviderError:
    """Turn an `ollama.ResponseError` into a `ProviderError`; in the middle of a stream it has no status of its own."""
    told = error.error.get("message") if isinstance(error.error, dict) else error.error  # llama.cpp wraps it
    detail = None if "<" in str(told) else str(told)
    said = endpoint.quote(detail, sent)
    if detail and _NO_NETWORK.search(detail):
        # The server wraps its own failure in whatever status: the models come from a registry that it calls.
        return ProviderError(
            f"{endpoint.who} cannot be downloaded: the Ollama server does not reach the model registry{said}. Check the"
            " network and the proxy of the machine it runs on.",
            status=error.status_code if error.status_code >= 400 else None,
        )
    if error.status_code == 404:
        return ProviderError(
            f"Model '{endpoint.model}' is not on the Ollama server. Run `ollama pull {endpoint.model}`.", status=404
        )
    if error.status_code < 400:
        return ProviderError(f"{endpoint.who} stopped{said}. Check the model's name.")
    return endpoint.status(error.status_code, detail, sent=sent)


_NO_NETWORK = re.compile(r"no such host|dial tcp|i/o timeout|network is unreachable|TLS handshake|proxyconnect")
"""Words of Go's network errors."""

_REMEDIES = {
    400: "Check the model's name, and max_output_tokens.",
    501: "This Ollama server cannot do that with this model: update Ollama, or choose another model.",
}


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


def _facts_in(shown: dict[str, Any]) -> _ModelFacts:
    return _ModelFacts(
        context_length=_context_length(shown.get("model_info") or {}),
        capabilities=tuple(shown.get("capabilities") or ()),
        is_remote=bool(shown.get("remote_host") or shown.get("remote_model")),
    )


def _piece(found: dict[str, Any]) -> Piece:
    """Parse one object of the chat route.

    Raises:
        ProviderError: the server gave up in the middle.
    """
    if found.get("error"):
        raise ProviderError(f"Ollama stopped in the middle of an answer ({str(found['error'])[:200]}). Try again.")
    message = found["message"]
    return Piece(
        text=message.get("content") or "",
        reasoning=message.get("thinking") or "",
        ended=(found.get("done_reason") or "stop") if found.get("done") else None,
        input_tokens=found.get("prompt_eval_count"),
        output_tokens=found.get("eval_count"),
        model=found.get("model"),
    )
