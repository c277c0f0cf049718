"""Persona cards: every claim with its mark, opening to the words in the study that support it.

All text of personas and studies is untrusted: it is escaped before it meets Markdown. A card is a fragment of
its own, so that opening a claim redraws one card and looks into the study for one claim only.
"""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from pages import _ui
from pipeline.evidence import (
    ClaimGroup,
    FieldChange,
    Mark,
    MarkedClaim,
    SourceContext,
    changes,
    claim_groups,
    lowered_because,
    other_findings,
    source_context,
    weak_claims,
)
from pipeline.models import AssessedDraft, ClaimSupport, FinalPersona, Persona, RunRecord, Scores, Segment, Study
from pipeline.words import OUTCOME_WORDS, count, escape_markdown, score, usd

Order = Literal["Highest score", "Lowest score", "Most weak claims", "Name"]

_PER_PAGE = 6
_CARD_PX = 400
"""A card narrower than this would break its sentences into shreds: one column then."""

_MARKS: dict[Mark, tuple[str, str, str]] = {
    "supported": ("supported", "green", ":material/check_circle:"),
    "weak": ("weak", "orange", ":material/contrast:"),
    "not_found": ("not found", "red", ":material/cancel:"),
    "unscored": ("not scored", "gray", ":material/remove_circle_outline:"),
}
"""Word, colour and icon of a mark: never colour alone."""

_LEGIBLE = "<style>[class*='st-key-claims'] summary { opacity: 1 }</style>"
"""Compact expanders fade their label, which takes the claims and their marks under a readable contrast."""

_QUOTE_WORDS: dict[Mark, str] = {"supported": "verbatim", "weak": "near a quote"}
"""A quote is not supported but found in the study word for word, or it is not."""


