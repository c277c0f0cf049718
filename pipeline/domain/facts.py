"""The facts of a run, written the moment they exist, and how far a running run is.

The pipeline knows only the protocol `RunLog`. `pipeline.hybrid.memory_log` keeps the facts in memory for use from
Python and in tests; the store's log writes them to SQLite, so that a killed run loses nothing. Both hand their facts
to `with_facts`, so that the same facts give the same record wherever they were kept. A repeated fact about an item
replaces the earlier one. Progress bars are pure functions on the store's progress row.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.persona import Assessment
from pipeline.domain.routing import rank
from pipeline.domain.run import (
    AssessedDraft,
    Batch,
    Draft,
    DraftFailure,
    FinalPersona,
    ModelCall,
    RunRecord,
    RunStatus,
    Timing,
)
from pipeline.domain.study import Study

StageName = Literal["draft", "assess", "refine"]

EventKind = Literal["stage", "draft", "failure", "score", "persona", "call", "batch", "warning", "run"]

TITLES: dict[StageName, str] = {"draft": "Draft", "assess": "Assess", "refine": "Refine"}


class RunLog(Protocol):
    """The facts of one run, in the order they happen. Methods are called from several threads."""

    def stage_started(self, stage: StageName, planned: int) -> None:
        """A stage begins with this many items to do."""

    def draft_written(self, draft: Draft) -> None:
        """A draft was parsed and accepted as a draft."""

    def draft_failed(self, failure: DraftFailure) -> None:
        """A draft could not be had; it will not be tried again in this run."""

    def draft_assessed(self, draft_id: str, assessment: Assessment) -> None:
        """A draft has scores. Called again for the same draft when a near-duplicate lowers them."""

    def persona_finished(self, persona: FinalPersona) -> None:
        """A kept draft has reached its outcome."""

    def call_opened(self, call: ModelCall) -> None:
        """An attempt is about to be sent; its reservation counts as spent from now on.

        Raises:
            BudgetExhausted: it does not fit beside what other processes have reserved; nothing is written.
            Cancelled: the run was cancelled; nothing is written.
            ProviderError: it would leave this machine, and the study never does; nothing is written.
        """

    def call_closed(self, call: ModelCall) -> None:
        """The same attempt (same id) has ended: status, usage and settled cost are final."""

    def batch_changed(self, batch: Batch) -> None:
        """A batch is planned, sent, taken by the provider, or done with; its calls name its marker."""

    def warn(self, sentence: str) -> None:
        """Something the user should know that does not stop the run."""

    def is_cancelled(self) -> bool:
        """Whether the user has asked the run to stop."""


NEVER_LEAVES = "Not sent: this study never leaves this machine."


class RunFacts(Frozen):
    """All a run has produced so far, in the order in which a record lists it."""

    drafts: tuple[Draft, ...] = ()
    """Every draft that was written, those that have no score yet included; by id."""
    assessments: dict[str, Assessment] = {}
    """By draft id."""
    failures: tuple[DraftFailure, ...] = ()
    """By draft id."""
    personas: tuple[FinalPersona, ...] = ()
    """Best first; those without a score last; ties by draft id."""
    calls: tuple[ModelCall, ...] = ()
    """By the time at which they were sent."""
    warnings: tuple[str, ...] = ()
    """Each once, in the order of their first appearance."""
    batches: tuple[Batch, ...] = ()
    """In the order in which they were planned."""


def collect(
    drafts: Iterable[Draft],
    assessments: dict[str, Assessment],
    failures: Iterable[DraftFailure],
    personas: Iterable[FinalPersona],
    calls: Iterable[ModelCall],
    warnings: Iterable[str],
    batches: Iterable[Batch] = (),
) -> RunFacts:
    """The facts in their fixed order: which worker thread was quicker leaves no trace."""
    return RunFacts(
        drafts=tuple(sorted(drafts, key=lambda draft: draft.id)),
        assessments=assessments,
        failures=tuple(sorted(failures, key=lambda failure: failure.draft_id)),
        personas=tuple(sorted(personas, key=lambda final: (rank(final.assessment.scores.overall), final.draft_id))),
        calls=tuple(sorted(calls, key=lambda call: (call.started_at, call.id))),
        warnings=tuple(dict.fromkeys(warnings)),
        batches=tuple(batches),
    )


def with_facts(run: RunRecord, facts: RunFacts) -> RunRecord:
    """The record of a run with its facts filled in; drafts best first, those not yet scored left out."""
    scored = [
        AssessedDraft(draft=draft, assessment=facts.assessments[draft.id])
        for draft in facts.drafts
        if draft.id in facts.assessments
    ]
    return run.model_copy(
        update={
            "drafts": tuple(sorted(scored, key=lambda item: (rank(item.assessment.scores.overall), item.draft.id))),
            "failures": facts.failures,
            "personas": facts.personas,
            "calls": facts.calls,
            "warnings": facts.warnings,
        }
    )


def default_run_name(study: Study, config: HybridConfig) -> str:
    """What a run is called that nobody has named."""
    return f"{study.name} at {config.quality_threshold:.2f}"


def new_run_id() -> str:
    """`run-` and eight random hexadecimal digits."""
    return f"run-{secrets.token_hex(4)}"


class RunResult(Frozen):
    """How a run ended; its facts are in the log."""

    status: RunStatus
    drafts: tuple[AssessedDraft, ...]
    personas: tuple[FinalPersona, ...]
    timing: Timing
    frontier_only_micros: int | None
    price_source: str
    scorer_version: str


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
