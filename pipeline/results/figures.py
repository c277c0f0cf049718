"""Key figures of a run, each with its n and interval, or the reason for none; and the tiles that show them.

Must not import pandas: the command line and reports use it. Numbers are rounded only for display, and a figure that
cannot be computed is `None`, never 0.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.calibration.estimates import Estimate, mean_interval
from pipeline.domain.base import Frozen, Micros, Score
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.scores import ANSWERED, IMPUTED_BAND, draft_score
from pipeline.results.problems import unrefined_note
from pipeline.text.wording import MISSING, Tile, count, duration, percent, percent_range, score, usd

_POINT = 0.01


class RunFigures(Frozen):
    """Key figures of a run. Each one that is `None`, or lacks its interval, has a sentence in `reasons`."""

    personas: int
    """Delivered so far."""
    scored: int
    """Delivered personas with an overall score."""
    mean_score: Estimate | None
    """Of the delivered texts; the interval is Student's t, cut to 0..1."""
    lowest_score: Score | None
    highest_score: Score | None
    local: int
    """Personas delivered with the text of the local draft, for whatever reason."""
    accepted: int
    """Personas whose draft scored at or over the threshold (`kept_local`)."""
    spent_micros: Micros
    """Settled money and reservations of calls in flight."""
    budget_micros: Micros | None
    frontier_only_micros: Micros | None
    saving: Estimate | None
    """1 - spent / frontier-only, as a fraction; negative when the run was dearer. `None` where refinements that were
    asked for did not happen, because what was not bought is not saved; a loss still counts. Refined drafts have a cost
    known to the cent; the rest of the frontier-only cost is imputed, and the interval varies it by 25 % either way."""
    seconds: float | None
    """Wall time of the run."""
    cost_per_point_micros: Micros | None
    """Micro-USD of all refinements, failed ones included, per 0.01 of score gained by the delivered personas."""
    reasons: dict[str, str]
    """By field name, the reason why it, or its interval, is missing."""


class Refinement(NamedTuple):
    """A draft that was sent to the frontier."""

    final: FinalPersona
    draft_score: float | None
    refined_score: float | None
    """Score of the frontier's text, used or not; `None` when no readable text came back, or it has no score."""

    @property
    def uplift(self) -> float | None:
        """Score of the frontier's text minus that of the draft; negative when it is worse."""
        if self.draft_score is None or self.refined_score is None:
            return None
        return self.refined_score - self.draft_score


def run_figures(run: RunRecord) -> RunFigures:
    """Compute the key figures of a run in any state, running and failed ones included."""
    reasons: dict[str, str] = {}
    scores = [overall for final in run.personas if (overall := final.assessment.scores.overall) is not None]
    refined = refinements(run)
    outcomes = [final.outcome for final in run.personas]
    seconds = _seconds(run)
    if seconds is None:
        reasons["seconds"] = "The run has not ended."
    if run.config.budget_micros is None:
        reasons["budget_micros"] = "The run has no cap."
    if run.frontier_only_micros is None:
        reasons["frontier_only_micros"] = _why_no_reference(run)
    if not scores:
        reasons["lowest_score"] = reasons["highest_score"] = _why_no_score(run)
    return RunFigures(
        personas=len(run.personas),
        scored=len(scores),
        mean_score=_mean_score(run, scores, reasons),
        lowest_score=min(scores, default=None),
        highest_score=max(scores, default=None),
        local=sum(final.origin == "local" for final in run.personas),
        accepted=outcomes.count("kept_local"),
        spent_micros=run.spent_micros,
        budget_micros=run.config.budget_micros,
        frontier_only_micros=run.frontier_only_micros,
        saving=_saving(run, reasons),
        seconds=seconds,
        cost_per_point_micros=_cost_per_point(refined, reasons),
        reasons=reasons,
    )


def refinements(run: RunRecord) -> tuple[Refinement, ...]:
    """Return every finished persona with at least one call to the frontier, in the run's order."""
    asked = {call.draft_id for call in run.calls if call.stage == "refine"}
    return tuple(
        Refinement(final, draft_score(final), _frontier_score(final))
        for final in run.personas
        if final.draft_id in asked or final.outcome in ANSWERED
    )


def _frontier_score(final: FinalPersona) -> float | None:
    if final.outcome == "refined":
        return final.assessment.scores.overall
    return final.rejected_assessment.scores.overall if final.rejected_assessment else None


def _mean_score(run: RunRecord, scores: Sequence[float], reasons: dict[str, str]) -> Estimate | None:
    if not scores:
        reasons["mean_score"] = _why_no_score(run)
        return None
    if len(scores) == 1:
        reasons["mean_score"] = "An interval needs at least two personas with a score."
    return mean_interval(scores, 0.0, 1.0)


