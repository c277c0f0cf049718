import json
import re
from collections.abc import Sequence
from contextlib import suppress

import pytest

from pipeline.domain.config import HybridConfig, PriceOverride
from pipeline.domain.persona import Persona
from pipeline.domain.run import ModelCall
from pipeline.errors import BudgetExhausted, Cancelled, ProviderError, UnpricedModelError
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.providers import RefineTask, Reply, Request
from pipeline.providers.pricing import Pricer, input_token_upper_bound
from pipeline.providers.replies import UnreadableReply, persona_reader
from tests.factories import make_persona
from tests.fakes import FakeClock, ScriptedProvider, Step, answer

PRICER = Pricer("anthropic", "m", {"m": PriceOverride(input_usd=1, output_usd=1)})  # a micro-dollar a token
BUSY = ProviderError("m is overloaded.", retryable=True)
LOST = ProviderError("The connection was lost.", retryable=True, fate="unknown")
READ = persona_reader("persona-001")
WRONG_KEY = ProviderError("The key was refused.")


class Bench:
    """A caller with everything around it in reach."""

    def __init__(
        self,
        script: Sequence[Step] = (),
        budget: int | None = None,
        policy: RetryPolicy | None = None,
        earlier: Sequence[ModelCall] = (),
    ) -> None:
        self.provider = ScriptedProvider(script=script)
        self.ledger = HybridCostTracker(budget)
        self.log = MemoryLog()
        self.clock = FakeClock()
        policy = policy or RetryPolicy()
        self.caller = Caller(self.provider, PRICER, self.ledger, self.log, self.clock, policy, earlier=earlier)

    def ask(self) -> Persona:
        request = refinement()
        return self.caller.complete(request, READ, self.caller.admit(request, "draft-001"))

    @property
    def rows(self) -> tuple[ModelCall, ...]:
        return self.log.facts().calls


def refinement() -> Request:
    task = RefineTask(persona=make_persona(), findings=(), weak_claims=(), segments=(), seed=0)
    return Request(
        stage="refine",
        system="s",
        prompt="p",
        json_schema={},
        max_output_tokens=300,
        seed=0,
        temperature=None,
        task=task,
    )


def test_answered_call_is_settled_at_its_usage_and_leaves_one_row() -> None:
    bench = Bench([answer(input_tokens=100, output_tokens=50)])
    assert bench.ask().name == "Ada"
    (row,) = bench.rows
    assert (row.status, row.cost_micros, row.id) == ("ok", 150, "draft-001.refine.1")
    assert row.reserved_micros == bench.caller.worst_case_micros(refinement()) > 150
    assert bench.ledger.spent() == bench.caller.spent_micros("draft-001") == 150


def test_busy_provider_is_asked_again_and_only_the_answer_costs() -> None:
    bench = Bench([BUSY, BUSY, answer()])
    bench.ask()
    assert [(row.status, row.cost_micros) for row in bench.rows] == [("failed", 0), ("failed", 0), ("ok", 150)]
    assert [row.id for row in bench.rows] == [f"draft-001.refine.{number}" for number in (1, 2, 3)]
    assert 3.0 <= bench.clock.seconds <= 3.75


def test_lost_call_is_charged_at_its_reservation() -> None:
    bench = Bench([LOST, answer()])
    bench.ask()
    lost, good = bench.rows
    assert (lost.status, lost.cost_micros) == ("lost", lost.reserved_micros)
    assert bench.ledger.spent() == lost.reserved_micros + good.cost_micros


def test_paid_answer_without_a_usage_report_is_charged_at_its_reservation() -> None:
    reply = answer()
    bench = Bench([reply.model_copy(update={"usage": reply.usage.model_copy(update={"measured": False})})])
    bench.ask()
    assert bench.rows[0].cost_micros == bench.rows[0].reserved_micros == bench.ledger.spent()


@pytest.mark.parametrize(("budget", "bought"), [(0.05, 2), (0.0402, 2), (0.0401, 1), (0.0201, 1), (0.001, 0), (0, 0)])
def test_budget_buys_the_calls_whose_worst_case_fits(budget: float, bought: int) -> None:
    """A request of at most 1,810 input and 200 output tokens at $10 per million, billed in full: $0.0201."""
    prompt = "p" * (1_810 - input_token_upper_bound(refinement()) + 1)
    request = refinement().model_copy(update={"prompt": prompt, "max_output_tokens": 200})
    bench = Bench([answer(input_tokens=1_810, output_tokens=200)], HybridConfig(max_cost=budget).budget_micros)
    bench.caller._pricer = Pricer("anthropic", "m", {"m": PriceOverride(input_usd=10, output_usd=10)})
    assert bench.caller.worst_case_micros(request) == 20_100
    for _ in range(5):
        with suppress(BudgetExhausted):
            bench.caller.complete(request, READ, bench.caller.admit(request, "draft-001"))
    assert (len(bench.provider.requests), bench.ledger.spent()) == (bought, bought * 20_100)


