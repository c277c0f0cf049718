import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BudgetExhausted
from pipeline.hybrid.ledger import HybridCostTracker


@pytest.mark.parametrize(
    ("budget", "calls"),
    [(50_000, 2), (40_200, 2), (40_199, 1), (20_100, 1), (20_099, 0), (1_000, 0), (0, 0)],
)
def test_budget_buys_exactly_the_calls_that_fit(budget: int, calls: int) -> None:
    ledger = HybridCostTracker(budget)
    bought = 0
    for _ in range(5):
        try:
            with ledger.reserve(20_100) as hold:
                hold.settle(20_100)
        except BudgetExhausted:
            continue
        bought += 1
    assert bought == calls
    assert ledger.spent() == calls * 20_100


def test_refusal_names_the_worst_case_and_what_is_left() -> None:
    with pytest.raises(BudgetExhausted, match=r"could cost \$0\.0201, and \$0\.001 of the budget of \$0\.001 is left"):
        HybridCostTracker(1_000).reserve(20_100)


def test_leaving_without_a_word_charges_the_whole_reservation() -> None:
    ledger = HybridCostTracker(100)
    with pytest.raises(RuntimeError), ledger.reserve(60):
        raise RuntimeError("connection lost")
    assert (ledger.spent(), ledger.remaining()) == (60, 40)


def test_released_reservation_can_be_spent_again() -> None:
    ledger = HybridCostTracker(100)
    with ledger.reserve(100) as hold:
        hold.release()
    assert ledger.remaining() == 100


def test_settling_twice_counts_once() -> None:
    ledger = HybridCostTracker(100)
    with ledger.reserve(50) as hold:
        hold.settle(10)
        hold.settle(10)
    assert ledger.spent() == 10


def test_without_a_cap_nothing_is_refused_and_nothing_remains_to_be_told() -> None:
    ledger = HybridCostTracker(None)
    ledger.reserve(10**12).settle(10**12)
    assert ledger.remaining() is None
    assert ledger.can_afford(10**15)


def test_reserve_waits_for_a_call_in_flight_that_may_give_money_back() -> None:
    ledger = HybridCostTracker(100)
    first = ledger.reserve(80)
    got: list[int] = []
    waiter = threading.Thread(target=lambda: got.append(ledger.reserve(50).micros))
    waiter.start()
    waiter.join(0.05)
    assert not got
    first.settle(20)
    waiter.join(2)
    assert got == [50]


def test_overcharging_provider_is_recorded_and_stops_the_next_call() -> None:
    ledger = HybridCostTracker(100)
    ledger.reserve(50).settle(500)
    assert ledger.spent() == 500
    assert ledger.remaining() == 0
    with pytest.raises(BudgetExhausted):
        ledger.reserve(1)


@given(
    budget=st.integers(0, 2_000),
    calls=st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), max_size=30),
    workers=st.integers(1, 8),
)
def test_spent_never_passes_the_budget_with_any_number_of_workers(
    budget: int, calls: list[tuple[int, float]], workers: int
) -> None:
    ledger = HybridCostTracker(budget)

    def call(worst: int, share: float) -> None:
        try:
            with ledger.reserve(worst) as hold:
                if share > 0.1:  # the rest leave without a word, as a lost connection would
                    hold.settle(int(worst * share))
        except BudgetExhausted:
            return

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda args: call(*args), calls))
    assert ledger.spent() <= budget
    assert ledger.remaining() == budget - ledger.spent()
