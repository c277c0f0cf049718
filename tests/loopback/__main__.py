"""Serve one model server by hand: `python -m tests.loopback ollama --port 11434`."""

import argparse
import contextlib
import sys
import threading

from tests.loopback import AnthropicServer, LoopbackServer, OllamaServer, OpenAIServer

KINDS: dict[str, type[LoopbackServer]] = {
    "ollama": OllamaServer,
    "anthropic": AnthropicServer,
    "openai": OpenAIServer,
}
VARIABLES = {"ollama": "OLLAMA_HOST", "anthropic": "ANTHROPIC_BASE_URL", "openai": "OPENAI_BASE_URL"}


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.loopback", description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds a generation takes")
    asked = parser.parse_args()
    with KINDS[asked.kind](port=asked.port, delay_s=asked.delay) as server:
        sys.stdout.write(f"export {VARIABLES[asked.kind]}={server.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
