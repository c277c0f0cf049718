"""The JSON Schema of `persona generate --json`: what other programs depend on."""

OUTCOMES = [
    "kept_local",
    "refined",
    "refine_not_better",
    "refine_unparsable",
    "refine_failed",
    "budget_exhausted",
    "frontier_unavailable",
    "local_only",
    "cancelled",
]
UNIT = {"type": "number", "minimum": 0, "maximum": 1}
MAYBE_UNIT = {"anyOf": [UNIT, {"type": "null"}]}
USD = {"type": "number", "minimum": 0}
MAYBE_USD = {"anyOf": [USD, {"type": "null"}]}
MAYBE_TEXT = {"type": ["string", "null"]}
COUNT = {"type": "integer", "minimum": 0}


def record(**properties: object) -> dict[str, object]:
    """An object that has at least these keys."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def many(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


TEXTS = many({"type": "string"})
SCORE = record(overall=MAYBE_UNIT, coherence=UNIT, faithfulness=MAYBE_UNIT, completeness=UNIT)
PERSONA = record(
    id={"type": "string", "minLength": 1},
    name={"type": "string"},
    tagline={"type": "string"},
    demographics={"type": "object", "additionalProperties": {"type": "string"}},
    background={"type": "string"},
    goals=TEXTS,
    pain_points=TEXTS,
    behaviours=TEXTS,
    motivations=TEXTS,
    quotes=TEXTS,
) | {"additionalProperties": False}

RUN_SCHEMA = record(
    schema={"const": "persona.run/1"},
    run_id={"type": "string", "minLength": 1},
    status={"enum": ["completed", "cancelled", "failed", "interrupted"]},
    simulated={"type": "boolean"},
    study=record(documents=COUNT, participants=COUNT, segments=COUNT, words=COUNT),
    config=record(
        enabled={"type": "boolean"},
        local_model={"type": "string"},
        frontier_provider={"type": "string"},
        frontier_model={"type": "string"},
        quality_threshold=UNIT,
        max_cost=MAYBE_USD,
        skip_frontier={"type": "boolean"},
    ),
    counts={
        "type": "object",
        "required": ["drafted", "draft_failures"],
        "properties": {"drafted": COUNT, "draft_failures": COUNT, **dict.fromkeys(OUTCOMES, COUNT)},
        "additionalProperties": False,
    },
    personas=many(
        record(
            id={"type": "string"},
            draft_id={"type": "string"},
            origin={"enum": ["local", "frontier"]},
            outcome={"enum": OUTCOMES},
            reason={"type": "string"},
            cost_usd=USD,
            score=SCORE,
            draft_score={"anyOf": [SCORE, {"type": "null"}]},
            persona=PERSONA,
            evidence=many(
                record(
                    field={"type": "string"},
                    claim={"type": "string"},
                    support=UNIT,
                    document=MAYBE_TEXT,
                    segment=MAYBE_TEXT,
                    quote=MAYBE_TEXT,
                    supporters=TEXTS,
                    of={"anyOf": [COUNT, {"type": "null"}]},
                    at=MAYBE_TEXT,
                    question=MAYBE_TEXT,
                )
            ),
        )
    ),
    coverage=record(
        participants=COUNT,
        represented=COUNT,
        left_out=TEXTS,
        overlaps=many(record(a={"type": "string"}, b={"type": "string"}, shared=TEXTS)),
    ),
    drafts=many(record(id={"type": "string"}, kept={"type": "boolean"}, score=SCORE)),
    cost=record(
        spent_usd=USD,
        budget_usd=MAYBE_USD,
        frontier_only_usd=MAYBE_USD,
        saving={"type": ["number", "null"], "maximum": 1},
        price_source={"type": "string"},
    ),
    calls=many(
        record(
            stage={"enum": ["draft", "embed", "judge", "count", "refine"]},
            provider={"type": "string"},
            model={"type": "string"},
            status={"type": "string"},
            input_tokens=COUNT,
            output_tokens=COUNT,
            cost_usd=USD,
            latency_ms=COUNT,
            waiting_ms=COUNT,
        )
    ),
    timing=record(wall_s=USD, draft_s=USD, assess_s=USD, refine_s=USD),
    warnings=TEXTS,
)
