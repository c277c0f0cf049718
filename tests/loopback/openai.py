"""OpenAI's Chat Completions API, as the vendor or as a local server such as vLLM speaks it."""

from functools import cache
from typing import Any

from tests.loopback.server import Answer, Fault, LoopbackServer, Received, schema_problem
from tests.loopback.writer import tokens, write


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
        self.local = local
        """A local server knows `max_tokens` only and asks for no key; the vendor wants `max_completion_tokens`."""
        self.lists_models = lists_models
        self.usage: dict[str, Any] | None = {}
        """Overrides fields of the usage in every answer; `None` leaves the usage out."""

    @property
    def url(self) -> str:
        """With the version, as the SDK wants it."""
        return f"{self.root}/v1"

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        """Route by path."""
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.local and (not sent or (self.key is not None and sent != self.key)):
            return self.error(401, f"Incorrect API key provided: {sent}.")
        if request.path.startswith("/v1/models"):
            return self._models(request.path)
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
        wanted = path.removeprefix("/v1/models").strip("/")
        if not wanted:
            return Answer({"object": "list", "data": infos})
        known = [info for info in infos if info["id"] == wanted]
        return Answer(known[0]) if known else self.error(404, f"The model '{wanted}' does not exist")

    def _refused(self, body: dict[str, Any]) -> Answer | None:
        from pydantic import ValidationError

        adapter, known = _params()
        try:
            list(adapter.validate_python(body)["messages"])
        except ValidationError as error:
            return self.error(400, str(error))
        wrong = "max_completion_tokens" if self.local else "max_tokens"
        if unknown := ((set(body) - known) | ({wrong} & set(body))):
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
        limit = body.get("max_tokens") or body.get("max_completion_tokens") or tokens(text)
        if (scripted and scripted.kind == "truncated") or limit < tokens(text):
            text, reason = text[: len(text) // 2], "length"
        choice = {"index": 0, "finish_reason": reason, "message": {**message, "content": text or None}}
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
        return Answer({**answer, "choices": [choice], **self._usage(prompt, text)})

    def _usage(self, prompt: str, text: str) -> dict[str, Any]:
        if self.usage is None:
            return {}
        counts = {"prompt_tokens": tokens(prompt), "completion_tokens": tokens(text)}
        return {"usage": {**counts, "total_tokens": sum(counts.values()), **self.usage}}


@cache
def _params() -> tuple[Any, set[str]]:
    """The SDK's own type of a request, and the names of its fields."""
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming as Params
    from pydantic import TypeAdapter

    return TypeAdapter(Params), set(Params.__required_keys__ | Params.__optional_keys__)
