from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.calibration.bounds import Interval
from pipeline.calibration.design import draw_design
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.drift import drift, setup_of, why_it_does_not_apply
from pipeline.calibration.labels import agreement
from pipeline.calibration.score_validity import Gains, Side, discrimination, gains_text, reliability
from pipeline.domain.labels import DesignSettings, DraftKey, Setup
from pipeline.errors import InputError
from tests.factories import make_run

SETUP = Setup(study_id="s", drafted_by="ollama qwen2.5:7b", scorer="1.0", selection="2")
SCORES = {DraftKey("run-1", f"d{number:03}"): number / 200 for number in range(200)}


# --- is the score worth anything -------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.9]), st.integers(0, 1)), min_size=2, max_size=30))
def test_auroc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[float, int]]) -> None:
    good, bad = ([score for score, label in rows if label == kind] for kind in (1, 0))
    found = discrimination(make_draft_arrays([score for score, _ in rows], label=[label for _, label in rows]))
    if good and bad:
        pairs = [(one > other) + (one == other) / 2 for one in good for other in bad]
        assert found.auroc == pytest.approx(np.mean(pairs))
        assert found.low is not None
        assert 0 <= found.low <= found.high <= 1
    else:
        assert found.auroc is found.low is None


@pytest.mark.parametrize(
    ("label", "word"),
    [
        (lambda score, chance: score > 0.5, "clearly"),
        (lambda score, chance: chance < 0.35 + 0.3 * score, "weakly"),
        (lambda score, chance: chance < 0.5, "does not separate"),
        (lambda score, chance: score < chance, "wrong way round"),
    ],
)
def test_the_worth_of_a_score_is_put_into_words(label, word: str) -> None:
    chance = np.random.default_rng(0)
    score, luck = chance.random(900), chance.random(900)
    assert word in discrimination(make_draft_arrays(score, label=label(score, luck).astype(float))).sentence


def test_the_interval_of_auroc_is_the_same_for_the_same_seed() -> None:
    cases = make_draft_arrays(np.linspace(0, 1, 40), label=[0, 1] * 20)
    assert discrimination(cases, seed=3) == discrimination(cases, seed=3) != discrimination(cases, seed=4)


def test_labels_of_one_kind_say_nothing_of_the_score() -> None:
    assert (
        "no scored draft is labelled unacceptable"
        in discrimination(make_draft_arrays([0.1, 0.2], label=[1, 1])).sentence
    )
    assert "acceptable and unacceptable" in discrimination(make_draft_arrays([])).sentence


