"""What a card opens: how its score comes about, what the frontier changed, and the persona to take along.

Computed only when asked for. All text of personas is untrusted: it is escaped before it meets Markdown.
"""

from collections.abc import Sequence

import streamlit as st

from pages.parts import share
from pipeline.domain.persona import SUPPORTED_FROM, WEAK_FROM, ClaimSupport
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.results.evidence import LISTS, FieldChange, changes
from pipeline.results.export import persona_markdown
from pipeline.results.score_explained import (
    BLIND,
    CAUTIONS,
    LOOKS_AT,
    Explanation,
    Part,
    explain,
    formula,
    how,
    product_in_words,
)
from pipeline.text.wording import escape_markdown, label, score


@st.dialog("How scores come about", width="medium", icon=":material/calculate:")
def scores_explained(run: RunRecord) -> None:
    """The score in general, with the weights of this run."""
    st.markdown(escape_markdown(how(run.config)))
    st.code(f"score = {formula(run.config.weights)}", language=None)
    for name, looks_at in LOOKS_AT.items():
        st.markdown(f"**{name.capitalize()}.** {looks_at}")
    st.markdown(
        f"**Marks.** A claim is supported from {score(SUPPORTED_FROM)} and weak from {score(WEAK_FROM)}; under that, "
        "nothing in the study says it. A quote counts as verbatim when the participants in focus said it word for "
        "word, hesitations aside."
    )
    _limits()
    st.caption(f"Scorer version {escape_markdown(run.scorer_version or 'not recorded')}.")


@st.dialog("How this score comes about", width="medium", icon=":material/calculate:")
def score_explained(run: RunRecord, final: FinalPersona) -> None:
    """The score of one delivered text, part by part."""
    explained = explain(final.assessment, run.config.weights)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.metric("Score", score(explained.overall), width="content")
        with st.container(gap="xsmall"):
            st.markdown(f"**{escape_markdown(final.persona.name)}**")
            st.caption(escape_markdown(f"{formula(run.config.weights)}: {product_in_words(explained) or 'open'}"))
    for change in explained.changes:
        st.warning(escape_markdown(change), icon=":material/info:")
    for part in explained.parts:
        _part(part)
    _lowest(explained)
    _limits()
    st.caption(f"Scorer version {escape_markdown(explained.scorer_version)}.")


def _part(part: Part) -> None:
    with st.container(border=True, gap="xsmall"):
        left, right = st.columns([3, 2], gap="medium", vertical_alignment="center")
        left.progress(part.value or 0.0, text=f"{part.name.capitalize()} **{score(part.value)}**")
        right.markdown(f":small[weighs {part.exponent:.2f}, leaves **{score(part.factor)}**]")
        st.caption(LOOKS_AT[part.name])
        lowered = part.lowered or ("Nothing lowered it.",)
        st.markdown("\n".join(f"- {escape_markdown(text)}" for text in lowered))


def _lowest(explained: Explanation) -> None:
    """The quarter of the claims that weighs as much as all claims together."""
    if not explained.lowest:
        return
    st.markdown(f"**The lowest quarter** of {explained.claims} claims, which counts as much as all of them")
    st.markdown("\n".join(f"- {_claim(claim)}" for claim in explained.lowest))


def _claim(claim: ClaimSupport) -> str:
    where = LISTS.get(claim.field, claim.field.removeprefix("demographics.").capitalize())
    return f"**{score(claim.support)}** {escape_markdown(claim.text)} :gray[{escape_markdown(where)}]"


def _limits() -> None:
    st.markdown("**What it cannot see**")
    st.markdown("\n".join(f"- {text}" for text in (*BLIND, *CAUTIONS)))


@st.dialog("Before and after", width="large")
def before_and_after(run: RunRecord, final: FinalPersona) -> None:
    """The draft beside the frontier's text, part by part."""
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


@st.dialog("Poster", icon=":material/co_present:")
def poster(run: RunRecord, final: FinalPersona) -> None:
    """The persona as one page."""
    st.markdown(f"**{escape_markdown(label(final.persona.name))}** on one landscape page, to show or to print.")
    share.poster_button(run, final)


@st.dialog("Copy", width="medium", icon=":material/content_copy:")
def copied(run: RunRecord, final: FinalPersona) -> None:
    """The persona as Markdown, with a button that copies it."""
    st.code(persona_markdown(final, run.simulated), language=None, wrap_lines=True, height=420)
