"""Limit the requests that a server gets at once; a request that waits here runs into no timeout.

A server that answers one request after another (Ollama's default) would let a second one wait, and does not say so.
Such a server gets one at a time, until a second is seen to be answered beside the first.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import Cancelled
from pipeline.providers import Watch

_TICK_S = 0.1


_PROOF = 3
"""Words that an older answer must gain after the younger one has begun; its last ones may still be on their way."""


class Lane:
    """The place of one request."""

    def __init__(self, lanes: "Lanes") -> None:
        self._lanes = lanes
        self.words = 0

    def wrote(self) -> None:
        """Report another word of its answer."""
        self.words += 1
        self._lanes._wrote(self)


class Lanes:
    """Places for requests to one server."""

    def __init__(self, limit: int | None = None, *, growing: bool = False) -> None:
        """Open some places.

        Args:
            limit: requests at once; `None` means any number.
            growing: whether to try one more than the limit, now and then, and to raise it when that works.
        """
        self.limit = limit
        self._growing = growing
        # Guards everything below, and tells those that wait.
        self._changed = threading.Condition()
        self._busy: list[Lane] = []
        self._answered = 0
        self._trial: Lane | None = None
        self._older: list[Lane] = []
        """Requests that were being answered when the trial began to be."""
        self._proof = 0

    def begin_with_one(self) -> None:
        """Go on as for a server that may answer one request at a time."""
        with self._changed:
            if self.limit is None:
                self.limit, self._growing = 1, True

    @contextmanager
    def enter(self, watch: Watch) -> Iterator[Lane]:
        """Wait for a place, and hold it.

        Raises:
            Cancelled: `watch` said so while it waited.
        """
        lane = Lane(self)
        with self._changed:
            # Before each take: a cancel frees the lane of the request before this one, too.
            while watch.stopped() or not self._take(lane):
                if watch.stopped():
                    raise Cancelled("The run was cancelled.")
                self._changed.wait(_TICK_S)
        try:
            yield lane
        finally:
            with self._changed:
                self._leave(lane)
                self._changed.notify_all()

    def _take(self, lane: Lane) -> bool:
        if self.limit is not None and len(self._busy) >= self.limit:
            # The first answer is waited for: until then the model may still be loading.
            if not self._growing or self._trial or len(self._busy) > self.limit or not self._answered:
                return False
            self._trial, self._older, self._proof = lane, list(self._busy), 0
        self._busy.append(lane)
        return True

    def _leave(self, lane: Lane) -> None:
        self._busy.remove(lane)
        self._answered += 1
        if lane is self._trial:
            self._trial = None  # it was over before anything could be seen
        elif self._trial and lane in self._older:
            self._older.remove(lane)
            if not self._older:
                # Nothing was answered beside the trial: it waited for the others.
                self._growing, self._trial = False, None

    def _wrote(self, lane: Lane) -> None:
        with self._changed:
            trial = self._trial
            if trial is not None and trial.words and lane in self._older and self.limit is not None:
                self._proof += 1
                if self._proof >= _PROOF:
                    self.limit, self._trial = self.limit + 1, None
                    self._changed.notify_all()
