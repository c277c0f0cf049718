"""Anthropic's Messages API: messages, count_tokens, batches, models."""

import json
import re
from functools import cache
from typing import Any, get_args

from tests.loopback.batches import Batch, BatchBook
from tests.loopback.server import Answer, Fault, LoopbackServer, Received, schema_problem
from tests.loopback.writer import tokens, write

TYPES = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error"}
TYPES |= {404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}


class AnthropicServer(LoopbackServer):
    """The API as its SDK expects it."""

    generation_paths = ("/v1/messages",)

    def __init__(
        self,
        models: tuple[str, ...] = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-sonnet-4-20250514"),
        *,
        key: str | None = None,
        lists_models: bool = True,
        port: int = 0,
        delay_s: float = 0.0,
    ) -> None:
        super().__init__(port=port, delay_s=delay_s)
        self.ignores_schema = False
        """Answers in prose unless the prompt itself has the schema, as gateways before other models do."""
        self.models = models
        self.key = key
        """The only key that is accepted; `None` accepts any."""
        self.lists_models = lists_models
        """Off answers 404 to the models routes, as gateways do."""
        self.lifecycle: dict[str, str] = {}
        """Stage of a model's life; `active` where it is not stated."""
        self.retires_at: dict[str, str] = {}
        """Day of a model's retirement, as `2026-06-15T00:00:00Z`."""
        self.thinking: tuple[str, ...] = ("adaptive", "between_tools")
        """Values of `thinking.type` that the models accept; any other is refused with 400."""
        self.usage: dict[str, Any] = {}
        """Overrides fields of the usage in every answer."""
        self.batches = BatchBook("msgbatch_")

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        """Route by path."""
        # The SDK sends its key as a bearer token since version 2; the API takes the older header too.
        sent = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if not sent or (self.key is not None and sent != self.key):
            return self.error(401, "API key is invalid.")
        if request.path.startswith("/v1/models"):
            return self._models(request.path)
        if request.path == "/v1/messages/count_tokens":
            return self._count(request.json)
        if request.path.startswith("/v1/messages/batches") and self.batches.served:
            return self._batch_route(request)
        if request.path == "/v1/messages":
            return self._refused(request.json) or self._message(request.json, scripted)
        return self.error(404, "Not found")

    def error(self, status: int, message: str) -> Answer:
        """The documented error object."""
        kind = TYPES.get(status, "api_error")
        return Answer({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}, status)

    def _models(self, path: str) -> Answer:
        if not self.lists_models:
            return self.error(404, "Not found")
        wanted = path.removeprefix("/v1/models").strip("/")
        if wanted:
            return Answer(self._info(wanted)) if wanted in self.models else self.error(404, f"model: {wanted}")
        infos = [self._info(model) for model in self.models]
        return Answer({"data": infos, "has_more": False, "first_id": None, "last_id": None})

    def _info(self, model: str) -> dict[str, Any]:
        lines = ("haiku", "sonnet", "opus", "fable", "mythos")
        return {
            "type": "model",
            "id": model,
            "display_name": model,
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": self.lifecycle.get(model, "active"),
            "line": next((line for line in lines if line in model), None),
            "capabilities": self._capabilities(),
            "retires_at": self.retires_at.get(model),
        }

    def _capabilities(self) -> dict[str, Any]:
        kinds = ("adaptive", "between_tools", "disabled", "enabled")
        types = {kind: {"supported": kind in self.thinking} for kind in kinds}
        levels = {level: {"supported": True} for level in ("low", "medium", "high", "max")}
        return {"thinking": {"supported": True, "types": types}, "effort": {"supported": True, **levels}}

    def _refused(self, body: dict[str, Any]) -> Answer | None:
        from pydantic import ValidationError

        adapter, known = _params()
        try:
            list(adapter.validate_python(body)["messages"])
        except ValidationError as error:
            return self.error(400, str(error))
        if unknown := set(body) - known:
            return self.error(400, f"{sorted(unknown)[0]}: Extra inputs are not permitted")
        schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
        if problem := schema_problem(schema, closed=True):
            return self.error(400, f"output_config.format.schema: {problem}")
        kind = (body.get("thinking") or {"type": "adaptive"})["type"]
        if kind not in self.thinking and "thinking" in body:
            return self.error(400, f'"thinking.type.{kind}" is not supported for this model.')
        return None if body["model"] in self.models else self.error(404, f"model: {body['model']}")

    def _count(self, body: dict[str, Any]) -> Answer:
        from anthropic.types import MessageCountTokensParams

        if (
            unknown := set(body)
            - MessageCountTokensParams.__required_keys__
            - MessageCountTokensParams.__optional_keys__
        ):
            return self.error(400, f"{sorted(unknown)[0]}: Extra inputs are not permitted")
        return Answer({"input_tokens": tokens(_prompt(body))})

    def _batch_route(self, request: Received) -> Answer:
        wanted, _, action = request.path.removeprefix("/v1/messages/batches").strip("/").partition("/")
        if not wanted and request.method == "POST":
            return self._hand_in(request.json)
        if not wanted:
            return self.batches.listed(self._batch_info, first_id=None, last_id=None)
        batch = self.batches.known.get(wanted)
        if batch is None:
            return self.error(404, f"batch: {wanted}")
        match action:
            case "results" if batch.ended:
                return Answer(lines=tuple(self._result(batch, index) for index in range(len(batch.asked))))
            case "cancel":
                batch.cancel()
            case "":
                batch.look()
        return Answer(self._batch_info(batch))

    def _hand_in(self, body: dict[str, Any]) -> Answer:
        from anthropic.types.messages import BatchCreateParams
        from pydantic import TypeAdapter, ValidationError

        try:
            asked = list(TypeAdapter(BatchCreateParams).validate_python(body)["requests"])
        except ValidationError as error:
            return self.error(400, str(error))
        names = [item["custom_id"] for item in asked]
        if len(set(names)) < len(names) or not all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in names):
            return self.error(400, "requests: custom_id must be unique and match ^[a-zA-Z0-9_-]{1,64}$")
        batch = self.batches.open({item["custom_id"]: item["params"] for item in body["requests"]})
        return self.batches.reply(self._batch_info(batch)) or self.error(504, "scripted")

    def _batch_info(self, batch: Batch) -> dict[str, Any]:
        from anthropic.types.messages import MessageBatch

        kinds = ["succeeded" if kind == "ok" else kind for kind in batch.outcomes] if batch.ended else []
        counts = {kind: kinds.count(kind) for kind in ("succeeded", "errored", "canceled", "expired")}
        info = {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if batch.ended else "canceling" if batch.cancelled else "in_progress",
            "request_counts": {**counts, "processing": 0 if batch.ended else len(batch.asked)},
            "created_at": batch.created_at.isoformat(),
            "expires_at": batch.created_at.isoformat(),
            "ended_at": batch.created_at.isoformat() if batch.ended else None,
            "results_url": f"{self.root}/v1/messages/batches/{batch.id}/results" if batch.ended else None,
        }
        MessageBatch.model_validate(info)
        return info

    def _result(self, batch: Batch, index: int) -> dict[str, Any]:
        from anthropic.types.messages import MessageBatchIndividualResponse

        name, params = list(batch.asked.items())[index]
        result: dict[str, Any] = {"type": batch.outcomes[index]}
        refused = self._refused(params)
        if refused or result["type"] == "errored":
            error = refused or self.error(500, "Internal server error")
            result = {"type": "errored", "error": error.body}
        elif result["type"] == "ok":
            result = {"type": "succeeded", "message": self._message(params, None).body}
        line = {"custom_id": name, "result": result}
        MessageBatchIndividualResponse.model_validate(line)
        return line

    def _message(self, body: dict[str, Any], scripted: Fault | None) -> Answer:
        text, reason = write(body["output_config"]["format"]["schema"], _prompt(body)), "end_turn"
        if self.ignores_schema and "for this schema" not in str(body.get("system")):
            text = f"Of course! Here is your persona: {json.loads(text)['name']}."
        if scripted and scripted.kind == "off_schema":
            text = '{"answer": 42}'
        if scripted and scripted.kind == "refusal":
            text, reason = "", "refusal"
        if (scripted and scripted.kind == "truncated") or body["max_tokens"] < tokens(text):
            text, reason = text[: len(text) // 2], "max_tokens"
        usage = {"input_tokens": tokens(_prompt(body)), "output_tokens": tokens(text), "cache_read_input_tokens": 0}
        content = [{"type": "text", "text": text}] if text else []
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": content}
        return Answer({**message, "stop_reason": reason, "stop_sequence": None, "usage": {**usage, **self.usage}})


@cache
def _params() -> tuple[Any, set[str]]:
    """The SDK's own type of a request, and the names of its fields."""
    from anthropic.types import MessageCreateParams
    from pydantic import TypeAdapter

    whole, _streamed = get_args(MessageCreateParams)
    return TypeAdapter(whole), set(whole.__required_keys__ | whole.__optional_keys__)


def _prompt(body: dict[str, Any]) -> str:
    system = body.get("system") or ""
    return "\n".join([system, *(message["content"] for message in body["messages"])])
