"""Personas of two runs side by side: which belong together, and what only one of them claims.

All text of personas is untrusted: it is escaped before it meets Markdown.
"""

from collections.abc import Iterable, Sequence

import streamlit as st

from pages import _claims, _once
from pipeline.comparison.matching import ClaimDifference, Match, claim_differences, matches
from pipeline.comparison.saved import LETTERS
from pipeline.evidence import MarkedClaim
from pipeline.models import FinalPersona, RunRecord
from pipeline.words import OUTCOME_WORDS, count, escape_markdown, label, percent, score

_PER_PAGE = 4


@st.fragment
def show(runs: Sequence[RunRecord]) -> None:
    """The personas of the first run beside those of another one, a few at a time."""
    st.subheader("Personas side by side", anchor=False)
    other = 1
    letters = LETTERS[1 : len(runs)]
    if len(runs) > 2:
        chosen = st.segmented_control(
            "Beside A", list(letters), default="B", required=True, key="beside", bind="query-params"
        )
        other = LETTERS.index(chosen or "B")
    first, second = runs[0], runs[other]
    found = _once.once("matches", (first, second), lambda: matches(first, second))
    pairs = sum(one.first is not None and one.second is not None for one in found)
    st.caption(_legend(pairs, found, LETTERS[other]))
    page = 1
    if len(found) > _PER_PAGE:
        page = st.pagination(-(-len(found) // _PER_PAGE), key=f"matches {first.id} {second.id}")
    for match in found[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
        with st.container(border=True):
            _match(match, LETTERS[other])


def _legend(pairs: int, found: Sequence[Match], letter: str) -> str:
    alone = len(found) - pairs
    rest = f", {count(alone, 'persona')} without a counterpart" if alone else ""
    return (
        f"{count(pairs, 'pair')}{rest}. The same draft belongs together whoever wrote the final text; others are "
        f"matched by what they say. A is on the left, {letter} on the right."
    )


def _match(match: Match, letter: str) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        _identity(match.first, "A")
    with right:
        _identity(match.second, letter)
    if match.first is None or match.second is None:
        return
    why = "same draft" if match.same_draft else "matched by what they say"
    alike = "" if match.similarity is None else f", {percent(match.similarity)} alike"
    differing = claim_differences(match.first, match.second)
    same = sum(len(one.both) for one in differing)
    st.caption(f"{why.capitalize()}{alike}. {count(same, 'claim')} in both.")
    for one in differing:
        _difference(one)


def _identity(final: FinalPersona | None, letter: str) -> None:
    if final is None:
        st.caption(f"{letter}: no counterpart")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(letter, color="gray")
        st.markdown(f"**{escape_markdown(label(final.persona.name))}**", width="content")
        st.markdown(score(final.assessment.scores.overall), width="content")
        st.badge(OUTCOME_WORDS[final.outcome], color="orange" if final.origin == "frontier" else "blue")
    if final.persona.tagline:
        st.caption(escape_markdown(label(final.persona.tagline, 200)))


def _difference(one: ClaimDifference) -> None:
    """What only one of the two claims, and what both claim with other support; nothing where they agree."""
    moved = [pair for pair in one.both if pair.support_moved]
    if not (one.only_first or one.only_second or moved):
        return
    st.markdown(f"**{one.title}**")
    left, right = st.columns(2, gap="small")
    left.markdown(_listed(one.only_first) or ":small[nothing of its own]")
    right.markdown(_listed(one.only_second) or ":small[nothing of its own]")
    if moved:
        st.caption("In both, with other support:")
        left, right = st.columns(2, gap="small")
        left.markdown(_listed((pair.first for pair in moved), with_support=True))
        right.markdown(_listed((pair.second for pair in moved), with_support=True))


def _listed(claims: Iterable[MarkedClaim], *, with_support: bool = False) -> str:
    return "\n".join(f"- {_claim(claim, with_support)}" for claim in claims)


def _claim(claim: MarkedClaim, with_support: bool) -> str:
    word, color, icon = _claims.MARKS[claim.mark]
    support = f" {score(claim.support.support)}" if with_support and claim.support else ""
    return f"{escape_markdown(label(claim.text, 400))} :{color}[{icon} {word}{support}]"
