"""Which runs are compared: read from the address, chosen on the page, loaded once."""

from collections.abc import Sequence

import streamlit as st

from pages.parts import ui
from pipeline.domain.comparison import FEWEST, MOST, Comparison
from pipeline.domain.run import RunRecord
from pipeline.store.run_list import RunName
from pipeline.text.wording import escape_markdown, label, score

_OFFERED = 100
"""The newest runs, offered in a list that can be searched; older ones are found on Runs."""


def asked(saved: Comparison | None) -> list[str]:
    """The ids of the address, else those of the saved comparison; each once."""
    given = [run_id for part in st.query_params.get("runs", "").split(",") if (run_id := part.strip())]
    return list(dict.fromkeys(given or (saved.run_ids if saved else ())))


def load(run_ids: Sequence[str]) -> list[RunRecord]:
    """The runs in this order; those that are not there are left out. An ended run is read once."""
    if len(run_ids) > MOST:
        run_ids = run_ids[: MOST + 1]
    store = ui.services().store
    return [ui.record(run) for run in store.listed_runs(run_ids)]


@st.fragment
def chooser(runs: Sequence[RunRecord]) -> None:
    """A way to other runs, opened on demand."""
    with st.popover("Change runs", icon=":material/edit:", on_change="rerun", key="change runs") as change:
        if change.open:
            choice(runs)


def choice(chosen: Sequence[RunRecord]) -> None:
    """A form with the runs to compare; the first one is the baseline."""
    names = {run.id: _named(run, run.threshold) for run in ui.services().store.run_names(_OFFERED)}
    names |= {run.id: _named(run, run.config.quality_threshold) for run in chosen if run.id not in names}
    if len(names) < FEWEST:
        st.caption(f"There {'is one run' if names else 'is no run yet'}, and a comparison needs {FEWEST}.")
        st.page_link(ui.CONFIGURE, label="Configure a run", icon=":material/tune:")
        return
    with st.form("runs to compare", border=False):
        ids = st.multiselect(
            "Runs, the baseline first",
            list(names),
            [run.id for run in chosen],
            format_func=names.__getitem__,
            max_selections=MOST,
            key=f"compared {' '.join(run.id for run in chosen)}",
        )
        if st.form_submit_button("Compare", type="primary"):
            if len(ids) < FEWEST:
                st.caption(f"Choose at least {FEWEST}.")
            else:
                st.query_params.from_dict({"runs": ",".join(ids)})
                st.rerun()


def _named(run: RunName | RunRecord, threshold: float) -> str:
    return escape_markdown(f"{label(run.name, 50)} · {score(threshold)} · {ui.when(run.created_at)} · {run.id}")
