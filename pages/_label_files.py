"""Labels from a file: into the design that it names, or apart from all designs drawn here."""

from datetime import UTC, datetime

import streamlit as st

from pages.parts import label_start, ui
from pipeline.calibration.label_files import LabelFile, labels_for, made_elsewhere, read_labels
from pipeline.errors import PersonaError
from pipeline.sources import SourceFile
from pipeline.text.wording import count, escape_markdown, label


@st.fragment
def take_in(study_id: str) -> None:
    """A file of labels, what would become of it, and the button."""
    with st.expander(
        "Labels from a file", icon=":material/upload_file:", on_change="rerun", key="labels from a file"
    ) as opened:
        if not opened.open:
            return
        st.caption(
            "A CSV of labels written on this page goes back into its design. Any other needs the columns `draft` and"
            " `verdict` (or `label`), and `run` when it speaks of several runs; it is kept apart, because labels of"
            " drafts that were not drawn at random certify nothing."
        )
        upload = st.file_uploader("File with labels", "csv", label_visibility="collapsed")
        if upload is None:
            return
        try:
            file = read_labels(SourceFile(name=upload.name, data=upload.getvalue()), datetime.now(UTC))
            _offer(file, study_id)
        except PersonaError as error:
            ui.problem(error)


def _offer(file: LabelFile, study_id: str) -> None:
    store = ui.services().store
    known = {design.id: design for design in store.designs()}
    design = known.get(file.design_id or "")
    if design is not None and design.is_drawn:
        st.markdown(f"{count(len(file.rows), 'label')} of the design **{escape_markdown(label(design.name))}**.")
        if st.button("Take into this design", type="primary"):
            store.save_labels(design.id, labels_for(file, store.design(design.id), store.labels(design.id)))
            label_start.enter(design.id)
        return
    named = {row.run_id for row in file.rows}
    runs = {run.id: run.name for run in store.run_names(100, study_id) if run.personas}
    st.markdown(f"{count(len(file.rows), 'label')} made elsewhere.")
    chosen = st.multiselect(
        "Of which runs?", list(runs), [run for run in runs if run in named], format_func=runs.__getitem__
    )
    if chosen and st.button("Keep apart from drawn designs", type="primary"):
        made = made_elsewhere(file, store.scores(chosen))
        design_id = store.save_design(chosen, made.design, file.name, datetime.now(UTC))
        store.save_labels(design_id, made.labels)
        st.rerun()
