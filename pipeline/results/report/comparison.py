"""Report of two to eight runs: different settings, results with intervals, and matched personas."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from pipeline.domain.base import Frozen
from pipeline.domain.comparison import LETTERS
from pipeline.domain.remarks import Comment
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.results.charts.comparison import Texts, cost_lines, mix_rows, score_overlay, score_rows
from pipeline.results.charts.style import ChartView, MovingView
from pipeline.results.compare_personas import Match, claim_differences, match_personas
from pipeline.results.compare_runs import (
    HOW,
    MEANINGS,
    TITLES,
    Setting,
    cautions,
    compared_figures,
    figure_basis,
    figure_difference,
    figure_value,
    settings_of,
)
from pipeline.results.evidence import MARK_WORDS, MarkedClaim
from pipeline.results.figures import run_figures
from pipeline.results.remarks import comment_lines
from pipeline.results.report.html import render, report_figure
from pipeline.results.report.run import utc_time
from pipeline.text.wording import MISSING, OUTCOME_WORDS, count, duration, percent, score, usd

ReportRow = tuple[str, ...]


class _Beside(Frozen):
    """Two matched personas, or one without a counterpart."""

    first: str
    second: str
    why: str
    lists: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    """Title, claims of the first only, claims of the second only; lists without such claims are left out."""


def comparison_report(
    runs: Sequence[RunRecord],
    *,
    title: str = "",
    note: str = "",
    annotations: Mapping[str, str] | None = None,
    with_source: bool = False,
    comments: Sequence[Comment] = (),
) -> str:
    """Return the report of two to eight runs as one HTML file; the first run is the baseline.

    Args:
        runs: that have ended.
        title: of the report; generated if empty.
        note: below the title, a paragraph per line.
        annotations: a few words about a run, by its id.
        with_source: whether the personas' quotes, which are words of the study, may be in it.
        comments: of readers.
    """
    settings = settings_of(runs)
    names = ", ".join(run.name for run in runs)
    return render(
        "comparison.html",
        title=title or f"{count(len(runs), 'run')} compared: {names}",
        paragraphs=[line for line in note.splitlines() if line.strip()],
        comments=comment_lines(comments),
        simulated=any(run.simulated for run in runs),
        letters=LETTERS[: len(runs)],
        runs=[_run(letter, run, (annotations or {}).get(run.id, "")) for letter, run in _lettered(runs)],
        cautions=cautions(runs),
        differing=[(_said(setting), *setting.values) for setting in settings if setting.differs],
        common=[(_said(setting), setting.values[0]) for setting in settings if not setting.differs],
        measures=measure_rows(runs),
        how=HOW,
        figures=[
            report_figure(topic, view.still() if isinstance(view, MovingView) else view)
            for topic, view in _charts(runs)
        ],
        beside=[(LETTERS[place], _pairs(runs[0], runs[place], with_source)) for place in range(1, len(runs))],
        with_source=with_source,
    )


def _lettered(runs: Sequence[RunRecord]) -> Iterable[tuple[str, RunRecord]]:
    return zip(LETTERS, runs, strict=False)


def _said(setting: Setting) -> str:
    return setting.name.replace("_", " ")


def _run(letter: str, run: RunRecord, annotation: str) -> ReportRow:
    summed = run_figures(run)
    took = MISSING if summed.seconds is None else duration(summed.seconds)
    status = f"{run.shown_status}{', simulated' if run.simulated else ''}"
    spent = usd(summed.spent_micros, run.simulated)
    name = f"{run.name} ({run.id})"
    return (
        letter,
        name,
        run.study_name,
        status,
        str(summed.personas),
        spent,
        took,
        utc_time(run.created_at),
        annotation,
    )


def measure_rows(runs: Sequence[RunRecord]) -> list[tuple[str, str, list[ReportRow]]]:
    """Return title, meaning and rows of every measure: run, value, difference from A, in a word, sample."""
    letters = {run.id: (letter, run) for letter, run in _lettered(runs)}
    rows: dict[str, list[ReportRow]] = {measure: [] for measure in TITLES}
    for found in compared_figures(runs):
        letter, run = letters[found.run_id]
        difference = figure_difference(found, run) or ("baseline" if letter == "A" else MISSING)
        basis = "" if letter == "A" else figure_basis(found)
        rows[found.measure].append((letter, figure_value(found, run), difference, found.word, basis))
    return [(title, MEANINGS[measure], rows[measure]) for measure, title in TITLES.items()]


def _charts(runs: Sequence[RunRecord]) -> Iterable[tuple[str, ChartView | MovingView]]:
    texts: Texts = get_args(Texts)[0]
    yield "Scores overlaid", score_overlay(runs, texts)
    yield "Scores run by run", score_rows(runs, texts)
    yield "Local and frontier", mix_rows(runs)
    yield "Cumulative cost", cost_lines(runs)


def _pairs(first: RunRecord, second: RunRecord, with_source: bool) -> list[_Beside]:
    found = match_personas(first, second)
    return [_pair(match, first.simulated, second.simulated, with_source) for match in found]


def _pair(match: Match, first_simulated: bool, second_simulated: bool, with_source: bool) -> _Beside:
    lists: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    why = "no counterpart"
    if match.first and match.second:
        differences = [
            one for one in claim_differences(match.first, match.second) if with_source or one.field != "quotes"
        ]
        same = sum(len(one.both) for one in differences)
        how = "same draft" if match.same_draft else "matched by what they say"
        alike = "" if match.similarity is None else f", {percent(match.similarity)} alike"
        why = f"{how}{alike}; {count(same, 'claim')} in both"
        lists = tuple(
            (one.title, tuple(map(_claim, one.only_first)), tuple(map(_claim, one.only_second)))
            for one in differences
            if one.only_first or one.only_second
        )
    first, second = _persona(match.first, first_simulated), _persona(match.second, second_simulated)
    return _Beside(first=first, second=second, why=why, lists=lists)


def _persona(final: FinalPersona | None, simulated: bool) -> str:
    if final is None:
        return MISSING
    mark = ", simulated" if simulated and final.origin == "frontier" else ""
    return f"{final.persona.name} · {score(final.assessment.scores.overall)} · {OUTCOME_WORDS[final.outcome]}{mark}"


def _claim(claim: MarkedClaim) -> str:
    sign, word = MARK_WORDS[claim.mark]
    return f"{sign} {claim.text} ({word})"
