"""The seam to models: one method, `complete`, and a free `check` before the run.

A provider is one file in this folder with a class whose name ends in `Provider`; nothing else is edited to add
one. Its SDK is imported inside its constructor, so that importing `pipeline` loads none. Files that begin
with an underscore hold what several providers share. Providers do not retry, do not count money and do not
write anything: `pipeline.hybrid.calls` does that for all of them.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple, Protocol, TypeVar, cast

from pydantic import JsonValue, SecretStr

from pipeline.domain.base import Frozen
from pipeline.domain.persona import Finding, Persona
from pipeline.domain.run import Stage, Usage
from pipeline.domain.study import Participant, Segment
from pipeline.errors import Cancelled, ConfigError, ProviderError

ProviderRole = Literal["local", "frontier"]

T = TypeVar("T")


class DraftTask(Frozen):
    """Input for one draft."""

    number: int
    """Running number of the draft in the run, from 0: makes drafts of one focus differ."""
    participants: tuple[Participant, ...]
    """The focus, or its most typical members where a model is not sent all of it."""
    segments: tuple[Segment, ...]
    """Their turns, in reading order: the most central ones where not all are sent."""
    questions: dict[str, str] = {}
    """Questions by the id of the answering segment: words of the interviewer, or the header of a survey's column."""
    group: int = 0
    """Participants of the focus, also those who are left out; 0 means all are in `participants`."""
    theme: tuple[str, ...] = ()
    """Words that this draft gives most room to; empty for the first drafts of a run."""
    seed: int


class RefineTask(Frozen):
    """Input for one refinement: the draft, its findings and the relevant segments, nothing else."""

    persona: Persona
    findings: tuple[Finding, ...]
    weak_claims: tuple[str, ...]
    """Claims of the draft with little or no support in the study."""
    segments: tuple[Segment, ...]
    """The draft's evidence, and the most central segments of its focus, in reading order."""
    questions: dict[str, str] = {}
    """Questions by the id of the answering segment."""
    seed: int


class Request(Frozen):
    """One question to a model: the rendered prompt, and the task it was rendered from."""

    stage: Stage
    system: str
    prompt: str
    json_schema: dict[str, JsonValue]
    """Closed JSON schema (every key required, `additionalProperties: false`) that the answer must fit."""
    max_output_tokens: int
    seed: int
    temperature: float | None
    repeat_penalty: float | None = None
    """Makes words less likely that were just written; set after an answer that only repeated itself. Local models."""
    instructions: str = ""
    """The part of `system` and `prompt` that is the same for every study: our own English, of which the number of
    tokens is known better than that of other texts."""
    task: DraftTask | RefineTask | None = None
    """For providers without a language model (`builtin`, `simulated`); the others send `system` and `prompt`. `None`
    where nothing but a model can answer."""


class Reply(Frozen):
    """Answer of a model. The text is untrusted: `pipeline.providers.replies` parses it."""

    text: str
    usage: Usage
    stop: Literal["complete", "length", "refusal"]
    model: str
    """The model that answered, as it calls itself."""
    prompt: str = ""
    """The prompt that was answered, filled in by the caller: line numbers in an answer refer to it."""
    waiting_ms: int = 0
    """Time before the first word, where the answer was streamed: in a queue, and for reading the prompt."""
    notice: str = ""
    """Finding about the provider for the user, in a sentence; becomes a warning of the run."""


class Watch(Protocol):
    """Interest in an answer while it is being written; asked and told several times a second."""

    def stopped(self) -> bool:
        """Return true when the answer is no longer wanted."""

    def wrote(self, tokens: int) -> None:
        """Report the number of tokens so far."""


class _Unwatched:
    """Waits to the end."""

    def stopped(self) -> bool:
        return False

    def wrote(self, tokens: int) -> None:
        pass


UNWATCHED: Watch = _Unwatched()
"""For callers that do not look."""


class ProviderSpec(Frozen):
    """All a provider needs to be built. The key is a secret that prints as stars."""

    model: str
    role: ProviderRole = "frontier"
    """Some providers play both: `openai` is a paid vendor as frontier, and any compatible server as local."""
    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = 180.0
    """Longest silence; for answers in one piece, the longest wait."""
    answer_timeout_s: float = 1800.0
    """Longest time from the first word of a streamed answer to its last."""
    context_tokens: int = 16384


class Health(Frozen):
    """Result of a free health check, before any money or time is spent."""

    ready: bool
    sentence: str
    """Finding for the screen; when not ready, also the next step."""
    fault: Literal["none", "unreachable", "no_key", "unknown_model", "retired_model", "not_configured"] = "none"
    successor: str | None = None
    """Model to use instead of one that is retired, or soon will be, when one is on sale and priced."""
    models: tuple[str, ...] = ()
    """Models that can be chosen, when the provider lists them for free."""
    digest: str = ""
    """Content hash of the model, when the provider reports one for free."""


