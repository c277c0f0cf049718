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

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

StageInput = TypeVar("StageInput", contravariant=True)
StageOutput = TypeVar("StageOutput", covariant=True)


class PipelineStage(ABC, Generic[StageInput, StageOutput]):
    """One synchronous step of the pipeline."""

    name: str

    @abstractmethod
    def execute(self, stage_input: StageInput) -> StageOutput:
        """Do the whole step and return its result."""


class Background:
    """One thread for what only computes: it goes on in order while the others wait for answers of models."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="compute")
        self._started = threading.Event()
        self._pool.submit(self._started.wait)

    def start(self) -> None:
        """Begin, now that the others wait: before, it would only keep them from sending what they wait for."""
        self._started.set()

    def submit(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **named: Arguments.kwargs
    ) -> "Future[Result]":
        """Have this done after all that was submitted before."""
        return self._pool.submit(work, *args, **named)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all is done; after an error, drop what has not begun."""
        self.start()
        self._pool.shutdown(cancel_futures=error is not None)