def test_model_without_a_price_has_no_pricer_to_call_it_with() -> None:
    with pytest.raises(UnpricedModelError, match="No price is known"):
        Pricer("anthropic", "claude-mythos-99", {})


def test_tokens_are_counted_only_when_the_bound_by_bytes_does_not_fit() -> None:
    def count(_: Request) -> int:
        counted.append(1)
        return 120

    counted: list[int] = []
    bench = Bench([answer(input_tokens=100, output_tokens=50)], budget=2_000)
    bench.provider.count_tokens = count  # type: ignore[method-assign]
    rows = [(bench.ask(), len(counted)) and bench.rows[-1].reserved_micros for _ in range(6)]
    bound = bench.caller.worst_case_micros(refinement())
    assert rows == [bound] * rows.count(bound) + [120 + 300] * rows.count(420)
    assert rows.count(bound) == (2_000 - bound) // 150 + 1
    assert len(counted) == rows.count(420) > 0


def test_every_count_is_a_row_that_costs_nothing_also_after_an_interruption() -> None:
    bench = Bench([answer(input_tokens=100, output_tokens=50)], budget=450)
    bench.provider.counts_away, bench.provider.counted = True, 120  # type: ignore[misc]
    bench.ask()
    counted, paid = bench.rows
    assert (counted.id, counted.status, counted.cost_micros) == ("draft-001.count.1", "ok", 0)
    assert json.loads(counted.payload)["prompt"] == json.loads(paid.payload)["prompt"]
    bench.provider.counted = None
    again = Bench(budget=1, earlier=bench.rows)
    again.provider.counts_away = True  # type: ignore[misc]
    with pytest.raises(BudgetExhausted):
        again.ask()
    assert [(row.id, row.status, row.cost_micros) for row in again.rows] == [("draft-001.count.2", "failed", 0)]


def test_where_nothing_can_be_bought_nothing_is_sent_to_be_counted() -> None:
    bench = Bench(budget=0)
    bench.provider.counts_away = True  # type: ignore[misc]
    with pytest.raises(BudgetExhausted):
        bench.ask()
    assert not bench.rows


def test_a_provider_that_cannot_count_is_held_to_the_bound_by_bytes() -> None:
    bench = Bench(budget=1_000)
    with pytest.raises(BudgetExhausted):
        bench.ask()


def test_wrong_key_is_not_tried_again() -> None:
    bench = Bench([WRONG_KEY])
    with pytest.raises(ProviderError, match="key was refused"):
        bench.ask()
    assert len(bench.rows) == 1
    assert bench.ledger.spent() == 0


def test_retry_after_is_honoured_and_too_long_a_wait_is_a_failure() -> None:
    bench = Bench([ProviderError("Slow down.", retryable=True, retry_after_s=12), answer()])
    bench.ask()
    assert bench.clock.seconds == pytest.approx(12, abs=0.5)
    bench = Bench([ProviderError("Slow down.", retryable=True, retry_after_s=3600)])
    with pytest.raises(ProviderError):
        bench.ask()
    assert bench.clock.seconds == 0


def test_all_waits_of_one_request_together_have_an_end() -> None:
    slow_down = ProviderError("Slow down.", retryable=True, retry_after_s=25)
    bench = Bench([slow_down], policy=RetryPolicy(attempts=10, patience_s=80))
    with pytest.raises(ProviderError):
        bench.ask()
    assert bench.clock.seconds == pytest.approx(75, abs=3)
    assert len(bench.provider.requests) == 4


@pytest.mark.parametrize(
    ("usage", "billed", "flag"),
    [
        ({"output_tokens": 301}, 401, "301 output tokens were billed, and 300 were allowed."),
        ({"input_tokens": 5_000}, 5_050, r"\$0.00505 was billed, and at most \$0.00\d+ was possible."),
        ({}, 150, None),
    ],
)
def test_bill_that_contradicts_its_request_is_settled_flagged_and_told(
    usage: dict[str, int], billed: int, flag: str | None
) -> None:
    bench = Bench([answer(**usage)])
    bench.ask()
    (row,) = bench.rows
    assert row.cost_micros == bench.ledger.spent() == billed
    assert (row.flag is None) if flag is None else re.fullmatch(flag, row.flag or "")
    assert len(bench.log.facts().warnings) == (0 if flag is None else 1)


def test_no_call_starts_after_the_bills_have_passed_the_budget() -> None:
    bench = Bench([answer(output_tokens=9_000)], budget=3_000)
    bench.ask()
    with pytest.raises(BudgetExhausted, match=r"\$0 of the budget"):
        bench.ask()
    assert (len(bench.rows), bench.ledger.spent()) == (1, 9_100)


def test_paid_answer_that_cannot_be_read_is_booked_and_not_bought_again() -> None:
    bench = Bench([answer(name="")])
    with pytest.raises(UnreadableReply, match="no name"):
        bench.ask()
    (row,) = bench.rows
    assert (row.status, row.cost_micros, row.error) == ("unparsable", 150, "The answer has no name.")


