"""The seam to models: one method, `complete`, and a free `check` before the run.

A provider is one file in this folder that defines a class named `Provider`; nothing else is edited to add
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
from pipeline.domain.persona import Persona
from pipeline.domain.run import Stage, Usage
from pipeline.domain.study import Participant, Segment
from pipeline.errors import Cancelled, ConfigError, ProviderError

ProviderRole = Literal["local", "frontier"]

T = TypeVar("T")


class DraftTask(Frozen):
    """What a draft is written from."""

    number: int
    """Running number of the draft in the run, from 0: makes drafts of one focus differ."""
    participants: tuple[Participant, ...]
    """The focus."""
    segments: tuple[Segment, ...]
    """Participant turns of the focus, in reading order, cut to the context window of the provider."""
    seed: int


class RefineTask(Frozen):
    """What a refinement is written from: the draft, its findings, the relevant segments, nothing else."""

    persona: Persona
    findings: tuple[str, ...]
    weak_claims: tuple[str, ...]
    """Claims of the draft with little or no support in the study."""
    segments: tuple[Segment, ...]
    """The draft's evidence."""
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
    task: DraftTask | RefineTask | None = None
    """For providers without a language model (`builtin`, `simulated`); the others send `system` and `prompt`. `None`
    where nothing but a model can answer."""


class Reply(Frozen):
    """What came back. The text is not yet trusted: `pipeline.providers.replies` reads it."""

    text: str
    usage: Usage
    stop: Literal["complete", "length", "refusal"]
    model: str
    """The model that answered, as it calls itself."""


class ProviderSpec(Frozen):
    """All a provider needs to be built. The key is a secret that prints as stars."""

    model: str
    role: ProviderRole = "frontier"
    """Some providers play both: `openai` is a paid vendor as frontier, and any compatible server as local."""
    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = 180.0
    context_tokens: int = 16384


class Health(Frozen):
    """What a free look at the provider found, before any money or time is spent."""

    ready: bool
    sentence: str
    """What was found; when not ready, also what to do next."""
    fault: Literal["none", "unreachable", "no_key", "unknown_model", "retired_model", "not_configured"] = "none"
    successor: str | None = None
    """Model to use instead of one that is retired, or soon will be, when one is on sale and priced."""
    models: tuple[str, ...] = ()
    """Models that can be chosen, when the provider lists them for free."""


class Found(NamedTuple):
    """What a search for a batch among the provider's has come to."""

    batch_id: str | None = None
    """Its name; `None` when it is not there."""
    undecided: bool = False
    """Whether it may be one of those that are still running and tell what they hold only when they have ended."""


Answer = Reply | ProviderError | Cancelled
"""What became of one request of a batch; `Cancelled` when the batch was cancelled before it was answered."""


class Batches(Protocol):
    """Many requests handed in at once, answered within a day, at a lower price.

    Like `complete`, nothing here retries, counts money or writes anything down: `pipeline.hybrid.batches` does.
    """

    def obstacle(self) -> str | None:
        """Why no batch can be handed in, in a sentence; `None` when nothing speaks against it. Free, never raises."""

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        """Hand a batch in; returns the provider's name for it.

        Args:
            marker: unique; `find` recognises the batch by it. Every custom id begins with it.
            requests: by custom id: 1 to 64 letters, digits, hyphens and underscores.

        Raises:
            ProviderError: it was refused, or it is unknown whether it was taken; its fate says which.
        """

    def find(self, marker: str, since: datetime, size: int) -> Found:
        """Look for a batch that may have been handed in; free.

        Args:
            marker: what it was handed in with.
            since: it was not handed in before.
            size: how many requests it holds.

        Raises:
            ProviderError: the provider does not say.
        """

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        """The answers by custom id, for these requests only; `None` while the batch is running; free.

        Raises:
            ProviderError: the provider does not say; with status 404 it does not have the batch any more.
        """

    def cancel(self, batch_id: str) -> None:
        """Ask for a batch to be stopped; it ends soon after, and what was answered until then is kept and billed.

        Raises:
            ProviderError: it was not accepted.
        """


class Provider(Protocol):
    """What every provider file defines, as a class named `Provider`."""

    name: ClassVar[str]
    roles: ClassVar[frozenset[ProviderRole]]
    key_variable: ClassVar[str | None]
    """Environment variable that holds the API key; `None` when there is none."""
    url_variable: ClassVar[str | None]
    """Environment variable that holds the address of the server; `None` when there is none."""
    simulated: ClassVar[bool]
    counts_away: ClassVar[bool]
    """Whether `count_tokens` sends the request to somebody who counts."""
    in_process: ClassVar[bool]
    """True when nothing leaves this process: no payload to record, no price."""
    is_away: bool
    """Whether its requests leave this machine, for all that can be told before one is sent."""
    model: str
    context_tokens: int | None
    """Tokens that fit into prompt and answer; `None` means no limit."""
    batches: Batches | None
    """Where many requests are handed in at once for less; `None` when the provider has no such service."""

    def __init__(self, spec: ProviderSpec) -> None:
        """Build the client; no request is made.

        Raises:
            ConfigError: a setting the provider cannot work without is missing.
        """

    def check(self) -> Health:
        """Look whether a run could work. Never paid, never raises for a provider that is down."""

    def count_tokens(self, request: Request) -> int | None:
        """At most how many input tokens would be billed for this request, closer than by its bytes.

        Free and never raises; `None` when the provider cannot say. Asked only near the end of a budget.
        """

    def complete(self, request: Request) -> Reply:
        """Answer one request: one attempt, no retry.

        Raises:
            ProviderError: no answer; says whether to retry and whether it may have been billed.
        """


class Ask(Protocol):
    """How somebody who has no books of his own, a scorer, asks a model."""

    def __call__(self, request: Request, read: Callable[[Reply], T], about: str) -> T:
        """The answer to a request, read; `about` is the id of the persona it is for.

        Raises:
            UnreadableReply: an answer that `read` refused.
            ProviderError: no answer.
            Cancelled: the run was cancelled before.
        """


def names(role: ProviderRole | None = None) -> tuple[str, ...]:
    """Names of the providers on disk, in alphabetical order, optionally of one role."""
    return tuple(cls.name for cls in _classes() if role is None or role in cls.roles)


def provider_class(name: str, role: ProviderRole) -> type[Provider]:
    """The class for a name in a configuration.

    Raises:
        ConfigError: no provider of that name plays that role; names those that do.
    """
    for cls in _classes():
        if cls.name == name and role in cls.roles:
            return cls
    known = ", ".join(names(role))
    raise ConfigError(f"{role}_provider: there is no {role} provider '{name}'. Choose one of: {known}.")


def _classes() -> Iterator[type[Provider]]:
    """The class of each public module beside this one that ends in `Provider`; modules without one are helpers."""
    public = (module for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    for module in sorted(public, key=lambda module: module.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for name, found in vars(loaded).items():
            if name.endswith("Provider") and isinstance(found, type) and found.__module__ == loaded.__name__:
                yield cast("type[Provider]", found)
