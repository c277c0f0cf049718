"""The three stages of the pipeline share one shape: data in, data out.

Collaborators (provider, scorer, ledger, log, clock) come through the constructor; `execute` receives data
only, so each stage can be tested alone.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, ParamSpec, Self, TypeVar

from pipeline.clock import SystemClock

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Answer = TypeVar("Answer")

_HEAD_START_S = 0.015
"""What only computes lets those who send and write down go first for this long. Sending takes some ten turns between
threads, and each of them waits up to 5 ms (`sys.getswitchinterval`) for a thread that computes."""

StageInput = TypeVar("StageInput", contravariant=True)
StageOutput = TypeVar("StageOutput", covariant=True)


class PipelineStage(ABC, Generic[StageInput, StageOutput]):
    """One synchronous step of the pipeline."""

    @abstractmethod
    def execute(self, stage_input: StageInput) -> StageOutput:
        """Do the whole step and return its result."""


_now = SystemClock().monotonic
"""The real time whatever clock a run has: it is threads that wait."""


class Lane:
    """A worker's place among those that may ask at the same time; given back once, whoever is first to do it."""

    def __init__(self, free: threading.Semaphore, meanwhile: Callable[[], bool] = lambda: False) -> None:
        """Wait for a place; `meanwhile` is called again and again until there is one, or it says that all is done."""
        self._free = free
        self._is_taken = True
        while not free.acquire(blocking=False):
            if not meanwhile():
                free.acquire()
                break

    def leave(self) -> None:
        """Give the place back."""
        if self._is_taken:
            self._is_taken = False
            self._free.release()

    def until(self, read: Callable[[Answer], Result]) -> Callable[[Answer], Result]:
        """The same reader; the place is free once it has read an answer, which is written down after that."""

        def read_and_leave(answer: Answer) -> Result:
            value = read(answer)
            self.leave()
            return value

        return read_and_leave


class Background:
    """One thread for what only computes: it goes on in order while the others wait for answers of models."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="compute")
        self._started = threading.Event()
        self._starts_at = 0.0
        self._alone = threading.Event()

    def start(self) -> None:
        """Begin, now that the others send: before, it would only keep them from sending what they wait for."""
        self._starts_at = _now() + _HEAD_START_S
        self._started.set()

    def hurry(self) -> None:
        """Let nobody go first any more: all is sent and answered."""
        self._alone.set()
        self._started.set()

    def submit(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **named: Arguments.kwargs
    ) -> "Future[Result]":
        """Have this done after all that was submitted before."""
        due = _now() + _HEAD_START_S

        def when_due() -> Result:
            self._started.wait()
            self._alone.wait(max(0.0, max(due, self._starts_at) - _now()))
            return work(*args, **named)

        return self._pool.submit(when_due)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all is done; after an error, drop what has not begun."""
        self.hurry()
        self._pool.shutdown(cancel_futures=error is not None)
