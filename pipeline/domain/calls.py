"""Totals over calls to models: number of attempts, statuses, tokens and cost.

Pure functions on groups that the store counts from columns, so that the sum over all runs reads no long text.
Real and simulated money are never added together; over all runs, the spending of imported runs is kept separate.
"""

from collections.abc import Iterable, Sequence

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.run import CallStatus, ModelCall, Stage


class CallChoice(Frozen):
    """Filter for attempts; `None` matches all."""

    run_id: str | None = None
    stage: Stage | None = None
    provider: str | None = None
    status: CallStatus | None = None


class CallGroup(Frozen):
    """Attempts with the same stage, provider, status and origin, counted."""

    stage: Stage
    provider: str
    status: CallStatus
    simulated: bool
    """True if they belong to a simulated run, which costs nothing."""
    imported: bool = False
    """True if they belong to an imported run, which was paid for in another installation."""
    attempts: int
    paid: int
    """Attempts with a cost or a reservation."""
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_micros: Micros
    """Settled cost; the reservation for attempts in flight."""


class ListedCall(Frozen):
    """An attempt in a list, without its long texts."""

    run_id: str
    run_name: str
    simulated: bool
    call: ModelCall
    """`payload` and `reply` are left out."""


class Latency(Frozen):
    """Latency of the attempts of one stage, failed ones included."""

    stage: Stage
    n: int
    """Finished attempts with a measured time; at least 1."""
    median_ms: float
    p95_ms: float
    """95th percentile (nearest rank); with few attempts it is the longest time."""


class CallTotals(Frozen):
    """Sums over attempts. Amounts are real money unless named otherwise."""

    attempts: int = 0
    answered: int = 0
    """Attempts with a readable answer."""
    unusable: int = 0
    """Attempts whose answer was cut off, refused or unreadable."""
    failed: int = 0
    lost: int = 0
    in_flight: int = 0
    paid: int = 0
    """Attempts with a cost or a reservation, simulated ones included; those of imported runs are not."""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    settled_micros: Micros = 0
    """Lost attempts included: they are charged at their reservation."""
    reserved_micros: Micros = 0
    """Reservations of attempts in flight."""
    simulated_settled_micros: Micros = 0
    simulated_reserved_micros: Micros = 0
    elsewhere_micros: Micros = 0
    """Settled and reserved by imported runs; not included in the amounts above."""
    simulated_elsewhere_micros: Micros = 0
    has_simulated: bool = False
    """True if any attempt belongs to a simulated run."""
    has_real: bool = False


def sum_calls(groups: Iterable[CallGroup], choice: CallChoice) -> CallTotals:
    """Sum the groups that match a choice; zeros when none does.

    Args:
        groups: of the chosen run, or of all runs.
        choice: stage, provider and status. With a run id, an imported run counts as the installation's own.
    """
    chosen = [group for group in groups if _fits(group, choice)]
    elsewhere = [group for group in chosen if group.imported and choice.run_id is None]
    own = [group for group in chosen if choice.run_id or not group.imported]
    real = [group for group in own if not group.simulated]
    simulated = [group for group in own if group.simulated]
    return CallTotals(
        attempts=_sum(chosen, "attempts"),
        answered=_sum(_of(chosen, "ok"), "attempts"),
        unusable=_sum(_of(chosen, "truncated", "refused", "unparsable"), "attempts"),
        failed=_sum(_of(chosen, "failed"), "attempts"),
        lost=_sum(_of(chosen, "lost"), "attempts"),
        in_flight=_sum(_of(chosen, "in_flight"), "attempts"),
        paid=_sum(own, "paid"),
        input_tokens=_sum(chosen, "input_tokens"),
        output_tokens=_sum(chosen, "output_tokens"),
        cached_tokens=_sum(chosen, "cached_tokens"),
        settled_micros=_settled(real),
        reserved_micros=_reserved(real),
        simulated_settled_micros=_settled(simulated),
        simulated_reserved_micros=_reserved(simulated),
        elsewhere_micros=_sum((group for group in elsewhere if not group.simulated), "cost_micros"),
        simulated_elsewhere_micros=_sum((group for group in elsewhere if group.simulated), "cost_micros"),
        has_simulated=any(group.simulated for group in chosen),
        has_real=not all(group.simulated for group in chosen),
    )


def _fits(group: CallGroup, choice: CallChoice) -> bool:
    return (
        choice.stage in (None, group.stage)
        and choice.provider in (None, group.provider)
        and choice.status in (None, group.status)
    )


def _of(groups: Iterable[CallGroup], *statuses: CallStatus) -> list[CallGroup]:
    return [group for group in groups if group.status in statuses]


def _settled(groups: Sequence[CallGroup]) -> int:
    return _sum(groups, "cost_micros") - _reserved(groups)


def _reserved(groups: Sequence[CallGroup]) -> int:
    return _sum(_of(groups, "in_flight"), "cost_micros")


def _sum(groups: Iterable[CallGroup], field: str) -> int:
    return sum(getattr(group, field) for group in groups)
