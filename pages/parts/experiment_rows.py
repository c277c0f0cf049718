"""Rows of an experiment: replicates with an interval over their runs, and local models side by side."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import ui
from pages.parts.table import markdown_table
from pipeline.domain.experiment import Experiment, settings_words
from pipeline.results.experiment import ExperimentResults
from pipeline.results.local_models import LocalModelRow, local_model_rows
from pipeline.results.replicates import ReplicateRow, replicate_rows
from pipeline.text.wording import MISSING, count, escape_markdown, percent, score, signed, usd

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.calibration.estimates import Estimate


def replicates(found: ExperimentResults) -> None:
    """List the replicates of an experiment; nothing without any."""
    rows = replicate_rows(found)
    if not rows:
        return
    st.header("Repeated runs", anchor=False)
    head = ["Settings", "Choices", "Mean score", "Beside the first row", "Stays local", "Cost per persona"]
    st.markdown(markdown_table(head, [_replicates(row) for row in rows]))
    st.caption(
        "Choices that differ only in their seed are one row. The interval (95 %) is over the runs, so it covers the "
        "luck of the models as well as that of the drafts; with two or three runs it is wide.",
        width=720,
    )


def _replicates(row: ReplicateRow) -> list[str]:
    own, beside = row.figures, row.differences.get("score")
    cost = own.get("cost_micros")
    return [
        escape_markdown(settings_words(row.settings) or "as the drafts"),
        escape_markdown(", ".join(str(number) for number in row.cells)),
        escape_markdown(_words(own.get("score"), score)),
        escape_markdown(_words(beside, signed)),
        escape_markdown(_words(own.get("local_share"), percent)),
        escape_markdown(usd(round(cost.value), row.simulated) if cost else MISSING),
    ]


def _words(found: "Estimate | None", say: Callable[[float], str]) -> str:
    if found is None:
        return MISSING
    ends = "" if found.low is None or found.high is None else f" ({say(found.low)} to {say(found.high)})"
    return f"{say(found.value)}{ends}"


def local_models(experiment: Experiment) -> None:
    """Answer which local model serves the study; nothing with fewer than two."""
    store = ui.services().store
    ids = {run.drafts_from or run.id for run in store.experiment_runs(experiment.id)}
    known = {run.id for run in store.listed_runs(sorted(ids))}
    runs = [run for run_id in sorted(known) if (run := ui.run(run_id)).drafts_from is None]
    if len({(run.config.local_provider, run.config.local_model) for run in runs}) < 2:
        return
    calibrations = {run.id: result for run in runs if (result := _calibrated(run.id, run.study_id))}
    answers = {run_id: _answer(result) for run_id, result in calibrations.items()}
    rows = local_model_rows(runs, calibrations, answers)
    if not rows:
        return
    st.header("Which local model serves this study?", anchor=False)
    head = [
        "Local model",
        "Usable drafts",
        "Stays local",
        "Cost of a run",
        "Seconds per draft",
        "Mean score",
    ]
    st.markdown(markdown_table(head, [_model(row) for row in rows]))
    st.caption(
        "Intervals are 95 %. Only the share that stays local under the same promise decides: a score of one model does "
        "not mean the same as that of another. It needs labels of each model's drafts.",
        width=720,
    )
    for row in rows:
        if not row.answer:
            st.page_link(
                ui.LABEL,
                label=f"Label drafts of {escape_markdown(row.model)}",
                icon=":material/checklist:",
                query_params={"study": experiment.study_id},
            )


def _model(row: LocalModelRow) -> list[str]:
    local = _words(row.local_share, percent) if row.local_share else row.answer or "no labels"
    return [
        escape_markdown(f"{row.model} ({count(len(row.runs), 'run')})"),
        escape_markdown(_words(row.usable, percent)),
        escape_markdown(local),
        escape_markdown(MISSING if row.cost_micros is None else usd(round(row.cost_micros))),
        escape_markdown(_words(row.seconds, "{:.1f}".format)),
        escape_markdown(_words(row.score, score)),
    ]


def _answer(result: "CalibrationResult") -> str:
    from pipeline.results.calibration import verdict_of

    return verdict_of(result).headline


def _calibrated(run_id: str, study_id: str) -> "CalibrationResult | None":
    """Return the calibration of a run by its newest labels; `None` without labels."""
    from pages.parts import threshold_data
    from pipeline.calibration.threshold_effects import Terms

    designs = threshold_data.designs([run_id], study_id)
    design = next((one for one in designs if list(one.run_ids) == [run_id] and one.is_drawn and one.labelled), None)
    promise = threshold_data.declared_promise(design.id) if design else None
    if design is None or promise is None:
        return None
    kept = len(threshold_data.scores([run_id])[0].kept)
    terms = Terms(promise=promise, personas=max(1, kept))
    question = threshold_data.CalibrationQuestion((run_id,), design.id, True, terms.model_dump_json())
    return threshold_data.result(question, terms)
