"""Overhead of a run over its calls: wall time against the ideal of busy workers.

Runs the bundled study against Ollama and Anthropic servers on the loopback interface, in processes of their own,
that take a fixed time per answer. Every kept draft is refined. The ideal is ceil(calls / workers) x latency per
stage; the rest is ours: prompts, parsing, scoring, the index of the study (built anew), and every row in SQLite.
Wall time is that of the run itself; the check before it (SDKs built, models listed by both servers) is reported apart,
and so is the first run of a process, which loads the SDKs and scipy.

    python benchmarks/pipeline_speed.py [--count 10 20 100] [--latency 0.2] [--workers 4] [--json]
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.domain.config import (  # noqa: E402
    HybridConfig,
    Settings,
)
from pipeline.domain.run import RunRecord  # noqa: E402
from pipeline.domain.study import Study  # noqa: E402
from pipeline.jobs.worker import Worker  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402
from pipeline.store import Store  # noqa: E402

ALLOWED = 1.10
"""Highest acceptable ratio of wall time to ideal."""

SERVER = """
import json, sys
sys.path.insert(0, sys.argv[3])
import ollama._types
sys.setswitchinterval(0.0001)                            # an arrival is noticed at once, whatever else is answered
from tests.loopback import AnthropicServer, OllamaServer, anthropic, server
anthropic._params()                                      # what a server does once must not count as latency
server.schema_problem({"type": "object"}, closed=False)
kind = {"ollama": OllamaServer, "anthropic": AnthropicServer}[sys.argv[1]]
with kind(delay_s=float(sys.argv[2])) as served:
    print(served.url, flush=True)
    for _ in sys.stdin:
        print(json.dumps([len(served.generations), served.most_at_once]), flush=True)
        served.requests.clear()
        served.most_at_once = 0
"""


class Served(NamedTuple):
    """A model server in its own process."""

    process: subprocess.Popen[str]
    url: str

    def count(self) -> tuple[int, int]:
        """Return the generations since the last call, and the most at the same time."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        calls, at_once = json.loads(self.process.stdout.readline())
        return calls, at_once


class Measured(NamedTuple):
    """One run."""

    count: int
    wall_s: float
    ideal_s: float
    ratio: float
    check_s: float
    """Seconds before the run: building and checking its providers."""
    draft_s: float
    assess_s: float
    refine_s: float
    cpu_s: float
    calls: int
    at_once: tuple[int, int]
    """Most calls the local and the frontier server saw at the same time."""


@contextmanager
def serve(kind: str, latency_s: float) -> Iterator[Served]:
    """Run a server until the block ends."""
    command = [sys.executable, "-c", SERVER, kind, str(latency_s), str(ROOT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Served(process, process.stdout.readline().strip())
        process.terminate()


def measure(
    worker: Worker,
    store: Store,
    study: Study,
    servers: tuple[Served, Served],
    options: argparse.Namespace,
    settings: Settings,
    count: int,
) -> Measured:
    """One run of `count` personas, all of them refined."""
    began = time.time()
    config = HybridConfig(
        local_provider="ollama", frontier_provider="anthropic", quality_threshold=1, max_cost=None, count=count,
        local_workers=options.workers, frontier_workers=options.workers,
    )  # fmt: skip
    cpu = time.process_time()
    run: RunRecord = store.run(worker.run(study.id, config, settings))
    cpu = time.process_time() - cpu
    seen = [server.count() for server in servers]
    stages = (config.draft_count, len(run.personas))
    ideal = sum(math.ceil(calls / options.workers) * options.latency for calls in stages)
    assert [calls for calls, _ in seen] == list(stages)
    wall = (run.finished_at - run.created_at).total_seconds() if run.finished_at else math.nan
    return Measured(
        count=count,
        wall_s=wall,
        ideal_s=ideal,
        ratio=wall / ideal,
        check_s=run.created_at.timestamp() - began,
        draft_s=run.timing.draft_s,
        assess_s=run.timing.assess_s,
        refine_s=run.timing.refine_s,
        cpu_s=cpu,
        calls=sum(stages),
        at_once=(seen[0][1], seen[1][1]),
    )


def show(measured: Measured, workers: int) -> None:
    """Print one line."""
    verdict = "ok" if measured.ratio <= ALLOWED else f"over {ALLOWED:.2f}"
    print(
        f"count {measured.count:>3}: wall {measured.wall_s:6.2f} s, ideal {measured.ideal_s:6.2f} s,"
        f" ratio {measured.ratio:.3f} ({verdict}); draft {measured.draft_s:.2f}, assess {measured.assess_s:.2f},"
        f" refine {measured.refine_s:.2f} s; {measured.calls} calls, at most {measured.at_once} of {workers} at once;"
        f" {measured.cpu_s:.2f} s of CPU; check before it {measured.check_s:.2f} s"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, nargs="+", default=[10, 20, 100])
    parser.add_argument("--latency", type=float, default=0.2, help="seconds per answer")
    parser.add_argument("--workers", type=int, default=4, help="of each stage")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    study = load_paths([ROOT / "data" / "hearthwise"])
    with (
        serve("ollama", options.latency) as local,
        serve("anthropic", options.latency) as frontier,
        tempfile.TemporaryDirectory() as folder,
    ):
        variables = {"OLLAMA_HOST": local.url, "ANTHROPIC_BASE_URL": frontier.url, "ANTHROPIC_API_KEY": "none"}
        settings, store = Settings().with_secrets(variables), Store(Path(folder) / "persona.db")
        store.save_study(study)
        worker = Worker(store)
        first, *found = [
            measure(worker, store, study, (local, frontier), options, settings, count) for count in (1, *options.count)
        ]
    if options.json:
        print(json.dumps({"first": first._asdict(), "runs": [measured._asdict() for measured in found]}, indent=2))
        return
    print(f"first run of the process, for one persona: check {first.check_s:.2f} s, then wall {first.wall_s:.2f} s")
    for measured in found:
        show(measured, options.workers)


if __name__ == "__main__":
    main()
