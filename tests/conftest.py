"""Options of the whole suite."""

import pytest
from hypothesis import HealthCheck, settings

# A deadline in wall-clock time measures what else the machine does: an example of a millisecond that waits for its
# turn is a failure. Tests that bound time say so themselves.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the long versions of randomised tests (an hour)")
    parser.addoption("--write-docs", action="store_true", help="write the documents that tests generate")
