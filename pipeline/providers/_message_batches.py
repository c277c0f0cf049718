"""Anthropic's Message Batches: many messages at once, answered within 24 hours at half price.

Requests that end as errored, canceled or expired are not billed, by the vendor's guide to batch processing (not
verified against the service).
A batch has no label, and the list of batches does not show their contents: only the results of an ended batch name
its custom ids. A batch that is still running can therefore be recognised only by its size and time.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from pipeline.errors import ProviderError
from pipeline.providers import Answer, Found, Request
from pipeline.providers._batches import CLOCKS_APART, HostedBatches, cancelled, texts
from pipeline.providers._errors import token_count

_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status that each kind of error has when it is not wrapped in a batch."""


@dataclass(eq=False)
class MessageBatches(HostedBatches):
    """The batches of one model; the marker travels in the custom ids of the messages."""

    route = attrgetter("messages.batches")
    progress = "processing_status"
    _custom_ids: dict[str, str] = field(default_factory=dict)
    """Cache of one custom id per batch: a search may poll the same list for hours."""

    def hand_in(self, marker: str, requests: Mapping[str, Request]) -> Any:
        """Submit the messages; every custom id already begins with the marker."""
        asked = [{"custom_id": name, "params": self._message(request)} for name, request in requests.items()]
        return self._hosted.reach(lambda: self.route(self._client).create(requests=asked), texts(requests))

    def find(self, marker: str, since: datetime, size: int) -> Found:
        """Search the batches of this size created since then."""
        undecided, moment = False, since - CLOCKS_APART
        for batch in self._recent(lambda batch: batch.created_at < moment):
            if _size(batch) == size:
                if getattr(batch, "processing_status", None) != "ended":
                    undecided = True
                elif getattr(batch, "results_url", None) and self._custom_id(batch.id).startswith(marker):
                    return Found(batch.id)
        return Found(undecided=undecided)

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        """Return the results once the batch has ended."""
        batch = self._hosted.reach(lambda: self.route(self._client).retrieve(batch_id))
        if self._id(batch) and batch.processing_status != "ended":
            return None
        if not getattr(batch, "results_url", None):
            raise ProviderError(f"{self._endpoint.who} has archived the batch with its answers.", status=404)
        named = self._hosted.reach(lambda: _named(self.route(self._client).results(batch_id), requests))
        return {name: self._answer(named[name], request) for name, request in requests.items() if name in named}

    def _message(self, request: Request) -> dict[str, Any]:
        parameters = self._parameters(request)
        parameters.pop("timeout", None)  # of the connection, not of the API
        return parameters

    def _custom_id(self, batch_id: str) -> str:
        """Return one custom id of an ended batch; all of them begin with its marker."""
        if batch_id not in self._custom_ids:
            lines = self._hosted.reach(lambda: _first(self.route(self._client).results(batch_id)))
            self._custom_ids[batch_id] = str(getattr(next(iter(lines), None), "custom_id", ""))
        return self._custom_ids[batch_id]

    def _answer(self, result: Any, request: Request) -> Answer:
        match getattr(result, "type", None):
            case "succeeded":
                try:
                    return self._read(result.message, request)
                except ProviderError as error:
                    return error
            case "errored":
                return self._error(result, request)
            case "canceled":
                return cancelled()
            case "expired":
                return self._expired()
        return self._endpoint.unreadable("JSON without a result")

    def _error(self, result: Any, request: Request) -> ProviderError:
        error = getattr(getattr(result, "error", None), "error", None)
        message = getattr(error, "message", None)
        status = _STATUSES.get(getattr(error, "type", None) or "", 500)
        # As a sentence only: inside a batch no error is billed, and asking again would take another day.
        return ProviderError(str(self._endpoint.status(status, message, sent=request.system + request.prompt)))


def _named(lines: Iterable[Any], names: Container[str]) -> dict[str, Any]:
    """Return the results under these names from the lines; the others are not kept."""
    named = ((str(getattr(line, "custom_id", "")), getattr(line, "result", None)) for line in lines)
    return {name: result for name, result in named if name in names}


def _size(batch: Any) -> int:
    """Count the requests of a batch, whatever their state."""
    counts = getattr(batch, "request_counts", None)
    kinds = ("processing", "succeeded", "errored", "canceled", "expired")
    return sum(token_count(getattr(counts, kind, 0)) or 0 for kind in kinds)


def _first(results: Any) -> list[Any]:
    """Read the first line only, without downloading the rest of the file."""
    try:
        return list(islice(results, 1))
    finally:
        results.close()
