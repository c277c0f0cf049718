"""What quality each threshold buys for which money, beside simpler rules, at every place a threshold can stand."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.calibration.cases import Cases, Floats
from pipeline.calibration.controls import Place, places
from pipeline.calibration.pool import Pool
from pipeline.calibration.position import STOPS
from pipeline.calibration.sweep import sweep

Measure = Literal["labels", "score"]


@dataclass(frozen=True, eq=False)
class Tradeoff:
    """Money is micro-USD for one run; quality is 0 to 1."""

    measure: Measure
    """`labels`: share of delivered texts that people find acceptable. `score`: mean score of the delivered texts."""
    cases: Cases
    """The drafts it rests on: those of which both texts are known."""
    cost_micros: Floats
    """Per stop."""
    quality: Floats
    """Per stop."""
    controls: tuple[tuple[Place, ...], ...]
    """Per stop: what else the same money would buy. The oracle knows labels, so that scores have none."""


def tradeoff(pool: Pool, personas: int) -> Tradeoff | None:
    """Quality and cost per stop, by labels where there are any of both texts, else by score; `None` without either.

    Args:
        pool: the drafts.
        personas: of one run, for which money is counted.
    """
    measure: Measure = "labels"
    cases: Cases | None = pool.cases.where(pool.cases.has_both_labels)
    if not cases:
        measure, cases = "score", pool.by_score
    if not cases or np.isnan(cases.frontier_micros).any():
        return None
    table, scale = sweep(cases), personas / len(cases)
    rows = [table.index(stop) for stop in STOPS]
    found = []
    for stop in STOPS:
        known = [place for place in places(cases, stop) if measure == "labels" or place.name != "oracle"]
        found.append(tuple(place._replace(cost_micros=place.cost_micros * scale) for place in known))
    return Tradeoff(measure, cases, table.cost_micros[rows] * scale, table.quality[rows], tuple(found))