def _saving(run: RunRecord, reasons: dict[str, str]) -> Estimate | None:
    alone, spent = run.frontier_only_micros, run.spent_micros
    if not alone:
        free = "The frontier alone would have cost nothing, so there is nothing to save."
        reasons["saving"] = _why_no_reference(run) if alone is None else free
        return None
    if (missing := unrefined_note(run)) and spent <= alone:
        reasons["saving"] = f"No saving is claimed: {missing}."
        return None
    measured = min(alone, sum(final.cost_micros for final in run.personas if final.outcome in ANSWERED))
    imputed = alone - measured
    return Estimate(
        value=1 - spent / alone,
        low=1 - spent / (measured + (1 - IMPUTED_BAND) * imputed),
        high=1 - spent / (measured + (1 + IMPUTED_BAND) * imputed),
        n=len(run.personas),
    )


def _cost_per_point(refined: Sequence[Refinement], reasons: dict[str, str]) -> int | None:
    gained = sum(max(0.0, item.uplift or 0.0) for item in refined)
    if gained > 0:
        return round(sum(item.final.cost_micros for item in refined) * _POINT / gained)
    reasons["cost_per_point_micros"] = (
        "The refinements gained no score." if refined else "No draft was sent to the frontier."
    )
    return None


def _seconds(run: RunRecord) -> float | None:
    if run.timing.wall_s > 0:
        return run.timing.wall_s
    return (run.finished_at - run.created_at).total_seconds() if run.finished_at else None


def _why_no_score(run: RunRecord) -> str:
    if run.personas:
        return "No persona has a score: the study holds nothing to check them against."
    return "No persona is finished yet." if run.status == "running" else "The run delivered no persona."


def _why_no_reference(run: RunRecord) -> str:
    if run.status in ("running", "interrupted", "failed"):
        return "The frontier-only cost is computed when a run ends."
    if not run.personas:
        return "The run delivered no persona."
    if not run.config.uses_frontier:
        return "The run was local only, and no frontier price was looked up."
    return "The frontier model has no known price."


def run_tiles(run: RunRecord) -> tuple[Tile, ...]:
    """Return tiles of a run in any state: personas, mean score, local share, spent, saved, time."""
    figures, missing = run_figures(run), unrefined_note(run)
    return (
        Tile(
            "Personas",
            str(figures.personas),
            f"of {count(len(run.drafts), 'draft')}",
            "The delivered drafts, refined where they scored under the threshold.",
        ),
        _mean_score_note(figures, missing),
        Tile(
            "Local share",
            percent(figures.local / figures.personas) if figures.personas else MISSING,
            f"{figures.local} of {figures.personas}; "
            + (missing or f"{figures.accepted or 'none'} at or over the threshold"),
            "Personas with the text of their local draft: good enough, not improved by refining, or not refined.",
        ),
        *_money(run, figures),
        Tile(
            "Time",
            MISSING if figures.seconds is None else duration(figures.seconds),
            figures.reasons.get("seconds")
            or f"drafts {duration(run.timing.draft_s)} · refining {duration(run.timing.refine_s)}",
        ),
    )


def budget_words(run: RunRecord) -> str:
    """Return the words after an amount: `of $0.50`, or `no cap`."""
    budget = run.config.budget_micros
    return "no cap" if budget is None else f"of {usd(budget)}"


def _mean_score_note(figures: RunFigures, missing: str | None) -> Tile:
    note = _interval(figures.mean_score) or figures.reasons["mean_score"]
    return Tile(
        "Mean score",
        score(figures.mean_score.value) if figures.mean_score else MISSING,
        f"{note}; {missing}" if missing else note,
        f"Of the delivered texts, from {score(figures.lowest_score)} to {score(figures.highest_score)}. The "
        "interval covers the mean of many such runs with 95 % confidence.",
    )


def _interval(estimate: Estimate | None) -> str | None:
    if estimate is None:
        return None
    if estimate.low is None or estimate.high is None:
        return f"n = {estimate.n}"
    return f"95 %: {score(estimate.low)} to {score(estimate.high)}, n = {estimate.n}"


def _money(run: RunRecord, figures: RunFigures) -> tuple[Tile, Tile]:
    mark = " (simulated)" if run.simulated else ""
    spent = usd(figures.spent_micros)
    return (
        Tile(f"Spent{mark}", spent, budget_words(run), "Settled money and reservations of all calls."),
        Tile(
            f"Saved{mark}",
            percent(figures.saving.value) if figures.saving else MISSING,
            _saving_note(figures) or figures.reasons["saving"],
            "Against the frontier writing every persona. The cost of refined drafts is known to the cent; the rest of "
            "the frontier-only cost is estimated, and the interval varies it by 25 % either way.",
        ),
    )


def _saving_note(figures: RunFigures) -> str | None:
    saving, alone = figures.saving, figures.frontier_only_micros
    if saving is None or saving.low is None or saving.high is None or alone is None:
        return None
    return f"{percent_range(saving.low, saving.high)} of {usd(alone)}"
