"""Does an audit of about twenty labels tell where a calibration holds? Used by `calibration_validity.py --audits`.

Each draw splits a cascade into two halves. One half is calibrated with labels drawn from a floor; if a threshold is
certified, twenty drafts of the other half that would stay local are labelled, and the audit judges. The other half is
left as it is, or its scores are shuffled or moved, so that the truth is known. A wrong PASS is one whose risk, counted
over the whole other half, is over the promise and the margin together.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.calibration.audit import AuditOutcome, audit
from pipeline.calibration.certificate import Sampling, certify
from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.calibration.threshold_effects import on_stops
from pipeline.domain.labels import AuditTerms, Promise, Risk

CALIBRATED, PROBES, MARGIN = 120, 20, 0.05
_FLOOR = 0.4

World = Callable[[DraftArrays, np.random.Generator], DraftArrays]


@dataclass(frozen=True)
class AuditWorld:
    """How often an audit passed, failed and decided nothing in one world."""

    world: str
    risk: Risk
    alpha: float
    audits: int
    """Draws in which a threshold was certified, and at least one draft of the other half reaches it."""
    passed: float
    failed: float
    wrong_pass: float
    """Share of all audits that passed although the risk is over promise and margin."""
    se: float
    true_risk: float
    """Mean risk of the threshold in the other half."""


def worlds() -> dict[str, World]:
    """Return what is done to the half that is audited."""
    return {
        "the same source": lambda cases, _: cases,
        "scores shuffled": lambda cases, chance: replace(cases, score=chance.permutation(cases.score)),
        "scores 0.15 higher": lambda cases, _: replace(cases, score=np.minimum(1.0, cases.score + 0.15)),
        "scores 0.15 lower": lambda cases, _: replace(cases, score=np.maximum(0.0, cases.score - 0.15)),
    }


def audit_worlds(cases: DraftArrays, draws: int) -> Iterator[AuditWorld]:
    """Yield the figures of every world and promise."""
    for promise in (Promise(alpha=0.1), Promise(alpha=0.2), Promise(alpha=0.3, risk="selective")):
        for name, change in worlds().items():
            yield _world(cases, name, change, promise, draws)


def _world(cases: DraftArrays, name: str, change: World, promise: Promise, draws: int) -> AuditWorld:
    chance = np.random.default_rng(7)
    outcomes: Counter[AuditOutcome] = Counter()
    wrong, risks = 0, []
    for _ in range(draws):
        first = chance.random(len(cases)) < 0.5
        here, there = on_stops(cases.where(first)), on_stops(change(cases.where(~first), chance))
        floor = float(np.quantile(here.score, _FLOOR, method="higher"))
        found = certify(_labelled(here, here.accepted(floor), CALIBRATED, chance), promise, Sampling(floor=floor))
        if found.threshold is None or not there.accepted(found.threshold).any():
            continue
        terms = AuditTerms(
            calibration="", threshold=found.threshold, margin=MARGIN, accepted=found.accepted, bad=found.bad_accepted
        )
        local = there.accepted(found.threshold)
        result = audit(_labelled(there, local, PROBES, chance), promise, terms)
        risk = np.count_nonzero(local & (there.label == 0)) / (
            len(there) if promise.risk == "marginal" else np.count_nonzero(local)
        )
        outcomes[result.outcome] += 1
        wrong += int(result.outcome == "pass" and risk > promise.alpha + MARGIN)
        risks.append(risk)
    n = max(1, outcomes.total())
    rate = wrong / n
    error = float(np.sqrt(rate * (1 - rate) / n))
    mean = float(np.mean(risks)) if risks else float("nan")
    return AuditWorld(
        name,
        promise.risk,
        promise.alpha,
        outcomes.total(),
        outcomes["pass"] / n,
        outcomes["fail"] / n,
        rate,
        error,
        mean,
    )


def _labelled(cases: DraftArrays, eligible: np.ndarray, labels: int, chance: np.random.Generator) -> DraftArrays:
    """Label drafts drawn at random among the eligible ones, and forget all other labels."""
    rows = np.flatnonzero(eligible)
    drawn = chance.choice(rows, min(labels, len(rows)), replace=False)
    label = np.full(len(cases), np.nan)
    label[drawn] = cases.label[drawn]
    return replace(cases, label=label)
