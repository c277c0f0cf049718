"""The map of participants and personas: who is in which, how strongly, who is in none, and their words."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from pages.parts import ui
from pages.parts.table import TableColumn, TableRow, table
from pipeline.domain.run import RunRecord
from pipeline.results.people_map import STRENGTH, MapRow, OwnWords, PeopleMap, map_sentence, people_map, words_of
from pipeline.text.wording import escape_markdown, label, passage

_PER_PAGE = 50
_TALLEST = 12
_LONGEST = 600


@st.fragment
def show_people_map(run: RunRecord) -> None:
    """Draw the map in an expander that is empty, and costs nothing, until it is opened."""
    with st.expander(
        "Who stands behind each persona", icon=":material/grid_on:", key="people map", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        study = ui.study(run.study_id)
        found = ui.cached("people map", [run], partial(people_map, run, study))
        st.markdown(escape_markdown(map_sentence(found)))
        st.caption(f"{STRENGTH} Choose a participant to read their words.")
        page = 1
        if len(found.rows) > _PER_PAGE:
            page = st.pagination(-(-len(found.rows) // _PER_PAGE), key="page of the people map")
        chosen = _matrix(found, found.rows[(page - 1) * _PER_PAGE : page * _PER_PAGE])
        if chosen:
            _words(chosen, words_of(run, study, chosen))


def _matrix(found: PeopleMap, rows: Sequence[MapRow]) -> str | None:
    """Draw one row per participant; returns the chosen one."""
    columns = [
        TableColumn("Participant", 130),
        TableColumn("Personas", 90, is_number=True),
        *(TableColumn(label(persona.name, 40), 125) for persona in found.personas),
    ]
    shown = [
        TableRow(
            id=row.participant,
            name=row.participant,
            cells=[row.participant, str(row.personas or "none"), *(cell.words if cell else "" for cell in row.cells)],
        )
        for row in rows
    ]
    marked = table(
        columns,
        shown,
        key="people map table",
        marked=[],
        several=False,
        alt="Participants and personas, with the share of the statements that each participant supports",
        tallest=_TALLEST,
    )
    return next(iter(marked), None)


def _words(participant: str, found: Sequence[OwnWords]) -> None:
    """List what a participant said for each statement, with the question, the place and the time."""
    st.markdown(f"**{escape_markdown(label(participant))}**")
    if not found:
        st.caption("In a persona, but without words that support one of its statements on their own.")
    elif not found[0].persona:
        st.caption("In no persona. The first passages of this participant:")
    heading = ""
    for one in found:
        if one.persona != heading:
            heading = one.persona
            st.markdown(f"*{escape_markdown(label(heading))}*")
        statement = f"{escape_markdown(passage(one.statement, _LONGEST))}  \n" if one.statement else ""
        asked = f":gray[Asked: {escape_markdown(passage(one.question, 300))}]  \n" if one.question else ""
        quote = escape_markdown(passage(one.quote, _LONGEST)) or "The words were left out when this run was shared."
        st.markdown(f"{statement}{asked}> {quote}\n>\n> :gray[{escape_markdown(label(one.place, 200))}]")
