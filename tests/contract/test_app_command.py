"""`persona app` as a process: a real server on a port of this machine, no browser."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.browser.conftest import ROOT, _wait_for


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM: a console's processes end together")
def test_server_stops_when_the_started_process_is_told_to(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pipeline", "app", "--db", str(tmp_path / "persona.db")]
    started = subprocess.Popen(
        [*command, "--", f"--server.port={port}", "--server.headless=true"],
        cwd=ROOT,
        env=os.environ | {"HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    family = [psutil.Process(started.pid)]
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        family += family[0].children(recursive=True)
        started.send_signal(signal.SIGTERM)
        started.wait(20)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []
    finally:
        for left in family:
            with suppress(psutil.NoSuchProcess):
                left.kill()
