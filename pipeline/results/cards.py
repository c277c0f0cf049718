"""Cards of personas: every claim with its mark and its evidence.

Pure functions from a run and its study to plain text that the browser sets as text: nothing in it is markup. Each
text is cut to what a card can hold and freed of characters that turn the direction of what follows them.
"""

from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.persona import CLAIM_LISTS, ClaimSupport, Scores
from pipeline.domain.run import AssessedDraft, Editing, FinalPersona, RunRecord
from pipeline.domain.study import Segment, Study
from pipeline.results.edit_history import edited_words, has_chosen_source, is_pinned
from pipeline.results.evidence import (
    MARK_WORDS,
    ClaimGroup,
    Mark,
    MarkedClaim,
    SourceContext,
    Sources,
    claim_groups,
    describe_person,
    lowered_because,
    mark_counts,
    mark_word,
    other_findings,
    said_by,
)
from pipeline.results.remarks import Place, PlacedRemarks, of_persona
from pipeline.text.wording import OUTCOME_WORDS, clock, count, label, passage, score, undirected, usd

_LONGEST_TURN = 900
"""Most characters shown on each side of the supporting sentences, and of each turn around them."""


_ON_FRONT = 3


class CardTurn(Frozen):
    """One turn of a transcript."""

    speaker: str
    text: str


class CardSource(Frozen):
    """The source of a claim with the turns around it, in reading order."""

    before: tuple[CardTurn, ...]
    speaker: str
    words: tuple[str, str, str]
    """Text before, the supporting sentences, text after; the middle is empty where they are not word for word
    in the segment."""
    after: tuple[CardTurn, ...]
    place: str
    """Document and place in it."""


class Saying(Frozen):
    """Words of one participant that support a claim on their own."""

    who: str
    at: str
    """The place in the recording; empty where the source has no times."""
    words: str


class CardClaim(Frozen):
    """A statement with its mark."""

    text: str
    mark: Mark
    word: str
    """Of the mark; empty for a supported statement, because repeating one word would hide the exceptions."""
    said: tuple[str, ...]
    """Sentences about its support: the number, reasons for a lower one, the reason for no source."""
    pinned: bool = False
    """True if a person pinned it."""
    tags: tuple[str, ...] = ()
    people: str = ""
    """Number of participants in focus who support it on their own, in words; empty if not counted."""
    supporters: tuple[Saying, ...] = ()
    """Each supporter with their best sentences; empty where the shown source is the only one."""
    source: CardSource | None = None


class Group(Frozen):
    """One list of a persona."""

    field: str
    title: str
    quotes: bool
    claims: tuple[CardClaim, ...]


class StrongClaim(Frozen):
    """A claim on the front of a card."""

    text: str
    mark: Mark
    people: str


class PartScore(Frozen):
    """A part of the score."""

    name: str
    value: str
    fraction: float
    """0 where there is none."""


