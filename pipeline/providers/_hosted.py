"""Common code of providers with a vendor's SDK: calls, free health checks and error messages.

The SDKs of Anthropic and OpenAI come from one generator: same exception classes, same `models` routes, and the
same habit of returning a plain `str` when HTTP 200 does not hold JSON. Neither is imported here.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from pipeline.domain.run import Usage
from pipeline.domain.untrusted import Refused
from pipeline.errors import ProviderError
from pipeline.providers import Health, Request
from pipeline.providers._bodies import LISTED, UNCOMPRESSED, BodyBounds, refusing
from pipeline.providers._errors import Endpoint, token_count
from pipeline.providers.pricing import estimate_tokens

CHECK_TIMEOUT_S = 8.0
NO_ROUTE = frozenset({404, 405, 501})
"""HTTP statuses of a missing route."""
_LISTED_AT_MOST = 200
_SHOWN_AT_MOST = 20
_NOT_A_LIST = (ValueError, TypeError, AttributeError, RecursionError)
"""Exceptions from iterating over something other than a list of models."""

_Answer = TypeVar("_Answer")


def http_client(sdk: ModuleType, bounds: BodyBounds) -> Any:
    """An SDK's usual HTTP client, which reads no more of a body than the bounds allow."""
    import httpx2  # what both SDKs are built on

    return sdk.DefaultHttpxClient(headers=UNCOMPRESSED, event_hooks={"response": [refusing(httpx2, bounds)]})


class Look(NamedTuple):
    """Result of a free request for a model's description."""

    health: Health
    info: Any = None
    """The vendor's description of the model; `None` when it gave none."""


