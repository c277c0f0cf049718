"""One text to label, blind: no score, no origin, no cost, no model. All text is untrusted and escaped.

Every shortcut has a button and every button a shortcut; none fires while a note is being typed. Texts are cached while
among the last used.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from pages.parts import ui
from pipeline.calibration.design import ShownText, minutes_for, shown_texts
from pipeline.domain.labels import Label, StoredDesign, Verdict
from pipeline.domain.persona import Persona
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Segment
from pipeline.results.evidence import LISTS
from pipeline.text.wording import count, escape_markdown

_KEYS: dict[Verdict, tuple[str, str, str]] = {
    "acceptable": ("Acceptable", "A", ":material/thumb_up:"),
    "unacceptable": ("Unacceptable", "U", ":material/thumb_down:"),
    "unsure": ("Unsure", "S", ":material/question_mark:"),
}
"""Word, shortcut and icon. A button cannot have a question mark as its shortcut."""

_STICKY = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-label_keys) {{ position: sticky; bottom: 0; z-index: 9; }}
.st-key-label_keys {{ background: {background}; padding: 0.75rem 0; }}
</style>"""
"""Note and buttons stay in sight under a long text."""

_WIDTH_PX, _SOURCE_PX = 920, 560

RATER_KEY = "label_rater"
"""Session key of the rater's name."""


@st.fragment
def label_cards(stored: StoredDesign, rater: str) -> None:
    """Show the next text of a design; a fragment, because a key press must not redraw the whole page."""
    place = next_place(stored, rater)
    if place is None:
        st.rerun()
    _card(stored, place, rater, done=len(_own(stored, rater)))


def next_place(stored: StoredDesign, rater: str) -> int | None:
    """Return the first task that this rater has not labelled; `None` at the end."""
    labelled = {label.place for label in _own(stored, rater)}
    return next((task.place for task in stored.design.tasks if task.place not in labelled), None)


def _own(stored: StoredDesign, rater: str) -> list[Label]:
    return [label for label in ui.services().store.labels(stored.id) if label.rater == rater]


def _card(stored: StoredDesign, place: int, rater: str, *, done: int) -> None:
    total = len(stored.design.tasks)
    text = texts_to_label(stored)[place]
    shows_source = st.session_state.get(_source_key(stored, place), False)
    with st.container(horizontal_alignment="center"), st.container(width="stretch" if shows_source else _WIDTH_PX):
        left = count(minutes_for(total - done), "minute")
        st.progress(done / total, text=f"{done} of {total} · about {left}")
        sides = st.grid(2 if shows_source else 1, min_column_width=220)
        with sides.cell(), st.container(border=True):
            _persona(text.persona)
        if shows_source:
            with sides.cell():
                _source(stored, text)
        with st.container(key="label_keys", gap="small"):
            _note(stored, place)
            with st.container(horizontal=True, vertical_alignment="center"):
                _buttons(stored, place, rater, any_done=done > 0)
    # Only colours of the theme's own file: nothing of a study or a model gets into this markup.
    st.html(_STICKY.format(background=st.get_option(f"theme.{st.context.theme.type or 'light'}.backgroundColor")))


def _persona(persona: Persona) -> None:
    st.header(escape_markdown(persona.name) or "Without a name", anchor=False)
    if persona.tagline:
        st.markdown(f"*{escape_markdown(persona.tagline)}*")
    facts = [
        f"{escape_markdown(key.capitalize())}: {escape_markdown(value)}" for key, value in persona.demographics.items()
    ]
    if facts:
        st.caption(" · ".join(facts))
    if persona.background:
        st.markdown(escape_markdown(persona.background))
    lists = st.grid(2, min_column_width=240, gap="medium")
    for field, title in LISTS.items():
        items = [escape_markdown(text) for text in getattr(persona, field)]
        if items:
            lines = [f"- “{item}”" if field == "quotes" else f"- {item}" for item in items]
            with st.container() if field == "quotes" else lists.cell():
                st.markdown("\n".join([f"**{title}**", *lines]))


