"""What the three servers share: threads, a record of every request, and scripted faults."""

import contextlib
import json
import os
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """One scripted answer. `kind` says how it differs from a good one."""

    kind: Literal["raw", "reset", "slow", "stalled", "truncated", "refusal", "off_schema", "looping"]
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


def fault(status: int, body: object = None, *, headers: Mapping[str, str] | None = None) -> Fault:
    """An HTTP status with a JSON body; the body of the server's own error format when none is given."""
    content = b"" if body is None else json.dumps(body).encode()
    return Fault("raw", status, content, {"Content-Type": "application/json", **(headers or {})})


def html(status: int = 200) -> Fault:
    """A gateway's HTML page."""
    return Fault("raw", status, HTML, {"Content-Type": "text/html"})


def empty(status: int = 200) -> Fault:
    """A JSON answer without a body."""
    return Fault("raw", status, b"", {"Content-Type": "application/json", "X-Loopback": "as-is"})


def malformed(body: bytes = b'{"id": "msg_1", "content": [') -> Fault:
    """A JSON content type over something else: half an object, or whatever is given."""
    return Fault("raw", 200, body, {"Content-Type": "application/json", "X-Loopback": "as-is"})


def reset() -> Fault:
    """The connection is reset after the request was read."""
    return Fault("reset")


def slow(seconds: float) -> Fault:
    """A good answer, late."""
    return Fault("slow", delay_s=seconds)


def stalled(seconds: float) -> Fault:
    """The head and half of the body of an answer, and then nothing for this long."""
    return Fault("stalled", delay_s=seconds)


def truncated() -> Fault:
    """A good answer cut in the middle, marked as stopped by its length."""
    return Fault("truncated")


def refusal() -> Fault:
    """The model declines."""
    return Fault("refusal")


def off_schema() -> Fault:
    """Valid JSON that is not what was asked for."""
    return Fault("off_schema")


