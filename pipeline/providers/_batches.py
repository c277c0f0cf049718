"""Common code of both vendors' batch APIs: submit, search, cancel, and the errors for unanswered requests."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, takewhile
from operator import attrgetter
from typing import Any, ClassVar

from pipeline.errors import Cancelled, ProviderError
from pipeline.providers import Reply, Request
from pipeline.providers._errors import Endpoint
from pipeline.providers._hosted import NO_ROUTE, Hosted

CLOCKS_APART = timedelta(hours=1)
"""Tolerated difference between this machine's clock and a vendor's."""
_SEARCHED_AT_MOST = 5000


@dataclass(eq=False)
class HostedBatches(ABC):
    """The batches of one model at one address; see `pipeline.providers.Batches`."""

    _client: Any
    """Of the SDK."""
    _hosted: Hosted
    """The same client, its exceptions turned into `ProviderError`."""
    _endpoint: Endpoint
    _parameters: Callable[[Request], dict[str, Any]]
    """Parameters of a request when it is sent outside a batch."""
    _read: Callable[[Any, Request], Reply]
    """Parser of the vendor's answer to one request."""

    route: ClassVar["attrgetter[Any]"]
    """Batch resource of an SDK client."""
    progress: ClassVar[str]
    """Name of the status field of a batch."""

    @abstractmethod
    def hand_in(self, marker: str, requests: Mapping[str, Request]) -> Any:
        """Submit a batch under the marker and return the vendor's description of it."""

    def obstacle(self) -> str | None:
        """Return a sentence when the server has no batch route, as with many gateways."""
        lacking = self._hosted.lacks(lambda quick: self.route(quick).list(limit=1))
        return self._endpoint.no_batches if lacking else None

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        """See `pipeline.providers.Batches`; a missing route gets an error message of our own."""
        try:
            return self._id(self.hand_in(marker, requests))
        except ProviderError as error:
            if error.status in NO_ROUTE:
                raise ProviderError(self._endpoint.no_batches) from None
            raise

    def cancel(self, batch_id: str) -> None:
        """Cancel the batch, which may take minutes; answers in progress may still be finished."""
        self._hosted.reach(lambda: self.route(self._client).cancel(batch_id))

    def _id(self, made: Any) -> str:
        """Return the vendor's id of a file or batch; the SDK does not validate its fields."""
        name = getattr(made, "id", None)
        if not isinstance(name, str) or not hasattr(made, self.progress):
            raise self._endpoint.unreadable("JSON without a batch")
        return name

    def _recent(self, is_older: Callable[[Any], bool]) -> list[Any]:
        """List the batches of the account, newest first, up to the first one that is too old."""
        return self._hosted.reach(lambda: _newest(lambda: self.route(self._client).list(limit=100), is_older))

    def _expired(self) -> ProviderError:
        return ProviderError(f"{self._endpoint.who} did not answer within the 24 hours of its batch.")


def cancelled() -> Cancelled:
    """Return the result for a request whose batch was cancelled before the answer."""
    return Cancelled("The batch was cancelled before this was answered.")


def texts(requests: Mapping[str, Request]) -> str:
    """Join the texts sent with a batch; no error may repeat them."""
    return "\n".join(request.system + request.prompt for request in requests.values())


def _newest(ask: Callable[[], Any], is_older: Callable[[Any], bool]) -> list[Any]:
    """Read the items of a vendor's list, newest first, up to the first one that is too old.

    Raises:
        ValueError: the answer is no list, or a list too long to search; it must not pass for an empty one.
    """
    try:
        page = ask()
        if not isinstance(page.data, list):
            raise TypeError
        found = list(takewhile(lambda item: not is_older(item), islice(page, _SEARCHED_AT_MOST)))
    except (AttributeError, TypeError):
        raise ValueError("not a list") from None
    if len(found) == _SEARCHED_AT_MOST:
        raise ValueError("too long a list")
    return found
