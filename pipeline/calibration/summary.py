"""The result of a calibration as one document: `persona calibrate`."""

import numpy as np

from pipeline.calibration.calibration_result import CalibrationResult
from pipeline.calibration.certificate import (
    Certificate,
    Sampling,
    certify,
    label_floor,
)
from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.calibration.drift import setup_of
from pipeline.calibration.score_validity import Discrimination, discrimination
from pipeline.calibration.sweep import sweep
from pipeline.domain.calibration import CalibrationIdentity, CalibrationSummary
from pipeline.domain.labels import Promise
from pipeline.domain.units import MICROS
from pipeline.text.wording import MISSING, percent, usd


def identity_of(result: CalibrationResult) -> CalibrationIdentity:
    """Return what a calibration is of."""
    setup = setup_of(result.newest)
    stored = result.labels.design if result.labels else None
    return CalibrationIdentity(
        study=setup.study_id,
        design=stored.id if stored else None,
        runs=tuple(run.id for run in result.runs),
        local_model=setup.drafted_by,
        local_digest=setup.digest,
        prompt_version=setup.prompt,
        scorer_version=setup.scorer,
        selection=setup.selection,
        declared=stored.design.settings.promise if stored and stored.design.is_drawn else None,
        created_at=stored.created_at if stored else None,
    )


def summarise(cases: DraftArrays, promise: Promise) -> CalibrationSummary:
    """Summarise labels that come without their design.

    Labels that all lie above some score are treated as drawn from that floor. If they do not look randomly drawn
    above it, the sentence says so.
    """
    return _summary(cases, certify(cases, promise, Sampling(floor=label_floor(cases))), discrimination(cases))


def summary_of(result: CalibrationResult) -> CalibrationSummary:
    """Summarise runs and the labels of a design. The threshold is one that the slider of the page can show.

    The sentence includes the reasons why labels cannot be used or trusted.
    """
    found = _summary(result.cases, result.certificate, result.worth)
    return found.model_copy(update={"sentence": " ".join([found.sentence, *result.unused])})


def _summary(cases: DraftArrays, certificate: Certificate, worth: Discrimination) -> CalibrationSummary:
    table = sweep(cases)
    row = table.index(np.inf if certificate.threshold is None else certificate.threshold)
    return CalibrationSummary(
        status=certificate.status,
        threshold=certificate.threshold,
        risk=certificate.promise.risk,
        alpha=certificate.promise.alpha,
        confidence=certificate.promise.confidence,
        n_labels=certificate.n_labels,
        bad_accepted=certificate.bad_accepted,
        risk_upper=certificate.risk_upper,
        local_share=certificate.local_share,
        expected_cost=_known(table.cost_micros[row] / MICROS),
        saving=_known(table.saving[row]),
        auroc=worth.auroc,
        auroc_ci=(worth.low, worth.high),
        labels_needed=certificate.labels_needed,
        sentence=_sentence(cases, certificate, worth),
        accepted=certificate.accepted,
    )


def summary_text(summary: CalibrationSummary) -> str:
    """Format a summary for a terminal: the sentence, then a line per figure. It holds no text of the file."""
    low, high = summary.auroc_ci
    known = summary.auroc is not None and low is not None and high is not None
    cost = MISSING if summary.expected_cost is None else usd(round(summary.expected_cost * MICROS))
    figures = {
        "threshold": "none" if summary.threshold is None else f"{summary.threshold:.6g}",
        "stays local": percent(summary.local_share),
        "cost": cost,
        "saving": MISSING if summary.saving is None else percent(summary.saving),
        "AUROC": f"{summary.auroc:.2f} ({low:.2f} to {high:.2f})" if known else MISSING,
    }
    said = summary.verdict
    head = [f"{said.headline} {said.sentence}"] if said else [summary.sentence]
    notes = [f"note: {note}" for note in summary.notes]
    return "\n".join([*head, *(f"  {name:12}{text}" for name, text in figures.items()), *notes])


def _sentence(cases: DraftArrays, certificate: Certificate, worth: Discrimination) -> str:
    parts = [certificate.sentence]
    if worth.low is not None and worth.low <= 0.5:
        parts.append(worth.sentence)
    return " ".join(parts)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
