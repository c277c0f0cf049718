"""Report of a threshold: the promise, the evidence for it, its cost, and the other thresholds."""

from collections.abc import Iterator

from pipeline.calibration.calibration_result import CalibrationResult, place_of
from pipeline.calibration.threshold_effects import ThresholdEffect
from pipeline.results.calibration import (
    bad_interval,
    calibration_notes,
    cost_words,
    describe_threshold,
    drift_warning,
    threshold_tiles,
    verdict_of,
)
from pipeline.results.charts.calibration import cost_by_threshold, risk_curve, threshold_histogram
from pipeline.results.charts.style import ChartView, MovingView
from pipeline.results.charts.tradeoff import cost_quality, reliability_bars
from pipeline.results.report.html import render, report_figure
from pipeline.text.wording import MISSING, count, percent, score, share, usd

_EVERY = 5
"""Stops of the slider between two rows of the table: 0.05."""


def calibration_report(result: CalibrationResult, threshold: float) -> str:
    """Return the report of one threshold for some runs as one HTML file, without words of the study.

    Args:
        result: of the runs.
        threshold: of the report, 0 to 1.
    """
    here, verdict = result.positions[place_of(threshold)], verdict_of(result)
    return render(
        "calibration.html",
        threshold=score(threshold),
        simulated=result.simulated,
        facts=_facts(result),
        headline=verdict.headline,
        sentence=verdict.sentence,
        cautions=[warning] if (warning := drift_warning(result)) else [],
        note=describe_threshold(result, here),
        tiles=threshold_tiles(result, here),
        figures=[
            report_figure(topic, view.still() if isinstance(view, MovingView) else view, simulated=result.simulated)
            for topic, view in _charts(result, threshold, here)
        ],
        worth=result.worth.sentence if result.bins else "",
        rows=[_row(result, position) for position in result.positions[:-1:_EVERY]],
        notes=calibration_notes(result),
    )


def _facts(result: CalibrationResult) -> list[tuple[str, str]]:
    promise = result.terms.promise
    risk = "of what stays local" if promise.risk == "selective" else "of everything delivered"
    asked = f"at most {percent(promise.alpha)} {risk} unacceptable, with {percent(promise.confidence)} confidence"
    budget = result.terms.budget_micros
    return [
        ("Runs", ", ".join(f"{run.name} ({run.id})" for run in result.runs)),
        ("Drafts", f"{len(result.pool.cases):,}"),
        ("Labels", f"{result.certificate.n_labels:,}" if result.labels else "none"),
        ("Promise", asked),
        ("Budget", "no cap" if budget is None else f"{usd(budget, result.simulated)} a run"),
        ("One run", count(result.terms.personas, "persona")),
    ]


def _row(result: CalibrationResult, at: ThresholdEffect) -> tuple[str, ...]:
    mark = " (simulated)" if result.simulated and at.cost_micros is not None else ""
    return (
        score(at.threshold),
        share(at.local, at.drafts),
        f"{cost_words(at)}{mark}",
        percent(at.saving.value) if at.saving else MISSING,
        f"{percent(at.bad.estimate)} ({bad_interval(at.bad)})" if at.bad else MISSING,
    )


def _charts(
    result: CalibrationResult, threshold: float, here: ThresholdEffect
) -> Iterator[tuple[str, ChartView | MovingView]]:
    pool, terms = result.pool, result.terms
    yield "Scores and labels", threshold_histogram(pool.cases, pool.every_label, here, result.certificate.threshold)
    if result.labels is not None:
        yield (
            "Why this recommendation",
            risk_curve(result.positions, here, terms.promise.alpha, result.certificate.threshold),
        )
    yield (
        "What each threshold costs",
        cost_by_threshold(result.positions, here, terms.budget_micros, simulated=result.simulated),
    )
    if result.exchange is not None:
        yield "What the money buys", cost_quality(result.exchange, place_of(threshold), simulated=result.simulated)
    if result.bins:
        yield "How many are good at which score", reliability_bars(result.bins)
