"""Which local model serves this study? Drafts of several models side by side, each figure with its interval.

The question is decided by how much may stay local at the same promise. That needs labels of each model's drafts: a
score of one model is not comparable with the same score of another. Without them the table shows the rest and says
so.
"""

from collections.abc import Mapping, Sequence

from pipeline.calibration.bounds import share_interval
from pipeline.calibration.calibration_result import CalibrationResult
from pipeline.calibration.drift import setup_of
from pipeline.calibration.estimates import Estimate, mean_interval
from pipeline.domain.base import Frozen
from pipeline.domain.run import RunRecord


class LocalModelRow(Frozen):
    """The drafts of one local model, over all its runs."""

    model: str
    """Provider and model; untrusted."""
    runs: tuple[str, ...]
    """Those that wrote the drafts."""
    usable: Estimate
    """Share of requested drafts that could be read."""
    score: Estimate | None
    """Mean of the drafts; `None` if none has a score."""
    seconds: Estimate | None
    """Answer time per draft; `None` where no model was called."""
    local_share: Estimate | None
    """Share of drafts that stays local at the certified threshold; `None` without one."""
    cost_micros: float | None
    """Micro-USD of a run at the certified threshold; `None` without one, and where it is not known."""
    answer: str
    """The verdict on its labels, in a few words; empty without labels."""


def local_model_rows(
    runs: Sequence[RunRecord], calibrations: Mapping[str, CalibrationResult], answers: Mapping[str, str]
) -> tuple[LocalModelRow, ...]:
    """Return a row per local model, in the order of the runs; empty with fewer than two models.

    Args:
        runs: that wrote drafts of their own.
        calibrations: of runs with labels, by run id.
        answers: headlines of their verdicts, by run id.
    """
    groups: dict[str, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(setup_of(run).drafted_by, []).append(run)
    if len(groups) < 2:
        return ()
    return tuple(_row(model, own, calibrations, answers) for model, own in groups.items())


def _row(
    model: str, runs: Sequence[RunRecord], calibrations: Mapping[str, CalibrationResult], answers: Mapping[str, str]
) -> LocalModelRow:
    drafts = [item for run in runs for item in run.drafts]
    failures = sum(len(run.failures) for run in runs)
    scores = [item.assessment.scores.overall for item in drafts]
    known = [score for score in scores if score is not None]
    waited: dict[tuple[str, str], float] = {}
    for run in runs:
        for call in run.calls:
            if call.stage == "draft":
                waited[run.id, call.draft_id] = waited.get((run.id, call.draft_id), 0.0) + call.latency_ms / 1000
    found = next((calibrations[run.id] for run in reversed(runs) if run.id in calibrations), None)
    answer = next((answers[run.id] for run in reversed(runs) if run.id in answers), "")
    threshold = found.certificate.threshold if found else None
    at = found.at(threshold) if found and threshold is not None else None
    return LocalModelRow(
        model=model,
        runs=tuple(run.id for run in runs),
        usable=share_estimate(len(drafts), len(drafts) + failures),
        score=mean_interval(known, 0.0, 1.0) if known else None,
        seconds=mean_interval(list(waited.values()), 0.0, float("inf")) if waited else None,
        local_share=share_estimate(at.local, at.drafts) if at else None,
        cost_micros=at.cost_micros if at else None,
        answer=answer,
    )


def share_estimate(part: int, whole: int) -> Estimate:
    """Return a share with its exact 95 % interval (Clopper and Pearson); 0 to 1 for an empty whole."""
    low, high = share_interval(part, whole)
    return Estimate(value=part / max(1, whole), low=low, high=high, n=whole)
