"""Results of an experiment: every cell compared with a baseline cell, draft by draft.

All cells begin with the same drafts, so every difference is paired, with an interval by the people that drafts are
drawn from; see `compare_runs`. Where a comparison is impossible there is a reason instead of a number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.experiment import Cell, CellRun, Experiment, ExperimentStatus, run_of, status_of
from pipeline.domain.run import Outcome, RunRecord, RunStatus
from pipeline.errors import InputError
from pipeline.results.compare_runs import (
    NO_DIFFERENCE,
    SAME,
    TITLES,
    ComparedFigure,
    ComparedMeasure,
    compared_figures,
    difference_value,
)
from pipeline.text.wording import OUTCOME_WORDS, count, listed

_BOUGHT: tuple[ComparedMeasure, ...] = ("score", "cost_micros")


class CellResult(Frozen):
    """The result of one cell."""

    number: int
    """From 1, in the order of the experiment."""
    cell: Cell
    run_id: str | None = None
    """`None` before the cell starts, or when its run was deleted."""
    status: RunStatus | None = None
    simulated: bool = False
    outcomes: dict[Outcome, int] = {}
    """Personas per outcome, in the usual order; those that have none yet are left out."""
    spent_micros: Micros = 0
    figures: dict[ComparedMeasure, ComparedFigure] = {}
    """Score, local share and cost per persona with their differences from the baseline; empty without personas."""


class ExperimentResults(Frozen):
    """An experiment with its cells side by side."""

    experiment: Experiment
    status: ExperimentStatus
    baseline: int
    """Number of the cell that the others are compared with."""
    cells: tuple[CellResult, ...]
    notes: tuple[str, ...]
    """Cautions for the reader, one sentence each; usually none."""

    def spent_micros(self, *, simulated: bool) -> int:
        """Sum the money of all cells, real or simulated: the two are never added up."""
        return sum(cell.spent_micros for cell in self.cells if cell.simulated == simulated)


def experiment_results(
    experiment: Experiment, runs: Sequence[CellRun], records: Mapping[str, RunRecord], baseline: int = 1
) -> ExperimentResults:
    """Compare the cells of an experiment with its baseline.

    Args:
        experiment: what was varied.
        runs: those of the experiment.
        records: their records by id; a run without one counts as not begun.
        baseline: number of the cell to compare with.

    Raises:
        InputError: there is no cell of that number.
    """
    if not 1 <= baseline <= len(experiment.cells):
        raise InputError(f"There is no choice {baseline}: the experiment has {count(len(experiment.cells), 'choice')}.")
    found = [run_of(cell, runs) for cell in experiment.cells]
    record_of = [records.get(run.id) if run else None for run in found]
    first = record_of[baseline - 1]
    cells = tuple(
        _result(number, cell, run, record, first)
        for number, (cell, run, record) in enumerate(zip(experiment.cells, found, record_of, strict=True), start=1)
    )
    return ExperimentResults(
        experiment=experiment,
        status=status_of(experiment, runs),
        baseline=baseline,
        cells=cells,
        notes=_notes(cells),
    )


def what_it_buys(cell: CellResult) -> str:
    """Describe what a choice buys beside the baseline: `mean score higher (+0.03); the same cost per persona`.

    Empty for the baseline, and before the choice has personas.
    """
    compared = [figure for measure in _BOUGHT if (figure := cell.figures.get(measure))]
    words = []
    for figure in compared:
        if figure.difference and figure.word not in (SAME, NO_DIFFERENCE):
            value = difference_value(figure.measure, figure.difference)
            words.append(f"{TITLES[figure.measure].lower()} {figure.word} ({value})")
    for word, link in ((SAME, ""), (NO_DIFFERENCE, "in ")):
        if named := [TITLES[figure.measure].lower() for figure in compared if figure.word == word]:
            words.append(f"{word} {link}{listed(named)}")
    return "; ".join([*words, *sorted({figure.why_not for figure in compared if figure.why_not})])


def _result(
    number: int, cell: Cell, run: CellRun | None, record: RunRecord | None, first: RunRecord | None
) -> CellResult:
    if run is None or record is None:
        return CellResult(number=number, cell=cell)
    outcomes = Counter(final.outcome for final in record.personas)
    return CellResult(
        number=number,
        cell=cell,
        run_id=run.id,
        status=run.status,
        simulated=run.simulated,
        outcomes={name: outcomes[name] for name in OUTCOME_WORDS if outcomes[name]},
        spent_micros=run.spent_micros,
        figures=_figures(record, first) if record.personas else {},
    )


def _figures(record: RunRecord, first: RunRecord | None) -> dict[ComparedMeasure, ComparedFigure]:
    beside = first is not None and first.id != record.id and bool(first.personas)
    found = compared_figures([first, record] if first is not None and beside else [record])
    own = {figure.measure: figure for figure in found if figure.run_id == record.id}
    del own["answer_ms"]
    if first is not None and beside and not _same_score(first, record):
        why = "the choices are scored with other weights or models, so their scores are not comparable"
        own["score"] = own["score"].model_copy(update={"difference": None, "paired": False, "pairs": 0, "why_not": why})
    return own


def _same_score(first: RunRecord, record: RunRecord) -> bool:
    return (first.scorer_version, first.config.weights) == (record.scorer_version, record.config.weights)


def _notes(cells: Sequence[CellResult]) -> tuple[str, ...]:
    """Say in one sentence for each kind what choices did not do, so that a large grid does not fill the page."""
    unpaid, failed = [], []
    for cell in cells:
        if drafts := cell.outcomes.get("budget_exhausted"):
            unpaid.append(f"{drafts} of {count(sum(cell.outcomes.values()), 'draft')} in choice {cell.number}")
        if answers := sum(cell.outcomes.get(name, 0) for name in ("refine_failed", "refine_unparsable")):
            failed.append(f"{answers} in choice {cell.number}")
    notes = []
    if unpaid:
        notes.append(f"The budget ran out, and drafts stayed unrefined: {', '.join(unpaid)}.")
    if failed:
        notes.append(f"Answers of the frontier failed or could not be read: {', '.join(failed)}.")
    return tuple(notes)
