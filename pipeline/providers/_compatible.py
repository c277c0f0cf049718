"""A local server that speaks OpenAI's format: llama.cpp, vLLM, LM Studio, Ollama's `/v1`, Ray Serve and others.

The format says neither how much fits nor how many requests are answered at once, and servers differ in what they
refuse. So each is asked on the routes of its own kind, for free, and a parameter that it refuses is left out from then
on.
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from pipeline.domain.base import Frozen
from pipeline.errors import ProviderError
from pipeline.providers import ProviderSpec, Reply, Request, Watch
from pipeline.providers._bodies import LISTED, UNCOMPRESSED, refusing
from pipeline.providers._errors import Endpoint, token_count
from pipeline.providers._hosted import usage_from
from pipeline.providers._lanes import Lanes
from pipeline.providers._streams import LocalStream, Piece, trusted
from pipeline.providers._windows import PromptCheck, thought_only
from pipeline.providers.tokens import TEMPLATE_TOKENS, most_tokens_of

CHECK_TIMEOUT_S = 5.0
OLLAMA_WINDOW = 4096
"""Tokens of Ollama's smallest default window, which `/v1` cannot change (its documentation, context length)."""

OPTIONAL = ("reasoning_effort", "max_completion_tokens", "repeat_penalty", "frequency_penalty", "stream_options")
"""Parameters that an answer does not depend on: one that a server refuses by name is not sent again."""

_TIMID = "none"
"""Effort of reasoning that Ollama, llama.cpp and newer vLLM read as none at all."""
_PENALTY = 0.4
"""`frequency_penalty` beside llama.cpp's `repeat_penalty`: other servers know the vendor's name only."""

Body = dict[str, Any]


class ServerFacts(Frozen):
    """Facts about a server and its model, from its own routes."""

    kind: str = "unknown"
    """`llama.cpp`, `vLLM`, `Ollama`, `LM Studio` or `unknown`."""
    context_tokens: int | None = None
    """Tokens of prompt and answer of one request; `None` when the server does not say."""
    at_once: int | None = None
    """Requests answered at the same time; `None` when it does not say."""
    is_remote: bool = False
    """True when it only passes requests on to another server, or cannot be asked whether it does."""
    embeds_only: bool = False


