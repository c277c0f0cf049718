"""`persona app` as a process, from the checkout and from a wheel: a real server on a local port, no browser."""

import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.browser.conftest import ROOT, _wait_for


@contextmanager
def app(folder: Path, environment: dict[str, str], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The running app; afterwards no process of it is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pipeline", "app", "--db", str(folder / "persona.db")]
    started = subprocess.Popen(
        [*command, "--", f"--server.port={port}", "--server.headless=true"],
        cwd=cwd,
        env=os.environ | {"HOME": str(folder)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    family = [psutil.Process(started.pid)]
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        family += family[0].children(recursive=True)
        yield started
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM: a console's processes end together")
def test_server_stops_when_the_started_process_is_told_to(tmp_path: Path) -> None:
    with app(tmp_path, {}, ROOT) as started:
        family = [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]
        started.send_signal(signal.SIGTERM)
        started.wait(20)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel holds, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_app_starts_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    with app(tmp_path, {"PYTHONPATH": str(wheel)}, tmp_path) as started:
        assert Path(psutil.Process(started.pid).cwd()) == wheel / "persona_dashboard"


def test_example_study_runs_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    example = wheel / "persona_dashboard" / "data" / "hearthwise"
    command = [sys.executable, "-m", "pipeline", "generate", "--from", str(example), "--count", "2", "--json"]
    run = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(wheel)}, capture_output=True)
    assert run.returncode == 0, run.stderr
    assert len(json.loads(run.stdout)["personas"]) == 2


def test_wheel_brings_no_top_level_module_but_the_package(wheel: Path) -> None:
    assert sorted(path.name for path in wheel.iterdir() if path.suffix != ".dist-info") == [
        "persona_dashboard",
        "pipeline",
    ]
