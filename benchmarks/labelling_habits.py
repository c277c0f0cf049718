"""What people do around a certificate, simulated: stop when happy, keep the best answer, redraw, relabel, hope.

Used by `calibration_validity.py --habits`. Every world draws labels from drafts whose truth is known, lets a person
follow a habit, and counts how often the threshold that the person ends with breaks its promise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.calibration.certificate import Certificate, Sampling, certify
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.threshold_effects import on_stops, sampling_on_stops
from pipeline.domain.labels import Promise

FIRST, STEP = 20, 5
"""Labels before a person first looks, and between two looks."""

HAPPY = 0.3
"""Local share at which a person who is happy stops."""


@dataclass(frozen=True)
class Habit:
    """How often one habit broke its promise."""

    name: str
    labels: int
    alpha: float
    design: str
    broken: float
    se: float
    """Standard error of that share."""
    local_share: float
    """Mean share of drafts that stay local at the end, 0 where nothing is certified."""
    certified: float
    """Share of people who end with a threshold."""


def habits(cases: DraftArrays, draws: int) -> Iterator[Habit]:
    """Yield every habit on a cascade, uniform and floored, and the random score."""
    snapped = on_stops(cases)
    floor = float(np.quantile(snapped.score[~np.isnan(snapped.score)], 0.4, method="higher"))
    for design, start in (("uniform", None), ("floor", floor)):
        for alpha in (0.1, 0.2):
            for name, habit in (("label all", _all), ("stop when happy", _happy), ("keep the best seen", _best)):
                yield _world(name, lambda _: snapped, habit, alpha, 120, start, draws, design)
    for labels in (50, 120):
        yield _world("random score, half bad", _random_score, _best, 0.1, labels, None, draws, "uniform")


Follow = Callable[[Callable[[int], Certificate], int], Certificate]


def _all(look: Callable[[int], Certificate], planned: int) -> Certificate:
    return look(planned)


def _happy(look: Callable[[int], Certificate], planned: int) -> Certificate:
    found = look(FIRST)
    for labels in range(FIRST, planned + 1, STEP):
        found = look(labels)
        if found.threshold is not None and found.local_share >= HAPPY:
            break
    return found


def _best(look: Callable[[int], Certificate], planned: int) -> Certificate:
    seen = [look(labels) for labels in range(FIRST, planned + 1, STEP)]
    return max(seen, key=lambda found: found.local_share)


def _random_score(seed: int) -> DraftArrays:
    chance = np.random.default_rng(10_000 + seed)
    return on_stops(make_draft_arrays(chance.random(400), label=(chance.random(400) < 0.5).astype(float)))


def _world(
    name: str,
    make: Callable[[int], DraftArrays],
    habit: Follow,
    alpha: float,
    planned: int,
    floor: float | None,
    draws: int,
    design: str,
) -> Habit:
    chance = np.random.default_rng(planned)
    promise = Promise(alpha=alpha)
    sampling = sampling_on_stops(Sampling(floor=floor, planned=planned, stopping="may_stop"))
    broken, shares, certified = 0, 0.0, 0
    for draw in range(draws):
        cases = make(draw)
        eligible = np.flatnonzero(np.ones(len(cases), bool) if floor is None else cases.accepted(floor))
        order = chance.choice(eligible, planned, replace=False)

        def look(labels: int, cases: DraftArrays = cases, order: np.ndarray = order) -> Certificate:
            label, turn = (np.full(len(cases), np.nan) for _ in range(2))
            label[order[:labels]], turn[order[:labels]] = cases.label[order[:labels]], np.arange(labels)
            return certify(replace(cases, label=label, turn=turn), promise, sampling)

        found = habit(look, planned)
        if found.threshold is not None:
            accepted = cases.accepted(found.threshold)
            broken += int(np.count_nonzero(accepted & (cases.label == 0)) > alpha * len(cases))
            shares += found.local_share
            certified += 1
    rate = broken / draws
    error = float(np.sqrt(rate * (1 - rate) / draws))
    return Habit(name, planned, alpha, design, rate, error, shares / draws, certified / draws)
