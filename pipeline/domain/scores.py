"""A run without its texts: what moving a threshold over its drafts needs, and no more.

A run of 2,000 drafts is tens of megabytes of text and a quarter of a megabyte of this.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.routing import rank
from pipeline.domain.run import FinalPersona, Outcome, RunRecord, RunStatus

ANSWERED: tuple[Outcome, ...] = ("refined", "refine_not_better")
"""Outcomes of drafts whose refinement was paid and could be read."""

TRIED: tuple[Outcome, ...] = (*ANSWERED, "refine_unparsable", "refine_failed")
"""Outcomes of drafts for which it is known what refining delivers, be it the draft."""

IMPUTED_BAND = 0.25
"""Half-width of the band around costs that were not paid but priced: on public cascades the hard items, which
are the ones that get refined, cost 23 to 25 % more than the average item."""


class ScoredDraft(NamedTuple):
    """One draft with its score, and what the frontier made of it where it was asked."""

    id: str
    overall: float | None
    focus: tuple[str, ...]
    """Ids of the participants it is drawn from."""
    local_micros: int
    """Of drafting it."""
    outcome: Outcome | None
    """`None` where the run has not decided on it, or has dropped it."""
    refine_micros: int
    """Spent on refining it."""
    delivered: float | None
    """Score of the delivered text; `None` without one."""


class RunScores(Frozen):
    """The drafts of one run that have been assessed."""

    id: str
    name: str
    status: RunStatus
    simulated: bool
    study_id: str
    config: HybridConfig
    scorer_version: str
    frontier_only_micros: int | None
    created_at: datetime
    drafts_from: str | None = None
    """The run whose drafts these are; `None` when they are its own."""
    drafts: tuple[ScoredDraft, ...]
    """Best first."""

    @property
    def kept(self) -> tuple[ScoredDraft, ...]:
        """The best `count`, which are all that a threshold decides on."""
        return self.drafts[: self.config.count]


def best_first(drafts: Sequence[ScoredDraft]) -> tuple[ScoredDraft, ...]:
    """Drafts in the order in which `routing.select` keeps them."""
    return tuple(sorted(drafts, key=lambda draft: (rank(draft.overall), draft.id)))


def scores_of(run: RunRecord) -> RunScores:
    """A record without its texts."""
    finals = {final.draft_id: final for final in run.personas}
    paid: dict[str, int] = {}
    for call in run.calls:
        if call.stage == "draft":
            paid[call.draft_id] = paid.get(call.draft_id, 0) + call.cost_micros
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
            )
        )
    own = {name: getattr(run, name) for name in RunScores.model_fields if name != "drafts"}
    return RunScores(**own, drafts=best_first(drafts))


def draft_score(final: FinalPersona) -> float | None:
    """Overall score of the draft, whichever text was delivered."""
    return (final.draft_assessment or final.assessment).scores.overall
