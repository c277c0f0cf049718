"""Experiments: which settings are worth their money, on the same drafts?

`?experiment=ID` shows one of them; without it the newest.
"""

import streamlit as st

from app import main
from pages.parts import access, experiment, experiment_form, ui
from pipeline.errors import StoreError
from pipeline.text.wording import label

_QUESTION = "Which settings are worth their money, on the same drafts?"


def page() -> None:
    """Show one experiment, and the form for a new one."""
    known = {experiment.id: experiment for experiment in ui.services().store.experiments()}
    asked = st.query_params.get("experiment")
    ui.header("Experiments", _QUESTION)
    if asked and asked not in known:
        ui.problem(f"There is no experiment '{asked}' in this database. It may have been deleted, or its study.")
        asked = None
    if not access.is_viewer():
        # Filled when opened: most visits only read.
        with st.expander(
            "New experiment", icon=":material/add:", expanded=not known, on_change="rerun", key="new experiment"
        ) as new:
            if new.open:
                experiment_form.show_experiment_form()
    if not known:
        with st.container(border=True):
            st.markdown(
                "**No experiment yet.** Its choices will be here in one table, with what each buys: the difference in "
                "score and in cost, with intervals."
            )
        return
    names = {key: f"{label(experiment.name)} · {label(key)}" for key, experiment in known.items()}
    chosen = asked or next(iter(known))
    if len(known) > 1:
        chosen = (
            st.selectbox(
                "Experiment",
                list(known),
                index=list(known).index(chosen),
                format_func=lambda key: names[key],
                width=620,
            )
            or chosen
        )
    if st.query_params.get("experiment") != chosen:
        st.query_params["experiment"] = chosen
    try:
        experiment.show_experiment(chosen)
    except StoreError as error:
        ui.problem(error)


ui.show_page(page, main)
