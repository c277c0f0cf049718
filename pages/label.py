"""Label: which texts are good enough, judged without knowing where they come from?

One design at a time (`?design=ID`). Without one: the designs of the study, and a new draw. Raters enter a name, which
stays out of the address.
"""

import streamlit as st

from app import main
from pages.parts import label_card, label_end, label_start, ui
from pages.parts.label_card import RATER_KEY, labelled_runs
from pipeline.calibration.labels import raters
from pipeline.domain.labels import StoredDesign
from pipeline.errors import StoreError
from pipeline.text.wording import escape_markdown, label

_QUESTION = "Which texts are good enough, judged without knowing where they come from?"


def page() -> None:
    """Show a design with its cards, or the list of designs."""
    design_id = st.query_params.get("design")
    if design_id is None:
        _choose()
        return
    try:
        stored = ui.services().store.design(design_id)
    except StoreError as error:
        ui.header("Label", _QUESTION)
        ui.problem(error)
        if st.button("Choose another design", icon=":material/arrow_back:"):
            label_start.leave()
        return
    _label(stored)


def _choose() -> None:
    study = ui.current_study()
    ui.header("Label", _QUESTION, study_name=study.name if study else None)
    if study is None:
        st.info("No study yet. Labels are given to texts of a run, and a run needs a study.", icon=":material/inbox:")
        st.page_link(ui.UPLOAD, label="Choose a study on Upload", icon=":material/upload_file:")
        return
    label_start.open_designs(study.id)
    label_start.new_design(study)
    label_start.labels_from_file(study.id)


def _label(stored: StoredDesign) -> None:
    runs = labelled_runs(stored.run_ids)
    study_name = runs[0].study_name if runs else None
    ui.header("Label", _QUESTION, study_name=study_name, run=runs[0] if len(runs) == 1 else None)
    labels = ui.services().store.labels(stored.id)
    rater = st.session_state.get(RATER_KEY)
    _bar(stored, rater)
    if not rater:
        _ask_who(list(raters(labels)))
        return
    if label_card.next_place(stored, rater) is None:
        label_end.show_label_summary(stored, labels, rater)
    else:
        label_card.label_cards(stored, rater)


def _bar(stored: StoredDesign, rater: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        who = f" · labelled by {escape_markdown(rater)}" if rater else ""
        st.caption(f":material/checklist: {escape_markdown(label(stored.name))}{who}", width="content")
        if rater and st.button("Change rater", icon=":material/switch_account:", type="tertiary"):
            del st.session_state[RATER_KEY]
            st.rerun()
        if st.button("All designs", icon=":material/list:", type="tertiary"):
            label_start.leave()
        label_start.delete_popover(stored.id, stored.name)


def _ask_who(known: list[str]) -> None:
    """Ask for the name of the rater; those who have begun are offered."""
    with st.form("who", width=480):
        st.markdown("**Who is labelling?**")
        name = st.selectbox(
            "Your name",
            known,
            index=None,
            format_func=label,
            accept_new_options=True,
            placeholder="Type a name, or choose yours to continue",
        )
        st.caption("A second person sees the same texts, but not the labels of the first.")
        if st.form_submit_button("Begin", type="primary", icon=":material/play_arrow:"):
            if name and name.strip():
                # "ana" and "Ana" are the same rater.
                same = (one for one in known if one.casefold() == name.strip().casefold())
                st.session_state[RATER_KEY] = next(same, name.strip()[:80])
                st.rerun()
            st.warning("Type a name first: labels belong to a person.", icon=":material/person:")


ui.show_page(page, main)
