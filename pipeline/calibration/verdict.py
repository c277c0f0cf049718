"""The one answer of a calibration: what to do with these drafts, and why, from everything that is known about them.

The certificate alone is no advice. It may hold although the score tells nothing, although most of what stays local is
bad, or although refining changes nothing. All of these are weighed here once; the page, its tabs, the report and the
command line show this answer and compute none of their own.
"""

from functools import lru_cache
from math import isfinite

from pipeline.calibration.audit import AuditResult
from pipeline.calibration.calibration_result import CalibrationResult
from pipeline.calibration.certificate import Certificate
from pipeline.calibration.score_validity import EVERYTHING, gains, recovery
from pipeline.domain.calibration import Action, CalibrationVerdict
from pipeline.text.wording import count, percent, score, usd

_FEWEST_REFINED = 10
"""Refined drafts from which on a missing gain is advice, not luck."""

_NO_GAIN = 0.005
"""Mean gain in score that is shown as 0.00."""


@lru_cache(maxsize=8)
def judge(result: CalibrationResult) -> CalibrationVerdict:
    """Weigh certificate, score, refining and money; remembered, because a page asks at every stop of its slider."""
    found = result.certificate
    if result.audit:
        return _audited(result.audit)
    if found.status in ("exploratory", "not_random"):
        return _verdict("explore", "Nothing is certified: look, but do not rely on it.", found.sentence)
    if found.status == "in_progress":
        return _label(found, found.sentence)
    if found.status == "vacuous":
        why = found.sentence.removeprefix("The promise is empty: ")
        return _verdict("empty", "The promise is empty.", f"{why[0].upper()}{why[1:]}")
    if no_gain := refining_does_not_help(result):
        return _verdict(
            "keep_local", "Keep everything local: refining does not help here.", f"{no_gain} {found.sentence}"
        )
    if found.status == "certified":
        return _use(result, found)
    if found.labels_needed and found.labels_needed > found.n_labels:
        return _label(found, found.sentence)
    cannot_tell = result.worth.low is not None and result.worth.low <= 0.5
    why = "the score cannot tell good drafts from bad." if cannot_tell else "too many local drafts are bad."
    return _verdict("send_everything", f"Send everything: {why}", f"{found.sentence} {_alone(result)}".strip())


def _audited(found: AuditResult) -> CalibrationVerdict:
    at = score(found.threshold)
    headline = {
        "pass": f"Use {at}: the other calibration holds here.",
        "fail": f"Do not use {at}: the other calibration does not hold here.",
        "inconclusive": "The probe labels do not decide.",
    }[found.outcome]
    return CalibrationVerdict(
        action="use" if found.outcome == "pass" else "label",
        is_clear=False,
        headline=headline,
        sentence=found.sentence,
        threshold=found.threshold if found.outcome == "pass" else None,
    )


def refining_does_not_help(result: CalibrationResult) -> str:
    """Return the evidence that refining gains nothing; empty if it gains, or if that is not known.

    Only the drafts that the certified threshold would refine count, all where none is certified: by labels of both
    texts if there are enough of them, else by score.
    """
    threshold = result.certificate.threshold
    cases = result.pool.cases
    refined = cases if threshold is None else cases.where(~cases.accepted(threshold))
    if int(refined.has_both_labels.sum()) >= _FEWEST_REFINED:
        by_labels = recovery(refined, EVERYTHING)
        no_gain = by_labels.advantage is not None and by_labels.advantage.value <= 0
        return by_labels.sentence if no_gain else ""
    by_score = gains(result.pool, EVERYTHING if threshold is None else threshold)
    if by_score is None:
        return ""
    side = by_score.everything if threshold is None else by_score.under
    if side.drafts < _FEWEST_REFINED or side.gain > _NO_GAIN:
        return ""
    return f"Refining raised the score of {side.better} of {count(side.drafts, 'draft')}, by less than 0.01 on average."


def _use(result: CalibrationResult, found: Certificate) -> CalibrationVerdict:
    threshold = found.threshold
    local_bad = found.bad_accepted / max(1, found.accepted)
    base = found.bad / max(1, found.n_labels)
    doubt = ""
    if local_bad > found.promise.alpha and local_bad > base / 2:
        doubt = (
            f"But {percent(local_bad)} of the labelled drafts that stay local are bad, against {percent(base)} of all"
            " labelled ones: the promise counts them among everything delivered. "
        )
    elif base > found.promise.alpha and result.worth.low is not None and result.worth.low <= 0.5:
        doubt = "But the score does not separate good drafts from bad: drafts picked at random may do as well. "
    return CalibrationVerdict(
        action="use",
        is_clear=not doubt,
        headline=f"Use {score(threshold)}{', with care' if doubt else ''}.",
        sentence=f"{doubt}{found.sentence} {_money(result, found)}".strip(),
        threshold=threshold,
    )


def _label(found: Certificate, sentence: str) -> CalibrationVerdict:
    missing = (found.labels_needed or 0) - found.n_labels
    more = count(missing, "more text") if found.n_labels else count(missing, "text")
    return CalibrationVerdict(
        action="label", is_clear=False, headline=f"Label {more}.", sentence=sentence, labels=missing
    )


def _verdict(action: Action, headline: str, sentence: str) -> CalibrationVerdict:
    return CalibrationVerdict(action=action, is_clear=False, headline=headline, sentence=sentence)


def _money(result: CalibrationResult, found: Certificate) -> str:
    at = result.at(found.threshold)
    if at.cost_micros is None or at.saving is None:
        return ""
    cost = usd(round(at.cost_micros), result.simulated)
    return f"One run costs about {cost}, {percent(at.saving.value)} less than the frontier alone."


def _alone(result: CalibrationResult) -> str:
    everything = result.positions[-1]
    if everything.cost_micros is None or isfinite(everything.threshold):
        return ""
    return f"One run then costs about {usd(round(everything.cost_micros), result.simulated)}."
