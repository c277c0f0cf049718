"""Personas of two runs side by side: matched pairs, and claims that only one of the two makes.

Each pair is one table: one element for the browser, and rows that stay beside each other. All text of personas is
untrusted: it is escaped before it meets Markdown.
"""

from collections.abc import Sequence
from itertools import zip_longest

import streamlit as st

from pages.parts import cards, ui
from pages.parts.table import markdown_table
from pipeline.domain.comparison import LETTERS
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.results.compare_personas import ClaimDifference, Match, claim_differences, match_personas
from pipeline.results.evidence import MarkedClaim
from pipeline.text.wording import OUTCOME_WORDS, count, escape_markdown, label, percent, score

_PER_PAGE = 4


@st.fragment
def show_persona_pairs(runs: Sequence[RunRecord]) -> None:
    """Show the personas of the first run beside those of another one, a few at a time."""
    st.header("Personas side by side", anchor=False)
    other = 1
    letters = LETTERS[1 : len(runs)]
    if len(runs) > 2:
        chosen = st.segmented_control(
            "Beside A", list(letters), default="B", required=True, key="beside", bind="query-params"
        )
        other = LETTERS.index(chosen or "B")
    first, second = runs[0], runs[other]
    found = ui.cached("matches", (first, second), lambda: match_personas(first, second))
    pairs = sum(one.first is not None and one.second is not None for one in found)
    st.caption(_legend(pairs, found, LETTERS[other]))
    page = 1
    if len(found) > _PER_PAGE:
        page = st.pagination(-(-len(found) // _PER_PAGE), key=f"matches {first.id} {second.id}")
    with st.container(key="matches", gap="medium"):
        for match in found[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
            st.markdown(_match(match, LETTERS[other]))


def _legend(pairs: int, found: Sequence[Match], letter: str) -> str:
    alone = len(found) - pairs
    rest = f", {count(alone, 'persona')} without a counterpart" if alone else ""
    return (
        f"{count(pairs, 'pair')}{rest}. Personas of the same draft are paired; others are matched by what "
        f"they say. A is on the left, {letter} on the right."
    )


def _match(match: Match, letter: str) -> str:
    """One pair, or one persona without a counterpart."""
    head = [_identity(match.first, "A"), _identity(match.second, letter)]
    rows = [[_tagline(match.first), _tagline(match.second)]]
    if match.first is None or match.second is None:
        return markdown_table(head, rows)
    differing = claim_differences(match.first, match.second)
    rows += [row for one in differing for row in _difference(one)]
    why = "same draft" if match.same_draft else "matched by what they say"
    alike = "" if match.similarity is None else f", {percent(match.similarity)} alike"
    same = sum(len(one.both) for one in differing)
    return f"{markdown_table(head, rows)}\n\n:small[:gray[{why.capitalize()}{alike}. {count(same, 'claim')} in both.]]"


def _identity(final: FinalPersona | None, letter: str) -> str:
    if final is None:
        return f":gray-badge[{letter}] no counterpart"
    became = f":{'orange' if final.origin == 'frontier' else 'blue'}-badge[{OUTCOME_WORDS[final.outcome]}]"
    name = escape_markdown(label(final.persona.name))
    return f":gray-badge[{letter}] {name} · {score(final.assessment.scores.overall)} {became}"


def _tagline(final: FinalPersona | None) -> str:
    return escape_markdown(label(final.persona.tagline, 200)) if final else ""


def _difference(one: ClaimDifference) -> list[list[str]]:
    """Return rows of claims of one side only, and of shared claims with different support; none where both agree."""
    moved = [pair for pair in one.both if pair.support_moved]
    if not (one.only_first or one.only_second or moved):
        return []
    rows = [[f"**{escape_markdown(one.title)}**", ""]]
    if one.only_first or one.only_second:
        sides = ([_claim(claim) for claim in only] or [_NOTHING] for only in (one.only_first, one.only_second))
        rows += [list(row) for row in zip_longest(*sides, fillvalue="")]
    if moved:
        rows.append([":small[In both, with different support:]", ""])
        rows += [[_claim(pair.first, with_support=True), _claim(pair.second, with_support=True)] for pair in moved]
    return rows


_NOTHING = ":small[nothing of its own]"


def _claim(claim: MarkedClaim, *, with_support: bool = False) -> str:
    word, color, sign = cards.MARKS[claim.mark]
    support = f" {score(claim.support.support)}" if with_support and claim.support else ""
    return f"{escape_markdown(label(claim.text, 400))} :{color}[{sign} {word}{support}]"
