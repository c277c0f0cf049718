"""Exports: the JSON documents of the contract, and Markdown.

The shape is fixed (`persona.run/1`); money leaves as USD numbers, times as seconds.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipeline.domain.persona import Assessment, ClaimSupport, Persona, Scores
from pipeline.domain.run import Editing, FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.domain.units import MICROS
from pipeline.results.coverage import Coverage, coverage, coverage_sentences
from pipeline.results.edit_history import edited_words
from pipeline.results.evidence import LISTS, Sources, said_by
from pipeline.results.figures import run_figures
from pipeline.results.problems import problems
from pipeline.text.wording import clock, count, undirected

JsonDict = dict[str, Any]


def run_document(run: RunRecord, study: Study | None = None) -> JsonDict:
    """Return the `persona.run/1` document of a run.

    Args:
        run: in any state.
        study: the run's own, for the questions that were asked; without it `question` is null everywhere.
    """
    sources = Sources(study) if study else None
    return {
        "schema": "persona.run/1",
        "run_id": run.id,
        "name": run.name,
        "status": run.status,
        "error": run.error,
        "simulated": run.simulated,
        "study": {"id": run.study_id, "name": run.study_name, **run.study.model_dump()},
        "config": run.config.model_dump(mode="json"),
        "scorer_version": run.scorer_version,
        "prompt_version": run.prompt_version,
        "drafts_from": run.drafts_from,
        "counts": _counts(run),
        "personas": [_persona(final, run.people_of(final), sources) for final in run.shown],
        "coverage": coverage_document(coverage(run)),
        "drafts": _drafts(run),
        "cost": _cost(run),
        "calls": [
            {
                "id": call.id,
                "stage": call.stage,
                "draft_id": call.draft_id,
                "provider": call.provider,
                "model": call.model,
                "status": call.status,
                "input_tokens": call.usage.input_tokens,
                "output_tokens": call.usage.output_tokens,
                "cached_tokens": call.usage.cached_tokens,
                "cost_usd": usd(call.cost_micros),
                "latency_ms": call.latency_ms,
                "waiting_ms": call.waiting_ms,
                "error": call.error,
            }
            for call in run.calls
        ],
        "timing": run.timing.model_dump(),
        "created_at": run.created_at.isoformat(),
        "imported_at": run.imported_at.isoformat() if run.imported_at else None,
        "warnings": [*run.warnings, *problems(run)],
    }


def coverage_document(found: Coverage) -> JsonDict:
    """Return who is represented by whom, who is left out and why, and the pairs that overlap."""
    return {
        "participants": found.participants,
        "represented": found.represented,
        "heard": found.heard,
        "left_out": [one.participant for one in found.left_out],
        "left_out_unnamed": found.unnamed,
        "reasons": {one.participant: one.reason for one in found.left_out},
        "personas": [
            {"id": one.persona, "participants": list(one.participants), "heard": list(one.heard)}
            for one in found.personas
        ],
        "overlaps": [
            {
                "a": pair.a,
                "b": pair.b,
                "shared": list(pair.shared),
                "jaccard": round(pair.jaccard, 4),
                "same_statements": pair.same_statements,
            }
            for pair in found.overlaps
        ],
        "more_overlaps": found.more_overlaps,
        "rules": {
            one.rule: {
                "drafts": list(one.drafts),
                "represented": one.represented,
                "mean_score": round(one.mean_score, 6),
                "repeats": one.repeats,
            }
            for one in found.rules
        },
    }


def payload_document(run: RunRecord) -> list[JsonDict]:
    """List every attempt of a run that sent a payload, with the payload word for word, in the order of sending."""
    return [
        {
            "id": call.id,
            "stage": call.stage,
            "provider": call.provider,
            "model": call.model,
            "status": call.status,
            "started_at": call.started_at.isoformat(),
            "payload": call.payload,
        }
        for call in run.calls
        if call.payload
    ]


def score_document(persona: Persona, assessment: Assessment) -> JsonDict:
    """Return one entry of `persona score --json`."""
    return {
        "id": persona.id,
        "score": scores_document(assessment.scores),
        "claims": [_claim(claim, "text") for claim in assessment.claims],
        "findings": [finding.text for finding in assessment.findings],
    }


def _claim(claim: ClaimSupport, called: str) -> JsonDict:
    """Return a claim with its best source; the key of its text differs between documents."""
    return {
        "field": claim.field,
        called: claim.text,
        "support": claim.support,
        "document": claim.document,
        "segment": claim.segment,
        "quote": claim.quote,
    }


def _evidence(claim: ClaimSupport, sources: Sources | None) -> JsonDict:
    """Return a claim with its best source and every participant in focus who supports it alone."""
    return {
        **_claim(claim, "claim"),
        "supporters": [one.participant for one in claim.supporters],
        "of": claim.of,
        "at": clock(claim.at),
        "question": _question(claim.segment, sources),
        "said_by": [
            {
                "participant": one.participant,
                "support": one.support,
                "document": one.document,
                "segment": one.segment,
                "quote": one.quote,
                "at": clock(one.at),
                "question": _question(one.segment, sources),
            }
            for one in claim.supporters
        ],
    }


def _question(segment: str | None, sources: Sources | None) -> str | None:
    return (sources.question(segment) if sources else "") or None


def scores_document(scores: Scores) -> JsonDict:
    """Return the four scores, 0 to 1, or null where one cannot be computed."""
    return {
        "overall": scores.overall,
        "coherence": scores.coherence,
        "faithfulness": scores.faithfulness,
        "completeness": scores.completeness,
    }


def personas_markdown(run: RunRecord) -> str:
    """Write all personas of a run as one Markdown document, with scores, outcomes and evidence."""
    mark = " (simulated)" if run.simulated else ""
    head = [
        f"# {_plain(run.name)}{mark}",
        f"{count(len(run.shown), 'persona')} from {count(run.study.participants, 'participant')} of "
        f"{_plain(run.study_name)}.",
    ]
    covered = "\n".join(f"- {_plain(sentence)}" for sentence in coverage_sentences(coverage(run)))
    tail = [f"## Coverage\n\n{covered}"] if covered else []
    return "\n\n".join([*head, *(persona_markdown(final) for final in run.shown), *tail]) + "\n"


def persona_markdown(final: FinalPersona, simulated: bool = False) -> str:
    """Write one persona as Markdown, with its score, its outcome and the evidence of its claims.

    Args:
        final: the persona; nothing in it is trusted.
        simulated: whether the frontier of its run was the offline stand-in; then a refined text is marked.
    """
    persona, overall = final.persona, final.assessment.scores.overall
    score = "no score" if overall is None else f"score {overall:.2f}"
    mark = " (simulated)" if simulated and final.origin == "frontier" else ""
    lines = [f"## {_plain(persona.name)}{mark}", f"*{_plain(persona.tagline)}*" if persona.tagline else ""]
    lines.append(f"{score} · {final.outcome} · {_plain(final.reason)}")
    lines.append(_plain(edited_words(final.edited)) if final.edited else "")
    lines.append(", ".join(f"{_plain(key)}: {_plain(value)}" for key, value in persona.demographics.items()))
    lines.append(_plain(persona.background))
    support = {(claim.field, claim.text): claim for claim in final.assessment.claims}
    for field, title in LISTS.items():
        items: Sequence[str] = getattr(persona, field)
        if items:
            lines.append(f"### {title}\n\n" + "\n".join(_item(item, support.get((field, item))) for item in items))
    return "\n\n".join(line for line in lines if line)


def _item(text: str, claim: ClaimSupport | None) -> str:
    if claim is None:
        return f"- {_plain(text)}"
    source = f", {_plain(claim.participant or '')} in {_plain(claim.document)}" if claim.document else ""
    time = f" at {clock(claim.at)}" if source and claim.at is not None else ""
    people = f"; {said_by(claim)}" if said_by(claim) else ""
    return f"- {_plain(text)} (support {claim.support:.2f}{source}{time}{people})"


def _plain(text: str) -> str:
    """Escape untrusted text for Markdown, on one line."""
    escaped = "".join(f"\\{char}" if char in "\\`*_{}[]()#+!|~$<>&" else char for char in undirected(text))
    return " ".join(escaped.split())


def _counts(run: RunRecord) -> JsonDict:
    outcomes = Counter(final.outcome for final in run.personas)
    return {
        "drafted": len(run.drafts),
        "draft_failures": len(run.failures),
        **{outcome: outcomes[outcome] for outcome in sorted(outcomes)},
    }


def _drafts(run: RunRecord) -> list[JsonDict]:
    kept = {final.draft_id for final in run.personas}
    return [
        {
            "id": item.draft.id,
            "kept": item.draft.id in kept,
            "focus": list(item.draft.focus),
            "score": scores_document(item.assessment.scores),
        }
        for item in run.drafts
    ]


def _persona(final: FinalPersona, focus: Sequence[str], sources: Sources | None) -> JsonDict:
    before = final.draft_assessment
    return {
        "id": final.persona.id,
        "draft_id": final.draft_id,
        "origin": final.origin,
        "outcome": final.outcome,
        "reason": final.reason,
        "cost_usd": usd(final.cost_micros),
        "score": scores_document(final.assessment.scores),
        "draft_score": scores_document(before.scores) if before else None,
        "focus": list(focus),
        "edited": edited_document(final.edited),
        "persona": final.persona.model_dump(mode="json"),
        "evidence": [_evidence(claim, sources) for claim in final.assessment.claims],
        "findings": [finding.text for finding in final.assessment.findings],
    }


def edited_document(editing: Editing | None) -> JsonDict | None:
    """Return what people changed in a persona; null for a text as the run delivered it."""
    if editing is None:
        return None
    return {
        "by": list(editing.by),
        "at": editing.at.isoformat(),
        "changes": editing.changes,
        "made_from": list(editing.made_from),
        "pinned": [place.model_dump() for place in editing.pinned],
        "rejected": [place.model_dump() for place in editing.rejected],
        "sources": [{**one.claim.model_dump(), "segment": one.segment, "quote": one.quote} for one in editing.sources],
        "original": editing.original.model_dump(mode="json"),
        "original_score": scores_document(editing.original_assessment.scores),
    }


def _cost(run: RunRecord) -> JsonDict:
    alone, spent, saving = run.frontier_only_micros, run.spent_micros, run_figures(run).saving
    return {
        "spent_usd": usd(spent),
        "budget_usd": run.config.max_cost,
        "frontier_only_usd": None if alone is None else usd(alone),
        "saving": None if saving is None else round(saving.value, 4),
        "price_source": run.price_source,
    }


def usd(micros: int) -> float:
    """Return micro-USD as USD, as the JSON documents state money."""
    return micros / MICROS
