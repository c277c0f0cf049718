"""The editor of a persona: words, claims, sources and people, with support recomputed at each change.

Every change is one row in the store, made in a callback, so that the editor is drawn once per change and always shows
the present text. Text of studies, models and people is escaped before it meets Markdown.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import streamlit as st

from pages.parts import access, ui
from pipeline.domain.edits import EDITABLE_LISTS, EDITABLE_TEXTS, LONGEST_TEXT, Edit, EditRow, latest_edit
from pipeline.domain.persona import ClaimSupport, Persona
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.errors import PersonaError
from pipeline.results.edit_history import describe_edit, edited_words, has_chosen_source, is_pinned
from pipeline.results.evidence import LISTS, MARK_WORDS, lowered_because, mark, said_by
from pipeline.text.wording import count, escape_markdown, label, passage, score

if TYPE_CHECKING:
    from pipeline.scoring.editing import PersonaEditor, SourceOption
    from pipeline.scoring.index import StudyIndex

_View = Literal["Claims", "Name and facts", "People", "History"]

_AUTHOR = "edit author"
_PROBLEM = "edit problem"
_CLAIM = "edit claim"
_FACT = "demographics."


def is_possible(run: RunRecord, study: Study) -> bool:
    """Return whether the reader may change the personas of a run: analysts, once it has ended, with its words."""
    return not access.is_viewer() and run.status != "running" and not study.is_withheld


@st.dialog("Edit persona", width="large", icon=":material/edit:", on_dismiss="rerun")
def edit_persona(run_id: str, persona: str) -> None:
    """Edit one persona; the page is drawn anew when the dialog is closed."""
    if problem := st.session_state.pop(_PROBLEM, None):
        ui.problem(problem)
    run = ui.run(run_id)
    final = next((final for final in run.shown if final.draft_id == persona), None)
    if final is None:
        st.info("This persona is part of another one now. Undo there brings it back.", icon=":material/merge:")
        return
    rows = ui.services().store.edit_rows(run_id)
    _head(run, final, rows)
    view = st.segmented_control(
        "Part to edit", get_args(_View), default="Claims", required=True, key="edit view", label_visibility="collapsed"
    )
    match view:
        case "Name and facts":
            _texts(run, final)
        case "People":
            _people(run, final)
        case "History":
            _history(final, rows)
        case _:
            _claims(run, final)


# --- making a change -------------------------------------------------------------------------------


def _change(run_id: str, edits: Sequence[Edit]) -> None:
    """Carry out edits one after the other; the first problem stops them and is shown in the editor."""
    store = ui.services().store
    try:
        for edit in edits:
            run = ui.run(run_id)
            now = datetime.now(UTC)
            after = _editor(run).apply(edit, _author(), now)
            store.add_edit(run_id, edit, after, _author(), now, run.revision)
    except PersonaError as error:
        st.session_state[_PROBLEM] = str(error)


def _undo(run_id: str, persona: str) -> None:
    try:
        ui.services().store.undo_edit(run_id, persona, _author(), datetime.now(UTC))
    except PersonaError as error:
        st.session_state[_PROBLEM] = str(error)


def _author() -> str:
    return label(access.author(st.session_state.get(_AUTHOR)), 80)


def _editor(run: RunRecord) -> "PersonaEditor":
    from pipeline.scoring.editing import PersonaEditor

    return PersonaEditor(_index(ui.services().store.path, run.study_id), run)


@st.cache_resource(max_entries=2, show_spinner="Reading the study …")
def _index(_database: Path, study_id: str) -> "StudyIndex":
    from pipeline.providers.extraction.grammar import load_dictionaries
    from pipeline.scoring.index import StudyIndex

    # Once, while the editor opens: the first change would wait for them.
    load_dictionaries()
    return StudyIndex.cached(ui.study(study_id), ui.cache_folder())


# --- the parts -------------------------------------------------------------------------------------


def _head(run: RunRecord, final: FinalPersona, rows: Sequence[EditRow]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.metric("Score", score(final.assessment.scores.overall), width="content")
        with st.container(gap="xxsmall"):
            st.markdown(f"**{escape_markdown(label(final.persona.name))}**")
            words = edited_words(final.edited) if final.edited else "as the run delivered it"
            st.caption(
                escape_markdown(
                    f"{words[0].upper()}{words[1:]}. Drawn from {', '.join(run.people_of(final)) or 'unknown people'}."
                )
            )
        last = latest_edit(rows, final.draft_id)
        st.button(
            "Undo",
            icon=":material/undo:",
            disabled=last is None,
            help=f"Undo: {escape_markdown(describe_edit(last, rows))}." if last else "Nothing was changed yet.",
            on_click=_undo,
            args=(run.id, final.draft_id),
        )
    if not access.signs_in():
        st.text_input(
            "Your name, written beside each change", key=_AUTHOR, max_chars=80, placeholder="analyst", width=320
        )


def _claims(run: RunRecord, final: FinalPersona) -> None:
    places = [(field, text) for field in EDITABLE_LISTS for text in getattr(final.persona, field)]
    supports = {(claim.field, claim.text): claim for claim in final.assessment.claims}
    if places:
        if st.session_state.get(_CLAIM) not in places:
            st.session_state.pop(_CLAIM, None)
        chosen = st.selectbox(
            "Claim", places, key=_CLAIM, format_func=lambda place: _claim_label(place, supports.get(place))
        )
        field, text = chosen or places[0]
        support = supports.get((field, text))
        _support(final, field, text, support)
        _one_claim(run, final, field, text)
        if field != "quotes":
            _sources(run, final, field, text)
    _new_claim(run, final)


def _claim_label(place: tuple[str, str], support: ClaimSupport | None) -> str:
    sign = MARK_WORDS[mark(support)][0] if support else MARK_WORDS["unscored"][0]
    return f"{LISTS[place[0]]} {sign} {score(support.support if support else None)} · {label(place[1], 110)}"


def _support(final: FinalPersona, field: str, text: str, support: ClaimSupport | None) -> None:
    """Say how far the study supports a claim, with its source."""
    if support is None:
        st.info("Too short to be checked against the study.", icon=":material/info:")
        return
    found, why, people = mark(support), lowered_because(support), said_by(support)
    notes = [f"{MARK_WORDS[found][1].capitalize()}: support {score(support.support)}", people, why]
    if is_pinned(final.edited, field, text):
        notes.append("pinned")
    if has_chosen_source(final.edited, field, text):
        notes.append("the source was chosen by a person")
    words = escape_markdown(f"{', '.join(filter(None, notes))}.")
    if found == "not_found":
        st.warning(f"{words} This claim is unsupported: nothing like it was found.", icon=":material/warning:")
    else:
        st.markdown(words)
    if support.quote:
        st.caption(escape_markdown(f"{support.participant or 'Participant'}: {passage(support.quote, 400)}"))


def _one_claim(run: RunRecord, final: FinalPersona, field: str, text: str) -> None:
    key = f"edit words {final.draft_id} {field} {text}"
    with st.form(f"form {key}", border=False):
        st.text_area("Words of this claim", text, key=key, max_chars=LONGEST_TEXT, height="content")
        st.form_submit_button(
            "Save words",
            type="primary",
            icon=":material/save:",
            on_click=_save_words,
            args=(run.id, final.draft_id, field, text, key),
        )

    def made(action: Literal["reject", "pin", "unpin"]) -> Edit:
        return Edit(action=action, persona=final.draft_id, field=field, text=text)

    pinned = is_pinned(final.edited, field, text)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Unpin" if pinned else "Pin",
            icon=":material/keep_off:" if pinned else ":material/keep:",
            help="A pinned claim stands first in its list, on posters and slides, and wins over a duplicate.",
            on_click=_change,
            args=(run.id, [made("unpin" if pinned else "pin")]),
        )
        st.button(
            "Reject",
            icon=":material/delete:",
            help="Take this claim out. It stays in the history, and Undo brings it back.",
            on_click=_change,
            args=(run.id, [made("reject")]),
        )
        others = [name for name in EDITABLE_LISTS if name != field]
        moved = f"edit move {final.draft_id} {field}"
        st.selectbox("Move to", others, key=moved, format_func=LISTS.__getitem__, width=180)
        st.button("Move", icon=":material/east:", on_click=_move, args=(run.id, final.draft_id, field, text, moved))


def _save_words(run_id: str, persona: str, field: str, text: str, key: str) -> None:
    new = " ".join(str(st.session_state[key]).split())
    if new == text:
        return
    _change(run_id, [Edit(action="text", persona=persona, field=field, text=text, new=new)])
    if _PROBLEM not in st.session_state:
        st.session_state[_CLAIM] = (field, new)


def _move(run_id: str, persona: str, field: str, text: str, key: str) -> None:
    target = str(st.session_state[key])
    _change(run_id, [Edit(action="move", persona=persona, field=field, text=text, new=target)])
    if _PROBLEM not in st.session_state:
        st.session_state[_CLAIM] = (target, text)


def _sources(run: RunRecord, final: FinalPersona, field: str, text: str) -> None:
    """Offer the five best sentences as the source of a claim, or those that a search finds."""
    words = st.text_input(
        "Search the study for another source",
        key=f"edit search {final.draft_id} {field} {text}",
        max_chars=200,
        placeholder="Words from the study; empty shows the best five",
    )
    editor = _editor(run)
    if words:
        options = editor.search(final.draft_id, field, text, words)
    else:
        options = editor.best_sources(final.draft_id, field, text)
    if not options:
        st.caption("No sentence of the study has these words.")
        return
    place = st.radio(
        f"{count(len(options), 'sentence')} of the study",
        range(len(options)),
        format_func=lambda at: _option(options[at]),
        key=f"edit option {final.draft_id} {field} {text} {words}",
    )
    option = options[place or 0]
    edit = Edit(
        action="source", persona=final.draft_id, field=field, text=text, segment=option.segment, quote=option.quote
    )
    st.button(
        "Use as source",
        icon=":material/format_quote:",
        help="Show this sentence as the evidence; the support is then that of the claim with this source. Words of a "
        "participant outside this persona add that participant to it.",
        on_click=_change,
        args=(run.id, [edit]),
    )


def _option(option: "SourceOption") -> str:
    new = "" if option.in_focus else ", not one of this persona's people yet"
    who = f"{option.participant or 'Participant'}{new}"
    return escape_markdown(f"{score(option.support)} · {who}: {passage(option.quote, 300)} ({label(option.document)})")


def _new_claim(run: RunRecord, final: FinalPersona) -> None:
    with st.form(f"edit add {final.draft_id}", clear_on_submit=True):
        st.selectbox("List of the new claim", EDITABLE_LISTS, key="edit new list", format_func=LISTS.__getitem__)
        st.text_area("Words of the new claim", key="edit new words", max_chars=LONGEST_TEXT, height="content")
        st.form_submit_button("Add claim", icon=":material/add:", on_click=_add, args=(run.id, final.draft_id))


def _add(run_id: str, persona: str) -> None:
    field, new = str(st.session_state["edit new list"]), str(st.session_state["edit new words"])
    _change(run_id, [Edit(action="add", persona=persona, field=field, new=new)])
    if _PROBLEM not in st.session_state:
        st.session_state[_CLAIM] = (field, " ".join(new.split()))


def _texts(run: RunRecord, final: FinalPersona) -> None:
    """Edit name, tagline, background and facts, one row per changed part."""
    fields = [*EDITABLE_TEXTS, *(f"{_FACT}{key}" for key in final.persona.demographics)]
    with st.form(f"edit texts {final.draft_id} {run.revision}", border=False):
        for field in fields:
            value = _text_of(final.persona, field)
            name = field.removeprefix(_FACT).replace("_", " ").capitalize()
            key = _text_key(final, run, field)
            if field == "background":
                st.text_area(escape_markdown(name), value, key=key, max_chars=10 * LONGEST_TEXT, height="content")
            else:
                st.text_input(escape_markdown(name), value, key=key, max_chars=LONGEST_TEXT)
        left, right = st.columns(2)
        left.text_input("Name of a new fact", key=_text_key(final, run, "new fact"), placeholder="such as location")
        right.text_input("Value of the new fact", key=_text_key(final, run, "new value"), max_chars=LONGEST_TEXT)
        st.form_submit_button(
            "Save name and facts",
            type="primary",
            icon=":material/save:",
            on_click=_save_texts,
            args=(run, final, fields),
        )
    st.caption("An empty fact is removed. Facts are checked against the study like claims.")


def _text_key(final: FinalPersona, run: RunRecord, field: str) -> str:
    return f"edit {field} {final.draft_id} {run.revision}"


def _text_of(persona: Persona, field: str) -> str:
    if field in EDITABLE_TEXTS:
        return str(getattr(persona, field))
    return persona.demographics.get(field.removeprefix(_FACT), "")


def _save_texts(run: RunRecord, final: FinalPersona, fields: Sequence[str]) -> None:
    typed = {field: str(st.session_state[_text_key(final, run, field)] or "").strip() for field in fields}
    key = str(st.session_state[_text_key(final, run, "new fact")] or "").strip().lower()
    value = str(st.session_state[_text_key(final, run, "new value")] or "").strip()
    if key and value:
        typed[f"{_FACT}{key}"] = value
    changed = [
        Edit(action="text", persona=final.draft_id, field=field, new=new)
        for field, new in typed.items()
        if new != _text_of(final.persona, field)
    ]
    _change(run.id, changed)


def _people(run: RunRecord, final: FinalPersona) -> None:
    people = run.people_of(final)
    others = [one for one in run.shown if one.draft_id != final.draft_id]
    st.markdown("**Merge**")
    if others:
        names = {one.draft_id: f"{label(one.persona.name)} ({', '.join(run.people_of(one))})" for one in others}
        other = st.selectbox(
            "Persona to merge into this one",
            list(names),
            format_func=lambda one: label(names[one], 120),
            key="edit other",
        )
        _merge_preview(run, final, other or others[0].draft_id)
    else:
        st.caption("There is no other persona in this run.")
    st.markdown("**Split**")
    if len(people) < 2:
        st.caption("One participant stands behind this persona, so there is nothing to split.")
        return
    leaving = st.multiselect(
        "People who leave for a persona of their own", people, format_func=label, key=f"edit leaving {run.revision}"
    )
    possible = 0 < len(leaving) < len(people)
    st.button(
        "Split",
        icon=":material/call_split:",
        disabled=not possible,
        help="Each claim goes to the people whose words support it, or to both."
        if possible
        else "Choose some of the people, and leave at least one.",
        on_click=_change,
        args=(run.id, [Edit(action="split", persona=final.draft_id, people=tuple(leaving))]),
    )


def _merge_preview(run: RunRecord, final: FinalPersona, other: str) -> None:
    found = _editor(run).duplicates(final.draft_id, other)
    if found:
        pairs = "\n".join(
            f"- {escape_markdown(passage(one.kept, 160))} "
            f":gray[instead of {escape_markdown(passage(one.dropped, 160))}]"
            for one in found
        )
        st.markdown(f"{count(len(found), 'claim')} in both, kept once:\n{pairs}")
    else:
        st.caption("No claim is in both.")
    st.button(
        "Merge",
        icon=":material/merge:",
        help="Unite the claims and the people of both. The other card disappears, and Undo brings it back.",
        on_click=_change,
        args=(run.id, [Edit(action="merge", persona=final.draft_id, other=other)]),
    )


def _history(final: FinalPersona, rows: Sequence[EditRow]) -> None:
    known = {final.draft_id, *(final.edited.made_from if final.edited else ())}
    undone = {row.number for row in rows if known & set(row.touched)}
    own = [row for row in rows if known & set(row.touched) or row.edit.undoes in undone]
    if not own:
        st.caption("Nothing was changed yet. Every change will be listed here, with its author and time.")
        return
    lines = [
        f"- {escape_markdown(f'{ui.when(row.at)} · {row.author} {describe_edit(row, rows)}')}" for row in reversed(own)
    ]
    st.markdown("\n".join(lines))
