"""What of a study may leave this machine: the switch, its badge, and passages that talk to a model."""

import streamlit as st

from pages.parts import ui
from pipeline.domain.study import Segment, Study
from pipeline.errors import PersonaError
from pipeline.store import StudySummary
from pipeline.text.wording import count, escape_markdown

LABEL = "Never leaves this machine"
MEANING = (
    "No run, experiment or score on this study may send its words to another machine, whatever its settings say. "
    "builtin, simulated and servers on this machine go on working."
)
_SHOWN = 20
"""Passages that are listed; the others are counted."""


def switch(summary: StudySummary) -> None:
    """The switch of a study that is kept; turning it off is asked about once more."""
    if not summary.private:
        if st.toggle(LABEL, key=f"private_{summary.id}", help=MEANING):
            _set(summary.id, private=True)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(LABEL.lower(), icon=":material/lock:", color="green", help=MEANING)
        with st.popover("Allow sending", type="tertiary"):
            st.markdown(
                f"From then on runs on {escape_markdown(summary.name)} may send its words to the models that their "
                "settings name. What was sent cannot be called back."
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
    """Passages that look like instructions to a model; nothing where there are none."""
    found = _suspicious(study.id, study)
    if not found:
        return
    looks = "looks like an instruction" if len(found) == 1 else "look like instructions"
    with st.expander(f"{count(len(found), 'passage')} {looks} to a model", icon=":material/warning:"):
        st.caption(
            "Models are told to describe such passages and not to obey them, and no score, price or threshold is taken "
            "from what they say. A persona that repeats one is flagged. Look whether they belong in the study."
        )
        for segment in found[:_SHOWN]:
            st.markdown(f"- {escape_markdown(f'{segment.where}: {segment.text[:400]}')}")
        if len(found) > _SHOWN:
            st.caption(f"{len(found) - _SHOWN:,} more are not listed.")


@st.cache_resource(max_entries=2, show_spinner=False)
def _suspicious(study_id: str, _study: Study) -> tuple[Segment, ...]:
    from pipeline.text.instructions import suspicious

    return suspicious(_study)
