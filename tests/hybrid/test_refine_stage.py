from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig, PriceOverride
from pipeline.domain.run import AssessedDraft, FinalPersona
from pipeline.domain.study import Segment, Study
from pipeline.errors import ProviderError
from pipeline.hybrid.calls import Caller, RetryPolicy
from pipeline.hybrid.ledger import HybridCostTracker
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.hybrid.refine import Frontier, FrontierRefinementStage, RefineInput
from pipeline.providers import Request
from pipeline.providers.pricing import Pricer
from tests.factories import make_draft
from tests.fakes import FakeClock, FixedScorer, ScriptedProvider, Step, refinement

STUDY = Study(
    id="s",
    name="s",
    documents=(),
    participants=(),
    segments=(Segment(id="d1.1", document="d1", participant="P1", role="participant", text="Cold.", where="turn 1"),),
)
PRICER = Pricer("anthropic", "m", {"m": PriceOverride(input_usd=1, output_usd=1)})
BETTER, WORSE, UNREADABLE = refinement(tagline="0.95"), refinement(tagline="0.1"), refinement(name="")
REFUSED = ProviderError("The key was refused.")


class Bench:
    def __init__(
        self,
        script: Sequence[Step] = (BETTER,),
        *,
        budget: int | None = None,
        frontier: bool = True,
        **settings: object,
    ) -> None:
        self.config = HybridConfig.model_validate(
            {"count": 4, "frontier_workers": 1, "selection": "best_score", **settings}
        )
        self.log, self.provider = MemoryLog(), ScriptedProvider(script=script)
        self.ledger = HybridCostTracker(budget)
        caller = Caller(self.provider, PRICER, self.ledger, self.log, FakeClock(), RetryPolicy(attempts=1))
        there = Frontier(caller) if frontier else Frontier(None, "frontier_unavailable", "No key is set.")
        self.stage = FrontierRefinementStage(there, FixedScorer(), None, self.config, self.log)

    def run(self, scores: Sequence[float | None], finished: Sequence[FinalPersona] = ()) -> list[FinalPersona]:
        drafts = tuple(make_draft(number, score) for number, score in enumerate(scores))
        return list(self.stage.execute(RefineInput(study=STUDY, drafts=drafts, finished=tuple(finished))).personas)


def outcomes(finals: Sequence[FinalPersona]) -> dict[str, str]:
    return {final.draft_id: final.outcome for final in finals}


def test_draft_at_the_threshold_is_kept_and_nothing_is_sent() -> None:
    bench = Bench(quality_threshold=0.7)
    (final,) = bench.run([0.7])
    assert (final.outcome, final.origin, final.cost_micros) == ("kept_local", "local", 0)
    assert not bench.provider.requests


def test_better_refinement_replaces_the_draft_and_keeps_its_scores_beside() -> None:
    (final,) = Bench([BETTER]).run([0.4])
    assert (final.outcome, final.origin) == ("refined", "frontier")
    assert (final.assessment.scores.overall, final.draft_assessment.scores.overall) == (0.95, 0.4)
    assert final.cost_micros == 950


@pytest.mark.parametrize(
    ("step", "outcome", "cost"),
    [(WORSE, "refine_not_better", 950), (UNREADABLE, "refine_unparsable", 950), (REFUSED, "refine_failed", 0)],
)
def test_draft_is_used_when_the_frontier_brings_nothing_better(step: Step, outcome: str, cost: int) -> None:
    (final,) = Bench([step]).run([0.4])
    assert (final.outcome, final.origin, final.cost_micros) == (outcome, "local", cost)
    assert final.assessment.scores.overall == 0.4
    assert final.reason


def test_paid_text_that_was_not_better_is_kept_for_the_record() -> None:
    (final,) = Bench([WORSE]).run([0.4])
    assert final.rejected is not None
    assert final.rejected_assessment.scores.overall == 0.1


def test_equal_score_keeps_the_draft() -> None:
    (final,) = Bench([refinement(tagline="0.4")]).run([0.4])
    assert final.outcome == "refine_not_better"


def test_missing_frontier_leaves_the_drafts_with_its_reason() -> None:
    finals = Bench(frontier=False).run([0.9, 0.4])
    assert outcomes(finals) == {"draft-001": "kept_local", "draft-002": "frontier_unavailable"}
    assert finals[1].reason == "No key is set."


def test_only_the_best_count_drafts_are_delivered() -> None:
    finals = Bench(count=2, quality_threshold=0).run([0.3, 0.9, 0.5, None])
    assert [final.draft_id for final in finals] == ["draft-002", "draft-003"]


@pytest.mark.parametrize(("order", "bought"), [("worst_first", "draft-003"), ("best_first", "draft-001")])
def test_escalation_order_decides_who_gets_the_last_money(order: str, bought: str) -> None:
    def worst_case() -> int:
        bench = Bench()
        bench.run([0.1])
        return bench.log.facts().calls[0].reserved_micros

    long = refinement(tagline="0.95", output_tokens=1_900)  # nothing shorter is asked for after it
    bench = Bench([long], budget=worst_case() + 100, escalation_order=order)
    finals = outcomes(bench.run([0.5, 0.4, 0.3]))
    assert [draft for draft, outcome in finals.items() if outcome == "refined"] == [bought]
    assert list(finals.values()).count("budget_exhausted") == 2


def test_cancelled_run_gives_every_waiting_draft_its_outcome() -> None:
    bench = Bench()

    def cancel(request: Request):
        bench.log.cancel()
        return BETTER

    bench.provider._script = [cancel]
    assert sorted(outcomes(bench.run([0.1, 0.2, 0.3])).values()) == ["cancelled", "cancelled", "refined"]


def test_finished_persona_of_an_interrupted_run_is_not_bought_again() -> None:
    first = Bench().run([0.4])
    bench = Bench()
    assert bench.run([0.4], finished=first) == first
    assert not bench.provider.requests


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.none() | st.floats(0, 1), max_size=8),
    script=st.lists(st.sampled_from([BETTER, WORSE, UNREADABLE, REFUSED]), min_size=1, max_size=8),
    workers=st.integers(1, 6),
    budget=st.none() | st.integers(0, 20_000),
)
def test_every_kept_draft_has_exactly_one_outcome_and_the_budget_holds(
    scores: list[float | None], script: list[Step], workers: int, budget: int | None
) -> None:
    bench = Bench(script, budget=budget, frontier_workers=workers)
    finals = bench.run(scores)
    kept: list[AssessedDraft] = [make_draft(number, score) for number, score in enumerate(scores)]
    assert len(finals) == len({final.draft_id for final in finals}) == min(4, len(kept))
    assert sum(final.cost_micros for final in finals) == bench.ledger.spent()
    assert budget is None or bench.ledger.spent() <= budget
    facts = bench.log.facts()
    assert sorted(facts.personas, key=lambda final: final.draft_id) == sorted(finals, key=lambda final: final.draft_id)


@settings(max_examples=20, deadline=None)
@given(budget=st.integers(0, 40_000), scores=st.lists(st.floats(0, 0.69), min_size=1, max_size=4))
def test_number_of_workers_does_not_change_what_the_budget_buys(budget: int, scores: list[float]) -> None:
    alone, together = (Bench(budget=budget, frontier_workers=workers).run(scores) for workers in (1, 4))
    assert outcomes(alone) == outcomes(together)
