"""Cost of calls, from the prices of the installed price library or the user's own.

Works on the snapshot inside the library and never goes online. Decimal USD inside, whole micro-USD outside,
always rounded up. There is no silent zero: a paid model without a price is an error, and only `FREE`, which
stands for models on the user's own machines, charges nothing.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from functools import partial

from pipeline.domain.config import PriceOverride
from pipeline.domain.run import Usage
from pipeline.domain.units import MICROS, SystemClock
from pipeline.errors import UnpricedModelError
from pipeline.providers import Request

PROTOCOL_OVERHEAD_TOKENS = 1024
"""Tokens a provider may add to what we send: role markers and the instructions it wraps around the schema.

Neither vendor publishes the number for structured output; this is a deliberately generous allowance.
"""
CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English prose, the one both vendors give; used for expectations, never for a reservation."""

_MILLION = 1_000_000
_MAKERS = ((re.compile(r"claude"), "anthropic"), (re.compile(r"(chat)?gpt-|o\d"), "openai"))

_BATCH = {"processing": "batch"}
"""Context of a batch request in the price library."""

_PriceOf = Callable[[int, int, int, int], Decimal]
"""USD for (input tokens, output tokens, input tokens read from a cache, input tokens written to one)."""

_now = SystemClock().now


class Pricer:
    """The price of one model, fixed when it is built: a run is billed at one price from start to end."""

    source: str
    """Source of the price, as shown on screen and in the report."""

    def __init__(
        self,
        provider: str,
        model: str,
        overrides: Mapping[str, PriceOverride],
        *,
        batch: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Look the price up.

        Where the library lists no price for batches, one costs half of the list price (Anthropic: the price page as
        the library quotes it, 2026-10-14; OpenAI: Batch API FAQ, article 9197833, read 2026-11-22). A price that the
        user has set is taken as what is billed, in batches too: a discount that is not given would break the budget.

        Args:
            provider: name of the provider that sends the bill; `simulated` bills what the model's maker would.
            model: the model's name as configured.
            overrides: the user's prices per model name; one of them replaces the library's.
            batch: whether calls go through the batch API, for which vendors charge less.
            clock: gives the day whose prices apply; some models have changed theirs.

        Raises:
            UnpricedModelError: neither the user nor the library knows a price for it.
        """
        if model in overrides:
            self.source = "set in the configuration"
            self._usd: _PriceOf = partial(_override_usd, overrides[model])
            return
        maker, when = _maker(model) if provider == "simulated" else provider, clock()
        self._usd = partial(_library_usd, maker, model, when, None)
        if not _has_both_prices(self._usd):
            raise UnpricedModelError(
                f"No price is known for {provider} model '{model}', so a budget cannot be kept. "
                f"Set one under prices: (input_usd and output_usd per million tokens), or choose a priced model."
            )
        self.source = _library_source()
        if batch:
            listed = partial(_library_usd, maker, model, when, _BATCH)
            known = _is_cheaper(listed, self._usd)
            self.source = f"batch: {'price' if known else 'half of list price'}, {self.source}"
            self._usd = listed if known else partial(_half_usd, self._usd)

    def cost_micros(self, usage: Usage) -> int:
        """Return the cost of a call in micro-USD, rounded up; 0 only when no token was used.

        A provider's figures are not trusted to add up: more cached tokens than input tokens count as all cached,
        and the dearer ones, written to a cache, count first.
        """
        tokens = max(usage.input_tokens, 0)
        written = min(max(usage.written_tokens, 0), tokens)
        read = min(max(usage.cached_tokens, 0), tokens - written)
        return _micros(self._usd(tokens, max(usage.output_tokens, 0), read, written))

    def worst_case_micros(self, input_tokens_upper_bound: int, max_output_tokens: int) -> int:
        """Return the highest possible cost of a call within these bounds, in micro-USD.

        The library prices every way the prompt may be billed (plain, or written to a cache, which some models do
        unasked and charge more for, or read from one, which batches of some models get no cheaper) at the bound
        itself, so that a tier above a prompt size is seen. The hour-long cache, dearer still, is billed only to
        requests that ask for it; ours do not.
        """
        tokens, output = input_tokens_upper_bound, max_output_tokens
        ways = ((0, 0), (tokens, 0), (0, tokens))
        return _micros(max(self._usd(tokens, output, read, written) for read, written in ways))


class _FreePricer(Pricer):
    """Charges nothing: the model runs inside this process or on the user's own machines."""

    def __init__(self) -> None:
        self.source = "no charge: runs on your own machine"
        self._usd = lambda *_: Decimal(0)


FREE: Pricer = _FreePricer()
"""The pricer of every provider in the local role."""


def is_priced(provider: str, model: str) -> bool:
    """Return whether the price library lists the model; ignores the user's own prices."""
    try:
        Pricer(provider, model, {})
    except UnpricedModelError:
        return False
    return True


def input_token_upper_bound(request: Request) -> int:
    """Return an upper bound of the input tokens of a request, for any tokenizer.

    A token of a byte-level BPE vocabulary covers at least one byte, so the UTF-8 length bounds the count; the
    schema is counted as it looks when a provider prints it, indented, into the prompt. `PROTOCOL_OVERHEAD_TOKENS`
    covers what the provider adds. Typically three to five times the real count.
    """
    schema = json.dumps(request.json_schema, indent=2)
    sent = (request.system, request.prompt, schema)
    return sum(len(text.encode()) for text in sent) + PROTOCOL_OVERHEAD_TOKENS


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text: a quarter of its characters, rounded up; 0 for no text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def fewest_tokens(text: str) -> int:
    """Fewer tokens than any tokenizer in use makes of a text; 0 for no text.

    Tokens do not reach across the space between words in the vocabularies of the vendors, and over few of them in those
    that do, so half of the words bound the count; a word without spaces, as in Chinese, has a token for each 32
    characters at least. Honest counts of English JSON are three times as high.
    """
    words = text.split()
    return max(-(-len(words) // 2), -(-sum(map(len, words)) // _LONGEST_TOKEN))


_LONGEST_TOKEN = 32


def _override_usd(price: PriceOverride, tokens: int, output: int, _read: int, _written: int) -> Decimal:
    """USD at the user's price; cached tokens cost the same, since the user states no price for them."""
    per_input, per_output = Decimal(str(price.input_usd)), Decimal(str(price.output_usd))
    return (per_input * tokens + per_output * output) / _MILLION


def _half_usd(usd: _PriceOf, tokens: int, output: int, read: int, written: int) -> Decimal:
    """Return half of a price."""
    return usd(tokens, output, read, written) / 2


def _is_cheaper(usd: _PriceOf, than: _PriceOf) -> bool:
    """Return whether input and output both cost less; without a batch price the library gives the usual one."""
    return all(usd(*counts, 0, 0) < than(*counts, 0, 0) for counts in ((1, 0), (0, 1)))


def _library_usd(
    maker: str | None,
    model: str,
    when: datetime,
    context: Mapping[str, str] | None,
    tokens: int,
    output: int,
    read: int,
    written: int,
) -> Decimal:
    """USD at the library's price for `tokens` of input, of which `read` came from a cache and `written` went to one.

    `context` chooses among the library's prices for ways of processing; `None` is the usual one.

    Raises:
        LookupError: the library does not know the model or its maker.
    """
    from genai_prices import Usage as BilledUsage
    from genai_prices import calc_price

    usage = BilledUsage(input_tokens=tokens, output_tokens=output, cache_read_tokens=read, cache_write_tokens=written)
    priced = calc_price(usage, model, provider_id=maker, genai_request_timestamp=when, price_context=context)
    return priced.total_price


def _has_both_prices(usd: _PriceOf) -> bool:
    """Return whether input and output both have a price: the library also lists embeddings and unpriced entries."""
    try:
        return usd(1, 0, 0, 0) > 0 and usd(0, 1, 0, 0) > 0
    except LookupError:
        return False


def _maker(model: str) -> str | None:
    """Return the maker of a model by its name; `None` lets the library search all makers."""
    return next((maker for pattern, maker in _MAKERS if pattern.match(model)), None)


def _library_source() -> str:
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}, offline snapshot"


def _micros(usd: Decimal) -> int:
    return int((usd * MICROS).to_integral_value(rounding=ROUND_CEILING))