@given(st.lists(st.none() | st.sampled_from([0.1, 0.2, 0.35, 0.5, 0.9]), max_size=120))
def test_reliability_bins_hold_every_scored_label_once_and_never_split_a_tie(scores: list[float | None]) -> None:
    bins = reliability(make_draft_arrays(scores, label=[1, 0] * (len(scores) // 2) + [1] * (len(scores) % 2)))
    assert sum(one.n for one in bins) == sum(score is not None for score in scores)
    assert len(bins) <= 10
    for one, other in pairwise(bins):
        assert one.high < other.low
    assert all(one.acceptable_low <= one.acceptable <= one.acceptable_high for one in bins)


def test_reliability_bins_are_of_equal_counts_without_ties() -> None:
    assert [one.n for one in reliability(make_draft_arrays(np.linspace(0, 1, 60), label=np.ones(60)))] == [10] * 6


# --- drift -----------------------------------------------------------------------------------------


def test_runs_of_one_source_do_not_drift_and_others_do() -> None:
    chance = np.random.default_rng(1)
    first, second = (
        make_draft_arrays(chance.random(200), frontier_micros=chance.uniform(900, 1100, 200)) for _ in range(2)
    )
    worse = make_draft_arrays(first.score**2, frontier_micros=first.frontier_micros + 200)
    same, changed = drift(first, second, 0.5), drift(first, worse, 0.5)
    assert same.warning is None
    assert same.local_share is not None
    assert same.local_share.low < 0 < same.local_share.high
    assert changed.warning is not None
    assert "differ beyond chance" in changed.warning
    assert changed.local_share is not None
    assert changed.local_share.high < 0
    assert changed.cost_micros is not None
    assert changed.cost_micros.is_above_zero


def test_drift_between_sets_too_small_to_compare_is_missing() -> None:
    found = drift(make_draft_arrays([]), make_draft_arrays([0.5], frontier_micros=[5]), 0.5)
    assert (found.local_share, found.cost_micros, found.ks_p, found.warning) == (None, None, None, None)
    tiny = drift(
        make_draft_arrays([0.5, 0.6], frontier_micros=[5, 5]),
        make_draft_arrays([0.1, 0.2], frontier_micros=[5, 5]),
        0.5,
    )
    assert tiny.local_share is not None
    assert tiny.local_share.low >= -1
    assert tiny.local_share.high < 0.3
    assert tiny.cost_micros is not None
    assert (tiny.cost_micros.low, tiny.cost_micros.high) == (5, 5)


def costs(*micros: float) -> DraftArrays:
    return make_draft_arrays([0.1] * len(micros), frontier_micros=micros)


@pytest.mark.parametrize("micros", [(900.0, 900.0, 900.0), (0.1 + 0.2, 0.3, 0.3), (0.0, 0.0)])
@pytest.mark.filterwarnings("error")
def test_equal_costs_do_not_differ_at_all(micros: tuple[float, ...]) -> None:
    found = drift(costs(*micros), costs(*reversed(micros)), 0.5).cost_micros
    assert found == Interval(value=0, low=0, high=0)


@pytest.mark.filterwarnings("error")
def test_costs_that_are_all_equal_in_one_set_are_compared_with_those_of_another() -> None:
    found = drift(costs(900.0, 900.0, 900.0), costs(900.0, 1000.0, 1100.0), 0.5).cost_micros
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((100 - 248.414, 100, 100 + 248.414), abs=0.001)


def test_labels_of_another_setup_are_told_apart() -> None:
    run = make_run([0.5])
    assert why_it_does_not_apply(setup_of(run), setup_of(run)) == ()
    other = run.model_copy(update={"scorer_version": "test/2", "study_id": "study-2"})
    reasons = why_it_does_not_apply(setup_of(run), setup_of(other))
    assert len(reasons) == 2
    assert any("another version of the scorer" in reason for reason in reasons)


# --- what to label ---------------------------------------------------------------------------------


def test_a_design_draws_from_the_floor_on_and_a_tenth_below_for_the_reliability_chart() -> None:
    design = draw_design(SCORES, SETUP, DesignSettings(labels=50))
    drawn = {
        purpose: [task for task in design.tasks if task.purpose == purpose]
        for purpose in ("certificate", "reliability")
    }
    assert design.floor == pytest.approx(0.4)
    assert (design.drafts, design.eligible) == (200, 120)
    assert len({task.key for task in drawn["certificate"]}) == len(drawn["certificate"]) == 50
    assert all(SCORES[task.key] >= design.floor for task in drawn["certificate"])
    assert len(drawn["reliability"]) == 5
    assert all(SCORES[task.key] < design.floor for task in drawn["reliability"])


def test_a_tenth_of_the_texts_is_shown_again_at_the_end() -> None:
    tasks = draw_design(SCORES, SETUP, DesignSettings(labels=50)).tasks
    again = [task for task in tasks if task.purpose == "agreement"]
    assert len(again) == 6
    assert tuple(again) == tasks[-6:]
    assert [task.place for task in tasks] == list(range(len(tasks)))
    assert {task.draft_id for task in again} <= {task.draft_id for task in tasks[:-6]}


def test_frontier_texts_are_mixed_in_where_there_are_any() -> None:
    tasks = draw_design(SCORES, SETUP, DesignSettings(labels=200), refined=SCORES.keys()).tasks
    assert sum(task.purpose == "comparison" and task.text == "frontier" for task in tasks) == 120 + 20
    first = [task.text for task in tasks[:100]]
    assert 20 < first.count("frontier") < 80


def test_the_same_seed_draws_the_same_design_whatever_the_order_of_drafts() -> None:
    backwards = dict(reversed(SCORES.items()))
    settings = DesignSettings(labels=30, seed=7)
    assert draw_design(SCORES, SETUP, settings) == draw_design(backwards, SETUP, settings)
    assert draw_design(SCORES, SETUP, settings) != draw_design(SCORES, SETUP, DesignSettings(labels=30, seed=8))


def test_every_draft_above_the_floor_is_drawn_about_equally_often() -> None:
    counts = dict.fromkeys(SCORES, 0)
    for seed in range(150):
        for task in draw_design(SCORES, SETUP, DesignSettings(labels=40, seed=seed)).tasks:
            counts[task.key] += task.purpose == "certificate"
    drawn = [count for draft, count in counts.items() if SCORES[draft] >= 0.4]
    assert min(drawn) >= 20
    assert max(drawn) <= 85


def test_a_draw_from_few_drafts_takes_what_there_is() -> None:
    a, b, c = (DraftKey("run-1", name) for name in "abc")
    design = draw_design({a: 0.5, b: None, c: 0.5}, SETUP, DesignSettings(labels=50))
    assert {task.draft_id for task in design.tasks} == {"a", "c"}
    with pytest.raises(InputError, match="No draft has a score"):
        draw_design({a: None}, SETUP, DesignSettings())


def test_kappa_of_two_raters() -> None:
    first = ["acceptable"] * 20 + ["unacceptable"] * 5 + ["acceptable"] * 10 + ["unacceptable"] * 15
    second = ["acceptable"] * 20 + ["acceptable"] * 5 + ["unacceptable"] * 10 + ["unacceptable"] * 15
    found = agreement(list(zip(first, second, strict=True)))
    assert (found.n, found.agreement, found.kappa) == (50, 0.7, pytest.approx(0.4))
    assert agreement(list(zip(first, first, strict=True))).kappa == 1
    assert agreement([("unsure", "unsure")]).kappa is None
    assert agreement([]).agreement is None


def test_refining_that_helped_no_draft_has_no_mean_and_no_interval_of_width_zero() -> None:
    none, nothing = Side(drafts=4, better=0, gain=0), Side(drafts=0, better=0, gain=0)
    found = Gains(everything=none, gain=Interval(value=0, low=0, high=0), under=none, over=nothing)
    assert gains_text(found, 0.7) == "Refining raised the score of none of 4 drafts."
