"""Upload: which study will the personas be drawn from?

Choose an earlier study or add files. Both are shown as the loaders read them, with a preview of what a run does. New
files are saved only by "Use this study".
"""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from app import main
from pages.parts import access, mapping, privacy, study_view, ui, who_says_what
from pipeline.domain.config import HybridConfig
from pipeline.domain.study import Study, StudySize
from pipeline.errors import InputError, PersonaError, StoreError
from pipeline.jobs.erasure import erase_study
from pipeline.sources import SourceFile, extensions, load_files, load_paths, read_paths
from pipeline.store import StudySummary
from pipeline.text.wording import count, escape_markdown, label

FORMATS = (
    f"Interviews, survey answers or tickets as {', '.join(ending[1:].upper() for ending in extensions())}. "
    "Several files become one study. Reading them sends nothing."
)
NAME_KEY, FOLDER_KEY, UPLOAD_KEY = "upload_name", "upload_folder", "upload_files"
BOTH_KEY, TWICE = "upload_keep_both", "the same talk twice"


class Arrival(NamedTuple):
    """New files, read but not saved yet."""

    ids: tuple[str, ...]
    """One per file, changing with its content."""
    files: list[SourceFile]
    study: Study | InputError
    """The study in them, or the reason why they cannot be read as one."""
    known_as: str | None = None
    """Name of the stored study with the same files."""


def page() -> None:
    """Draw the page, top to bottom."""
    try:
        study_id = ui.current_study_id()
    except PersonaError as error:
        # This is the page where another study can be chosen, so an old link must not block it.
        ui.problem(error)
        st.query_params.pop("study")
        study_id = ui.current_study_id()
    store = ui.services().store
    kept = store.studies()
    current = next((summary for summary in kept if summary.id == study_id), None)
    # Without the name of a study: it would be that of the one before while new files are read.
    ui.header("Upload", "Which study will the personas be drawn from?")

    cards = st.grid(2, min_column_width=330, border=True)
    chosen_card, new_card = cards.cell(), cards.cell()
    with new_card:
        arrival = new_files(kept)
    with chosen_card:
        if arrival and isinstance(arrival.study, Study):
            arrived(arrival.study, arrival.known_as)
        elif current:
            chosen(current, kept)
        else:
            nothing_yet()
    if arrival:
        refused = arrival.study if isinstance(arrival.study, InputError) else None
        who_says_what.show(arrival.ids, arrival.files, store.mappings())
        mapping.editor(arrival.ids, arrival.files, store.mappings(), refused)
    if arrival and isinstance(arrival.study, Study):
        study_view.understood(arrival.study)
    elif current:
        if not current.runs:
            what_a_run_will_do(current.size)
        study_view.understood(ui.study(current.id))


# --- the study in use ------------------------------------------------------------------------------


def chosen(current: StudySummary, kept: list[StudySummary]) -> None:
    """Show the current study: change it, delete it, or configure a run."""
    names = {summary.id: label(summary.name, 80) for summary in kept}
    # The choice follows the address and the session, so its key changes with them.
    picked = st.selectbox(
        "Study in use",
        list(names),
        index=list(names).index(current.id),
        format_func=lambda study_id: names[study_id],
        key=f"study_in_use_{current.id}",
    )
    if picked != current.id:
        ui.use_study(picked)
        st.rerun()
    study_view.size(current.size)
    privacy.switch(current)
    if current.name == ui.EXAMPLE_NAME:
        st.caption("An invented interview study that comes with Persona. Try everything on it, then bring your own.")
    else:
        st.caption("To correct how its files were read, upload them again.")
    with st.container(horizontal=True):
        if st.button("Configure", type="primary", icon=":material/arrow_forward:", icon_position="right"):
            ui.go(ui.CONFIGURE)
        with st.popover("Delete", icon=":material/delete:", type="tertiary"):
            confirm_delete(current)


def confirm_delete(summary: StudySummary) -> None:
    """Ask for confirmation, because deletion is final."""
    runs = f" and {count(summary.runs, 'run')}" if summary.runs else ""
    st.markdown(
        f"{escape_markdown(label(summary.name))}: its copy of {count(summary.size.documents, 'document')}{runs} will "
        "be erased from the database. Your own files stay where they are. This cannot be undone."
    )
    if not st.button("Delete for good", icon=":material/delete:"):
        return
    try:
        erase_study(ui.services().store, summary.id, ui.cache_folder())
    except (StoreError, OSError) as error:
        ui.problem(str(error))
        return
    ui.forget_studies()
    ui.use_study(None)
    st.rerun()


def nothing_yet() -> None:
    """Draw the empty state, with a button that loads the example study."""
    st.markdown("**No study yet**")
    st.caption("Add interviews, survey answers or tickets to see here how they were read.")
    if st.button("Load the example study", type="primary", icon=":material/auto_stories:"):
        ui.use_study(ui.add_example(ui.services().store))
        st.rerun()


# --- new files -------------------------------------------------------------------------------------


