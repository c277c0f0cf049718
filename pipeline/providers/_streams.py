"""Answers of local servers, read while they are written: with progress, two timeouts, and an end that ends the work.

A server stops working for an answer when the connection closes, and only then. A thread that waits for the next word
cannot close anything, so a second one reads, and the one that asked shuts the connection down on a cancellation or a
timeout.
"""

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.domain.units import SystemClock
from pipeline.domain.untrusted import Refused
from pipeline.errors import Cancelled, ProviderError
from pipeline.providers import Watch
from pipeline.providers._bodies import STREAMED, UNCOMPRESSED, refusing
from pipeline.providers._errors import Endpoint
from pipeline.providers._lanes import Lanes
from pipeline.providers.loops import repeated_end

if TYPE_CHECKING:
    import ssl

CONNECT_S = 10.0
_clock = SystemClock().monotonic
_TICK_S = 0.1
"""Longest time that the asking thread waits before it looks at the clock and for a cancellation."""
_LOOP_EVERY = 32
"""Tokens between two searches for a loop."""
_NOT_A_STREAM = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
"""Exceptions from JSON of another shape."""


class Piece(NamedTuple):
    """One part of an answer; a whole answer is one part."""

    text: str = ""
    reasoning: str = ""
    """Text of a thinking model that is not part of the answer."""
    ended: str | None = None
    """The server's word for why it stopped; `None` while it goes on."""
    input_tokens: object = None
    output_tokens: object = None
    model: str | None = None
    tokens: int = 1
    """Tokens that it stands for, about one."""


class Heard(NamedTuple):
    """An answer as far as it was written."""

    text: str
    reasoning: str
    ended: str
    """The server's word for why it stopped; `length` where we stopped it because it repeated itself."""
    input_tokens: object
    output_tokens: object
    model: str | None
    waiting_ms: int
    """Time before the first word: in a queue, and for reading the prompt."""


Read = Callable[[dict[str, Any]], Piece]
"""Parses one object of a stream, or a whole answer; raises `ProviderError` for an error in it."""


@cache
def trusted() -> "ssl.SSLContext":
    """Cache httpx's default TLS context: loading takes 10 ms or more, and each health check makes two clients."""
    import httpx

    return httpx.create_ssl_context()


