"""Replicates: cells of an experiment that differ only in their seed are one row, with an interval over the runs.

The interval of a single run covers the luck of which people its drafts are drawn from. Over replicates it covers the
luck of the models, too: Student's interval over the means of the runs, one value each. Differences from the first row
are paired by seed, because replicates of one seed share their drafts where the settings allow it.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from pipeline.calibration.estimates import Estimate, mean_interval
from pipeline.domain.base import Frozen
from pipeline.results.compare_runs import ComparedMeasure
from pipeline.results.experiment import CellResult, ExperimentResults

MEASURES: tuple[ComparedMeasure, ...] = ("score", "local_share", "cost_micros")

_MOST: dict[ComparedMeasure, float] = {"score": 1.0, "local_share": 1.0, "cost_micros": float("inf")}


class ReplicateRow(Frozen):
    """Replicates of one combination of settings."""

    settings: dict[str, JsonValue]
    """But for the seed."""
    cells: tuple[int, ...]
    """Their numbers."""
    simulated: bool
    figures: dict[ComparedMeasure, Estimate]
    """Mean over the runs that have a value; measures without any are left out."""
    differences: dict[ComparedMeasure, Estimate]
    """From the first row, over the seeds that both have; empty for the first row, and where one money is simulated."""


def replicate_rows(found: ExperimentResults) -> tuple[ReplicateRow, ...]:
    """Return the rows of an experiment; empty if no two cells differ only in their seed."""
    groups: list[list[CellResult]] = []
    for cell in found.cells:
        mine = next((group for group in groups if group[0].cell.without_seed == cell.cell.without_seed), None)
        if mine is None:
            groups.append([cell])
        else:
            mine.append(cell)
    if all(len(group) == 1 for group in groups):
        return ()
    return tuple(_row(group, None if group is groups[0] else groups[0]) for group in groups)


def _row(group: Sequence[CellResult], first: Sequence[CellResult] | None) -> ReplicateRow:
    figures, differences = {}, {}
    for measure in MEASURES:
        own = _values(group, measure)
        if own:
            figures[measure] = mean_interval(list(own.values()), 0.0, _MOST[measure])
        there = _values(first, measure) if first else {}
        pairs = [own[seed] - there[seed] for seed in own if seed in there]
        alike = first is not None and {cell.simulated for cell in (*group, *first) if cell.run_id} != {True, False}
        if pairs and (alike or measure != "cost_micros"):
            differences[measure] = mean_interval(pairs, -_MOST[measure], _MOST[measure])
    return ReplicateRow(
        settings=group[0].cell.without_seed,
        cells=tuple(cell.number for cell in group),
        simulated=any(cell.simulated for cell in group),
        figures=figures,
        differences=differences,
    )


def _values(group: Sequence[CellResult], measure: ComparedMeasure) -> Mapping[int, float]:
    """Return the mean of each run by seed."""
    known = ((cell.cell.config.seed, cell.figures.get(measure)) for cell in group)
    return {seed: figure.value for seed, figure in known if figure and figure.value is not None}
