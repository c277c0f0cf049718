"""What is worked out of runs that have ended, kept while it is among the last used."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import streamlit as st

from pages.parts import ui
from pipeline.domain.run import RunRecord

_T = TypeVar("_T")

_ENDED = ("completed", "cancelled", "failed")


def once(what: str, runs: Sequence[RunRecord], compute: Callable[[], _T]) -> _T:
    """Something computed from runs, kept while all of them have ended: a rerun of the page computes nothing anew.

    Args:
        what: names it, with everything else that it depends on.
        runs: what it is computed from.
        compute: computes it; nobody may change what it gives.
    """
    if not all(run.status in _ENDED for run in runs):
        return compute()
    key = tuple((run.id, run.name, str(run.finished_at)) for run in runs)
    kept: _T = _kept(ui.services().store.path, what, key, compute)
    return kept


@st.cache_resource(max_entries=128, show_spinner=False)
def _kept(database: Path, what: str, key: tuple[tuple[str, str, str], ...], _compute: Callable[[], _T]) -> _T:
    return _compute()
