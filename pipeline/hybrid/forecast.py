"""What a run may cost, before it starts; and what the frontier alone would have cost, after it."""

from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import AssessedDraft, Usage
from pipeline.domain.study import Study
from pipeline.providers import Request
from pipeline.providers.pricing import Pricer, estimate_tokens, input_token_upper_bound
from pipeline.providers.prompts import persona_text, refine_request, refine_task
from pipeline.text.wording import count

TYPICAL_REFINEMENT = Usage(input_tokens=2600, output_tokens=700, measured=False)
"""Tokens of a refinement before anything is known of the study's drafts (median of the bundled study)."""

TYPICAL_ESCALATED_SHARE = 0.4
"""Share of kept drafts expected under the threshold before any run of the study says better."""


class CostForecast(Frozen):
    """Money before a run, in micro-USD."""

    expected_micros: Micros
    worst_micros: Micros
    """The budget when there is one and it binds, else every kept draft refined at its worst case."""
    escalated: float
    """Drafts expected to be refined."""
    based_on: str
    """Where the expectation comes from, in words."""


def forecast(config: HybridConfig, pricer: Pricer, earlier_shares: Sequence[float]) -> CostForecast:
    """Expected and worst-case cost of a run.

    Args:
        config: the run to be.
        pricer: of its frontier model.
        earlier_shares: share of kept drafts under this threshold in earlier runs on the same study.
    """
    if not config.uses_frontier:
        return CostForecast(expected_micros=0, worst_micros=0, escalated=0.0, based_on="local only")
    share = sum(earlier_shares) / len(earlier_shares) if earlier_shares else TYPICAL_ESCALATED_SHARE
    basis = f"{count(len(earlier_shares), 'earlier run')} on this study" if earlier_shares else "a typical study"
    escalated = config.count * share
    expected = round(escalated * pricer.cost_micros(TYPICAL_REFINEMENT))
    worst = config.count * pricer.worst_case_micros(4 * TYPICAL_REFINEMENT.input_tokens, config.max_output_tokens)
    budget = config.budget_micros
    if budget is not None:
        expected, worst = min(expected, budget), min(worst, budget)
    return CostForecast(expected_micros=expected, worst_micros=worst, escalated=escalated, based_on=basis)


def frontier_only_micros(
    kept: Sequence[AssessedDraft],
    paid: Mapping[str, int],
    study: Study,
    config: HybridConfig,
    pricer: Pricer,
) -> int:
    """What the frontier writing every kept persona would have cost.

    A draft that was refined counts with what its answered call cost. For the others the cost is
    counterfactual: priced from the tokens of the request that would have been sent, scaled by how the
    paid calls of this run compared to the same estimate (a ratio estimator; 1 when nothing was paid).

    Args:
        kept: the drafts that were delivered or refined.
        paid: micro-USD of the answered refinement per draft id.
        study: the source.
        config: of the run.
        pricer: of its frontier model.
    """
    if all(item.draft.id in paid for item in kept):
        return sum(paid[item.draft.id] for item in kept)
    estimates = {
        item.draft.id: pricer.cost_micros(refinement_usage(refine_request(refine_task(item, study, 0), config), item))
        for item in kept
    }
    estimated_paid = sum(estimates[draft_id] for draft_id in paid if draft_id in estimates)
    real_paid = sum(cost for draft_id, cost in paid.items() if draft_id in estimates)
    ratio = real_paid / estimated_paid if estimated_paid else 1.0
    unpaid = sum(cost for draft_id, cost in estimates.items() if draft_id not in paid)
    return real_paid + round(unpaid * ratio)


def refinement_usage(request: Request, item: AssessedDraft) -> Usage:
    """Tokens that refining this draft would take: its request, and an answer as long as the draft."""
    sent = estimate_tokens(request.system + request.prompt)
    return Usage(
        input_tokens=min(sent, input_token_upper_bound(request)),
        output_tokens=estimate_tokens(persona_text(item.draft.persona)),
        measured=False,
    )
