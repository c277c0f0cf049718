"""OpenAI's Chat Completions API, as the vendor or as a local server such as vLLM speaks it."""

import json
from email import message_from_bytes
from functools import cache
from typing import Any, get_args

from tests.loopback.batches import Batch, BatchBook
from tests.loopback.server import Answer, Fault, LoopbackServer, Received, schema_problem
from tests.loopback.writer import loop, pieces, tokens, write


class OpenAIServer(LoopbackServer):
    """Chat completions and models under `/v1`."""

    generation_paths = ("/v1/chat/completions",)

    def __init__(
        self,
        models: tuple[str, ...] = ("gpt-5.4-mini", "gpt-4o-mini"),
        *,
        key: str | None = None,
        local: bool = False,
        lists_models: bool = True,
        port: int = 0,
        delay_s: float = 0.0,
    ) -> None:
        super().__init__(port=port, delay_s=delay_s)
        self.models = models
        self.key = key
        """The only key that is accepted; `None` accepts any."""
        self.ignores_newer_cap = False
        """Reads `max_tokens` only, as Ollama's `/v1` and some gateways do."""
        self.local = local
        """A local server asks for no key."""
        self.kind = ""
        """`llama.cpp` or `vLLM` gives the server that one's routes, fields and refusals."""
        self.window: int | None = None
        """Tokens of one request; longer prompts are refused by a server with a kind, and cut in silence by others."""
        self.slots = 2
        self.refuses: set[str] = set()
        """Parameters that are an error, named in it."""
        self.thinks = False
        """Writes its answer into `reasoning` and none of it into `content`, unless asked not to think at all."""
        self.obeys_effort = False
        self.lists_models = lists_models
        self.usage: dict[str, Any] | None = {}
        """Overrides fields of the usage in every answer; `None` leaves the usage out."""
        self.batches = BatchBook("batch_")
        self.files: dict[str, bytes] = {}
        """Uploaded files by id."""

    @property
    def url(self) -> str:
        """With the version, as the SDK wants it."""
        return f"{self.root}/v1"

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        """Route by path."""
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.local and (not sent or (self.key is not None and sent != self.key)):
            return self.error(401, f"Incorrect API key provided: {sent}.")
        if request.path == "/props" and self.kind == "llama.cpp":
            return Answer({"total_slots": self.slots, "default_generation_settings": {"n_ctx": self.window}})
        if request.path.startswith("/v1/models"):
            return self._models(request.path)
        if request.path.startswith("/v1/files") and self.batches.served:
            return self._file_route(request)
        if request.path.startswith("/v1/batches") and self.batches.served:
            return self._batch_route(request)
        if request.path == "/v1/chat/completions":
            return self._refused(request.json) or self._completion(request.json, scripted)
        return self.error(404, "Not found")

    def error(self, status: int, message: str) -> Answer:
        """The documented error object."""
        return Answer({"error": {"message": message, "type": "invalid_request_error", "code": None}}, status)

    def _models(self, path: str) -> Answer:
        if not self.lists_models:
            return self.error(404, "Not found")
        infos = [{"id": model, "object": "model", "created": 1, "owned_by": "loopback"} for model in self.models]
        if self.kind == "vLLM":
            infos = [{**info, "max_model_len": self.window} for info in infos]
        wanted = path.removeprefix("/v1/models").strip("/")
        if not wanted:
            return Answer({"object": "list", "data": infos})
        known = [info for info in infos if info["id"] == wanted]
        return Answer(known[0]) if known else self.error(404, f"The model '{wanted}' does not exist")

    def _refused(self, body: dict[str, Any]) -> Answer | None:
        from pydantic import ValidationError

        adapter, known = _params()
        try:
            list(adapter.validate_python({**body, "stream": False, "stream_options": None})["messages"])
        except ValidationError as error:
            return self.error(400, str(error))
        known = known | {"repeat_penalty"} if self.local else known
        if unknown := ((set(body) - known) | (self.refuses & set(body))):
            return self.error(400, f"Unsupported parameter: '{sorted(unknown)[0]}'")
        wanted = (body.get("response_format") or {}).get("json_schema") or {}
        if problem := schema_problem(wanted.get("schema"), closed=wanted.get("strict") is True):
            return self.error(400, f"Invalid schema for response_format: {problem}")
        return None if body["model"] in self.models else self.error(404, f"The model '{body['model']}' does not exist")

    def _completion(self, body: dict[str, Any], scripted: Fault | None) -> Answer:
        prompt = "\n".join(message["content"] for message in body["messages"])
        schema = body["response_format"]["json_schema"]["schema"]
        text, reason = write(schema, prompt, body.get("seed") or 0), "stop"
        message: dict[str, Any] = {"role": "assistant", "refusal": None}
        if scripted and scripted.kind == "off_schema":
            text = '{"answer": 42}'
        if scripted and scripted.kind == "refusal":
            text, message["refusal"] = "", "I'm sorry, I cannot assist with that request."
        newer = None if self.ignores_newer_cap else body.get("max_completion_tokens")
        limit = body.get("max_tokens") or newer or tokens(text)
        asked = tokens(prompt)
        if self.window and asked + (limit if self.kind == "vLLM" else 0) > self.window and self.kind:
            return self._too_long(asked, limit)
        if scripted and scripted.kind == "looping":
            text, reason = loop(text, limit), "length"
        elif (scripted and scripted.kind == "truncated") or limit < tokens(text):
            text, reason = text[: len(text) // 2], "length"
        usage = self._usage(prompt, text)
        if self.window and asked > self.window and usage:
            usage["usage"]["prompt_tokens"] = self.window // 2 + 2
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
        if body.get("stream"):
            return self._stream(answer, text, message, reason, usage, body)
        choice = {"index": 0, "finish_reason": reason, "message": {**message, "content": text or None}}
        return Answer({**answer, "choices": [choice], **usage})

    def _stream(
        self,
        answer: dict[str, Any],
        text: str,
        message: dict[str, Any],
        reason: str,
        usage: dict[str, Any],
        body: dict[str, Any],
    ) -> Answer:
        thinks = self.thinks and not (self.obeys_effort and body.get("reasoning_effort") == "none")
        chunk = {**answer, "object": "chat.completion.chunk"}
        deltas = [{"reasoning" if thinks else "content": piece} for piece in pieces(text)]
        parts = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        end = {**chunk, "choices": [{"index": 0, "delta": {"refusal": message["refusal"]}, "finish_reason": reason}]}
        counts = ({**chunk, "choices": [], **usage},) if usage and body.get("stream_options") else ()
        return Answer(lines=(*parts, end, *counts, "[DONE]"), events=True, pause_s=self.pause_s)

    def _too_long(self, asked: int, limit: int) -> Answer:
        """The refusals of the real servers, in their words (llama.cpp: tried 2026-11-30; vLLM: its issue 20409)."""
        if self.kind == "vLLM":
            return self.error(
                400,
                f"This model's maximum context length is {self.window} tokens. However, you requested {asked + limit}"
                f" tokens ({asked} in the messages, {limit} in the completion). Please reduce the length of the"
                " messages or completion.",
            )
        words = f"request ({asked} tokens) exceeds the available context size ({self.window} tokens)"
        return self.error(400, f"{words}, try increasing it")

    def _file_route(self, request: Received) -> Answer:
        from openai.types import FileObject

        wanted = request.path.removeprefix("/v1/files").strip("/").partition("/")[0]
        if request.method == "POST":
            head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
            parts = {
                part.get_param("name", header="content-disposition"): part
                for part in message_from_bytes(head + request.body).get_payload()
            }
            if parts["purpose"].get_payload(decode=True) != b"batch":
                return self.error(400, "purpose must be batch")
            content, file_id = parts["file"].get_payload(decode=True), f"file-{len(self.files) + 1}"
            self.files[file_id] = content
            info = {"id": file_id, "object": "file", "bytes": len(content), "created_at": 1, "filename": "f.jsonl"}
            info |= {"purpose": "batch", "status": "processed"}
            FileObject.model_validate(info)
            return Answer(info)
        batch = self.batches.known.get(wanted.partition("-")[2])
        if batch is None:
            return self.error(404, f"No such File object: {wanted}")
        return Answer(lines=tuple(self._lines(batch, wanted.partition("-")[0] == "errors")))

    def _batch_route(self, request: Received) -> Answer:
        wanted, _, action = request.path.removeprefix("/v1/batches").strip("/").partition("/")
        if not wanted and request.method == "POST":
            return self._hand_in(request.json)
        if not wanted:
            return self.batches.listed(self._batch_info, object="list")
        batch = self.batches.known.get(wanted)
        if batch is None:
            return self.error(404, f"No batch found with id '{wanted}'")
        if action == "cancel":
            batch.cancel()
        else:
            batch.look()
        return Answer(self._batch_info(batch))

    def _hand_in(self, body: dict[str, Any]) -> Answer:
        from openai.types import BatchCreateParams
        from pydantic import TypeAdapter, ValidationError

        try:
            TypeAdapter(BatchCreateParams).validate_python(body)
        except ValidationError as error:
            return self.error(400, str(error))
        asked = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        if any((item["method"], item["url"]) != ("POST", body["endpoint"]) for item in asked):
            return self.error(400, "Every line must POST to the endpoint of the batch.")
        batch = self.batches.open({item["custom_id"]: item["body"] for item in asked}, body.get("metadata"))
        return self.batches.reply(self._batch_info(batch)) or self.error(504, "scripted")

    def _batch_info(self, batch: Batch) -> dict[str, Any]:
        from openai.types import Batch as Typed

        done = "cancelled" if batch.cancelled else "expired" if "expired" in batch.outcomes else "completed"
        running = "cancelling" if batch.cancelled else "in_progress"
        ended = batch.ended
        info = {
            "id": batch.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": "file-1",
            "completion_window": "24h",
            "created_at": int(batch.created_at.timestamp()),
            "status": done if ended else running,
            "output_file_id": f"output-{batch.id}" if ended and "ok" in batch.outcomes else None,
            "error_file_id": f"errors-{batch.id}" if ended and set(batch.outcomes) != {"ok"} else None,
            "metadata": batch.metadata,
        }
        Typed.model_validate(info)
        return info

    def _lines(self, batch: Batch, errors: bool) -> list[dict[str, Any]]:
        """The file of answers, or the one of errors."""
        lines = []
        for (name, body), outcome in zip(batch.asked.items(), batch.outcomes, strict=True):
            line: dict[str, Any] = {"id": f"batch_req_{name}", "custom_id": name, "response": None, "error": None}
            refused = self._refused(body)
            if refused or outcome == "errored":
                answer = refused or self.error(500, "The server had an error")
                line["response"] = {"status_code": answer.status, "request_id": "r", "body": answer.body}
            elif outcome == "ok":
                body = self._completion(body, None).body
                line["response"] = {"status_code": 200, "request_id": "r", "body": body}
            else:
                code = {"expired": "batch_expired", "canceled": "batch_cancelled"}[outcome]
                line["error"] = {"code": code, "message": "This request could not be executed."}
            if errors == (outcome != "ok"):
                lines.append(line)
        return lines

    def _usage(self, prompt: str, text: str) -> dict[str, Any]:
        if self.usage is None:
            return {}
        counts = {"prompt_tokens": tokens(prompt), "completion_tokens": tokens(text)}
        return {"usage": {**counts, "total_tokens": sum(counts.values()), **self.usage}}


@cache
def _params() -> tuple[Any, set[str]]:
    """The SDK's own type of a request, and the names of its fields."""
    from openai.types.chat import CompletionCreateParams
    from pydantic import TypeAdapter

    whole, _streamed = get_args(CompletionCreateParams)
    return TypeAdapter(whole), set(whole.__required_keys__ | whole.__optional_keys__)
