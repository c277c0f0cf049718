"""The command line in processes that start at once, because a fork server has loaded everything it needs."""

import io
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType

LOADED = (
    "pipeline.cli.main",
    "pipeline.store",
    "pipeline.jobs.worker",
    "pipeline.cli.terminal",
    "pipeline.results.export",
    "anthropic",
)
LOADED += ("httpcore2", "truststore", "tests.preloaded", "pipeline.hybrid.pipeline", "pipeline.hybrid.focus")
LOADED += ("pipeline.sources", "pipeline.store.migrations", "ollama", "scipy.cluster.hierarchy", "tests.forked")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(LOADED))


def start(arguments: Sequence[str], variables: Mapping[str, str]) -> multiprocessing.context.ForkServerProcess:
    """`persona` with these arguments and variables, in a process of its own."""
    process = _CONTEXT.Process(target=_main, args=(list(arguments), dict(variables)))
    # A test of a page leaves its script behind as the main module, and the new process would run that first.
    left_behind, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = left_behind
    return process


def _main(arguments: list[str], variables: dict[str, str]) -> None:
    from pipeline.cli.main import main

    os.environ.update(variables)
    complaints = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(complaints):
        code = main(arguments)
    if code:
        sys.stderr.write(complaints.getvalue())
    sys.exit(code)
