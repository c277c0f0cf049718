"""Units of time and money: an injectable clock, and integer micro-USD.

No other module reads the system clock. USD appears only where people and other programs read or write it.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

MICROS = 1_000_000
"""Micro-USD in one USD."""


class Clock(Protocol):
    """Clock interface of the pipeline."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start, never decreasing: for durations."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The real clock."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
