"""Persona cards: every claim with its mark, opening to the words in the study that support it.

All text of personas and studies is untrusted: it is escaped before it meets Markdown. A card is a fragment of
its own, so that opening a claim redraws one card and looks into the study for one claim only.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import streamlit as st

from pages import _card_dialogs, _claims, _share, _ui
from pipeline.evidence import (
    claim_groups,
    mark_counts,
    other_findings,
    unsupported_quotes,
    weak_claims,
)
from pipeline.export import persona_markdown
from pipeline.models import AssessedDraft, FinalPersona, Persona, RunRecord, Scores, Study
from pipeline.words import OUTCOME_WORDS, count, escape_markdown, label, score, usd

Order = Literal["Highest score", "Lowest score", "Most weak claims", "Name"]

_PER_PAGE = 6
_CARD_PX = 400
"""A card narrower than this would break its sentences into shreds: one column then."""


@st.fragment
def show(run: RunRecord, study: Study) -> None:
    """The personas of a run as cards in two columns, with sorting, filters and pages."""
    st.html(_claims.LEGIBLE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Personas", anchor=False, width="content")
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
    drafts = {item.draft.id: item for item in run.drafts}
    with st.grid(2, min_column_width=_CARD_PX, gap="small"):
        for final in chosen[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
            with st.container(border=True, height="stretch"):
                _card(run, final, drafts.get(final.draft_id), study)


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
            "With weak claims",
            key="weak",
            bind="query-params",
            help="Only personas with at least one claim that is weak or was not found in the study.",
        )
        unquoted = st.toggle(
            "With unsupported quotes",
            key="unquoted",
            bind="query-params",
            help="Only personas with at least one quote that is not verbatim from the study.",
        )
    return _Shown(order, outcomes, weak, unquoted)


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
    marks = "  ".join(f":{color}[{icon}] {word}" for word, color, icon in _claims.MARKS.values())
    # Not a caption: that fades the colours under a readable contrast.
    st.markdown(f":small[{number}. Open a claim to read its source.  {marks}]")


@st.fragment
def _card(run: RunRecord, final: FinalPersona, draft: AssessedDraft | None, study: Study) -> None:
    _identity(run, final)
    _scores(final.assessment.scores)
    _marks(final)
    if final.persona.background:
        st.markdown(escape_markdown(label(final.persona.background, 3000)))
    for group in claim_groups(final):
        _claims.group(f"{run.id} {final.draft_id}", group, study)
    _findings(final)
    _footer(run, final, draft)


def _identity(run: RunRecord, final: FinalPersona) -> None:
    persona = final.persona
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        with st.container(gap=None):
            st.subheader(escape_markdown(label(persona.name)), anchor=False)
            st.caption(escape_markdown(label(_who(persona), 200)) or "No occupation stated")
        st.metric("Score", score(final.assessment.scores.overall), width="content", help=_SCORE_HELP)
    if persona.tagline:
        st.markdown(f"*{escape_markdown(label(persona.tagline, 300))}*")
    with st.container(horizontal=True, gap="xsmall"):
        if final.origin == "local":
            st.badge("local draft", color="blue", icon=":material/computer:")
        else:
            st.badge("frontier", color="orange", icon=":material/cloud:")
        if final.origin == "frontier" and run.simulated:
            _ui.simulated_badge()
        st.badge(OUTCOME_WORDS[final.outcome], color="gray", help=escape_markdown(label(final.reason, 600)))


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


def _marks(final: FinalPersona) -> None:
    """How many statements have each mark."""
    counted = [
        f":{color}[{icon}] {number} {word}"
        for name, number in mark_counts(final).items()
        for word, color, icon in (_claims.MARKS[name],)
    ]
    # Not a caption: that fades the colours under a readable contrast.
    st.markdown(f":small[{'  '.join(counted)}]")


def _findings(final: FinalPersona) -> None:
    findings = other_findings(final)
    if findings:
        st.markdown("**To look at**")
        st.caption("\n".join(f"- {escape_markdown(finding.text)}" for finding in findings))


def _footer(run: RunRecord, final: FinalPersona, draft: AssessedDraft | None) -> None:
    drawn = f"Drawn from {escape_markdown(', '.join(draft.draft.focus))}. " if draft and draft.draft.focus else ""
    cost = escape_markdown(usd(final.cost_micros, run.simulated)) if final.cost_micros else "nothing"
    st.caption(f"{escape_markdown(label(final.reason, 600))} {drawn}Cost: {cost}.")
    key = f"{run.id} {final.draft_id}"
    with st.container(horizontal=True, gap="small"):
        if st.button("Score explained", icon=":material/calculate:", type="tertiary", key=f"score {key}"):
            _card_dialogs.score_explained(run, final)
        if _is_refined(final, draft) and st.button(
            "Before and after", icon=":material/difference:", type="tertiary", key=f"diff {key}"
        ):
            _card_dialogs.before_and_after(run, final, draft)
        _share.poster_button(run, final, key)
        with st.popover(
            "Copy", icon=":material/content_copy:", type="tertiary", on_change="rerun", key=f"copy {key}"
        ) as copy:
            if copy.open:
                st.code(persona_markdown(final, run.simulated), language=None, wrap_lines=True, height=320)


def _is_refined(final: FinalPersona, draft: AssessedDraft | None) -> bool:
    """Whether there are two texts to compare."""
    return final.rejected is not None or (draft is not None and final.outcome == "refined")
