"""Count the participants in focus who support a claim on their own.

A claim that rests on one person is not wrong, and a claim put together from two people may hold for neither. Support
by one person is computed like support by all in focus, over this person's words and facts alone. A judge and an
embedding model are not asked about single people, and there is no count if a draft's focus is not known.
"""

from collections.abc import Iterator, Sequence

from pipeline.domain.persona import SUPPORTED_FROM, ClaimSupport, Finding, Supporter
from pipeline.scoring.demographics import look_up
from pipeline.scoring.faithfulness import Claim, Evidence, find_alone
from pipeline.scoring.index import SourceView, StudyIndex
from pipeline.text.wording import count

_FEWEST = 3
"""Supported statements from which it is worth saying that most rest on one person."""


def supporters(claim: Claim, together: Evidence, view: SourceView, index: StudyIndex) -> tuple[Supporter, ...]:
    """Return the participants in focus who support a claim by their own words.

    Args:
        claim: not a quote; use `quoted` for those.
        together: its evidence over all in focus, before anything is taken off; one person never has more.
        view: of the focus.
        index: of the study.
    """
    if not view.is_known or together.support < SUPPORTED_FROM:
        return ()
    if len(view.participants) == 1:
        return (_supporter(view.participants[0].id, together, view, index),)
    found = find_alone(claim, together, view, SUPPORTED_FROM)
    return tuple(_supporter(person.id, evidence, view, index) for person, evidence in found)


def stating(key: str, text: str, view: SourceView) -> tuple[Supporter, ...]:
    """Return the participants in focus who support a demographic by the facts that the data states about them."""
    if not view.is_known:
        return ()
    found = ((person, look_up(key, text, [person])) for person in view.participants)
    return tuple(
        Supporter(participant=person.id, support=stated.support, document=next(iter(person.documents), None))
        for person, stated in found
        if stated and stated.support >= SUPPORTED_FROM
    )


def quoted(evidence: Evidence, view: SourceView, index: StudyIndex) -> tuple[Supporter, ...]:
    """Return the speaker of a quote: the participant in whose words it was found, if it is verbatim."""
    if not view.is_known or evidence.support < SUPPORTED_FROM or not evidence.sentences:
        return ()
    person = view.segment_of(evidence.sentences[0]).participant
    return (_supporter(person, evidence, view, index),) if person else ()


def about_prevalence(claims: Sequence[ClaimSupport], fields: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding if most statements rest on one person each, where several are in focus.

    Args:
        claims: of one persona.
        fields: the lists that count; a quote is always one person's, and so are most facts.
    """
    backed = [claim for claim in claims if claim.field in fields and claim.supporters and (claim.of or 0) > 1]
    alone = [claim for claim in backed if len(claim.supporters) == 1]
    if len(backed) >= _FEWEST and len(alone) > len(backed) / 2:
        people = {one.participant for claim in alone for one in claim.supporters}
        whom = "the same person" if len(people) == 1 else "one person each"
        text = (
            f"{len(alone)} of {count(len(backed), 'supported statement')} rest on {whom}, of {backed[0].of} in focus."
        )
        yield Finding(kind="one_voice", text=text)


def _supporter(participant: str, evidence: Evidence, view: SourceView, index: StudyIndex) -> Supporter:
    segment = view.segment_of(evidence.sentences[0]) if evidence.sentences else None
    return Supporter(
        participant=participant,
        support=min(max(evidence.support, 0.0), 1.0),
        document=index.document_names.get(segment.document, segment.document) if segment else None,
        segment=segment.id if segment else None,
        quote=view.text_between(*evidence.sentences) if evidence.sentences else None,
        at=segment.at if segment else None,
    )