def test_free_answer_that_cannot_be_read_is_asked_for_again() -> None:
    bench = Bench([answer(name=""), answer()], policy=RetryPolicy(unreadable=True))
    assert bench.ask().name == "Ada"
    assert [row.status for row in bench.rows] == ["unparsable", "ok"]


@pytest.mark.parametrize(("stop", "status"), [("length", "truncated"), ("refusal", "refused")])
def test_cut_off_and_refused_answers_keep_their_own_status(stop: str, status: str) -> None:
    bench = Bench([answer().model_copy(update={"stop": stop})])
    with pytest.raises(UnreadableReply):
        bench.ask()
    assert bench.rows[0].status == status


def test_call_that_does_not_fit_is_not_sent() -> None:
    bench = Bench(budget=10)
    with pytest.raises(BudgetExhausted):
        bench.ask()
    assert not bench.provider.requests
    assert not bench.rows


def test_breaker_opens_after_three_failures_in_a_row_and_says_why() -> None:
    bench = Bench([WRONG_KEY])
    for _ in range(3):
        with pytest.raises(ProviderError):
            bench.ask()
    with pytest.raises(ProviderError, match=r"Not sent: 3 requests in a row had failed.*key was refused"):
        bench.ask()
    assert len(bench.provider.requests) == 3


def test_without_a_breaker_every_request_is_tried() -> None:
    bench = Bench([WRONG_KEY], policy=RetryPolicy(breaker=None))
    for _ in range(5):
        with pytest.raises(ProviderError, match="key was refused"):
            bench.ask()
    assert len(bench.provider.requests) == 5


def test_cancelled_run_sends_nothing_more() -> None:
    bench = Bench()
    bench.log.cancel()
    with pytest.raises(Cancelled):
        bench.ask()
    assert not bench.provider.requests


def test_cancel_during_a_wait_ends_the_wait() -> None:
    bench = Bench()

    def cancel_and_fail(_: Request) -> Reply:
        bench.log.cancel()
        raise BUSY

    bench.provider._script = [cancel_and_fail]
    with pytest.raises(Cancelled):
        bench.ask()
    assert bench.clock.seconds < 1


def test_defect_in_a_provider_is_charged_and_written_down_before_it_surfaces() -> None:
    def explode(_: Request) -> Reply:
        raise ZeroDivisionError

    bench = Bench([explode])
    with pytest.raises(ZeroDivisionError):
        bench.ask()
    (row,) = bench.rows
    assert (row.status, row.cost_micros) == ("lost", row.reserved_micros)
    assert bench.ledger.spent() == row.reserved_micros


def test_resumed_caller_goes_on_counting_attempts_and_money() -> None:
    first = Bench([answer()])
    first.ask()
    second = Bench([answer()], earlier=first.rows)
    second.ask()
    assert second.rows[0].id == "draft-001.refine.2"
    assert second.caller.spent_micros("draft-001") == 300


def test_answer_that_was_paid_for_is_read_again_and_not_bought_again() -> None:
    first = Bench([answer()])
    persona = first.ask()
    second = Bench(earlier=first.rows)
    assert second.caller.recall("draft-001", READ) == persona
    assert second.caller.recall("draft-002", READ) is None


@pytest.mark.parametrize(
    "reply", [answer(name=""), *(answer().model_copy(update={"stop": stop}) for stop in ("length", "refusal"))]
)
def test_unreadable_answer_that_was_paid_for_is_unreadable_again_and_a_free_one_is_asked_for_again(
    reply: Reply,
) -> None:
    first = Bench([reply])
    with pytest.raises(UnreadableReply) as before:
        first.ask()
    with pytest.raises(UnreadableReply) as after:
        Bench(earlier=first.rows).caller.recall("draft-001", READ)
    assert str(after.value) == str(before.value).replace("scripted ", "scripted-1 ")
    assert Bench(earlier=first.rows, policy=RetryPolicy(unreadable=True)).caller.recall("draft-001", READ) is None


class HeldUntil(MemoryLog):
    """A log of a project whose money another run holds until some second of the clock."""

    def __init__(self, bench: Bench, second: float) -> None:
        super().__init__()
        self._bench, self._second = bench, second

    def call_opened(self, call: ModelCall) -> None:
        if self._bench.clock.seconds < self._second:
            raise BudgetExhausted("Held.", held=True)
        super().call_opened(call)


def test_call_waits_for_money_that_another_run_gives_back() -> None:
    bench = Bench()
    bench.caller._log = HeldUntil(bench, 1.0)
    bench.ask()
    assert bench.clock.seconds == pytest.approx(1.0, abs=0.21)


def test_call_gives_up_waiting_for_money_that_does_not_come_back() -> None:
    bench = Bench()
    bench.caller._log = bench.log = HeldUntil(bench, 1_000.0)
    with pytest.raises(BudgetExhausted):
        bench.ask()
    assert bench.clock.seconds == pytest.approx(90, abs=0.3)
    assert bench.rows == ()


def test_payload_is_recorded_word_for_word() -> None:
    bench = Bench()
    bench.ask()
    assert '"prompt": "p"' in bench.rows[0].payload
    assert '"model": "scripted-1"' in bench.rows[0].payload
