"""A persona as shown in a report or poster: claims with their marks and, on request, their sources."""

from collections.abc import Iterable, Mapping

from pipeline.domain.base import Frozen
from pipeline.domain.persona import Scores
from pipeline.domain.remarks import Remark
from pipeline.domain.run import Editing, FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.results.edit_history import edited_words, is_pinned
from pipeline.results.evidence import (
    MARK_WORDS,
    ClaimGroup,
    FieldChange,
    Mark,
    MarkedClaim,
    Sources,
    claim_groups,
    describe_person,
    mark_counts,
    mark_word,
    other_findings,
    said_by,
    text_changes,
)
from pipeline.results.remarks import Place, PlacedRemarks, placed_remarks
from pipeline.text.wording import OUTCOME_WORDS, clock, score, usd


class ReportClaim(Frozen):
    """A statement of a persona with its mark in words."""

    text: str
    mark: Mark
    sign: str
    word: str
    support: str
    """Two decimals; a dash where the statement was not scored."""
    people: str = ""
    """Number of participants in focus who support it on their own, in words; empty if not counted."""
    pinned: bool = False
    """True if a person pinned it."""
    quote: str | None = None
    """The best source sentences; `None` where there are none or the report is without words of the study."""
    source: str | None = None
    """Speaker, document, place and time; left out together with the quote."""
    notes: tuple[str, ...] = ()
    """Notes and tags of analysts."""
    question: str = ""
    """The question that was asked; empty without one."""


class ReportGroup(Frozen):
    """One list of a persona."""

    field: str
    title: str
    quotes: bool
    claims: tuple[ReportClaim, ...]


class ReportPersona(Frozen):
    """One persona in words."""

    draft_id: str
    name: str
    tagline: str
    who: str
    """Occupation, age and location, as far as they are stated."""
    background: str
    scores: tuple[tuple[str, str], ...]
    """Name and value, the overall score first."""
    draft_score: str | None
    """Of the draft, where another text is delivered."""
    origin: str
    simulated: bool
    """True if the text itself comes from the simulated frontier."""
    outcome: str
    reason: str
    cost: str
    drawn_from: tuple[str, ...]
    """Ids of participants."""
    marks: str
    groups: tuple[ReportGroup, ...]
    edited: str = ""
    """Number of changes by people and who made them; empty for a text as the run delivered it."""
    changes: tuple[FieldChange, ...] = ()
    """Differences from the delivered text."""
    notes: tuple[str, ...] = ()
    """Notes and tags of analysts on the whole persona."""
    withheld: int
    """Quotes that are left out with the words of the study."""
    findings: tuple[str, ...]


def report_personas(
    run: RunRecord, study: Study, *, with_source: bool, remarks: Iterable[Remark] = ()
) -> tuple[ReportPersona, ...]:
    """Return the personas of a run as a report shows them, best first.

    Args:
        run: in any state.
        study: the run's own; holds the places of quotes.
        with_source: whether words of the study may be shown: quotes, sources and names of documents.
        remarks: notes and tags to show.
    """
    placed = placed_remarks(run, remarks)
    sources = Sources(study) if with_source else None
    told = (_told(final, run, run.people_of(final), sources) for final in run.shown)
    return tuple(_remarked(one, placed) for one in told) if placed else tuple(told)


def _remarked(persona: ReportPersona, placed: Mapping[Place, PlacedRemarks]) -> ReportPersona:
    """Add the notes and tags on a persona and on its claims."""

    def claim(field: str, one: ReportClaim) -> ReportClaim:
        return one.model_copy(update={"notes": _lines(placed.get((persona.draft_id, field, one.text)))})

    groups = (
        group.model_copy(update={"claims": tuple(claim(group.field, one) for one in group.claims)})
        for group in persona.groups
    )
    return persona.model_copy(update={"groups": tuple(groups), "notes": _lines(placed.get((persona.draft_id, "", "")))})


def _lines(own: PlacedRemarks | None) -> tuple[str, ...]:
    if own is None:
        return ()
    tags = (f"Tags: {', '.join(own.tags)}",) if own.tags else ()
    return (*tags, *(f"Note: {note}" for note in own.notes))


def _told(final: FinalPersona, run: RunRecord, focus: tuple[str, ...], sources: Sources | None) -> ReportPersona:
    before = final.draft_assessment
    groups = [group for group in claim_groups(final) if sources is not None or group.field != "quotes"]
    marks = [f"{number} {MARK_WORDS[name][1]}" for name, number in mark_counts(final).items()]
    return ReportPersona(
        draft_id=final.draft_id,
        name=final.persona.name,
        tagline=final.persona.tagline,
        who=describe_person(final.persona),
        background=final.persona.background,
        scores=_scores(final.assessment.scores),
        draft_score=score(before.scores.overall) if before else None,
        origin="frontier" if final.origin == "frontier" else "local draft",
        simulated=run.simulated and final.origin == "frontier",
        outcome=OUTCOME_WORDS[final.outcome],
        reason=final.reason,
        cost=usd(final.cost_micros, run.simulated) if final.cost_micros else "nothing",
        drawn_from=focus,
        marks=", ".join(marks),
        groups=tuple(_group(group, sources, final.edited) for group in groups),
        edited=edited_words(final.edited) if final.edited else "",
        changes=text_changes(final.edited.original, final.persona) if final.edited else (),
        withheld=len(final.persona.quotes) if sources is None else 0,
        findings=tuple(finding.text for finding in other_findings(final)),
    )


def _scores(scores: Scores) -> tuple[tuple[str, str], ...]:
    names = ("overall", "faithfulness", "coherence", "completeness")
    return tuple((name, score(getattr(scores, name))) for name in names)


def _group(group: ClaimGroup, sources: Sources | None, edited: Editing | None) -> ReportGroup:
    quotes = group.field == "quotes"
    claims = tuple(
        _claim(claim, quotes, sources).model_copy(update={"pinned": is_pinned(edited, group.field, claim.text)})
        for claim in group.claims
    )
    return ReportGroup(field=group.field, title=group.title, quotes=quotes, claims=claims)


def _claim(claim: MarkedClaim, is_quote: bool, sources: Sources | None) -> ReportClaim:
    support = claim.support
    shown = ReportClaim(
        text=claim.text,
        mark=claim.mark,
        sign=MARK_WORDS[claim.mark][0],
        word=mark_word(claim.mark, is_quote=is_quote),
        support=score(support.support if support else None),
        people=said_by(support) if support and not is_quote else "",
    )
    if sources is None or support is None or not support.document:
        return shown
    place = (support.participant, support.document, sources.where(support.segment), clock(support.at))
    question = sources.question(support.segment)
    return shown.model_copy(
        update={"quote": support.quote, "source": " · ".join(filter(None, place)), "question": question}
    )
