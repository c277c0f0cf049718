"""OpenAI's Batch API: a file of chat completions handed in at once, answered within 24 hours, at half price.

Requests go up as a file of JSON lines, answers and errors come back as two more. Completed work is charged (the
vendor's Batch API FAQ, article 9197833, read 2026-11-22), so what expired or was cancelled first is not; what it says
nothing about is charged as the same error is outside of a batch, and at its reservation where that is unknown too. A
batch carries our marker in its metadata, so that it is found among the others at once. The uploaded file stays with
the vendor for 30 days (SDK 3.54, `FileCreateParams`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pipeline.errors import Cancelled, ProviderError
from pipeline.providers import Answer, Found, Reply, Request
from pipeline.providers._errors import Endpoint
from pipeline.providers._hosted import CLOCKS_APART, NO_ROUTE, Hosted, newest, texts

_METADATA_KEY = "persona_run"
_ROUTE = "/v1/chat/completions"
_RUNNING = ("validating", "in_progress", "finalizing", "cancelling")


class FileBatches:
    """The batches of one model at one address; see `pipeline.providers.Batches`."""

    def __init__(
        self,
        client: Any,
        hosted: Hosted,
        endpoint: Endpoint,
        parameters: Callable[[Request], dict[str, Any]],
        read: Callable[[dict[str, Any], Request], Reply],
    ) -> None:
        """Bind to an SDK client.

        Args:
            client: of the SDK.
            hosted: the same client, with its exceptions put into words.
            endpoint: for sentences.
            parameters: of a completion, as it would be sent alone.
            read: the reply in the JSON of a completion.
        """
        self._client = client
        self._hosted = hosted
        self._endpoint = endpoint
        self._parameters = parameters
        self._read = read

    def obstacle(self) -> str | None:
        """Whether the address has the route at all: gateways often do not."""
        lacking = self._hosted.lacks(lambda quick: quick.batches.list(limit=1))
        return self._endpoint.no_batches if lacking else None

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        """Upload the completions and hand them in under the marker."""
        try:
            file_id = self._upload(marker, requests)
            batch = self._hosted.reach(
                lambda: self._client.batches.create(
                    input_file_id=file_id,
                    endpoint=_ROUTE,
                    completion_window="24h",
                    metadata={_METADATA_KEY: marker},
                ),
                texts(requests),
            )
            return self._id(batch)
        except ProviderError as error:
            if error.status in NO_ROUTE:
                raise ProviderError(self._endpoint.no_batches) from None
            raise

    def find(self, marker: str, since: datetime, size: int) -> Found:
        """Look for the marker in the metadata of recent batches."""
        moment = (since - CLOCKS_APART).timestamp()
        recent = self._hosted.reach(
            lambda: newest(lambda: self._client.batches.list(limit=100), lambda batch: batch.created_at < moment)
        )
        ours = (batch for batch in recent if _label(batch) == marker)
        return Found(next(map(self._id, ours), None))

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        """The answers and errors, once the batch has ended."""
        batch = self._hosted.reach(lambda: self._client.batches.retrieve(batch_id))
        if self._id(batch) and batch.status in _RUNNING:
            return None
        files = (getattr(batch, kind, None) for kind in ("output_file_id", "error_file_id"))
        lines = [line for file_id in files for line in self._lines(file_id)]
        named = {str(line.get("custom_id")): line for line in lines if isinstance(line, dict)}
        sent = texts(requests)
        return {
            name: self._answer(named[name], request) if name in named else self._unanswered(batch, sent)
            for name, request in requests.items()
        }

    def cancel(self, batch_id: str) -> None:
        """Ask for the batch to be stopped, which may take ten minutes."""
        self._hosted.reach(lambda: self._client.batches.cancel(batch_id))

    def _upload(self, marker: str, requests: Mapping[str, Request]) -> str:
        """The vendor's name of the file of questions; a failed upload costs nothing, whatever became of it."""
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

    def _id(self, made: Any) -> str:
        """The vendor's name of a file or batch; its fields were never validated by the SDK."""
        name = getattr(made, "id", None)
        if not isinstance(name, str) or not hasattr(made, "status"):
            raise self._endpoint.unreadable("JSON without a batch")
        return name

    def _lines(self, file_id: str | None) -> list[Any]:
        """The JSON lines of a file; none where the batch has no such file."""
        if not file_id:
            return []
        return self._hosted.reach(
            lambda: [json.loads(line) for line in self._client.files.content(file_id).text.splitlines() if line.strip()]
        )

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
            message = inner.get("message") if isinstance(inner, dict) else None
            detail = message if isinstance(message, str) else None
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
                return Cancelled("The batch was cancelled before this was answered.")
            case "batch_expired":
                return self._expired()
            case "request_timeout":
                # The model was at work when the vendor gave up: whether that is billed is not documented.
                sentence = f"{self._endpoint.who} gave up waiting for its own model. It is charged at its reservation."
                return ProviderError(sentence, fate="unknown")
        message = error.get("message")
        detail = message if isinstance(message, str) else None
        quoted = self._endpoint.quote(detail, request.system + request.prompt)
        sentence = f"{self._endpoint.who} could not answer this request of the batch{quoted}."
        return ProviderError(f"{sentence} It is charged at its reservation.", fate="unknown")

    def _expired(self) -> ProviderError:
        return ProviderError(f"{self._endpoint.who} did not answer within the 24 hours of its batch.")

    def _unanswered(self, batch: Any, sent: str) -> Answer:
        """What became of a request that neither file mentions."""
        match batch.status:
            case "cancelled":
                return Cancelled("The batch was cancelled before this was answered.")
            case "expired":
                return self._expired()
            case "failed":
                problems = getattr(getattr(batch, "errors", None), "data", None) or [None]
                message = getattr(problems[0], "message", None)
                quoted = self._endpoint.quote(message if isinstance(message, str) else None, sent)
                return ProviderError(f"{self._endpoint.who} refused the batch{quoted}.")
        return self._endpoint.unreadable("a batch without this request")


def _label(batch: Any) -> object:
    """The marker that a batch was handed in with; `None` when it carries none."""
    metadata = getattr(batch, "metadata", None)
    return metadata.get(_METADATA_KEY) if isinstance(metadata, dict) else None
