"""Forecast of a run: drafting model, share kept local, data sent, cost; and the frontier-only cost of a finished run.

Computed from a checked plan, the settings and earlier runs of the study, without calls to providers.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import AssessedDraft, RunRecord, Usage
from pipeline.domain.scores import RunScores, scores_of
from pipeline.domain.study import Study
from pipeline.hybrid.branch import keeps_scores
from pipeline.hybrid.preflight import Plan
from pipeline.hybrid.tasks import Tasks
from pipeline.providers import Request
from pipeline.providers.pricing import Pricer, estimate_tokens, input_token_upper_bound
from pipeline.providers.prompts import persona_text, refine_request
from pipeline.text.wording import count, score, usd

TYPICAL_REFINEMENT = Usage(input_tokens=2600, output_tokens=700, measured=False)
"""Default tokens of a refinement, before any draft of the study exists (median of the bundled study)."""

NOT_KNOWN = "not known before the first drafts"
"""Basis of an expectation without any draft of the setup: no figure, because a constant would look like one."""

_LOOPBACK = ("://127.0.0.1", "://localhost", "://[::1]")


class CostForecast(Frozen):
    """Forecast cost of a run, in micro-USD."""

    expected_micros: Micros | None
    """`None` before the first drafts."""
    worst_micros: Micros
    """Worst case of refining every kept draft, at most the budget."""
    escalated: float | None
    """Expected number of refined drafts; `None` before the first drafts."""
    based_on: str
    """Basis of the expectation, in words."""


class SeenDrafts(NamedTuple):
    """Effect of a threshold on the drafts of earlier runs, as Calibrate computes it."""

    share: float
    """Share of the kept drafts under the threshold."""
    micros: float | None
    """Mean cost of a draft, refined or not; `None` where the earlier runs refined with another model, or at no known
    price."""
    basis: str


def forecast_cost(config: HybridConfig, pricer: Pricer, seen: SeenDrafts | None) -> CostForecast:
    """Forecast the expected and worst-case cost of a run.

    Args:
        config: of the planned run.
        pricer: of its frontier model.
        seen: earlier drafts of the setup; `None` without any.
    """
    if not config.uses_frontier:
        return CostForecast(expected_micros=0, worst_micros=0, escalated=0.0, based_on="local only")
    worst = config.count * pricer.worst_case_micros(4 * TYPICAL_REFINEMENT.input_tokens, config.max_output_tokens)
    budget = config.budget_micros
    worst = worst if budget is None else min(worst, budget)
    if seen is None:
        return CostForecast(expected_micros=None, worst_micros=worst, escalated=None, based_on=NOT_KNOWN)
    each = seen.share * pricer.cost_micros(TYPICAL_REFINEMENT) if seen.micros is None else seen.micros
    expected = round(config.count * each)
    expected = expected if budget is None else min(expected, budget)
    return CostForecast(
        expected_micros=expected, worst_micros=worst, escalated=config.count * seen.share, based_on=seen.basis
    )


def frontier_only_micros(
    kept: Sequence[AssessedDraft],
    paid: Mapping[str, int],
    study: Study,
    config: HybridConfig,
    pricer: Pricer,
) -> int:
    """Estimate the cost of refining every kept persona with the frontier model.

    A refined draft counts at the cost of its answered call. For the others the cost is counterfactual: priced from
    the tokens of the request that would have been sent, times the ratio of actual to estimated cost of this run's
    paid calls (a ratio estimator; 1 when nothing was paid).

    Args:
        kept: the drafts that were delivered or refined.
        paid: micro-USD of the answered refinement per draft id.
        study: the source.
        config: of the run.
        pricer: of its frontier model.
    """
    if all(item.draft.id in paid for item in kept):
        return sum(paid[item.draft.id] for item in kept)
    tasks = Tasks(study, config)
    estimates = {
        item.draft.id: pricer.cost_micros(refinement_usage(refine_request(tasks.refine(item), config), item))
        for item in kept
    }
    estimated_paid = sum(estimates[draft_id] for draft_id in paid if draft_id in estimates)
    real_paid = sum(cost for draft_id, cost in paid.items() if draft_id in estimates)
    ratio = real_paid / estimated_paid if estimated_paid else 1.0
    unpaid = sum(cost for draft_id, cost in estimates.items() if draft_id not in paid)
    return real_paid + round(unpaid * ratio)


def refinement_usage(request: Request, item: AssessedDraft) -> Usage:
    """Estimate the tokens of refining a draft: its request, and an answer as long as the draft."""
    sent = estimate_tokens(request.system + request.prompt)
    return Usage(
        input_tokens=min(sent, input_token_upper_bound(request)),
        output_tokens=estimate_tokens(persona_text(item.draft.persona)),
        measured=False,
    )


class RunForecast(Frozen):
    """Forecast of one planned run."""

    sentence: str
    """Summary in one sentence."""
    data: str
    """Data that leaves this machine, and its redaction, in sentences."""
    drafts: int
    stays_local: int | None
    """Expected number of delivered personas, of `count`, that keep their draft; `None` before the first drafts."""
    expected_micros: Micros | None
    """`None` before the first drafts."""
    worst_micros: Micros
    bounded: bool
    """True if `worst_micros` cannot be exceeded: there is a budget, or nothing to pay. An estimate otherwise."""
    basis: str
    """Basis of the expectation, in words."""
    simulated: bool


def forecast_run(
    config: HybridConfig, planned: Plan, earlier: Sequence[RunScores] = (), drafts: RunRecord | None = None
) -> RunForecast:
    """Forecast a run with these settings.

    Args:
        config: of the planned run.
        planned: the check of its providers; other settings may have changed since.
        earlier: finished runs on the same study; scores of those with the same drafting model give the expectation.
        drafts: the run whose drafts are reused; its scores give the expectation if they are valid here.
    """
    local = planned.config.local_provider
    own = [scores_of(drafts)] if drafts and keeps_scores(config, drafts) else []
    seen = _seen(own, config, "the scores of these drafts", earlier) or _seen(
        [run for run in earlier if _same_drafting(run.config, config, local)], config, ""
    )
    money = forecast_cost(config, planned.pricer, seen)
    if planned.frontier is None:
        money = money.model_copy(update={"expected_micros": 0, "worst_micros": 0, "escalated": 0.0})
    stays = None if money.escalated is None else config.count - round(money.escalated)
    parts = (_drafting(config, planned, drafts), _staying(config, planned, stays), _paying(config, planned, money))
    return RunForecast(
        sentence=f"{'; '.join(parts)}.",
        data=_leaving(config, planned),
        drafts=len(drafts.drafts) if drafts else config.draft_count,
        stays_local=stays,
        expected_micros=money.expected_micros,
        worst_micros=money.worst_micros,
        bounded=planned.frontier is None or config.max_cost is not None,
        basis=money.based_on,
        simulated=planned.simulated,
    )


def _seen(
    runs: Sequence[RunScores], config: HybridConfig, basis: str, others: Sequence[RunScores] = ()
) -> SeenDrafts | None:
    """Return the effect of the threshold on the kept drafts of runs; `None` without any.

    Runs that began with the drafts of another one only add what was paid for these.
    """
    known = [run for run in runs if run.kept]
    ids = {run.id for run in known}
    own = [run for run in known if run.drafts_from not in ids]
    if not own:
        return None
    from pipeline.calibration.pooled_drafts import pool_drafts  # loads scipy

    cases = pool_drafts(own, [run for run in (*known, *others) if run.drafts_from in ids]).cases
    spend = float(cases.spend(config.quality_threshold).mean())
    paid = all(_same_money(run.config, config) for run in own) and isfinite(spend)
    return SeenDrafts(
        share=float((~cases.accepted(config.quality_threshold)).mean()),
        micros=spend if paid else None,
        basis=basis or f"{count(len(own), 'earlier run')} on this study",
    )


def _same_money(then: HybridConfig, now: HybridConfig) -> bool:
    """Check whether refinements of two configurations have one price."""
    names = ("frontier_provider", "frontier_model", "refine_mode", "prices")
    return all(getattr(then, name) == getattr(now, name) for name in names)


def _same_drafting(then: HybridConfig, now: HybridConfig, local: str) -> bool:
    """Check whether scores of kept drafts are comparable: same drafting model, scorer and choice among drafts."""
    same_writer = then.local_provider == local and (local == "builtin" or then.local_model == now.local_model)
    same_models = then.scorer_models == now.scorer_models
    return same_writer and same_models and then.weights == now.weights and _selection(then) == _selection(now)


def _selection(config: HybridConfig) -> tuple[object, ...]:
    tolerance = config.selection_tolerance if config.selection == "cover" else None
    return config.draft_factor, config.selection, tolerance


def _drafting(config: HybridConfig, planned: Plan, drafts: RunRecord | None) -> str:
    if drafts:
        return f"{count(len(drafts.drafts), 'draft')} of {drafts.id}, none written anew"
    local = planned.config.local_provider
    writer = "builtin" if local == "builtin" else config.local_model
    # The check names the server's address; without one the server may be anywhere.
    here = planned.local.in_process or any(name in planned.local_health.sentence for name in _LOOPBACK)
    return f"{count(config.draft_count, 'draft')} by {writer} {'here' if here else f'on your {local} server'}"


def _staying(config: HybridConfig, planned: Plan, stays: int | None) -> str:
    if planned.frontier is None:
        return f"{config.count} are kept as they are" if config.count > 1 else "the best one is kept as it is"
    if stays is None:
        return f"how many of the {config.count} kept stay local is {NOT_KNOWN}"
    if config.count == 1:
        return "the best one probably stays local" if stays else "the best one is probably refined"
    return f"about {stays} of the {config.count} kept {'stays' if stays == 1 else 'stay'} local"


def _paying(config: HybridConfig, planned: Plan, money: CostForecast) -> str:
    if planned.frontier is None:
        return "nothing is sent out and nothing is spent"
    mark = " (simulated)" if planned.simulated else ""
    limit = "at most" if config.max_cost is not None else "without a cap, by estimate up to"
    worst = f"{usd(money.worst_micros)}{mark}"
    expected = ""
    if money.expected_micros is not None:
        expected = f"; expected {usd(money.expected_micros)}{mark}, from {money.based_on}"
    way = " in a batch, answered within 24 hours" if config.refine_mode == "batch" else ""
    return f"{limit} {worst} for {config.frontier_model}{way}{expected}"


def _leaving(config: HybridConfig, planned: Plan) -> str:
    if planned.frontier is None or planned.frontier.simulated:
        frontier = "The frontier is simulated" if planned.frontier else "No frontier is called"
        scoring = "".join(f" {sentence}" for sentence in planned.scoring.sentences)
        if not planned.local.in_process:
            only = "" if scoring else " only"
            drafting = f"Excerpts of the study go to the drafting model{only}: {planned.local_health.sentence}"
            return f"{frontier}. {drafting}{scoring}"
        return f"{frontier}.{scoring}" if scoring else f"Nothing leaves this machine. {frontier}."
    state = (
        "after names, contact details and numbers of cards and papers are replaced" if config.redact else "as they are"
    )
    return (
        f"Drafts scoring under {score(config.quality_threshold)} go to {config.frontier_provider} with their findings "
        f"and the passages they rest on, {state}. Never the whole study."
    )
