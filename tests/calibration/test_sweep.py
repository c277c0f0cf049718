import time
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.sweep import sweep
from pipeline.domain.routing import accepted, escalation, is_accepted
from pipeline.errors import InputError
from tests.factories import make_draft

SCORES = (None, 0.0, 0.2, 0.5, 0.7, 1.0)
"""Few, so that ties are common."""


def random_cases(chance: np.random.Generator) -> DraftArrays:
    size = int(chance.integers(0, 12))
    pick = chance.integers
    return make_draft_arrays(
        [SCORES[number] for number in pick(0, len(SCORES), size)],
        label=[(1, 0, None)[number] for number in pick(0, 3, size)],
        frontier_label=[(1, 0, None)[number] for number in pick(0, 3, size)],
        local_micros=pick(0, 5, size).astype(float),
        frontier_micros=pick(0, 9, size).astype(float),
        imputed=pick(0, 2, size).astype(bool),
    )


def bought(cases: DraftArrays, order: list[int], left: float) -> list[int]:
    chosen = []
    for number in order:
        left -= cases.frontier_micros[number]
        if left < 0:
            break
        chosen.append(number)
    return chosen


def quality(cases: DraftArrays, refined: list[int]) -> float:
    rows = [number for number in range(len(cases)) if cases.has_both_labels[number]]
    texts = [(cases.frontier_label if number in refined else cases.label)[number] for number in rows]
    return float(np.mean(texts)) if rows else np.nan


def brute_force(cases: DraftArrays, threshold: float, budget: float) -> dict[str, float]:
    keep = [number for number in range(len(cases)) if cases.score[number] >= threshold]
    rest = [number for number in range(len(cases)) if number not in keep]
    local, alone = cases.local_micros.sum(), cases.frontier_micros.sum()
    cost = local + sum(cases.frontier_micros[number] for number in rest)
    labelled = [number for number in keep if not np.isnan(cases.label[number])]
    bad = sum(cases.label[number] == 0 for number in labelled)
    selective = bad / len(labelled) if labelled else np.nan
    share = len(keep) / max(len(cases), 1)
    found = {
        "local": len(keep),
        "local_share": share,
        "cost_micros": cost,
        "saving": 1 - cost / alone if alone else np.nan,
        "quality": quality(cases, rest),
        "selective_risk": selective,
        "marginal_risk": share * selective if keep else 0.0,
    }
    for name, sign in (("worst_first", 1), ("best_first", -1)):
        chosen = bought(cases, sorted(rest, key=lambda number: sign * cases.rank[number]), max(0.0, budget - local))
        found[f"{name}_refined"] = len(chosen)
        found[f"{name}_spent_micros"] = sum(cases.frontier_micros[number] for number in chosen)
        found[f"{name}_quality"] = quality(cases, chosen)
    return found


def test_sweep_equals_brute_force_on_a_thousand_small_cases() -> None:
    chance = np.random.default_rng(5)
    for _ in range(1000):
        cases, budget = random_cases(chance), float(chance.integers(0, 40))
        table = sweep(cases, budget_micros=budget).columns()
        thresholds = [*sorted({float(score) for score in cases.score if not np.isnan(score)}), np.inf]
        assert table["threshold"].tolist() == thresholds
        for row, threshold in enumerate(thresholds):
            expected = brute_force(cases, threshold, budget)
            assert {name: table[name][row] for name in expected} == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.none() | st.floats(0, 1), max_size=30), st.floats(0, 1) | st.just(float("inf")))
def test_sweep_at_any_threshold_accepts_what_a_run_accepts(scores: list[float | None], threshold: float) -> None:
    cases = make_draft_arrays(scores)
    mask = [is_accepted(score, threshold) for score in scores]
    assert accepted(cases.score, threshold).tolist() == mask
    table = sweep(cases)
    assert table.local[table.index(threshold)] == sum(mask)


@given(st.lists(st.none() | st.sampled_from([0.1, 0.5, 0.6, 0.9]), max_size=12), st.sampled_from([0.5, 0.6, 0.95]))
def test_budget_is_spent_in_the_order_of_a_run(scores: list[float | None], threshold: float) -> None:
    cases = make_draft_arrays(scores, frontier_micros=[2.0**number for number in range(len(scores))])
    drafts = [make_draft(number, score) for number, score in enumerate(scores)]
    for order in ("worst_first", "best_first"):
        first = [int(item.draft.id[-3:]) - 1 for item in escalation(drafts, threshold, order)][:2]
        budget = float(sum(2**number for number in first))  # powers of two: a sum tells which drafts are in it
        table = sweep(cases, budget_micros=budget)
        assert getattr(table, order).spent_micros[table.index(threshold)] == budget


