"""Report of a threshold: the promise, the evidence for it, its cost, and the other thresholds."""

from collections.abc import Iterator

from pipeline.calibration.board import Board, place_of
from pipeline.calibration.position import Position
from pipeline.results.calibration import (
    bad_interval,
    board_notes,
    cost_words,
    describe_threshold,
    drift_warning,
    threshold_tiles,
)
from pipeline.results.charts.calibration import cost_by_threshold, risk_curve, threshold_histogram
from pipeline.results.charts.style import ChartView, MovingView
from pipeline.results.charts.tradeoff import cost_quality, reliability_bars
from pipeline.results.report.html import render, report_figure
from pipeline.text.wording import MISSING, count, percent, score, share, usd

_EVERY = 5
"""Stops of the slider between two rows of the table: 0.05."""


def calibration_report(board: Board, threshold: float) -> str:
    """Return the report of one threshold for some runs as one HTML file, without words of the study.

    Args:
        board: of the runs.
        threshold: of the report, 0 to 1.
    """
    here = board.positions[place_of(threshold)]
    return render(
        "calibration.html",
        threshold=score(threshold),
        simulated=board.simulated,
        facts=_facts(board),
        headline=_headline(board),
        sentence=board.certificate.sentence if board.labels else "",
        cautions=[warning] if (warning := drift_warning(board)) else [],
        note=describe_threshold(board, here),
        tiles=threshold_tiles(board, here),
        figures=[
            report_figure(topic, view.still() if isinstance(view, MovingView) else view, simulated=board.simulated)
            for topic, view in _charts(board, threshold, here)
        ],
        worth=board.worth.sentence if board.bins else "",
        rows=[_row(board, position) for position in board.positions[:-1:_EVERY]],
        notes=board_notes(board),
    )


def _facts(board: Board) -> list[tuple[str, str]]:
    promise = board.terms.promise
    risk = "of what stays local" if promise.risk == "selective" else "of everything delivered"
    asked = f"at most {percent(promise.alpha)} {risk} unacceptable, with {percent(promise.confidence)} confidence"
    budget = board.terms.budget_micros
    return [
        ("Runs", ", ".join(f"{run.name} ({run.id})" for run in board.runs)),
        ("Drafts", f"{len(board.pool.cases):,}"),
        ("Labels", f"{board.certificate.n_labels:,}" if board.labels else "none"),
        ("Promise", asked),
        ("Budget", "no cap" if budget is None else f"{usd(budget, board.simulated)} a run"),
        ("One run", count(board.terms.personas, "persona")),
    ]


def _headline(board: Board) -> str:
    if board.labels is None:
        return "Nothing is certified: these drafts have no labels."
    certified = board.certificate.threshold
    return "No threshold is certified." if certified is None else f"{score(certified)} is certified."


def _row(board: Board, at: Position) -> tuple[str, ...]:
    mark = " (simulated)" if board.simulated and at.cost_micros is not None else ""
    return (
        score(at.threshold),
        share(at.local, at.drafts),
        f"{cost_words(at)}{mark}",
        percent(at.saving.value) if at.saving else MISSING,
        f"{percent(at.bad.estimate)} ({bad_interval(at.bad)})" if at.bad else MISSING,
    )


def _charts(board: Board, threshold: float, here: Position) -> Iterator[tuple[str, ChartView | MovingView]]:
    pool, terms = board.pool, board.terms
    yield "Scores and labels", threshold_histogram(pool.cases, pool.every_label, here, board.certificate.threshold)
    if board.labels is not None:
        yield "Why this recommendation", risk_curve(board.positions, here, terms.promise.alpha)
    yield (
        "What each threshold costs",
        cost_by_threshold(board.positions, here, terms.budget_micros, simulated=board.simulated),
    )
    if board.exchange is not None:
        yield "What the money buys", cost_quality(board.exchange, place_of(threshold), simulated=board.simulated)
    if board.bins:
        yield "How many are good at which score", reliability_bars(board.bins)
