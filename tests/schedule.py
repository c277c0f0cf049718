"""A deterministic scheduler for tests: virtual time, one task at a time, the next one drawn from a seed.

Tasks are greenlets, so that code written for threads runs as it stands and can be stopped at any point, as by a
kill. Only what blocks is replaced: the provider, the clock, and the condition on which the ledger waits.
"""

import random
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from greenlet import getcurrent, greenlet

from pipeline.domain.run import Usage
from pipeline.errors import ProviderError
from pipeline.providers import UNWATCHED, Health, ProviderRole, Reply, Request, Watch
from pipeline.providers.pricing import fewest_tokens
from tests.fakes import ANSWER_TEXT

Ready = Callable[[], bool]


class Scheduler:
    """Runs tasks until none is left, or until a moment at which all of them are dropped."""

    def __init__(self, seed: int) -> None:
        self.seconds = 0.0
        self._random = random.Random(seed)
        self._waiting: list[tuple[greenlet, Ready]] = []
        self._alarms: list[float] = []

    def spawn(self, work: Callable[[], None]) -> None:
        self._waiting.append((greenlet(work), lambda: True))

    def run(self, until: float = float("inf")) -> None:
        hub = getcurrent()
        while self._waiting:
            ready = [entry for entry in self._waiting if entry[1]()]
            if ready:
                entry = self._random.choice(ready)
                self._waiting.remove(entry)
                entry[0].parent = hub
                entry[0].switch()
                continue
            ahead = [alarm for alarm in self._alarms if alarm > self.seconds]
            assert ahead, "every task waits for another one"
            self.seconds = min(ahead)
            if self.seconds >= until:
                return

    def wait_for(self, ready: Ready) -> None:
        """Let others run until this is true."""
        task = getcurrent()
        self._waiting.append((task, ready))
        assert task.parent
        task.parent.switch()

    # The rest is a clock.

    def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        self._alarms.append(until)
        self.wait_for(lambda: self.seconds >= until)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 30, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Condition:
    """What the ledger waits on; nothing else runs inside its block, as under a lock."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def notify_all(self) -> None: ...

    def wait_for(self, ready: Ready) -> None:
        if not ready():
            self._scheduler.wait_for(ready)


class ScheduledProvider:
    """Takes its time, and answers each request as the schedule says, the last way again and again."""

    name: ClassVar[str] = "scheduled"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"frontier"})
    key_variable: ClassVar[str | None] = None
    url_variable: ClassVar[str | None] = None
    simulated: ClassVar[bool] = False
    in_process: ClassVar[bool] = True
    is_away: bool = False
    counts_away: ClassVar[bool] = False
    context_tokens: int | None = None
    model = "m"

    def __init__(self, scheduler: Scheduler, kinds: list[str], seed: int) -> None:
        self.scheduler = scheduler
        self.in_flight = 0
        self.most_at_once = 0
        self.bills: list[Usage] = []
        """What it will in truth bill, answered or not; lies of too much once they are told."""
        self._kinds = deque(kinds)
        self._random = random.Random(seed)
        self._counts = self._random.random() < 0.7

    def check(self) -> Health:
        return Health(ready=True, sentence="Ready.")

    def count_tokens(self, request: Request) -> int | None:
        return 300 + len(request.prompt) if self._counts else None

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        kind = self._kinds.popleft() if len(self._kinds) > 1 else self._kinds[0]
        usage = self._usage(kind, request)
        if kind not in ("busy", "refused", "lies"):
            self.bills.append(usage)
        self.in_flight += 1
        self.most_at_once = max(self.most_at_once, self.in_flight)
        self.scheduler.sleep(self._random.choice((0.0, 0.1, 1.0, 1.0, 2.5, 30.0)))
        self.in_flight -= 1
        if kind == "lies":
            self.bills.append(usage)
        if kind == "busy":
            raise ProviderError("m is overloaded.", retryable=True, retry_after_s=self._random.choice((None, 5.0)))
        if kind == "lost":
            raise ProviderError("m did not answer in time.", retryable=True, fate="unknown")
        if kind == "refused":
            raise ProviderError("The key was refused.")
        text = "no persona" if kind == "unreadable" else ANSWER_TEXT
        told = usage if kind not in ("zero", "little") else self._less(usage, zero=kind == "zero")
        return Reply(text=text, usage=told, stop="length" if kind == "cut" else "complete", model="m")

    def _less(self, usage: Usage, *, zero: bool) -> Usage:
        """A report that cannot be true: nothing at all, or less than the texts have, on one side or both."""
        if zero:
            return Usage(input_tokens=0, output_tokens=0)
        fewest = fewest_tokens(ANSWER_TEXT)
        return usage.model_copy(update={"output_tokens": self._random.randrange(fewest)})

    def _usage(self, kind: str, request: Request) -> Usage:
        share, most = self._random.random(), request.max_output_tokens
        fewest, sent = fewest_tokens(ANSWER_TEXT), fewest_tokens(request.prompt)
        written = max(fewest, int(most * share))
        if kind == "lies":
            written = most + self._random.choice((1, most, 50 * most))
        read = max(sent, int((300 + len(request.prompt)) * share))
        return Usage(input_tokens=read, output_tokens=written, measured=kind != "unreported")
