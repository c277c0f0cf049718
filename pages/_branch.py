"""Configure for a run that begins with the drafts of another one: which, and what they were made with."""

from contextlib import suppress

import streamlit as st

from pages.parts import ui
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import StoreError
from pipeline.text.wording import count, escape_markdown, label


def chosen(study: Study | None) -> RunRecord | None:
    """The run whose drafts are to be used; `None` when drafts are to be written."""
    run_id = st.session_state.get(ui.DRAFTS_KEY)
    run = None
    if run_id:
        with suppress(StoreError):
            run = ui.run(run_id)
    if run is None or study is None or run.study_id != study.id:
        # It has been deleted, or another study was chosen.
        st.session_state[ui.DRAFTS_KEY] = None
        return None
    return run


def show(drafts: RunRecord) -> None:
    """Stage 1 of a run that begins with the drafts of another one."""
    st.header("1 · Draft", anchor=False)
    st.caption("Nothing is drafted: the drafts of another run are used.")
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f":material/call_split: **{escape_markdown(label(drafts.name))}**")
        st.caption(escape_markdown(drafts.id))
        for words in _made_with(drafts):
            st.caption(escape_markdown(words))
    st.caption("These settings made the drafts, so they cannot be changed here.")
    if st.button("Draft anew instead", icon=":material/edit_note:", help="Keep these settings, and write new drafts."):
        st.session_state[ui.DRAFTS_KEY] = None
        st.rerun()


def _made_with(drafts: RunRecord) -> tuple[str, ...]:
    config = drafts.config
    writer = "builtin" if config.local_provider == "builtin" else f"{config.local_provider} {config.local_model}"
    return (
        f"{count(len(drafts.drafts), 'scored draft')} by {writer}",
        f"{count(config.count, 'persona')} to deliver",
        f"seed {config.seed}",
    )
