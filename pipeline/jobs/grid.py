"""Grid of settings: read the file that describes an experiment, and derive its cells, one configuration each.

    experiment: threshold and model
    from_drafts: run-1a2b3c4d          # or `from:` with paths; then a local run writes the drafts first
    max_cost: 2.00                     # one budget for all cells together
    hybrid: {frontier_provider: anthropic}
    grid:
      quality_threshold: [0.7, 0.8, 0.9]
      frontier_model: [claude-sonnet-5-5, claude-haiku-4-5]

Every combination of the values is a cell, in the order of the file: the first setting changes slowest. Cells share
their drafts, except where the grid varies how drafts are written (`local_model`, `temperature`, `draft_factor`,
`seed`): cells that agree on these draft once and share that. `repeats: 3` is `seed: [0, 1, 2]`, counted from the seed
of the drafts.
"""

import hashlib
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from pipeline.domain.base import Frozen
from pipeline.domain.config import (
    DEFAULT_FRONTIER_MODEL,
    DRAFTED_ANEW,
    INHERITED,
    HybridConfig,
    explain_validation,
    parse_config,
    read_settings_file,
)
from pipeline.domain.experiment import Cell, settings_words
from pipeline.domain.untrusted import Refused, parse_yaml
from pipeline.errors import ConfigError

MOST_CELLS = 64
"""Maximum number of cells in an experiment."""

_OWN = ("project", "project_max_cost")
"""Settings that the experiment sets itself, so that its cells share one budget."""


class Grid(Frozen):
    """Definition of an experiment: drafts, budget and settings to vary."""

    experiment: str = Field(min_length=1, max_length=120)
    """Name of the experiment."""
    from_drafts: str | None = None
    """Run whose drafts all cells use: an id, the beginning of one, or a name."""
    source: tuple[Path, ...] = Field(default=(), alias="from")
    """Alternative to `from_drafts`: files to write the drafts from first."""
    max_cost: float | None = Field(default=5.00, ge=0, allow_inf_nan=False)
    """Budget in USD of all cells together; 0 buys nothing, empty (`null`) means no cap."""
    hybrid: dict[str, JsonValue] = {}
    """Settings that all cells share; the others are taken from the run of the drafts."""
    repeats: int = Field(default=1, ge=1, le=20)
    """Number of seeds with which every cell is run, drafts included."""
    grid: dict[str, list[JsonValue]]
    """Values to try, per setting."""

    @field_validator("source", mode="before")
    @classmethod
    def _one_path_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("hybrid", mode="before")
    @classmethod
    def _nothing_in_common(cls, value: object) -> object:
        return {} if value is None else value

    @field_validator("grid")
    @classmethod
    def _worth_trying(cls, grid: dict[str, list[JsonValue]]) -> dict[str, list[JsonValue]]:
        if not grid:
            raise ValueError("names no setting; give at least one with a list of values")
        for name, values in grid.items():
            if name not in HybridConfig.model_fields:
                raise ValueError(f"unknown setting '{name}'")
            if name in _OWN or (name in INHERITED and name not in DRAFTED_ANEW):
                raise ValueError(f"{name} cannot be varied: the cells share it, and their budget")
            if name == "local_provider" and "auto" in values:
                raise ValueError("local_provider cannot be varied with auto: name the providers")
            if not values:
                raise ValueError(f"{name} has no values")
            if any(value in values[:place] for place, value in enumerate(values)):
                raise ValueError(f"{name} has the same value twice")
        return grid

    @model_validator(mode="after")
    def _is_one_experiment(self) -> "Grid":
        if (self.from_drafts is None) == (not self.source):
            raise ValueError("give either from_drafts (a run) or from (files), and not both")
        if own := [name for name in _OWN if name in self.hybrid]:
            raise ValueError(f"hybrid.{own[0]} is set by the experiment itself: its budget is max_cost")
        if self.repeats > 1 and "seed" in self.grid:
            raise ValueError("give either repeats or grid.seed, and not both")
        cells = self.repeats
        for values in self.grid.values():
            cells *= len(values)
        if cells > MOST_CELLS:
            raise ValueError(f"the grid has {cells} cells, and {MOST_CELLS} are allowed")
        return self