# --- labelling -------------------------------------------------------------------------------------


def _note(stored: StoredDesign, place: int) -> None:
    # Not a dialog behind a shortcut: its focus is outside the field, so typing would press the buttons.
    st.text_input(
        "Note",
        key=_note_key(stored, place),
        max_chars=500,
        placeholder="Note: what decides it? Optional; press Tab to leave this field, then a key.",
        label_visibility="collapsed",
    )


def _buttons(stored: StoredDesign, place: int, rater: str, *, any_done: bool) -> None:
    for verdict, (word, key, icon) in _KEYS.items():
        # The place is in the key, so that a second press before the next card labels the same text again.
        st.button(
            word,
            key=f"{verdict} {place}",
            shortcut=key,
            icon=icon,
            on_click=_save_verdict,
            args=(stored, place, rater, verdict),
        )
    shown = st.session_state.get(_source_key(stored, place), False)
    st.button(
        "Hide source" if shown else "Source",
        key=f"source {place}",
        shortcut="E",
        icon=":material/description:",
        type="tertiary",
        on_click=_toggle,
        args=(_source_key(stored, place),),
    )
    undo_button(stored, rater, disabled=not any_done)


def undo_button(stored: StoredDesign, rater: str, *, disabled: bool = False) -> None:
    """Draw Undo, which removes the last label of this rater and puts its note back into the field."""
    st.button(
        "Undo",
        shortcut="Z",
        icon=":material/undo:",
        type="tertiary",
        disabled=disabled,
        on_click=_undo,
        args=(stored, rater),
    )


def _save_verdict(stored: StoredDesign, place: int, rater: str, verdict: Verdict) -> None:
    note = st.session_state.get(_note_key(stored, place), "").strip()
    st.session_state.pop(_source_key(stored, place), None)
    ui.services().store.save_label(stored.id, place, rater, verdict, note, datetime.now(UTC))


def _undo(stored: StoredDesign, rater: str) -> None:
    own = _own(stored, rater)
    if own:
        ui.services().store.remove_label(stored.id, own[-1].place, rater, datetime.now(UTC))
        st.session_state[_note_key(stored, own[-1].place)] = own[-1].note


def _toggle(key: str) -> None:
    st.session_state[key] = not st.session_state.get(key, False)


def _note_key(stored: StoredDesign, place: int) -> str:
    return f"label_note {stored.id} {place}"


def _source_key(stored: StoredDesign, place: int) -> str:
    return f"label_source {stored.id} {place}"


# --- the source ------------------------------------------------------------------------------------


def _source(stored: StoredDesign, text: ShownText) -> None:
    """Show the words of the participants from whom this text is drawn."""
    study = ui.study(stored.design.setup.study_id)
    with st.container(border=True, height=_SOURCE_PX):
        for participant in text.focus:
            st.markdown(f"**{escape_markdown(participant)}**")
            for segment in study.segments:
                if segment.participant == participant:
                    _segment(segment)
        if not text.focus:
            st.caption("This text is not drawn from particular participants.")


def _segment(segment: Segment) -> None:
    if segment.role == "interviewer":
        st.caption(f"Interviewer: {escape_markdown(segment.text)}")
    else:
        st.markdown(escape_markdown(segment.text))


def labelled_runs(run_ids: Sequence[str]) -> list[RunRecord]:
    """Return ended runs, cached while among the last few used.

    Raises:
        StoreError: one of them is not in this database.
    """
    return [ui.run(run_id) for run_id in run_ids]


def texts_to_label(stored: StoredDesign) -> dict[int, ShownText]:
    """Return the text of every task of a design, by place."""
    return _texts(ui.services().store.path, stored.id, stored.run_ids, len(stored.design.tasks), stored)


@st.cache_resource(max_entries=4, show_spinner="Reading the texts …")
def _texts(
    _database: Path, design_id: str, run_ids: tuple[str, ...], tasks: int, _stored: StoredDesign
) -> dict[int, ShownText]:
    return shown_texts(_stored, labelled_runs(run_ids))
