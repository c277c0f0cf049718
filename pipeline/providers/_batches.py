"""What the batches of both vendors share: handing in, searching, stopping, and the sentences for what has no answer."""

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
"""By how much this machine's clock may differ from a vendor's."""
_SEARCHED_AT_MOST = 5000


@dataclass(eq=False)
class HostedBatches(ABC):
    """The batches of one model at one address; see `pipeline.providers.Batches`."""

    _client: Any
    """Of the SDK."""
    _hosted: Hosted
    """The same client, with its exceptions put into words."""
    _endpoint: Endpoint
    _parameters: Callable[[Request], dict[str, Any]]
    """Of a request, as it would be sent alone."""
    _read: Callable[[Any, Request], Reply]
    """The reply in what comes back for a request."""

    route: ClassVar["attrgetter[Any]"]
    """The part of an SDK client that knows batches."""
    progress: ClassVar[str]
    """The field in which a batch says how far it is."""

    @abstractmethod
    def hand_in(self, marker: str, requests: Mapping[str, Request]) -> Any:
        """Hand a batch in under the marker; the vendor's description of it."""

    def obstacle(self) -> str | None:
        """Whether the address has the route at all: gateways often do not."""
        lacking = self._hosted.lacks(lambda quick: self.route(quick).list(limit=1))
        return self._endpoint.no_batches if lacking else None

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        """See `pipeline.providers.Batches`; an address without the route is told in our own words."""
        try:
            return self._id(self.hand_in(marker, requests))
        except ProviderError as error:
            if error.status in NO_ROUTE:
                raise ProviderError(self._endpoint.no_batches) from None
            raise

    def cancel(self, batch_id: str) -> None:
        """Ask for the batch to be stopped, which may take minutes; what is being written may still be finished."""
        self._hosted.reach(lambda: self.route(self._client).cancel(batch_id))

    def _id(self, made: Any) -> str:
        """The vendor's name of a file or batch; its fields were never validated by the SDK."""
        name = getattr(made, "id", None)
        if not isinstance(name, str) or not hasattr(made, self.progress):
            raise self._endpoint.unreadable("JSON without a batch")
        return name

    def _recent(self, is_older: Callable[[Any], bool]) -> list[Any]:
        """The batches of the account, newest first, up to the first one that is too old."""
        return self._hosted.reach(lambda: _newest(lambda: self.route(self._client).list(limit=100), is_older))

    def _expired(self) -> ProviderError:
        return ProviderError(f"{self._endpoint.who} did not answer within the 24 hours of its batch.")


def cancelled() -> Cancelled:
    """What became of a request whose batch was stopped first."""
    return Cancelled("The batch was cancelled before this was answered.")


def texts(requests: Mapping[str, Request]) -> str:
    """All that is sent with the requests of a batch, which no error may repeat."""
    return "\n".join(request.system + request.prompt for request in requests.values())


def _newest(ask: Callable[[], Any], is_older: Callable[[Any], bool]) -> list[Any]:
    """The items of a vendor's list, newest first, up to the first one that is too old.

    Raises:
        ValueError: what came is no such list, or one too long to search. It must not pass for an empty one.
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
