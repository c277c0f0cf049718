"""Time and money: the clock as an argument, and whole micro-USD.

No other module asks the system for the time. USD stands only where people and other programs read or write it.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

MICROS = 1_000_000
"""Micro-USD in one USD."""


class Clock(Protocol):
    """What the pipeline needs to know of time."""

    def now(self) -> datetime:
        """The moment, aware UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back: for durations."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The real clock."""

    def now(self) -> datetime:
        """The moment, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
