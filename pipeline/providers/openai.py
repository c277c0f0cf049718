"""OpenAI as the paid frontier, and any server that speaks its format (vLLM, llama.cpp, LM Studio) as the local one.

Answers are bound to the JSON schema in both roles; a server that cannot do that causes an error,
never a silent fallback to free text.
"""

import json
import math
import re
from typing import Any, ClassVar

from pydantic import SecretStr

from pipeline.errors import ConfigError, ProviderError
from pipeline.providers import UNWATCHED, Batches, Health, ProviderRole, ProviderSpec, Reply, Request, Watch
from pipeline.providers._bodies import ANSWER, BATCH
from pipeline.providers._compatible import CompatibleServer, parameters
from pipeline.providers._errors import Endpoint, checked_key, leaves_machine, shown_address, web_address
from pipeline.providers._file_batches import FileBatches
from pipeline.providers._hosted import Hosted, http_client, usage_from
from pipeline.providers.verification import ALTERNATIVES, Continuation, GeneratedToken

VENDOR_ADDRESS = "https://api.openai.com/v1"
NO_KEY = "not-needed"
"""Sent to local servers that ask for none: the SDK insists on some key."""

_REASONS = re.compile(r"(?!.*(chat|pro))(o\d|gpt-[5-9])")
"""Models that reason before they answer. Reasoning is billed and counts towards the answer's cap; left at its default
it can use up the whole cap. All of them take the effort `low`, except the chat and pro variants. The vendor's list
of models does not say which reason, hence a rule on names; from third-party documentation, not verified against
the service."""

_LOCAL_REMEDIES = {
    400: "The server must support response_format json_schema (vLLM, llama.cpp and LM Studio do), and the prompt "
    "must fit into its window: lower context_tokens.",
    401: "The server wants a key of its own.",
    404: "Check local_model and local_base_url (most servers want /v1 at its end).",
}


