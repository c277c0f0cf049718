"""Drafts on a Ray Serve cluster: 1 replica against 4, and one replica killed in the middle.

Starts `docs/examples/ray_serve_app.py`, the file that users start, in an environment of its own with `ray[serve]`; the
model behind it is a stand-in that takes a second an answer. Persona writes the drafts as in any run.

    python -m venv /tmp/ray && /tmp/ray/bin/pip install 'ray[serve]'
    python benchmarks/cluster.py --ray /tmp/ray [--drafts 40] [--replicas 4]
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
import psutil  # noqa: E402

from pipeline.domain.config import HybridConfig, Settings  # noqa: E402
from pipeline.domain.run import RunRecord  # noqa: E402
from pipeline.hybrid.pipeline import HybridPipeline  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402

ALLOWED = 3.3
"""Least ratio of the wall times of drafting with 1 and with 4 replicas."""
PORT = 8000
START_S = 240
REPLICA = "ray::ServeReplica"


def main() -> int:
    """Run the three measurements and print them; returns 1 when a draft was lost or the ratio is too small."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ray", type=Path, required=True, help="environment with ray[serve]")
    parser.add_argument("--drafts", type=int, default=40)
    parser.add_argument("--replicas", type=int, default=4)
    given = parser.parse_args()
    with serving(given.ray, 1) as address:
        one = drafted(address, given.drafts, 1)
    report("1 replica", one, given.drafts)
    with serving(given.ray, given.replicas) as address:
        many = drafted(address, given.drafts, given.replicas)
        report(f"{given.replicas} replicas", many, given.drafts)
        killer = threading.Timer(one.timing.draft_s / given.replicas / 2, kill_one_replica)
        killer.start()
        broken = drafted(address, given.drafts, given.replicas)
        killer.join()
        report("one of them killed midway", broken, given.drafts)
    ratio = one.timing.draft_s / many.timing.draft_s
    print(f"ratio of 1 to {given.replicas} replicas: {ratio:.2f} (at least {ALLOWED}); load {os.getloadavg()[0]:.1f}")
    lost = sum(given.drafts - len(run.drafts) for run in (one, many, broken))
    return int(lost > 0 or ratio < ALLOWED)


def drafted(address: str, drafts: int, workers: int) -> RunRecord:
    """Write drafts of the example study on the server, one worker per replica."""
    config = HybridConfig(
        local_provider="openai",
        local_model="stand-in",
        local_base_url=f"{address}/v1",
        local_workers=workers,
        count=drafts,
        draft_factor=1.0,
        skip_frontier=True,
    )
    return HybridPipeline(config, Settings()).run(load_paths([ROOT / "data" / "hearthwise"]))


def report(what: str, run: RunRecord, asked: int) -> None:
    """Print a line about a run."""
    again = sum(call.status != "ok" for call in run.calls)
    print(
        f"{what:26} {len(run.drafts):3} of {asked} drafts  {run.timing.draft_s:6.1f} s"
        f"  {len(run.failures)} lost, {again} attempts without an answer, {len(run.calls)} in all",
        flush=True,
    )


@contextmanager
def serving(environment: Path, replicas: int) -> Iterator[str]:
    """Start the application of the docs and wait until every replica is there; ends it and its processes afterwards."""
    own = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # short: Ray's sockets lie below it
    log = (own / "serve.log").open("w")
    variables = {"REPLICAS": str(replicas), "CPUS_PER_REPLICA": "0.1", "RAY_TMPDIR": str(own), "HOME": str(own)}
    # Five seconds by default, in which a busy machine does not start the processes of a cluster.
    variables |= {"RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60", "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60"}
    server = subprocess.Popen(
        [environment / "bin" / "serve", "run", "ray_serve_app:app"],
        cwd=ROOT / "docs" / "examples",
        env={
            **os.environ,
            **variables,
            "RAY_USAGE_STATS_ENABLED": "0",
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        },
        stdout=log,
        stderr=log,
    )
    try:
        address = f"http://127.0.0.1:{PORT}"
        wait_for(address, server, replicas, own / "serve.log")
        yield address
    finally:
        started = _below(server.pid)
        server.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            server.wait(60)
        for process in started:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        server.kill()
        shutil.rmtree(own, ignore_errors=True)


def wait_for(address: str, server: "subprocess.Popen[bytes]", replicas: int, log: Path) -> None:
    """Wait until the route answers and all replicas live.

    Raises:
        RuntimeError: the server ended, or was not ready in time.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address}/v1/models", timeout=5).is_success and len(replica_processes()) >= replicas:
                return
        time.sleep(1)
    raise RuntimeError(f"Ray Serve did not start:\n{log.read_text()[-3000:]}")


def replica_processes() -> list[psutil.Process]:
    """Return the processes of replicas that this program has started."""
    return [process for process in _below(os.getpid()) if _title(process).startswith(REPLICA)]


def _below(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def kill_one_replica() -> None:
    """Kill a replica at once, as when its machine goes away."""
    replica_processes()[0].kill()


if __name__ == "__main__":
    sys.exit(main())
