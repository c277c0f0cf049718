"""Terminal output: the progress of a run on stderr, and tables on stdout."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipeline.domain.facts import RunProgress, StageName, stage_bars, writing_words
from pipeline.domain.run import AssessedDraft, RunRecord
from pipeline.text.wording import MISSING, percent, printable, score, usd

if TYPE_CHECKING:
    from pipeline.hybrid.preflight import CheckReport
    from pipeline.jobs.worker import Worker
    from pipeline.results.experiment import ExperimentResults
    from pipeline.scoring.model_check import ModelCheck
    from pipeline.store import RunSummary, Store

_POLL_S = 0.15
_PIPED_WIDTH = 160
"""Columns where standard output is no terminal, so that ids are not cut off."""
_STAGES: tuple[tuple[StageName, str], ...] = (("draft", "Drafting"), ("assess", "Scoring"), ("refine", "Refining"))


def watch(store: "Store", worker: "Worker", run_id: str) -> None:
    """Show a run's progress until it ends.

    Ctrl-C cancels it: local answers end at once, paid ones are waited for. A second one exits at once.

    Raises:
        StoreError: the run has ended, but its result could not be saved.
    """
    with _cancel_on_interrupt(lambda: worker.cancel(run_id)), _bars(TextColumn("{task.fields[note]}")) as bars:
        update = _Bars(bars)
        while not worker.join(run_id, _POLL_S):
            update(store.progress(run_id))
        update(store.progress(run_id))


def print_run(run: RunRecord) -> None:
    """Print one run: a table of its personas and a line of money."""
    mark = " (simulated)" if run.simulated else ""
    from pipeline.results.coverage import coverage, coverage_sentences

    out = _console()
    out.print(_text(f"{run.id}  {run.name}  {run.shown_status}{mark}"))
    table = Table(box=None, pad_edge=False)
    for title in ("score", "persona", "outcome", "cost" + mark, "tagline"):
        table.add_column(title, no_wrap=title != "tagline")
    for final in run.shown:
        table.add_row(
            score(final.assessment.scores.overall),
            _text(final.persona.name),
            f"{final.outcome}{', edited' if final.edited else ''}",
            usd(final.cost_micros),
            _text(final.persona.tagline),
        )
    out.print(table)
    for sentence in coverage_sentences(coverage(run)):
        out.print(_text(sentence))
    budget = "no cap" if run.config.budget_micros is None else f"of {usd(run.config.budget_micros)}"
    alone = "" if run.frontier_only_micros is None else f"; the frontier alone: about {usd(run.frontier_only_micros)}"
    out.print(_text(f"Spent {usd(run.spent_micros)} {budget}{mark}{alone}. {run.timing.wall_s:.1f} s."))


def print_runs(runs: "Sequence[RunSummary]") -> None:
    """Print the list of runs."""
    table = Table(box=None, pad_edge=False)
    for title in ("run", "started (UTC)", "status", "personas", "mean score", "spent", "name"):
        table.add_column(title, no_wrap=title != "name", overflow="fold", min_width=12 if title == "run" else None)
    for run in runs:
        table.add_row(
            run.id,
            f"{run.created_at:%Y-%m-%d %H:%M}",
            run.shown_status,
            str(run.personas),
            score(run.mean_score),
            usd(run.spent_micros) + (" (simulated)" if run.simulated else ""),
            _text(run.name),
        )
    _console().print(table if runs else "No runs yet. Start one with `persona generate --from PATH`.")


def print_experiment(found: "ExperimentResults") -> None:
    """Print the cells of an experiment with their differences from the first."""
    from pipeline.results.compare_runs import figure_difference  # brings numpy along

    out = _console()
    experiment = found.experiment
    out.print(_text(f"{experiment.id}  {experiment.name}  {found.status}"))
    table = Table(box=None, pad_edge=False)
    for title in ("choice", "run", "status", "mean score", "beside choice 1", "local", "spent", "settings"):
        table.add_column(title, no_wrap=title not in ("settings", "beside choice 1"))
    for cell in found.cells:
        score_of, local = cell.figures.get("score"), cell.figures.get("local_share")
        table.add_row(
            str(cell.number),
            cell.run_id or MISSING,
            cell.status or "not begun",
            score(score_of.value if score_of else None),
            f"{figure_difference(score_of, cell)} {score_of.word or score_of.why_not or ''}".strip()
            if score_of
            else MISSING,
            MISSING if local is None or local.value is None else percent(local.value),
            usd(cell.spent_micros, cell.simulated),
            _text(cell.cell.label),
        )
    out.print(table)
    _print_replicates(out, found)
    for note in found.notes:
        out.print(_text(note))
    spent = [usd(found.spent_micros(simulated=kind), kind) for kind in (False, True) if _has(found, simulated=kind)]
    budget = "no cap" if experiment.budget_micros is None else f"of {usd(experiment.budget_micros)}"
    out.print(_text(f"Spent {' and '.join(spent) or usd(0)} {budget} for all choices."))


def _print_replicates(out: Console, found: "ExperimentResults") -> None:
    from pipeline.domain.experiment import settings_words
    from pipeline.results.replicates import replicate_rows

    for row in replicate_rows(found):
        quality = row.figures.get("score")
        if quality is None:
            continue
        ends = "" if quality.low is None else f" ({score(quality.low)} to {score(quality.high)})"
        settings = settings_words(row.settings) or "as the drafts"
        out.print(_text(f"{settings}: mean score {score(quality.value)}{ends}, {quality.n} runs"))


def _has(found: "ExperimentResults", *, simulated: bool) -> bool:
    return any(cell.run_id and cell.simulated == simulated for cell in found.cells)


def print_scores(assessed: Sequence[AssessedDraft]) -> None:
    """Print scores and findings of personas from a file."""
    out = _console()
    for item in assessed:
        numbers = "  ".join(f"{name} {score(value)}" for name, value in item.assessment.scores)
        out.print(_text(f"{item.draft.persona.name}: {numbers}"))
        for finding in item.assessment.findings:
            out.print(_text(f"  - {finding.text}"))


def print_check(report: "CheckReport") -> None:
    """Print the findings of the check before a run."""
    out = _console()
    for item in report.items:
        out.print(_text(f"{'ok' if item.ready else '--'}  {item.name}: {item.sentence}"))
    out.print(_text(report.verdict))
    if report.window:
        out.print(_text(report.window))
    if report.capacity:
        out.print(_text(report.capacity.sentence))
    for warning in report.warnings:
        out.print(_text(f"warning: {warning}"))


def print_model_check(result: "ModelCheck", cost: str) -> None:
    """Print the result of the check of a judge or verifier, its mistakes, and what it costs in time."""
    out = _console()
    for miss in result.missed:
        out.print(_text(f"--  {miss.sentence}"))
    out.print(_text(result.sentence))
    out.print(_text(cost or f"{result.seconds_per_claim:.1f} s per claim on this machine."))


@contextmanager
def count_up(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar; call the yielded function with the number done and the total."""
    with _bars() as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _text(text: str) -> Text:
    return Text(printable(text))


def _console() -> Console:
    """Return a console for standard output, of fixed width unless it is a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def _bars(*more: ProgressColumn) -> Progress:
    """Make progress bars for a terminal; disabled where stderr is a file or a pipe."""
    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *more)
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


class _Bars:
    """Update the bars to a state of progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks = {stage: progress.add_task(title, total=None, note="") for stage, title in _STAGES}

    def __call__(self, now: RunProgress) -> None:
        for bar in stage_bars(now):
            note = f"{usd(now.spent_micros)} spent" if bar.stage == "refine" and bar.planned is not None else ""
            if bar.stage == "draft" and now.stage == "draft":
                note = writing_words(now)
            if note and now.batch:
                note = f"{note}, waiting for a batch: up to 24 hours"
            self._progress.update(self._tasks[bar.stage], total=bar.planned, completed=bar.done, note=note)


@contextmanager
def _cancel_on_interrupt(cancel: Callable[[], None]) -> Iterator[None]:
    """Cancel on the first Ctrl-C, and leave the second to Python."""
    before = signal.getsignal(signal.SIGINT)

    def ask(_: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        sys.stderr.write("persona: cancelling; paid calls in flight are waited for. Press Ctrl-C again to exit now.\n")
        cancel()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)
