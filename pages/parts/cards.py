"""Persona cards: every claim with its mark, opening to the words in the study that support it.

The cards of a page are one element of our own (`pages/parts/cards.js`), which sets the untrusted text of personas and studies as
text. Their words come along, so that a claim opens without asking the server.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st

from pages import _card_dialogs, _claims
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.results.cards import cards
from pipeline.results.evidence import unsupported_quotes, weak_claims
from pipeline.text.wording import OUTCOME_WORDS, count

Order = Literal["Highest score", "Lowest score", "Most weak claims", "Name"]

_PER_PAGE = 6

_HERE = Path(__file__).parent
_board = st.components.v2.component(
    "persona_cards",
    html='<section class="board" aria-label="Personas"><div class="cards"></div></section>',
    css=(_HERE / "cards.css").read_text(encoding="utf-8"),
    js=(_HERE / "cards.js").read_text(encoding="utf-8"),
)


@st.fragment
def show(run: RunRecord, study: Study) -> None:
    """The personas of a run as cards in two columns, with sorting, filters and pages."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Personas", anchor=False, width="content")
        if st.button("How scores come about", icon=":material/calculate:", type="tertiary"):
            _card_dialogs.scores_explained(run)
    shown = _controls(run)
    chosen = _chosen(run.personas, shown)
    if not chosen:
        st.info("No persona fits these filters. Take one of them away.", icon=":material/filter_alt_off:")
        return
    _legend(len(chosen), len(run.personas))
    page = 1
    if len(chosen) > _PER_PAGE:
        # Its key follows the filters: page 3 of another selection would be a page that nobody asked for.
        page = st.pagination(-(-len(chosen) // _PER_PAGE), key=f"page {shown}")
    on_page = cards(run, chosen[(page - 1) * _PER_PAGE : page * _PER_PAGE], study)
    board = _board(data=[card.model_dump() for card in on_page], key="cards", on_action_change=lambda: None)
    if isinstance(board.action, Mapping):
        _dialog(run, board.action)


class _Shown(NamedTuple):
    """Which personas are shown, and in which order."""

    order: Order
    outcomes: Sequence[str]
    weak: bool
    """Only those with a claim that is weak or was not found."""
    unquoted: bool
    """Only those with a quote that is not verbatim."""


def _controls(run: RunRecord) -> _Shown:
    present = [outcome for outcome in OUTCOME_WORDS if any(final.outcome == outcome for final in run.personas)]
    orders: tuple[Order, ...] = ("Highest score", "Lowest score", "Most weak claims", "Name")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        order = st.segmented_control(
            "Sort",
            orders,
            default=orders[0],
            required=True,
            key="sort",
            bind="query-params",
            label_visibility="collapsed",
        )
        weak = st.toggle(
            "Weak claims",
            key="weak",
            bind="query-params",
            help="Only personas with at least one claim that is weak or was not found in the study.",
        )
        unquoted = st.toggle(
            "Unsupported quotes",
            key="unquoted",
            bind="query-params",
            help="Only personas with at least one quote that is not verbatim from the study.",
        )
    outcomes: Sequence[str] = ()
    if len(present) > 1:
        # On a line of its own, where it breaks instead of being cut.
        outcomes = st.pills(
            "Outcomes shown",
            present,
            selection_mode="multi",
            format_func=OUTCOME_WORDS.__getitem__,
            key="outcome",
            bind="query-params",
            label_visibility="collapsed",
        )
    return _Shown(order or orders[0], outcomes, weak, unquoted)


def _chosen(personas: Sequence[FinalPersona], shown: _Shown) -> list[FinalPersona]:
    found = [
        final
        for final in personas
        if (not shown.outcomes or final.outcome in shown.outcomes)
        and (not shown.weak or weak_claims(final))
        and (not shown.unquoted or unsupported_quotes(final))
    ]
    if shown.order == "Name":
        return sorted(found, key=lambda final: final.persona.name.casefold())
    if shown.order == "Most weak claims":
        return sorted(found, key=weak_claims, reverse=True)
    # The record lists the best first, those without a score last.
    return found if shown.order == "Highest score" else found[::-1]


def _legend(shown: int, total: int) -> None:
    number = count(total, "persona") if shown == total else f"{shown} of {count(total, 'persona')}"
    marks = "  ".join(f":{color}[{sign} {word}]" for word, color, sign in _claims.MARKS.values())
    # Not a caption: that fades the colours under a readable contrast.
    st.markdown(f":small[{number}. Open a claim to read its source; **j** and **k** move between cards.  {marks}]")


def _dialog(run: RunRecord, pressed: Mapping[str, str]) -> None:
    """What a button of a card opens; what the browser says of it is not trusted."""
    final = next((final for final in run.personas if final.draft_id == pressed.get("draft")), None)
    if final is None:
        return
    match pressed.get("action"):
        case "score":
            _card_dialogs.score_explained(run, final)
        case "compare":
            _card_dialogs.before_and_after(run, final)
        case "poster":
            _card_dialogs.poster(run, final)
        case "copy":
            _card_dialogs.copied(run, final)
