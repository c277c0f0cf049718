"""Process identity and liveness, to detect runs whose process was killed."""

import os
import socket

import psutil

from pipeline.domain.base import Frozen


class ProcessMark(Frozen):
    """One process of one machine. Process ids are reused, so the start time is part of the identity."""

    host: str
    pid: int
    process_started: float
    """Seconds since 1970, as computed by the operating system."""


def this_process() -> ProcessMark:
    """Return the identity of the current process."""
    return ProcessMark(host=socket.gethostname(), pid=os.getpid(), process_started=psutil.Process().create_time())


def is_alive(mark: ProcessMark) -> bool | None:
    """Check whether a process still runs; `None` when it cannot be checked from this machine."""
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
