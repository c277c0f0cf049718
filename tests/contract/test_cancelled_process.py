"""Ctrl-C ends the program while a local model is writing, and the server is seen to be freed (a stand-in of Ollama)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.loopback import OllamaServer

ROOT = Path(__file__).parents[2]


def test_ctrl_c_ends_the_program_and_closes_its_connections_within_a_second(tmp_path: Path) -> None:
    said = tmp_path / "said.csv"
    said.write_text("participant,answer\nP1,I want to know what tonight costs before it starts.\n", encoding="utf-8")
    command = [sys.executable, "-m", "pipeline", "generate", "--from", str(said), "--count", "1"]
    with OllamaServer() as server:
        server.delay_s = 300.0
        environment = {**os.environ, "OLLAMA_HOST": server.url, "PERSONA_DB": str(tmp_path / "persona.db")}
        options = ["--local-provider", "ollama", "--local-model", "qwen2.5:7b"]
        with subprocess.Popen(
            [*command, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            server.wait_for_generations(1, 120)
            program.send_signal(signal.SIGINT)
            told = time.monotonic()
            server.wait_for(lambda: server.hung_up, 30)
            _, errors = program.communicate(timeout=60)
        assert program.returncode == 130, errors
        assert server.hung_up[0] - told < 1
        assert len(server.generations) == 1
