"""An experiment: a grid of runs on the same drafts under one budget, and its status.

`pipeline.jobs` plans and runs it; the store saves it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.config import DRAFTED_ANEW, HybridConfig
from pipeline.domain.run import RunStatus

ExperimentStatus = Literal["not begun", "running", "completed", "cancelled", "failed", "interrupted"]


class Cell(Frozen):
    """One combination of the values of a grid."""

    settings: dict[str, JsonValue]
    """Values that this cell sets, by setting name."""
    config: HybridConfig
    """Complete configuration of its run."""

    @property
    def label(self) -> str:
        """The settings in one line: `quality threshold 0.8, frontier model claude-sonnet-5-5`."""
        return settings_words(self.settings)

    @property
    def drafts_anew(self) -> bool:
        """True if it varies how drafts are written, so that it may not have those of the experiment's run."""
        return any(name in DRAFTED_ANEW for name in self.settings)

    @property
    def without_seed(self) -> dict[str, JsonValue]:
        """Its settings but for the seed: cells with the same ones are replicates."""
        return {name: value for name, value in self.settings.items() if name != "seed"}


class Experiment(Frozen):
    """An experiment as stored."""

    id: str
    name: str
    study_id: str
    drafts_from: str
    """Id of the run whose drafts all cells use that do not write their own."""
    max_cost: float | None
    """Budget in USD of all cells together; `None` means no cap."""
    cells: tuple[Cell, ...]
    """In the order of execution; their configurations name the experiment as their project."""
    created_at: datetime
    cancel_requested: bool = False
    problem: str | None = None
    """Why it stopped; `None` without a problem."""

    @property
    def budget_micros(self) -> int | None:
        """The budget in micro-USD; `None` means no cap."""
        return self.cells[0].config.project_budget_micros


class CellRun(Frozen):
    """The run of a cell, without its facts."""

    id: str
    status: RunStatus
    simulated: bool
    config: HybridConfig
    drafts_from: str | None
    """`None` for the run that made the drafts."""
    spent_micros: Micros
    """Settled and reserved money of all calls."""


def run_of(cell: Cell, runs: Sequence[CellRun]) -> CellRun | None:
    """Find the run of a cell; `None` when it was not started, or has been deleted."""
    # The budget may have been changed between two attempts at the experiment.
    plain = {"project_max_cost": None}
    wanted = cell.config.model_copy(update=plain)
    return next((run for run in runs if run.drafts_from and run.config.model_copy(update=plain) == wanted), None)


def status_of(experiment: Experiment, runs: Sequence[CellRun]) -> ExperimentStatus:
    """Derive the status of an experiment from the runs of its cells."""
    found = [run.status if (run := run_of(cell, runs)) else None for cell in experiment.cells]
    if "running" in found or any(run.status == "running" and run.drafts_from is None for run in runs):
        return "running"
    if all(status == "completed" for status in found):
        return "completed"
    if experiment.problem or "failed" in found:
        return "failed"
    if experiment.cancel_requested or "cancelled" in found:
        return "cancelled"
    return "interrupted" if any(found) else "not begun"


def value_words(value: JsonValue) -> str:
    """Format the value of a setting for people; a mapping as `name value` pairs, `None` as `none`."""
    if isinstance(value, dict):
        return " ".join(f"{name} {inner}" for name, inner in value.items())
    return "none" if value is None else str(value)


def settings_words(settings: dict[str, JsonValue]) -> str:
    """Settings in one line, as `name value` pairs separated by commas."""
    return ", ".join(f"{name.replace('_', ' ')} {value_words(value)}" for name, value in settings.items())
