"""Batches of refinements at half price: submitted once, polled, and recovered after a crash.

What is about to be sent is written down before it is sent, with a marker that the provider gets too. So wherever the
process dies, the next one knows whether nothing was sent, or has something to look for at the provider; it hands a
batch in again only when the provider certainly does not have it. Money, rows and answers are the `Caller`'s.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from pipeline.domain.base import Frozen
from pipeline.domain.facts import RunFacts, RunLog
from pipeline.domain.run import Batch, ModelCall
from pipeline.domain.units import Clock
from pipeline.errors import Cancelled, PersonaError, ProviderError
from pipeline.hybrid.calls import Admission, Caller
from pipeline.providers import Answer, Batches, Reply, Request
from pipeline.providers.replies import UnreadableReply

T = TypeVar("T")

_CANCEL_POLL_S = 0.2
"""Seconds between two checks of a wait for cancellation."""

_GONE = (404, 410)

RequestFor = Callable[[str], Request]
"""The request for a draft id; the same one each time."""
Reader = Callable[[str], Callable[[Reply], T]]
"""For a draft id, what reads an answer about it."""


class BatchPolicy(Frozen):
    """Timing and retries of a batch."""

    poll_s: float = 30.0
    """Seconds between two checks."""
    settle_s: float = 60.0
    """After this long, a batch that the provider was sent is in its list, or never will be."""
    attempts: int = 3
    """Times in a row that the provider may fail to answer before that is final."""


class Asked(NamedTuple):
    """One request of a batch."""

    admission: Admission

    @property
    def request(self) -> Request:
        """As it is sent."""
        return self.admission.request

    @property
    def draft_id(self) -> str:
        """The draft it is for."""
        return self.admission.call.draft_id


class BatchDesk:
    """Hands refinements in as one batch and brings the answers back."""

    def __init__(
        self, caller: Caller, batches: Batches, log: RunLog, clock: Clock, policy: BatchPolicy, so_far: RunFacts
    ) -> None:
        """Bind to the books of a run.

        Args:
            caller: reserves, writes rows, settles.
            batches: where batches are handed in.
            log: where batches are written down.
            clock: for waiting.
            policy: how long to wait.
            so_far: what an interrupted attempt at the run has left: batches that have not ended, and their calls.
        """
        self._caller = caller
        self._batches = batches
        self._log = log
        self._clock = clock
        self._policy = policy
        self._unfinished = [batch for batch in so_far.batches if not batch.ended]
        self._calls = so_far.calls

    def ask(
        self, waiting: Sequence[str], question: RequestFor, read: Reader[T]
    ) -> Iterator[tuple[str, T | PersonaError]]:
        """Each draft with its answer, read, or with why there is none.

        A batch that an interrupted attempt has left comes first; what it did not answer is asked again.

        Args:
            waiting: ids of the drafts to refine, in the order in which they get the money.
            question: for these drafts and all that were ever asked about.
            read: turns the answer about a draft into a value, or raises `UnreadableReply`.

        Raises:
            ProviderError: it is not known whether a batch was taken, or its answers cannot be fetched. They are not
                lost: the batch stays open, charged at its reservations, and a resumed run continues it.
        """
        left = list(waiting)
        for batch in self._unfinished:
            for draft_id, value in self._recover(batch, question, read):
                if draft_id in left and not isinstance(value, ProviderError):
                    left.remove(draft_id)
                    yield draft_id, value
        if left:
            yield from self._together(left, question, read)

    # --- a new batch -----------------------------------------------------------------------------

    def _together(
        self, waiting: Sequence[str], question: RequestFor, read: Reader[T]
    ) -> Iterator[tuple[str, T | PersonaError]]:
        batch = self._note(Batch(marker=f"persona-{secrets.token_hex(8)}"))
        asked: dict[str, Asked] = {}
        for draft_id in waiting:
            request = question(draft_id)
            try:
                admission = self._caller.admit(request, draft_id, batch=batch.marker)
            except PersonaError as error:
                yield draft_id, error
            else:
                asked[_custom_id(batch, admission.call)] = Asked(admission)
        try:
            sent = self._submit(batch, asked) if asked else None
        except _Refused as refused:
            yield from self._withdraw(batch, asked, refused.why)
            return
        except Cancelled as error:
            yield from self._leave(asked, error)
            return
        if sent is None:
            self._note(batch, ended=True)
        else:
            yield from self._fetch(sent, asked, read)

    def _submit(self, batch: Batch, asked: Mapping[str, Asked]) -> Batch:
        """Hand a batch in, and never a second time without having looked for the first.

        Raises:
            _Refused: the provider certainly has not taken it.
            ProviderError: it does not say whether it has.
            Cancelled: the run was cancelled before that was known.
        """
        requests = {name: item.request for name, item in asked.items()}
        for attempt in range(1, self._policy.attempts + 1):
            if self._log.is_cancelled():
                raise _Refused(Cancelled("The run was cancelled before its batch was sent."))
            batch = self._note(batch, sent_at=self._clock.now())
            try:
                return self._note(batch, batch_id=self._batches.submit(batch.marker, requests))
            except ProviderError as error:
                # A server that fails may have taken it before.
                doubtful = error.fate == "unknown" or (error.status or 0) >= 500
                if doubtful and (found := self._look_for(batch, len(asked))):
                    return found
                if attempt == self._policy.attempts or not (doubtful or error.retryable):
                    raise _Refused(error) from None
                self._pause(max(self._policy.poll_s, error.retry_after_s or 0))
        raise AssertionError("the last attempt returns or raises")

    def _withdraw(
        self, batch: Batch, asked: Mapping[str, Asked], why: PersonaError
    ) -> Iterator[tuple[str, PersonaError]]:
        """Close the rows of what was never taken, at no cost."""
        for item in asked.values():
            with suppress(ProviderError):
                self._caller.receive(lambda reply: reply, item.admission, ProviderError(str(why)))
            yield item.draft_id, why
        self._note(batch, ended=True)

    def _leave(self, asked: Mapping[str, Asked], why: Cancelled) -> Iterator[tuple[str, Cancelled]]:
        """End without answers that may still come: the batch stays open for a resumed run."""
        for item in asked.values():
            self._caller.leave_open(item.admission)
            yield item.draft_id, why

    # --- one from before -------------------------------------------------------------------------

    def _recover(self, batch: Batch, question: RequestFor, read: Reader[T]) -> Iterator[tuple[str, T | PersonaError]]:
        """The answers of a batch that an interrupted attempt has left; nothing when it was never taken."""
        calls = [call for call in self._calls if call.batch == batch.marker]
        asked = {
            _custom_id(batch, call): Asked(self._caller.adopt(question(call.draft_id), call))
            for call in calls
            if call.status == "in_flight"
        }
        try:
            known = batch if batch.batch_id or not batch.sent_at else self._look_for(batch, len(calls))
        except Cancelled as error:
            yield from self._leave(asked, error)
            return
        if known is None or known.batch_id is None:
            never = ProviderError("Never taken by the provider: the run was interrupted before that.")
            yield from self._withdraw(batch, asked, never)
        else:
            yield from self._fetch(known, asked, read)

    def _look_for(self, batch: Batch, size: int) -> Batch | None:
        """The batch with the provider's name for it; `None` when the provider certainly does not have it.

        Raises:
            ProviderError: it does not say.
            Cancelled: the run was cancelled before that was known.
        """
        sent_at, failures = batch.sent_at or self._clock.now(), 0
        while True:
            settled = (self._clock.now() - sent_at).total_seconds() >= self._policy.settle_s
            try:
                found = self._batches.find(batch.marker, sent_at, size)
            except ProviderError as error:
                failures += 1
                if failures == self._policy.attempts:
                    raise _unfinished(error, "It is not known whether the batch was taken") from None
            else:
                failures = 0
                if found.batch_id:
                    return self._note(batch, batch_id=found.batch_id)
                if settled and not found.undecided:
                    return None
            if self._log.is_cancelled():
                raise Cancelled(
                    "The run was cancelled before the provider said whether it has the batch. It is charged at its"
                    " reservation; resume the run to look again."
                )
            self._pause(self._policy.poll_s)

    # --- answers ---------------------------------------------------------------------------------

    def _fetch(
        self, batch: Batch, asked: Mapping[str, Asked], read: Reader[T]
    ) -> Iterator[tuple[str, T | PersonaError]]:
        try:
            answers = self._wait_for(batch, {name: item.request for name, item in asked.items()})
        except Cancelled as error:
            yield from self._leave(asked, error)
            return
        for name, item in asked.items():
            yield item.draft_id, self._settle(item, answers.get(name) or _missing(), read)
        self._note(batch, ended=True)

    def _settle(self, item: Asked, answer: Answer, read: Reader[T]) -> T | PersonaError:
        """Record the result of one request; a cancellation elsewhere is a failure of the provider."""
        bill = ProviderError(str(answer)) if isinstance(answer, Cancelled) else answer
        try:
            return self._caller.receive(read(item.draft_id), item.admission, bill)
        except UnreadableReply as error:
            return error
        except ProviderError as error:
            return answer if isinstance(answer, Cancelled) and self._log.is_cancelled() else error

    def _wait_for(self, batch: Batch, requests: Mapping[str, Request]) -> Mapping[str, Answer]:
        """The answers, however long they take; a cancelled run has the provider stop, and takes what there is.

        Raises:
            ProviderError: the provider does not hand them out.
            Cancelled: the run was cancelled, and the provider does not react.
        """
        name, failures, cancelling = batch.batch_id or "", 0, False
        while True:
            try:
                if (answers := self._batches.collect(name, requests)) is not None:
                    return answers
                if self._log.is_cancelled() and not cancelling:
                    cancelling = self._stop(name)
                failures = 0
            except ProviderError as error:
                if error.status in _GONE:
                    return {}
                failures += 1
                given_up = failures >= self._policy.attempts
                if self._log.is_cancelled() and given_up:
                    raise Cancelled(
                        f"The run was cancelled, and its batch could not be: {error} It is charged at its reservation;"
                        " resume the run to fetch its answers."
                    ) from None
                # An outage passes, and the answers are kept meanwhile; a refusal does not pass by itself.
                if given_up and not error.retryable:
                    raise _unfinished(error, "The answers of the batch cannot be fetched") from None
            self._pause(self._policy.poll_s)

    def _stop(self, batch_id: str) -> bool:
        """Have the provider cancel a batch; true."""
        try:
            self._batches.cancel(batch_id)
        except ProviderError as error:
            # Without its status: that the batch cannot be stopped does not mean that it is not there.
            raise ProviderError(str(error), retryable=error.retryable) from None
        return True

    def _pause(self, seconds: float) -> None:
        """Wait, at most until the run is cancelled; after that, for the whole time."""
        until, cancelled = self._clock.monotonic() + seconds, self._log.is_cancelled()
        while (left := until - self._clock.monotonic()) > 0:
            if not cancelled and self._log.is_cancelled():
                return
            self._clock.sleep(min(_CANCEL_POLL_S, left))

    def _note(self, batch: Batch, **changes: object) -> Batch:
        """Write down how far a batch is, and return it so."""
        batch = batch.model_copy(update=changes)
        self._log.batch_changed(batch)
        return batch


class _Refused(Exception):
    """A batch was certainly not taken."""

    def __init__(self, why: PersonaError) -> None:
        super().__init__(str(why))
        self.why = why


def _custom_id(batch: Batch, call: ModelCall) -> str:
    """Return the id of a request in its batch, in characters that every provider accepts."""
    return f"{batch.marker}_{call.id.replace('.', '_')}"


def _missing() -> ProviderError:
    """For a request that the provider says nothing about: it may have been billed."""
    return ProviderError(
        "The provider has no answer to this request of its batch, and does not say why. It is charged at its"
        " reservation.",
        fate="unknown",
    )


def _unfinished(error: ProviderError, what: str) -> ProviderError:
    """For an end of the run that leaves a batch open."""
    return ProviderError(
        f"{what}: {error} It is charged at its reservation. Resume the run to look again: nothing is bought twice.",
        fate="unknown",
    )
