"""Show the first turns of every new file with their speakers, and buttons to swap, merge or split people.

A click is kept as a correction for every file with the same speakers, like those of `_mapping`, and the words change at
once. Text of files is untrusted: it is escaped before it meets Markdown.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import mapping, ui
from pipeline.domain.mapping import MappedRole
from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.sources import MappedPart, SourceFile, load_files, outline
from pipeline.sources.roles import DOUBTFUL
from pipeline.text.wording import count, escape_markdown, label, percent

if TYPE_CHECKING:
    import pandas as pd

CORRECTED = "corrected_speakers"
SHOWN_FILES, SHOWN_TURNS, SHOWN_SPEAKERS = 8, 6, 6


def show(ids: tuple[str, ...], files: Sequence[SourceFile], remembered: mapping.RememberedCorrections) -> None:
    """Every file with named speakers, the doubtful ones open."""
    key = mapping.key_of(remembered)
    shown = 0
    for file_id, file in zip(ids, files, strict=True):
        found = _read(file_id, key, file, remembered)
        if found is None:
            continue
        if shown == SHOWN_FILES:
            st.caption("Further files can be looked at under “Correct how this was read”.")
            return
        shown += 1
        _file(found[0], found[1], remembered)


def _file(part: MappedPart, study: Study, remembered: mapping.RememberedCorrections) -> None:
    document = study.documents[0]
    sure = document.confidence
    title = f"Who says what: {escape_markdown(part.title)}" + ("" if sure is None else f" ({percent(sure)} sure)")
    is_doubtful = sure is not None and sure < DOUBTFUL
    # A correction changes the title and so makes a new expander; it stays open to show the words change.
    is_open = is_doubtful or st.session_state.get(CORRECTED) == part.shape
    with st.expander(title, icon=":material/record_voice_over:", expanded=is_open):
        if document.roles:
            st.caption(escape_markdown(document.roles[0].upper() + document.roles[1:]) + ".")
        st.dataframe(_turns(study), hide_index=True, alt=f"First turns of {part.title}, with who is taken for whom.")
        kept = remembered.get(part.shape)
        try:
            roles = dict(part.roles(kept))
        except InputError:
            roles = dict(part.guess)
        _role_buttons(part, roles)
        _merge(part, roles)
        _part_by_file(part, roles)


def _turns(study: Study) -> "pd.DataFrame":
    """One row per turn, inert. Columns, all str: whether it asks or answers, the person, the words."""
    import pandas as pd

    from pipeline.text.spreadsheet import inert

    names = {person.id: f"{person.id} ({person.name})" if person.name else person.id for person in study.participants}
    rows = [
        {
            "Taken for": "asks" if segment.role == "interviewer" else "answers",
            "Person": "" if segment.role == "interviewer" else names.get(segment.participant or "", ""),
            "Words": segment.text[:160],
        }
        for segment in study.segments[:SHOWN_TURNS]
    ]
    return inert(pd.DataFrame(rows, dtype="str"))


def _role_buttons(part: MappedPart, roles: dict[str, MappedRole]) -> None:
    asking = [name for name in part.names if roles[name] == "interviewer"]
    with st.container(horizontal=True):
        if len(part.names) == 2 and len(asking) == 1:
            swapped: dict[str, MappedRole] = {
                name: "participant" if name in asking else "interviewer" for name in part.names
            }
            if st.button("Swap roles", icon=":material/swap_vert:", key=f"swap_{part.shape}"):
                _keep(part, swapped)
            return
        for name in part.names[:SHOWN_SPEAKERS]:
            verb, role = ("answers", "participant") if name in asking else ("asks", "interviewer")
            if st.button(f"{escape_markdown(name[:40])} {verb}", key=f"role_{part.shape}_{name}"):
                _keep(part, {**roles, name: role})


def _merge(part: MappedPart, roles: Mapping[str, MappedRole]) -> None:
    if len(part.names) < 2:
        return
    with st.popover("Two labels are one person", icon=":material/merge:"):
        one = st.selectbox("Label", part.names, format_func=label, key=f"merge_one_{part.shape}")
        other = st.selectbox(
            "is the same person as",
            [name for name in part.names if name != one],
            format_func=label,
            key=f"merge_other_{part.shape}",
        )
        if st.button("Merge", key=f"merge_{part.shape}"):
            _keep(part, roles, {one: other})


def _part_by_file(part: MappedPart, roles: Mapping[str, MappedRole]) -> None:
    answering = [name for name in part.names if roles[name] in ("participant", "apart")]
    with st.popover("Another person in every file", icon=":material/call_split:"):
        st.caption("Labels that name somebody else in each file, such as Participant 1.")
        before = [name for name in answering if roles[name] == "apart"]
        chosen = st.multiselect("Labels", answering, default=before, format_func=label, key=f"apart_{part.shape}")
        if st.button("Part by file", key=f"part_{part.shape}", disabled=chosen == before):
            _keep(part, {**roles, **dict.fromkeys(answering, "participant"), **dict.fromkeys(chosen, "apart")})


def _keep(part: MappedPart, roles: Mapping[str, MappedRole], merged: Mapping[str, str] | None = None) -> None:
    """Remember the roles, and who is merged with whom, for all files with these speakers."""
    names = sorted(part.names)
    mapping = part.mapping(roles)
    if merged:
        same = tuple(names.index(merged.get(name, name)) for name in names)
        mapping = mapping.model_copy(update={"same": same})
    ui.services().store.save_mapping(mapping, datetime.now(UTC))
    st.session_state[CORRECTED] = part.shape
    st.toast(f"Remembered for every file with these {count(len(names), 'speaker')}.")
    st.rerun()


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(
    file_id: str, key: tuple[str, ...], _file: SourceFile, _remembered: mapping.RememberedCorrections
) -> tuple[MappedPart, Study] | None:
    """The speakers of a file, and the file alone as a study; `None` if no speaker is named, or it cannot be read."""
    try:
        speakers = [part for part in outline(_file, remembered=_remembered.get) if part.kind == "speakers"]
        return (speakers[0], load_files([_file], "preview", remembered=_remembered.get)) if speakers else None
    except InputError:
        return None
