"""Personas as posters: one landscape page each, short enough to be read from the back of a room."""

from collections.abc import Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.results.edit_history import edited_words
from pipeline.results.evidence import describe_person, mark, rest_on_one, weak_claims
from pipeline.results.report.html import render
from pipeline.results.report.run import utc_time
from pipeline.text.wording import OUTCOME_WORDS, count, passage, score

_MOST = 4
"""Statements of a list that fit beside each other on a page."""

_LONGEST = {"name": 60, "tagline": 140, "quote": 220, "item": 110, "fact": 60}
"""Most characters shown of each; the report shows the full text."""


class Poster(Frozen):
    """One page, cut to what fits on it."""

    name: str
    tagline: str
    who: str
    facts: tuple[tuple[str, str], ...]
    """Demographics beside those of `who`; at most four."""
    quote: str
    """The first that is verbatim from the study; empty when none is."""
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    """Goals, pain points and behaviours, as far as there are any."""
    left_out: int
    """Statements of these lists that did not fit."""
    score: str
    meaning: str
    evidence: str
    origin: str
    simulated: bool


def posters(run: RunRecord, personas: Sequence[FinalPersona]) -> str:
    """Return posters as one HTML file that prints each persona on its own landscape page.

    Args:
        run: the personas' own.
        personas: at least one, in the order of the pages.
    """
    return render(
        "poster.html", run=run, started=utc_time(run.created_at), posters=[_poster(run, one) for one in personas]
    )


def _poster(run: RunRecord, final: FinalPersona) -> Poster:
    persona = final.persona
    named = (("Goals", persona.goals), ("Pain points", persona.pain_points), ("Behaviours", persona.behaviours))
    facts = [pair for pair in persona.demographics.items() if pair[0] not in ("occupation", "age", "location")]
    claims = final.assessment.claims
    supported = len(claims) - weak_claims(final)
    return Poster(
        name=_cut(persona.name, "name"),
        tagline=_cut(persona.tagline, "tagline"),
        who=_cut(describe_person(final.persona), "tagline"),
        facts=tuple((_cut(key, "fact"), _cut(value, "fact")) for key, value in facts[:_MOST]),
        quote=_quote(final),
        lists=tuple((title, tuple(_cut(item, "item") for item in items[:_MOST])) for title, items in named if items),
        left_out=sum(max(0, len(items) - _MOST) for _, items in named),
        score=score(final.assessment.scores.overall),
        meaning="of 1: how far the study supports what is said here, how consistent and how complete it is. "
        "Not a probability.",
        evidence=_evidence(final, supported),
        origin=", ".join(
            filter(
                None,
                (
                    "frontier" if final.origin == "frontier" else "local draft",
                    OUTCOME_WORDS[final.outcome],
                    edited_words(final.edited) if final.edited else "",
                ),
            )
        ),
        simulated=run.simulated and final.origin == "frontier",
    )


def _evidence(final: FinalPersona, supported: int) -> str:
    """Return a sentence on how many claims the study supports, and how many of them rest on one person."""
    claims = final.assessment.claims
    if not claims:
        return "no claim was checked against the study"
    alone, backed = rest_on_one(final.assessment)
    people = f"; {alone} of {backed} said by one person alone" if backed else ""
    return f"{supported} of {count(len(claims), 'claim')} supported by the study{people}"


def _quote(final: FinalPersona) -> str:
    """Return the first quote that is verbatim from the study; never show an invented one in large type."""
    verbatim = {
        claim.text for claim in final.assessment.claims if claim.field == "quotes" and mark(claim) == "supported"
    }
    return next((_cut(text, "quote") for text in final.persona.quotes if text in verbatim), "")


def _cut(text: str, part: str) -> str:
    return passage(text, _LONGEST[part])
