"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the long versions of randomised tests (an hour)")
    parser.addoption("--write-docs", action="store_true", help="write the documents that tests generate")
