"""Runs, drafts and calls for tests, made from the few numbers that a test is about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pipeline.domain.config import HybridConfig, SelectionRule
from pipeline.domain.persona import Assessment, Persona, Scores
from pipeline.domain.routing import is_accepted, select
from pipeline.domain.run import (
    AssessedDraft,
    CallStatus,
    Draft,
    FinalPersona,
    ModelCall,
    Outcome,
    RunRecord,
    RunStatus,
    Timing,
    Usage,
)
from pipeline.domain.study import StudySize

STARTED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def draft_id(number: int) -> str:
    return f"draft-{number + 1:03}"


def make_persona(number: int = 0, **fields: object) -> Persona:
    """A complete persona; give a field to replace it."""
    values = {
        "id": f"persona-{number + 1:03}",
        "name": f"Persona {number + 1}",
        "tagline": "Wants to know what tonight costs",
        "demographics": {"age": "41", "occupation": "Nurse"},
        "background": "Works nights and heats when the tariff is low.",
        "goals": ("Know what tonight costs",),
        "pain_points": ("The bill comes too late",),
        "behaviours": ("Checks the app every morning",),
        "motivations": ("Keep the children warm",),
        "quotes": ("I just want to know what tonight is going to cost me.",),
    }
    return Persona.model_validate(values | fields)


def make_assessment(
    overall: float | None,
    *,
    coherence: float | None = None,
    faithfulness: float | None = None,
    completeness: float | None = None,
) -> Assessment:
    """An assessment without claims; sub-scores not given equal the overall score (0.5 where there is none)."""
    base = 0.5 if overall is None else overall
    scores = Scores(
        overall=overall,
        coherence=base if coherence is None else coherence,
        faithfulness=overall if faithfulness is None else faithfulness,
        completeness=base if completeness is None else completeness,
    )
    return Assessment(scores=scores, claims=(), findings=(), scorer_version="test/1")


def make_draft(number: int, overall: float | None) -> AssessedDraft:
    draft = Draft(id=draft_id(number), persona=make_persona(number), focus=(f"P{number + 1:02}",))
    return AssessedDraft(draft=draft, assessment=make_assessment(overall))


def make_call(
    number: int,
    *,
    draft: int = 0,
    cost_micros: int = 20_000,
    status: CallStatus = "ok",
    at_s: float | None = None,
    simulated: bool = False,
) -> ModelCall:
    """A refinement call; call number n starts 2n seconds into the run unless `at_s` says otherwise."""
    return ModelCall(
        id=f"{draft_id(draft)}.refine.{number + 1}",
        stage="refine",
        draft_id=draft_id(draft),
        provider="simulated" if simulated else "anthropic",
        model="claude-sonnet-5-5",
        status=status,
        usage=Usage(input_tokens=2600, output_tokens=700),
        cost_micros=0 if status == "failed" else cost_micros,
        reserved_micros=max(cost_micros, 60_000),
        latency_ms=0 if status == "in_flight" else 1500,
        started_at=STARTED + timedelta(seconds=2.0 * number if at_s is None else at_s),
    )


def make_final(
    item: AssessedDraft,
    outcome: Outcome,
    *,
    refined: float | None = None,
    cost_micros: int = 0,
) -> FinalPersona:
    """What became of a draft; `refined` is the score of the frontier's text, where there is one."""
    number = int(item.draft.id.rsplit("-", 1)[1]) - 1
    text = make_persona(number, name=f"Refined {number + 1}")
    more: dict[str, object] = {"persona": item.draft.persona, "assessment": item.assessment}
    if outcome == "refined":
        more = {"persona": text, "assessment": make_assessment(refined), "draft_assessment": item.assessment}
    elif outcome == "refine_not_better":
        more |= {"rejected": text, "rejected_assessment": make_assessment(refined)}
    return FinalPersona.model_validate(
        {
            "draft_id": item.draft.id,
            "origin": "frontier" if outcome == "refined" else "local",
            "outcome": outcome,
            "reason": "As the test wants it.",
            "cost_micros": cost_micros,
            **more,
        }
    )


def make_run(
    scores: Sequence[float | None],
    *,
    threshold: float = 0.7,
    count: int | None = None,
    refined: Mapping[int, float] | None = None,
    outcomes: Mapping[int, Outcome] | None = None,
    otherwise: Outcome = "budget_exhausted",
    max_cost: float | None = 5.0,
    cost_micros: int = 20_000,
    frontier_only_micros: int | None = None,
    local_only: bool = False,
    simulated: bool = False,
    status: RunStatus = "completed",
    extra_calls: Sequence[ModelCall] = (),
    run_id: str = "run-1",
    selection: SelectionRule = "cover",
) -> RunRecord:
    """A run that delivers the best `count` drafts, as the pipeline would route them.

    Args:
        scores: overall score of each draft; draft 0 is `draft-001`.
        threshold: drafts with at least this score are kept local.
        count: personas to deliver; all drafts unless given.
        refined: score of the frontier's text per draft number. At most the draft's own: the draft is kept.
        outcomes: outcome per draft number, for what is neither kept local nor refined.
        otherwise: outcome of every further draft under the threshold.
        max_cost: budget in USD.
        cost_micros: of each refinement.
        frontier_only_micros: as it stands in the record.
        local_only: no frontier at all; every outcome is `local_only` or `kept_local`.
        simulated: whether the frontier is the simulated one.
        status: of the run. `running` leaves drafts without an outcome when `otherwise` is not wanted: pass
            `outcomes` for those that have one and cut `personas` with `model_copy`.
        extra_calls: calls beside those of the refinements.
        run_id: of the record.
        selection: in its settings; what is delivered does not depend on it.
    """
    drafts = tuple(make_draft(number, overall) for number, overall in enumerate(scores))
    config = HybridConfig(
        local_provider="builtin",
        frontier_provider="simulated" if simulated else "anthropic",
        quality_threshold=threshold,
        max_cost=max_cost,
        skip_frontier=local_only,
        count=max(1, len(drafts) if count is None else count),
        draft_factor=1.0 if count is None else 2.0,
        selection=selection,
    )
    numbers = {item.draft.id: number for number, item in enumerate(drafts)}
    finals, calls = [], list(extra_calls)
    for item in select(drafts, config.count).kept:
        number = numbers[item.draft.id]
        before = item.assessment.scores.overall
        after = (refined or {}).get(number)
        if is_accepted(before, threshold):
            finals.append(make_final(item, "kept_local"))
        elif after is not None:
            better: Outcome = "refined" if before is None or after > before else "refine_not_better"
            finals.append(make_final(item, better, refined=after, cost_micros=cost_micros))
            calls.append(make_call(len(calls), draft=number, cost_micros=cost_micros, simulated=simulated))
        else:
            outcome = "local_only" if local_only else (outcomes or {}).get(number, otherwise)
            finals.append(make_final(item, outcome))
    finals.sort(key=lambda final: -(final.assessment.scores.overall or 0))
    return RunRecord(
        id=run_id,
        name="Night tariff",
        status=status,
        simulated=simulated,
        study_id="study-1",
        study_name="Heating at home",
        study=StudySize(documents=3, participants=12, segments=240, words=18_000),
        config=config,
        scorer_version="test/1",
        drafts=drafts,
        personas=tuple(finals),
        calls=tuple(calls),
        frontier_only_micros=frontier_only_micros,
        price_source="genai-prices",
        timing=Timing(wall_s=72.0, draft_s=40.0, assess_s=2.0, refine_s=30.0),
        created_at=STARTED,
        finished_at=None if status == "running" else STARTED + timedelta(seconds=72),
    )
