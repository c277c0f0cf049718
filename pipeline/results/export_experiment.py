"""The document of an experiment, `persona.experiment/1`: its cells, and its replicates as rows."""

from pipeline.calibration.bounds import Interval
from pipeline.calibration.estimates import Estimate
from pipeline.domain.units import MICROS
from pipeline.results.compare_runs import ComparedFigure, ComparedMeasure
from pipeline.results.experiment import CellResult, ExperimentResults
from pipeline.results.export import JsonDict
from pipeline.results.replicates import ReplicateRow, replicate_rows

_UNITS: tuple[tuple[str, ComparedMeasure, float], ...] = (
    ("quality", "score", 1.0),
    ("local_share", "local_share", 1.0),
    ("cost_usd_per_persona", "cost_micros", 1e-6),
)


def experiment_document(found: ExperimentResults) -> JsonDict:
    """Return the `persona.experiment/1` document."""
    experiment = found.experiment
    return {
        "schema": "persona.experiment/1",
        "experiment_id": experiment.id,
        "name": experiment.name,
        "status": found.status,
        "simulated": any(cell.simulated for cell in found.cells),
        "study_id": experiment.study_id,
        "drafts_from": experiment.drafts_from,
        "budget_usd": None if experiment.budget_micros is None else experiment.budget_micros / MICROS,
        "spent_usd": found.spent_micros(simulated=False) / MICROS,
        "spent_simulated_usd": found.spent_micros(simulated=True) / MICROS,
        "baseline": found.baseline,
        "cells": [_cell(cell) for cell in found.cells],
        "replicates": [_replicates(row) for row in replicate_rows(found)],
        "notes": list(found.notes),
        "problem": experiment.problem,
    }


def _cell(cell: CellResult) -> JsonDict:
    return {
        "cell": cell.number,
        "settings": cell.cell.settings,
        "run_id": cell.run_id,
        "status": cell.status,
        "simulated": cell.simulated,
        "counts": cell.outcomes,
        "spent_usd": cell.spent_micros / MICROS,
        **{name: _figure(cell.figures.get(measure), unit) for name, measure, unit in _UNITS},
    }


def _figure(figure: ComparedFigure | None, unit: float) -> JsonDict | None:
    if figure is None:
        return None
    return {
        "mean": None if figure.value is None else figure.value * unit,
        "n": figure.n,
        "difference": None if figure.difference is None else _difference(figure, figure.difference, unit),
        "why_no_difference": figure.why_not,
    }


def _difference(figure: ComparedFigure, difference: Interval, unit: float) -> JsonDict:
    return {
        "value": difference.value * unit,
        "low": difference.low * unit,
        "high": difference.high * unit,
        "pairs": figure.pairs,
        "word": figure.word,
    }


def _replicates(row: ReplicateRow) -> JsonDict:
    return {
        "settings": row.settings,
        "cells": list(row.cells),
        "simulated": row.simulated,
        **{name: _estimate(row.figures.get(measure), unit) for name, measure, unit in _UNITS},
        "differences": {name: _estimate(row.differences.get(measure), unit) for name, measure, unit in _UNITS},
    }


def _estimate(found: Estimate | None, unit: float) -> JsonDict | None:
    if found is None:
        return None
    ends = {name: None if end is None else end * unit for name, end in (("low", found.low), ("high", found.high))}
    return {"value": found.value * unit, **ends, "n": found.n}
