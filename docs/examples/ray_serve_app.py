"""An OpenAI-compatible server on Ray Serve, for more drafts at a time than one machine writes.

Every replica is a process of its own, on any machine of the cluster; Ray sends each request to a free one, starts a
dead one anew, and sends what had not begun elsewhere. Start it with one replica or with many:

    pip install 'ray[serve]'
    REPLICAS=4 serve run ray_serve_app:app

and point Persona at it: `local_provider: openai`, `local_base_url: http://localhost:8000/v1`, `local_workers: 8`.

As it stands, `Model` is a stand-in that takes a second an answer, so that the cluster can be tried without a GPU.
Replace its two marked methods by your model; with vLLM, `ray.serve.llm` brings such an application ready-made.
"""

import asyncio
import json
import os
import time
from typing import Any

from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

NAME = "stand-in"
SECONDS = float(os.environ.get("SECONDS_PER_ANSWER", "1"))


@serve.deployment(
    num_replicas=int(os.environ.get("REPLICAS", "1")),
    max_ongoing_requests=1,  # a replica with one model answers one at a time; further requests go to another or wait
    ray_actor_options={"num_cpus": float(os.environ.get("CPUS_PER_REPLICA", "1"))},
    health_check_period_s=1,
    health_check_timeout_s=5,
)
class Model:
    """One copy of the model."""

    def __init__(self) -> None:
        self._context_tokens = 16_384  # replace: load the model here

    async def answer(self, messages: list[dict[str, str]], schema: dict[str, Any], seed: int) -> str:
        """Return JSON that fits a schema; replace by a call of your model."""
        await asyncio.sleep(SECONDS)
        return json.dumps(_smallest(schema, f"Knows what the {seed % 97}th evening costs"))

    async def __call__(self, request: Request) -> Response:
        """Serve `/v1/models` and `/v1/chat/completions`."""
        if request.method == "GET":
            listed = {"id": NAME, "object": "model", "max_model_len": self._context_tokens}
            return JSONResponse({"object": "list", "data": [listed]})
        asked = await request.json()
        schema = asked["response_format"]["json_schema"]["schema"]
        text = await self.answer(asked["messages"], schema, int(asked.get("seed") or 0))
        return _reply(text, asked)


def _reply(text: str, asked: dict[str, Any]) -> Response:
    """Wrap an answer in the format of chat completions, streamed where that was asked for."""
    words = sum(len(message["content"].split()) for message in asked["messages"])
    usage = {"prompt_tokens": words * 2, "completion_tokens": len(text) // 4}
    usage["total_tokens"] = sum(usage.values())
    about = {"id": f"answer-{time.time_ns()}", "created": int(time.time()), "model": NAME}
    if not asked.get("stream"):
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({**about, "object": "chat.completion", "choices": [choice], "usage": usage})
    begun = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    ended = {"index": 0, "delta": {}, "finish_reason": "stop"}
    chunks = [
        {**about, "object": "chat.completion.chunk", "choices": [begun]},
        {**about, "object": "chat.completion.chunk", "choices": [ended]},
        {**about, "object": "chat.completion.chunk", "choices": [], "usage": usage},
    ]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


def _smallest(schema: dict[str, Any], text: str) -> Any:
    """Return the smallest value that fits a schema of objects, lists, texts and numbers."""
    match schema.get("type"):
        case "object":
            return {name: _smallest(part, text) for name, part in schema["properties"].items()}
        case "array":
            return [_smallest(schema["items"], f"{text}, {number}") for number in range(schema.get("minItems", 1))]
        case "integer":
            return schema.get("minimum", 1)
        case _:
            return text[: schema.get("maxLength", 200)]


app = Model.bind()
