"""Cases from finished runs, so that a threshold can be moved over drafts that were really made and paid for."""

from collections.abc import Sequence

from pipeline.calibration.cases import Cases, make_cases
from pipeline.calibration.design import Design, DesignSettings, DraftKey, draw_design
from pipeline.calibration.drift import setup_of, why_it_does_not_apply
from pipeline.calibration.labels import LabelledDraft, LabelSet, as_label, why_labels_do_not_apply
from pipeline.errors import InputError
from pipeline.models import AssessedDraft, Outcome, RunRecord
from pipeline.routing import select

_ANSWERED: tuple[Outcome, ...] = ("refined", "refine_not_better")
_DRAFT_DELIVERED: tuple[Outcome, ...] = ("refine_not_better", "refine_unparsable", "refine_failed")
"""Escalated, and the text that this delivers is the draft."""


def cases_of(
    runs: Sequence[RunRecord],
    *,
    kept_only: bool = True,
    labels: LabelSet | None = None,
    all_labels: bool = False,
) -> Cases:
    """The drafts of runs, best first within each run; clusters are drafts of the same people.

    What was refined costs what was paid. What was not shares what the run says the frontier alone would have cost
    beyond that, and is marked as imputed; where a run does not say, the mean of what was paid.

    Args:
        runs: finished ones; together they should have one setup.
        kept_only: the best `count` of each run, which is what a threshold decides on. A threshold at the median of
            all drafts escalates about one kept draft in sixteen.
        labels: verdicts on these drafts; "unsure" counts as bad.
        all_labels: also those from below the floor and those made elsewhere. For looking at a score, and never for
            a certificate.

    Raises:
        InputError: the labels speak of other runs, or of another setup.
    """
    said = verdicts_for(labels, runs, all_labels=all_labels) if labels else {}
    scores: list[float | None] = []
    local: list[float] = []
    frontier: list[float | None] = []
    paid: list[bool] = []
    people: list[str] = []
    verdicts: list[float | None] = []
    frontier_verdicts: list[float | None] = []
    for run in runs:
        kept, dropped = select(run.drafts, run.config.count)
        outcomes = {final.draft_id: final.outcome for final in run.personas}
        answered = {final.draft_id: final.cost_micros for final in run.personas if final.outcome in _ANSWERED}
        unpaid = _unpaid_micros(run, answered)
        for item in kept if kept_only else (*kept, *dropped):
            calls = (call for call in run.calls if call.stage == "draft" and call.draft_id == item.draft.id)
            scores.append(item.assessment.scores.overall)
            local.append(float(sum(call.cost_micros for call in calls)))
            frontier.append(answered.get(item.draft.id, unpaid))
            paid.append(item.draft.id in answered)
            people.append(f"{run.study_id} {' '.join(sorted(item.draft.focus)) or item.draft.id}")
            found = said.get(DraftKey(run.id, item.draft.id))
            draft, refined = (found.draft, found.frontier) if found else (None, None)
            verdicts.append(as_label(draft))
            delivers_draft = outcomes.get(item.draft.id) in _DRAFT_DELIVERED
            frontier_verdicts.append(as_label(draft if delivers_draft else refined))
    return make_cases(
        scores,
        label=verdicts,
        frontier_label=frontier_verdicts,
        local_micros=local,
        frontier_micros=frontier,
        imputed=[not one for one in paid],
        cluster=people,
    )


def verdicts_for(
    labels: LabelSet, runs: Sequence[RunRecord], *, all_labels: bool = False
) -> dict[DraftKey, LabelledDraft]:
    """The labels of these runs.

    Raises:
        InputError: the labels speak of other runs, or of another setup.
    """
    reasons = why_labels_do_not_apply(labels, {run.id: setup_of(run) for run in runs})
    if reasons:
        raise InputError(f"The labels of {labels.design.name} do not apply here. {' '.join(reasons)}")
    return labels.verdicts(all_labels=all_labels)


def draw_from(runs: Sequence[RunRecord], settings: DesignSettings) -> Design:
    """Draw from the kept drafts of runs.

    Raises:
        InputError: no run, no score, runs of different setups, or runs that share a draft word for word.
    """
    if not runs:
        raise InputError("No run to draw from. Choose at least one.")
    setup = setup_of(runs[0])
    for run in runs[1:]:
        for reason in why_it_does_not_apply(setup, setup_of(run)):
            raise InputError(f"{runs[0].name} and {run.name} cannot be labelled together. {reason}")
    _refuse_same_drafts(runs)
    scores = {DraftKey(run.id, item.draft.id): item.assessment.scores.overall for run, item in _kept(runs)}
    refined = {DraftKey(run.id, final.draft_id) for run in runs for final in run.personas if final.outcome == "refined"}
    return draw_design(scores, setup, settings, refined=refined)


def kept_scores(runs: Sequence[RunRecord]) -> list[float]:
    """The scores that a design can draw from; drafts without one are left out."""
    scores = (item.assessment.scores.overall for _, item in _kept(runs))
    return [score for score in scores if score is not None]


def _kept(runs: Sequence[RunRecord]) -> list[tuple[RunRecord, AssessedDraft]]:
    return [(run, item) for run in runs for item in select(run.drafts, run.config.count).kept]


def _refuse_same_drafts(runs: Sequence[RunRecord]) -> None:
    """One text counted as two would make labels look more than they are."""
    seen: dict[str, RunRecord] = {}
    for run, item in _kept(runs):
        other = seen.setdefault(item.draft.persona.model_dump_json(exclude={"id"}), run)
        if other is not run:
            raise InputError(
                f"{other.name} and {run.name} hold the same draft word for word ({item.draft.persona.name[:80]})."
                " Choose one of them."
            )


def _unpaid_micros(run: RunRecord, answered: dict[str, int]) -> float | None:
    """Mean counterfactual cost of the delivered drafts that were not refined; `None` when the run does not say."""
    rest = len(run.personas) - len(answered)
    if run.frontier_only_micros is None or not rest:
        return None
    return max(0, run.frontier_only_micros - sum(answered.values())) / rest
