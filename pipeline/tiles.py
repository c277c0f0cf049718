"""The metric row of a run in words, the same on screen and in reports.

Light like `pipeline.results.figures`, whose numbers it tells; where there is none, the note says why.
"""

from pipeline.calibration.estimates import Estimate
from pipeline.domain.run import RunRecord
from pipeline.results.figures import RunFigures, run_figures
from pipeline.text.wording import MISSING, Tile, count, duration, percent, score, usd


def tiles(run: RunRecord) -> tuple[Tile, ...]:
    """Personas, mean score, local share, spent, saved, time; of a run in any state."""
    figures = run_figures(run)
    return (
        Tile(
            "Personas",
            str(figures.personas),
            f"of {count(len(run.drafts), 'draft')}",
            "The best drafts are delivered, refined where they scored under the threshold.",
        ),
        _mean_score(figures),
        Tile(
            "Local share",
            percent(figures.local / figures.personas) if figures.personas else MISSING,
            f"{figures.local} of {figures.personas}; {figures.accepted or 'none'} at or over the threshold",
            "Personas with the text of their local draft: it was good enough, or could not be bettered or refined.",
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
    """The budget behind an amount: `of $0.50`, or that there is none."""
    budget = run.config.budget_micros
    return "no cap" if budget is None else f"of {usd(budget, run.simulated)}"


def _mean_score(figures: RunFigures) -> Tile:
    return Tile(
        "Mean score",
        score(figures.mean_score.value) if figures.mean_score else MISSING,
        _interval(figures.mean_score) or figures.reasons["mean_score"],
        f"Of the delivered texts, from {score(figures.lowest_score)} to {score(figures.highest_score)}. The "
        "interval holds the mean of many such runs with 95 % confidence.",
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
            _saving(run, figures) or figures.reasons["saving"],
            "Against the frontier writing every persona. What was refined is known to the cent; the rest of the "
            "frontier-only cost is estimated and moved by 25 % either way.",
        ),
    )


def _saving(run: RunRecord, figures: RunFigures) -> str | None:
    saving, alone = figures.saving, figures.frontier_only_micros
    if saving is None or saving.low is None or saving.high is None or alone is None:
        return None
    return f"{percent(saving.low)} to {percent(saving.high)} of {usd(alone, run.simulated)}"
