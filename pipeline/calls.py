"""One call to a model, paid or not: reserve, write down, send, settle, and try again where that helps.

One attempt = one reservation = one row. Providers never retry on their own.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from pipeline.clock import Clock
from pipeline.errors import Cancelled, ProviderError
from pipeline.ledger import Hold, HybridCostTracker
from pipeline.models import CallStatus, Frozen, ModelCall, Usage
from pipeline.parsing import UnreadableReply
from pipeline.pricing import Pricer, input_token_upper_bound
from pipeline.providers import Provider, Reply, Request
from pipeline.runlog import RunLog

T = TypeVar("T")

_POLL_S = 0.2
"""How often a waiting call looks whether the run was cancelled."""


class RetryPolicy(Frozen):
    """When the same request is sent again."""

    attempts: int = 3
    """Attempts in total, the first one included."""
    unreadable: bool = False
    """Whether an answer that cannot be read is asked for again: yes where it is free."""
    base_s: float = 1.0
    """First wait; it doubles each time, with up to a quarter of jitter on top."""
    longest_s: float = 30.0
    """No single wait is longer, whatever `Retry-After` says; then the call fails."""
    breaker: int = 3
    """After this many requests in a row have failed for good, the rest are not sent."""


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
            earlier: calls that an interrupted attempt at this run has made at this stage already.
        """
        self.provider = provider
        self._pricer = pricer
        self._ledger = ledger
        self._log = log
        self._clock = clock
        self._policy = policy
        self._jitter = random.Random(seed)  # noqa: S311 - spreads retries, protects nothing
        # Guards the attempt numbers, the failure streak and the jitter: workers share one caller.
        self._lock = threading.Lock()
        self._attempts: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()
        self._streak = 0
        self._last_failure = ""
        for call in earlier:
            self._attempts[call.draft_id] += 1
            self._spent[call.draft_id] += call.cost_micros

    def worst_case_micros(self, request: Request) -> int:
        """What one attempt at this request could cost at most."""
        return self._pricer.worst_case_micros(input_token_upper_bound(request), request.max_output_tokens)

    def spent_micros(self, draft_id: str) -> int:
        """What all attempts for this draft have cost so far."""
        with self._lock:
            return self._spent[draft_id]

    def admit(self, request: Request) -> Hold:
        """Reserve the worst case of one attempt at a request.

        Raises:
            BudgetExhausted: it does not fit into the budget.
            ProviderError: the breaker is open: too many requests in a row have failed.
            Cancelled: the run was cancelled.
        """
        self._check_open()
        return self._ledger.reserve(self.worst_case_micros(request))

    def complete(self, request: Request, draft_id: str, read: Callable[[Reply], T], first: Hold) -> T:
        """The answer to a request, read.

        Args:
            request: what to ask.
            draft_id: the draft it is for; names the rows.
            read: turns the reply into a value, or raises `UnreadableReply`.
            first: the reservation of the first attempt, from `admit`; further attempts reserve their own.

        Raises:
            BudgetExhausted: the worst case of a further attempt does not fit into the budget.
            ProviderError: no answer after all attempts, or the breaker has opened.
            UnreadableReply: an answer, paid or not, that `read` refused.
            Cancelled: the run was cancelled before a further attempt.
        """
        for attempt in range(1, self._policy.attempts + 1):
            last = attempt == self._policy.attempts
            hold = first if attempt == 1 else self.admit(request)
            try:
                value = self._attempt(request, draft_id, read, hold)
            except ProviderError as error:
                if last or not error.retryable or not self._wait(attempt, error.retry_after_s):
                    self._failed(str(error))
                    raise
            except UnreadableReply as error:
                if last or not self._policy.unreadable:
                    self._succeeded()  # it answered: the service is up
                    raise
            else:
                self._succeeded()
                return value
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, request: Request, draft_id: str, read: Callable[[Reply], T], hold: Hold) -> T:
        with hold:
            call = self._open_call(request, draft_id, hold.micros)
            started = self._clock.monotonic()
            usage, cost = Usage(measured=False), hold.micros
            status: CallStatus = "lost"
            complaint: str | None = "The call ended in an unexpected way; it is charged at its reservation."
            try:
                try:
                    reply = self.provider.complete(request)
                except ProviderError as error:
                    complaint = str(error)
                    if error.fate == "not_charged":
                        status, cost = "failed", 0
                        hold.release()
                    raise
                usage = reply.usage
                if usage.measured or self.provider.simulated:
                    cost = self._pricer.cost_micros(usage)
                # else: the bill is unknown, and the reservation is the only true upper bound of it.
                hold.settle(cost)
                status, complaint = _status(reply), None
                try:
                    return read(reply)
                except UnreadableReply as error:
                    status, complaint = ("unparsable" if status == "ok" else status), str(error)
                    raise
            finally:
                latency = round((self._clock.monotonic() - started) * 1000)
                with self._lock:
                    self._spent[draft_id] += cost
                self._log.call_closed(
                    call.model_copy(
                        update={
                            "status": status,
                            "usage": usage,
                            "cost_micros": cost,
                            "latency_ms": latency,
                            "error": complaint,
                        }
                    )
                )

    def _open_call(self, request: Request, draft_id: str, reserved_micros: int) -> ModelCall:
        with self._lock:
            self._attempts[draft_id] += 1
            number = self._attempts[draft_id]
        call = ModelCall(
            id=f"{draft_id}.{request.stage}.{number}",
            stage=request.stage,
            draft_id=draft_id,
            provider=self.provider.name,
            model=self.provider.model,
            status="in_flight",
            cost_micros=reserved_micros,
            reserved_micros=reserved_micros,
            payload="" if self.provider.in_process else _payload(self.provider.model, request),
            started_at=self._clock.now(),
        )
        self._log.call_opened(call)
        return call

    def _check_open(self) -> None:
        if self._log.is_cancelled():
            raise Cancelled("The run was cancelled.")
        with self._lock:
            if self._streak >= self._policy.breaker:
                raise ProviderError(
                    f"Not sent: {self._streak} requests in a row had failed before. The last one: {self._last_failure}"
                )

    def _wait(self, attempt: int, asked_s: float | None) -> bool:
        """Wait before the next attempt; False when the provider asks for longer than we are ready to."""
        with self._lock:
            jitter = 1 + self._jitter.random() / 4
        wait = min(self._policy.longest_s, self._policy.base_s * 2 ** (attempt - 1)) * jitter
        if asked_s is not None:
            if asked_s > self._policy.longest_s:
                return False
            wait = max(wait, asked_s)
        until = self._clock.monotonic() + wait
        while (left := until - self._clock.monotonic()) > 0:
            if self._log.is_cancelled():
                raise Cancelled("The run was cancelled.")
            self._clock.sleep(min(_POLL_S, left))
        return True

    def _failed(self, reason: str) -> None:
        with self._lock:
            self._streak += 1
            self._last_failure = reason

    def _succeeded(self) -> None:
        with self._lock:
            self._streak = 0


def _status(reply: Reply) -> CallStatus:
    match reply.stop:
        case "length":
            return "truncated"
        case "refusal":
            return "refused"
        case "complete":
            return "ok"


def _payload(model: str, request: Request) -> str:
    """What leaves this process, word for word."""
    sent = request.model_dump(mode="json", exclude={"task", "stage"})
    return json.dumps({"model": model, **sent}, ensure_ascii=False)
