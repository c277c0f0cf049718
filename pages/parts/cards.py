"""Persona cards: every claim with its mark, opening to the words in the study that support it.

The cards of a page are one component (`cards.js`), which inserts the untrusted text of personas and studies as plain
text. Evidence is sent with the cards, so that a claim opens without a request. The dialogs of a card (score, before
and after, poster, copy) are computed when opened; there, text is escaped before it meets Markdown.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st

from pages.parts import access, edit, share, ui
from pipeline.domain.persona import SUPPORTED_FROM, WEAK_FROM, ClaimSupport
from pipeline.domain.run import Editing, FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.results.cards import cards
from pipeline.results.edit_history import edited_words
from pipeline.results.evidence import (
    LISTS,
    MARK_WORDS,
    FieldChange,
    Mark,
    text_changes,
    unsupported_quotes,
    weak_claims,
)
from pipeline.results.export import persona_markdown
from pipeline.results.remarks import Place, PlacedRemarks, placed_remarks
from pipeline.results.score_explained import (
    BLIND,
    CAUTIONS,
    LOOKS_AT,
    MEANING,
    Explanation,
    ScorePart,
    explain_score,
    on_this_study,
    product_in_words,
    score_formula,
    scoring_method,
)
from pipeline.text.wording import OUTCOME_WORDS, count, escape_markdown, label, score

Order = Literal["Highest score", "Lowest score", "Most weak claims", "Name"]

_PER_PAGE = 6

_HERE = Path(__file__).parent
_board = st.components.v2.component(
    "persona_cards",
    html='<section class="board" aria-label="Personas"><div class="cards"></div></section>',
    css=(_HERE / "cards.css").read_text(encoding="utf-8"),
    js=(_HERE / "cards.js").read_text(encoding="utf-8"),
)

_MARK_COLOURS: dict[Mark, str] = {"supported": "green", "weak": "orange", "not_found": "red", "unscored": "gray"}

MARKS: dict[Mark, tuple[str, str, str]] = {
    name: (word, _MARK_COLOURS[name], sign) for name, (sign, word) in MARK_WORDS.items()
}
"""Word, colour and sign of a mark: never colour alone."""


@st.fragment
def show_cards(run: RunRecord, study: Study) -> None:
    """Show the personas of a run as cards in two columns, with sorting, filters and pages."""
    if ui.services().store.revision(run.id) != run.revision:
        st.rerun()  # the editor has been closed after a change, and the exports must follow too
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Personas", anchor=False, width="content")
        if st.button("How scores are computed", icon=":material/calculate:", type="tertiary"):
            scores_explained(run)
    shown = _controls(run)
    chosen = _chosen(run.shown, shown)
    if not chosen:
        st.info("No persona matches these filters. Remove one of them.", icon=":material/filter_alt_off:")
        return
    _legend(len(chosen), len(run.shown))
    page = 1
    if len(chosen) > _PER_PAGE:
        # The key depends on the filters, so that another selection begins at its first page.
        page = st.pagination(-(-len(chosen) // _PER_PAGE), key=f"page {shown}")
    on_page = cards(
        run,
        chosen[(page - 1) * _PER_PAGE : page * _PER_PAGE],
        study,
        editable=edit.is_possible(run, study),
        remarks=_remarks(run),
    )
    board = _board(data=[card.model_dump() for card in on_page], key="cards", on_action_change=lambda: None)
    if isinstance(board.action, Mapping):
        _dialog(run, board.action)


def _remarks(run: RunRecord) -> dict[Place, PlacedRemarks]:
    """Return notes and tags, which are for analysts."""
    if access.is_viewer():
        return {}
    return placed_remarks(run, ui.services().store.run_remarks(run.id).remarks)


class _Shown(NamedTuple):
    """Filters and order of the cards."""

    order: Order
    outcomes: Sequence[str]
    weak: bool
    """Only those with a claim that is weak or was not found."""
    unquoted: bool
    """Only those with a quote that is not verbatim."""


def _controls(run: RunRecord) -> _Shown:
    present = [outcome for outcome in OUTCOME_WORDS if any(final.outcome == outcome for final in run.shown)]
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
    marks = "  ".join(f":{color}[{sign} {word}]" for word, color, sign in MARKS.values())
    # Not a caption: that fades the colours under a readable contrast.
    st.markdown(f":small[{number}. Open a claim to read its source; **j** and **k** move between cards.  {marks}]")


def _dialog(run: RunRecord, pressed: Mapping[str, str]) -> None:
    """Open the dialog of a card's button; input from the browser is not trusted."""
    final = next((final for final in run.shown if final.draft_id == pressed.get("draft")), None)
    if final is None:
        return
    match pressed.get("action"):
        case "score":
            score_explained(run, final)
        case "compare":
            before_and_after(run, final)
        case "poster":
            poster(run, final)
        case "copy":
            copy_text(run, final)
        case "edit" if not access.is_viewer():
            edit.edit_persona(run.id, final.draft_id)


@st.dialog("How scores are computed", width="medium", icon=":material/calculate:")
def scores_explained(run: RunRecord) -> None:
    """Explain the score in general, with the weights of this run."""
    st.markdown(escape_markdown(scoring_method(run.config)))
    st.code(f"score = {score_formula(run.config.weights)}", language=None)
    for name, looks_at in LOOKS_AT.items():
        st.markdown(f"**{name.capitalize()}.** {looks_at}")
    st.markdown(
        f"**Marks.** A claim is supported from {score(SUPPORTED_FROM)} and weak from {score(WEAK_FROM)}; below that, "
        "it was not found in the study. A quote counts as verbatim when the participants in focus said it word for "
        "word, hesitations aside."
    )
    st.markdown("**What 0.80 means on this study**")
    st.markdown("\n".join(f"- {escape_markdown(text)}" for text in (*MEANING, *on_this_study(run))))
    _blind_spots()
    st.caption(f"Scorer version {escape_markdown(run.scorer_version or 'not recorded')}.")


