"""Ollama's own API: chat, tags, show, pull, version, embed."""

import hashlib
import json
import math
import re
import zlib
from collections.abc import Callable
from inspect import signature
from typing import Any

from tests.loopback.openai import OpenAIServer
from tests.loopback.server import Answer, Fault, LoopbackServer, Received, schema_problem
from tests.loopback.writer import loop, pieces, tokens, write


class OllamaServer(LoopbackServer):
    """An Ollama server with some models pulled."""

    generation_paths = ("/api/chat", "/api/embed", "/api/generate", "/v1/chat/completions")

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
        self.verify: Callable[[str], list[tuple[str, dict[str, float]]]] | None = None
        """Continues a raw prompt: tokens, each with the probabilities at its place; `None` gives no probabilities."""
        self.counts_tokens = True
        """Off leaves the token counts out of the answer, as some forks do."""
        self.cuts = False
        """Cuts a prompt that does not fit whatever the request says, as versions without `truncate` do."""
        self.remote: set[str] = set()
        """Models that are only passed on to a cloud, whatever they are called."""
        self.tells_remote = True
        """Off makes `show` fail, so that a model cannot be asked about."""
        self.thinks = False
        """Writes its answer into `thinking` and none of it into `content`."""
        self.default_window = 4096
        """Of `/v1`, and of requests without `num_ctx`."""
        self.pull_error: tuple[int, str] | None = None
        """HTTP status (200: in the stream) and words of a failing download."""
        self.v1 = OpenAIServer(models=models, local=True)
        """What the routes under `/v1` answer with; it is never started."""

    def answer(self, request: Received, scripted: Fault | None) -> Answer:
        """Route by path."""
        body = request.json or {}
        match request.path:
            case "/api/version":
                return Answer({"version": "0.30.0"})
            case "/api/tags":
                return Answer({"models": [self._entry(name) for name in self.models]})
            case "/api/ps":
                return Answer({"models": []})
            case "/v1/models":
                return self.v1._models("/v1/models")
            case "/v1/chat/completions":
                return self._compatible(body, scripted)
            case "/api/show" if not self.tells_remote:
                return self.error(500, "something went wrong")
            case "/api/show":
                return self._known(body) or self._show(body["model"])
            case "/api/pull":
                return self._pull(body["model"])
            case "/api/embed":
                return self._known(body) or self._embed(body)
            case "/api/generate":
                return self._known(body) or self._generate(body)
            case "/api/chat":
                return self._known(body) or self._refused(body) or self._chat(body, scripted)
        return self.error(404, "page not found")

    def error(self, status: int, message: str) -> Answer:
        """`{"error": "..."}`."""
        return Answer({"error": message}, status)

    def _known(self, body: dict[str, Any]) -> Answer | None:
        # A real server ignores case, and knows the names of its library with and without their folder.
        name = body.get("model", "").lower().removeprefix("library/")
        if {name, f"{name}:latest"} & {model.lower() for model in self.models}:
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
        if unknown := set(body) - set(signature(Client.chat).parameters) - {"truncate", "shift"}:
            return self.error(400, f"unknown field: {sorted(unknown)[0]}")
        if body.get("think") and "thinking" not in self.capabilities:
            return self.error(400, f'"{body["model"]}" does not support thinking')
        problem = schema_problem(body.get("format"), closed=False)
        return self.error(400, problem) if problem else None

    def _show(self, name: str) -> Answer:
        capabilities = ["embedding"] if re.search("embed|minilm", name) else list(self.capabilities)
        info = {"general.architecture": "qwen2", "qwen2.context_length": self.context_length}
        away = {"remote_host": "https://ollama.com:443", "remote_model": "big"} if name in self.remote else {}
        return Answer({"model_info": info, "capabilities": capabilities, "details": {"family": "qwen2"}, **away})

    def _entry(self, name: str) -> dict[str, str]:
        return {"model": name, "name": name, "digest": _digest(name)}

    def _compatible(self, body: dict[str, Any], scripted: Fault | None) -> Answer:
        """`/v1`: the server's own window, a prompt cut in silence, and no other name for the cap than `max_tokens`."""
        self.v1.window, self.v1.thinks, self.v1.pause_s = self.default_window, self.thinks, self.pause_s
        body.pop("max_completion_tokens", None)
        return self.v1._refused(body) or self.v1._completion(body, scripted)

    def _pull(self, name: str) -> Answer:
        if self.pull_error:
            status, words = self.pull_error
            if status >= 400:
                return self.error(status, words)
            return Answer(lines=({"status": "pulling manifest"}, {"error": words}))
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

    def _generate(self, body: dict[str, Any]) -> Answer:
        from ollama import Client

        if unknown := set(body) - set(signature(Client.generate).parameters):
            return self.error(400, f"unknown field: {sorted(unknown)[0]}")
        assert body["raw"], "only prompts past the template are served here"
        written = self.verify(body["prompt"]) if self.verify else [("Yes", {})]
        logprobs = [
            {
                "token": token,
                "logprob": -0.1,
                "top_logprobs": [{"token": other, "logprob": math.log(share)} for other, share in shares.items()],
            }
            for token, shares in written
        ]
        given = {"logprobs": logprobs} if self.verify and body.get("logprobs") else {}
        text = "".join(token for token, _ in written)
        counts = {"prompt_eval_count": tokens(body["prompt"]), "eval_count": len(written)}
        return Answer(
            {"model": body["model"], "response": text, "done": True, "done_reason": "stop", **given, **counts}
        )

    def _chat(self, body: dict[str, Any], scripted: Fault | None) -> Answer:
        options = body.get("options") or {}
        prompt = "\n".join(message["content"] for message in body["messages"])
        text, reason = self._text(body, prompt, scripted), "stop"
        limit, window = options.get("num_predict", -1), options.get("num_ctx", self.default_window)
        asked = tokens(prompt)
        if asked > window and body.get("truncate") is False and not self.cuts:
            return self.error(400, f"prompt too long; exceeded max context length by {asked - window} tokens")
        if scripted and scripted.kind == "looping":
            text, reason = loop(text, limit), "length"
        elif (scripted and scripted.kind == "truncated") or 0 < limit < tokens(text):
            text, reason = text[: len(text) // 2], "length"
        # A real server cuts a longer prompt to half of the window and says nothing.
        read = asked if asked <= window else window // 2 + 2
        counts = {"prompt_eval_count": read, "eval_count": tokens(text)} if self.counts_tokens else {}
        field = "thinking" if self.thinks else "content"
        end = {"model": body["model"], "done": True, "done_reason": reason, **counts}
        said = [
            {"model": body["model"], "message": {"role": "assistant", "content": "", field: piece}, "done": False}
            for piece in pieces(text)
        ]
        last = {**end, "message": {"role": "assistant", "content": ""}}
        if body.get("stream") is False:
            return Answer({**end, "message": {"role": "assistant", "content": text}})
        return Answer(lines=(*said, last), pause_s=self.pause_s)

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
