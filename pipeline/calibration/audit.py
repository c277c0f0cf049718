"""Audit: does a calibration of another study hold for these drafts? About twenty probe labels often tell.

The probes are drawn at random among the drafts that the threshold would keep local, and the margin is declared before
the first label. PASS is the exact test of the certificate at this one threshold, for the promise widened by the margin:
if the true risk is larger, it passes with a probability of at most delta. FAIL needs less, because it only asks for a
calibration of one's own: the risk exceeds the promise beyond chance, or what stays local is bad more often than in the
calibration (Fisher's test, one-sided, mid-p, at delta).
"""

from typing import Literal

from scipy import stats

from pipeline.calibration.certificate import LabelEvidence, Sampling, count_labels, looks_random, test_of
from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.domain.base import Frozen
from pipeline.domain.calibration import CalibrationFile
from pipeline.domain.labels import AuditTerms, DesignSettings, Promise
from pipeline.errors import InputError
from pipeline.text.wording import count, percent, score

AuditOutcome = Literal["pass", "fail", "inconclusive"]

PROBES = 20
"""Usual number of labels of an audit."""

MARGIN = 0.05
"""Usual margin."""


class AuditResult(Frozen):
    """The result of an audit."""

    outcome: AuditOutcome
    threshold: float
    """Of the calibration."""
    margin: float
    """As declared."""
    labels: int
    """Probe labels that count."""
    bad: int
    """Unacceptable ones among them."""
    risk_upper: float
    """Upper bound of the risk here, at the confidence of the promise."""
    local_share: float
    """Share of these drafts that stays local."""
    sentence: str


def audit_terms(file: CalibrationFile, margin: float = MARGIN) -> AuditTerms:
    """Return the terms of an audit.

    Raises:
        InputError: the calibration certifies no threshold, or the margin is out of range.
    """
    found = file.summary
    if found.threshold is None:
        raise InputError(f"This calibration is {found.status}: it certifies no threshold that could be audited.")
    if not 0 <= margin <= 0.5:
        raise InputError(f"--margin: {margin:g} is not between 0 and 0.5. The usual margin is {MARGIN:g}.")
    return AuditTerms(
        calibration=file.id, threshold=found.threshold, margin=margin, accepted=found.accepted, bad=found.bad_accepted
    )


def audit_settings(file: CalibrationFile, margin: float = MARGIN, labels: int = PROBES) -> DesignSettings:
    """Return the settings of a design that audits a calibration; drawn like any other, and labelled to its end."""
    return DesignSettings(
        promise=promise_of(file), labels=labels, below_share=0.0, twice_share=0.0, audit=audit_terms(file, margin)
    )


def promise_of(file: CalibrationFile) -> Promise:
    """Return the promise of a calibration, for future runs."""
    return Promise(alpha=file.summary.alpha, confidence=file.summary.confidence, risk=file.summary.risk)


def audit(cases: DraftArrays, promise: Promise, terms: AuditTerms, planned: int | None = None) -> AuditResult:
    """Audit a calibration on drafts with probe labels.

    Args:
        cases: drafts, some of those at or over the threshold labelled.
        promise: of the calibration.
        terms: declared before labelling.
        planned: labels of the design; `None` when all there are count.
    """
    alpha = min(promise.alpha + terms.margin, 0.999)
    wider = promise.model_copy(update={"alpha": alpha, "scope": "future_runs"})
    evidence = count_labels(cases, Sampling(floor=terms.threshold, planned=planned), terms.threshold)
    test = test_of(evidence, wider)
    labels, bad = int(evidence.labels[0]), int(evidence.bad[0])
    worse = _are_worse(bad, labels, terms) <= promise.delta
    outcome: AuditOutcome = "inconclusive"
    if evidence.missing or not labels or not looks_random(cases, terms.threshold):
        pass
    elif float(test.lower()[0]) > promise.alpha or worse:
        outcome = "fail"
    elif bool(test.passed()[0]):
        outcome = "pass"
    upper = test.upper(0) if labels else 1.0
    return AuditResult(
        outcome=outcome,
        threshold=terms.threshold,
        margin=terms.margin,
        labels=labels,
        bad=bad,
        risk_upper=upper,
        local_share=int(evidence.local[0]) / max(1, evidence.drafts),
        sentence=_sentence(outcome, evidence, promise, terms, upper),
    )


def _are_worse(bad: int, labels: int, terms: AuditTerms) -> float:
    """One-sided mid-p of Fisher's test that probes are bad more often than the labels of the calibration.

    Mid-p (Lancaster 1961), because the exact test at twenty probes has half the size that it may have.
    """
    both = stats.hypergeom(labels + terms.accepted, bad + terms.bad, labels)
    return float(both.sf(bad) + both.pmf(bad) / 2) if labels else 1.0


def _sentence(outcome: AuditOutcome, evidence: LabelEvidence, promise: Promise, terms: AuditTerms, upper: float) -> str:
    labels, bad = int(evidence.labels[0]), int(evidence.bad[0])
    here = (
        f"{bad} of {count(labels, 'probe label')} at {score(terms.threshold)} or more {'is' if bad == 1 else 'are'} bad"
    )
    before = f"{terms.bad} of {terms.accepted} in the calibration"
    risk = "of what stays local" if promise.risk == "selective" else "of everything delivered"
    bound = f"with {percent(promise.confidence)} confidence at most {percent(upper)} {risk}"
    limit = f"{percent(promise.alpha)} and a margin of {percent(terms.margin)}"
    if outcome == "pass":
        return f"PASS: the calibration holds here. {here}, {before}: {bound} is bad and local. The limit is {limit}."
    if outcome == "fail":
        return (
            f"FAIL: the calibration does not hold here. {here}, {before}. Label drafts of this study and calibrate it"
            " on its own."
        )
    if evidence.missing:
        return f"INCONCLUSIVE: {count(evidence.missing, 'probe label')} of the audit {_are(evidence.missing)} missing."
    if not labels:
        return f"INCONCLUSIVE: no draft that scores {score(terms.threshold)} or more has a label."
    return (
        f"INCONCLUSIVE: {here}, {before}: {bound} is bad and local, and the limit is {limit}. Label drafts of this"
        " study and calibrate it on its own, or declare a new audit with more labels."
    )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