def new_files(kept: list[StudySummary]) -> Arrival | None:
    """Read files from the browser or a folder of this machine into a study; `None` without files."""
    uploads = st.file_uploader(
        "Add your own study",
        accept_multiple_files=True,
        key=UPLOAD_KEY,
    )
    folder = ""
    # A path is read by this process, so only a user at this machine may name one.
    if access.sits_here():
        folder = st.text_input(
            "or a file or folder on this machine",
            key=FOLDER_KEY,
            placeholder="/home/me/interviews",
            icon=":material/folder_open:",
            disabled=bool(uploads),
            help="Remove the uploaded files to read a folder instead." if uploads else None,
        )
    st.caption(FORMATS)
    try:
        if uploads:
            files = [SourceFile(name=upload.name, data=upload.getvalue()) for upload in uploads]
            ids = tuple(upload.file_id for upload in uploads)
        elif folder.strip():
            files = _files_below(folder.strip())
            ids = tuple(f"{file.name} {hash(file.data)}" for file in files)
        else:
            return None
    except InputError as error:
        ui.problem(error)
        return None
    return _read(ids, files, folder.strip(), kept)


def _read(ids: tuple[str, ...], files: list[SourceFile], folder: str, kept: list[StudySummary]) -> Arrival:
    """Read the files as a study with the saved corrections, or keep the error."""
    remembered = ui.services().store.mappings()
    key = mapping.key_of(remembered)
    both = bool(st.session_state.get(BOTH_KEY))
    try:
        if folder:
            study = _read_folder(folder, ids, key, both, remembered)
        else:
            study = _read_files(ids, key, both, files, remembered)
    except InputError as error:
        ui.problem(error)
        return Arrival(ids, files, error)
    return Arrival(ids, files, study, next((summary.name for summary in kept if summary.id == study.id), None))


# Cached by files and corrections, so that a click on the page reads nothing again. Errors are not cached.
@st.cache_resource(max_entries=2, show_spinner="Reading the files …")
def _read_files(
    ids: tuple[str, ...],
    key: tuple[str, ...],
    both: bool,
    _files: list[SourceFile],
    _remembered: mapping.RememberedCorrections,
) -> Study:
    name = _suggested_name([file.name for file in _files])
    return load_files(_files, name, remembered=_remembered.get, keep_repeats=both)


@st.cache_resource(max_entries=2, show_spinner="Reading the folder …")
def _read_folder(
    path: str, ids: tuple[str, ...], key: tuple[str, ...], both: bool, _remembered: mapping.RememberedCorrections
) -> Study:
    return load_paths([Path(path).expanduser()], remembered=_remembered.get, keep_repeats=both)


@st.cache_resource(max_entries=2, ttl="5m", show_spinner="Reading the folder …")
def _files_below(path: str) -> list[SourceFile]:
    return read_paths([Path(path).expanduser()])


def _suggested_name(names: list[str]) -> str:
    first, others = Path(names[0]).stem, len(names) - 1
    return f"{first} and {count(others, 'more file')}" if others else first


def arrived(study: Study, known_as: str | None) -> None:
    """Show new files as they were read; one click saves them and opens Configure."""
    if known_as:
        st.markdown("**These files are already a study**")
        st.caption(f"They are saved as “{escape_markdown(label(known_as))}”. Nothing is stored twice.")
        name = known_as
    else:
        name = st.text_input("Name of the new study", value=study.name, key=f"{NAME_KEY}_{study.id}", max_chars=120)
    study_view.size(study.size)
    if not known_as:
        st.caption("Not saved yet. Check below how the files were read.")
    if st.session_state.get(BOTH_KEY) or any(TWICE in warning for warning in study.warnings):
        st.toggle("Keep both files of a repeated talk", key=BOTH_KEY)
    private = False if known_as else st.toggle(privacy.LABEL, key=f"private_new_{study.id}", help=privacy.MEANING)
    if st.button("Use this study", type="primary", icon=":material/arrow_forward:", icon_position="right"):
        ui.services().store.save_study(study.model_copy(update={"name": name.strip() or study.name}))
        if private:
            ui.services().store.set_private(study.id, True)
        ui.use_study(study.id)
        ui.go(ui.CONFIGURE)


def what_a_run_will_do(size: StudySize) -> None:
    """Describe what a run does with this study, one sentence per stage."""
    usual = HybridConfig()
    steps = {
        "1 · Draft": f"A local model writes {usual.draft_count:,} drafts, each from some of your "
        f"{count(size.participants, 'participant')} and their {count(size.words, 'word')}. Free.",
        "2 · Assess": f"Every claim is checked against your {count(size.segments, 'segment')}. The score, 0 to 1, "
        f"is computed on this machine. {usual.count:,} drafts are kept. Free.",
        "3 · Refine": "Only kept drafts under your threshold go to a paid model, within your budget. Configure "
        "shows what that can cost before anything is sent.",
    }
    st.markdown("**What a run will do with this study**")
    columns = st.grid(3, min_column_width=230, border=True)
    for title, sentence in steps.items():
        with columns.cell():
            st.markdown(f"**{title}**")
            st.caption(sentence)


ui.show_page(page, main)
