"""Facts of a run, written as soon as they exist, and the progress of a running run.

The pipeline knows only the protocol `RunLog`. `pipeline.hybrid.memory_log` keeps the facts in memory for use from
Python and in tests; the store's log writes them to SQLite, so that a killed run loses nothing. Both pass their facts
to `with_facts`, so that the same facts give the same record from either log. A repeated fact about an item replaces
the earlier one. Progress bars are pure functions on the store's progress row.
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

StageName = Literal["draft", "assess", "refine"]

EventKind = Literal["stage", "draft", "failure", "score", "persona", "call", "batch", "warning", "run"]

TITLES: dict[StageName, str] = {"draft": "Draft", "assess": "Assess", "refine": "Refine"}


class RunLog(Protocol):
    """Log of one run's facts, in order of occurrence. Methods are called from several threads."""

    def stage_started(self, stage: StageName, planned: int) -> None:
        """Record that a stage begins, with its number of items."""

    def draft_written(self, draft: Draft) -> None:
        """Record a draft that was parsed and accepted."""

    def draft_failed(self, failure: DraftFailure) -> None:
        """Record that draft generation failed; this attempt at the run does not try it again."""

    def draft_assessed(self, draft_id: str, assessment: Assessment) -> None:
        """Record the scores of a draft; called again when a near-duplicate lowers them."""

    def persona_finished(self, persona: FinalPersona) -> None:
        """Record the outcome of a kept draft."""

    def call_opened(self, call: ModelCall) -> None:
        """Record an attempt before it is sent; its reservation counts as spent from now on.

        Raises:
            BudgetExhausted: it does not fit beside what other processes have reserved; nothing is written.
            Cancelled: the run was cancelled; nothing is written.
            ProviderError: it would leave this machine, and the study is private; nothing is written.
        """

    def call_closed(self, call: ModelCall) -> None:
        """Record the end of the attempt with this id: status, usage and settled cost are final."""

    def call_progressed(self, call: ModelCall, tokens: int) -> None:
        """Record that an open attempt has so many tokens of its answer; about once a second, not a fact of the run."""

    def batch_changed(self, batch: Batch) -> None:
        """Record that a batch is planned, sent, accepted by the provider, or finished; its calls name its marker."""

    def warn(self, sentence: str) -> None:
        """Record a warning for the user that does not stop the run."""

    def is_cancelled(self) -> bool:
        """Return true if the user has cancelled the run."""


NEVER_LEAVES = "Not sent: this study never leaves this machine."


class RunFacts(Frozen):
    """Everything a run has produced so far, in the order of its record."""

    drafts: tuple[Draft, ...] = ()
    """All written drafts, those without a score included; by id."""
    assessments: dict[str, Assessment] = {}
    """By draft id."""
    failures: tuple[DraftFailure, ...] = ()
    """By draft id."""
    personas: tuple[FinalPersona, ...] = ()
    """Best first; those without a score last; ties by draft id."""
    calls: tuple[ModelCall, ...] = ()
    """In order of sending."""
    warnings: tuple[str, ...] = ()
    """Without repetitions, in order of first appearance."""
    batches: tuple[Batch, ...] = ()
    """In order of planning."""


def collect(
    drafts: Iterable[Draft],
    assessments: dict[str, Assessment],
    failures: Iterable[DraftFailure],
    personas: Iterable[FinalPersona],
    calls: Iterable[ModelCall],
    warnings: Iterable[str],
    batches: Iterable[Batch] = (),
) -> RunFacts:
    """Sort the facts, so that their order does not depend on thread timing."""
    return RunFacts(
        drafts=tuple(sorted(drafts, key=lambda draft: draft.id)),
        assessments=assessments,
        failures=tuple(sorted(failures, key=lambda failure: failure.draft_id)),
        personas=tuple(sorted(personas, key=lambda final: (rank(final.assessment.scores.overall), final.draft_id))),
        calls=tuple(sorted(calls, key=lambda call: (call.started_at, call.id))),
        warnings=tuple(dict.fromkeys(warnings)),
        batches=tuple(batches),
    )


def assessed(facts: RunFacts) -> tuple[AssessedDraft, ...]:
    """Return the drafts that have a score, best first; ties by draft id."""
    scored = [
        AssessedDraft(draft=draft, assessment=facts.assessments[draft.id])
        for draft in facts.drafts
        if draft.id in facts.assessments
    ]
    return tuple(sorted(scored, key=lambda item: (rank(item.assessment.scores.overall), item.draft.id)))