class Card(Frozen):
    """Everything that a card shows."""

    id: str
    """Of the draft."""
    name: str
    who: str
    tagline: str
    origin: str
    """`local` or `frontier`."""
    simulated: bool
    """True if the text itself comes from the simulated frontier."""
    outcome: str
    reason: str
    score: str
    parts: tuple[PartScore, ...]
    people: str
    """Number of participants it stands for, of all in the study; empty if not known."""
    strongest: tuple[StrongClaim, ...]
    """At most three: those that most participants support, then those with the best support."""
    size: str
    """Number of statements, in words."""
    marks: tuple[tuple[Mark, int, str], ...]
    """Number of statements per mark, with its word."""
    background: str
    groups: tuple[Group, ...]
    findings: tuple[str, ...]
    foot: str
    """Reason for its outcome, its participants and its cost."""
    edited: str = ""
    """Number of changes by people and who made them; empty for a text as the run delivered it."""
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Notes of analysts with author and day."""
    editable: bool = False
    """True for readers who may change personas."""
    compared: bool
    """True if there are two texts to compare."""


def cards(
    run: RunRecord,
    shown: Sequence[FinalPersona],
    study: Study,
    *,
    editable: bool = False,
    remarks: Mapping[Place, PlacedRemarks] | None = None,
) -> tuple[Card, ...]:
    """Make cards of some personas of a run, in the order given.

    Args:
        run: in any state.
        shown: personas of it.
        study: the run's own; without its words (`Study.is_withheld`) claims name the places of their sources only.
        editable: whether the reader may change personas.
        remarks: notes and tags to show, by their place.
    """
    drafts = {item.draft.id: item for item in run.drafts}
    sources = _Sources(study)
    made = (_card(final, drafts.get(final.draft_id), run.people_of(final), run.simulated, sources) for final in shown)
    return tuple(_remarked(card, remarks or {}).model_copy(update={"editable": editable}) for card in made)


def _remarked(card: Card, remarks: Mapping[Place, PlacedRemarks]) -> Card:
    """Add notes and tags to a card and its claims."""
    if not any(persona == card.id for persona, _, _ in remarks):
        return card
    own = of_persona(remarks, card.id)
    groups = tuple(
        group.model_copy(
            update={
                "claims": tuple(
                    _remarked_claim(one, remarks.get((card.id, group.field, one.text))) for one in group.claims
                )
            }
        )
        for group in card.groups
    )
    return card.model_copy(update={"tags": own.tags, "notes": own.notes, "groups": groups})


def _remarked_claim(claim: CardClaim, own: PlacedRemarks | None) -> CardClaim:
    if own is None:
        return claim
    notes = tuple(f"Note: {note}" for note in own.notes)
    return claim.model_copy(update={"tags": own.tags, "said": (*notes, *claim.said)})


def is_compared(final: FinalPersona, draft: AssessedDraft | None) -> bool:
    """Return True if there are two texts to compare: the draft and the frontier's, or before and after edits."""
    return final.edited is not None or final.rejected is not None or (draft is not None and final.outcome == "refined")


class _Sources(Sources):
    """Sources with the size of their study, and whether its words were withheld."""

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.is_withheld = study.is_withheld
        self.participants = len(study.participants)


def _card(
    final: FinalPersona, draft: AssessedDraft | None, people: Sequence[str], simulated: bool, sources: _Sources
) -> Card:
    persona, reason = final.persona, passage(final.reason, 600)
    focus = f" Drawn from {label(', '.join(people), 600)}." if people else ""
    cost = usd(final.cost_micros, simulated) if final.cost_micros else "nothing"
    groups, marks = claim_groups(final), mark_counts(final)
    return Card(
        id=final.draft_id,
        name=label(persona.name),
        who=label(describe_person(persona), 200) or "No occupation stated",
        tagline=passage(persona.tagline, 300),
        origin=final.origin,
        simulated=simulated and final.origin == "frontier",
        outcome=OUTCOME_WORDS[final.outcome],
        reason=reason,
        score=score(final.assessment.scores.overall),
        people=f"Stands for {len(people)} of {count(sources.participants, 'participant')}" if people else "",
        strongest=_strongest(groups),
        size=count(sum(marks.values()), "statement"),
        parts=_parts(final.assessment.scores),
        marks=tuple((name, number, MARK_WORDS[name][1]) for name, number in marks.items()),
        background=passage(persona.background, 3000),
        groups=tuple(_group(group, sources, final.edited) for group in groups),
        findings=tuple(passage(finding.text, 600) for finding in other_findings(final)),
        foot=f"{reason}{focus} Cost: {cost}.",
        edited=edited_words(final.edited) if final.edited else "",
        compared=is_compared(final, draft),
    )


def _strongest(groups: Sequence[ClaimGroup]) -> tuple[StrongClaim, ...]:
    """The claims that say most of a persona; verbatim quotes where it has fewer than three."""
    claims: list[tuple[MarkedClaim, ClaimSupport]] = []
    quotes: list[StrongClaim] = []
    stated = [(group.field, claim) for group in groups for claim in group.claims]
    for field, claim in stated:
        if field == "quotes" and claim.mark == "supported":
            quotes.append(StrongClaim(text=f"“{passage(claim.text, 300)}”", mark=claim.mark, people=""))
        elif field in CLAIM_LISTS and claim.support and claim.mark in ("supported", "weak"):
            claims.append((claim, claim.support))
    claims.sort(key=lambda one: (len(one[1].supporters), one[1].support), reverse=True)
    found = [
        StrongClaim(text=passage(claim.text, 300), mark=claim.mark, people=said_by(support))
        for claim, support in claims
    ]
    return tuple([*found, *quotes][:_ON_FRONT])


