"""The drafts that a threshold is chosen on: those of one or several runs of one setup, with costs and labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from pipeline.calibration.certificate import Sampling
from pipeline.calibration.draft_arrays import DraftArrays, Floats, make_draft_arrays
from pipeline.calibration.drift import differs, setup_of
from pipeline.calibration.labels import as_label
from pipeline.domain.labels import DraftKey, LabelledDraft, LabelSet
from pipeline.domain.scores import ANSWERED, TRIED, RunScores, ScoredDraft


@dataclass(frozen=True, eq=False)
class PooledDrafts:
    """Drafts of runs that belong together, best first within each run."""

    keys: tuple[DraftKey, ...]
    cases: DraftArrays
    """Entry i belongs to key i. Labels are those that may enter a certificate, and those of frontier texts."""
    every_label: Floats
    """Labels of draft texts, including those drawn below the floor or made elsewhere."""
    refined_score: Floats
    """Score of the text that refining delivers: the better of both, or the draft where refining failed; NaN where
    refining was not tried."""
    sampling: Sampling = field(default_factory=Sampling)
    """Sampling of the labels; passed to `certify`."""

    @property
    def floor(self) -> float | None:
        """Score from which on labels were drawn."""
        return self.sampling.floor

    @cached_property
    def for_reliability(self) -> DraftArrays:
        """The drafts with all labels: for charts, never for a certificate."""
        return replace(self.cases, label=self.every_label)

    @cached_property
    def by_score(self) -> DraftArrays | None:
        """The drafts whose refinement was tried, with scores in place of labels; `None` without any.

        Quality computed from these is quality as the score measures it. It shows the effect of refining, and never
        that the score is right.
        """
        known = ~np.isnan(self.refined_score) & ~np.isnan(self.cases.score)
        if not known.any():
            return None
        both = replace(self.cases, label=self.cases.score, frontier_label=self.refined_score)
        return both.where(known)


def pool_drafts(
    runs: Sequence[RunScores],
    branches: Sequence[RunScores] = (),
    labels: LabelSet | None = None,
    *,
    kept_only: bool = True,
) -> PooledDrafts:
    """PooledDrafts the drafts of runs; drafts of the same people form a cluster.

    A refined draft has the cost that was paid, in the run itself or in a run that began with its drafts and called
    the same model. The others share the rest of the run's frontier-only cost and are marked as imputed; where a run
    has no frontier-only cost, they get the mean of the paid costs.

    Args:
        runs: of one setup; see `why_not_together`.
        branches: runs that began with the drafts of these.
        labels: of a design drawn from these runs.
        kept_only: the chosen ones of each run, on which a threshold decides. A threshold at the median of
            all drafts escalates about one kept draft in sixteen.
    """
    drafts = [(run, draft) for run in runs for draft in (run.kept if kept_only else run.drafts)]
    keys = tuple(DraftKey(run.id, draft.id) for run, draft in drafts)
    tried = {run.id: _tried(run, branches) for run in runs}
    here = [tried[key.run_id].get(key.draft_id) for key in keys]
    unpaid = {run.id: _unpaid_micros(run) for run in runs}
    paid = [bool(one and one.outcome in ANSWERED) for one in here]
    said = labels.verdicts() if labels else {}
    verdicts = [said.get(key) for key in keys]
    every = labels.verdicts(all_labels=True) if labels else {}
    cases = make_draft_arrays(
        [draft.overall for _, draft in drafts],
        label=[as_label(one.draft if one else None) for one in verdicts],
        frontier_label=[_frontier_label(one, after) for one, after in zip(verdicts, here, strict=True)],
        local_micros=[float(draft.local_micros) for _, draft in drafts],
        frontier_micros=[
            float(one.refine_micros) if is_paid and one else unpaid[key.run_id]
            for key, one, is_paid in zip(keys, here, paid, strict=True)
        ],
        imputed=[not one for one in paid],
        turn=[one.turn if one else np.nan for one in verdicts],
        cluster=[f"{run.study_id} {' '.join(sorted(draft.focus)) or draft.id}" for run, draft in drafts],
    )
    return PooledDrafts(
        keys=keys,
        cases=cases,
        every_label=np.asarray([as_label(every[key].draft if key in every else None) for key in keys], np.float64),
        refined_score=np.asarray([one.delivered if one else None for one in here], np.float64),
        sampling=_sampling(labels),
    )


def _sampling(labels: LabelSet | None) -> Sampling:
    if labels is None:
        return Sampling()
    design = labels.design.design
    planned = design.planned if design.is_drawn else None
    return Sampling(floor=labels.floor, planned=planned, stopping=design.settings.stopping)


def why_not_together(runs: Sequence[RunScores]) -> tuple[str, ...]:
    """Return a sentence for each reason why runs cannot be pooled; empty if they can."""
    words = {
        "study_id": "They are about different studies.",
        "drafted_by": "Their drafts were written by different models.",
        "scorer": "They were scored by different versions of the scorer, or with different weights.",
        "selection": "They write a different number of drafts per persona, or choose among them by different rules.",
        "digest": "The weights of their local model were replaced between them.",
        "prompt": "Their drafts were written with prompts of different versions.",
    }
    setups = [setup_of(run) for run in runs]
    pairs = list(combinations(setups, 2))
    reasons = [words[name] for name in words if any(differs(one, other, name) for one, other in pairs)]
    if len({run.drafts_from or run.id for run in runs}) < len(runs):
        reasons.append("Some of them share their drafts, which would count twice.")
    return tuple(reasons)


def _tried(run: RunScores, branches: Sequence[RunScores]) -> dict[str, ScoredDraft]:
    """The drafts of a run that were refined, in the run itself or in one that began with its drafts."""
    frontier = (run.config.frontier_provider, run.config.frontier_model)
    same = [
        branch
        for branch in branches
        if branch.drafts_from == run.id
        and (branch.config.frontier_provider, branch.config.frontier_model) == frontier
        and branch.scorer_version == run.scorer_version
    ]
    return {draft.id: draft for one in (*same, run) for draft in one.drafts if draft.outcome in TRIED}


def _unpaid_micros(run: RunScores) -> float | None:
    """Mean counterfactual cost of the delivered drafts that were not refined; `None` when the run does not say."""
    answered = [draft.refine_micros for draft in run.drafts if draft.outcome in ANSWERED]
    rest = sum(draft.outcome is not None for draft in run.drafts) - len(answered)
    if run.frontier_only_micros is None or not rest:
        return None
    return max(0, run.frontier_only_micros - sum(answered)) / rest


def _frontier_label(label: LabelledDraft | None, after: ScoredDraft | None) -> float | None:
    """Return the label of the text that refining delivers: the draft's own where refining delivered the draft."""
    if label is None:
        return None
    kept = after is not None and after.outcome in TRIED and after.outcome != "refined"
    return as_label(label.draft if kept else label.frontier)
