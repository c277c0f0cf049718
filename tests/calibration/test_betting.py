import numpy as np
import pytest

from pipeline.calibration.betting import LabelOrder, bet_sizes, fewest_to_bet, upper_limit, wealth, wealth_of_finite
from pipeline.calibration.certificate import Sampling, certify
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.domain.labels import Promise

EARLY = Sampling(planned=100, stopping="may_stop")


def order_of(bad: np.ndarray) -> LabelOrder:
    return LabelOrder(np.ones_like(bad, bool), bad.astype(bool))


def ever_rich(bad: np.ndarray, limit: float) -> float:
    """Share of rows whose wealth ever reaches 10."""
    rows = np.full(len(bad), limit)
    bets = bet_sizes(rows, np.full(len(bad), float(bad.shape[1])), 0.1)
    return float(np.mean(wealth(order_of(bad), rows, bets) >= 10))


@pytest.mark.parametrize("limit", [0.05, 0.1, 0.3])
def test_wealth_at_the_limit_ever_grows_tenfold_in_at_most_a_tenth_of_sequences(limit: float) -> None:
    bad = np.random.default_rng(0).random((4000, 200)) < limit
    assert ever_rich(bad, limit) <= 0.1 + 2 * np.sqrt(0.09 / 4000)


def test_wealth_grows_where_the_risk_is_well_below_the_limit() -> None:
    assert ever_rich(np.random.default_rng(1).random((500, 200)) < 0.02, 0.1) > 0.9


def test_finite_populations_are_drawn_from_without_replacement_and_break_no_more_often() -> None:
    chance, rows, size, bad_ones = np.random.default_rng(2), 2000, 60, 12
    population = np.arange(size) < bad_ones
    bad = np.stack([population[chance.permutation(size)] for _ in range(rows)])
    sizes = np.full(rows, size)
    bets = bet_sizes(np.full(rows, bad_ones / size), np.full(rows, 40.0), 0.1)
    rich = wealth_of_finite(order_of(bad[:, :50]), sizes, np.full(rows, bad_ones), bets) >= 10
    assert rich.mean() <= 0.1 + 2 * np.sqrt(0.09 / rows)
    whole = wealth_of_finite(order_of(bad), sizes, np.full(rows, bad_ones + 1), bets)
    assert np.isinf(whole).all()  # all labelled is a count


def test_the_fewest_labels_are_the_first_that_pass_and_the_bound_falls_with_good_labels() -> None:
    fewest = fewest_to_bet(0.1, 50, 0.1)
    bets = bet_sizes(np.array([0.1]), np.array([50.0]), 0.1)
    passes = [wealth(order_of(np.zeros((1, n))), np.array([0.1]), bets)[0] >= 10 for n in (fewest - 1, fewest)]
    assert passes == [False, True]
    bounds = [float(upper_limit(order_of(np.zeros((1, n))), bets, 0.1)[0]) for n in (10, 20, 40, 80)]
    assert bounds == sorted(bounds, reverse=True)


def cascade(seed: int) -> tuple[DraftArrays, np.ndarray]:
    chance = np.random.default_rng(seed)
    score = np.round(chance.random(300), 2)
    return make_draft_arrays(score, label=(chance.random(300) < score).astype(float)), chance.permutation(300)


def after(cases: DraftArrays, order: np.ndarray, labels: int) -> DraftArrays:
    label, turn = np.full(300, np.nan), np.full(300, np.nan)
    label[order[:labels]], turn[order[:labels]] = cases.label[order[:labels]], np.arange(labels)
    return make_draft_arrays(cases.score, label=label, turn=turn)


def test_a_design_labelled_to_its_end_says_nothing_before() -> None:
    cases, order = cascade(0)
    half = certify(after(cases, order, 50), Promise(alpha=0.2), Sampling(planned=100))
    assert (half.status, half.threshold, half.labels_needed) == ("in_progress", None, 100)
    assert "50 texts of 100 still have no label" in half.sentence
    assert certify(after(cases, order, 100), Promise(alpha=0.2), Sampling(planned=100)).status == "certified"


@pytest.mark.parametrize("risk", ["marginal", "selective"])
@pytest.mark.parametrize("scope", ["future_runs", "this_run"])
def test_a_threshold_once_certified_stays_so_while_labels_come_in(risk: str, scope: str) -> None:
    cases, order = cascade(1)
    promise = Promise.model_validate({"alpha": 0.25, "risk": risk, "scope": scope})
    found = [certify(after(cases, order, n), promise, EARLY) for n in range(20, 101, 10)]
    shares = [one.local_share for one in found if one.status in ("certified", "not_certifiable", "too_few_labels")]
    assert shares == sorted(shares)


def test_a_random_score_on_half_bad_drafts_is_hardly_ever_certified() -> None:
    certified = 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        label = np.where(np.arange(400) < 50, (chance.random(400) < 0.5).astype(float), np.nan)
        certified += certify(make_draft_arrays(chance.random(400), label=label), Promise()).status == "certified"
    assert certified <= 2


def test_hand_picked_labels_get_no_threshold() -> None:
    score = np.linspace(0, 1, 300)
    found = certify(make_draft_arrays(score, label=np.where((score > 0.5) & (score < 0.8), 1.0, np.nan)), Promise())
    assert (found.status, found.threshold) == ("not_random", None)
