"""Are the promises of a calibration kept, and what do they cost?

    python benchmarks/calibration_validity.py --csv FILE [--draws 1000] [--json] [--habits] [--audits] [--intervals]

FILE has the columns `score`, `label` and `frontier_cost`, every row labelled: it counts as the truth.
Labels are drawn from it again and again, a threshold is certified on each draw, and its risk is looked up in all
rows. A promise with 90 % confidence may be broken by one draw in ten. `uniform` draws among all rows, `floor` from
the 40th percentile of the scores on. Infeasible draws keep nothing local and break nothing.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.audits import audit_worlds
from benchmarks.intervals import intervals
from benchmarks.labelling_habits import habits
from pipeline.calibration.certificate import Sampling, certify
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.sweep import saving, sweep
from pipeline.calibration.table import read_cases
from pipeline.domain.labels import Promise, Risk

ALPHAS = (0.1, 0.2, 0.3)
LABELS = (20, 50, 100, 200)
SIZES = (10**5, 10**6)
_FLOOR = 0.4


@dataclass(frozen=True)
class Cell:
    """One promise on one number of labels."""

    risk: Risk
    alpha: float
    n: int
    design: str
    violation: float
    """Share of draws whose threshold has a risk over alpha."""
    se: float
    """Standard error of that share."""
    local_share: float
    """Mean share of drafts that stay local, 0 where infeasible."""
    feasible: float
    """Share of draws that certify a threshold."""


def main() -> None:
    """Print a table, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--habits", action="store_true", help="only what people do around a certificate")
    parser.add_argument("--audits", action="store_true", help="only audits of a calibration on other drafts")
    parser.add_argument("--intervals", action="store_true", help="only intervals over replicates and slices")
    arguments = parser.parse_args()
    cases = read_cases(arguments.csv)
    if not cases.is_labelled.all():
        parser.error(f"{arguments.csv}: every row needs a label, because the file stands for the truth")
    if arguments.habits:
        for habit in habits(cases, arguments.draws):
            print(json.dumps(vars(habit)), flush=True)
        return
    if arguments.audits:
        for world in audit_worlds(cases, arguments.draws):
            print(json.dumps(vars(world)), flush=True)
        return
    if arguments.intervals:
        for found in intervals(cases, arguments.draws):
            print(json.dumps(vars(found)), flush=True)
        return
    cells = list(all_cells(cases, arguments.draws))
    report = {
        "cells": [vars(cell) for cell in cells],
        "saving_coverage": {str(n): saving_coverage(cases, n, arguments.draws) for n in LABELS},
        "sweep_ms": {f"1e{len(str(size)) - 1}": sweep_ms(size) for size in SIZES},
    }
    print(json.dumps(report) if arguments.json else as_table(report, cells))


def all_cells(cases: DraftArrays, draws: int) -> Iterator[Cell]:
    """Yield the figures of every promise and every number of labels that the file allows."""
    floor = float(np.quantile(cases.score[~np.isnan(cases.score)], _FLOOR, method="higher"))
    for risk in get_args(Risk):
        for alpha in ALPHAS:
            for design, start in (("uniform", None), ("floor", floor)):
                pool = np.flatnonzero(np.ones(len(cases), bool) if start is None else cases.accepted(start))
                for n in (n for n in LABELS if n <= len(pool)):
                    yield cell(cases, Promise(alpha=alpha, risk=risk), pool, n, start, design, draws)


def cell(
    cases: DraftArrays, promise: Promise, pool: np.ndarray, n: int, floor: float | None, design: str, draws: int
) -> Cell:
    """Measure the share of broken promises when `n` of the rows in `pool` are labelled."""
    chance = np.random.default_rng(n)
    broken, shares, certified = 0, 0.0, 0
    for _ in range(draws):
        chosen = chance.choice(pool, n, replace=False)
        label = np.full(len(cases), np.nan)
        label[chosen] = cases.label[chosen]
        answer = certify(replace(cases, label=label), promise, Sampling(floor=floor))
        if answer.threshold is not None:
            accepted = cases.accepted(answer.threshold)
            bad = np.count_nonzero(accepted & (cases.label == 0))
            whole = len(cases) if promise.risk == "marginal" else int(np.count_nonzero(accepted))
            broken += int(bad > promise.alpha * whole)
            shares += answer.local_share
            certified += 1
    rate = broken / draws
    se = float(np.sqrt(rate * (1 - rate) / draws))
    return Cell(promise.risk, promise.alpha, n, design, rate, se, shares / draws, certified / draws)


def saving_coverage(cases: DraftArrays, n: int, draws: int) -> float:
    """Measure how often the 95 % interval of the saving at the median threshold contains that of the whole file."""
    threshold = float(np.nanmedian(cases.score))
    table = sweep(cases)
    truth = table.saving[table.index(threshold)]
    chance, covered = np.random.default_rng(n), 0
    for _ in range(draws):
        chosen = np.zeros(len(cases), bool)
        chosen[chance.choice(len(cases), n, replace=False)] = True
        found = saving(cases.where(chosen), threshold)
        covered += int(found is not None and found.low <= truth <= found.high)
    return covered / draws


def sweep_ms(size: int) -> float:
    """Time, in milliseconds, a sweep over invented drafts with labels, costs and a binding budget; median of five."""
    chance = np.random.default_rng(0)
    score = chance.random(size)
    cases = make_draft_arrays(
        score,
        label=(chance.random(size) < score).astype(float),
        frontier_label=(chance.random(size) < 0.9).astype(float),
        frontier_micros=chance.integers(1000, 9000, size).astype(float),
    )
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        sweep(cases, budget_micros=1000.0 * size)
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds))


def as_table(report: dict[str, object], cells: list[Cell]) -> str:
    """Format the figures as a table."""
    lines = [f"{'risk':10}{'alpha':>6}{'n':>5}  {'design':8}{'violation':>10}{'se':>7}{'local':>7}{'feasible':>9}"]
    lines += [
        f"{one.risk:10}{one.alpha:6.2f}{one.n:5}  {one.design:8}{one.violation:10.3f}{one.se:7.3f}"
        f"{one.local_share:7.3f}{one.feasible:9.3f}"
        for one in cells
    ]
    return "\n".join([*lines, f"saving coverage: {report['saving_coverage']}", f"sweep, ms: {report['sweep_ms']}"])


if __name__ == "__main__":
    main()
