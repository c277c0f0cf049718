"""What the batch APIs of both vendors share: batches that end after some looks, with what a test wants in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tests.loopback.server import Answer

Outcome = Literal["ok", "errored", "expired", "canceled"]


@dataclass
class Batch:
    """One batch as the server keeps it."""

    id: str
    asked: dict[str, dict[str, Any]]
    """Parameters by custom id, in the order of the requests."""
    metadata: Mapping[str, str] | None
    outcomes: list[Outcome]
    looks_left: int
    """Looks that still find it running."""
    done_at_cancel: int
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    cancelled: bool = False

    @property
    def ended(self) -> bool:
        return self.looks_left <= 0

    def look(self) -> None:
        """The client asks whether it has ended."""
        self.looks_left -= 1

    def cancel(self) -> None:
        """What has not been answered never will be; the client sees that at its next look."""
        self.cancelled, self.looks_left = True, 1
        self.outcomes = [
            outcome if index < self.done_at_cancel else "canceled" for index, outcome in enumerate(self.outcomes)
        ]


class BatchBook:
    """All batches of a server."""

    def __init__(self, prefix: str) -> None:
        self.known: dict[str, Batch] = {}
        self.served = True
        """Off answers 404 to the batch routes, as gateways do."""
        self.looks = 2
        """A batch is found ended at this look."""
        self.outcomes: dict[int, Outcome] = {}
        """What becomes of the request of that position in every batch; `ok` where nothing is said."""
        self.done_at_cancel = 0
        """Requests that have been answered when a batch is cancelled."""
        self.lost_answers = 0
        """So many batches are taken, and the client is told 504."""
        self.when_taken: Callable[[], object] = lambda: None
        """Called after a batch was taken, before the client is told."""
        self.page: object = ...
        """Sent instead of the list of batches, when set."""
        self._prefix = prefix

    def open(self, asked: dict[str, dict[str, Any]], metadata: Mapping[str, str] | None = None) -> Batch:
        """Take a batch."""
        outcomes = [self.outcomes.get(index, "ok") for index in range(len(asked))]
        name = f"{self._prefix}{len(self.known) + 1}"
        self.known[name] = Batch(name, asked, metadata, outcomes, self.looks, self.done_at_cancel)
        self.when_taken()
        return self.known[name]

    def reply(self, info: object) -> Answer | None:
        """The answer to a batch that was handed in; `None` when it is to be lost."""
        if self.lost_answers:
            self.lost_answers -= 1
            return None
        return Answer(info)

    def listed(self, infos: Callable[[Batch], object], **more: object) -> Answer:
        """The list of all batches, newest first; a look at each."""
        for batch in self.known.values():
            batch.look()
        if self.page is not ...:
            return Answer(self.page, headers={"Content-Type": "text/html"} if isinstance(self.page, str) else {})
        return Answer({"data": [infos(batch) for batch in reversed(self.known.values())], "has_more": False, **more})
