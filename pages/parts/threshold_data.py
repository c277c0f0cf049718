"""Load and cache the data of Calibrate: chosen runs and labels, and the results computed from them.

Choices are in the address. Results are cached by runs, their ends, labels and terms, so that moving the slider reads
nothing from the database.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from pages.parts import ui
from pipeline.domain.labels import DesignSummary, LabelSet, Promise
from pipeline.domain.scores import RunScores
from pipeline.store import RunName

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.calibration.threshold_effects import Terms


MOST_RUNS = 200
"""Number of newest runs offered; older ones can be named in the address."""


class CalibrationQuestion(NamedTuple):
    """Question to the result, in plain values so that it can be a cache key."""

    run_ids: tuple[str, ...]
    design_id: str | None
    kept_only: bool
    terms: str
    """As JSON."""


def ended_runs() -> list[RunName]:
    """Return the newest runs that may have scored drafts."""
    return [run for run in ui.services().store.run_names(MOST_RUNS) if run.status != "running"]


def chosen_runs(known: Sequence[RunName]) -> list[str]:
    """Return the runs of the address, else those of its design, else the current one, else the newest."""
    asked = [run_id for run_id in st.query_params.get_all("runs") if run_id]
    if not asked and (design_id := st.query_params.get("design")):
        asked = list(ui.services().store.design(design_id).run_ids)
    ids = [run.id for run in known]
    remembered = st.session_state.get(ui.RUN_KEY)
    return asked or ([remembered] if remembered in ids else ids[:1])


def put_in_address(name: str, values: Sequence[str]) -> None:
    """Write values into the address, where they differ."""
    if st.query_params.get_all(name) != list(values):
        st.query_params[name] = list(values)


def scores(run_ids: Sequence[str]) -> tuple[RunScores, ...]:
    """Return the drafts of runs without their texts, cached until a run changes.

    Raises:
        StoreError: one of them is not in this database.
    """
    store = ui.services().store
    return _scores(store.path, tuple(run_ids), store.run_states(run_ids))


@st.cache_resource(max_entries=16, show_spinner="Reading scores …")
def _scores(
    _database: Path, run_ids: tuple[str, ...], states: tuple[tuple[str, str, str], ...]
) -> tuple[RunScores, ...]:
    return ui.services().store.scores(run_ids)


def branches(run_ids: Sequence[str]) -> tuple[RunScores, ...]:
    """Return the ended runs that reuse the drafts of these."""
    found = scores(ui.services().store.branches(run_ids))
    return tuple(run for run in found if run.status != "running")


def designs(run_ids: Sequence[str], study_id: str) -> list[DesignSummary]:
    """Return the designs of a study, those drawn from exactly these runs first; newest first within each."""
    found = ui.services().store.designs(study_id)
    return sorted(found, key=lambda design: set(design.run_ids) != set(run_ids))


def declared_promise(design_id: str | None) -> Promise | None:
    """Return the promise declared when labels were drawn; `None` without a design and for labels made elsewhere."""
    if design_id is None:
        return None
    design = ui.services().store.design(design_id).design
    return design.settings.promise if design.is_drawn else None


def result(question: CalibrationQuestion, terms: "Terms") -> "CalibrationResult":
    """Return the result that answers a question, computed or cached.

    Raises:
        StoreError: a run or the design is not in this database.
    """
    store = ui.services().store
    runs, others = scores(question.run_ids), branches(question.run_ids)
    labels = _labels(question.design_id)
    last = labels.model_dump_json(exclude={"design"}) if labels else ""
    states = store.run_states([run.id for run in (*runs, *others)])
    return _calibrated(store.path, question, states, last, runs, others, labels, terms)


def _labels(design_id: str | None) -> LabelSet | None:
    from pipeline.calibration.labels import label_set

    if design_id is None:
        return None
    store = ui.services().store
    return label_set(store.design(design_id), store.labels(design_id), store.label_history(design_id))


@st.cache_resource(max_entries=16, show_spinner="Trying every threshold …")
def _calibrated(
    _database: Path,
    question: CalibrationQuestion,
    states: tuple[tuple[str, str, str], ...],
    labels_now: str,
    _runs: Sequence[RunScores],
    _branches: Sequence[RunScores],
    _labels: LabelSet | None,
    _terms: "Terms",
) -> "CalibrationResult":
    from pipeline.calibration.calibration_result import calibrate_runs

    return calibrate_runs(_runs, _branches, _labels, _terms, kept_only=question.kept_only)
