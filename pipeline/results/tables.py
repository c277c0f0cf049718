"""Tables of a run: one function per table, each with a fixed shape that charts and exports rely on.

Pure functions. Scores are float64 0..1 with NaN for missing ones, money is float64 USD, converted last from integer
micro-USD. A frame without rows keeps its columns and their types.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pandas as pd

from pipeline.domain.calls import ListedCall
from pipeline.domain.routing import rank
from pipeline.domain.run import OUTCOME_MEANING, ModelCall, RunRecord
from pipeline.domain.scores import draft_score, kept_ids
from pipeline.domain.units import MICROS
from pipeline.results.figures import refinements
from pipeline.text.wording import OUTCOME_WORDS

DROPPED = "dropped"
"""In place of an outcome: the draft was not chosen for delivery."""

PENDING = "pending"
"""In place of an outcome: the draft is kept, and the run has not decided on it yet."""

DIMENSIONS = ("overall", "coherence", "faithfulness", "completeness")


def draft_scores(run: RunRecord) -> pd.DataFrame:
    """One row per assessed draft, in the run's order.

    Columns: draft_id str, kept bool, outcome str (an outcome, `dropped` or `pending`), overall, coherence,
    faithfulness, completeness float64. The scores are those of the draft, also where it was refined.
    """
    outcomes = {final.draft_id: final.outcome for final in run.personas}
    kept = kept_ids(run)
    rows = [
        (
            item.draft.id,
            item.draft.id in kept,
            outcomes.get(item.draft.id, PENDING if item.draft.id in kept else DROPPED),
            *(getattr(item.assessment.scores, dimension) for dimension in DIMENSIONS),
        )
        for item in run.drafts
    ]
    return _frame(rows, {"draft_id": "str", "kept": "bool", "outcome": "str", **dict.fromkeys(DIMENSIONS, "float64")})


def outcome_mix(run: RunRecord) -> pd.DataFrame:
    """One row per outcome that occurs, in the fixed order of `OUTCOME_WORDS`.

    Columns: outcome str, words str, personas int64, share float64 0..1 of the finished personas, cost_usd
    float64, meaning str.
    """
    rows = []
    for outcome, words in OUTCOME_WORDS.items():
        costs = [final.cost_micros for final in run.personas if final.outcome == outcome]
        if costs:
            share = len(costs) / len(run.personas)
            rows.append((outcome, words, len(costs), share, sum(costs) / MICROS, OUTCOME_MEANING[outcome]))
    types = {"outcome": "str", "words": "str", "personas": "int64", "share": "float64", "cost_usd": "float64"}
    return _frame(rows, {**types, "meaning": "str"})


def cumulative_cost(run: RunRecord) -> pd.DataFrame:
    """One row per call that cost or reserved money, in the order of their starts, after a row 0 at zero.

    Calls in flight come last. Columns: call int64 from 0, seconds float64 since the start of the run, draft_id
    str, status str, cost_usd float64 (0 while in flight), cumulative_usd float64 (settled), reserved_usd
    float64 (running total of what is set aside for calls in flight). The last row's cumulative_usd plus
    reserved_usd is what the run has spent. Without such calls there is row 0 alone.
    """
    paid = sorted((call for call in run.calls if call.cost_micros or call.reserved_micros), key=_settled_first)
    rows: list[tuple[object, ...]] = [(0, 0.0, "", "start", 0.0, 0.0, 0.0)]
    settled = reserved = 0
    for number, call in enumerate(paid, start=1):
        cost = 0 if call.status == "in_flight" else call.cost_micros
        settled += cost
        reserved += call.cost_micros - cost
        seconds = max(0.0, (call.started_at - run.created_at).total_seconds())
        money = (cost / MICROS, settled / MICROS, reserved / MICROS)
        rows.append((number, seconds, call.draft_id, call.status, *money))
    types = {"call": "int64", "seconds": "float64", "draft_id": "str", "status": "str"}
    return _frame(rows, {**types, **dict.fromkeys(("cost_usd", "cumulative_usd", "reserved_usd"), "float64")})


def uplift(run: RunRecord) -> pd.DataFrame:
    """One row per draft that was sent to the frontier, in the run's order.

    Columns: draft_id str, name str (of the delivered persona), outcome str, draft_score, refined_score (of the
    frontier's text, rejected ones too; NaN when no readable text came back), uplift float64, cost_usd float64.
    """
    rows = [
        (
            item.final.draft_id,
            item.final.persona.name,
            item.final.outcome,
            item.draft_score,
            item.refined_score,
            item.uplift,
            item.final.cost_micros / MICROS,
        )
        for item in refinements(run)
    ]
    numbers = dict.fromkeys(("draft_score", "refined_score", "uplift", "cost_usd"), "float64")
    return _frame(rows, {"draft_id": "str", "name": "str", "outcome": "str", **numbers})


def persona_table(run: RunRecord) -> pd.DataFrame:
    """One row per delivered persona, best score first, unscored ones last.

    Columns: rank int64 from 1, name str, tagline str, origin str, outcome str, overall float64 (of the delivered
    text), draft_score float64, cost_usd float64, edited bool (changed by a person).
    """
    ranked = sorted(run.shown, key=lambda final: rank(final.assessment.scores.overall))
    rows = [
        (
            rank,
            final.persona.name,
            final.persona.tagline,
            final.origin,
            final.outcome,
            final.assessment.scores.overall,
            draft_score(final),
            final.cost_micros / MICROS,
            final.edited is not None,
        )
        for rank, final in enumerate(ranked, start=1)
    ]
    texts = dict.fromkeys(("name", "tagline", "origin", "outcome"), "str")
    numbers = dict.fromkeys(("overall", "draft_score", "cost_usd"), "float64")
    return _frame(rows, {"rank": "int64", **texts, **numbers, "edited": "bool"})


def attempt_table(listed: Sequence[ListedCall]) -> pd.DataFrame:
    """One row per attempt, in the given order.

    Columns: run_id, run, stage, draft_id, call_id, provider, model, status str, input_tokens, output_tokens,
    cached_tokens int64, tokens_measured bool, cost_usd, reserved_usd float64 and the same two `(simulated)`, of
    which one pair is NaN, latency_ms int64, started_at str (ISO 8601, UTC), flag str, error str. The cost of an
    attempt in flight or lost is its reservation.
    """
    rows = [
        (
            item.run_id,
            item.run_name,
            item.call.stage,
            item.call.draft_id,
            item.call.id,
            item.call.provider,
            item.call.model,
            item.call.status,
            item.call.usage.input_tokens,
            item.call.usage.output_tokens,
            item.call.usage.cached_tokens,
            item.call.usage.measured,
            *_real_or_simulated(item),
            item.call.latency_ms,
            item.call.started_at.isoformat(),
            item.call.flag or "",
            item.call.error or "",
        )
        for item in listed
    ]
    names = ("run_id", "run", "stage", "draft_id", "call_id", "provider", "model", "status")
    tokens = dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens"), "int64")
    money = ("cost_usd", "reserved_usd", "cost_usd (simulated)", "reserved_usd (simulated)")
    types = dict.fromkeys(names, "str") | tokens | {"tokens_measured": "bool"} | dict.fromkeys(money, "float64")
    return _frame(rows, types | {"latency_ms": "int64"} | dict.fromkeys(("started_at", "flag", "error"), "str"))


def _real_or_simulated(item: ListedCall) -> tuple[float | None, ...]:
    """Return cost and reservation in USD: as the first pair, or as the second if simulated."""
    money = (item.call.cost_micros / MICROS, item.call.reserved_micros / MICROS)
    return (None, None, *money) if item.simulated else (*money, None, None)


def _settled_first(call: ModelCall) -> tuple[bool, datetime]:
    return call.status == "in_flight", call.started_at


def _frame(rows: Iterable[Sequence[object]], types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(types)).astype(dict(types))