@st.fragment
def show(run: RunRecord, study: Study) -> None:
    """The personas of a run as cards in two columns, with sorting, filters and pages."""
    st.html(_LEGIBLE)
    st.subheader("Personas", anchor=False)
    order, outcomes, only_weak = _controls(run)
    chosen = _chosen(run.personas, order, outcomes, only_weak)
    if not chosen:
        st.info("No persona fits these filters. Take one of them away.", icon=":material/filter_alt_off:")
        return
    _legend(len(chosen), len(run.personas))
    page = 1
    if len(chosen) > _PER_PAGE:
        # Its key follows the filters: page 3 of another selection would be a page that nobody asked for.
        page = st.pagination(-(-len(chosen) // _PER_PAGE), key=f"page {order} {outcomes} {only_weak}")
    drafts = {item.draft.id: item for item in run.drafts}
    with st.grid(2, min_column_width=_CARD_PX, gap="small"):
        for final in chosen[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
            with st.container(border=True, height="stretch"):
                _card(run, final, drafts.get(final.draft_id), study)


def _controls(run: RunRecord) -> tuple[Order, Sequence[str], bool]:
    present = [outcome for outcome in OUTCOME_WORDS if any(final.outcome == outcome for final in run.personas)]
    orders: tuple[Order, ...] = ("Highest score", "Lowest score", "Most weak claims", "Name")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        order = st.selectbox("Sort", orders, key="sort", bind="query-params", width=190, label_visibility="collapsed")
        outcomes: Sequence[str] = ()
        if len(present) > 1:
            outcomes = st.pills(
                "Outcomes shown",
                present,
                selection_mode="multi",
                format_func=OUTCOME_WORDS.__getitem__,
                key="outcome",
                bind="query-params",
                label_visibility="collapsed",
            )
        weak = st.toggle(
            "Only with weak claims",
            key="weak",
            bind="query-params",
            help="Personas with at least one claim that is weak or was not found in the study.",
        )
    return order, outcomes, weak


def _chosen(
    personas: Sequence[FinalPersona], order: Order, outcomes: Sequence[str], only_weak: bool
) -> list[FinalPersona]:
    found = [
        final
        for final in personas
        if (not outcomes or final.outcome in outcomes) and (not only_weak or weak_claims(final))
    ]
    if order == "Name":
        return sorted(found, key=lambda final: final.persona.name.casefold())
    if order == "Most weak claims":
        return sorted(found, key=weak_claims, reverse=True)
    # The record lists the best first, those without a score last.
    return found if order == "Highest score" else found[::-1]


def _legend(shown: int, total: int) -> None:
    number = count(total, "persona") if shown == total else f"{shown} of {count(total, 'persona')}"
    marks = "  ".join(f":{color}[{icon}] {word}" for word, color, icon in _MARKS.values())
    # Not a caption: that fades the colours under a readable contrast.
    st.markdown(f":small[{number}. Open a claim to read its source.  {marks}]")


@st.fragment
def _card(run: RunRecord, final: FinalPersona, draft: AssessedDraft | None, study: Study) -> None:
    _identity(run, final)
    _scores(final.assessment.scores)
    if final.persona.background:
        st.markdown(escape_markdown(final.persona.background))
    for group in claim_groups(final):
        _group(f"{run.id} {final.draft_id}", group, study)
    _findings(final)
    _footer(run, final, draft)


def _identity(run: RunRecord, final: FinalPersona) -> None:
    persona = final.persona
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        with st.container(gap=None):
            st.subheader(escape_markdown(persona.name), anchor=False)
            st.caption(escape_markdown(_who(persona)) or "No occupation stated")
        st.metric("Score", score(final.assessment.scores.overall), width="content", help=_SCORE_HELP)
    if persona.tagline:
        st.markdown(f"*{escape_markdown(persona.tagline)}*")
    with st.container(horizontal=True, gap="xsmall"):
        if final.origin == "local":
            st.badge("local draft", color="blue", icon=":material/computer:")
        else:
            st.badge("frontier", color="orange", icon=":material/cloud:")
        if final.origin == "frontier" and run.simulated:
            _ui.simulated_badge()
        st.badge(OUTCOME_WORDS[final.outcome], color="gray", help=escape_markdown(final.reason))


_SCORE_HELP = (
    "From 0 to 1, computed on this machine. Faithfulness: how well the study supports the claims, the weakest "
    "weighing most; it compares words and does not see every turned meaning. Coherence: no rule finds a "
    "contradiction or a repetition. Completeness: the expected parts are there. The score is not a probability."
)


def _who(persona: Persona) -> str:
    facts = {key: value for key, value in persona.demographics.items() if key in ("occupation", "age", "location")}
    return " · ".join(facts[key] for key in ("occupation", "age", "location") if facts.get(key))


def _scores(scores: Scores) -> None:
    parts = {
        "Faithfulness": scores.faithfulness,
        "Coherence": scores.coherence,
        "Completeness": scores.completeness,
    }
    for column, (word, value) in zip(st.columns([12, 11, 13], gap="xsmall"), parts.items(), strict=True):
        column.progress(value or 0.0, text=f"{word} **{score(value)}**")


def _group(card: str, group: ClaimGroup, study: Study) -> None:
    with st.container(gap=None, key=f"claims {card} {group.field}"):
        st.markdown(f"**{group.title}**")
        for number, claim in enumerate(group.claims):
            _claim(f"{card} {group.field} {number}", group.field, claim, study)


def _claim(key: str, field: str, claim: MarkedClaim, study: Study) -> None:
    word, color, icon = _MARKS[claim.mark]
    word = _QUOTE_WORDS.get(claim.mark, word) if field == "quotes" else word
    text = escape_markdown(claim.text)
    words = f"“{text}”" if field == "quotes" else text
    # The word is left to the legend where all is well: a row of the same word hides the exceptions.
    note = "" if claim.mark == "supported" and field != "quotes" else f" :{color}[{word}]"
    opened = st.expander(f":{color}[{icon}] {words}{note}", key=key, type="compact", on_change="rerun")
    with opened:
        if opened.open:
            _source(claim, word, study)


def _source(claim: MarkedClaim, word: str, study: Study) -> None:
    support = claim.support
    if support is None:
        st.caption("Too short to be checked against the study.")
        return
    why = lowered_because(support)
    st.caption(f"{word.capitalize()}: support {score(support.support)}{f', {escape_markdown(why)}' if why else ''}.")
    context = source_context(study, support.segment)
    if context is None:
        st.markdown("Nothing in the study says this.")
        return
    with st.container(border=True, gap="xsmall"):
        _context(context, support, study)


def _context(context: SourceContext, support: ClaimSupport, study: Study) -> None:
    for segment in context.before:
        _turn(segment)
    st.markdown(f"**{_speaker(context.segment)}:** {_highlighted(context.segment.text, support.quote)}")
    for segment in context.after:
        _turn(segment)
    names = {document.id: document.name for document in study.documents}
    place = f"{support.document or names.get(context.segment.document, '')} · {context.segment.where}"
    st.caption(f":material/description: {escape_markdown(place)}")


def _turn(segment: Segment) -> None:
    st.caption(f"{_speaker(segment)}: {escape_markdown(segment.text)}")


def _speaker(segment: Segment) -> str:
    return "Interviewer" if segment.role == "interviewer" else escape_markdown(segment.participant or "Participant")


def _highlighted(text: str, quote: str | None) -> str:
    """The segment with the supporting sentences marked, where they stand in it word for word."""
    start = text.find(quote) if quote else -1
    if not quote or start < 0:
        return escape_markdown(text)
    parts = (text[:start], quote, text[start + len(quote) :])
    before, marked, after = (escape_markdown(part) for part in parts)
    return f"{before} :blue-background[{marked}] {after}".strip()


def _findings(final: FinalPersona) -> None:
    findings = other_findings(final)
    if findings:
        st.markdown("**To look at**")
        st.caption("\n".join(f"- {escape_markdown(finding.text)}" for finding in findings))


def _footer(run: RunRecord, final: FinalPersona, draft: AssessedDraft | None) -> None:
    drawn = f"Drawn from {escape_markdown(', '.join(draft.draft.focus))}. " if draft and draft.draft.focus else ""
    cost = escape_markdown(usd(final.cost_micros, run.simulated)) if final.cost_micros else "nothing"
    st.caption(f"{escape_markdown(final.reason)} {drawn}Cost: {cost}.")
    other = final.rejected or (draft.draft.persona if draft and final.outcome == "refined" else None)
    if other and st.button("Before and after", icon=":material/difference:", key=f"diff {run.id} {final.draft_id}"):
        _before_and_after(run, final, draft)


@st.dialog("Before and after", width="large")
def _before_and_after(run: RunRecord, final: FinalPersona, draft: AssessedDraft | None) -> None:
    """The draft beside the frontier's text, part by part."""
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
    for change in changes(before, after):
        _changed(change)


def _changed(change: FieldChange) -> None:
    st.markdown(f"**{change.title}**")
    left, right = st.columns(2, gap="medium")
    left.markdown(_listed(change.removed, ":red[−]", change.kept) or "–")
    right.markdown(_listed(change.added, ":green[+]", change.kept) or "–")


def _listed(own: Sequence[str], sign: str, kept: Sequence[str]) -> str:
    lines = [f"- {sign} {escape_markdown(text)}" for text in own]
    return "\n".join([*lines, *(f"- :gray[{escape_markdown(text)}]" for text in kept)])
