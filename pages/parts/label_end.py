"""The end of a design: counts of labels, agreement between them, and downloads."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.parts import label_card, ui
from pipeline.calibration.design import more_tasks
from pipeline.calibration.label_files import export_cases, export_labels
from pipeline.calibration.labels import disagreements, label_agreement, label_set
from pipeline.domain.labels import Agreement, Label, LabelDecision, StoredDesign
from pipeline.errors import PersonaError
from pipeline.text.wording import MISSING, escape_markdown, file_name, share

_MOST_LISTED = 10


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
        f"Labels of {escape_markdown(trust.raters[0])} count"
        + (f"; those of {others} count where {escape_markdown(trust.raters[0])} has given none." if others else ".")
    )
    st.header("Agreement between labels", anchor=False)
    sides = st.grid(2, min_column_width=300)
    with sides.cell():
        _agreement("The same text, labelled twice", trust.twice, "No text has been labelled twice yet.")
    with sides.cell():
        _agreement("Two people on the same text", trust.between, "No second rater yet: choose “Change rater” above.")
    st.caption("Kappa is agreement beyond chance: 0 is guessing, 1 is always. With few texts it is uncertain.")
    _disagreements(stored, labels, rater)
    _more(stored)
    _next(stored, labels, rater)


def _disagreements(stored: StoredDesign, labels: Sequence[Label], rater: str) -> None:
    """List the texts on which raters disagree, each with a third decision."""
    store = ui.services().store
    found = disagreements(stored, labels, store.label_history(stored.id))
    if not found:
        return
    st.header("Where raters disagree", anchor=False)
    st.caption("A third decision counts instead of both labels. It is logged with the name of the person who decides.")
    texts = label_card.texts_to_label(stored)
    for one in found[:_MOST_LISTED]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            name = escape_markdown(texts[one.place].persona.name) if one.place in texts else MISSING
            said = ", ".join(f"{escape_markdown(who)} {escape_markdown(given)}" for who, given in one.verdicts)
            done = f" · decided: {escape_markdown(one.decision.verdict)}" if one.decision else ""
            st.markdown(f"**{name}**: {said}{done}", width="stretch")
            for verdict in ("acceptable", "unacceptable"):
                if st.button(verdict.capitalize(), key=f"decide {verdict} {one.place}"):
                    decision = LabelDecision.model_validate(
                        {"place": one.place, "decided_by": rater, "verdict": verdict, "decided_at": datetime.now(UTC)}
                    )
                    store.save_decision(stored.id, decision)
                    st.rerun()
    if len(found) > _MOST_LISTED:
        st.caption(f"{len(found) - _MOST_LISTED} more follow when these are decided.")


def _more(stored: StoredDesign) -> None:
    """Offer further texts in a design that may stop early: its guarantee holds for them too."""
    if stored.design.settings.stopping != "may_stop" or not stored.design.is_drawn:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.number_input("Further texts", 1, 500, 20, width=160)
        if st.button("Draw more", icon=":material/add:"):
            store = ui.services().store
            try:
                store.add_tasks(stored.id, more_tasks(stored, store.scores(stored.run_ids), int(wanted)))
            except PersonaError as error:
                ui.problem(error)
                return
            st.rerun()


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