class OpenAIProvider:
    """One model at OpenAI, or at a server that speaks its Chat Completions format."""

    name: ClassVar[str] = "openai"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"local", "frontier"})
    key_variable: ClassVar[str | None] = "OPENAI_API_KEY"
    url_variable: ClassVar[str | None] = "OPENAI_BASE_URL"
    simulated: ClassVar[bool] = False
    in_process: ClassVar[bool] = False
    counts_away: ClassVar[bool] = False
    model: str
    context_tokens: int | None
    is_away: bool
    """For a local server on this machine, known once it has been asked: an Ollama behind `/v1` may pass requests on."""

    def __init__(self, spec: ProviderSpec) -> None:
        """Build the client; no request is made.

        Raises:
            ConfigError: the local role has no address, an address is not a URL, or the key cannot be one.
        """
        import openai
        from openai.types.chat import ChatCompletion

        self.model = spec.model
        self._local = spec.role == "local"
        address = _address(spec)
        self.is_away = not self._local or leaves_machine(address)
        self._gateway = address != VENDOR_ADDRESS
        key = checked_key("OPENAI_API_KEY", spec.api_key)
        self._has_key = key is not None
        self.context_tokens = spec.context_tokens if self._local else None
        self._endpoint = Endpoint(
            label="The local server" if self._local else "OpenAI",
            model=spec.model,
            address=shown_address(address),
            key_variable="the server's key" if self._local else "OPENAI_API_KEY",
            key=SecretStr(key) if key else None,
            remedies=_LOCAL_REMEDIES if self._local else {},
        )
        # Key and address are always stated: otherwise the SDK takes the vendor's key from the environment and
        # sends it to the local server. Retries are the pipeline's, where each attempt has its reservation.
        self._client = openai.OpenAI(
            api_key=key or NO_KEY,
            base_url=address,
            timeout=spec.timeout_s,
            max_retries=0,
            http_client=http_client(openai, ANSWER),
        )
        self._hosted = Hosted(openai, self._client, self._endpoint)
        self._completion = ChatCompletion.construct
        self._server = CompatibleServer(spec, address, self._endpoint, self._endpoint.key) if self._local else None
        self._refuses_old_cap = False
        self.batches: Batches | None = None
        if not self._local:
            of_files = self._client.with_options(http_client=http_client(openai, BATCH))
            self.batches = FileBatches(of_files, self._hosted, self._endpoint, self._parameters, self._read_json)

    def check(self) -> Health:
        """Check that the server answers and has the model. Free in both roles."""
        if self._server:
            return self._check_local(self._server)
        if not self._has_key:
            return Health(ready=False, sentence=self._endpoint.no_key, fault="no_key")
        return self._hosted.find_model(gateway=self._gateway).health

    def _check_local(self, server: CompatibleServer) -> Health:
        """Look for the model, and learn what fits into its window."""
        health = self._hosted.find_in_list()
        if health.fault == "unreachable":
            return health
        facts = server.learn()
        self.context_tokens = server.context_tokens
        self.is_away = self.is_away or facts.is_remote
        if facts.embeds_only:
            sentence = f"{self.model} on the local server makes embeddings and cannot write. Choose a chat model."
            return health.model_copy(update={"ready": False, "sentence": sentence, "fault": "unknown_model"})
        if facts.context_tokens and health.ready:
            places = f", {facts.at_once} requests at once" if facts.at_once else ""
            window = f"{health.sentence} {facts.kind}: a window of {facts.context_tokens:,} tokens{places}."
            return health.model_copy(update={"sentence": window})
        return health

    def count_tokens(self, request: Request) -> int | None:
        """Always `None`: the format has no route that counts a chat with a schema, and no tokenizer is installed."""
        return None

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer one request in JSON that fits its schema."""
        if self._server:
            reply = self._server.complete(request, parameters(self.model, request), watch)
            self.context_tokens = self._server.context_tokens
            return reply
        if not self._has_key:
            raise ProviderError(self._endpoint.no_key)
        try:
            answer = self._ask(request)
        except ProviderError as error:
            # A gateway that passes both caps on to the vendor: nothing was answered, so nothing is billed.
            if error.status != 400 or "max_tokens" not in str(error) or self._refuses_old_cap or not self._gateway:
                raise
            self._refuses_old_cap = True
            answer = self._ask(request)
        return self._read(answer, request)

    def _ask(self, request: Request) -> Any:
        return self._hosted.ask(lambda: self._client.chat.completions.create(**self._parameters(request)), request)

    def continue_text(self, request: Request) -> Continuation:
        """Continue a prompt that is sent as it stands, with the probabilities of tokens; for local servers.

        Raises:
            ProviderError: no answer, or one without probabilities.
        """
        answer = self._hosted.ask(
            lambda: self._client.completions.create(
                model=self.model,
                prompt=request.prompt,
                max_tokens=request.max_output_tokens,
                logprobs=ALTERNATIVES,
                seed=request.seed,
                temperature=0.0,
            ),
            request,
        )
        try:
            choice = answer.choices[0]
            tokens = _tokens(choice.logprobs.model_dump() if choice.logprobs else {})
        except (AttributeError, IndexError, TypeError, KeyError, ValueError, OverflowError):
            raise self._endpoint.unreadable("an answer without probabilities of tokens") from None
        reported = getattr(answer, "usage", None)
        counts = (getattr(reported, "prompt_tokens", None), getattr(reported, "completion_tokens", None), None, None)
        return Continuation(tokens, usage_from(counts, request, choice.text or ""))

    def facts_of_model(self) -> str:
        """Return the server's facts about the model's weights, as text; empty when it lists none.

        Names alone do not tell two models apart that were served one after the other. llama.cpp lists sizes.
        """
        listed = next((model for model in self._hosted.models() if model.id == self.model), None)
        facts = getattr(listed, "meta", None) or {}
        told = {name: facts.get(name) for name in ("n_params", "size", "n_vocab", "n_embd")}
        return json.dumps(told) if any(told.values()) else ""

    def _parameters(self, request: Request) -> dict[str, Any]:
        wanted = {"name": "persona", "schema": request.json_schema, "strict": True}
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.prompt},
            ],
            "response_format": {"type": "json_schema", "json_schema": wanted},
            "seed": request.seed,
            "max_completion_tokens": request.max_output_tokens,
        }
        if self._gateway and not self._refuses_old_cap:
            # The vendor's models refuse the old name; many gateways know only that one, and ignore the other.
            body["max_tokens"] = request.max_output_tokens
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if _REASONS.match(self.model):
            body["reasoning_effort"] = "low"
        return body

    def _read_json(self, answer: dict[str, Any], request: Request) -> Reply:
        """Parse the reply from a completion that came in a file."""
        try:
            completion = self._completion(**answer)
        except (TypeError, ValueError):
            raise self._endpoint.unreadable("JSON without a message") from None
        return self._read(completion, request)

    def _read(self, answer: Any, request: Request) -> Reply:
        """Parse the reply from a completion; the SDK does not validate its fields."""
        try:
            choice = answer.choices[0]
            content, refused = choice.message.content, getattr(choice.message, "refusal", None)
            text = content if content is not None else ""
            if not isinstance(text, str):
                raise TypeError
        except (AttributeError, IndexError, TypeError):
            raise self._endpoint.unreadable("JSON without a message") from None
        reported = getattr(answer, "usage", None)
        details = getattr(reported, "prompt_tokens_details", None)
        counts = (
            getattr(reported, "prompt_tokens", None),
            getattr(reported, "completion_tokens", None),
            getattr(details, "cached_tokens", None),
            getattr(details, "cache_write_tokens", None),
        )
        usage, model = usage_from(counts, request, text), getattr(answer, "model", None) or self.model
        if refused or choice.finish_reason == "content_filter":
            return Reply(text=text, usage=usage, stop="refusal", model=model)
        cut = choice.finish_reason == "length"
        return Reply(text=text, usage=usage, stop="length" if cut else "complete", model=model)


def _tokens(logprobs: dict[str, Any]) -> list[GeneratedToken]:
    """Read the tokens of a completion: llama.cpp lists them as the chat route does, vLLM as this route always did."""
    if places := logprobs.get("content"):
        return [
            GeneratedToken(place["token"], {one["token"]: math.exp(one["logprob"]) for one in place["top_logprobs"]})
            for place in places
        ]
    return [
        GeneratedToken(token, {other: math.exp(logprob) for other, logprob in (others or {}).items()})
        for token, others in zip(logprobs["tokens"], logprobs["top_logprobs"], strict=True)
    ]


def _address(spec: ProviderSpec) -> str:
    """Return the address of the server; required for the local role, so that no draft goes to the paid vendor.

    Raises:
        ConfigError: it is missing or not a URL.
    """
    if spec.role == "local" and not spec.base_url:
        raise ConfigError(
            "local_provider openai needs local_base_url, the address of an OpenAI-compatible server, "
            "for example http://localhost:8000/v1."
        )
    setting = "local_base_url" if spec.role == "local" else "OPENAI_BASE_URL"
    return web_address(setting, spec.base_url or VENDOR_ADDRESS)