class CompatibleServer:
    """One model of such a server."""

    def __init__(self, spec: ProviderSpec, address: str, endpoint: Endpoint, key: SecretStr | None) -> None:
        """Build the client; no request is made."""
        import httpx

        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._url = address
        self._root = re.sub(r"/v1$", "", address)
        self._endpoint = endpoint
        self._configured = spec.context_tokens
        self._lanes = Lanes()
        self._stream = LocalStream(endpoint, headers, spec.timeout_s, spec.answer_timeout_s, self._lanes)
        self._prompts = PromptCheck(endpoint.who, "the window of the server")
        self._lost = httpx.HTTPError
        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError)
        self._quick = httpx.Client(
            timeout=min(CHECK_TIMEOUT_S, spec.timeout_s),
            verify=trusted(),
            headers={**UNCOMPRESSED, **headers},
            event_hooks={"response": [refusing(httpx, LISTED)]},
        )
        # Read by several threads without a lock: at worst two of them ask the server for the same facts.
        self._facts: ServerFacts | None = None
        self._refused: frozenset[str] = frozenset()
        self._unanswered = False
        """True when a free route was not even refused: what the server is stays unknown."""

    def learn(self) -> ServerFacts:
        """Ask the server for its window and its places, once; free and never raises."""
        if self._facts is None:
            listed = self._model_entry()
            recognised = (found for ask in _KINDS if (found := ask(self, listed)) is not None)
            facts = next(recognised, None) or ServerFacts(is_remote=self._unanswered)
            self._facts = facts
            if facts.kind in ("Ollama", "LM Studio"):
                self._lanes.begin_with_one()
            else:
                self._lanes.limit = facts.at_once
        return self._facts

    @property
    def context_tokens(self) -> int:
        """The window to fill: as configured, or less where the server has less."""
        known = self._facts.context_tokens if self._facts else None
        return min(self._configured, known) if known else self._configured

    def complete(self, request: Request, parameters: Body, watch: Watch) -> Reply:
        """Answer one request; what the server refuses of the optional parameters is left out and asked again.

        Raises:
            ProviderError: the prompt does not fit, was cut, or there is no answer.
            Cancelled: `watch` said so.
        """
        facts = self.learn()
        self._demand_room(request, facts)
        while True:
            body = {name: value for name, value in parameters.items() if name not in self._refused}
            try:
                heard = self._stream.ask(f"{self._url}/chat/completions", body, _piece, watch)
            except ProviderError as error:
                blamed = {name for name in OPTIONAL if name in body and name in str(error)}
                if error.status not in (400, 422) or not blamed:
                    raise
                self._refused |= blamed
                continue
            break
        self._prompts.look(request, heard.input_tokens)
        if not heard.text.strip() and heard.reasoning:
            raise thought_only(self._endpoint.who, heard.reasoning)
        usage = usage_from((heard.input_tokens, heard.output_tokens, None, None), request, heard.text)
        stop = {"length": "length", "content_filter": "refusal"}.get(heard.ended, "complete")
        model = heard.model or self._endpoint.model
        return Reply.model_validate(
            {"text": heard.text, "usage": usage, "stop": stop, "model": model, "waiting_ms": heard.waiting_ms}
        )

    def _demand_room(self, request: Request, facts: ServerFacts) -> None:
        """Refuse what may not fit: some servers cut it without a word."""
        most = most_tokens_of(request)
        needed = most + request.max_output_tokens + TEMPLATE_TOKENS
        if facts.context_tokens and needed > facts.context_tokens:
            how = " (choose local_provider ollama, which can ask for more)" if facts.kind == "Ollama" else ""
            raise ProviderError(
                f"The prompt of up to {most:,} tokens and an answer of {request.max_output_tokens:,} do not fit into"
                f" the {facts.context_tokens:,} tokens of {self._endpoint.model} on this server. Lower context_tokens"
                f" or max_output_tokens, or start the server with a larger window{how}."
            )

    def get(self, path: str) -> Any:
        """Fetch the JSON of a free route below the server's root; `None` on any failure."""
        return self._quietly(lambda: self._quick.get(self._root + path))

    def post(self, path: str, body: Body) -> Any:
        """Post to a free route below the server's root; `None` on any failure."""
        return self._quietly(lambda: self._quick.post(self._root + path, json=body))

    def _quietly(self, ask: Callable[[], Any]) -> Any:
        try:
            response = ask()
            return response.json() if response.status_code < 400 else None
        except self._lost:
            self._unanswered = True
            return None
        except self._errors:
            return None

    def _model_entry(self) -> Body:
        """Return the server's own description of the model in its list; empty without one."""
        try:
            found = self._quick.get(f"{self._url}/models").json()["data"]
            return next((dict(entry) for entry in found if entry["id"] == self._endpoint.model), {})
        except self._errors:
            return {}

    # --- kinds of servers, each recognised by a route or a field of its own ---------------------------

    def _as_llama(self, listed: Body) -> ServerFacts | None:
        """Read llama.cpp's `/props`: the window of one slot, and the number of slots."""
        props = self.get("/props")
        if not isinstance(props, dict) or "total_slots" not in props:
            return None
        settings = props.get("default_generation_settings")
        window = token_count(settings.get("n_ctx")) if isinstance(settings, dict) else None
        meta = listed.get("meta")
        slots = token_count(props["total_slots"]) or None
        if not window and isinstance(meta, dict) and (shared := token_count(meta.get("n_ctx"))):
            # Without the route's own figure, the list's may be that of all slots together, as in older versions.
            window = shared // (slots or 1)
        return ServerFacts(kind="llama.cpp", context_tokens=window or None, at_once=slots)

    def _as_vllm(self, listed: Body) -> ServerFacts | None:
        """Read vLLM's field in the list; it answers as many requests at once as its memory holds."""
        window = token_count(listed.get("max_model_len"))
        return ServerFacts(kind="vLLM", context_tokens=window) if window else None

    def _as_ollama(self, listed: Body) -> ServerFacts | None:
        """Ask Ollama's own routes: `/v1` gives the server's default window, or that of the loaded model."""
        tags = self.get("/api/tags")
        if not isinstance(tags, dict) or not isinstance(tags.get("models"), list):
            return None
        name = self._endpoint.model
        shown = self.post("/api/show", {"model": name})
        if not isinstance(shown, dict):
            return ServerFacts(kind="Ollama", context_tokens=OLLAMA_WINDOW, is_remote=True)
        running = self.get("/api/ps")
        loaded = running.get("models", []) if isinstance(running, dict) else []
        windows = [
            token_count(entry.get("context_length"))
            for entry in loaded
            if isinstance(entry, dict) and entry.get("model") in (name, f"{name}:latest")
        ]
        capabilities = shown.get("capabilities") or ()
        return ServerFacts(
            kind="Ollama",
            context_tokens=next((window for window in windows if window), OLLAMA_WINDOW),
            is_remote=bool(shown.get("remote_host") or shown.get("remote_model")),
            embeds_only="embedding" in capabilities and "completion" not in capabilities,
        )

    def _as_studio(self, listed: Body) -> ServerFacts | None:
        """Ask LM Studio's own list, which has the window that the model was loaded with."""
        found = self.get("/api/v0/models")
        entries = found.get("data") if isinstance(found, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and entry.get("id") == self._endpoint.model:
                window = token_count(entry.get("loaded_context_length"))
                return ServerFacts(
                    kind="LM Studio", context_tokens=window, embeds_only=entry.get("type") == "embeddings"
                )
        return None


_KINDS = (
    CompatibleServer._as_vllm,
    CompatibleServer._as_llama,
    CompatibleServer._as_ollama,
    CompatibleServer._as_studio,
)


def parameters(model: str, request: Request) -> Body:
    """Return the body of a request: the format's own parameters, and those that only some servers know."""
    wanted = {"name": "persona", "schema": request.json_schema, "strict": True}
    body: Body = {
        "model": model,
        "messages": [{"role": "system", "content": request.system}, {"role": "user", "content": request.prompt}],
        "response_format": {"type": "json_schema", "json_schema": wanted},
        "seed": request.seed,
        # Most servers know the older name of the cap, some the newer one; all of those tried take both.
        "max_tokens": request.max_output_tokens,
        "max_completion_tokens": request.max_output_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        # Thinking would use up the answer's tokens.
        "reasoning_effort": _TIMID,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.repeat_penalty is not None:
        body |= {"repeat_penalty": request.repeat_penalty, "frequency_penalty": _PENALTY}
    return body


def _piece(found: Body) -> Piece:
    """Parse one chunk of a stream, or a whole completion.

    Raises:
        ProviderError: the server gave up in the middle.
    """
    if problem := found.get("error"):
        said = problem.get("message") if isinstance(problem, dict) else problem
        raise ProviderError(f"The local server stopped in the middle of an answer ({str(said)[:200]}). Try again.")
    usage = found.get("usage") or {}
    choices = found["choices"]
    whole = Piece(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        model=found.get("model"),
    )
    if not choices:
        return whole
    said = choices[0].get("delta") or choices[0].get("message") or {}
    refused = said.get("refusal")
    text, thought = said.get("content") or "", said.get("reasoning") or said.get("reasoning_content") or ""
    if not isinstance(text, str) or not isinstance(thought, str):
        raise TypeError("content that is not a text")
    ended = "content_filter" if refused else choices[0].get("finish_reason")
    return whole._replace(text=text, reasoning=thought, ended=ended)
