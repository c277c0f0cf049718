"""Cases from finished runs, so that a threshold can be moved over drafts that were really made and paid for."""

from collections.abc import Sequence

from pipeline.calibration.cases import Cases, make_cases
from pipeline.models import Outcome, RunRecord
from pipeline.routing import select

_ANSWERED: tuple[Outcome, ...] = ("refined", "refine_not_better")


def cases_of(runs: Sequence[RunRecord], *, kept_only: bool = True) -> Cases:
    """The drafts of runs, best first within each run, without labels; clusters are drafts of the same people.

    What was refined costs what was paid. What was not shares what the run says the frontier alone would have cost
    beyond that, and is marked as imputed; where a run does not say, the mean of what was paid.

    Args:
        runs: finished ones; together they should have one setup.
        kept_only: the best `count` of each run, which is what a threshold decides on. A threshold at the median of
            all drafts escalates about one kept draft in sixteen.
    """
    scores: list[float | None] = []
    local: list[float] = []
    frontier: list[float | None] = []
    paid: list[bool] = []
    people: list[str] = []
    for run in runs:
        kept, dropped = select(run.drafts, run.config.count)
        answered = {final.draft_id: final.cost_micros for final in run.personas if final.outcome in _ANSWERED}
        unpaid = _unpaid_micros(run, answered)
        for item in kept if kept_only else (*kept, *dropped):
            calls = (call for call in run.calls if call.stage == "draft" and call.draft_id == item.draft.id)
            scores.append(item.assessment.scores.overall)
            local.append(float(sum(call.cost_micros for call in calls)))
            frontier.append(answered.get(item.draft.id, unpaid))
            paid.append(item.draft.id in answered)
            people.append(f"{run.study_id} {' '.join(sorted(item.draft.focus)) or item.draft.id}")
    imputed = [not one for one in paid]
    return make_cases(scores, local_micros=local, frontier_micros=frontier, imputed=imputed, cluster=people)


def _unpaid_micros(run: RunRecord, answered: dict[str, int]) -> float | None:
    """Mean counterfactual cost of the delivered drafts that were not refined; `None` when the run does not say."""
    rest = len(run.personas) - len(answered)
    if run.frontier_only_micros is None or not rest:
        return None
    return max(0, run.frontier_only_micros - sum(answered.values())) / rest
