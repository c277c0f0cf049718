from collections.abc import Sequence

import pytest

from pipeline.calls import Caller, RetryPolicy
from pipeline.config import PriceOverride
from pipeline.errors import BudgetExhausted, Cancelled, ProviderError
from pipeline.ledger import HybridCostTracker
from pipeline.models import ModelCall, Persona
from pipeline.parsing import UnreadableReply, persona_reader
from pipeline.pricing import Pricer
from pipeline.providers import RefineTask, Reply, Request
from pipeline.runlog import MemoryLog
from tests.factories import make_persona
from tests.fakes import FakeClock, ScriptedProvider, Step, answer

PRICER = Pricer("anthropic", "m", {"m": PriceOverride(input_usd=1, output_usd=1)})  # a micro-dollar a token
BUSY = ProviderError("m is overloaded.", retryable=True)
LOST = ProviderError("The connection was lost.", retryable=True, fate="unknown")
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
        return self.caller.complete(request, "draft-001", persona_reader("persona-001"), self.caller.admit(request))

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


def test_payload_is_recorded_word_for_word() -> None:
    bench = Bench()
    bench.ask()
    assert '"prompt": "p"' in bench.rows[0].payload
    assert '"model": "scripted-1"' in bench.rows[0].payload
