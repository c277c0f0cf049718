"""Show a study as the loaders read it: its size, then its documents, participants or segments as a table."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import privacy
from pipeline.domain.study import Study, StudySize
from pipeline.text.wording import count, escape_markdown

if TYPE_CHECKING:
    import pandas as pd

COMMON_FACTS = ("age", "occupation", "location")
TABLE_HEIGHT = 430
"""Pixels; the same for every view, so that nothing jumps when another one is chosen."""
THREE_LINES = 68
"""Pixels of a row whose text wraps to three lines."""


def size(figures: StudySize) -> None:
    """Show the size of a study in four numbers."""
    with st.grid(2, min_column_width=104, gap="xxsmall"):
        st.metric("Documents", f"{figures.documents:,}")
        st.metric("Participants", f"{figures.participants:,}")
        st.metric("Words", f"{figures.words:,}", help="Words of participants. Interviewer turns are not counted.")
        st.metric("Segments", f"{figures.segments:,}", help="Pieces that can be quoted, interviewer turns included.")


def understood(study: Study) -> None:
    """Show a study as the loaders read it; what they left out comes first."""
    if study.warnings:
        left_out(study.warnings)
    privacy.talks_to_models(study)
    as_table(study)


@st.fragment
def as_table(study: Study) -> None:
    """Show documents, participants or segments as a table."""
    views = {"Documents": documents, "Participants": participants, "Segments": segments}
    view = st.segmented_control(
        "What was understood",
        list(views),
        default="Documents",
        required=True,
        key="study_view",
        persist_state="session",
    )
    views[view or "Documents"](study)


def left_out(warnings: tuple[str, ...]) -> None:
    """List files that were left out or may be misread, with the reason; collapsed when there are more than three."""
    title = f"{count(len(warnings), 'warning')}: files that were left out or may be misread"
    with st.expander(title, icon=":material/warning:", expanded=len(warnings) <= 3):
        for sentence in warnings:
            st.markdown(f"- {escape_markdown(sentence)}")


def documents(study: Study) -> None:
    """Show one row per file: its kind, its speakers and what was dropped."""
    speakers: dict[str, list[str]] = {document.id: [] for document in study.documents}
    for participant in study.participants:
        for document_id in participant.documents:
            speakers[document_id].append(participant.id)
    rows = [
        {
            "File": escape_markdown(document.name),
            "Who": escape_markdown(_people(speakers[document.id])),
            "Words": f"{document.words:,}",
            "Understood as": f"**{escape_markdown(document.kind)}** · {escape_markdown(' '.join(document.notes))}",
        }
        for document in study.documents
    ]
    # A table that wraps: notes on what was read and dropped must be readable without dragging columns.
    st.table(
        rows,
        border="horizontal",
        height=TABLE_HEIGHT,
        hide_index=True,
        alt=f"{count(len(rows), 'document')}: file, kind, participants, words and notes.",
    )


def _people(participants: list[str]) -> str:
    """Name the speakers of a document; more than three are shortened to the first and the last."""
    if len(participants) <= 3:
        return ", ".join(participants)
    return f"{participants[0]} … {participants[-1]} ({len(participants)})"


def participants(study: Study) -> None:
    """One row per person, with the facts that the files state."""
    import pandas as pd

    from pipeline.text.spreadsheet import inert

    names = {document.id: document.name for document in study.documents}
    rows = [
        {
            "Participant": person.id,
            "Name": person.name or "",
            "Age": person.demographics.get("age", ""),
            "Occupation": person.demographics.get("occupation", ""),
            "Location": person.demographics.get("location", ""),
            "Words": person.words,
            "Documents": ", ".join(names[document_id] for document_id in person.documents),
            "Other facts": "; ".join(
                f"{fact}: {value}" for fact, value in person.demographics.items() if fact not in COMMON_FACTS
            ),
        }
        for person in study.participants
    ]
    st.dataframe(
        inert(pd.DataFrame(rows)),
        hide_index=True,
        height=TABLE_HEIGHT,
        column_config={
            "Participant": st.column_config.TextColumn(width=85),
            "Name": st.column_config.TextColumn(width=120),
            "Age": st.column_config.TextColumn(width=50),
            "Words": st.column_config.NumberColumn(width=65, format="localized"),
            "Documents": st.column_config.TextColumn(width=170),
        },
        alt=f"{count(len(rows), 'participant')} with the facts stated about them, their words and documents.",
    )


def segments(study: Study) -> None:
    """Everything that can be quoted, searchable, with the interviewer's turns for context."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Search the text",
            key="segment_search",
            type="search",
            live="300ms",
            placeholder="bill, price, location …",
            width=420,
        )
        whose = st.segmented_control(
            "Show", ["Everyone", "Participants", "Interviewer"], default="Everyone", required=True, key="segment_role"
        )
    everything = _segment_table(study.id, study)
    found = everything
    if wanted:
        found = found[found["Text"].str.contains(wanted, case=False, regex=False)]
    if whose == "Interviewer":
        found = found[found["Role"] == "interviewer"]
    elif whose == "Participants":
        found = found[found["Role"] == "participant"]
    st.caption(f"{count(len(found), 'segment')} of {len(everything):,}")
    st.dataframe(
        found,
        height=TABLE_HEIGHT,
        row_height=THREE_LINES,
        hide_index=True,
        column_config={
            "Text": st.column_config.TextColumn(width=440),
            "Participant": st.column_config.TextColumn(width=85),
            "Role": st.column_config.TextColumn(width=100, help="Interviewer turns are never used as evidence."),
        },
        placeholder="No segment has these words." if found.empty else None,
        alt=f"{count(len(found), 'segment')}: text, participant, role, file and place.",
    )


@st.cache_resource(max_entries=2, show_spinner=False)
def _segment_table(study_id: str, _study: Study) -> "pd.DataFrame":
    """One row per segment in reading order, inert. Columns, all str: Text, Participant, Role, File, Place."""
    import pandas as pd

    from pipeline.text.spreadsheet import inert

    names = {document.id: document.name for document in _study.documents}
    rows = [
        (segment.text, segment.participant or "", segment.role, names[segment.document], segment.where)
        for segment in _study.segments
    ]
    return inert(pd.DataFrame(rows, columns=["Text", "Participant", "Role", "File", "Place"], dtype="str"))
