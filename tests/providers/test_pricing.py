from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.config import DEFAULT_FRONTIER_MODEL, PriceOverride
from pipeline.domain.run import Usage
from pipeline.errors import UnpricedModelError
from pipeline.providers import DraftTask, Request
from pipeline.providers.pricing import FREE, Pricer, estimate_tokens, input_token_upper_bound, is_priced

SONNET = Pricer("anthropic", "claude-sonnet-5-5", {})
TIERED = Pricer("anthropic", "claude-haiku-5-5", {})
WRITES_CACHE = Pricer("openai", "gpt-6-sol", {})
IN_BATCH = Pricer("openai", "gpt-4o-mini", {}, batch=True)
OWN = Pricer("openai", "house-model", {"house-model": PriceOverride(input_usd=0.1, output_usd=0.3)})

counts = st.integers(0, 400_000)


def request(system: str = "", prompt: str = "") -> Request:
    task = DraftTask(number=0, participants=(), segments=(), seed=0)
    return Request(
        stage="draft",
        system=system,
        prompt=prompt,
        json_schema={"type": "object", "additionalProperties": False, "properties": {}, "required": []},
        max_output_tokens=2000,
        seed=0,
        temperature=None,
        task=task,
    )


def test_cost_is_the_list_price() -> None:
    million = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    assert SONNET.cost_micros(million) == 12_000_000


def test_cost_is_rounded_up_to_a_whole_micro() -> None:
    assert OWN.cost_micros(Usage(input_tokens=1)) == 1
    assert OWN.cost_micros(Usage(input_tokens=11)) == 2
    assert OWN.cost_micros(Usage(input_tokens=10)) == 1


def test_no_tokens_cost_nothing() -> None:
    assert SONNET.cost_micros(Usage()) == 0


def test_cached_tokens_are_cheaper() -> None:
    plain = SONNET.cost_micros(Usage(input_tokens=100_000))
    cached = SONNET.cost_micros(Usage(input_tokens=100_000, cached_tokens=100_000))
    assert 0 < cached < plain


def test_more_cached_tokens_than_tokens_count_as_all_cached() -> None:
    liar = Usage(input_tokens=1000, cached_tokens=9_000_000)
    assert SONNET.cost_micros(liar) == SONNET.cost_micros(Usage(input_tokens=1000, cached_tokens=1000))


@pytest.mark.parametrize("pricer", [SONNET, WRITES_CACHE])
def test_tokens_written_to_a_cache_are_dearer_and_are_never_taken_for_read_ones(pricer: Pricer) -> None:
    plain = pricer.cost_micros(Usage(input_tokens=100_000))
    written = pricer.cost_micros(Usage(input_tokens=100_000, written_tokens=100_000))
    assert Fraction(written, plain) == Fraction(5, 4)
    assert pricer.cost_micros(Usage(input_tokens=100_000, written_tokens=100_000, cached_tokens=100_000)) == written
    assert written == pricer.worst_case_micros(100_000, 0)


def test_own_price_replaces_the_library() -> None:
    mine = Pricer("anthropic", "claude-sonnet-5-5", {"claude-sonnet-5-5": PriceOverride(input_usd=7, output_usd=0)})
    assert mine.cost_micros(Usage(input_tokens=1_000_000, output_tokens=5)) == 7_000_000
    assert mine.source == "set in the configuration"
    assert SONNET.source.startswith("genai-prices ")


PRICERS = {"flat": SONNET, "tiers": TIERED, "cache writes": WRITES_CACHE, "own": OWN, "batch": IN_BATCH}


@pytest.mark.parametrize("pricer", PRICERS.values(), ids=PRICERS)
@given(bound=counts, sent=counts, cached=counts, cap=st.integers(0, 64_000), written=st.integers(0, 64_000))
@settings(max_examples=60, deadline=None)
def test_worst_case_is_never_passed(pricer: Pricer, bound: int, sent: int, cached: int, cap: int, written: int) -> None:
    usage = Usage(input_tokens=min(sent, bound), output_tokens=min(written, cap), cached_tokens=cached)
    assert pricer.cost_micros(usage) <= pricer.worst_case_micros(bound, cap)


def test_worst_case_sees_the_tier_above_a_prompt_size() -> None:
    below, above = (TIERED.worst_case_micros(tokens, 1000) for tokens in (100_000, 100_001))
    assert above > 4 * below