class LocalStream:
    """A server that streams its answers, asked by several threads."""

    def __init__(
        self, endpoint: Endpoint, headers: dict[str, str], idle_s: float, total_s: float, lanes: Lanes
    ) -> None:
        """Build the client; no request is made.

        Args:
            endpoint: for errors.
            headers: of every request.
            idle_s: longest silence, before the answer or within it.
            total_s: longest time from the first word to the last.
            lanes: how many requests are sent at once.
        """
        import httpx

        self._endpoint = endpoint
        self._idle_s = idle_s
        self._total_s = total_s
        self._lanes = lanes
        self._lost = (httpx.HTTPError, httpx.InvalidURL, Refused)
        # No connection is used twice: each has one request, and closing it ends that request and no other.
        self._client = httpx.Client(
            timeout=httpx.Timeout(idle_s, connect=min(CONNECT_S, idle_s), read=total_s + idle_s),
            verify=trusted(),
            headers={**UNCOMPRESSED, **headers},
            limits=httpx.Limits(max_keepalive_connections=0),
            event_hooks={"response": [refusing(httpx, STREAMED)]},
        )
        self._last_word = 0.0
        """When any request to this server last got a word: one that waits its turn is not forgotten meanwhile."""

    def ask(self, url: str, body: dict[str, Any], read: Read, watch: Watch) -> Heard:
        """Send one request and return its answer.

        Raises:
            Cancelled: `watch` said so; the connection is closed.
            ProviderError: no answer; a status of the server is in it.
        """
        asked = _clock()
        with self._lanes.enter(watch) as lane:
            connection = _Connection()
            parts: queue.SimpleQueue[Piece | Exception | None] = queue.SimpleQueue()
            work = (url, body, read, connection, parts)
            threading.Thread(target=self._listen, args=work, name="answer", daemon=True).start()
            try:
                return self._gather(parts, watch, lane.wrote, asked)
            finally:
                connection.hang_up()

    def _listen(
        self,
        url: str,
        body: dict[str, Any],
        read: Read,
        connection: "_Connection",
        parts: "queue.SimpleQueue[Piece | Exception | None]",
    ) -> None:
        try:
            with self._client.stream("POST", url, json=body, extensions={"trace": connection.trace}) as response:
                if response.status_code >= 400:
                    raise self._refusal(response)
                for found in _objects(response):
                    parts.put(read(found))
        except (*self._lost, *_NOT_A_STREAM, ProviderError) as error:
            parts.put(error)
        finally:
            parts.put(None)

    def _refusal(self, response: Any) -> ProviderError:
        """Turn an HTTP error into a `ProviderError`; the request is not quoted in it."""
        response.read()
        try:
            found = json.loads(response.content)
        except (ValueError, RecursionError):
            found = None
        inner = found.get("error", found) if isinstance(found, dict) else None
        detail = inner.get("message") if isinstance(inner, dict) else inner
        sent = json.loads(response.request.content)["messages"]
        words = " ".join(message["content"] for message in sent)
        return self._endpoint.status(response.status_code, detail, sent=words, headers=response.headers)

    def _gather(
        self,
        parts: "queue.SimpleQueue[Piece | Exception | None]",
        watch: Watch,
        spoke: Callable[[], None],
        asked: float,
    ) -> Heard:
        """Put an answer together while it arrives."""
        answer = _Answer()
        sent = heard = _clock()
        first: float | None = None
        while answer.ended is None:
            with suppress(queue.Empty):
                part = parts.get(timeout=_TICK_S)
                if part is None:
                    raise self._endpoint.lost(ConnectionResetError())
                if isinstance(part, Exception):
                    raise self._explained(part) from None
                if part.text or part.reasoning:
                    heard = self._last_word = _clock()
                    first = first or heard
                    spoke()
                answer.add(part)
                watch.wrote(answer.tokens)
            now = _clock()
            if watch.stopped():
                raise Cancelled("The run was cancelled.")
            waited_since = heard if first else max(sent, self._last_word)
            if now - waited_since > self._idle_s:
                raise self._silent(answer.tokens)
            if first and now - first > self._total_s:
                raise self._endless(answer.tokens)
        # Counts come after the end in OpenAI's format, at once: what does not is not waited for.
        with suppress(queue.Empty):
            while not answer.is_loop and isinstance(part := parts.get(timeout=1.0), Piece):
                answer.add(part)
        return answer.heard(round(((first or _clock()) - asked) * 1000))

    def _explained(self, error: Exception) -> ProviderError:
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, self._lost):
            return self._endpoint.lost(error)
        return self._endpoint.unreadable("something that is not a model's JSON")

    def _silent(self, tokens: int) -> ProviderError:
        """The error for a server without a sign of life. Sending the same again would wait as long again."""
        seconds = f"{self._idle_s:g} s"
        if tokens:
            what, remedy = f"stopped after {tokens} tokens and was silent for {seconds}", "Raise timeout_s"
        else:
            what = f"had not written a word after {seconds}"
            remedy = "It may still be reading the prompt: raise timeout_s or lower context_tokens"
        return ProviderError(f"{self._endpoint.who} {what}. {remedy} if this repeats.", fate="unknown")

    def _endless(self, tokens: int) -> ProviderError:
        return ProviderError(
            f"{self._endpoint.who} was still writing after {self._total_s:g} s and {tokens} tokens. Lower"
            " max_output_tokens, raise answer_timeout_s, or choose a smaller model.",
            fate="unknown",
        )


class _Answer:
    """An answer under construction."""

    def __init__(self) -> None:
        self.tokens = 0
        self.ended: str | None = None
        self.is_loop = False
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._input: object = None
        self._output: object = None
        self._model: str | None = None
        self._looked_at = 0

    def add(self, part: Piece) -> None:
        """Add a part; a text that only repeats itself ends here."""
        self._text.append(part.text)
        self._reasoning.append(part.reasoning)
        self.tokens += part.tokens if part.text or part.reasoning else 0
        self.ended = part.ended or self.ended
        self._input = part.input_tokens if part.input_tokens is not None else self._input
        self._output = part.output_tokens if part.output_tokens is not None else self._output
        self._model = part.model or self._model
        if self.ended is None and self.tokens - self._looked_at >= _LOOP_EVERY:
            self._looked_at = self.tokens
            if repeated_end("".join(self._text)):
                self.ended, self.is_loop = "length", True

    def heard(self, waiting_ms: int) -> Heard:
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        return Heard(text, reasoning, self.ended or "", self._input, self._output, self._model, waiting_ms)


class _Connection:
    """The connection of one request, which another thread may shut down."""

    def __init__(self) -> None:
        # Guards both: it may be opened while it is being given up.
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._given_up = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take the socket from httpx, which reports each step of a request."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                given_up = self._given_up
            if given_up:
                self.hang_up()

    def hang_up(self) -> None:
        """Shut the connection down, which wakes the thread that reads it; again does nothing."""
        with self._lock:
            self._given_up = True
            # Closing alone would not do: the other thread's wait keeps a closed socket open.
            with suppress(OSError):
                if self._socket:
                    self._socket.shutdown(socket.SHUT_RDWR)


def _objects(response: Any) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a response: server-sent events, JSON lines, or one object."""
    kind = response.headers.get("content-type", "")
    if "event-stream" in kind:
        for line in response.iter_lines():
            if line.startswith("data:") and (said := line[5:].strip()) != "[DONE]":
                yield _object(said)
    elif "ndjson" in kind:
        for line in response.iter_lines():
            if line.strip():
                yield _object(line)
    else:
        yield _object(response.read())


def _object(text: str | bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found
