"""The whole pipeline: local draft → local assessment → frontier refinement of drafts under the threshold.

Synchronous: `run` returns when the run has ended. It logs every fact as soon as it exists, and resumes from the
facts of an interrupted attempt.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.domain.config import HybridConfig, Settings, from_environment
from pipeline.domain.facts import RunFacts, RunLog, RunResult
from pipeline.domain.run import AssessedDraft, FinalPersona, RunRecord, Stage, Timing
from pipeline.domain.study import Study
from pipeline.domain.units import Clock, SystemClock
from pipeline.errors import ProviderError
from pipeline.hybrid.assess import AssessInput, QualityAssessmentStage
from pipeline.hybrid.batches import BatchDesk, BatchPolicy
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.capacity import capacity
from pipeline.hybrid.draft import DraftInput, DraftOutput, LocalDraftStage, draft_id_of
from pipeline.hybrid.forecast import frontier_only_micros
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.hybrid.preflight import plan_run
from pipeline.hybrid.redaction import Redactor
from pipeline.hybrid.refine import Frontier, FrontierRefinementStage, RefineInput
from pipeline.providers import Ask, Provider, Reply, Request, T
from pipeline.providers.pricing import FREE, Pricer
from pipeline.scoring import Scorer
from pipeline.scoring.index import StudyIndex
from pipeline.text.wording import usd


class HybridPipeline:
    """One configuration with its providers, ready to run on studies."""

    def __init__(
        self,
        config: HybridConfig,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        cache: Path | None = None,
        drafting: bool = True,
        private: bool = False,
    ) -> None:
        """Check the configuration and build its providers; raises what `preflight.plan_run` raises.

        Args:
            config: what to run.
            settings: keys and addresses; the environment's unless given.
            clock: the system's unless given.
            cache: folder that caches indexes, scorer answers and judge checks between runs; `None` disables it.
            drafting: whether to write drafts. If not, existing drafts are used and no local drafting model is checked
                or called.
            private: whether the study never leaves this machine; no setting can override it.
        """
        self.plan = plan_run(config, settings or from_environment(), cache, drafting=drafting, private=private)
        self._private = private
        self._drafting = drafting
        self._clock = clock or SystemClock()
        self._cache = cache

    def run(self, study: Study) -> RunRecord:
        """Run on one study and return its record, with all facts kept in memory.

        Raises:
            ProviderError: every draft failed.
        """
        log = MemoryLog(private=self._private)
        began = self._clock.now()
        result = self.execute(study, log)
        return log.record(
            study=study,
            config=self.plan.config,
            simulated=self.plan.simulated,
            result=result,
            began=began,
            ended=self._clock.now(),
            local_digest=self.plan.local_health.digest,
        )

    def execute(self, study: Study, log: RunLog, so_far: RunFacts | None = None) -> RunResult:
        """Run on one study, write every fact to a log, and return the result.

        Args:
            study: the source.
            log: receives the facts.
            so_far: facts of an interrupted attempt, or drafts to reuse; nothing in them is done again.

        Raises:
            ProviderError: every draft failed.
        """
        config, so_far = self.plan.config, so_far or RunFacts()
        crowded = capacity(study).warn_of(config.count, config.draft_count) if self._drafting else ""
        for sentence in (*study.warnings, *self.plan.warnings, *([crowded] if crowded else [])):
            log.warn(sentence)
        ledger = HybridCostTracker(config.budget_micros, sum(call.cost_micros for call in so_far.calls))
        started = self._clock.monotonic()

        frontier = self._frontier(ledger, log, so_far)
        # One thread that computes while the drafting threads wait for the model.
        with ThreadPoolExecutor(1, thread_name_prefix="assess") as computing:
            scorer = computing.submit(self._scorer, study, log, so_far)
            redactor = computing.submit(lambda: Redactor(study) if config.redact and self.plan.sends_out else None)
            assessing = QualityAssessmentStage(scorer, computing, log)
            # Models of the score may share a server with the drafts': side by side, each would push the other out.
            meanwhile = () if self.plan.scoring.are_on else (assessing.begin,)
            if self._drafting:
                drafting = LocalDraftStage(self._local_caller(log, so_far), config, log, *meanwhile)
                drafted = drafting.execute(DraftInput(study=study, written=so_far.drafts, failed=so_far.failures))
            else:
                drafted = DraftOutput(drafts=so_far.drafts, failures=())
            _require_drafts(drafted, log)
            drafted_at = self._clock.monotonic()

            assessed = assessing.execute(AssessInput(drafts=drafted.drafts, known=so_far.assessments)).drafts
            assessed_at = self._clock.monotonic()

            refining = FrontierRefinementStage(frontier, scorer.result(), redactor.result(), config, log)
        refine = RefineInput(study=study, drafts=assessed, finished=so_far.personas)
        personas = refining.execute(refine).personas
        self._report_overshoot(ledger, log)
        ended = self._clock.monotonic()
        return RunResult(
            status="cancelled" if log.is_cancelled() else "completed",
            drafts=assessed,
            personas=personas,
            timing=Timing(
                wall_s=ended - started,
                draft_s=drafted_at - started,
                assess_s=assessed_at - drafted_at,
                refine_s=ended - assessed_at,
            ),
            frontier_only_micros=self._frontier_only(assessed, personas, frontier, study),
            price_source=self.plan.pricer.source,
            scorer_version=scorer.result().version,
        )

    def _scorer(self, study: Study, log: RunLog, so_far: RunFacts) -> Scorer:
        index = StudyIndex.cached(study, self._cache)
        asking = lambda model, stage: self._asking(model, stage, log, so_far)  # noqa: E731
        return self.plan.scoring.scorer(index, self.plan.config, asking)

    def _asking(self, model: Provider, stage: Stage, log: RunLog, so_far: RunFacts) -> Ask:
        """Return a function that calls a model of the scorer, logs every attempt, and raises when it fails."""
        caller = self._caller(model, stage, FREE, HybridCostTracker(None), log, so_far, RetryPolicy())

        def ask(request: Request, read: Callable[[Reply], T], about: str) -> T:
            try:
                return caller.complete(request, read, caller.admit(request, draft_id_of(about)))
            except ProviderError as error:
                raise ProviderError(
                    f"The score cannot be computed without {model.model}: {error} The drafts are kept: resume the run"
                    " when the server is back."
                ) from error

        return ask

    def _local_caller(self, log: RunLog, so_far: RunFacts) -> Caller:
        in_process = self.plan.local.in_process
        policy = RetryPolicy(unreadable=not in_process, breaker=None if in_process else RetryPolicy().breaker)
        return self._caller(self.plan.local, "draft", FREE, HybridCostTracker(None), log, so_far, policy)

    def _frontier(self, ledger: HybridCostTracker, log: RunLog, so_far: RunFacts) -> Frontier:
        if self.plan.frontier is None:
            return Frontier(None, self.plan.missing, self.plan.reason)
        config, batches = self.plan.config, self.plan.frontier.batches
        caller = self._caller(self.plan.frontier, "refine", self.plan.pricer, ledger, log, so_far, RetryPolicy())
        if config.refine_mode == "live" or batches is None:
            return Frontier(caller)
        policy = BatchPolicy(poll_s=config.batch_poll_s)
        return Frontier(caller, desk=BatchDesk(caller, batches, log, self._clock, policy, so_far))

    def _caller(
        self,
        provider: Provider,
        stage: Stage,
        pricer: Pricer,
        ledger: HybridCostTracker,
        log: RunLog,
        so_far: RunFacts,
        policy: RetryPolicy,
    ) -> Caller:
        earlier = [call for call in so_far.calls if call.stage == stage or (stage, call.stage) == ("refine", "count")]
        return Caller(provider, pricer, ledger, log, self._clock, policy, seed=self.plan.config.seed, earlier=earlier)

    def _report_overshoot(self, ledger: HybridCostTracker, log: RunLog) -> None:
        """Warn that bills exceed the budget: reservations hold only if providers bill at most what was requested."""
        over = ledger.spent() - (ledger.budget_micros or 0)
        if ledger.budget_micros is not None and over > 0:
            log.warn(
                f"The bills exceed the budget of {usd(ledger.budget_micros)} by {usd(over)}, because the provider"
                " billed more than was requested. No further call was started after that."
            )

    def _frontier_only(
        self, assessed: tuple[AssessedDraft, ...], personas: tuple[FinalPersona, ...], frontier: Frontier, study: Study
    ) -> int | None:
        if self.plan.frontier_health is None or not personas:
            return None
        delivered = {final.draft_id for final in personas}
        answered = [final for final in personas if final.outcome in ("refined", "refine_not_better")]
        paid = {final.draft_id: frontier.caller.spent_micros(final.draft_id) for final in answered if frontier.caller}
        kept = [item for item in assessed if item.draft.id in delivered]
        return frontier_only_micros(kept, paid, study, self.plan.config, self.plan.pricer)


def _require_drafts(drafted: DraftOutput, log: RunLog) -> None:
    """Raise when all drafts are missing, unless the run was cancelled."""
    if not drafted.drafts and not log.is_cancelled():
        last = drafted.failures[-1].reason
        raise ProviderError(f"All {len(drafted.failures)} drafts failed. The last reason: {last}")
