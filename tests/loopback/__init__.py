"""Model servers on the loopback interface that speak the real wire formats, for tests and for trying the app.

with OllamaServer() as server:
    server.script(fault(503), truncated())      # the next two generations; then it answers again
    Provider(ProviderSpec(model="qwen2.5:7b", base_url=server.url))
    server.generations[0].json["options"]

`python -m tests.loopback ollama --port 11434` serves one by hand.
"""

from tests.loopback.anthropic import AnthropicServer
from tests.loopback.ollama import OllamaServer
from tests.loopback.openai import OpenAIServer
from tests.loopback.server import (
    Fault,
    LoopbackServer,
    Received,
    empty,
    fault,
    html,
    looping,
    malformed,
    off_schema,
    refusal,
    reset,
    slow,
    stalled,
    truncated,
)

__all__ = [
    "AnthropicServer",
    "Fault",
    "LoopbackServer",
    "OllamaServer",
    "OpenAIServer",
    "Received",
    "empty",
    "fault",
    "html",
    "looping",
    "malformed",
    "off_schema",
    "refusal",
    "reset",
    "slow",
    "stalled",
    "truncated",
]
