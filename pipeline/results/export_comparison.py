"""Export of a comparison: its JSON document (`persona.comparison/1`). Separate from runs, because it needs scipy."""

from collections.abc import Mapping, Sequence

from pipeline.domain.comparison import LETTERS
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.units import MICROS
from pipeline.results.compare_personas import Match, claim_differences, match_personas
from pipeline.results.compare_runs import ComparedFigure, ComparedMeasure, cautions, compared_figures, settings_of
from pipeline.results.export import JsonDict
from pipeline.results.figures import run_figures

_UNITS: dict[ComparedMeasure, tuple[str, float]] = {
    "score": ("mean_score", 1.0),
    "local_share": ("local_share", 1.0),
    "cost_micros": ("cost_usd_per_persona", 1e-6),
    "answer_ms": ("answer_s_per_persona", 1e-3),
}


def comparison_document(
    runs: Sequence[RunRecord], *, title: str = "", note: str = "", annotations: Mapping[str, str] | None = None
) -> JsonDict:
    """Return the document of two to eight runs; the first one is the baseline."""
    said = annotations or {}
    ids = [run.id for run in runs]
    return {
        "schema": "persona.comparison/1",
        "title": title,
        "note": note,
        "baseline": ids[0],
        "cautions": list(cautions(runs)),
        "runs": [_compared_run(letter, run, said.get(run.id, "")) for letter, run in zip(LETTERS, runs, strict=False)],
        "settings": [
            {"name": setting.name, "differs": setting.differs, "values": dict(zip(ids, setting.values, strict=True))}
            for setting in settings_of(runs)
        ],
        "figures": [_compared_figure(figure) for figure in compared_figures(runs)],
        "matches": [
            {"run_id": run.id, "personas": [_compared_match(one) for one in match_personas(runs[0], run)]}
            for run in runs[1:]
        ],
    }


def _compared_run(letter: str, run: RunRecord, annotation: str) -> JsonDict:
    summed = run_figures(run)
    return {
        "letter": letter,
        "run_id": run.id,
        "name": run.name,
        "annotation": annotation,
        "status": run.status,
        "simulated": run.simulated,
        "study": {"id": run.study_id, "name": run.study_name},
        "drafts_from": run.drafts_from,
        "personas": summed.personas,
        "spent_usd": summed.spent_micros / MICROS,
        "wall_s": summed.seconds,
    }


def _compared_figure(figure: ComparedFigure) -> JsonDict:
    name, unit = _UNITS[figure.measure]
    found = figure.difference
    difference = found and {"value": found.value * unit, "low": found.low * unit, "high": found.high * unit}
    return {
        "measure": name,
        "run_id": figure.run_id,
        "value": None if figure.value is None else figure.value * unit,
        "n": figure.n,
        "difference": difference,
        "paired": figure.paired,
        "pairs": figure.pairs,
        "word": figure.word,
        "why_not": figure.why_not,
    }


def _compared_match(match: Match) -> JsonDict:
    differences = claim_differences(match.first, match.second) if match.first and match.second else ()
    return {
        "first": _compared_persona(match.first),
        "second": _compared_persona(match.second),
        "similarity": match.similarity,
        "same_draft": match.same_draft,
        "claims": [
            {
                "field": one.field,
                "only_first": [claim.text for claim in one.only_first],
                "only_second": [claim.text for claim in one.only_second],
                "both": [
                    {
                        "first": pair.first.text,
                        "second": pair.second.text,
                        "support": [side.support and side.support.support for side in (pair.first, pair.second)],
                        "support_moved": pair.support_moved,
                    }
                    for pair in one.both
                ],
            }
            for one in differences
        ],
    }


def _compared_persona(final: FinalPersona | None) -> JsonDict | None:
    if final is None:
        return None
    scores = final.assessment.scores
    return {"draft_id": final.draft_id, "name": final.persona.name, "outcome": final.outcome, "score": scores.overall}
