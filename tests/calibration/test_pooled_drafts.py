from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.calibration.design import draw_design
from pipeline.calibration.drift import setup_of
from pipeline.calibration.labels import label_set
from pipeline.calibration.pooled_drafts import pool_drafts, why_not_together
from pipeline.calibration.sweep import sweep
from pipeline.domain.labels import DesignSettings, DraftKey, Label, LabelSet, StoredDesign
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import RunScores, scores_of
from tests.factories import make_run

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def labelled(run: RunRecord, verdict: str = "acceptable", labels: int = 50) -> LabelSet:
    scores = {DraftKey(run.id, item.draft.id): item.assessment.scores.overall for item in run.drafts}
    settings = DesignSettings(labels=labels, floor_percentile=0.0, below_share=0, twice_share=0)
    design = draw_design(scores, setup_of(run), settings)
    stored = StoredDesign(id="design-1", name="First", run_ids=(run.id,), created_at=NOW, design=design)
    said = [Label(place=task.place, rater="Ada", verdict=verdict, labelled_at=NOW) for task in design.tasks]
    return label_set(stored, said)


def branch(run: RunRecord, **changes: object) -> RunScores:
    """A calibration run: every draft of a run refined."""
    scores = [item.assessment.scores.overall for item in run.drafts]
    other = make_run(scores, threshold=1.0, refined=dict.fromkeys(range(len(scores)), 0.95), cost_micros=33_000)
    found = scores_of(other.model_copy(update={"config": other.config.model_copy(update=changes)}))
    return found.model_copy(update={"id": "run-2", "drafts_from": run.id})


@pytest.mark.parametrize("threshold", [0.0, 0.55, 0.7, 1.0])
def test_a_sweep_at_the_threshold_of_a_run_is_that_run(threshold: float) -> None:
    refined = {number: 0.95 if number % 2 else 0.1 for number in range(6)}
    run = make_run([0.9, 0.55, None, 0.7, 0.7, 0.3], threshold=threshold, refined=refined, frontier_only_micros=131_000)
    table = sweep(pool_drafts([scores_of(run)]).cases)
    row = table.index(threshold)
    assert table.local[row] == sum(final.outcome == "kept_local" for final in run.personas)
    assert table.cost_micros[row] == run.spent_micros


def test_kept_drafts_are_taken_unless_all_are_asked_for() -> None:
    run = scores_of(make_run(list(np.linspace(0.05, 0.95, 20)), count=10))
    assert (len(pool_drafts([run]).keys), len(pool_drafts([run], kept_only=False).keys)) == (10, 20)


def test_a_calibration_run_turns_guessed_costs_into_measured_ones() -> None:
    run = make_run([0.9, 0.8, 0.3], refined={2: 0.5}, cost_micros=30_000, frontier_only_micros=70_000)
    guessed, measured = pool_drafts([scores_of(run)]), pool_drafts([scores_of(run)], [branch(run)])
    assert guessed.cases.imputed.tolist() == [True, True, False]
    assert measured.cases.frontier_micros.tolist() == [33_000, 33_000, 30_000]
    assert not measured.cases.imputed.any()
    assert measured.by_score is not None
    assert measured.by_score.frontier_label.tolist() == pytest.approx([0.95, 0.95, 0.5])


def test_what_another_model_charged_says_nothing() -> None:
    run = make_run([0.9, 0.8], frontier_only_micros=70_000)
    other = branch(run, frontier_model="another")
    assert pool_drafts([scores_of(run)], [other]).cases.imputed.all()


def test_a_failed_refinement_delivers_the_draft_and_its_cost_stays_a_guess() -> None:
    run = make_run([0.9, 0.3], outcomes={1: "refine_failed"}, frontier_only_micros=50_000)
    pool = pool_drafts([scores_of(run)], labels=labelled(run, "unacceptable"))
    assert pool.refined_score[1] == pytest.approx(0.3)
    assert pool.cases.imputed.all()
    assert pool.cases.frontier_label.tolist()[1] == 0


def test_unsure_counts_as_bad_and_unlabelled_stays_unlabelled() -> None:
    run = make_run([0.9, 0.8, 0.7, 0.6])
    pool = pool_drafts([scores_of(run)], labels=labelled(run, "unsure", labels=2))
    assert np.count_nonzero(pool.cases.label == 0) == 2
    assert np.count_nonzero(pool.cases.is_labelled) == 2


def test_runs_of_another_study_scorer_or_model_are_not_mixed() -> None:
    run = scores_of(make_run([0.5]))
    other = run.model_copy(update={"id": "run-2", "scorer_version": "test/2"})
    assert why_not_together([run, run.model_copy(update={"id": "run-2"})]) == ()
    assert why_not_together([run]) == why_not_together([]) == ()
    assert "different versions of the scorer" in why_not_together([run, other])[0]
    assert "different studies" in why_not_together([run, other.model_copy(update={"study_id": "study-2"})])[0]


def test_a_run_and_its_branch_are_the_same_drafts_twice() -> None:
    run = make_run([0.5])
    same = scores_of(run).model_copy(update={"id": "run-2", "drafts_from": run.id})
    assert "count twice" in why_not_together([scores_of(run), same])[0]


def test_no_run_is_an_empty_pool() -> None:
    empty = pool_drafts([])
    assert len(empty.cases) == 0
    assert empty.by_score is None
