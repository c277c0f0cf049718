"""Report of a run: personas with their evidence, scores, cost, and data sent; and its charts as picture files."""

import io
from datetime import UTC, datetime
from zipfile import ZIP_STORED, ZipFile

from pipeline.domain.remarks import RunRemarks
from pipeline.domain.run import OUTCOME_MEANING, RunRecord
from pipeline.domain.study import Study
from pipeline.results import charts
from pipeline.results.charts.images import image_file
from pipeline.results.charts.style import ChartView
from pipeline.results.coverage import coverage, coverage_sentences, who_rows
from pipeline.results.data_sent import describe_shipment, outbound, outbound_notes
from pipeline.results.evidence import MARK_WORDS
from pipeline.results.figures import run_tiles
from pipeline.results.people_map import STRENGTH, people_map
from pipeline.results.problems import problems
from pipeline.results.remarks import comment_lines
from pipeline.results.report.claims import report_personas
from pipeline.results.report.html import render, report_figure
from pipeline.results.score_explained import BLIND, CAUTIONS, LOOKS_AT, score_formula, scoring_method
from pipeline.text.wording import OUTCOME_WORDS, count, label, score, usd


def run_report(
    run: RunRecord,
    study: Study,
    *,
    with_source: bool = False,
    remarks: RunRemarks = RunRemarks(),  # noqa: B008 - immutable
) -> str:
    """Return the report of a run as one HTML file.

    Args:
        run: that has ended.
        study: the run's own.
        with_source: whether words of the study may be in it: quotes of personas, the sources of claims, names of
            documents. Otherwise the report quotes no participant.
        remarks: notes, tags and comments of people that may be in it.
    """
    covered = coverage(run)
    return render(
        "run.html",
        run=run,
        facts=run_facts(run),
        tiles=run_tiles(run),
        figures=[report_figure(topic, view, simulated=run.simulated) for topic, _, view in run_charts(run)],
        outcomes=_outcomes(run),
        personas=report_personas(run, study, with_source=with_source, remarks=remarks.remarks),
        comments=comment_lines(remarks.comments),
        coverage=coverage_sentences(covered),
        who=who_rows(covered),
        people=people_map(run, study),
        strength=STRENGTH,
        marks=[f"{sign} {word}" for sign, word in MARK_WORDS.values()],
        with_source=with_source,
        calls=_calls(run),
        spent=usd(run.spent_micros, run.simulated),
        sent=_sent(run, study),
        how=scoring_method(run.config),
        formula=score_formula(run.config.weights),
        looks_at=LOOKS_AT,
        limits=(*BLIND, *CAUTIONS),
        settings=_settings(run),
        problems=problems(run),
        notes=[*run.warnings, *(f"Draft generation failed: {failure.reason}" for failure in run.failures)],
    )


def run_charts(run: RunRecord) -> tuple[tuple[str, str, ChartView], ...]:
    """Return the charts of a run in the order of the Results page: topic, name for files, chart."""
    return (
        ("Score distribution", "scores", charts.score_distribution(run)),
        ("Local and frontier", "outcomes", charts.outcome_bar(run)),
        ("Cumulative cost", "cost", charts.cost_curve(run)),
        ("Did refinement help?", "uplift", charts.uplift_slopes(run)),
    )


def run_facts(run: RunRecord) -> tuple[tuple[str, str], ...]:
    """Return the facts about a run that head its report, as pairs of name and value."""
    config, size = run.config, run.study
    frontier = f"{config.frontier_model} ({config.frontier_provider})" if config.uses_frontier else "none: local only"
    drafter = "builtin" if config.local_provider == "builtin" else f"{config.local_model} ({config.local_provider})"
    numbers = (
        count(size.participants, "participant"),
        count(size.documents, "document"),
        count(size.segments, "segment"),
        count(size.words, "word"),
    )
    return (
        ("Study", f"{label(run.study_name)}: {', '.join(numbers)}"),
        ("Drafts by", drafter),
        ("Refined by", frontier),
        ("Threshold", score(config.quality_threshold)),
        ("Started", utc_time(run.created_at)),
        ("Status", run.shown_status),
        ("Run", run.id),
    )


def utc_time(moment: datetime) -> str:
    """Format a time in UTC: `3 Mar 2026, 10:30 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def _outcomes(run: RunRecord) -> list[tuple[str, int, str]]:
    numbers = {name: sum(final.outcome == name for final in run.personas) for name in OUTCOME_WORDS}
    return [(OUTCOME_WORDS[name], number, OUTCOME_MEANING[name]) for name, number in numbers.items() if number]


def _calls(run: RunRecord) -> list[tuple[str, ...]]:
    """One row per stage and model: attempts, tokens in and out, money."""
    rows: list[tuple[str, ...]] = []
    for key in dict.fromkeys((call.stage, call.provider, call.model) for call in run.calls):
        calls = [call for call in run.calls if (call.stage, call.provider, call.model) == key]
        usages = [call.usage for call in calls]
        rows.append(
            (
                *key,
                f"{len(calls):,}",
                f"{sum(usage.input_tokens for usage in usages):,}",
                f"{sum(usage.output_tokens for usage in usages):,}",
                usd(sum(call.cost_micros for call in calls), run.simulated),
            )
        )
    return rows


def _sent(run: RunRecord, study: Study) -> list[str]:
    found = outbound(run, study)
    shipments = [" ".join(describe_shipment(shipment, found.study_segments)) for shipment in found.shipments]
    return [*outbound_notes(found), *shipments]


def _settings(run: RunRecord) -> list[tuple[str, str]]:
    values = run.config.model_dump(mode="json", exclude={"prices"})
    return [(name, "–" if value is None else str(value)) for name, value in values.items()]


def chart_files(run: RunRecord) -> bytes:
    """Return a zip with each chart of the run as PNG and SVG; empty without a chart."""
    caption = f"{run.name} · {run.id}{' · simulated' if run.simulated else ''}"
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for _, name, view in run_charts(run):
            if view.chart is not None:
                archive.writestr(f"{run.id} {name}.png", image_file(view, "png", caption))
                archive.writestr(f"{run.id} {name}.svg", image_file(view, "svg", caption))
    return target.getvalue()
