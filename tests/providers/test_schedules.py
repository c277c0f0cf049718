"""Money under thousands of schedules: prices, budgets, workers, latencies, failures, lies and kills."""

import math
import random
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.config import PriceOverride
from pipeline.domain.run import ModelCall
from pipeline.errors import BudgetExhausted, ProviderError
from pipeline.hybrid.calls import Admission, Caller, RetryPolicy
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.providers import RefineTask, Request
from pipeline.providers.pricing import Pricer, input_token_upper_bound
from pipeline.providers.replies import UnreadableReply, persona_reader
from tests.factories import make_persona
from tests.schedule import Condition, ScheduledProvider, Scheduler

HONEST = ("ok", "ok", "ok", "ok", "busy", "lost", "refused", "unreadable", "cut", "unreported")
ANSWERED = {"ok", "truncated", "refused", "unparsable"}
READ = persona_reader("persona-001")


@cache
def pricer(input_usd: float, output_usd: float) -> Pricer:
    return Pricer("x", "m", {"m": PriceOverride(input_usd=input_usd, output_usd=output_usd)})


@cache
def request(number: int) -> Request:
    task = RefineTask(persona=make_persona(), findings=(), weak_claims=(), segments=(), seed=0)
    fixed = {"stage": "refine", "system": "", "json_schema": {}, "seed": 0, "temperature": None, "task": task}
    return Request.model_validate({**fixed, "prompt": "p" * (200 * number), "max_output_tokens": 100 + 50 * number})


class WatchingLog(MemoryLog):
    """No call starts that could pass the budget, even after lies."""

    ledger: HybridCostTracker

    def __init__(self) -> None:
        super().__init__()
        self.admitted: list[set[str]] = []
        """After each start, the calls that were in flight."""

    def call_opened(self, call: ModelCall) -> None:
        super().call_opened(call)
        budget, exposed = self.ledger.budget_micros, self.ledger._settled + self.ledger._reserved
        assert budget is None or exposed <= budget
        self.admitted.append({row.id for row in self._calls.values() if row.status == "in_flight"})


