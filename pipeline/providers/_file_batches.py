"""OpenAI's Batch API: a file of chat completions, answered within 24 hours at half price.

Requests go up as a file of JSON lines, answers and errors come back as two more. Completed work is charged (the
vendor's Batch API FAQ, article 9197833, read 2026-11-22), so expired and cancelled requests are not. Cases it does
not mention are charged like the same error outside a batch, or at their reservation where that is unknown too. A
batch carries our marker in its metadata, so that one search of the list finds it. The uploaded file stays with
the vendor for 30 days (SDK 3.54, `FileCreateParams`).
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any

from pydantic import JsonValue

from pipeline.domain.untrusted import Bounds, parse_json
from pipeline.errors import ProviderError
from pipeline.providers import Answer, Found, Request
from pipeline.providers._batches import CLOCKS_APART, HostedBatches, cancelled, texts
from pipeline.providers._bodies import ANSWER

_LINE = Bounds(max_bytes=ANSWER.max_bytes, max_nodes=ANSWER.max_signs, max_items=ANSWER.max_signs)
_METADATA_KEY = "persona_run"
_ROUTE = "/v1/chat/completions"
_RUNNING = ("validating", "in_progress", "finalizing", "cancelling")


class FileBatches(HostedBatches):
    """The batches of one model; the marker travels in their metadata."""

    route = attrgetter("batches")
    progress = "status"

    def hand_in(self, marker: str, requests: Mapping[str, Request]) -> Any:
        """Upload the requests and submit them under the marker."""
        file_id = self._upload(marker, requests)
        return self._hosted.reach(
            lambda: self.route(self._client).create(
                input_file_id=file_id,
                endpoint=_ROUTE,
                completion_window="24h",
                metadata={_METADATA_KEY: marker},
            ),
            texts(requests),
        )

    def find(self, marker: str, since: datetime, size: int) -> Found:
        """Look for the marker in the metadata of recent batches."""
        moment = (since - CLOCKS_APART).timestamp()
        ours = (batch for batch in self._recent(lambda batch: batch.created_at < moment) if _label(batch) == marker)
        return Found(next(map(self._id, ours), None))

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        """Return the answers and errors once the batch has ended."""
        batch = self._hosted.reach(lambda: self.route(self._client).retrieve(batch_id))
        if self._id(batch) and batch.status in _RUNNING:
            return None
        files = (getattr(batch, kind, None) for kind in ("output_file_id", "error_file_id"))
        named: dict[str, dict[str, JsonValue]] = {}
        for line in chain.from_iterable(map(self._lines, files)):
            if isinstance(line, dict) and (name := str(line.get("custom_id"))) in requests:
                named[name] = line
        sent = texts(requests)
        return {
            name: self._answer(named[name], request) if name in named else self._unanswered(batch, sent)
            for name, request in requests.items()
        }

    def _upload(self, marker: str, requests: Mapping[str, Request]) -> str:
        """Upload the requests and return the file's id; a failed upload is never billed."""
        lines = (
            {"custom_id": name, "method": "POST", "url": _ROUTE, "body": self._parameters(request)}
            for name, request in requests.items()
        )
        content = "\n".join(json.dumps(line) for line in lines).encode()
        try:
            file = self._hosted.reach(
                lambda: self._client.files.create(file=(f"{marker}.jsonl", content), purpose="batch"), texts(requests)
            )
            return self._id(file)
        except ProviderError as error:
            raise ProviderError(str(error), retryable=error.retryable, status=error.status) from None

    def _lines(self, file_id: str | None) -> Iterator[JsonValue]:
        """The JSON lines of a file, one by one; none where the batch has no such file.

        Raises:
            ProviderError: the file cannot be fetched, or a line is not JSON, or too much of it.
        """
        if not file_id:
            return
        content: bytes = self._hosted.reach(lambda: self._client.files.content(file_id).content)
        # Lines of bytes, because some signs that end a line of text may stand inside a JSON string.
        for line in filter(None, map(bytes.strip, content.splitlines())):
            yield from self._hosted.reach(partial(_parsed, line))

    def _answer(self, line: dict[str, Any], request: Request) -> Answer:
        response, error = line.get("response"), line.get("error")
        if isinstance(error, dict):
            return self._error(error, request)
        body = response.get("body") if isinstance(response, dict) else None
        if not isinstance(response, dict) or not isinstance(body, dict):
            return self._endpoint.unreadable("JSON without a result")
        status = response.get("status_code")
        if isinstance(status, int) and status >= 400:
            inner = body.get("error")
            detail = inner.get("message") if isinstance(inner, dict) else None
            failure = self._endpoint.status(status, detail, sent=request.system + request.prompt)
            # Never to be retried: asking again would take another day.
            return ProviderError(str(failure), fate=failure.fate)
        try:
            return self._read(body, request)
        except ProviderError as unreadable:
            return unreadable

    def _error(self, error: dict[str, Any], request: Request) -> Answer:
        match error.get("code"):
            case "batch_cancelled":
                return cancelled()
            case "batch_expired":
                return self._expired()
            case "request_timeout":
                # The model was at work when the vendor gave up: whether that is billed is not documented.
                sentence = f"{self._endpoint.who} gave up waiting for its own model. It is charged at its reservation."
                return ProviderError(sentence, fate="unknown")
        quoted = self._endpoint.quote(error.get("message"), request.system + request.prompt)
        sentence = f"{self._endpoint.who} could not answer this request of the batch{quoted}."
        return ProviderError(f"{sentence} It is charged at its reservation.", fate="unknown")

    def _unanswered(self, batch: Any, sent: str) -> Answer:
        """Return the result for a request that neither file mentions."""
        match batch.status:
            case "cancelled":
                return cancelled()
            case "expired":
                return self._expired()
            case "failed":
                problems = getattr(getattr(batch, "errors", None), "data", None) or [None]
                quoted = self._endpoint.quote(getattr(problems[0], "message", None), sent)
                return ProviderError(f"{self._endpoint.who} refused the batch{quoted}.")
        return self._endpoint.unreadable("a batch without this request")


def _parsed(line: bytes) -> list[JsonValue]:
    """The one value in a line."""
    return [parse_json(line, _LINE)]


def _label(batch: Any) -> object:
    """Return the marker in the metadata of a batch; `None` when it has none."""
    metadata = getattr(batch, "metadata", None)
    return metadata.get(_METADATA_KEY) if isinstance(metadata, dict) else None
