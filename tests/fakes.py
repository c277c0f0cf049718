"""Stand-ins at the edges: a provider that follows a script, and a clock that does not wait."""

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pipeline.domain.persona import Assessment, Persona
from pipeline.domain.run import Usage
from pipeline.errors import ProviderError
from pipeline.providers import (
    UNWATCHED,
    Ask,
    Batches,
    Health,
    Provider,
    ProviderRole,
    ProviderSpec,
    Reply,
    Request,
    Watch,
)
from tests.factories import make_assessment

ANSWER = {
    "name": "Ada",
    "tagline": "Wants a warm kitchen",
    "demographics": {"age": "34", "occupation": "teacher", "location": "", "household": ""},
    "background": "",
    "goals": ["Know what tonight costs"],
    "pain_points": ["The app shows the cost too late"],
    "behaviours": ["Checks the app every morning"],
    "motivations": [],
    "quotes": [],
}

ANSWER_TEXT = json.dumps(ANSWER)

Step = Reply | ProviderError | Callable[[Request], Reply]


def answer(*, input_tokens: int = 100, output_tokens: int = 50, **changes: object) -> Reply:
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    return Reply(text=json.dumps(ANSWER | changes), usage=usage, stop="complete", model="scripted")


def refinement(**changes: object) -> Reply:
    """An answer to a whole request: fewer input tokens than its rules have would count as unmeasured."""
    return answer(input_tokens=900, **changes)


class ScriptedProvider:
    """Answers with the next step of its script; the last step repeats."""

    name: ClassVar[str] = "scripted"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"local", "frontier"})
    key_variable: ClassVar[str | None] = None
    url_variable: ClassVar[str | None] = None
    simulated: ClassVar[bool] = False
    in_process: ClassVar[bool] = False
    is_away: bool = False
    counts_away: ClassVar[bool] = False
    batches: Batches | None = None

    def __init__(self, spec: ProviderSpec | None = None, *, script: Sequence[Step] = ()) -> None:
        self.model = spec.model if spec else "scripted-1"
        self.context_tokens: int | None = 16_384
        self.counted: int | None = None
        """What it says when asked to count the tokens of a request."""
        self.requests: list[Request] = []
        self._script = list(script) or [answer()]
        self._lock = threading.Lock()

    def check(self) -> Health:
        return Health(ready=True, sentence="Ready.")

    def count_tokens(self, request: Request) -> int | None:
        return self.counted

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        with self._lock:
            self.requests.append(request)
            step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, ProviderError):
            raise step
        return step(request) if callable(step) else step


def asking(model: Provider) -> Ask:
    """Asks a model at once, without books."""
    return lambda request, read, about: read(model.complete(request))


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 30, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FixedScorer:
    """Gives every persona the score written in its tagline, so that a test can say what is better."""

    def assess(self, persona: Persona, focus: Sequence[str] | None = None) -> Assessment:
        return make_assessment(float(persona.tagline))
