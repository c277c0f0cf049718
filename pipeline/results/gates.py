"""Gates for continuous integration: does a difference between runs cross a limit?

A rule such as `quality < -0.05` is about the difference of a run from the first one. It fails when the difference
itself crosses the limit. An interval that reaches across the limit is said, and does not fail: with a handful of
personas every gate would fail by chance otherwise. A difference that is not known fails, because a gate that cannot
see must not let anything pass.
"""

import re
from collections.abc import Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.comparison import LETTERS
from pipeline.domain.run import RunRecord
from pipeline.domain.units import MICROS
from pipeline.errors import InputError
from pipeline.results.compare_runs import ComparedFigure, ComparedMeasure, compared_figures, figure_difference

_RULE = re.compile(r"\s*(\w+)\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*")

_MEASURES: dict[str, tuple[ComparedMeasure, float]] = {
    "quality": ("score", 1.0),
    "local_share": ("local_share", 1.0),
    "cost": ("cost_micros", 1 / MICROS),
    "seconds": ("answer_ms", 0.001),
}
"""Measure and unit of each name: score, share from 0 to 1, USD per persona, seconds per persona."""


class Gate(Frozen):
    """A limit for the difference of a run from the first one."""

    name: str
    """As typed: `quality`, `local_share`, `cost` or `seconds`."""
    is_lower: bool
    """True if smaller differences fail."""
    limit: float

    @property
    def words(self) -> str:
        """The rule as typed."""
        return f"{self.name} {'<' if self.is_lower else '>'} {self.limit:g}"


class GateCheck(Frozen):
    """The result of a gate for one run."""

    fails: bool
    sentence: str


def parse_gate(text: str) -> Gate:
    """Parse a rule.

    Raises:
        InputError: it is not of the form `quality < -0.05`.
    """
    found = _RULE.fullmatch(text)
    if not found or found[1] not in _MEASURES:
        names = ", ".join(_MEASURES)
        raise InputError(f"--fail-if: '{text[:60]}' is no rule. Write one such as \"quality < -0.05\"; names: {names}.")
    return Gate(name=found[1], is_lower=found[2] == "<", limit=float(found[3]))


def check_gate(gate: Gate, runs: Sequence[RunRecord]) -> tuple[GateCheck, ...]:
    """Check a gate for every run after the first; at least two runs."""
    measure, _ = _MEASURES[gate.name]
    by_id = {run.id: run for run in runs}
    own = [figure for figure in compared_figures(runs) if figure.measure == measure and figure.run_id != runs[0].id]
    letters = dict(zip(by_id, LETTERS, strict=False))
    return tuple(_check(gate, figure, letters[figure.run_id], by_id[figure.run_id]) for figure in own)


def _check(gate: Gate, figure: ComparedFigure, letter: str, run: RunRecord) -> GateCheck:
    found, unit = figure.difference, _MEASURES[gate.name][1]
    if found is None:
        why = figure.why_not or "it is not known"
        return GateCheck(fails=True, sentence=f"{letter} fails {gate.words}: no difference can be computed ({why}).")
    sign = 1 if gate.is_lower else -1
    value, worst = found.value * unit, (found.low if gate.is_lower else found.high) * unit
    words = figure_difference(figure, run)
    if sign * value < sign * gate.limit:
        return GateCheck(fails=True, sentence=f"{letter} fails {gate.words}: {words}.")
    if sign * worst < sign * gate.limit:
        return GateCheck(fails=False, sentence=f"{letter} passes {gate.words}, but its interval does not: {words}.")
    return GateCheck(fails=False, sentence=f"{letter} passes {gate.words}: {words}.")
