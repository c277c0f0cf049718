import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calibration.bounds import resamples
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.pooled_drafts import pool_drafts
from pipeline.calibration.score_validity import recovery
from pipeline.calibration.sweep import budget_risks, saving, sweep
from pipeline.calibration.threshold_effects import CONTROL_WORDS, ControlComparison, compare_controls
from pipeline.domain.scores import scores_of
from pipeline.results.figures import run_figures
from tests.factories import make_call, make_run


def cascade(size: int, seed: int, *, frontier: float = 0.9) -> DraftArrays:
    """Drafts as good as their score, harder ones dearer."""
    chance = np.random.default_rng(seed)
    score = chance.random(size)
    return make_draft_arrays(
        score,
        label=(chance.random(size) < score).astype(float),
        frontier_label=(chance.random(size) < frontier).astype(float),
        frontier_micros=np.round(3000 * (1.5 - score) * chance.uniform(0.5, 1.5, size)),
    )


def by_name(comparison: ControlComparison | None) -> dict[str, float]:
    assert comparison is not None
    return {control.name: control.quality for control in comparison.controls}


# --- controls --------------------------------------------------------------------------------------


def test_controls_by_hand() -> None:
    cases = make_draft_arrays(
        [0.9, 0.8, 0.2, 0.1], label=[1, 0, 1, 0], frontier_label=[1, 1, 1, 0], frontier_micros=[10, 10, 20, 40]
    )
    comparison = compare_controls(cases, 0.5)
    assert comparison is not None
    assert (comparison.cost_micros, comparison.quality) == (60, 0.5)
    ratio = 60 / 80
    mixed = (1 - ratio) * 0.5 + ratio * 0.75
    expected = {"all_local": 0.5, "all_frontier": 0.75, "fixed_ratio": mixed, "frontier_first": mixed}
    assert by_name(comparison) == pytest.approx(expected | {"oracle": 0.75, "best_of_both": 0.75})
    assert {control.name: control.cost_micros for control in comparison.controls} == pytest.approx(
        {"all_local": 0, "all_frontier": 80, "fixed_ratio": 60, "frontier_first": 60, "oracle": 10, "best_of_both": 80}
    )


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_no_rule_beats_the_oracle_and_the_oracle_never_the_best_of_both(seed: int, threshold: float) -> None:
    comparison = compare_controls(cascade(30, seed), threshold)
    quality = by_name(comparison)
    assert comparison is not None
    assert comparison.quality <= quality["oracle"] + 1e-9
    assert max(quality["oracle"], quality["fixed_ratio"], quality["frontier_first"]) <= quality["best_of_both"] + 1e-9


def test_a_useful_score_beats_the_same_money_spent_at_random() -> None:
    comparison = compare_controls(cascade(600, 1), 0.6)
    assert comparison is not None
    ahead = {control.name: control.ahead for control in comparison.controls}
    assert list(ahead) == list(CONTROL_WORDS)
    assert ahead["fixed_ratio"].is_above_zero
    assert ahead["fixed_ratio"].low < ahead["fixed_ratio"].value < ahead["fixed_ratio"].high
    assert ahead["oracle"].high < 0


def test_a_useless_score_does_not_beat_the_same_money_spent_at_random() -> None:
    chance = np.random.default_rng(0)
    cases = make_draft_arrays(
        chance.random(400),
        label=chance.integers(0, 2, 400).astype(float),
        frontier_label=np.ones(400),
        frontier_micros=np.full(400, 50.0),
    )
    comparison = compare_controls(cases, 0.5)
    assert comparison is not None
    assert not comparison.controls[2].ahead.is_above_zero


def test_drafting_dearer_than_the_frontier_makes_frontier_first_the_frontier_alone() -> None:
    cases = make_draft_arrays(
        [0.1, 0.9], label=[0, 1], frontier_label=[1, 1], local_micros=[9, 9], frontier_micros=[5, 5]
    )
    comparison = compare_controls(cases, 0.5)
    assert comparison is not None
    first = comparison.controls[3]
    assert (first.name, first.quality, first.cost_micros) == ("frontier_first", 1.0, 10)


