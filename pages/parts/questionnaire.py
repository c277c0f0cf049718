"""The questionnaire for readers: opened by analysts, answered without a name, summed up on Results and Compare."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.parts import access, ui
from pages.parts.table import markdown_table
from pipeline.domain.comparison import LETTERS
from pipeline.domain.questionnaire import CONSTRUCTS, HIGHEST, LOWEST, STATEMENTS, Construct
from pipeline.domain.remarks import Subject
from pipeline.domain.run import RunRecord
from pipeline.errors import PersonaError
from pipeline.results.perception import PERCEPTION_NOTE, perception_words, perceptions
from pipeline.text.wording import escape_markdown, label

_READER, _SENT = "questionnaire reader", "questionnaire sent"


@st.fragment
def show_questionnaire(run: RunRecord) -> None:
    """Draw the questions where they are open, and for analysts the switch and the results."""
    open_now = _open_constructs(run)
    if access.is_viewer() and not open_now:
        return
    with st.expander("Questions to readers", icon=":material/quiz:", key="questionnaire", on_change="rerun") as opened:
        if not opened.open:
            return
        if not access.is_viewer():
            _switch(run, open_now)
            _results(run)
        if open_now:
            _questions(run, open_now)


def _open_constructs(run: RunRecord) -> list[Construct]:
    store, subject = ui.services().store, Subject("run", run.id)
    return [construct for construct in CONSTRUCTS if store.is_open(subject, construct)]


def _switch(run: RunRecord, open_now: Sequence[Construct]) -> None:
    key = f"constructs {run.id}"
    st.pills(
        "Ask readers about",
        CONSTRUCTS,
        selection_mode="multi",
        default=list(open_now),
        key=key,
        help="Nothing is asked until you choose. Answers are anonymous: neither name nor time is kept.",
        on_change=_set_open,
        args=(run.id, key),
    )


def _set_open(run_id: str, key: str) -> None:
    store, chosen = ui.services().store, st.session_state[key] or ()
    for construct in CONSTRUCTS:
        store.set_open(Subject("run", run_id), construct, datetime.now(UTC), is_open=construct in chosen)


def _results(run: RunRecord) -> None:
    answers = ui.services().store.answers(run.id)
    if not answers:
        st.caption("No answer yet.")
        return
    overall = perceptions(answers)
    columns = {"All personas": overall} | {
        final.persona.name: perceptions(answers, final.draft_id)
        for final in run.shown
        if any(one.persona == final.draft_id for one in answers)
    }
    rows = [
        [construct.capitalize(), *(perception_words(found.get(construct)) for found in columns.values())]
        for construct in overall
    ]
    head = ["Construct", *(escape_markdown(label(name, 40)) for name in columns)]
    st.markdown(markdown_table(head, [[escape_markdown(cell) for cell in row] for row in rows]))
    st.caption(PERCEPTION_NOTE)


def compare_perceptions(runs: Sequence[RunRecord]) -> None:
    """Show the constructs of several runs side by side, where readers answered about one of them."""
    found = {run.id: perceptions(ui.services().store.answers(run.id)) for run in runs}
    constructs = [construct for construct in CONSTRUCTS if any(construct in one for one in found.values())]
    if not constructs:
        return
    st.header("How readers perceive the personas", anchor=False)
    rows = [
        [construct.capitalize(), *(perception_words(found[run.id].get(construct)) for run in runs)]
        for construct in constructs
    ]
    cells = [[escape_markdown(cell) for cell in row] for row in rows]
    st.markdown(markdown_table(["Construct", *LETTERS[: len(runs)]], cells))
    st.caption(PERCEPTION_NOTE)


def _questions(run: RunRecord, constructs: Sequence[Construct]) -> None:
    names = {final.draft_id: label(final.persona.name) for final in run.shown}
    persona = st.selectbox("Persona to rate", list(names), format_func=names.__getitem__, key="questionnaire persona")
    if persona is None:
        return
    sent = st.session_state.setdefault(_SENT, set())
    if (run.id, persona) in sent:
        st.success("Thank you. Your answers about this persona are saved.", icon=":material/check:")
        return
    items = {
        f"{construct} {at}": words for construct in constructs for at, words in enumerate(STATEMENTS[construct], 1)
    }
    with st.form(f"questionnaire {persona}", border=False):
        st.caption(f"From {LOWEST} (disagree entirely) to {HIGHEST} (agree entirely). Your answers are anonymous.")
        given = {
            item: st.radio(
                escape_markdown(words),
                range(LOWEST, HIGHEST + 1),
                index=None,
                horizontal=True,
                key=f"answer {persona} {item}",
            )
            for item, words in items.items()
        }
        if st.form_submit_button("Send answers", type="primary", icon=":material/send:"):
            _send(run, persona, {item: value for item, value in given.items() if value is not None})


def _send(run: RunRecord, persona: str, answers: dict[str, int]) -> None:
    if not answers:
        st.caption("Choose at least one answer.")
        return
    reader = st.session_state.setdefault(_READER, secrets.token_hex(8))
    try:
        ui.services().store.add_answers(run.id, persona, reader, answers)
    except PersonaError as error:
        ui.problem(error)
        return
    st.session_state[_SENT].add((run.id, persona))
    st.rerun()
