"""Broken files of every format: a study or one sentence, in bounded time and memory.

The suite reads a slice of the inputs; `--long` reads 20,000 of them.
"""

import sys

import pytest

from tests import fuzzing


@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform != "linux", reason="bounds of a process are set and read as on Linux")
def test_a_broken_file_of_any_format_gives_a_study_or_one_sentence(request: pytest.FixtureRequest) -> None:
    numbers = range(20_000) if request.config.getoption("--long") else range(300)
    report = fuzzing.run(numbers)
    told = f"{dict(report.outcomes)}, slowest {report.slowest}, largest process {report.largest_mb:.0f} MB"
    sys.stdout.write("\n".join((told, *report.failures, "")))
    assert report.failures == []
    assert sum(report.outcomes.values()) == len(numbers)
    assert min(report.outcomes["study"], report.outcomes["refused"]) > len(numbers) // 10
