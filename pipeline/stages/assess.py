"""Stage 2: every draft gets its score, locally and for free."""

from pipeline.models import AssessedDraft, Draft, Frozen
from pipeline.quality import Scorer, penalise_near_duplicates
from pipeline.routing import select
from pipeline.runlog import RunLog
from pipeline.stages import PipelineStage


class AssessInput(Frozen):
    """Drafts to score against the study that the scorer was built on."""

    drafts: tuple[Draft, ...]


class AssessOutput(Frozen):
    """The same drafts with their scores, best first."""

    drafts: tuple[AssessedDraft, ...]


class QualityAssessmentStage(PipelineStage[AssessInput, AssessOutput]):
    """Scores each draft against its own focus, then lowers near-duplicates of better ones."""

    name = "assess"

    def __init__(self, scorer: Scorer, log: RunLog) -> None:
        self._scorer = scorer
        self._log = log

    def execute(self, stage_input: AssessInput) -> AssessOutput:
        """Score all drafts. Deterministic: scoring again gives the same numbers."""
        self._log.stage_started("assess", len(stage_input.drafts))
        alone = tuple(self._assess(draft) for draft in stage_input.drafts)
        together = penalise_near_duplicates(alone)
        for before, after in zip(alone, together, strict=True):
            if after != before:
                self._log.draft_assessed(after.draft.id, after.assessment)
        return AssessOutput(drafts=select(together, len(together)).kept)

    def _assess(self, draft: Draft) -> AssessedDraft:
        assessment = self._scorer.assess(draft.persona, draft.focus)
        self._log.draft_assessed(draft.id, assessment)
        return AssessedDraft(draft=draft, assessment=assessment)