def with_facts(run: RunRecord, facts: RunFacts) -> RunRecord:
    """Return the record of a run with its facts; drafts best first, those without a score left out."""
    return run.model_copy(
        update={
            "drafts": assessed(facts),
            "failures": facts.failures,
            "personas": facts.personas,
            "calls": facts.calls,
            "warnings": facts.warnings,
        }
    )


def default_run_name(config: HybridConfig, number: int | None = None) -> str:
    """Return the default name of a run: its drafting model, threshold and number, as in `qwen2.5:7b · 0.70 · #12`.

    Args:
        config: resolved; a run without a frontier has no threshold to name.
        number: of the run in its database; `None` outside one.
    """
    drafter = "builtin" if config.local_provider == "builtin" else config.local_model
    routed = f"{config.quality_threshold:.2f}" if config.uses_frontier else "local only"
    return " · ".join([drafter, routed, *([f"#{number}"] if number is not None else [])])


def new_run_id() -> str:
    """Return a new run id: `run-` and eight random hexadecimal digits."""
    return f"run-{secrets.token_hex(4)}"


class RunResult(Frozen):
    """Result of a run; its facts are in the log."""

    status: RunStatus
    drafts: tuple[AssessedDraft, ...]
    personas: tuple[FinalPersona, ...]
    timing: Timing
    frontier_only_micros: int | None
    price_source: str
    scorer_version: str


class WritingDraft(Frozen):
    """An answer while it is being written."""

    draft_id: str
    tokens: int
    """Tokens so far."""


class RunProgress(Frozen):
    """Progress of a run, cheap enough to query every second."""

    status: RunStatus
    cancel_requested: bool
    stage: StageName | None
    """The latest stage; `None` before the first."""
    planned: dict[StageName, int]
    """Number of items per stage; stages that have not begun are absent."""
    drafted: int
    failed: int
    """Drafts whose generation failed."""
    assessed: int
    finished: int
    """Personas with an outcome."""
    spent_micros: int
    """Settled money, lost calls included."""
    reserved_micros: int
    """Reservations of the calls in flight."""
    budget_micros: int | None
    latest: str | None
    """The latest event: plain text, untrusted."""
    writing: tuple[WritingDraft, ...] = ()
    """Answers being written right now, by draft."""
    started_at: datetime
    stage_started_at: datetime | None
    batch: Batch | None = None
    """The batch the run is waiting for; `None` when there is none."""


class StageBar(Frozen):
    """Progress bar of one stage."""

    stage: StageName
    title: str
    done: int
    """Finished items, failed drafts included."""
    planned: int | None
    """Number of items; `None` before the stage begins."""

    @property
    def fraction(self) -> float:
        """Finished share, 0 to 1; 0 before the stage begins, 1 when it has no items."""
        if self.planned is None:
            return 0.0
        return min(1.0, self.done / self.planned) if self.planned else 1.0


def stage_bars(progress: RunProgress) -> tuple[StageBar, ...]:
    """Return the progress bars of the three stages, in order."""
    done: dict[StageName, int] = {
        "draft": progress.drafted + progress.failed,
        "assess": progress.assessed,
        "refine": progress.finished,
    }
    return tuple(
        StageBar(stage=stage, title=title, done=done[stage], planned=progress.planned.get(stage))
        for stage, title in TITLES.items()
    )


def writing_words(progress: RunProgress) -> str:
    """Describe the answers being written: `draft 3 of 10 · 212 tokens`; empty when nothing is known of them."""
    planned = progress.planned.get(progress.stage) if progress.stage else None
    of = f" of {planned}" if planned else ""
    return ", ".join(
        f"draft {draft.draft_id.rpartition('-')[2].lstrip('0')}{of} · {draft.tokens:,} tokens"
        for draft in progress.writing
    )


def stage_seconds_left(progress: RunProgress, now: datetime) -> float | None:
    """Estimate the seconds until the current stage ends, from the mean time per finished item.

    `None` before the first item is finished, because there is no measured time yet, and while the run waits for a
    provider's batch. Later stages are not included.
    """
    bar = next((bar for bar in stage_bars(progress) if bar.stage == progress.stage), None)
    if progress.batch or bar is None or bar.planned is None or progress.stage_started_at is None or not bar.done:
        return None
    seconds = max(0.0, (now - progress.stage_started_at).total_seconds())
    return seconds / bar.done * max(0, bar.planned - bar.done)
