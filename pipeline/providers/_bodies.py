"""Limit the size of HTTP responses while they arrive, so that no server decides how much memory one takes.

An SDK reads an answer to its end and turns all of its JSON into objects before we see any of it. So the bytes, and the
signs that make JSON values, are counted below it; compressed answers, which would be counted before they grow, are not
asked for and not read.
"""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

from pipeline.domain.untrusted import Refused, in_bytes

UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""Header of every request."""


class BodyBounds(NamedTuple):
    """Limits on how much of a response is read."""

    max_bytes: int
    max_signs: int
    """Commas and opening brackets, also those inside of texts."""


ANSWER = BodyBounds(max_bytes=4_000_000, max_signs=20_000)
"""Of a model's answer: the longest that can be asked for, 64,000 tokens, has 0.3 MB."""
STREAMED = BodyBounds(max_bytes=32_000_000, max_signs=2_000_000)
"""Of the same answer as a stream, where each token comes in an object of its own, read one at a time."""
LISTED = BodyBounds(max_bytes=4_000_000, max_signs=60_000)
"""Of a free look: gateways list hundreds of models, with some sixty signs each."""
BATCH = BodyBounds(max_bytes=32_000_000, max_signs=500_000)
"""Of the answers of a batch: 500 long ones."""
VECTORS = BodyBounds(max_bytes=64_000_000, max_signs=2_000_000)
"""Of the vectors of 256 texts, of 4,096 numbers each, with room for both."""


def refusing(library: ModuleType, bounds: BodyBounds) -> Callable[[Any], None]:
    """Return a response hook for a client that passes the body on and stops once it exceeds the bounds.

    Args:
        library: of the client: httpx, or its successor httpx2.
        bounds: how much is read.
    """

    class Counted(library.SyncByteStream):  # type: ignore[misc, name-defined]
        """A body that stops when more of it comes than is read."""

        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            size = signs = 0
            for piece in self._stream:
                size += len(piece)
                signs += sum(map(piece.count, b"[{,"))
                if size > bounds.max_bytes:
                    raise Refused(f"is larger than {in_bytes(bounds.max_bytes)}")
                if signs > bounds.max_signs:
                    raise Refused(f"holds more than {bounds.max_signs:,} values")
                yield piece

        def close(self) -> None:
            self._stream.close()

    def hook(response: Any) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused("is compressed, although that was not asked for")
        response.stream = Counted(response.stream)

    return hook


def refusal_in(error: BaseException) -> Refused | None:
    """The refusal that an SDK's exception was raised from; `None` when it was something else."""
    current: BaseException | None = error
    while current is not None and not isinstance(current, Refused):
        current = current.__cause__
    return current
