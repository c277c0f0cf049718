"""Stage 2: score every draft locally, for free."""

from concurrent.futures import Executor, Future

from pipeline.domain.base import Frozen
from pipeline.domain.facts import RunLog
from pipeline.domain.persona import Assessment, Finding
from pipeline.domain.routing import select
from pipeline.domain.run import AssessedDraft, Draft
from pipeline.errors import Cancelled
from pipeline.hybrid.stage import PipelineStage
from pipeline.scoring import Scorer, penalise_near_duplicates

_CUT_OFF = Finding(
    kind="cut_off",
    text="The model was cut off in the middle of this draft: fields after that are missing, and its name may be ours.",
)


class AssessInput(Frozen):
    """Drafts to score against the study that the scorer was built on."""

    drafts: tuple[Draft, ...]
    known: dict[str, Assessment] = {}
    """Existing scores by draft id; those of another scorer version are ignored."""


class AssessOutput(Frozen):
    """The same drafts with their scores, best first."""

    drafts: tuple[AssessedDraft, ...]


class QualityAssessmentStage(PipelineStage[AssessInput, AssessOutput]):
    """Scores each draft against its own focus, then lowers near-duplicates of better ones.

    `begin` scores a draft while the next ones are still being written; `execute` scores the rest and waits for all.
    """

    def __init__(self, scorer: "Future[Scorer]", pool: Executor, log: RunLog) -> None:
        """Bind the stage to a scorer, which may still be under construction, and to the pool that scores.

        Args:
            scorer: submitted to `pool` before any draft.
            pool: with a single thread, since scoring only computes.
            log: where scores are written.
        """
        self._scorer = scorer
        self._pool = pool
        self._log = log
        self._begun: dict[str, Future[AssessedDraft]] = {}

    def begin(self, draft: Draft) -> None:
        """Start scoring a draft. Called from several threads, once per draft."""
        self._begun[draft.id] = self._pool.submit(self._assess, draft)

    def execute(self, stage_input: AssessInput) -> AssessOutput:
        """Score all drafts that have no score yet. Deterministic: scoring again would give the same numbers.

        Returns:
            All drafts; none when the run was cancelled before a model that takes part in the score had answered.

        Raises:
            ProviderError: a model that takes part in the score does not answer.
        """
        self._log.stage_started("assess", len(stage_input.drafts))
        try:
            alone = self._alone(stage_input)
        except Cancelled:
            # A model takes part in the score and was not called any more. The best drafts are unknown until all have
            # a score; a resumed run scores them all.
            return AssessOutput(drafts=())
        together = penalise_near_duplicates(alone)
        for before, after in zip(alone, together, strict=True):
            if after != before:
                self._log.draft_assessed(after.draft.id, after.assessment)
        return AssessOutput(drafts=select(together, len(together)).kept)

    def _alone(self, stage_input: AssessInput) -> tuple[AssessedDraft, ...]:
        """Score every draft, without comparing it with the others."""
        version = self._scorer.result().version if stage_input.known else ""
        known = {key: found for key, found in stage_input.known.items() if found.scorer_version == version}
        for draft in stage_input.drafts:
            if draft.id not in known and draft.id not in self._begun:
                self.begin(draft)
        return tuple(
            AssessedDraft(draft=draft, assessment=known[draft.id])
            if draft.id in known
            else self._begun[draft.id].result()
            for draft in stage_input.drafts
        )

    def _assess(self, draft: Draft) -> AssessedDraft:
        assessment = self._scorer.result().assess(draft.persona, draft.focus)
        if draft.is_partial:
            assessment = assessment.model_copy(update={"findings": (_CUT_OFF, *assessment.findings)})
        self._log.draft_assessed(draft.id, assessment)
        return AssessedDraft(draft=draft, assessment=assessment)