class Found(NamedTuple):
    """Result of a search for a batch."""

    batch_id: str | None = None
    """Id at the provider; `None` when it was not found."""
    undecided: bool = False
    """True when it may be a batch that is still running: contents are listed only after the end."""


Answer = Reply | ProviderError | Cancelled
"""Result of one request of a batch; `Cancelled` when the batch was cancelled before the answer."""


class Batches(Protocol):
    """Batch API: many requests submitted at once, answered within a day at a lower price.

    Like `complete`, nothing here retries, counts money or writes anything down: `pipeline.hybrid.batches` does.
    """

    def obstacle(self) -> str | None:
        """Return the reason why batches are unavailable, in a sentence; `None` when they work. Free, never raises."""

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        """Submit a batch and return its id at the provider.

        Args:
            marker: unique; `find` recognises the batch by it. Every custom id begins with it.
            requests: by custom id: 1 to 64 letters, digits, hyphens and underscores.

        Raises:
            ProviderError: the batch was refused, or may have been accepted; `fate` says which.
        """

    def find(self, marker: str, since: datetime, size: int) -> Found:
        """Search for a batch that may have been submitted; free.

        Args:
            marker: as given to `submit`.
            since: earliest time of submission.
            size: number of requests in it.

        Raises:
            ProviderError: the search failed.
        """

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        """Return the answers to these requests by custom id; `None` while the batch is running; free.

        Raises:
            ProviderError: the download failed; status 404 means that the batch no longer exists.
        """

    def cancel(self, batch_id: str) -> None:
        """Cancel a batch; it ends soon after. Answers written until then are kept and billed.

        Raises:
            ProviderError: the cancellation was not accepted.
        """


class Provider(Protocol):
    """Interface of every provider; the name of its class ends in `Provider`."""

    name: ClassVar[str]
    roles: ClassVar[frozenset[ProviderRole]]
    key_variable: ClassVar[str | None]
    """Environment variable that holds the API key; `None` when there is none."""
    url_variable: ClassVar[str | None]
    """Environment variable that holds the address of the server; `None` when there is none."""
    simulated: ClassVar[bool]
    counts_away: ClassVar[bool]
    """True when `count_tokens` sends the request over the network."""
    in_process: ClassVar[bool]
    """True when nothing leaves this process: no payload to record, no price."""
    is_away: bool
    """True when requests leave this machine, as far as settings and environment show."""
    model: str
    context_tokens: int | None
    """Tokens that fit into prompt and answer; `None` means no limit."""
    batches: Batches | None
    """Batch API of the provider; `None` when there is none."""

    def __init__(self, spec: ProviderSpec) -> None:
        """Build the client; no request is made.

        Raises:
            ConfigError: a setting the provider cannot work without is missing.
        """

    def check(self) -> Health:
        """Check server, key and model for free. Never raises for a provider that is down."""

    def count_tokens(self, request: Request) -> int | None:
        """Return an upper bound of the billed input tokens that is tighter than the length in bytes.

        Free and never raises; `None` when the provider has no count. Used only near the end of a budget.
        """

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer one request: one attempt, no retry.

        Args:
            request: the question.
            watch: told of the answer's progress, and asked whether it is still wanted; ignored by providers whose
                answers come in one piece.

        Raises:
            Cancelled: `watch` said so; nothing is owed.
            ProviderError: no answer; says whether to retry and whether it may have been billed.
        """


class Ask(Protocol):
    """Function through which a scorer asks a model; the caller reserves and books the cost."""

    def __call__(self, request: Request, read: Callable[[Reply], T], about: str) -> T:
        """Send a request and return the parsed answer; `about` is the id of the persona.

        Raises:
            UnreadableReply: `read` rejected the answer.
            ProviderError: no answer.
            Cancelled: the run was cancelled first.
        """


def names(role: ProviderRole | None = None) -> tuple[str, ...]:
    """Return the names of all providers in alphabetical order, optionally of one role."""
    return tuple(cls.name for cls in _classes() if role is None or role in cls.roles)


def provider_class(name: str, role: ProviderRole) -> type[Provider]:
    """Return the class for a name in a configuration.

    Raises:
        ConfigError: no provider of that name has the role; the message lists those that have.
    """
    for cls in _classes():
        if cls.name == name and role in cls.roles:
            return cls
    known = ", ".join(names(role))
    raise ConfigError(f"{role}_provider: there is no {role} provider '{name}'. Choose one of: {known}.")


def _classes() -> Iterator[type[Provider]]:
    """Yield the `…Provider` class of each public module in this folder; modules without one are helpers."""
    public = (module for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    for module in sorted(public, key=lambda module: module.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for name, found in vars(loaded).items():
            if name.endswith("Provider") and isinstance(found, type) and found.__module__ == loaded.__name__:
                yield cast("type[Provider]", found)
