"""Correct how a file was read: assign columns or speakers, and compare the figures before and after.

Offered for new files, also for one in which nothing was recognised. A correction is remembered
for every file with the same columns or speakers. Text of files is untrusted: it is escaped before it meets Markdown.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from pages.parts import ui
from pipeline.domain.mapping import MappedRole
from pipeline.errors import InputError
from pipeline.sources import MappedPart, SourceFile, load_files, outline
from pipeline.sources import StudyMapping as Correction
from pipeline.text.wording import count, escape_markdown, label

if TYPE_CHECKING:
    import pandas as pd

SINGLE: dict[MappedRole, tuple[str, str]] = {
    "participant": ("Participant", "Names or numbers the person; rows with the same value belong together."),
    "question": ("Question", "What was asked in this row."),
    "speaker": ("Speaker", "Who says this row, interviewers included. For tables of turns."),
    "conversation": ("Conversation", "Which interview a turn belongs to. Needs a speaker column."),
    "subject": ("Subject", "A short title of the row; shown as its place, not counted as words."),
}
MANY: dict[MappedRole, tuple[str, str]] = {
    "words": ("Words of the participant", "Answers, comments, messages: the evidence that personas are drawn from."),
    "fact": ("Facts about the participant", "Age, job, a rating: shown beside the person, not quoted."),
    "tag": ("Codes", "Under which codes somebody put the words of the row."),
}
WORDS: dict[MappedRole, str] = {
    "participant": "participant", "words": "words", "fact": "fact", "question": "question",
    "speaker": "speaker", "conversation": "conversation", "subject": "subject", "tag": "code", "ignored": "left out",
    "interviewer": "interviewer", "recognised": "recognised in each conversation",
    "apart": "participant of this file only",
}  # fmt: skip
NO_COLUMN = "No column"
SHOWN_ROWS = 3
_LONGEST = 160
"""Characters of a column or speaker: questions of a survey begin alike."""
RememberedCorrections = dict[str, Correction]


class Counts(NamedTuple):
    """Figures of one file as it is read."""

    participants: int
    answers: int
    words: int
    refused: str | None = None
    """The reason why it cannot be read, in a sentence."""


def editor(
    ids: tuple[str, ...], files: Sequence[SourceFile], remembered: RememberedCorrections, refused: InputError | None
) -> None:
    """Draw the correction form for new files; expanded at first when they could not be read.

    Args:
        ids: of the files, which change with their content.
        files: as uploaded.
        remembered: saved corrections.
        refused: the error, where they cannot be read as a study.
    """
    found = _parts(ids, key_of(remembered), list(files), remembered)
    if not found:
        return
    with st.expander("Correct how this was read", icon=":material/tune:", expanded=refused is not None):
        if refused:
            st.caption("Choose the column or speaker with the participants' own words, then press “Use this”.")
        place = 0
        if len(found) > 1:
            place = st.selectbox(
                "What to correct",
                range(len(found)),
                index=_first_refused(ids, files, found, remembered) if refused else 0,
                format_func=lambda number: label(_title(found[number][1]), _LONGEST),
                key=f"map_part_{hash(ids)}",
            )
        number, part = found[place]
        _form(ids[number], files[number], part, remembered)


def key_of(remembered: RememberedCorrections) -> tuple[str, ...]:
    """Return a cache key that changes with every correction."""
    return tuple(sorted(correction.model_dump_json() for correction in remembered.values()))


def _title(part: MappedPart) -> str:
    return f"{part.title}: {count(len(part.names), 'column' if part.kind == 'table' else 'speaker')}"


def _first_refused(
    ids: tuple[str, ...],
    files: Sequence[SourceFile],
    found: list[tuple[int, MappedPart]],
    remembered: RememberedCorrections,
) -> int:
    """Return the first part of a file that cannot be read, to show it first; 0 without one."""
    for place, (number, _) in enumerate(found):
        if _counted(ids[number], key_of(remembered), files[number], remembered).refused:
            return place
    return 0


def _form(file_id: str, file: SourceFile, part: MappedPart, remembered: RememberedCorrections) -> None:
    kept = remembered.get(part.shape)
    try:
        current = part.roles(kept)
    except InputError:
        current = part.guess
    # The names of the fields change with the saved correction, so that they show its values.
    prefix = f"map_{part.shape}_{hash(kept)}_"
    roles = _columns(part, current, prefix) if part.kind == "table" else _speakers(part, current, prefix)
    same = kept.same if kept else ()
    drafted = {**remembered, part.shape: part.mapping(roles).model_copy(update={"same": same})}
    before = _counted(file_id, key_of(remembered), file, remembered)
    after = _counted(file_id, key_of(drafted), file, drafted)
    _figures(before, after)
    st.dataframe(_preview(part, roles), hide_index=True, alt=f"{_title(part)}, each with its use and first values.")
    _buttons(part, roles, kept, changed=roles != current, after=after)


def _column(name: str) -> str:
    return label(name, _LONGEST)


def _columns(part: MappedPart, current: Mapping[str, MappedRole], prefix: str) -> dict[str, MappedRole]:
    """The roles chosen for the columns of a table; a column chosen twice keeps the first use in this order."""
    roles: dict[str, MappedRole] = dict.fromkeys(part.names, "ignored")
    chosen: dict[MappedRole, list[str]] = {}
    fields = st.grid(2, min_column_width=300)
    for role in ("participant", *MANY, *(role for role in SINGLE if role != "participant")):
        own = [name for name in part.names if current[name] == role]
        with fields.cell():
            if role in MANY:
                title, about = MANY[role]
                chosen[role] = st.multiselect(
                    title,
                    part.names,
                    default=own,
                    format_func=_column,
                    placeholder=NO_COLUMN,
                    key=prefix + role,
                    help=about,
                )
            else:
                title, about = SINGLE[role]
                # "No column" is an option of its own: a field that starts with a value cannot be emptied.
                picked = st.selectbox(
                    title,
                    [None, *part.names],
                    index=part.names.index(own[0]) + 1 if own else 0,
                    format_func=lambda name: NO_COLUMN if name is None else _column(name),
                    key=prefix + role,
                    help=about,
                )
                chosen[role] = [picked] if picked is not None else []
    for role in reversed(chosen):
        roles.update(dict.fromkeys(chosen[role], role))
    return roles


def _speakers(part: MappedPart, current: Mapping[str, MappedRole], prefix: str) -> dict[str, MappedRole]:
    """The roles chosen for speakers: all but interviewers and those left out are participants."""
    fields = st.grid(2, min_column_width=300)
    asking = [name for name in part.names if current[name] == "interviewer"]
    gone = [name for name in part.names if current[name] == "ignored"]
    with fields.cell():
        asking = st.multiselect(
            "Interviewers", part.names, default=asking, format_func=_column, placeholder="None", key=prefix + "asking"
        )
    with fields.cell():
        gone = st.multiselect(
            "Left out",
            part.names,
            default=gone,
            format_func=_column,
            key=prefix + "gone",
            help="Their turns are dropped.",
        )
    varying = [name for name in part.names if current[name] == "recognised" and name not in (*asking, *gone)]
    if varying:
        names = escape_markdown(", ".join(varying[:6]))
        st.caption(f"{names}: asks in some conversations and answers in others, so the role is decided in each.")
    roles: dict[str, MappedRole] = dict.fromkeys(part.names, "participant")
    roles.update(dict.fromkeys(varying, "recognised"))
    roles.update({name: "apart" for name in part.names if current[name] == "apart"})
    roles.update(dict.fromkeys(asking, "interviewer"))
    roles.update(dict.fromkeys(gone, "ignored"))
    return roles


def _figures(before: Counts, after: Counts) -> None:
    """Show the figures of this file, and their change with the roles chosen above."""
    if after.refused:
        st.warning(escape_markdown(after.refused), icon=":material/info:")
        return
    names = ("Participants", "Answers", "Words")
    with st.grid(3, min_column_width=110, gap="xsmall"):
        for name, old, new in zip(names, before[:3], after[:3], strict=True):
            change = f"was {old:,}" if old != new else None
            st.metric(name, f"{new:,}", delta=change, delta_color="off", delta_arrow="off")


def _preview(part: MappedPart, roles: Mapping[str, MappedRole]) -> "pd.DataFrame":
    """One row per column or speaker, inert. Columns, all str: its name, its use, its first values."""
    import pandas as pd

    from pipeline.text.spreadsheet import inert

    noun, value = ("Column", "Row") if part.kind == "table" else ("Speaker", "First words")
    heads = [f"{value} {number}" if part.kind == "table" else value for number in range(1, SHOWN_ROWS + 1)]
    rows = [
        {
            noun: name,
            "Used as": WORDS[roles[name]],
            **{head: row[place] for head, row in zip(heads, part.sample, strict=False)},
        }
        for place, name in enumerate(part.names)
    ]
    return inert(pd.DataFrame(rows, dtype="str"))


def _buttons(
    part: MappedPart, roles: dict[str, MappedRole], kept: Correction | None, *, changed: bool, after: Counts
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        why = None if changed else "Nothing has changed."
        why = "The file cannot be read in this way." if after.refused else why
        if st.button("Use this", icon=":material/check:", disabled=bool(why), help=why, key=f"map_use_{part.shape}"):
            _keep(part, roles, kept)
        if kept and st.button("Forget", icon=":material/undo:", type="tertiary", key=f"map_forget_{part.shape}"):
            ui.services().store.forget_mapping(part.shape)
            st.rerun()
        same = "columns" if part.kind == "table" else "speakers"
        remembered = "Remembered" if kept else "Will be remembered"
        st.caption(f"{remembered} for every file with the same {same}, on the command line too.", width="content")


def _keep(part: MappedPart, roles: dict[str, MappedRole], kept: Correction | None) -> None:
    store = ui.services().store
    same = kept.same if kept else ()
    if roles == part.guess and not same:
        store.forget_mapping(part.shape)
    else:
        store.save_mapping(part.mapping(roles).model_copy(update={"same": same}), datetime.now(UTC))
    st.rerun()


@st.cache_resource(max_entries=4, show_spinner=False)
def _parts(
    ids: tuple[str, ...], key: tuple[str, ...], _files: list[SourceFile], _remembered: RememberedCorrections
) -> list[tuple[int, MappedPart]]:
    """List the mappable parts of the files, each with the number of its file; skip files that cannot be read."""
    found: list[tuple[int, MappedPart]] = []
    for number, file in enumerate(_files):
        try:
            found.extend((number, part) for part in outline(file, remembered=_remembered.get))
        except InputError:
            continue
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def _counted(file_id: str, key: tuple[str, ...], _file: SourceFile, _remembered: RememberedCorrections) -> Counts:
    try:
        study = load_files([_file], "preview", remembered=_remembered.get)
    except InputError as error:
        return Counts(0, 0, 0, str(error))
    answers = sum(segment.role == "participant" for segment in study.segments)
    return Counts(len(study.participants), answers, study.words)