def test_budget_of_zero_buys_nothing() -> None:
    table = sweep(make_draft_arrays([0.2, 0.8], frontier_micros=[5, 5]), budget_micros=0)
    assert table.worst_first.refined.tolist() == table.best_first.refined.tolist() == [0, 0, 0]


def test_without_drafts_there_is_only_the_row_that_escalates_everything() -> None:
    table = sweep(make_draft_arrays([]), budget_micros=10)
    assert table.threshold.tolist() == [np.inf]
    assert table.local_share.tolist() == [0.0]


def test_drafts_without_a_score_stay_local_at_no_threshold() -> None:
    table = sweep(make_draft_arrays([None, float("nan"), 0.0]))
    assert table.local.tolist() == [1, 0]


def test_saving_is_missing_when_the_frontier_is_free_and_negative_when_drafting_is_dear() -> None:
    assert np.isnan(sweep(make_draft_arrays([0.5], frontier_micros=[0])).saving).all()
    dear = sweep(make_draft_arrays([0.5, 0.6], local_micros=[9, 9], frontier_micros=[5, 5]))
    assert dear.saving == pytest.approx([1 - 18 / 10, 1 - 23 / 10, 1 - 28 / 10])


def test_costs_that_nobody_knows_are_missing_and_not_zero() -> None:
    table = sweep(make_draft_arrays([0.5, 0.6], label=[1, 0]))
    assert np.isnan(table.cost_micros[1:]).all()
    assert np.isnan(table.saving).all()
    with pytest.raises(InputError, match="no draft has one"):
        sweep(make_draft_arrays([0.5]), budget_micros=10)


def test_an_imputed_cost_widens_the_saving_by_a_quarter_either_way() -> None:
    table = sweep(make_draft_arrays([0.2, 0.8], frontier_micros=[100, None]))
    row = table.index(0.8)
    assert table.saving[row] == pytest.approx(0.5)
    assert table.saving_low[row] == pytest.approx(1 - 100 / 175)
    assert table.saving_high[row] == pytest.approx(1 - 100 / 225)


def test_risk_below_the_floor_is_not_guessed_from_labels_above_it() -> None:
    table = sweep(make_draft_arrays([0.2, 0.6, 0.9], label=[None, 0, 1]), floor=0.6)
    assert np.isnan(table.selective_risk[0])
    assert table.marginal_risk[1] == pytest.approx(1 / 3)


def test_every_draft_twice_doubles_counts_and_changes_no_share() -> None:
    cases = random_cases(np.random.default_rng(8))
    twice = replace(cases, **{field.name: np.tile(getattr(cases, field.name), 2) for field in fields(cases)})
    once, both = sweep(cases).columns(), sweep(twice).columns()
    for name, values in once.items():
        factor = 2 if name in ("local", "cost_micros") else 1
        assert both[name].tolist() == pytest.approx((factor * values).tolist(), nan_ok=True)


def test_a_failed_refinement_delivers_the_draft() -> None:
    table = sweep(make_draft_arrays([0.2, 0.9], label=[0, 1], frontier_label=[0, 1]))
    assert table.quality.tolist() == [0.5, 0.5, 0.5]
    assert table.marginal_risk[table.index(0.9)] == 0  # not accepted, so no certificate speaks of it


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"score": [0.5, 1.2]}, "score of draft 2 is 1.2. Expected 0 to 1"),
        ({"score": [0.5], "label": [2]}, "label of draft 1 is 2"),
        ({"score": [0.5], "frontier_micros": [-1]}, "frontier_micros of draft 1 is -1. Expected 0 or more"),
        ({"score": [0.5], "local_micros": [float("inf")]}, "local_micros of draft 1"),
        ({"score": [0.5], "label": [1, 0]}, "2 values for 1 drafts"),
        ({"score": [0.5], "cluster": ["a", "b"]}, "2 values for 1 drafts"),
    ],
)
def test_a_value_out_of_range_is_named(columns: dict[str, list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_draft_arrays(**columns)


def test_a_sweep_of_a_hundred_thousand_drafts_takes_a_moment() -> None:
    chance = np.random.default_rng(0)
    cases = make_draft_arrays(chance.random(100_000), frontier_micros=chance.random(100_000))
    seconds = []
    for _ in range(3):
        started = time.process_time()
        sweep(cases, budget_micros=1000)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.15
