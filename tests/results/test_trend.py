"""Runs of one setup over time."""

from datetime import timedelta

from pipeline.domain.scores import RunScores, scores_of
from pipeline.results.trend import setups_with_trend, trend
from tests.factories import make_run
from tests.invented import NOW, invented_scores


def at(day: int, scores: list[float], **settings: object) -> RunScores:
    run = make_run(scores, run_id=f"run-{day}").model_copy(update={"created_at": NOW + timedelta(days=day)})
    return scores_of(run.model_copy(update={"config": run.config.model_copy(update=settings)}))


def test_a_run_whose_scores_fell_is_marked_and_the_others_are_not():
    same = [at(day, invented_scores(60, seed=day)) for day in range(4)]
    fallen = at(4, [max(0.0, score - 0.25) for score in invented_scores(60, seed=4)])
    points = trend([fallen, *same])
    assert [point.run_id for point in points] == [f"run-{day}" for day in range(5)]
    assert [point.drifted for point in points] == [False, False, False, False, True]
    assert points[-1].local_share < points[0].local_share


def test_runs_of_other_setups_and_branches_are_not_in_a_trend():
    first, second = at(0, [0.8, 0.7]), at(1, [0.8, 0.7])
    other = at(2, [0.8, 0.7], draft_factor=3.0)
    branch = at(3, [0.8, 0.7]).model_copy(update={"drafts_from": "run-0"})
    ((_, runs),) = setups_with_trend([branch, other, second, first]).items()
    assert runs == (first, second)


def test_a_run_without_scores_is_a_point_without_figures():
    (point,) = trend([at(0, [])])
    assert (point.mean_score, point.local_share, point.drifted) == (None, None, False)
