"""The trend of a setup on Runs: its runs over time, with a mark where the scores drifted."""

import streamlit as st

from pages.parts import threshold_data, ui
from pipeline.text.wording import MISSING, count, label, percent, score

_LOOKED_AT = 100
"""Newest runs among which setups are looked for."""


def show_trend() -> None:
    """Draw the trend; its runs are read only when it is opened."""
    with st.expander("Trend of a setup", icon=":material/timeline:", key="trend", on_change="rerun") as opened:
        if opened.open:
            _trend()


def _trend() -> None:
    from pipeline.results.trend import setups_with_trend, trend

    ended = [run for run in ui.services().store.run_names(_LOOKED_AT) if run.status != "running"]
    names = {run.id: run.study_name for run in ended}
    found = setups_with_trend(threshold_data.scores([run.id for run in reversed(ended)]))
    if not found:
        st.caption("No two runs have the same study, models, scorer and selection yet.")
        return
    setup = st.selectbox(
        "Setup",
        list(found),
        format_func=lambda one: (
            f"{label(names[found[one][0].id], 40)} · drafts by {label(one.drafted_by, 40)} · "
            f"{count(len(found[one]), 'run')}"
        ),
        label_visibility="collapsed",
    )
    points = trend(found[setup])
    st.dataframe(
        [
            {
                "started": ui.when(one.created_at),
                "run": label(one.name, 60),
                "mean score": score(one.mean_score.value) if one.mean_score else MISSING,
                "95 %": f"{score(one.mean_score.low)} to {score(one.mean_score.high)}" if one.mean_score else MISSING,
                "stays local": MISSING if one.local_share is None else percent(one.local_share),
                "": "⚠ drifted" if one.drifted else "",
                "open": f"/results?run={one.run_id}",
            }
            for one in points
        ],
        hide_index=True,
        column_config={"open": st.column_config.LinkColumn("open", display_text="Results")},
        alt="Runs of one setup over time",
    )
    marked = sum(one.drifted for one in points)
    told = f"{count(marked, 'run')} drifted" if marked else "No run drifted"
    at = score(found[setup][-1].config.quality_threshold)
    st.caption(
        f"{told}: the scores of its kept drafts differ from those of all earlier runs of the setup beyond chance "
        f"(p < 0.01). *Stays local* is at {at}, the threshold of the newest run."
    )
