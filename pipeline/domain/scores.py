"""Scores and costs of a run's drafts, without texts, for analysing thresholds.

A run of 2,000 drafts has tens of megabytes of text and a quarter of a megabyte of scores.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.routing import rank
from pipeline.domain.run import FinalPersona, Outcome, RunRecord, RunStatus
from pipeline.domain.selection import choose

ANSWERED: tuple[Outcome, ...] = ("refined", "refine_not_better")
"""Outcomes with a paid, readable refinement."""

TRIED: tuple[Outcome, ...] = (*ANSWERED, "refine_unparsable", "refine_failed")
"""Outcomes for which the result of refining is known, even if it is the draft."""

IMPUTED_BAND = 0.25
"""Relative half-width of the band around estimated costs: on public cascades the hard items, which are the ones that
get refined, cost 23 to 25 % more than the average item."""


class ScoredDraft(NamedTuple):
    """One draft with its score and, if it was refined, the result of refinement."""

    id: str
    overall: float | None
    focus: tuple[str, ...]
    """Ids of the participants it is based on."""
    local_micros: int
    """Cost of drafting it."""
    outcome: Outcome | None
    """`None` when the run has not decided on it yet, or has dropped it."""
    refine_micros: int
    """Cost of refining it."""
    delivered: float | None
    """Score of the delivered text; `None` without one."""
    kept: bool
    """True if it was chosen for delivery; see `kept_ids`."""


class RunScores(Frozen):
    """Assessed drafts of one run."""

    id: str
    name: str
    status: RunStatus
    simulated: bool
    study_id: str
    config: HybridConfig
    scorer_version: str
    prompt_version: str = "1"
    local_digest: str = ""
    frontier_only_micros: int | None
    created_at: datetime
    drafts_from: str | None = None
    """Id of the run that wrote these drafts; `None` when they are its own."""
    drafts: tuple[ScoredDraft, ...]
    """Best first."""

    @property
    def kept(self) -> tuple[ScoredDraft, ...]:
        """The drafts chosen for delivery, the only ones that a threshold decides on."""
        return tuple(draft for draft in self.drafts if draft.kept)


def best_first(drafts: Sequence[ScoredDraft]) -> tuple[ScoredDraft, ...]:
    """Sort drafts in the order of `routing.select`."""
    return tuple(sorted(drafts, key=lambda draft: (rank(draft.overall), draft.id)))


def scores_of(run: RunRecord) -> RunScores:
    """Reduce a run record to its scores and costs."""
    finals = {final.draft_id: final for final in run.personas}
    paid: dict[str, int] = {}
    for call in run.calls:
        if call.stage == "draft":
            paid[call.draft_id] = paid.get(call.draft_id, 0) + call.cost_micros
    kept = kept_ids(run)
    drafts = []
    for item in run.drafts:
        final = finals.get(item.draft.id)
        drafts.append(
            ScoredDraft(
                id=item.draft.id,
                overall=item.assessment.scores.overall,
                focus=item.draft.focus,
                local_micros=paid.get(item.draft.id, 0),
                outcome=final.outcome if final else None,
                refine_micros=final.cost_micros if final else 0,
                delivered=final.assessment.scores.overall if final else None,
                kept=item.draft.id in kept,
            )
        )
    own = {name: getattr(run, name) for name in RunScores.model_fields if name != "drafts"}
    return RunScores(**own, drafts=best_first(drafts))


def kept_ids(run: RunRecord) -> frozenset[str]:
    """Return the ids of the drafts that a run delivers: while it has not ended, those that its rule would choose."""
    decided = frozenset(final.draft_id for final in run.personas)
    if has_chosen(run.status):
        return decided
    return decided | {item.draft.id for item in choose(run.drafts, run.config).kept}


def has_chosen(status: RunStatus) -> bool:
    """Return whether a run has given every draft that it delivers an outcome."""
    return status in ("completed", "cancelled")


def draft_score(final: FinalPersona) -> float | None:
    """Return the overall score of the draft, whichever text was delivered."""
    delivered = final.edited.original_assessment if final.edited else final.assessment
    return (final.draft_assessment or delivered).scores.overall
