"""In-memory log of a run, for use from Python and in tests."""

from datetime import datetime

from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import (
    NEVER_LEAVES,
    RunFacts,
    RunLog,
    RunResult,
    StageName,
    collect,
    default_run_name,
    new_run_id,
    with_facts,
)
from pipeline.domain.persona import Assessment
from pipeline.domain.run import Batch, Draft, DraftFailure, FinalPersona, ModelCall, RunRecord
from pipeline.domain.study import Study
from pipeline.errors import Cancelled, ProviderError
from pipeline.providers.prompts import PROMPT_VERSION


class MemoryLog(RunLog):
    """Keeps the facts of one run in this process.

    No lock, although several threads write: every fact is one dict or list operation, which Python makes
    atomic, and two threads never write the same item.
    """

    def __init__(self, *, private: bool = False) -> None:
        """Create an empty log; `private` if the study never leaves this machine."""
        self._private = private
        self._drafts: dict[str, Draft] = {}
        self._assessments: dict[str, Assessment] = {}
        self._failures: dict[str, DraftFailure] = {}
        self._personas: dict[str, FinalPersona] = {}
        self._calls: dict[str, ModelCall] = {}
        self._warnings: list[str] = []
        self._batches: dict[str, Batch] = {}
        self._cancelled = False

    def stage_started(self, stage: StageName, planned: int) -> None:
        """Do nothing: a run in memory shows no progress."""

    def draft_written(self, draft: Draft) -> None:
        """Keep the draft and drop an earlier failure of it."""
        self._drafts[draft.id] = draft
        self._failures.pop(draft.id, None)

    def draft_failed(self, failure: DraftFailure) -> None:
        """Keep the failure."""
        self._failures[failure.draft_id] = failure

    def draft_assessed(self, draft_id: str, assessment: Assessment) -> None:
        """Keep the scores, replacing earlier ones."""
        self._assessments[draft_id] = assessment

    def persona_finished(self, persona: FinalPersona) -> None:
        """Keep the outcome."""
        self._personas[persona.draft_id] = persona

    def call_opened(self, call: ModelCall) -> None:
        """Keep the attempt, charged at its reservation; a run in memory has a budget of its own."""
        if self._cancelled:
            raise Cancelled("The run was cancelled.")
        if self._private and call.place != "here":
            raise ProviderError(NEVER_LEAVES)
        self._calls[call.id] = call

    def call_closed(self, call: ModelCall) -> None:
        """Keep the attempt as it ended."""
        self._calls[call.id] = call

    def call_progressed(self, call: ModelCall, tokens: int) -> None:
        """Do nothing: a run in memory shows no progress."""

    def batch_changed(self, batch: Batch) -> None:
        """Keep the batch as it is now."""
        self._batches[batch.marker] = batch

    def warn(self, sentence: str) -> None:
        """Keep the warning."""
        self._warnings.append(sentence)

    def cancel(self) -> None:
        """Ask the run to stop before its next call."""
        self._cancelled = True

    def is_cancelled(self) -> bool:
        """Return true after `cancel`."""
        return self._cancelled

    def facts(self) -> RunFacts:
        """Return the facts so far; safe to call during the run."""
        return collect(
            list(self._drafts.values()),
            dict(self._assessments),
            list(self._failures.values()),
            list(self._personas.values()),
            list(self._calls.values()),
            list(self._warnings),
            list(self._batches.values()),
        )

    def record(
        self,
        *,
        study: Study,
        config: HybridConfig,
        simulated: bool,
        result: "RunResult",
        began: datetime,
        ended: datetime,
        local_digest: str = "",
    ) -> RunRecord:
        """Return the run's record under a new id, equal to the one a store would return."""
        run = RunRecord(
            id=new_run_id(),
            name=default_run_name(config),
            status=result.status,
            simulated=simulated,
            study_id=study.id,
            study_name=study.name,
            study=study.size,
            config=config,
            scorer_version=result.scorer_version,
            prompt_version=PROMPT_VERSION,
            local_digest=local_digest,
            frontier_only_micros=result.frontier_only_micros,
            price_source=result.price_source,
            timing=result.timing,
            created_at=began,
            finished_at=ended,
        )
        return with_facts(run, self.facts())