class Hosted:
    """SDK client whose exceptions become `ProviderError`s with a clear message."""

    def __init__(self, sdk: ModuleType, client: Any, endpoint: Endpoint) -> None:
        from httpx2 import TransportError  # what both SDKs are built on

        self._broken_off = TransportError
        self._status_error: type[Exception] = sdk.APIStatusError
        self._lost_error: type[Exception] = sdk.APIConnectionError
        self._quick = client.with_options(
            timeout=min(CHECK_TIMEOUT_S, client.timeout), http_client=http_client(sdk, LISTED)
        )
        self._endpoint = endpoint

    def ask(self, call: Callable[[], _Answer], request: Request) -> _Answer:
        """Run one SDK call that asks the model; see `reach`."""
        return self.reach(call, sent=request.system + request.prompt)

    def reach(self, call: Callable[[], _Answer], sent: str = "") -> _Answer:
        """Run one SDK call.

        The SDK's exceptions are not chained: they may carry the request or a key into a traceback.

        Args:
            call: to the SDK.
            sent: text that no error may repeat.

        Raises:
            ProviderError: no answer, or one that is not JSON.
        """
        try:
            answer = call()
        except self._status_error as error:
            raise self._explain(error, sent) from None
        except (self._lost_error, self._broken_off, Refused) as error:  # the latter two while a file is being read
            raise self._endpoint.lost(error) from None
        except (ValueError, RecursionError):
            raise self._endpoint.unreadable("malformed JSON") from None
        if isinstance(answer, str):
            raise self._endpoint.unreadable("a page that is not JSON" if answer.strip() else "nothing")
        return answer

    def lacks(self, route: Callable[[Any], object]) -> bool:
        """Call a free route and return whether it is certainly missing; never raises."""
        try:
            route(self._quick)
        except self._status_error as error:
            return getattr(error, "status_code", 0) in NO_ROUTE
        except (self._lost_error, *_NOT_A_LIST):
            return False
        return False

    def info(self) -> Any:
        """Fetch the vendor's description of the model; `None` on failure; free and never raises."""
        return self._quietly(lambda quick: quick.models.retrieve(self._endpoint.model))

    def count(self, ask: Callable[[Any], Any]) -> int | None:
        """Fetch the input tokens from a free counting route; `None` on failure; never raises."""
        return token_count(getattr(self._quietly(ask), "input_tokens", None))

    def _quietly(self, ask: Callable[[Any], Any]) -> Any:
        try:
            return ask(self._quick)
        except (self._status_error, self._lost_error, ValueError, RecursionError):
            return None

    def find_model(self, *, gateway: bool) -> Look:
        """Ask for the model by name, which is free.

        A 404 means an unknown model only where the route itself exists: from the vendor, or from a gateway
        that can list its models. A model that cannot be verified counts as ready, with a sentence that says so; the
        first real call decides.
        """
        endpoint = self._endpoint
        try:
            info = self._quick.models.retrieve(endpoint.model)
        except self._status_error as error:
            return Look(self._without_model(getattr(error, "status_code", 0), gateway=gateway))
        except self._lost_error as error:
            return Look(Health(ready=False, sentence=str(endpoint.lost(error)), fault="unreachable"))
        except (ValueError, RecursionError):
            info = None
        if getattr(info, "id", None) is None:
            return Look(self._no_description(gateway=gateway))
        sentence = f"{endpoint.label} has {endpoint.model}."
        return Look(Health(ready=True, sentence=sentence, models=self.listed()), info)

    def find_in_list(self) -> Health:
        """Look for the model in the list, for servers that have no route for a single one."""
        endpoint = self._endpoint
        try:
            models = self._names()
        except self._status_error as error:
            return self._without_model(getattr(error, "status_code", 0), gateway=True)
        except self._lost_error as error:
            return Health(ready=False, sentence=str(endpoint.lost(error)), fault="unreachable")
        except _NOT_A_LIST:
            models = ()
        if not models:
            return self._unverified("does not list its models")
        return self._among(models)

    def listed(self) -> tuple[str, ...]:
        """Return the names of the models the server lists; empty when it lists none or has no such route."""
        try:
            return self._names()
        except (self._status_error, self._lost_error, *_NOT_A_LIST):
            return ()

    def models(self) -> tuple[Any, ...]:
        """Return the server's models in its order; empty when it lists none or has no such route."""
        try:
            return tuple(model for model in self._page() if model.id)
        except (self._status_error, self._lost_error, *_NOT_A_LIST):
            return ()

    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(str(model.id) for model in self._page() if model.id))

    def _page(self) -> Iterator[Any]:
        return islice(self._quick.models.list(), _LISTED_AT_MOST)

    def _without_model(self, status: int, *, gateway: bool) -> Health:
        """Turn the HTTP status of a model's description into a health result."""
        endpoint = self._endpoint
        if status == 401:
            sentence = f"{endpoint.who}: the key was refused. Check {endpoint.key_variable}."
            return Health(ready=False, sentence=sentence, fault="no_key")
        if status != 404:
            return self._unverified(f"answered HTTP {status} when asked for the model")
        models = self.listed()
        if gateway and not models:
            return self._unverified("does not list its models")
        return self._among(models)

    def _among(self, models: tuple[str, ...]) -> Health:
        endpoint = self._endpoint
        if endpoint.model in models:
            return Health(ready=True, sentence=f"{endpoint.label} has {endpoint.model}.", models=models)
        shown = f" It has: {', '.join(models[:_SHOWN_AT_MOST])}." if models else ""
        sentence = f"{endpoint.label} has no model '{endpoint.model}'.{shown} Check the name, or choose another."
        return Health(ready=False, sentence=sentence, fault="unknown_model", models=models)

    def _no_description(self, *, gateway: bool) -> Health:
        """Health when the answer is no model: some gateways answer any unknown route with a page."""
        what = "something that is not a model's description"
        if gateway:
            return self._unverified(f"answers with {what}")
        return Health(ready=False, sentence=str(self._endpoint.unreadable(what)), fault="unreachable")

    def _unverified(self, what: str) -> Health:
        endpoint = self._endpoint
        sentence = f"{endpoint.label} at {endpoint.address} {what}, so {endpoint.model} could not be verified."
        return Health(ready=True, sentence=sentence)

    def _explain(self, error: Any, sent: str) -> ProviderError:
        body = error.body if isinstance(error.body, dict) else {}
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else None
        # An empty account answers 429 at OpenAI; unlike a rate limit, waiting does not help.
        empty_account = getattr(error, "code", None) == "insufficient_quota"
        status = 402 if empty_account else error.status_code
        return self._endpoint.status(status, message, sent=sent, headers=error.response.headers)


def usage_from(counts: tuple[object, object, object, object], request: Request, text: str) -> Usage:
    """The usage of a call.

    Args:
        counts: what the provider reported as input (all of it), output, read from a cache, and written to one.
        request: estimated from when the input was not reported.
        text: estimated from when the output was not reported.
    """
    sent, generated, read, written = (token_count(count) for count in counts)
    prompt = request.system + request.prompt
    return Usage(
        input_tokens=estimate_tokens(prompt) if sent is None else sent,
        output_tokens=estimate_tokens(text) if generated is None else generated,
        cached_tokens=read or 0,
        written_tokens=written or 0,
        measured=sent is not None and generated is not None,
    )
