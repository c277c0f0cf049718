"""Call a model: reserve, record the attempt, send, settle, and retry where that helps.

One attempt = one reservation = one row. The row is written before anything is sent, and the log refuses it
when it does not fit; the answer is written with its bill before it is used. Providers never retry on their own.
"""

import json
import math
import random
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Literal, NamedTuple, TypeVar

from pipeline.domain.base import Frozen
from pipeline.domain.facts import RunLog
from pipeline.domain.run import LAST_FAILURE, CallStatus, ModelCall, Stage, Usage
from pipeline.domain.units import Clock
from pipeline.errors import BudgetExhausted, Cancelled, ProviderError
from pipeline.hybrid.ledger import Hold, HybridCostTracker
from pipeline.providers import Provider, Reply, Request
from pipeline.providers.pricing import Pricer, fewest_tokens, input_token_upper_bound
from pipeline.providers.replies import LoopingReply, UnreadableReply
from pipeline.text.wording import usd

T = TypeVar("T")

_POLL_S = 0.2
"""Seconds between two checks of a waiting call for cancellation or released money."""

_TOLD_EVERY_S = 1.0
"""Seconds between two records of an answer's progress."""

_SEED_STEP, _SEEDS = 1_000_003, 2**31
"""Far from the seeds of other drafts, which are neighbours; servers take 31 bits."""

_PENALTY_STEP = 0.15
"""Added to the repeat penalty after an answer that only repeated itself: 1.15, then 1.30. With 1.30 SmolLM2 left a loop
that it had been in for ever (llama.cpp, 2026-11-30)."""

_ROOM = 1.5
"""A lowered limit is at least this many times the length that 95 of 100 answers stayed within."""

_ANSWERED: dict[Literal["complete", "length", "refusal"], CallStatus] = {
    "complete": "ok",
    "length": "truncated",
    "refusal": "refused",
}


class RetryPolicy(Frozen):
    """When the same request is sent again."""

    attempts: int = 3
    """Attempts in total, the first one included."""
    unreadable: bool = False
    """True to retry unreadable answers, for providers that are free."""
    base_s: float = 1.0
    """First wait; it doubles each time, with up to a quarter of jitter on top."""
    longest_s: float = 30.0
    """No single wait is longer, whatever `Retry-After` says; then the call fails."""
    patience_s: float = 90.0
    """All waits of one request together are no longer, be it between attempts or for money that others hold."""
    breaker: int | None = 3
    """After this many requests in a row have failed for good, the rest are not sent. `None` never stops: of a provider
    in this process a failure says something of one draft only."""


class Admission(NamedTuple):
    """Leave to send one attempt: its money is reserved and its row is written."""

    request: Request
    """As it may be sent: near the end of a budget its answer may be allowed less length than was asked for."""
    call: ModelCall
    hold: Hold


