"""Ledger of a run: settled and reserved costs together never exceed the budget.

Before a call its worst case is reserved; after it the real cost is settled. A call whose fate is unknown
keeps its whole reservation. Amounts are integers of micro-USD.
"""

import threading
from types import TracebackType

from pipeline.errors import BudgetExhausted
from pipeline.text.wording import usd


class Hold:
    """Money reserved for one call. Leaving the `with` block without settling charges all of it."""

    def __init__(self, ledger: "HybridCostTracker", micros: int) -> None:
        self._ledger = ledger
        self.micros = micros
        self._open = True

    def settle(self, actual_micros: int) -> None:
        """Replace the reservation with the real cost, which is larger if the provider bills more than the maximum."""
        if self._open:
            self._open = False
            self._ledger._close(self.micros, actual_micros)

    def release(self) -> None:
        """Give the reservation back: the provider certainly billed nothing."""
        self.settle(0)

    def __enter__(self) -> "Hold":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not settled: the fate of the call is unknown, and it may have been billed.
        self.settle(self.micros)


class HybridCostTracker:
    """A ledger with a hard cap, safe to use from several threads."""

    def __init__(self, budget_micros: int | None, spent_micros: int = 0) -> None:
        """Open the ledger.

        Args:
            budget_micros: the cap; `None` means none, 0 buys nothing.
            spent_micros: spent by earlier attempts at the same run.
        """
        self.budget_micros = budget_micros
        self._settled = spent_micros
        self._reserved = 0
        # Guards `_settled` and `_reserved`, and wakes those who wait for a reservation to be settled.
        self._changed = threading.Condition()

    def can_afford(self, estimate_micros: int) -> bool:
        """Check whether this amount can be reserved now."""
        with self._changed:
            return self._fits(estimate_micros)

    def reserve(self, worst_case_micros: int, *, wait: bool = True) -> Hold:
        """Set money aside for one call, waiting while calls in flight may still give some back.

        Waiting makes the answer independent of timing: a call is refused only when it would not fit
        after everything before it has been settled. What is asked in one batch cannot wait for itself.

        Raises:
            BudgetExhausted: it does not fit, and nothing is in flight that is waited for.
        """
        with self._changed:
            self._changed.wait_for(lambda: not wait or self._fits(worst_case_micros) or self._reserved == 0)
            if not self._fits(worst_case_micros):
                left = max(0, (self.budget_micros or 0) - self._settled - self._reserved)
                raise BudgetExhausted(
                    f"The next call could cost {usd(worst_case_micros)}, and {usd(left)} of the budget of"
                    f" {usd(self.budget_micros or 0)} is left.",
                    left_micros=left,
                    free_micros=left,
                )
            self._reserved += worst_case_micros
        return Hold(self, worst_case_micros)

    def reopen(self, micros: int) -> Hold:
        """Hold money again that counts as spent by an interrupted attempt: its bill can still be learned."""
        with self._changed:
            self._settled -= micros
            self._reserved += micros
        return Hold(self, micros)

    def record(self, cost_micros: int) -> None:
        """Book a cost that was not reserved."""
        with self._changed:
            self._settled += cost_micros
            self._changed.notify_all()

    def remaining(self) -> int | None:
        """Micro-USD neither settled nor reserved, at least 0; `None` without a cap."""
        with self._changed:
            if self.budget_micros is None:
                return None
            return max(0, self.budget_micros - self._settled - self._reserved)

    def spent(self) -> int:
        """Settled micro-USD, without reservations."""
        with self._changed:
            return self._settled

    def _fits(self, micros: int) -> bool:
        return self.budget_micros is None or self._settled + self._reserved + micros <= self.budget_micros

    def _close(self, reserved: int, actual: int) -> None:
        with self._changed:
            self._reserved -= reserved
            self._settled += actual
            self._changed.notify_all()
