"""Ollama's own API: chat, tags, show, pull, version, embed."""

import hashlib
import json
import re
import zlib
from collections.abc import Callable
from inspect import signature
from typing import Any

from tests.loopback.server import Answer, Fault, LoopbackServer, Received, schema_problem
from tests.loopback.writer import tokens, write


class OllamaServer(LoopbackServer):
    """An Ollama server with some models pulled."""

    generation_paths = ("/api/chat", "/api/embed")

    def __init__(
        self,
        models: tuple[str, ...] = ("qwen2.5:7b",),
        *,
        context_length: int = 32768,
        capabilities: tuple[str, ...] = ("completion",),
        port: int = 0,
        delay_s: float = 0.0,
    ) -> None:
        super().__init__(port=port, delay_s=delay_s)
        self.models = list(models)
        self.context_length = context_length
        self.capabilities = capabilities
        """Of every model; a name with `embed` or `minilm` in it can only embed."""
        self.judge: Callable[[str, list[str]], dict[str, str]] | None = None
        """Answers what a judge is asked: statement and sentences in, `span` and `verdict` out."""
        self.counts_tokens = True
        """Off leaves the token counts out of the answer, as some forks do."""

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        """Route by path."""
        body = request.json or {}
        match request.path:
            case "/api/version":
                return Answer({"version": "0.30.0"})
            case "/api/tags":
                return Answer(
                    {"models": [{"model": name, "name": name, "digest": _digest(name)} for name in self.models]}
                )
            case "/api/show":
                return self._known(body) or self._show(body["model"])
            case "/api/pull":
                return self._pull(body["model"])
            case "/api/embed":
                return self._known(body) or self._embed(body)
            case "/api/chat":
                return self._known(body) or self._refused(body) or self._chat(body, scripted)
        return self.error(404, "page not found")

    def error(self, status: int, message: str) -> Answer:
        """`{"error": "..."}`."""
        return Answer({"error": message}, status)

    def _known(self, body: dict[str, Any]) -> Answer | None:
        name = body.get("model", "")
        if name in self.models or f"{name}:latest" in self.models:
            return None
        return self.error(404, f"model '{name}' not found")

    def _refused(self, body: dict[str, Any]) -> Answer | None:
        from ollama import Client, Message, Options
        from pydantic import ValidationError

        try:
            Options.model_validate(body.get("options") or {})
            for message in body["messages"]:
                Message.model_validate(message)
        except ValidationError as error:
            return self.error(400, str(error))
        if unknown := set(body) - set(signature(Client.chat).parameters):
            return self.error(400, f"unknown field: {sorted(unknown)[0]}")
        if body.get("think") and "thinking" not in self.capabilities:
            return self.error(400, f'"{body["model"]}" does not support thinking')
        problem = schema_problem(body.get("format"), closed=False)
        return self.error(400, problem) if problem else None

    def _show(self, name: str) -> Answer:
        capabilities = ["embedding"] if re.search("embed|minilm", name) else list(self.capabilities)
        info = {"general.architecture": "qwen2", "qwen2.context_length": self.context_length}
        return Answer({"model_info": info, "capabilities": capabilities, "details": {"family": "qwen2"}})

    def _pull(self, name: str) -> Answer:
        if name.startswith("missing"):
            return Answer(lines=({"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}))
        self.models.append(name)
        layer = {"status": "pulling 2bada8a74506", "digest": "sha256:2bada8a74506", "total": 4000}
        steps = tuple({**layer, "completed": done} for done in (0, 2000, 4000))
        return Answer(lines=({"status": "pulling manifest"}, *steps, {"status": "success"}))

    def _embed(self, body: dict[str, Any]) -> Answer:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = [_bag(text) for text in texts]
        return Answer({"model": body["model"], "embeddings": vectors, "prompt_eval_count": tokens("".join(texts))})

    def _chat(self, body: dict[str, Any], scripted: Fault | None) -> Answer:
        options = body.get("options") or {}
        prompt = "\n".join(message["content"] for message in body["messages"])
        text, reason = self._text(body, prompt, scripted), "stop"
        limit = options.get("num_predict", -1)
        if (scripted and scripted.kind == "truncated") or 0 < limit < tokens(text):
            text, reason = text[: len(text) // 2], "length"
        # A real server cuts a longer prompt to the window and says nothing.
        read = min(tokens(prompt), options.get("num_ctx", 4096))
        counts = {"prompt_eval_count": read, "eval_count": tokens(text)} if self.counts_tokens else {}
        message = {"role": "assistant", "content": text}
        return Answer({"model": body["model"], "message": message, "done": True, "done_reason": reason, **counts})

    def _text(self, body: dict[str, Any], prompt: str, scripted: Fault | None) -> str:
        if scripted and scripted.kind == "refusal":
            return "I'm sorry, but I can't help with that."
        if scripted and scripted.kind == "off_schema":
            return '{"answer": 42}'
        if self.judge and "verdict" in body["format"]["properties"]:
            return json.dumps(self.judge(*_judged(prompt)))
        return write(body["format"], prompt, (body.get("options") or {}).get("seed", 0))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _bag(text: str) -> list[float]:
    """A vector that is like another where they share words: the beginnings of words, counted in 256 places."""
    vector = [0.0] * 256
    for word in re.findall(r"\w+", text.lower()):
        vector[zlib.crc32(word[:5].encode()) % 256] += 1.0
    return vector


def _judged(prompt: str) -> tuple[str, list[str]]:
    """The statement that a judge is asked about, and the sentences of its passages."""
    found = [json.loads(line) for line in prompt.splitlines() if line.startswith("{")]
    return found[0]["statement"], [line["text"] for line in found[1:]]
