"""The threshold that a promise allows: "with 90 % confidence at most 10 % ...", or why there is none.

Thresholds are tried from strict to permissive and the first failure ends it, so that trying many costs nothing:
the promise is broken with a probability of at most delta (fixed-sequence testing: Angelopoulos et al. 2021, "Learn
then test"; for the marginal risk, which only grows as the threshold falls: Bates et al. 2021, "Distribution-free,
risk-controlling prediction sets"). What cannot be promised is an answer with a name; no threshold stands in for it.
"""

from math import ceil
from typing import Literal

import numpy as np

from pipeline.calibration import sentences
from pipeline.calibration.bounds import labels_for
from pipeline.calibration.cases import Cases
from pipeline.calibration.evidence import Evidence, gather
from pipeline.calibration.promise import ExactTest
from pipeline.domain.base import Frozen
from pipeline.domain.labels import Promise

Status = Literal["certified", "escalate_all", "too_few_labels", "not_certifiable", "score_too_weak"]

LEVELS = tuple(level / 10 for level in range(3, 11))
"""Shares of drafts kept local at which the selective risk is tested."""

_JUDGED = tuple(level / 10 for level in range(1, 11))
"""Shares of drafts kept local at which a score is judged when nothing is certified."""

_MOST_TRIED = 2000
"""Thresholds tried above a floor, where each takes an integral: 0.05 % of the drafts apart."""


class Certificate(Frozen):
    """A threshold with its guarantee, or `None` (escalate everything) with the reason."""

    status: Status
    promise: Promise
    threshold: float | None
    floor: float | None
    """Labels were drawn among drafts with at least this score; `None`: among all."""
    n_labels: int
    """Labels that count: those at or over the floor."""
    bad_accepted: int
    """Labelled drafts that stay local at the threshold and are unacceptable."""
    risk_upper: float
    """Upper bound of the risk at the threshold, at the promised confidence; 0 where nothing stays local."""
    local_share: float
    """Share of these drafts that stays local, 0 to 1."""
    labels_needed: int | None = None
    """Labels in all, drawn in the same way, without which nothing can be certified, or with which it probably
    can; `None` when labels are not what is missing."""
    sentence: str
    """What may be said, in words."""


def certify(cases: Cases, promise: Promise, *, floor: float | None = None) -> Certificate:
    """The most permissive threshold under which the promise can be given.

    The promise is about drafts like these, drawn as labels are: one at a time. It does not widen for a future run
    on a single document that is harder than the rest.

    Args:
        cases: drafts, some of them labelled.
        promise: what shall hold.
        floor: score from which on the labelled drafts were drawn at random; `None`: among all drafts.
    """
    evidence = gather(cases, floor)
    candidates = evidence.thinned(_MOST_TRIED) if evidence.is_floored else evidence
    if promise.risk == "selective":
        levels = evidence.at_levels(LEVELS)
        # A level that could not pass with no bad label at all would end the sequence before it began. The labels
        # expected there are known before any is drawn, so leaving it out does not weaken the guarantee.
        expected = levels.drawn * levels.local // max(levels.drawn_from, 1)
        able = ExactTest(levels, promise).passed(np.zeros_like(expected), expected)
        candidates = levels.at(np.flatnonzero(able))
    return _answer(candidates, evidence.at_levels(_JUDGED), evidence, promise, floor)


def certify_at(cases: Cases, threshold: float, promise: Promise, *, floor: float | None = None) -> Certificate:
    """Whether the promise holds at one threshold chosen before labels were looked at: the most powerful test.

    Raises:
        InputError: the threshold is under the floor.
    """
    evidence = gather(cases, floor, threshold)
    able = ExactTest(evidence, promise).passed(np.zeros_like(evidence.bad))
    return _answer(evidence.at(np.flatnonzero(able)), evidence, evidence, promise, floor)


def _answer(
    candidates: Evidence, judged: Evidence, everything: Evidence, promise: Promise, floor: float | None
) -> Certificate:
    """The answer from thresholds to try in turn, and others by which to judge the score if none passes."""
    fewest = ExactTest(everything, promise).fewest()
    has_scores = bool(everything.local.any())
    if everything.drawn < fewest or (has_scores and not len(candidates.threshold)):
        needed = max(fewest, everything.drawn + 1)
        return _none(
            everything, promise, floor, "too_few_labels", sentences.too_few(promise, everything.drawn, needed), needed
        )
    test = ExactTest(candidates, promise)
    last = int(np.count_nonzero(np.logical_and.accumulate(test.passed()))) - 1
    # Without one acceptable draft among those that would stay local nothing speaks for keeping any.
    if last >= 0 and candidates.bad[last] < candidates.labels[last]:
        return _certified(candidates.at(np.array([last])), promise, floor)
    return _refused(judged, promise, floor)


def _certified(one: Evidence, promise: Promise, floor: float | None) -> Certificate:
    labels, bad, local = int(one.labels[0]), int(one.bad[0]), int(one.local[0])
    test = ExactTest(one, promise)
    counted = promise.scope == "this_run" and int(test.labels[0]) == int(test.population[0])
    return Certificate(
        status="certified",
        promise=promise,
        threshold=float(one.threshold[0]),
        floor=floor,
        n_labels=one.drawn,
        bad_accepted=bad,
        risk_upper=test.upper(0),
        local_share=local / one.drafts,
        sentence=sentences.certified(promise, one.drawn, labels, bad, local, one.drafts, counted),
    )


def _refused(judged: Evidence, promise: Promise, floor: float | None) -> Certificate:
    """Why enough labels certify no threshold."""
    test = ExactTest(judged, promise)
    if not judged.local.any():
        return _none(judged, promise, floor, "escalate_all", sentences.NONE_REACHES)
    if (test.lower() > promise.alpha).all():
        return _none(judged, promise, floor, "score_too_weak", sentences.too_weak(promise))
    rates, limits = test.rates(), promise.alpha / test.scale
    hopeful = np.flatnonzero((rates < limits) & (judged.bad < judged.labels))
    if not len(hopeful) or (promise.scope == "this_run" and judged.drawn == judged.drawn_from):
        return _none(judged, promise, floor, "escalate_all", sentences.unsupported(promise))
    needed = [_labels_in_all(test, int(row), float(rates[row]), float(limits[row])) for row in hopeful]
    least = min((labels for labels in needed if labels is not None), default=None)
    return _none(judged, promise, floor, "not_certifiable", sentences.not_yet(promise, judged.drawn, least), least)


def _labels_in_all(test: ExactTest, row: int, rate: float, limit: float) -> int | None:
    """Labels to draw so that those which a threshold accepts would certify it if its risk is what it looks like."""
    wanted = labels_for(rate, limit, test.promise.delta)
    if wanted is None:
        return None
    evidence = test.evidence
    drawn = wanted if test.of_all else ceil(wanted * evidence.drawn_from / int(evidence.local[row]))
    most = evidence.drawn_from if test.promise.scope == "this_run" else drawn
    return max(evidence.drawn + 1, min(drawn, most))


def _none(
    evidence: Evidence, promise: Promise, floor: float | None, status: Status, sentence: str, needed: int | None = None
) -> Certificate:
    return Certificate(
        status=status,
        promise=promise,
        threshold=None,
        floor=floor,
        n_labels=evidence.drawn,
        bad_accepted=0,
        risk_upper=0.0,
        local_share=0.0,
        labels_needed=needed,
        sentence=sentence,
    )
