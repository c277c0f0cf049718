"""How far a running run is, as bars and an estimate of the time left.

Pure functions on the store's progress row; whoever watches a run asks the store again and calls them again.
"""

from datetime import datetime

from pipeline.models import Batch, Frozen, RunStatus
from pipeline.runlog import StageName

TITLES: dict[StageName, str] = {"draft": "Draft", "assess": "Assess", "refine": "Refine"}


class RunProgress(Frozen):
    """How far a run is, cheap enough to ask every second."""

    status: RunStatus
    cancel_requested: bool
    stage: StageName | None
    """The stage that was begun last; `None` before the first."""
    planned: dict[StageName, int]
    """Items to do per stage; a stage that has not begun is absent."""
    drafted: int
    failed: int
    """Drafts that could not be had."""
    assessed: int
    finished: int
    """Personas that have reached their outcome."""
    spent_micros: int
    """Settled money, lost calls included."""
    reserved_micros: int
    """Reservations of the calls in flight."""
    budget_micros: int | None
    latest: str | None
    """The last event in words: plain text, untrusted."""
    started_at: datetime
    stage_started_at: datetime | None
    batch: Batch | None = None
    """The batch whose answers the run waits for; `None` when it waits for none."""


class StageBar(Frozen):
    """One stage of a run."""

    stage: StageName
    title: str
    done: int
    """Items dealt with, failed drafts included."""
    planned: int | None
    """Items to do; `None` while the stage has not begun."""

    @property
    def fraction(self) -> float:
        """Done of planned, 0 to 1; 0 before the stage has begun, 1 when it had nothing to do."""
        if self.planned is None:
            return 0.0
        return min(1.0, self.done / self.planned) if self.planned else 1.0


def stage_bars(progress: RunProgress) -> tuple[StageBar, ...]:
    """The three stages in their order."""
    done: dict[StageName, int] = {
        "draft": progress.drafted + progress.failed,
        "assess": progress.assessed,
        "refine": progress.finished,
    }
    return tuple(
        StageBar(stage=stage, title=title, done=done[stage], planned=progress.planned.get(stage))
        for stage, title in TITLES.items()
    )


def stage_seconds_left(progress: RunProgress, now: datetime) -> float | None:
    """Seconds until the current stage is done, if its items go on taking as long as they did so far.

    `None` before the first item is done, because nothing is known about how long one takes, and while a
    provider's batch is waited for. What later stages will take is not guessed.
    """
    bar = next((bar for bar in stage_bars(progress) if bar.stage == progress.stage), None)
    if progress.batch or bar is None or bar.planned is None or progress.stage_started_at is None or not bar.done:
        return None
    seconds = max(0.0, (now - progress.stage_started_at).total_seconds())
    return seconds / bar.done * max(0, bar.planned - bar.done)