def test_worst_case_counts_writing_the_prompt_to_a_cache() -> None:
    plain = WRITES_CACHE.cost_micros(Usage(input_tokens=100_000))
    assert Fraction(WRITES_CACHE.worst_case_micros(100_000, 0), plain) == Fraction(5, 4)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-mythos-5"),
        ("anthropic", "claude-sonnet-4-9"),
        ("openai", "claude-sonnet-5-5"),
        ("openai", "text-embedding-3-small"),
        ("openai", "omni-moderation-latest"),
        ("simulated", "qwen2.5:7b"),
        ("no-such-provider", "gpt-5.4-mini"),
        ("anthropic", ""),
    ],
)
def test_model_without_both_prices_is_refused_by_name(provider: str, model: str) -> None:
    with pytest.raises(UnpricedModelError, match=f"{provider} model '{model}'.*prices:"):
        Pricer(provider, model, {})
    assert not is_priced(provider, model)


@pytest.mark.parametrize("provider", DEFAULT_FRONTIER_MODEL)
def test_proposed_models_are_priced(provider: str) -> None:
    assert is_priced(provider, DEFAULT_FRONTIER_MODEL[provider])


@pytest.mark.parametrize(
    ("maker", "model"),
    [("anthropic", "claude-opus-5-5"), ("openai", "gpt-5.4-mini"), ("openai", "o3"), ("openai", "chatgpt-4o-latest")],
)
def test_simulated_bills_what_the_maker_would(maker: str, model: str) -> None:
    usage = Usage(input_tokens=12_345, output_tokens=678, cached_tokens=90)
    assert Pricer("simulated", model, {}).cost_micros(usage) == Pricer(maker, model, {}).cost_micros(usage)


def test_price_is_that_of_the_day_the_run_started() -> None:
    usage = Usage(input_tokens=1_000_000)
    before = Pricer("openai", "o3", {}, clock=lambda: datetime(2025, 6, 9, tzinfo=UTC))
    after = Pricer("openai", "o3", {}, clock=lambda: datetime(2025, 6, 10, tzinfo=UTC))
    assert (before.cost_micros(usage), after.cost_micros(usage)) == (10_000_000, 2_000_000)


@pytest.mark.parametrize(("provider", "model"), [("anthropic", "claude-sonnet-5-5"), ("openai", "gpt-5.4-mini")])
def test_batch_costs_what_the_library_lists_for_batches(provider: str, model: str) -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    live, batch = (Pricer(provider, model, {}, batch=batch) for batch in (False, True))
    assert 2 * batch.cost_micros(usage) == live.cost_micros(usage)
    assert 2 * batch.worst_case_micros(10_000, 2_000) == live.worst_case_micros(10_000, 2_000)
    assert batch.source.startswith("batch: price, genai-prices ")


def test_batch_costs_half_of_the_list_price_where_none_is_listed() -> None:
    usage, then = Usage(input_tokens=1_000_000, output_tokens=1_000_000), datetime(2026, 10, 13, tzinfo=UTC)
    batch = Pricer("anthropic", "claude-sonnet-5-5", {}, batch=True, clock=lambda: then)
    assert batch.cost_micros(usage) == 6_000_000
    assert batch.source.startswith("batch: half of list price, genai-prices ")


def test_own_price_is_what_is_billed_in_batches_too() -> None:
    own = {"house-model": PriceOverride(input_usd=2, output_usd=4)}
    batch = Pricer("openai", "house-model", own, batch=True)
    assert batch.cost_micros(Usage(input_tokens=1_000_000, output_tokens=1_000_000)) == 6_000_000
    assert batch.source == "set in the configuration"


def test_local_models_are_free() -> None:
    assert FREE.cost_micros(Usage(input_tokens=10**9, output_tokens=10**9)) == 0
    assert FREE.worst_case_micros(10**9, 10**9) == 0
    assert FREE.source


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=50)
def test_input_bound_has_a_token_for_every_byte(system: str, prompt: str) -> None:
    bound = input_token_upper_bound(request(system, prompt))
    assert bound > len((system + prompt).encode())
    assert bound >= estimate_tokens(system + prompt)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("five!", 2)])
def test_estimate_is_a_quarter_of_the_characters_rounded_up(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
