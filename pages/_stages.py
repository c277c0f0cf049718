"""The three stages, told to whoever is here for the first time, with the figures of the study before them."""

import streamlit as st

from pipeline.domain.config import HybridConfig
from pipeline.domain.study import StudySize
from pipeline.text.wording import count


def explained(size: StudySize) -> None:
    """What a run would do with this study, one sentence per stage."""
    usual = HybridConfig()
    steps = {
        "1 · Draft": f"A local model writes {usual.draft_count} drafts, each from what some of your "
        f"{count(size.participants, 'participant')} said in {count(size.words, 'word')}. Free.",
        "2 · Assess": f"Every claim is looked up in your {count(size.segments, 'segment')}: a score from 0 to 1, "
        f"computed here. The best {usual.count} drafts are kept. Free.",
        "3 · Refine": "Only kept drafts under your threshold go to a paid model, within your budget. Configure "
        "shows what that can cost before anything is sent.",
    }
    st.markdown("**What a run will do with this study**")
    columns = st.grid(3, min_column_width=230, border=True)
    for title, sentence in steps.items():
        with columns.cell():
            st.markdown(f"**{title}**")
            st.caption(sentence)