def test_a_free_frontier_leaves_nothing_to_mix() -> None:
    comparison = compare_controls(
        make_draft_arrays([0.1, 0.9], label=[0, 1], frontier_label=[1, 1], frontier_micros=[0, 0]), 0.5
    )
    assert by_name(comparison)["fixed_ratio"] == 1


def test_without_labels_of_both_texts_there_is_no_comparison() -> None:
    assert compare_controls(make_draft_arrays([0.5], label=[1], frontier_micros=[5]), 0.5) is None
    assert compare_controls(make_draft_arrays([0.5], label=[1], frontier_label=[1]), 0.5) is None


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_a_resample_takes_clusters_as_a_whole(groups: list[int]) -> None:
    cluster = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    weights = np.concatenate(list(resamples(cluster, 0, 7)))
    assert weights.shape == (7, len(groups))
    for number in set(cluster):
        assert (np.ptp(weights[:, cluster == number], axis=1) == 0).all()


def test_clusters_widen_the_interval() -> None:
    cases = cascade(300, 2)
    alike = {
        name: np.repeat(getattr(cases, name)[:30], 10)
        for name in ("score", "label", "frontier_label", "frontier_micros")
    }
    alone, together = (
        compare_controls(make_draft_arrays(**alike), 0.5),
        compare_controls(make_draft_arrays(**alike, cluster=np.repeat(np.arange(30), 10)), 0.5),
    )
    assert alone is not None
    assert together is not None
    width = [found.controls[0].ahead.high - found.controls[0].ahead.low for found in (alone, together)]
    assert width[1] > 2 * width[0]


# --- recovery --------------------------------------------------------------------------------------


def test_recovery_by_hand() -> None:
    # Escalating worst first gains at the 1st and 3rd of ten drafts; the frontier is better by 2 in 10.
    label = [0, 1, 0] + [1] * 7
    cases = make_draft_arrays(np.linspace(0.1, 1, 10), label=np.tile(label, 1), frontier_label=np.ones(10))
    many = make_draft_arrays(np.repeat(cases.score, 20), label=np.repeat(cases.label, 20), frontier_label=np.ones(200))
    found = recovery(many, 0.35)
    assert found.advantage is not None
    assert found.advantage.value == pytest.approx(0.2)
    assert (found.pgr, found.cpt50, found.cpt80) == pytest.approx((1.0, 0.1, 0.3))
    assert found.apgr == pytest.approx(0.2 * 0.5 + 0.7 * 1)


def test_recovery_has_no_meaning_without_an_advantage_of_the_frontier() -> None:
    same = recovery(cascade(100, 3, frontier=0.5), 0.5)
    assert (same.pgr, same.apgr, same.cpt50, same.cpt80) == (None, None, None, None)
    assert "does not lie above 0" in same.sentence
    assert "not known" in recovery(make_draft_arrays([0.5], label=[1]), 0.5).sentence


def test_a_score_of_chance_recovers_about_half() -> None:
    chance = np.random.default_rng(4)
    cases = make_draft_arrays(
        chance.random(4000), label=chance.integers(0, 2, 4000).astype(float), frontier_label=np.ones(4000)
    )
    assert recovery(cases, 0.5).apgr == pytest.approx(0.5, abs=0.02)


# --- saving and budget -----------------------------------------------------------------------------


def test_saving_is_that_of_the_sweep_and_its_interval_covers_the_truth() -> None:
    source = cascade(20_000, 5)
    true = 1 - source.spend(0.6).sum() / source.frontier_micros.sum()
    chance, covered = np.random.default_rng(0), 0
    for _ in range(200):
        sample = source.where(np.isin(np.arange(20_000), chance.choice(20_000, 50, replace=False)))
        found = saving(sample, 0.6)
        assert found is not None
        table = sweep(sample)
        assert found.value == pytest.approx(table.saving[table.index(0.6)])
        covered += found.low <= true <= found.high
    assert covered / 200 >= 0.88


def test_no_saving_is_said_to_be_possible_over_everything() -> None:
    found = saving(make_draft_arrays([0.9] * 9 + [0.1], frontier_micros=[20] * 10), 0.5)
    assert found is not None
    assert found.high == 1


