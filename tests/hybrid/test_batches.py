from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig, PriceOverride
from pipeline.domain.facts import RunFacts
from pipeline.domain.run import Batch, FinalPersona, ModelCall
from pipeline.domain.study import Segment, Study
from pipeline.errors import Cancelled, ProviderError
from pipeline.hybrid.batches import BatchDesk, BatchPolicy
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.hybrid.refine import Frontier, FrontierRefinementStage, RefineInput
from pipeline.providers import Answer, Found, Reply, Request
from pipeline.providers.pricing import Pricer
from pipeline.store.events import describe
from tests.factories import make_draft
from tests.fakes import FakeClock, FixedScorer, ScriptedProvider, refinement

SEGMENT = Segment(id="d1.1", document="d1", participant="P1", role="participant", text="Cold.", where="turn 1")
STUDY = Study(id="s", name="s", documents=(), participants=(), segments=(SEGMENT,))
PRICER = Pricer("anthropic", "m", {"m": PriceOverride(input_usd=1, output_usd=1)}, batch=True)  # a micro-dollar a token
BETTER, WORSE, UNREADABLE = refinement(tagline="0.95"), refinement(tagline="0.1"), refinement(name="")
ERRORED = ProviderError("It answered HTTP 500.")
EXPIRED = ProviderError("It did not answer within 24 hours.")
STOPPED = Cancelled("The batch was cancelled before this was answered.")
LOST = ProviderError("It closed the connection.", retryable=True, fate="unknown")
BUSY = ProviderError("It is overloaded.", retryable=True, status=429)
REFUSED = ProviderError("The key was refused.", status=401)


class Death(BaseException):
    """The process is killed."""


class Shop:
    """A provider's batches, as they stay there whatever happens to the process that handed them in."""

    def __init__(self, *answers: Answer, looks: int = 2) -> None:
        self.answers = answers or (BETTER,)
        self.looks = looks
        self.taken: dict[str, list[str]] = {}
        """Custom ids per batch that was taken."""
        self.cancelled: set[str] = set()
        self.refusals: list[tuple[bool, ProviderError]] = []
        """For the next submissions: whether the batch is taken all the same, and the error."""
        self.faults: list[ProviderError] = []
        """For the next looks."""
        self.undecided = 0
        """So many searches cannot tell."""

    def obstacle(self) -> str | None:
        return None

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        assert all(name.startswith(marker) for name in requests)
        taken, error = self.refusals.pop(0) if self.refusals else (True, None)
        if taken:
            self.taken[marker] = list(requests)
        if error:
            raise error
        return marker

    def find(self, marker: str, since: datetime, size: int) -> Found:
        if self.undecided:
            self.undecided -= 1
            return Found(undecided=True)
        return Found(marker if len(self.taken.get(marker, ())) == size else None)

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        if self.faults:
            raise self.faults.pop(0)
        self.looks -= 1
        if self.looks > 0 and batch_id not in self.cancelled:
            return None
        names = self.taken[batch_id]
        known = {name: self.answers[index % len(self.answers)] for index, name in enumerate(names)}
        return {name: known[name] for name in requests}

    def cancel(self, batch_id: str) -> None:
        self.cancelled.add(batch_id)


class Log(MemoryLog):
    """Dies, or does something else, right after the batch has been written down for the n-th time."""

    def __init__(self, at: int = 0, then: Callable[["Log"], None] = lambda log: None) -> None:
        super().__init__()
        self.at, self.then = at, then

    def batch_changed(self, batch: Batch) -> None:
        super().batch_changed(batch)
        self.at -= 1
        if self.at == 0:
            self.then(self)


def die(log: Log) -> None:
    raise Death


class Bench:
    def __init__(
        self, shop: Shop, *, budget: int | None = None, so_far: RunFacts | None = None, log: Log | None = None
    ) -> None:
        so_far = so_far or RunFacts()
        self.shop, self.log, self.clock = shop, log or Log(), FakeClock()
        self.ledger = HybridCostTracker(budget, sum(call.cost_micros for call in so_far.calls))
        self.provider = ScriptedProvider()
        caller = Caller(self.provider, PRICER, self.ledger, self.log, self.clock, RetryPolicy(), earlier=so_far.calls)
        for call in so_far.calls:
            self.log.call_closed(call)
        desk = BatchDesk(caller, shop, self.log, self.clock, BatchPolicy(), so_far)
        config = HybridConfig(count=4, refine_mode="batch", selection="best_score")
        self.stage = FrontierRefinementStage(Frontier(caller, desk=desk), FixedScorer(), None, config, self.log)

    def run(self, *scores: float) -> list[FinalPersona]:
        drafts = tuple(make_draft(number, score) for number, score in enumerate(scores))
        return list(self.stage.execute(RefineInput(study=STUDY, drafts=drafts)).personas)

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        return self.log.facts().calls

    @property
    def batch(self) -> Batch:
        return self.log.facts().batches[-1]


