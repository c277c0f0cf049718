"""Benchmarks are run by hand and rarely, so the suite sees to it that they can still be started."""

import importlib
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent.parent / "benchmarks").glob("*.py"))
STARTED = [path.stem for path in FILES if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_benchmark_can_be_imported(name: str) -> None:
    assert importlib.import_module(f"benchmarks.{name}").__doc__


@pytest.mark.parametrize("name", STARTED)
def test_a_benchmark_says_how_it_is_started(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")

    assert callable(module.main)
    assert name in module.__doc__, "its first lines show the command"
