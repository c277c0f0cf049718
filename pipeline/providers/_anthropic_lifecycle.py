"""Retirement dates of Anthropic's models, from the vendor's API or else from a small dated file.

Nothing is read from the SDK, whose lists change place and drop models once they are gone, so the answer is the same
with every release of it. The file names the releases it was compiled from and the day; a model that is not in it has no
known date. To update it, add the vendor's newest models on top and change `read_on`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import model_validator

from pipeline.domain.base import Frozen

Stage = Literal["active", "deprecated", "retired"]

_FILE = Path(__file__).with_name("anthropic_lifecycle.json")


class Lifecycle(Frozen):
    """Stage of a model on sale, with its day of retirement."""

    stage: Stage
    """`deprecated` models answer until they are retired."""
    retires_on: date | None
    """Day of the retirement, past or announced; `None` when no day is known."""
    line: str | None
    """Models of one kind at one price level, such as `sonnet`; `None` for the oldest models."""


class _Model(Frozen):
    id: str
    line: str | None
    retires_on: date | None
    """`None` when no retirement was announced on the day of the reading."""
    source: str
    """Name of one of the file's sources."""


class LifecycleTable(Frozen):
    """The file: models of Anthropic with their retirements."""

    read_on: date
    """Day on which the sources were read."""
    sources: dict[str, str]
    """Name → package, release, file and list."""
    models: tuple[_Model, ...]
    """Newest first."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "LifecycleTable":
        ids = [model.id for model in self.models]
        if len(set(ids)) < len(ids) or {model.source for model in self.models} != set(self.sources):
            raise ValueError("a model is listed twice, or a source is not listed or not used")
        return self


def known_lifecycle(model: str, today: date) -> Lifecycle | None:
    """Look a model up in the file; `None` for one that is not in it."""
    known = next((entry for entry in _table().models if entry.id == model), None)
    if known is None:
        return None
    day = known.retires_on
    stage: Stage = "active" if day is None else "retired" if day <= today else "deprecated"
    return Lifecycle(stage=stage, retires_on=day, line=known.line)


def vendor_lifecycle(info: Any) -> Lifecycle | None:
    """Read the lifecycle from the vendor's models route; `None` when the answer has none.

    Args:
        info: an answer of the route; the SDK does not validate its fields.
    """
    stage, day, line = (getattr(info, name, None) for name in ("lifecycle", "retires_at", "line"))
    if stage not in get_args(Stage):
        return None
    retires_on = day.date() if isinstance(day, datetime) else None
    return Lifecycle.model_validate(
        {"stage": stage, "retires_on": retires_on, "line": line if isinstance(line, str) else None}
    )


def known_on_sale(line: str) -> tuple[str, ...]:
    """List the models of a line without a retirement in the file, newest first."""
    return tuple(model.id for model in _table().models if model.line == line and model.retires_on is None)


def vendor_on_sale(infos: Iterable[Any], line: str) -> tuple[str, ...]:
    """List the active models of a line from the vendor's list, newest first; empty when it names no lines.

    Args:
        infos: the models route's descriptions.
        line: as the vendor names it.
    """
    on_sale = [
        info for info in infos if (found := vendor_lifecycle(info)) and found.stage == "active" and found.line == line
    ]
    return tuple(str(info.id) for info in sorted(on_sale, key=_released, reverse=True))


def _released(info: Any) -> float:
    created = getattr(info, "created_at", None)
    return created.timestamp() if isinstance(created, datetime) else 0.0


@cache
def _table() -> LifecycleTable:
    return LifecycleTable.model_validate_json(_FILE.read_text(encoding="utf-8"))