def looping() -> Fault:
    """The model writes one item of a list for ever, up to its cap: a grammar without limits lets it."""
    return Fault("looping")


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    json: Any
    """The decoded body; `None` when there was none, or it was not JSON."""
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """A response. `lines` are streamed as newline-delimited JSON instead of `body`."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[object, ...] | None = None
    events: bool = False
    """Streams `lines` as server-sent events."""
    pause_s: float = 0.0
    """Before each line but the first."""


class _Http(ThreadingHTTPServer):
    """Knows its open connections: kept-alive ones would go on being answered after the server is closed."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed or give up are what tests are about; anything else is a defect of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class LoopbackServer:
    """A server on 127.0.0.1 in its own threads; a context manager."""

    generation_paths: tuple[str, ...] = ()
    """Paths that make a model write: faults are served there, and `generations` lists them."""

    def __init__(self, *, port: int = 0, delay_s: float = 0.0) -> None:
        self.requests: list[Received] = []
        self.delay_s = delay_s
        """From the arrival of a generation to its answer."""
        self.pause_s = 0.0
        """Between two pieces of a streamed answer."""
        self.serial = False
        """Answers one generation after another, as Ollama does by default; the others wait in a queue."""
        self._turn = threading.Lock()
        self.hung_up: list[float] = []
        """Times (monotonic) at which clients closed their connection before the answer was complete."""
        self.most_at_once = 0
        """Most generations that were being answered at the same time."""
        self._at_once = 0
        self.always: Fault | None = None
        """Served to every generation when the script is empty; set it to simulate an outage."""
        self._script: deque[Fault] = deque()
        # Guards requests and the script against the handler threads, and tells of each request that arrives.
        self._lock = threading.Condition()
        self._stopping = threading.Event()
        self._http = _Http(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()

    @property
    def root(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """What to set as the provider's address."""
        return self.root

    @property
    def generations(self) -> list[Received]:
        """The requests that asked a model to write."""
        with self._lock:
            return [request for request in self.requests if request.path in self.generation_paths]

    def wait_for_generations(self, number: int, timeout_s: float = 60.0) -> None:
        """Wait until so many requests have asked a model to write.

        Raises:
            TimeoutError: they have not by then.
        """
        with self._lock:
            if not self._lock.wait_for(lambda: len(self.generations) >= number, timeout_s):
                raise TimeoutError(f"{len(self.generations)} generations, not {number}, within {timeout_s} s")

    def script(self, *faults: Fault) -> None:
        """Serve these to the next generations, one each."""
        with self._lock:
            self._script.extend(faults)

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        """The wire format's answer to one request."""
        raise NotImplementedError

    def error(self, status: int, message: str) -> Answer:
        """The wire format's error body."""
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the server's life."""
        self._stopping.wait(seconds)

    def wait_for(self, true: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Wait until something is true.

        Raises:
            TimeoutError: it is not by then.
        """
        until = time.monotonic() + timeout_s
        while not true():
            if time.monotonic() > until:
                raise TimeoutError
            self._stopping.wait(0.01)

    def _next_fault(self, request: Received) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            self._lock.notify_all()
            if request.path not in self.generation_paths:
                return None
            return self._script.popleft() if self._script else self.always

    @contextlib.contextmanager
    def _counted(self, request: Received) -> Iterator[None]:
        """Keep count of the generations that are being answered."""
        one = int(request.path in self.generation_paths)
        with self._lock:
            self._at_once += one
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= one

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a body after its head would wait 40 ms for an acknowledgement

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def log_message(self, *_: object) -> None:
                pass

            def _serve(self) -> None:
                began = time.monotonic()
                request = self._read()
                scripted = server._next_fault(request)
                with server._counted(request):
                    self._answer(request, scripted, began)

            def _answer(self, request: Received, scripted: Fault | None, began: float) -> None:
                queued = server.serial and request.path in server.generation_paths
                with server._turn if queued else contextlib.nullcontext():
                    if not self._gone():
                        self._answer_now(request, scripted, time.monotonic() if queued else began)

            def _answer_now(self, request: Received, scripted: Fault | None, began: float) -> None:
                cut = scripted is not None and scripted.kind in ("reset", "raw", "stalled")
                answer = Answer() if cut else server.answer(request, scripted)
                late = scripted.delay_s if scripted and scripted.kind == "slow" else 0
                delay_s = server.delay_s if request.path in server.generation_paths else 0
                self._wait(delay_s + late - (time.monotonic() - began))
                if scripted and scripted.kind == "reset":
                    self._reset()
                elif scripted and scripted.kind == "stalled":
                    self._stall(scripted.delay_s)
                elif scripted and scripted.kind == "raw":
                    self._send_raw(scripted)
                else:
                    self._send(answer)

            def _wait(self, seconds: float) -> None:
                """Wait, and stop when the client hangs up, as a model server stops its work."""
                until = time.monotonic() + seconds
                while (left := until - time.monotonic()) > 0 and not server._stopping.is_set():
                    if self._gone():
                        raise ConnectionAbortedError("the client hung up")
                    server.wait(min(left, 0.02))

            def _gone(self) -> bool:
                """Look whether the client has closed its connection, and write it down."""
                with contextlib.suppress(BlockingIOError):
                    try:
                        gone = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
                    except ConnectionError:
                        gone = True
                    if gone:
                        server.hung_up.append(time.monotonic())
                    return gone
                return False

            def _read(self) -> Received:
                length = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(length)
                if len(content) < length:
                    raise ConnectionAbortedError("the client was killed in the middle of its request")
                headers = {name.lower(): value for name, value in self.headers.items()}
                path = self.path.partition("?")[0]
                is_json = content and not headers.get("content-type", "").startswith("multipart/")
                return Received(self.command, path, headers, json.loads(content) if is_json else None, content)

            def _reset(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                os.close(self.connection.detach())

            def _stall(self, seconds: float) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "4096")
                self.end_headers()
                self.wfile.write(b'{"id": "msg_1", ')
                self.wfile.flush()
                server.wait(seconds)
                self.close_connection = True

            def _send_raw(self, scripted: Fault) -> None:
                if not scripted.body and "X-Loopback" not in scripted.headers:
                    plain = server.error(scripted.status, "scripted")
                    self._send(Answer(plain.body, scripted.status, {**plain.headers, **scripted.headers}))
                else:
                    self._write(scripted.status, scripted.headers, scripted.body)

            def _send(self, answer: Answer) -> None:
                if answer.lines is not None:
                    self._stream(answer)
                    return
                headers = {"Content-Type": "application/json", **answer.headers}
                self._write(answer.status, headers, json.dumps(answer.body).encode())

            def _stream(self, answer: Answer) -> None:
                """Send the lines one by one, in chunks, until the client hangs up."""
                self.send_response(answer.status)
                kind = "text/event-stream" if answer.events else "application/x-ndjson"
                self.send_header("Content-Type", kind)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for number, line in enumerate(answer.lines or ()):
                    self._wait(answer.pause_s if number else 0)
                    text = line if isinstance(line, str) else json.dumps(line)
                    self._chunk(f"data: {text}\n\n" if answer.events else f"{text}\n")
                self._chunk("")

            def _chunk(self, text: str) -> None:
                body = text.encode()
                try:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
                    self.wfile.flush()
                except ConnectionError:
                    server.hung_up.append(time.monotonic())
                    raise

            def _write(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client gave up waiting, as a timeout test wants it to

        return Handler


def walk_objects(schema: object) -> Iterator[dict[str, Any]]:
    """Every object schema inside a schema, itself included."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from walk_objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from walk_objects(value)


def schema_problem(schema: object, *, closed: bool) -> str | None:
    """Why a schema would be refused; `None` when it is fine.

    Args:
        schema: what arrived where a JSON schema belongs.
        closed: whether objects must require every key and allow no other, as strict structured output demands.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema, dict) or not schema:
        return "a JSON schema is required"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"invalid JSON schema: {error.message}"
    for part in walk_objects(schema):
        keys = set(part.get("properties", {}))
        if closed and (part.get("additionalProperties") is not False or set(part.get("required", [])) != keys):
            return "every object must set additionalProperties to false and require all its keys"
    return None
