"""What the Label page reads from the store, kept while it does not change."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.parts import ui
from pipeline.calibration.design import ShownText, shown_texts
from pipeline.domain.labels import StoredDesign
from pipeline.domain.run import RunRecord

RATER_KEY = "label_rater"
"""Who labels in this session."""


def records(run_ids: Sequence[str]) -> list[RunRecord]:
    """Runs that have ended; each is read once while it is among the last few used.

    Raises:
        StoreError: one of them is not in this database.
    """
    return [ui.run(run_id) for run_id in run_ids]


def texts(stored: StoredDesign) -> dict[int, ShownText]:
    """The text of every task of a design, by place."""
    return _texts(ui.services().store.path, stored.id, stored.run_ids, stored)


@st.cache_resource(max_entries=4, show_spinner="Reading the texts …")
def _texts(_database: Path, design_id: str, run_ids: tuple[str, ...], _stored: StoredDesign) -> dict[int, ShownText]:
    return shown_texts(_stored, records(run_ids))
