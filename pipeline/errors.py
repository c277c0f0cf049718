"""Errors, named after who must act.

Every message says what was found, where, and what to do next; it is shown to the user as it stands.
`exit_code` is the exit code of the command line.
"""

from typing import Literal


class PersonaError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1


class InputError(PersonaError):
    """The user's input cannot be read or used: files, runs, designs."""

    exit_code = 2


class ConfigError(PersonaError):
    """A setting is out of range, unknown, or contradicts another."""

    exit_code = 2


class UnpricedModelError(ConfigError):
    """A budget is set and the model has no known price: the run must not start."""


class StoreError(PersonaError):
    """The database cannot be opened, read or written."""


class AccessDenied(PersonaError):
    """Read-only access: this user may look at the database and not change it."""


class Cancelled(PersonaError):
    """The user asked the run to stop; raised between calls, and inside those that stream from a local server."""

    exit_code = 130


class BudgetExhausted(PersonaError):
    """The worst case of the next call exceeds what is left of a budget.

    Attributes:
        left_micros: what is left of that budget.
        free_micros: what would be left if all calls in flight that can be waited for gave their whole reservations
            back.
    """

    def __init__(self, message: str, *, left_micros: int = 0, free_micros: int = 0) -> None:
        super().__init__(message)
        self.left_micros = left_micros
        self.free_micros = free_micros


class ProviderError(PersonaError):
    """A model provider failed to answer.

    Attributes:
        retryable: whether the same request may succeed later.
        fate: `not_charged` when the provider certainly did not bill the attempt; `unknown` when the
            connection was lost after sending, so that the attempt is charged at its reservation.
        retry_after_s: seconds the provider asked to wait, if it did.
        status: HTTP status of the answer; `None` when there was none, or it was not an error.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        fate: Literal["not_charged", "unknown"] = "not_charged",
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.fate = fate
        self.retry_after_s = retry_after_s
        self.status = status
