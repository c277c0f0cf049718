"""Control what may leave this machine: the switch of a study, its badge, and passages that address a model."""

import streamlit as st

from pages.parts import ui
from pipeline.domain.study import Segment, Study
from pipeline.errors import PersonaError
from pipeline.store import StudySummary
from pipeline.text.wording import count, escape_markdown

LABEL = "Keep this study on this machine"
MEANING = (
    "Runs, experiments and scores never send the words of this study to another machine, whatever their settings say. "
    "builtin, simulated and servers on this machine still work."
)
_SHOWN = 20
"""Passages that are listed; the others are counted."""


def switch(summary: StudySummary) -> None:
    """Draw the switch of a stored study; turning it off needs a confirmation."""
    if not summary.private:
        if st.toggle(LABEL, key=f"private_{summary.id}", help=MEANING):
            _set(summary.id, private=True)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("never leaves this machine", icon=":material/lock:", color="green", help=MEANING)
        with st.popover("Allow sending", type="tertiary"):
            st.markdown(
                f"After that, runs on {escape_markdown(summary.name)} may send its words to the models in their "
                "settings. Sent words cannot be taken back."
            )
            if st.button("Allow it", icon=":material/lock_open:"):
                _set(summary.id, private=False)


def _set(study_id: str, *, private: bool) -> None:
    try:
        ui.services().store.set_private(study_id, private)
    except PersonaError as error:
        ui.problem(error)
        return
    st.session_state.pop(f"private_{study_id}", None)
    st.rerun()


def talks_to_models(study: Study) -> None:
    """List passages that look like instructions to a model; draw nothing without any."""
    found = _suspicious(study.id, study)
    if not found:
        return
    looks = "looks like an instruction" if len(found) == 1 else "look like instructions"
    with st.expander(f"{count(len(found), 'passage')} {looks} to a model", icon=":material/warning:"):
        st.caption(
            "Prompts tell models to describe such passages, not to obey them, and no score, price or threshold is "
            "taken from them. A persona that repeats one is flagged. Check whether they belong in the study."
        )
        for segment in found[:_SHOWN]:
            st.markdown(f"- {escape_markdown(f'{segment.where}: {segment.text[:400]}')}")
        if len(found) > _SHOWN:
            st.caption(f"{len(found) - _SHOWN:,} more are not listed.")


@st.cache_resource(max_entries=2, show_spinner=False)
def _suspicious(study_id: str, _study: Study) -> tuple[Segment, ...]:
    from pipeline.text.instructions import suspicious

    return suspicious(_study)