@st.dialog("How this score is computed", width="medium", icon=":material/calculate:")
def score_explained(run: RunRecord, final: FinalPersona) -> None:
    """Explain the score of one delivered text, part by part."""
    explained = explain_score(final.assessment, run.config.weights)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.metric("Score", score(explained.overall), width="content")
        with st.container(gap="xsmall"):
            st.markdown(f"**{escape_markdown(final.persona.name)}**")
            st.caption(escape_markdown(f"{score_formula(run.config.weights)}: {product_in_words(explained) or 'open'}"))
    for change in explained.changes:
        st.warning(escape_markdown(change), icon=":material/info:")
    for part in explained.parts:
        _score_part(part)
    _lowest_claims(explained)
    _blind_spots()
    st.caption(f"Scorer version {escape_markdown(explained.scorer_version)}.")


def _score_part(part: ScorePart) -> None:
    with st.container(border=True, gap="xsmall"):
        left, right = st.columns([3, 2], gap="medium", vertical_alignment="center")
        left.progress(part.value or 0.0, text=f"{escape_markdown(part.name.capitalize())} **{score(part.value)}**")
        right.markdown(f":small[weight {part.exponent:.2f}, factor **{score(part.factor)}**]")
        st.caption(LOOKS_AT[part.name])
        lowered = part.lowered or ("Nothing lowered it.",)
        st.markdown("\n".join(f"- {escape_markdown(text)}" for text in lowered))


def _lowest_claims(explained: Explanation) -> None:
    """List the lowest quarter of the claims, which weighs as much as all claims together."""
    if not explained.lowest:
        return
    st.markdown(f"**The lowest quarter** of {explained.claims:,} claims, which counts as much as all of them")
    st.markdown("\n".join(f"- {_low_claim(claim)}" for claim in explained.lowest))


def _low_claim(claim: ClaimSupport) -> str:
    where = LISTS.get(claim.field, claim.field.removeprefix("demographics.").capitalize())
    return f"**{score(claim.support)}** {escape_markdown(claim.text)} :gray[{escape_markdown(where)}]"


def _blind_spots() -> None:
    st.markdown("**What the score cannot see**")
    st.markdown("\n".join(f"- {text}" for text in (*BLIND, *CAUTIONS)))


@st.dialog("Before and after", width="large")
def before_and_after(run: RunRecord, final: FinalPersona) -> None:
    """Show the draft beside the frontier's text, part by part."""
    if final.edited:
        _before_edits(run, final, final.edited)
        return
    draft = next((item for item in run.drafts if item.draft.id == final.draft_id), None)
    rejected = final.rejected
    before = final.persona if rejected else draft.draft.persona if draft else final.persona
    after = rejected or final.persona
    old = (final.draft_assessment or final.assessment).scores.overall
    new = final.rejected_assessment if rejected else final.assessment
    st.markdown(escape_markdown(final.reason))
    left, right = st.columns(2, gap="medium")
    left.markdown(f"**Draft · {score(old)}**")
    mark = " (simulated)" if run.simulated else ""
    unused = ", not used" if rejected else ""
    right.markdown(f"**Frontier{mark}{unused} · {score(new.scores.overall if new else None)}**")
    for change in text_changes(before, after):
        _changed(change)


def _before_edits(run: RunRecord, final: FinalPersona, edited: Editing) -> None:
    """Show the delivered text beside the edited one, with what was rejected and who changed it."""
    st.markdown(escape_markdown(f"This persona is {edited_words(edited)}. Outcome and cost stay those of the run."))
    left, right = st.columns(2, gap="medium")
    left.markdown(f"**As delivered · {score(edited.original_assessment.scores.overall)}**")
    right.markdown(f"**Now · {score(final.assessment.scores.overall)}**")
    for change in text_changes(edited.original, final.persona):
        _changed(change)
    before = next((item.draft.focus for item in run.drafts if item.draft.id == final.draft_id), ())
    if edited.people != before:
        left, right = st.columns(2, gap="medium")
        left.markdown(escape_markdown(f"People: {', '.join(before) or 'not known'}"))
        right.markdown(escape_markdown(f"People: {', '.join(edited.people)}"))


def _changed(change: FieldChange) -> None:
    st.markdown(f"**{escape_markdown(change.title)}**")
    left, right = st.columns(2, gap="medium")
    left.markdown(_listed(change.removed, ":red[−]", change.kept) or "–")
    right.markdown(_listed(change.added, ":green[+]", change.kept) or "–")


def _listed(own: Sequence[str], sign: str, kept: Sequence[str]) -> str:
    lines = [f"- {sign} {escape_markdown(text)}" for text in own]
    return "\n".join([*lines, *(f"- :gray[{escape_markdown(text)}]" for text in kept)])


@st.dialog("Poster", width="large", icon=":material/co_present:")
def poster(run: RunRecord, final: FinalPersona) -> None:
    """Offer the persona as one page."""
    st.markdown(f"**{escape_markdown(label(final.persona.name))}** on one landscape page, to show or to print.")
    share.poster_button(run, final)


@st.dialog("Copy", width="medium", icon=":material/content_copy:")
def copy_text(run: RunRecord, final: FinalPersona) -> None:
    """Show the persona as Markdown, with a button that copies it."""
    st.code(persona_markdown(final, run.simulated), language=None, wrap_lines=True, height=420)
