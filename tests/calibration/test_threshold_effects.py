import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calibration.certificate import Sampling, certify
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.sweep import budget_risks, saving, sweep
from pipeline.calibration.threshold_effects import STOPS, Terms, bad_shares, on_stops, positions, stop_at_or_over
from pipeline.domain.labels import Promise

SCORES = st.lists(st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.29, 0.57, 0.58, 1.0])), max_size=30)
BUDGET = Terms(personas=10, budget_micros=60_000)


def spread(n: int = 60, labels: int = 60, bad_under: float = 0.2) -> DraftArrays:
    score = np.linspace(0.005, 0.995, n)
    said = [
        None if place % max(1, n // max(labels, 1)) else float(value >= bad_under) for place, value in enumerate(score)
    ]
    return make_draft_arrays(score, label=said, frontier_micros=np.full(n, 10_000.0))


@given(SCORES)
def test_scores_moved_to_stops_accept_the_same_drafts_at_every_stop(scores: list[float | None]) -> None:
    cases = make_draft_arrays(scores)
    moved = on_stops(cases)
    for stop in STOPS:
        assert (cases.accepted(stop) == moved.accepted(stop)).all()


def test_every_position_says_what_the_sweep_says_there() -> None:
    cases, table = spread(), sweep(spread())
    found = positions(cases, Terms(personas=60))
    assert len(found) == len(STOPS)
    for position in found:
        row = table.index(position.threshold)
        assert (position.local, position.cost_micros) == (table.local[row], table.cost_micros[row])
        assert position.saving == saving(cases, position.threshold)


def test_money_is_counted_for_one_run_and_the_budget_is_that_of_one_run() -> None:
    found = positions(spread(), BUDGET)
    assert found[-1].cost_micros == pytest.approx(100_000)
    assert found[-1].bought == 36  # six of ten refinements, over sixty drafts
    assert found[0].over_budget == 0
    assert found[-1].over_budget == 1
    assert found[50].over_budget == budget_risks(spread(), [0.5], 60_000, 10)[0]


def test_a_budget_of_zero_buys_nothing() -> None:
    found = positions(spread(), Terms(personas=10, budget_micros=0))
    assert found[-1].bought == 0
    assert found[0].over_budget == 0


def test_without_costs_money_is_unknown_and_the_rest_is_not() -> None:
    found = positions(make_draft_arrays([0.4, 0.6]), BUDGET)
    assert (found[50].local, found[50].cost_micros, found[50].saving, found[50].over_budget) == (1, None, None, None)


def test_imputed_costs_have_a_band_and_paid_ones_none() -> None:
    guessed = make_draft_arrays([0.4, 0.6], frontier_micros=[100, 200], imputed=[True, False])
    everything = positions(guessed, Terms(personas=2))[-1]
    assert (everything.cost_low_micros, everything.cost_high_micros) == (275, 325)


@pytest.mark.parametrize("scores", [[], [0.5], [None], [0.5, 0.5, 0.5], [0.0], [1.0]])
def test_few_equal_or_missing_scores_give_every_position(scores: list[float | None]) -> None:
    found = positions(make_draft_arrays(scores, label=[1] * len(scores), frontier_micros=[5] * len(scores)), BUDGET)
    assert len(found) == len(STOPS)
    assert found[-1].local == 0
    assert found[100].local == sum(score == 1 for score in scores)


def test_a_draft_at_the_threshold_stays() -> None:
    found = positions(make_draft_arrays([0.57]), Terms())
    assert (found[57].local, found[58].local) == (1, 0)


@pytest.mark.parametrize(("label", "estimate"), [(1.0, 0.0), (0.0, 1.0)])
def test_none_and_all_bad_have_exact_intervals(label: float, estimate: float) -> None:
    shares = bad_shares(make_draft_arrays([0.9] * 30, label=[label] * 30), Promise())
    found = shares[50]
    assert found is not None
    assert found.estimate == estimate
    assert found.low <= estimate <= found.high
    assert found.high - found.low > 0.05


def test_labels_from_a_floor_on_say_nothing_below_it() -> None:
    score = np.linspace(0.005, 0.995, 100)
    cases = make_draft_arrays(score, label=[1.0 if value >= 0.4 else None for value in score])
    shares = bad_shares(cases, Promise(), Sampling(floor=0.405))
    assert stop_at_or_over(0.405) == 0.41
    assert shares[40] is None
    assert shares[41] is not None
    assert shares[41].labels == 59


def test_the_certified_stop_is_where_the_bound_first_passes_alpha() -> None:
    cases = spread(200, 200, bad_under=0.3)
    answer = certify(on_stops(cases), Promise())
    shares = bad_shares(cases, Promise())
    place = int(np.searchsorted(STOPS, answer.threshold))
    assert answer.threshold == STOPS[place]
    assert shares[place] is not None
    assert shares[place].bound <= 0.1
    assert answer.risk_upper == pytest.approx(shares[place].bound)