def _parts(scores: Scores) -> tuple[PartScore, ...]:
    values = (scores.faithfulness, scores.coherence, scores.completeness)
    return tuple(
        PartScore(name=name, value=score(value), fraction=value or 0.0)
        for name, value in zip(("Faithfulness", "Coherence", "Completeness"), values, strict=True)
    )


def _group(group: ClaimGroup, sources: _Sources, editing: Editing | None) -> Group:
    quotes = group.field == "quotes"
    claims = []
    for claim in group.claims:
        told = _claim(claim, quotes, sources)
        by_hand = has_chosen_source(editing, group.field, claim.text)
        said = (*told.said, "A person chose this source.") if by_hand else told.said
        pinned = is_pinned(editing, group.field, claim.text)
        claims.append(told.model_copy(update={"said": said, "pinned": pinned}))
    return Group(field=group.field, title=group.title, quotes=quotes, claims=tuple(claims))


def _claim(claim: MarkedClaim, is_quote: bool, sources: _Sources) -> CardClaim:
    word, support = mark_word(claim.mark, is_quote=is_quote), claim.support
    shown = "" if claim.mark == "supported" and not is_quote else word
    said, source = _told(support, word, sources)
    people = said_by(support) if support and not is_quote else ""
    return CardClaim(
        text=passage(claim.text, 600),
        mark=claim.mark,
        word=shown,
        said=said,
        people=people,
        supporters=_sayings(support, sources) if people and support and len(support.supporters) > 1 else (),
        source=source,
    )


def _sayings(support: ClaimSupport, sources: _Sources) -> tuple[Saying, ...]:
    """Everybody who supports a claim alone; without their words where a study was shared without them."""
    return tuple(
        Saying(
            who=label(one.participant),
            at=clock(one.at) or "",
            words=passage("" if sources.is_withheld else one.quote or "", _LONGEST_TURN),
        )
        for one in support.supporters
    )


def _told(support: ClaimSupport | None, word: str, sources: _Sources) -> tuple[tuple[str, ...], CardSource | None]:
    """Describe the support of a claim, with its source where that may be shown."""
    if support is None:
        return ("Too short to be checked against the study.",), None
    why = lowered_because(support)
    worth = f"{word.capitalize()}: support {score(support.support)}{f', {why}' if why else ''}."
    context = sources.around(support.segment)
    if context is None:
        return (worth, "No source in the study."), None
    document = support.document or sources.names.get(context.segment.document, "")
    time = clock(support.at)
    place = label(f"{document} · {context.segment.where}{f' · {time}' if time else ''}", 300)
    if sources.is_withheld:
        return (worth, f"The words were left out when this run was shared. Their place: {place}."), None
    return (worth,), _source(context, support.quote, place)


def _source(context: SourceContext, quote: str | None, place: str) -> CardSource:
    return CardSource(
        before=tuple(_turn(segment) for segment in context.before),
        speaker=_speaker(context.segment),
        words=_around(context.segment.text, quote or ""),
        after=tuple(_turn(segment) for segment in context.after),
        place=place,
    )


def _turn(segment: Segment) -> CardTurn:
    return CardTurn(speaker=_speaker(segment), text=passage(segment.text, _LONGEST_TURN))


def _speaker(segment: Segment) -> str:
    return "Interviewer" if segment.role == "interviewer" else label(segment.participant or "Participant")


def _around(text: str, quote: str) -> tuple[str, str, str]:
    """Split a segment into the text before, the supporting sentences, and the text after."""
    start = text.find(quote) if quote else -1
    if start < 0:
        return passage(text, 3 * _LONGEST_TURN), "", ""
    before = " ".join(undirected(text[:start]).split())
    before = before if len(before) <= _LONGEST_TURN else f"…{before[1 - _LONGEST_TURN :].lstrip()}"
    return before, passage(quote, 3 * _LONGEST_TURN), passage(text[start + len(quote) :], _LONGEST_TURN)