def test_saving_has_no_interval_where_nothing_can_be_learnt() -> None:
    assert saving(make_draft_arrays([]), 0.5) is None
    assert saving(make_draft_arrays([0.5], frontier_micros=[9]), 0.5) is None
    assert saving(make_draft_arrays([0.5, 0.6], frontier_micros=[0, 0]), 0.5) is None
    assert saving(make_draft_arrays([0.5, 0.6]), 0.5) is None
    assert saving(make_draft_arrays([0.5, 0.6], frontier_micros=[9, 9], cluster=["a", "a"]), 0.5) is None


def test_saving_is_negative_when_drafting_costs_more_than_the_frontier() -> None:
    found = saving(make_draft_arrays([0.5, 0.6], local_micros=[20, 20], frontier_micros=[10, 10]), 0.0)
    assert found is not None
    assert (found.low, found.value, found.high) == (-1, -1, -1)


def test_budget_risk_is_certain_at_the_ends_and_falls_with_the_budget() -> None:
    cases = cascade(200, 6)
    over = [budget_risks(cases, [0.5], budget, 40)[0] for budget in (0, 40_000, 80_000, 120_000, 1e9)]
    assert over == sorted(over, reverse=True)
    assert (over[0], over[-1]) == (1, 0)
    assert budget_risks(cases, [0.5], 40 * cases.spend(0.5).mean(), 40)[0] == pytest.approx(0.5, abs=0.15)


def test_budget_risk_knows_that_few_documents_say_little() -> None:
    cost = np.repeat([1000.0, 9000.0, 5000.0], 60)
    many, few = (
        make_draft_arrays(np.zeros(180), frontier_micros=cost, cluster=groups)
        for groups in (None, np.repeat([0, 1, 2], 60))
    )
    tight = 1.1 * 180 * cost.mean()
    assert budget_risks(few, [0.5], tight, 180)[0] > 3 * budget_risks(many, [0.5], tight, 180)[0] > 0


def test_budget_risk_is_unknown_without_costs() -> None:
    assert budget_risks(make_draft_arrays([0.5]), [0.6], 100, 5) == ()
    assert budget_risks(make_draft_arrays([]), [0.6], 100, 5) == ()


# --- runs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.55, 0.7, 1.0])
def test_a_sweep_at_the_threshold_of_a_run_is_that_run(threshold: float) -> None:
    scores = [0.9, 0.55, None, 0.7, 0.7, 0.3]
    refined = {number: 0.95 if number % 2 else 0.1 for number in range(6)}
    drafting = [
        make_call(number, draft=number, cost_micros=700).model_copy(update={"stage": "draft"}) for number in range(6)
    ]
    run = make_run(scores, threshold=threshold, refined=refined, extra_calls=drafting, frontier_only_micros=131_000)
    table = sweep(pool_drafts([scores_of(run)]).cases)
    row = table.index(threshold)
    assert table.local[row] == sum(final.outcome == "kept_local" for final in run.personas)
    assert table.cost_micros[row] == run.spent_micros
    figures = run_figures(run)
    if figures.saving is not None and table.local[row] > 0:
        assert table.saving[row] == pytest.approx(figures.saving.value)


def test_a_median_threshold_over_all_drafts_escalates_few_of_those_kept() -> None:
    run = make_run(list(np.linspace(0.05, 0.95, 20)), count=10, otherwise="frontier_unavailable")
    everything, kept = (pool_drafts([scores_of(run)], kept_only=only).cases for only in (False, True))
    assert (len(everything), len(kept)) == (20, 10)
    median = float(np.median(everything.score))
    assert kept.accepted(median).all()
    assert np.isnan(kept.frontier_micros).all()


def test_drafts_that_were_not_refined_share_the_counterfactual_cost_of_their_run() -> None:
    run = make_run([0.9, 0.8, 0.3], refined={2: 0.5}, cost_micros=30_000, frontier_only_micros=70_000)
    cases = pool_drafts([scores_of(run), scores_of(run)]).cases
    assert cases.frontier_micros.tolist() == [20_000, 20_000, 30_000] * 2
    assert cases.imputed.tolist() == [True, True, False] * 2
    assert cases.cluster.max() == 2  # the same people in both runs
