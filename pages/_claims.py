"""Claims of a persona with their marks, each opening to the words in the study that support it.

All text of personas and studies is untrusted: it is escaped before it meets Markdown.
"""

import streamlit as st

from pipeline.evidence import ClaimGroup, Mark, MarkedClaim, SourceContext, lowered_because, source_context
from pipeline.models import ClaimSupport, Segment, Study
from pipeline.words import escape_markdown, label, score

MARKS: dict[Mark, tuple[str, str, str]] = {
    "supported": ("supported", "green", ":material/check_circle:"),
    "weak": ("weak", "orange", ":material/contrast:"),
    "not_found": ("not found", "red", ":material/cancel:"),
    "unscored": ("not scored", "gray", ":material/remove_circle_outline:"),
}
"""Word, colour and icon of a mark: never colour alone."""

LEGIBLE = "<style>[class*='st-key-claims'] summary { opacity: 1 }</style>"
"""Compact expanders fade their label, which takes the claims and their marks under a readable contrast."""

_QUOTE_WORDS: dict[Mark, str] = {"supported": "verbatim", "weak": "near a quote"}
"""A quote is not supported but found in the study word for word, or it is not."""


def group(card: str, group: ClaimGroup, study: Study) -> None:
    with st.container(gap=None, key=f"claims {card} {group.field}"):
        st.markdown(f"**{group.title}**")
        for number, claim in enumerate(group.claims):
            _claim(f"{card} {group.field} {number}", group.field, claim, study)


def _claim(key: str, field: str, claim: MarkedClaim, study: Study) -> None:
    word, color, icon = MARKS[claim.mark]
    word = _QUOTE_WORDS.get(claim.mark, word) if field == "quotes" else word
    text = escape_markdown(label(claim.text, 600))
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
    if study.is_withheld:
        st.caption(f"The words were left out when this run was shared. Their place: {_place(context, support, study)}.")
        return
    with st.container(border=True, gap="xsmall"):
        _context(context, support, study)


def _context(context: SourceContext, support: ClaimSupport, study: Study) -> None:
    for segment in context.before:
        _turn(segment)
    st.markdown(f"**{_speaker(context.segment)}:** {_highlighted(context.segment.text, support.quote)}")
    for segment in context.after:
        _turn(segment)
    st.caption(f":material/description: {_place(context, support, study)}")


def _place(context: SourceContext, support: ClaimSupport, study: Study) -> str:
    names = {document.id: document.name for document in study.documents}
    return escape_markdown(f"{support.document or names.get(context.segment.document, '')} · {context.segment.where}")


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
