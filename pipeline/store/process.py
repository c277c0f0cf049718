"""Which process is doing something, and whether it still is: for runs that may have been killed."""

import os
import socket

import psutil

from pipeline.domain.base import Frozen


class ProcessMark(Frozen):
    """One process of one machine. Numbers are reused, so the start belongs to the identity."""

    host: str
    pid: int
    process_started: float
    """Seconds since 1970, as the operating system computes it."""


def this_process() -> ProcessMark:
    """The process that asks."""
    return ProcessMark(host=socket.gethostname(), pid=os.getpid(), process_started=psutil.Process().create_time())


def is_alive(mark: ProcessMark) -> bool | None:
    """Whether the process is still there; `None` when that cannot be seen from here."""
    if mark.host != socket.gethostname():
        return None
    try:
        process = psutil.Process(mark.pid)
        # The start is computed from the time of boot, which moves a little when the clock is set.
        same = abs(process.create_time() - mark.process_started) < 5
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None