def load_grid(path: Path, max_cost: float | None = None) -> Grid:
    """The grid in a YAML file.

    Args:
        path: of the file.
        max_cost: budget in USD in place of the file's.

    Raises:
        ConfigError: the file is missing, is not YAML, or holds something that is wrong; says what.
    """
    text = read_settings_file(path, "Check the path of the grid.")
    try:
        values = parse_yaml(text)
    except Refused as error:
        raise ConfigError(f"{error.about(str(path))}. Expected `experiment:`, `grid:` and the drafts.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected `experiment:`, `grid:` and the drafts, found {type(values).__name__}.")
    return parse_grid(values if max_cost is None else {**values, "max_cost": max_cost}, str(path))


def parse_grid(values: dict[str, JsonValue], where: str) -> Grid:
    """Build a grid from parsed YAML or JSON.

    Raises:
        ConfigError: a setting is unknown, missing or out of range; names it.
    """
    try:
        return Grid.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    """Format a validation error; our own messages omit the rejected value, a whole grid, which would bury them."""
    own = [
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}.".removeprefix(": ").replace("Value error, ", "")
        for problem in error.errors(include_url=False)
        if problem["type"] == "value_error"
    ]
    return " ".join(own) or explain_validation(error)


def cells_of(grid: Grid, base: HybridConfig | None, where: str) -> tuple[Cell, ...]:
    """Return the cells of a grid; the first setting changes slowest.

    Args:
        grid: settings to vary.
        base: configuration of the run of the drafts, with defaults for the grid; `None` before there is one. Its
            frontier switches and budget are never used.
        where: named in errors.
    """
    left_out = {"enabled", "skip_frontier", "max_cost", *_OWN}
    common = base.model_dump(mode="json", exclude=left_out) if base else {}
    common |= {"max_cost": None, **grid.hybrid}
    cells: list[Cell] = []
    varied = dict(grid.grid)
    if grid.repeats > 1:
        first = int(_config(common, {}, where).seed)
        varied["seed"] = [first + number for number in range(grid.repeats)]
    for values in product(*varied.values()):
        settings = dict(zip(varied, values, strict=True))
        cell = Cell(settings=settings, config=_config({**common, **_with_its_model(settings, grid)}, settings, where))
        if any(cell.config == other.config for other in cells):
            raise ConfigError(f"{where}: two cells are the same run: {cell.label}.")
        cells.append(cell)
    return tuple(cells)


def experiment_id_of(grid: Grid, cells: Sequence[Cell], drafts: str) -> str:
    """Return the id of an experiment; the same name, cells and drafts give the same id, whatever the budget.

    Args:
        grid: has the name.
        cells: of the grid.
        drafts: id of the run of the drafts, or of the study to write them from.
    """
    configs = [cell.config.model_dump(mode="json", exclude_defaults=True) for cell in cells]
    text = json.dumps([grid.experiment, drafts, configs], sort_keys=True)
    return f"exp-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _with_its_model(settings: dict[str, JsonValue], grid: Grid) -> dict[str, JsonValue]:
    """Add the default model of a varied frontier provider, unless the grid names a model."""
    provider = settings.get("frontier_provider")
    if provider is None or "frontier_model" in {**settings, **grid.hybrid}:
        return settings
    return {**settings, "frontier_model": DEFAULT_FRONTIER_MODEL.get(str(provider), "")}


def _config(values: dict[str, JsonValue], settings: dict[str, JsonValue], where: str) -> HybridConfig:
    return parse_config(values, f"{where}: cell with {settings_words(settings)}")
