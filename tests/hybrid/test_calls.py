import json
import re
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig, PriceOverride
from pipeline.domain.persona import Persona
from pipeline.domain.run import ModelCall
from pipeline.errors import BudgetExhausted, Cancelled, ProviderError, UnpricedModelError
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.providers import RefineTask, Reply, Request, Watch
from pipeline.providers.pricing import FREE, Pricer, input_token_upper_bound
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
            raise BudgetExhausted("Held.", free_micros=1_000_000)
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


LONG = refinement().model_copy(update={"system": "word " * 100, "prompt": "word " * 300})
"""At least 200 tokens; the answer of the script has at least 20."""


@pytest.mark.parametrize(
    ("usage", "flag"),
    [
        ({"input_tokens": 0, "output_tokens": 0}, "0 input tokens were reported, and at least 200 were sent."),
        ({"input_tokens": 0}, "0 input tokens were reported, and at least 200 were sent."),
        ({"input_tokens": 199}, "199 input tokens were reported, and at least 200 were sent."),
        (
            {"input_tokens": 200, "output_tokens": 0},
            r"0 output tokens were reported, and the answer has at least \d+\.",
        ),
        (
            {"input_tokens": 200, "output_tokens": 5},
            r"5 output tokens were reported, and the answer has at least \d+\.",
        ),
    ],
)
def test_fewer_tokens_than_the_texts_have_are_charged_at_the_reservation(usage: dict[str, int], flag: str) -> None:
    bench = Bench([answer(**usage)])
    bench.caller.complete(LONG, READ, bench.caller.admit(LONG, "draft-001"))
    (row,) = bench.rows
    assert row.cost_micros == row.reserved_micros == bench.ledger.spent() > 0
    assert re.fullmatch(flag, row.flag or "")
    assert not row.usage.measured
    (warning,) = bench.log.facts().warnings
    assert "reported fewer tokens than its answers have" in warning


@pytest.mark.parametrize("stop", ["complete", "refusal", "length"])
def test_an_answer_without_text_and_without_tokens_is_not_free_either(stop: str) -> None:
    nothing = {"text": "", "stop": stop, "usage": answer(input_tokens=0, output_tokens=0).usage}
    bench = Bench([answer().model_copy(update=nothing)], budget=20_000)
    for _ in range(20):
        with suppress(BudgetExhausted, UnreadableReply):
            bench.caller.complete(LONG, READ, bench.caller.admit(LONG, "draft-001"))
    assert len(bench.provider.requests) == 20_000 // bench.rows[0].reserved_micros < 20
    assert bench.ledger.spent() <= 20_000


def test_a_free_model_may_report_no_tokens() -> None:
    bench = Bench([answer(input_tokens=0, output_tokens=0)])
    bench.caller._pricer = FREE
    bench.ask()
    (row,) = bench.rows
    assert (row.cost_micros, row.flag, row.usage.measured) == (0, None, True)


def bought(budget: int, *, lengths: Sequence[int], limit: int = 2_000) -> Bench:
    """As many calls as a budget buys, of a provider whose answers have these lengths, the last one again and again."""

    def of(length: int) -> Step:
        return lambda request: answer(output_tokens=min(length, request.max_output_tokens))

    bench = Bench([of(length) for length in lengths], budget)
    request = refinement().model_copy(update={"max_output_tokens": limit})
    bench.provider.counted = 100
    for number in range(60):
        with suppress(BudgetExhausted):
            bench.caller.complete(request, READ, bench.caller.admit(request, f"draft-{number:03}"))
    return bench


def test_the_end_of_a_budget_is_spent_on_answers_with_a_lower_limit() -> None:
    bench = bought(10_000, lengths=[200])  # 300 a call, 2,100 at worst
    limits = [request.max_output_tokens for request in bench.provider.requests]
    assert len(limits) == 33, "26 without a lower limit"
    assert limits[:26] == [2_000] * 26
    assert all(300 <= limit < 2_000 for limit in limits[27:])
    assert bench.ledger.spent() == 9_900
    assert [json.loads(row.payload)["max_output_tokens"] for row in bench.rows] == limits


def test_a_limit_is_never_lower_than_one_and_a_half_times_what_answers_took() -> None:
    bench = bought(10_000, lengths=[100, 800] * 30)
    least = min(request.max_output_tokens for request in bench.provider.requests)
    assert least >= 1_200
    assert bench.ledger.spent() <= 10_000


def test_without_an_answer_so_far_no_limit_is_lowered() -> None:
    bench = Bench(budget=2_000)
    request = refinement().model_copy(update={"max_output_tokens": 2_000})
    bench.provider.counted = 100
    with pytest.raises(BudgetExhausted):
        bench.caller.admit(request, "draft-001")


def test_answers_that_were_cut_off_raise_the_limit() -> None:
    short = answer(output_tokens=200)
    bench = Bench([short.model_copy(update={"stop": "length"})], budget=4_000)
    request = refinement().model_copy(update={"max_output_tokens": 200})
    bench.provider.counted = 100
    for number in range(60):
        with suppress(BudgetExhausted, UnreadableReply):
            bench.caller.complete(request, READ, bench.caller.admit(request, f"draft-{number:03}"))
    assert {request.max_output_tokens for request in bench.provider.requests} == {200}


@settings(max_examples=300, deadline=None)
@given(budget=st.integers(0, 30_000), lengths=st.lists(st.integers(1, 2_000), min_size=1, max_size=12))
def test_a_lower_limit_never_passes_the_budget(budget: int, lengths: list[int]) -> None:
    lengths = [max(length, 25) for length in lengths]  # fewer would not be believed
    assert bought(budget, lengths=lengths).ledger.spent() <= budget


def test_each_further_attempt_has_another_seed() -> None:
    bench = Bench([BUSY, answer(name=""), answer()], policy=RetryPolicy(unreadable=True))
    bench.ask()
    assert len({request.seed for request in bench.provider.requests}) == 3


def test_answer_that_looped_is_asked_for_again_with_a_growing_repeat_penalty() -> None:
    looped = answer().model_copy(update={"text": '{"goals": [' + '"It is loud.", ' * 60, "stop": "length"})
    bench = Bench([looped, looped, answer()], policy=RetryPolicy(unreadable=True))
    bench.ask()
    assert [request.repeat_penalty for request in bench.provider.requests] == [None, 1.15, pytest.approx(1.3)]
    assert "loop" in (bench.rows[0].error or "")


def test_notice_of_a_provider_becomes_a_warning_of_the_run() -> None:
    bench = Bench([answer().model_copy(update={"notice": "It ignores schemas."})])
    bench.ask()
    assert bench.log.facts().warnings == ("It ignores schemas.",)


def test_recalled_answer_refers_to_the_prompt_that_was_sent_then() -> None:
    # Another version may write another prompt for the same draft; line numbers of the answer belong to the old one.
    first = Bench([answer()])
    first.ask()
    second = Bench(earlier=first.rows)
    assert second.caller.recall("draft-001", lambda reply: reply.prompt) == refinement().prompt


def test_cancel_that_one_call_has_seen_is_seen_by_the_next_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, watches = Bench(), list[Watch]()

    def complete(request: Request, watch: Watch) -> Reply:
        watches.append(watch)
        return answer()

    monkeypatch.setattr(bench.provider, "complete", complete)
    bench.ask()
    bench.ask()
    writing, waiting = watches
    assert not writing.stopped()
    bench.clock.sleep(0.15)
    assert not waiting.stopped()
    bench.log.cancel()
    bench.clock.sleep(0.1)
    assert writing.stopped()
    assert waiting.stopped(), "it would take the place that the other one has just left"
