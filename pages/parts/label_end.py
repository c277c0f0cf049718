"""The end of a design: counts of labels, agreement between them, and downloads."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from pages.parts import label_card, ui
from pipeline.calibration.label_files import export_cases, export_labels
from pipeline.calibration.labels import label_agreement, label_set
from pipeline.domain.labels import Agreement, Label, StoredDesign
from pipeline.text.wording import MISSING, escape_markdown, file_name, share


def show_label_summary(stored: StoredDesign, labels: Sequence[Label], rater: str) -> None:
    """Show the summary of a design to a rater who has labelled all of it."""
    st.success("Every text has its label.", icon=":material/check_circle:")
    trust = label_agreement(stored, labels)
    first = Counter(label.verdict for label in labels if label.rater == trust.raters[0])
    with st.container(horizontal=True, gap="large"):
        for verdict in ("acceptable", "unacceptable", "unsure"):
            st.metric(verdict.capitalize(), f"{first[verdict]:,}", width="content")
    others = ", ".join(escape_markdown(name) for name in trust.raters[1:])
    st.caption(
        f"Labels of {escape_markdown(trust.raters[0])}, the first rater, count"
        + (f"; those of {others} only measure agreement." if others else ".")
    )
    st.header("Agreement between labels", anchor=False)
    sides = st.grid(2, min_column_width=300)
    with sides.cell():
        _agreement("The same text, labelled twice", trust.twice, "No text has been labelled twice yet.")
    with sides.cell():
        _agreement("Two people on the same text", trust.between, "No second rater yet: choose “Change rater” above.")
    st.caption("Kappa is agreement beyond chance: 0 is guessing, 1 is always. With few texts it is uncertain.")
    _next(stored, labels, rater)


def _agreement(title: str, found: Agreement, nothing: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{title}**")
        if not found.n or found.agreement is None:
            st.caption(nothing)
            return
        with st.container(horizontal=True, gap="large"):
            st.metric("Equal", share(round(found.agreement * found.n), found.n), width="content")
            kappa = MISSING if found.kappa is None else f"{found.kappa:.2f}"
            st.metric(f"Kappa (n = {found.n:,})", kappa, width="content")
        if found.kappa is None:
            st.caption("Kappa needs more than one kind of label.")


def _next(stored: StoredDesign, labels: Sequence[Label], rater: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            ui.CALIBRATE,
            label="See what these labels certify",
            icon=":material/speed:",
            query_params={"design": stored.id},
        )
        st.download_button(
            "Labels as CSV",
            lambda: export_labels(stored, labels),
            file_name(f"{stored.id} labels.csv"),
            icon=":material/download:",
            on_click="ignore",
        )
        if stored.design.is_drawn:
            _scored_download(stored, labels)
        label_card.undo_button(stored, rater)


def _scored_download(stored: StoredDesign, labels: Sequence[Label]) -> None:
    store = ui.services().store
    st.download_button(
        "Drafts with score and label",
        lambda: export_cases(store.scores(stored.run_ids), label_set(stored, labels)),
        file_name(f"{stored.id} drafts.csv"),
        icon=":material/download:",
        help="Every kept draft of these runs, for `persona calibrate --csv`.",
        on_click="ignore",
    )