def outcomes(finals: Sequence[FinalPersona]) -> list[str]:
    return [final.outcome for final in sorted(finals, key=lambda final: final.draft_id)]


def worst_case() -> int:
    bench = Bench(Shop())
    bench.run(0.4)
    return bench.calls[0].reserved_micros


def killed(shop: Shop, at: int, *scores: float, budget: int | None = None) -> RunFacts:
    """What a run leaves that is killed right after its batch was written down for the n-th time."""
    bench = Bench(shop, budget=budget, log=Log(at, die))
    with pytest.raises(Death):
        bench.run(*scores)
    return bench.log.facts()


def test_all_drafts_under_the_threshold_go_out_in_one_batch_and_the_better_text_is_kept() -> None:
    bench = Bench(Shop(BETTER, WORSE, UNREADABLE))
    finals = bench.run(0.3, 0.4, 0.5, 0.9)
    assert outcomes(finals) == ["refined", "refine_not_better", "refine_unparsable", "kept_local"]
    assert [len(names) for names in bench.shop.taken.values()] == [3]
    assert not bench.provider.requests
    assert {call.batch for call in bench.calls} == {bench.batch.marker}
    assert bench.batch.ended


def test_answers_are_billed_at_the_price_and_settled_below_their_reservation() -> None:
    bench = Bench(Shop(BETTER))
    (final,) = bench.run(0.4)
    (call,) = bench.calls
    assert (call.status, call.cost_micros, final.cost_micros) == ("ok", 950, 950)
    assert call.reserved_micros > 950
    assert bench.ledger.spent() == 950


def test_waiting_is_counted_as_the_time_the_calls_took() -> None:
    bench = Bench(Shop(looks=5))
    bench.run(0.4)
    assert bench.clock.seconds == pytest.approx(120)
    assert bench.calls[0].latency_ms == 120_000


def test_what_was_not_answered_costs_nothing_and_leaves_the_draft() -> None:
    bench = Bench(Shop(BETTER, ERRORED, EXPIRED, STOPPED))
    finals = bench.run(0.1, 0.2, 0.3, 0.4)
    assert outcomes(finals) == ["refined", "refine_failed", "refine_failed", "refine_failed"]
    assert [call.cost_micros for call in bench.calls] == [950, 0, 0, 0]
    assert bench.ledger.spent() == 950


def test_what_the_provider_says_nothing_about_is_charged_at_its_reservation() -> None:
    bench = Bench(Shop(ProviderError("Gone.", status=404)))
    bench.shop.faults = [ProviderError("There is no such batch.", status=404)]
    (final,) = bench.run(0.4)
    (call,) = bench.calls
    assert (final.outcome, call.status) == ("refine_failed", "lost")
    assert call.cost_micros == call.reserved_micros == bench.ledger.spent()


