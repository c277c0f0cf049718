"""Notes and tags of analysts on personas and claims; comments of readers, where an analyst has opened them.

Comments are the one thing that viewers may write. Everything written is bounded plain text, escaped before it meets
Markdown.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.parts import access, ui
from pipeline.domain.remarks import (
    LONGEST_AUTHOR,
    LONGEST_REMARK,
    LONGEST_TAG,
    Comment,
    NumberedComment,
    Remark,
    RemarkKind,
    Subject,
)
from pipeline.domain.run import RunRecord
from pipeline.errors import PersonaError
from pipeline.results.evidence import LISTS
from pipeline.text.wording import count, escape_markdown, label, passage

_NAME = "remark author"
_PROBLEM = "remark problem"
_NOTE, _TAGS, _COMMENT = "new note", "new tags", "new comment"


@st.fragment
def show_run_remarks(run: RunRecord) -> None:
    """Draw notes, tags and comments of a run in an expander that is empty until it is opened."""
    subject = Subject("run", run.id)
    if access.is_viewer():
        show_comments(subject)
        return
    with st.expander("Notes, tags and comments", icon=":material/forum:", key="remarks", on_change="rerun") as opened:
        if opened.open:
            _problem()
            _notes(run)
            st.divider()
            _comments(subject)


@st.fragment
def show_comments(subject: Subject) -> None:
    """Draw the comments on a run or saved comparison; nothing for viewers where there are none and none are taken."""
    store = ui.services().store
    if access.is_viewer() and not store.comments(subject) and not store.is_open(subject, "comments"):
        return
    with st.expander("Comments", icon=":material/forum:", key="comments", on_change="rerun") as opened:
        if opened.open:
            _problem()
            _comments(subject)


def _problem() -> None:
    if problem := st.session_state.pop(_PROBLEM, None):
        ui.problem(problem)


def _name_field(placeholder: str) -> None:
    if not access.signs_in():
        st.text_input("Your name", key=_NAME, max_chars=LONGEST_AUTHOR, placeholder=placeholder, width=320)


def _author(otherwise: str) -> str:
    return label(access.author(st.session_state.get(_NAME), otherwise), LONGEST_AUTHOR)


# --- notes and tags --------------------------------------------------------------------------------


def _notes(run: RunRecord) -> None:
    names = {final.draft_id: label(final.persona.name) for final in run.shown}
    persona = st.selectbox("Persona", list(names), format_func=names.__getitem__, key="remark persona")
    if persona is None:
        return
    final = next(final for final in run.shown if final.draft_id == persona)
    places = [("", ""), *((field, text) for field in LISTS for text in getattr(final.persona, field))]
    place = st.selectbox("About", places, format_func=_place_label, key=f"remark place {persona} {run.revision}")
    _name_field("analyst")
    with st.form("new remark", border=False):
        st.text_area("Note", key=_NOTE, max_chars=LONGEST_REMARK, height="content")
        st.text_input("Tags, separated by commas", key=_TAGS, max_chars=200)
        saved = st.form_submit_button("Save note", type="primary", icon=":material/save:")
    if saved and place:
        _save(run, persona, place)
    for number, remark in ui.services().store.remarks(run.id):
        if remark.persona == persona:
            _written(run, number, remark)


def _place_label(place: tuple[str, str]) -> str:
    field, text = place
    return f"{LISTS[field]} · {label(text, 110)}" if field else "the whole persona"


def _save(run: RunRecord, persona: str, place: tuple[str, str]) -> None:
    """Save what was typed and draw the page anew, so that the cards follow."""
    now, store, author = datetime.now(UTC), ui.services().store, _author("analyst")
    tags = [tag.strip().removeprefix("#")[:LONGEST_TAG] for tag in str(st.session_state[_TAGS] or "").split(",")]
    typed: list[tuple[RemarkKind, str]] = [
        ("note", str(st.session_state[_NOTE] or "")),
        *(("tag", tag) for tag in tags),
    ]
    try:
        for kind, words in typed:
            if words.strip():
                remark = Remark(
                    persona=persona,
                    field=place[0],
                    text=place[1],
                    kind=kind,
                    words=words,
                    author=author,
                    at=now,
                    revision=run.revision,
                )
                store.add_remark(run.id, remark)
    except PersonaError as error:
        ui.problem(error)
        return
    st.rerun()


def _written(run: RunRecord, number: int, remark: Remark) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        about = f"‘{label(remark.text, 60)}’ · " if remark.field else ""
        words = f"#{remark.words}" if remark.kind == "tag" else remark.words
        who = f"{about}{label(remark.author)}, {ui.when(remark.at)}"
        st.markdown(f"{escape_markdown(passage(words, LONGEST_REMARK))}  \n:gray[{escape_markdown(who)}]")
        if st.button("Delete", key=f"delete remark {number}", icon=":material/delete:", type="tertiary"):
            ui.services().store.delete_remark(run.id, number)
            st.rerun()


# --- comments --------------------------------------------------------------------------------------


def _comments(subject: Subject) -> None:
    store = ui.services().store
    is_open, found = store.is_open(subject, "comments"), store.comments(subject)
    if not access.is_viewer():
        st.toggle(
            "Readers may comment",
            is_open,
            key=f"comments open {subject.id}",
            help="People with read-only access can then write comments here, and nothing else.",
            on_change=_switch,
            args=(subject, not is_open),
        )
    _list(subject, found)
    if is_open:
        _name_field("reader" if access.is_viewer() else "analyst")
        with st.form("new comment form", border=False, clear_on_submit=True):
            st.text_area("Comment", key=_COMMENT, max_chars=LONGEST_REMARK, height="content")
            st.form_submit_button("Comment", icon=":material/send:", on_click=_comment, args=(subject,))


def _switch(subject: Subject, is_open: bool) -> None:
    ui.services().store.set_open(subject, "comments", datetime.now(UTC), is_open=is_open)


def _comment(subject: Subject) -> None:
    words = str(st.session_state[_COMMENT] or "").strip()
    if not words:
        return
    author = _author("reader" if access.is_viewer() else "analyst")
    try:
        comment = Comment(words=words[:LONGEST_REMARK], author=author, at=datetime.now(UTC))
        ui.services().store.add_comment(subject, comment)
    except PersonaError as error:
        st.session_state[_PROBLEM] = str(error)


def _list(subject: Subject, found: Sequence[NumberedComment]) -> None:
    st.caption(f"{count(len(found), 'comment')}." if found else "No comment yet.")
    for number, comment in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            who = f"{label(comment.author)}, {ui.when(comment.at)}"
            st.markdown(f"{escape_markdown(passage(comment.words, LONGEST_REMARK))}  \n:gray[{escape_markdown(who)}]")
            if not access.is_viewer() and st.button(
                "Delete", key=f"delete comment {number}", icon=":material/delete:", type="tertiary"
            ):
                ui.services().store.delete_comment(subject, number)
                st.rerun()
