"""Slices: is what stays local bad more often for some kinds of drafts than for others?

A promise holds on average. Each slice gets the exact interval of Clopper and Pearson for its share of bad drafts, and
because many slices are looked at, each interval has a confidence of 1 - 0.05 / slices (Bonferroni): all of them hold
together in at least 95 of 100 draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from pipeline.calibration.bounds import share_interval
from pipeline.calibration.calibration_result import CalibrationResult
from pipeline.calibration.draft_arrays import Bools, Floats
from pipeline.calibration.estimates import CONFIDENCE
from pipeline.domain.base import Frozen

SliceKind = Literal["kind of document", "group of people", "people behind a draft"]

_FEWEST = 5
"""Labels of a slice; smaller ones are shown together as one."""

_OTHERS = "others"


class Slice(Frozen):
    """Labelled drafts of one kind that stay local."""

    kind: SliceKind
    name: str
    """Ids of participants are untrusted."""
    labels: int
    bad: int
    share: float
    low: float
    high: float
    """Interval at 95 %, corrected for the number of slices."""
    stands_out: bool
    """True if its whole interval is over the share of bad ones among the rest."""


def slices(result: CalibrationResult, place: int, kinds: Mapping[str, str] | None = None) -> tuple[Slice, ...]:
    """Return the slices of the labelled drafts that stay local at a stop; empty without at least two of one kind.

    Args:
        result: with labels.
        place: of the threshold among the positions of the result.
        kinds: kind of document by participant; `None` where the study is not at hand.
    """
    local = result.cases.accepted(result.positions[place].threshold) & result.cases.is_labelled
    label = result.cases.label
    focus = {(run.id, draft.id): draft.focus for run in result.runs for draft in run.drafts}
    people = [focus.get((key.run_id, key.draft_id), ()) for key in result.pool.keys]
    found = [
        (kind, name, members & local)
        for kind, names in _names(people, kinds or {})
        for name, members in _members(names, local)
    ]
    return tuple(_slice(kind, name, members, label, local, len(found)) for kind, name, members in found)


def _names(people: Sequence[tuple[str, ...]], kinds: Mapping[str, str]) -> Iterator[tuple[SliceKind, list[str]]]:
    if kinds:
        yield (
            "kind of document",
            [" and ".join(sorted({kinds[one] for one in group if one in kinds})) for group in people],
        )
    yield "group of people", [", ".join(sorted(group)) for group in people]
    yield "people behind a draft", [_size(len(group)) for group in people]


def _size(people: int) -> str:
    for most, words in ((0, ""), (1, "1"), (3, "2 or 3"), (7, "4 to 7")):
        if people <= most:
            return words
    return "8 or more"


def _members(names: Sequence[str], local: Bools) -> list[tuple[str, Bools]]:
    """Return the slices of one kind, small ones joined; empty if there is only one."""
    array = np.asarray(names, dtype=object)
    sizes = {name: int(np.count_nonzero((array == name) & local)) for name in dict.fromkeys(names) if name}
    large = [name for name in sorted(sizes) if sizes[name] >= _FEWEST]
    found = [(name, np.asarray(array == name, bool)) for name in large]
    rest = np.asarray([name in sizes and name not in large for name in names], bool)
    if (rest & local).any():
        found.append((_OTHERS, rest))
    return found if len(found) > 1 else []


def _slice(kind: SliceKind, name: str, members: Bools, label: Floats, local: Bools, number: int) -> Slice:
    n, bad = int(members.sum()), int(np.count_nonzero(label[members] == 0))
    rest = local & ~members
    elsewhere = float(np.mean(label[rest] == 0)) if rest.any() else 1.0
    low, high = share_interval(bad, n, 1 - (1 - CONFIDENCE) / number)
    return Slice(kind=kind, name=name, labels=n, bad=bad, share=bad / n, low=low, high=high, stands_out=low > elsewhere)