@pytest.mark.parametrize(("room", "bought"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_budget_admits_in_escalation_order_until_the_worst_cases_fill_it(room: int, bought: int) -> None:
    bench = Bench(Shop(), budget=worst_case() * room + 100)
    finals = bench.run(0.5, 0.4, 0.3)
    assert outcomes(finals) == [*["budget_exhausted"] * (3 - bought), *["refined"] * bought]
    assert bench.clock.seconds < 60, "a batch does not wait for its own money"
    assert bench.batch.ended


def test_a_batch_that_is_refused_costs_nothing_and_says_why() -> None:
    bench = Bench(Shop())
    bench.shop.refusals = [(False, REFUSED)]
    finals = bench.run(0.3, 0.4)
    assert outcomes(finals) == ["refine_failed", "refine_failed"]
    assert {final.reason for final in finals} == {str(REFUSED)}
    assert [(call.status, call.cost_micros) for call in bench.calls] == [("failed", 0)] * 2
    assert bench.ledger.spent() == 0


def test_a_busy_provider_is_asked_again() -> None:
    bench = Bench(Shop())
    bench.shop.refusals = [(False, BUSY), (False, BUSY)]
    assert outcomes(bench.run(0.4)) == ["refined"]


@pytest.mark.parametrize("error", [LOST, ProviderError("HTTP 500.", retryable=True, status=500)])
@pytest.mark.parametrize("taken", [True, False])
def test_a_batch_of_unknown_fate_is_looked_for_before_it_is_sent_again(error: ProviderError, taken: bool) -> None:
    bench = Bench(Shop())
    bench.shop.refusals = [(taken, error)]
    assert outcomes(bench.run(0.3, 0.4)) == ["refined", "refined"]
    assert len(bench.shop.taken) == 1
    assert (bench.clock.seconds >= 60) is not taken, "it is given time to appear in the list"


def test_batches_that_cannot_be_told_apart_are_waited_for() -> None:
    bench = Bench(Shop())
    bench.shop.refusals, bench.shop.undecided = [(True, LOST)], 10
    assert outcomes(bench.run(0.4)) == ["refined"]
    assert len(bench.shop.taken) == 1
    assert bench.clock.seconds >= 300


def test_an_outage_while_waiting_passes() -> None:
    bench = Bench(Shop())
    bench.shop.faults = [LOST] * 50
    assert outcomes(bench.run(0.4)) == ["refined"]


def test_answers_that_cannot_be_fetched_end_the_run_and_leave_the_batch_to_be_resumed() -> None:
    bench = Bench(Shop())
    bench.shop.faults = [REFUSED] * 3
    with pytest.raises(ProviderError, match=r"Resume the run to look again: nothing is bought twice\."):
        bench.run(0.4)
    assert not bench.batch.ended
    second = Bench(bench.shop, so_far=bench.log.facts())
    assert outcomes(second.run(0.4)) == ["refined"]
    assert len(bench.shop.taken) == 1


def test_cancelled_run_stops_the_batch_and_uses_what_was_answered() -> None:
    shop = Shop(BETTER, STOPPED, STOPPED, looks=100)
    bench = Bench(shop, log=Log(3, lambda log: log.cancel()))
    finals = bench.run(0.3, 0.4, 0.5)
    assert outcomes(finals) == ["refined", "cancelled", "cancelled"]
    assert [call.cost_micros for call in bench.calls] == [950, 0, 0]
    assert len(shop.cancelled) == 1
    assert bench.clock.seconds <= 60


def test_run_cancelled_before_its_batch_was_sent_sends_nothing() -> None:
    bench = Bench(Shop(), log=Log(1, lambda log: log.cancel()))
    assert outcomes(bench.run(0.3, 0.4)) == ["cancelled", "cancelled"]
    assert (bench.shop.taken, bench.ledger.spent()) == ({}, 0)


def test_cancelled_run_does_not_wait_for_a_provider_that_does_not_react() -> None:
    shop = Shop(looks=100)
    bench = Bench(shop, log=Log(3, lambda log: log.cancel()))
    shop.faults = [LOST] * 1000
    (final,) = bench.run(0.4)
    assert (final.outcome, bench.batch.ended) == ("cancelled", False)
    assert "resume the run" in final.reason
    assert final.cost_micros == bench.ledger.spent() == bench.calls[0].reserved_micros
    assert bench.clock.seconds <= 120
    shop.faults = []
    assert outcomes(Bench(shop, so_far=bench.log.facts()).run(0.4)) == ["refined"]


def test_run_cancelled_while_its_batch_is_looked_for_leaves_it_to_be_resumed() -> None:
    shop = Shop()
    shop.refusals, shop.undecided = [(True, LOST)], 1000
    bench = Bench(shop, log=Log(2, lambda log: log.cancel()))
    assert outcomes(bench.run(0.3, 0.4)) == ["cancelled", "cancelled"]
    assert bench.ledger.spent() == sum(call.reserved_micros for call in bench.calls) > 0
    shop.undecided = 0
    second = Bench(shop, so_far=bench.log.facts())
    assert outcomes(second.run(0.3, 0.4)) == ["refined", "refined"]
    assert (len(shop.taken), second.ledger.spent()) == (1, 1900)


# The batch is written down when it is planned, before it is sent, when it is taken, and when it has ended.
@pytest.mark.parametrize("at", [1, 2, 3])
def test_run_killed_at_any_point_of_a_batch_buys_each_answer_once(at: int) -> None:
    shop = Shop()
    so_far = killed(shop, at, 0.3, 0.4)
    second = Bench(shop, so_far=so_far)
    assert outcomes(second.run(0.3, 0.4)) == ["refined", "refined"]
    assert len(shop.taken) == 1
    assert second.ledger.spent() == 1900
    assert sum(call.cost_micros for call in second.calls) == 1900


def test_run_killed_between_taking_and_writing_finds_its_batch() -> None:
    shop = Shop()
    taken = shop.submit

    def and_die(marker: str, requests: Mapping[str, Request]) -> str:
        taken(marker, requests)
        raise Death

    shop.submit = and_die  # type: ignore[method-assign]
    bench = Bench(shop)
    with pytest.raises(Death):
        bench.run(0.3, 0.4)
    assert (bench.batch.batch_id, len(shop.taken)) == (None, 1)
    second = Bench(shop, so_far=bench.log.facts())
    assert outcomes(second.run(0.3, 0.4)) == ["refined", "refined"]
    assert len(shop.taken) == 1
    assert second.ledger.spent() == 1900


def test_what_an_interrupted_batch_did_not_answer_is_asked_again() -> None:
    shop = Shop(BETTER, EXPIRED)
    so_far = killed(shop, 3, 0.3, 0.4)
    shop.answers = (BETTER, EXPIRED, BETTER)
    second = Bench(shop, so_far=so_far)
    assert outcomes(second.run(0.3, 0.4)) == ["refined", "refined"]
    assert [len(names) for names in shop.taken.values()] == [2, 1]
    assert second.ledger.spent() == 1900


def test_answer_about_a_draft_that_is_no_longer_wanted_is_settled_all_the_same() -> None:
    shop = Shop()
    so_far = killed(shop, 3, 0.3, 0.4)
    second = Bench(shop, so_far=so_far)
    finals = second.run(0.3, 0.9, 0.9, 0.9, 0.9)
    assert "refined" not in outcomes(finals)
    assert {call.status for call in second.calls} == {"ok"}
    assert second.ledger.spent() == 1900


def test_waiting_is_told_with_the_time_it_began() -> None:
    bench = Bench(Shop())
    bench.run(0.4)
    waiting = bench.batch.model_copy(update={"ended": False})
    assert waiting.sent_at is not None
    begun = f"{waiting.sent_at.astimezone():%H:%M}"
    assert describe(waiting) == (
        f"Waiting for the provider's batch, submitted {begun}; may take up to 24 hours. You can close this page."
    )


fates = st.sampled_from([(False, BUSY), (False, LOST), (True, LOST), (False, REFUSED)])
replies = st.sampled_from([BETTER, WORSE, UNREADABLE, ERRORED, EXPIRED, STOPPED])


@settings(max_examples=200, deadline=None)
@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=6),
    answers=st.lists(replies, min_size=1, max_size=4),
    refusals=st.lists(fates, max_size=3),
    budget=st.none() | st.integers(0, 20_000),
    deaths=st.lists(st.integers(1, 5), max_size=3),
)
def test_whatever_happens_no_answer_is_bought_twice_and_the_budget_holds(
    scores: list[float],
    answers: list[Answer],
    refusals: list[tuple[bool, ProviderError]],
    budget: int | None,
    deaths: list[int],
) -> None:
    shop, so_far = Shop(*answers), RunFacts()
    shop.refusals = list(refusals)
    for at in [*deaths, 0]:
        bench = Bench(shop, budget=budget, so_far=so_far, log=Log(at, die))
        for batch in so_far.batches:
            MemoryLog.batch_changed(bench.log, batch)
        try:
            finals = bench.run(*scores)
        except Death:
            so_far = bench.log.facts()
            assert budget is None or sum(call.cost_micros for call in so_far.calls) <= budget
            continue
        break
    assert len(finals) == min(4, len(scores))
    assert bench.ledger.spent() == sum(call.cost_micros for call in bench.calls)
    assert budget is None or bench.ledger.spent() <= budget
    assert all(batch.ended for batch in bench.log.facts().batches)
    assert "in_flight" not in {call.status for call in bench.calls}
    sold = [
        name.partition("_")[2]
        for names in shop.taken.values()
        for index, name in enumerate(names)
        if isinstance(shop.answers[index % len(shop.answers)], Reply)
    ]
    billed = [call.draft_id for call in bench.calls if call.reply is not None]
    assert len(sold) == len({name.partition("_")[0] for name in sold}) == len(billed)