class Caller:
    """Sends requests to one provider, with its money, its rows and its patience."""

    def __init__(
        self,
        provider: Provider,
        pricer: Pricer,
        ledger: HybridCostTracker,
        log: RunLog,
        clock: Clock,
        policy: RetryPolicy,
        seed: int = 0,
        earlier: Iterable[ModelCall] = (),
    ) -> None:
        """Bind a provider to the books of one run.

        Args:
            provider: who answers.
            pricer: what an answer costs.
            ledger: the budget of the run.
            log: where attempts are written down.
            clock: for waiting and for latencies.
            policy: when to try again.
            seed: of the jitter between attempts.
            earlier: calls that an interrupted attempt at this run has made of this provider already, oldest first.
        """
        self.provider = provider
        self._pricer = pricer
        self._ledger = ledger
        self._log = log
        self._clock = clock
        self._policy = policy
        self._jitter = random.Random(seed)  # noqa: S311 - spreads retries, protects nothing
        # Guards the attempt numbers, the lengths, the failure streak and the jitter: workers share one caller.
        self._lock = threading.Lock()
        self._cancellation = _Cancellation(log, clock)
        self._attempts: Counter[tuple[str, Stage]] = Counter()
        self._spent: Counter[str] = Counter()
        self._answers: dict[str, Reply] = {}
        self._lengths: list[int] = []
        """Tokens of the answers so far, those that were cut off included."""
        self._streak = 0
        self._last_failure = ""
        for call in earlier:
            self._attempts[call.draft_id, call.stage] += 1
            self._spent[call.draft_id] += call.cost_micros
            if call.reply is not None:
                self._answers[call.draft_id] = _reply(call, call.reply)
                self._note_length(call)

    def worst_case_micros(self, request: Request) -> int:
        """Return the maximum cost of one attempt at this request, whatever the tokenizer."""
        return self._pricer.worst_case_micros(input_token_upper_bound(request), request.max_output_tokens)

    def spent_micros(self, draft_id: str) -> int:
        """Return the cost of all attempts for this draft so far."""
        with self._lock:
            return self._spent[draft_id]

    def recall(self, draft_id: str, read: Callable[[Reply], T]) -> T | None:
        """The answer that an interrupted attempt at the run has had already, read; `None` when there is none.

        Raises:
            UnreadableReply: it was paid for and `read` refuses it; what is free is asked for again instead.
        """
        reply = self._answers.get(draft_id)
        if reply is None:
            return None
        try:
            return read(reply)
        except UnreadableReply:
            if self._policy.unreadable:
                return None
            raise

    def admit(self, request: Request, draft_id: str, *, batch: str | None = None) -> Admission:
        """Reserve the worst case of one attempt at a request, and write its row.

        Near the end of a budget the provider is asked to count the tokens: that bound is several times closer
        than the one by bytes. Which of the two was used never decides whether a request is admitted, because
        what fits with the wide one also fits with the close one. Where not even that fits, the answer's limit is
        lowered to what the rest pays for, as long as that is far more than this run's answers took.

        Args:
            request: what is to be asked.
            draft_id: the draft it is for; names the rows.
            batch: marker of the batch it will be asked in. Money in flight is then not waited for: the requests of
                the batch hold it, and give it back only after all of them were admitted.

        Raises:
            BudgetExhausted: it does not fit into the budget.
            ProviderError: the breaker is open: too many requests in a row have failed.
            Cancelled: the run was cancelled.
        """
        self._check_breaker()
        widest = self.worst_case_micros(request)
        if self._ledger.can_afford(widest):
            with suppress(BudgetExhausted):
                return self._open(request, draft_id, widest, batch)
        # A budget of nothing buys nothing, however few the tokens are: then nothing is sent to be counted either.
        counted = None if self._ledger.budget_micros == 0 else self._counted(request, draft_id)
        bound = input_token_upper_bound(request)
        tokens = bound if counted is None else min(counted, bound)
        until = self._clock.monotonic() + (0 if batch else self._policy.patience_s)
        while True:
            left_s = until - self._clock.monotonic()
            try:
                return self._longest(request, tokens, draft_id, batch, patient=left_s > 0)
            except BudgetExhausted as error:
                # Other runs of the project may give back what their calls in flight hold.
                if error.free_micros < self._fewest_micros(request, tokens) or left_s <= 0:
                    raise
            self._pause(min(_POLL_S, left_s))

    def adopt(self, request: Request, call: ModelCall) -> Admission:
        """The leave that an interrupted attempt at the run got, for a request whose answer may still be fetched."""
        with self._lock:
            self._spent[call.draft_id] -= call.cost_micros
        return Admission(request, call, self._ledger.reopen(call.cost_micros))

    def leave_open(self, admission: Admission) -> None:
        """Count a request at its reservation whose answer this run no longer waits for; its row stays open."""
        _, call, hold = admission
        with self._lock:
            self._spent[call.draft_id] += call.cost_micros
        hold.settle(call.cost_micros)

    def receive(self, read: Callable[[Reply], T], admission: Admission, answer: Reply | ProviderError) -> T:
        """The answer to a request of a batch, read; it is settled and written down like any other.

        Raises:
            ProviderError: the answer is this error.
            UnreadableReply: an answer that `read` refused.
        """

        def fetched() -> Reply:
            if isinstance(answer, ProviderError):
                raise answer
            return answer

        return self._attempt(read, admission, lambda _: fetched())

    def complete(self, request: Request, read: Callable[[Reply], T], first: Admission) -> T:
        """The answer to a request, read.

        Args:
            request: what to ask.
            read: turns the reply into a value, or raises `UnreadableReply`.
            first: leave for the first attempt, from `admit`; further attempts are admitted one by one.

        Raises:
            BudgetExhausted: the worst case of a further attempt does not fit into the budget.
            ProviderError: no answer after all attempts, or the breaker has opened.
            UnreadableReply: an answer, paid or not, that `read` refused.
            Cancelled: the run was cancelled before a further attempt.
        """
        waited = 0.0
        for attempt in range(1, self._policy.attempts + 1):
            last = attempt == self._policy.attempts
            admission = first if attempt == 1 else self.admit(request, first.call.draft_id)
            try:
                value = self._attempt(read, admission, self._asking(admission.call))
            except ProviderError as error:
                wait = self._wait_s(attempt, error.retry_after_s)
                if last or not error.retryable or wait is None or waited + wait > self._policy.patience_s:
                    self._failed(str(error))
                    raise
                waited += wait
                self._pause(wait)
                request = _again(request)
            except UnreadableReply as error:
                if last or not self._policy.unreadable:
                    self._succeeded()  # it answered: the service is up
                    raise
                request = _again(request, looped=isinstance(error, LoopingReply))
            else:
                self._succeeded()
                return value
        raise AssertionError("the last attempt returns or raises")

    def _asking(self, call: ModelCall) -> Callable[[Request], Reply]:
        """Return a function that asks the provider and passes on the progress of this attempt."""
        watch = _Progress(self._log, self._clock, call, self._cancellation)
        return lambda request: self.provider.complete(request, watch)

    def _longest(
        self, request: Request, input_tokens: int, draft_id: str, batch: str | None, *, patient: bool
    ) -> Admission:
        """Leave for the request, or for a shorter answer to it where the rest of a budget pays only for that.

        Args:
            request: what is to be asked.
            input_tokens: a bound of them.
            draft_id: the draft it is for.
            batch: marker of its batch.
            patient: whether money that comes back may be waited for; then its limit is not lowered before that.
        """
        worst = self._pricer.worst_case_micros(input_tokens, request.max_output_tokens)
        try:
            return self._open(request, draft_id, worst, batch)
        except BudgetExhausted as error:
            wait = patient and worst <= error.free_micros
            shorter = None if wait else self._shortened(request, input_tokens, error.left_micros)
            if shorter is None:
                raise
        worst = self._pricer.worst_case_micros(input_tokens, shorter.max_output_tokens)
        return self._open(shorter, draft_id, worst, batch)

    def _open(self, request: Request, draft_id: str, worst_micros: int, batch: str | None) -> Admission:
        """Reserve and write the row."""
        hold = self._ledger.reserve(worst_micros, wait=batch is None)
        try:
            call = self._row(request, draft_id, worst_micros, batch)
            self._log.call_opened(call)
        except BaseException:
            hold.release()  # nothing was sent
            raise
        with self._lock:
            self._attempts[draft_id, call.stage] += 1
        return Admission(request, call, hold)

    def _shortened(self, request: Request, input_tokens: int, left_micros: int) -> Request | None:
        """The request with the longest answer that so much money pays for; `None` where it would be too short."""
        allowed = range(self._least_limit(request), request.max_output_tokens)
        affordable = bisect_right(
            allowed, left_micros, key=lambda most: self._pricer.worst_case_micros(input_tokens, most)
        )
        return request.model_copy(update={"max_output_tokens": allowed[affordable - 1]}) if affordable else None

    def _fewest_micros(self, request: Request, input_tokens: int) -> int:
        """The worst case of the request with the lowest limit that it may be given."""
        return self._pricer.worst_case_micros(input_tokens, self._least_limit(request))

    def _least_limit(self, request: Request) -> int:
        """The lowest limit of an answer that is hardly ever cut off; the request's own where it is not known.

        That is 1.5 times the 95th percentile (nearest rank) of the answers so far. One answer is enough to go by,
        because without a lower limit the rest of the money buys nothing at all.
        """
        with self._lock:
            lengths = sorted(self._lengths)
        if not lengths:
            return request.max_output_tokens
        return min(request.max_output_tokens, math.ceil(_ROOM * lengths[math.ceil(0.95 * len(lengths)) - 1]))

    def _counted(self, request: Request, draft_id: str) -> int | None:
        """The provider's own count of the tokens; where the request leaves the machine for it, that has a row too.

        Raises:
            Cancelled: the run was cancelled.
        """
        if not self.provider.counts_away:
            return self.provider.count_tokens(request)
        call = self._row(request, draft_id, 0, None, "count")
        self._log.call_opened(call)
        with self._lock:
            self._attempts[draft_id, "count"] += 1
        began = self._clock.monotonic()
        counted = self.provider.count_tokens(request)
        ended = {"status": "ok"} if counted is not None else {"status": "failed", "error": "No count came back."}
        latency = max(0, round((self._clock.monotonic() - began) * 1000))
        self._log.call_closed(call.model_copy(update={**ended, "latency_ms": latency}))
        return counted

    def _row(
        self, request: Request, draft_id: str, reserved_micros: int, batch: str | None, stage: Stage | None = None
    ) -> ModelCall:
        stage = stage or request.stage
        with self._lock:
            number = self._attempts[draft_id, stage] + 1
        return ModelCall(
            id=f"{draft_id}.{stage}.{number}",
            stage=stage,
            draft_id=draft_id,
            provider=self.provider.name,
            model=self.provider.model,
            status="in_flight",
            cost_micros=reserved_micros,
            reserved_micros=reserved_micros,
            payload="" if self.provider.in_process else _payload(self.provider.model, request, stage),
            place="away" if self.provider.is_away else "here",
            batch=batch,
            started_at=self._clock.now(),
        )

    def _attempt(self, read: Callable[[Reply], T], admission: Admission, ask: Callable[[Request], Reply]) -> T:
        """Send, and write down how it ended, whatever happens.

        The row is closed before the money in it is given back: a reservation that waits for that money would
        otherwise find the row still there.
        """
        request, call, hold = admission
        began = self._clock.monotonic()
        unexplained = "The call ended in an unexpected way; it is charged at its reservation."
        ended = call.model_copy(update={"status": "lost", "usage": Usage(measured=False), "error": unexplained})
        with hold:
            try:
                reply = ask(request)
                ended = self._answered(call, request, reply)
                return read(reply.model_copy(update={"prompt": request.prompt}))
            except ProviderError as error:
                free = {"status": "failed", "cost_micros": 0} if error.fate == "not_charged" else {}
                ended = ended.model_copy(update={"error": str(error), **free})
                raise
            except Cancelled as error:
                # Only answers that are streamed end in the middle, and those of local servers cost nothing.
                ended = ended.model_copy(update={"status": "failed", "error": str(error), "cost_micros": 0})
                raise
            except UnreadableReply as error:
                status = "unparsable" if ended.status == "ok" else ended.status
                ended = ended.model_copy(update={"status": status, "error": str(error)})
                raise
            finally:
                waited_s = self._clock.monotonic() - began
                if call.batch:  # it was sent long ago, perhaps by another process
                    waited_s = (self._clock.now() - call.started_at).total_seconds()
                latency = max(0, round(waited_s * 1000))
                with self._lock:
                    self._spent[call.draft_id] += ended.cost_micros
                self._log.call_closed(ended.model_copy(update={"latency_ms": latency}))
                hold.settle(ended.cost_micros)

    def _answered(self, call: ModelCall, request: Request, reply: Reply) -> ModelCall:
        """The row of an answered call, with its bill."""
        usage, cost = reply.usage, call.reserved_micros  # where the bill is unknown, the reservation bounds it
        too_little = None if self.provider.simulated or not cost else _too_little(usage, request, reply.text)
        if too_little:
            usage = usage.model_copy(update={"measured": False})
        if usage.measured or self.provider.simulated:
            cost = self._pricer.cost_micros(usage)
        too_much = _contradiction(usage, cost, request, call)
        if reply.notice:
            self._log.warn(reply.notice)
        if too_little:
            self._log.warn(
                f"{call.provider} {call.model} reported fewer tokens than its answers have. Such calls are charged at"
                " their reservation, and flagged. Check the provider's own bill before the next run."
            )
        if too_much:
            self._log.warn(
                f"{call.provider} {call.model} billed more than was asked for. It is counted as billed; the calls are"
                " flagged. Check the provider's own bill before the next run."
            )
        answered = call.model_copy(
            update={
                "status": _ANSWERED[reply.stop],
                "usage": usage,
                "cost_micros": cost,
                "flag": too_little or too_much,
                "reply": reply.text,
                "waiting_ms": reply.waiting_ms,
            }
        )
        with self._lock:
            self._note_length(answered)
        return answered

    def _note_length(self, call: ModelCall) -> None:
        if call.status != "refused" and (call.usage.measured or self.provider.simulated):
            self._lengths.append(call.usage.output_tokens)

    def _check_breaker(self) -> None:
        with self._lock:
            if self._policy.breaker and self._streak >= self._policy.breaker:
                raise ProviderError(
                    f"Not sent: {self._streak} requests in a row had failed before. {LAST_FAILURE}{self._last_failure}"
                )

    def _wait_s(self, attempt: int, asked_s: float | None) -> float | None:
        """Seconds before the next attempt; `None` when the provider asks for more than we are ready to wait."""
        with self._lock:
            jitter: float = 1 + self._jitter.random() / 4
        wait: float = min(self._policy.longest_s, self._policy.base_s * 2 ** (attempt - 1)) * jitter
        if asked_s is None:
            return wait
        return None if asked_s > self._policy.longest_s else max(wait, asked_s)

    def _pause(self, seconds: float) -> None:
        """Wait, and stop waiting when the run is cancelled."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            if self._log.is_cancelled():
                raise Cancelled("The run was cancelled.")
            self._clock.sleep(min(_POLL_S, left))

    def _failed(self, reason: str) -> None:
        with self._lock:
            self._streak += 1
            self._last_failure = reason

    def _succeeded(self) -> None:
        with self._lock:
            self._streak = 0


class _Cancellation:
    """Tells all calls of a run at once that it is cancelled."""

    def __init__(self, log: RunLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._asked = float("-inf")
        self._found = False

    def found(self) -> bool:
        """Return true once the run is cancelled; looks it up five times a second at most."""
        if (now := self._clock.monotonic()) - self._asked >= _POLL_S:
            self._asked = now
            # Never set back: another thread may have looked later, and have written first.
            if self._log.is_cancelled():
                self._found = True
        return self._found


class _Progress:
    """Passes on how far an answer has come, once a second, and whether the run is cancelled."""

    def __init__(self, log: RunLog, clock: Clock, call: ModelCall, cancellation: _Cancellation) -> None:
        self._log = log
        self._clock = clock
        self._call = call
        self._cancellation = cancellation
        self._told = float("-inf")

    def stopped(self) -> bool:
        """Return true once the run is cancelled."""
        return self._cancellation.found()

    def wrote(self, tokens: int) -> None:
        """Record the tokens so far, at most once a second."""
        if (now := self._clock.monotonic()) - self._told >= _TOLD_EVERY_S:
            self._told = now
            self._log.call_progressed(self._call, tokens)


def _again(request: Request, *, looped: bool = False) -> Request:
    """Return the request of another attempt: with the same seed a local model gives the same answer, to the byte."""
    changes: dict[str, int | float] = {"seed": (request.seed + _SEED_STEP) % _SEEDS}
    if looped:
        changes["repeat_penalty"] = (request.repeat_penalty or 1.0) + _PENALTY_STEP
    return request.model_copy(update=changes)


def _reply(call: ModelCall, text: str) -> Reply:
    """The reply that a row was written from."""
    stop: Literal["complete", "length", "refusal"] = "complete"
    stop = next((stop for stop, status in _ANSWERED.items() if status == call.status), stop)
    asked = json.loads(call.payload).get("prompt", "") if call.payload else ""
    return Reply(text=text, usage=call.usage, stop=stop, model=call.model, prompt=asked)


def _too_little(usage: Usage, request: Request, text: str) -> str | None:
    """Why more tokens were used than reported, in a sentence; `None` when the report can be true.

    A gateway that reports none would otherwise be free of charge, and the budget would never be used up.
    """
    if not usage.measured:
        return None
    sent, written = fewest_tokens(request.system) + fewest_tokens(request.prompt), fewest_tokens(text)
    if usage.input_tokens < sent:
        return f"{usage.input_tokens} input tokens were reported, and at least {sent} were sent."
    if usage.output_tokens < written:
        return f"{usage.output_tokens} output tokens were reported, and the answer has at least {written}."
    return None


def _contradiction(usage: Usage, cost_micros: int, request: Request, call: ModelCall) -> str | None:
    """Describe a contradiction between a bill and its request; `None` without one, and for free calls."""
    if not cost_micros:
        return None
    if usage.output_tokens > request.max_output_tokens:
        return f"{usage.output_tokens} output tokens were billed, and {request.max_output_tokens} were allowed."
    if cost_micros > call.reserved_micros:
        return f"{usd(cost_micros)} was billed, and at most {usd(call.reserved_micros)} was possible."
    return None


def _payload(model: str, request: Request, stage: Stage) -> str:
    """Return the request as sent, as JSON; requests that count tokens have no answer limit."""
    kept_back = {"task", "stage", *(["max_output_tokens"] if stage == "count" else [])}
    if request.repeat_penalty is None:
        kept_back.add("repeat_penalty")
    sent = request.model_dump(mode="json", exclude=kept_back)
    return json.dumps({"model": model, **sent}, ensure_ascii=False)