class Run:
    """A run of some drafts under a budget, which may be killed and taken up again."""

    def __init__(self, drafts: int, budget: int | None, workers: int, attempts: int, price: Pricer, seed: int) -> None:
        self.names = [f"draft-{number:04}" for number in range(drafts)]
        self.budget, self.workers, self.price = budget, workers, price
        self.policy = RetryPolicy(attempts=attempts, breaker=random.Random(seed).choice((2, 100)))
        self.rows: tuple[ModelCall, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.overshoot_allowed = self.billed = 0

    def live(self, kinds: Sequence[str], seed: int, killed_at: float) -> None:
        """Go on where the last life ended, until all drafts have their outcome or the process is killed."""
        self.scheduler = Scheduler(seed)
        self.log = WatchingLog()
        self.provider = ScheduledProvider(self.scheduler, list(kinds), seed)
        self.ledger = HybridCostTracker(self.budget, sum(row.cost_micros for row in self.rows))
        self.ledger._changed = Condition(self.scheduler)  # type: ignore[assignment]
        self.caller = Caller(
            self.provider, self.price, self.ledger, self.log, self.scheduler, self.policy, seed, self.rows
        )
        self.log.ledger = self.ledger
        self.busy = 0
        answered = {row.draft_id for row in self.rows if row.reply is not None}
        self.todo = [name for name in self.names if name not in answered]
        self.scheduler.spawn(self.dispatch)
        self.scheduler.run(until=killed_at)
        facts = self.log.facts()
        lost = {"status": "lost"}
        self.rows += tuple(row.model_copy(update=lost) if row.status == "in_flight" else row for row in facts.calls)
        self.warnings += facts.warnings
        self.check(killed=killed_at < float("inf"))

    def dispatch(self) -> None:
        """The stage in small: admit in order and only when a worker is free."""
        for name in self.todo:
            self.scheduler.wait_for(lambda: self.busy < self.workers)
            asked = request(self.names.index(name))
            try:
                admission = self.caller.admit(asked, name)
            except BudgetExhausted as error:
                closest = self.provider.count_tokens(asked)
                self.check_nothing_is_stranded(asked, closest or input_token_upper_bound(asked), error.left_micros)
                least = self.price.worst_case_micros(closest, asked.max_output_tokens) if closest else 0
                assert self.ledger.spent() + (least or self.caller.worst_case_micros(asked)) > (self.budget or 0)
            except ProviderError:  # the breaker is open
                continue
            else:
                self.busy += 1
                self.scheduler.spawn(partial(self.work, asked, admission))

    def check_nothing_is_stranded(self, asked: Request, tokens: int, left: int) -> None:
        """What is left does not pay for an answer with room for 1.5 times what answers took so far."""
        lengths = sorted(self.caller._lengths)
        if lengths:
            least = math.ceil(1.5 * lengths[math.ceil(0.95 * len(lengths)) - 1])
            assert least >= asked.max_output_tokens or self.price.worst_case_micros(tokens, least) > left

    def work(self, asked: Request, admission: Admission) -> None:
        with suppress(BudgetExhausted, ProviderError, UnreadableReply):
            self.caller.complete(asked, READ, admission)
        self.busy -= 1

    def check(self, *, killed: bool) -> None:
        spent = sum(row.cost_micros for row in self.rows)
        assert len({row.id for row in self.rows}) == len(self.rows)
        assert self.provider.most_at_once <= self.workers
        if not killed:
            assert self.ledger.spent() == spent
            assert self.ledger._reserved == 0
        self.billed += sum(self.price.cost_micros(usage) for usage in self.provider.bills)
        assert self.billed <= spent, "whatever its fate, a call is booked at no less than its bill"
        for name in self.names:
            answers = [row for row in self.rows if row.draft_id == name and row.status in ANSWERED]
            assert len(answers) <= 1, "what was answered is not bought again"
        lies = {row.id: max(0, row.cost_micros - row.reserved_micros) for row in self.rows}
        flagged = {row.id for row in self.rows if row.flag}
        assert {id for id, lie in lies.items() if lie} <= flagged
        assert bool(flagged) == bool(self.warnings)
        if self.budget is not None:
            last = max((sum(lies[id] for id in open_rows) for open_rows in self.log.admitted), default=0)
            self.overshoot_allowed = max(self.overshoot_allowed, last)
            assert spent <= self.budget + self.overshoot_allowed


PRICES = st.sampled_from(((3, 15), (0.25, 1.25), (1, 1), (0, 40)))
LIES = ("lies", "lies", "lies", "zero", "zero", "little")
KINDS = [st.lists(st.sampled_from(kinds), min_size=1, max_size=10) for kinds in (HONEST, (*HONEST, *LIES))]
LIVES = [st.lists(st.tuples(kinds, st.floats(0.05, 40)), max_size=2) for kinds in KINDS]
BUDGETS = st.none() | st.sampled_from((0.0, 0.001)) | st.integers(1, 8).map(float) | st.floats(0, 8)
"""In calls at their worst case."""
SIZES = st.tuples(st.integers(1, 7), st.integers(1, 16), st.integers(1, 3), st.integers(0, 2**32))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Run, list[tuple[list[str], int, float]]]:
    drafts, workers, attempts, seed = draw(SIZES)
    lying = draw(st.booleans())
    price = pricer(*draw(PRICES))
    calls = draw(BUDGETS)
    budget = None if calls is None else round(calls * price.worst_case_micros(1_300, 200))
    killed = [(kinds, seed + life, at) for life, (kinds, at) in enumerate(draw(LIVES[lying]))]
    last = (draw(KINDS[lying]), seed + 9, float("inf"))
    return Run(drafts, budget, workers, attempts, price, seed), [*killed, last]


def test_no_schedule_spends_more_than_the_budget_and_the_lies_in_flight(pytestconfig: pytest.Config) -> None:
    tried = []

    @settings(
        max_examples=50_000 if pytestconfig.getoption("--long") else 500,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(schedule=schedules())
    def tries(schedule: tuple[Run, list[tuple[list[str], int, float]]]) -> None:
        run, lives = schedule
        for life in lives:
            run.live(*life)
        tried.append(len(run.rows))

    tries()
    sys.stdout.write(f"{len(tried)} schedules, {sum(tried)} calls\n")
