"""Notes, tags and comments of people in words, sorted by the persona and claim that they are about."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline.domain.base import Frozen
from pipeline.domain.remarks import Comment, Remark
from pipeline.domain.run import RunRecord
from pipeline.results.evidence import LISTS
from pipeline.text.wording import label, passage

Place = tuple[str, str, str]
"""Id of a persona (of its draft), list and words of a claim; the last two are empty for the whole persona."""


class PlacedRemarks(Frozen):
    """Notes and tags in one place."""

    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """One line each, with author and day."""


def placed_remarks(run: RunRecord, remarks: Iterable[Remark]) -> dict[Place, PlacedRemarks]:
    """Sort notes and tags by their place.

    Those on a persona that was merged stand with the united one, and those on a claim that is gone with its persona.

    Args:
        run: in any state.
        remarks: with the present words of their claims.
    """
    owners = {
        name: final.draft_id for final in run.shown for name in (final.edited.made_from if final.edited else ())
    } | {final.draft_id: final.draft_id for final in run.shown}
    claims = {
        (final.draft_id, field, text)
        for final in run.shown
        for field in LISTS
        for text in getattr(final.persona, field)
    }
    found: dict[Place, list[Remark]] = {}
    for one in remarks:
        place = (owners.get(one.persona, one.persona), one.field, one.text)
        if one.field and place not in claims:
            gone = f"{one.words} (on ‘{label(one.text, 80)}’, which is no longer there)"
            one = one.model_copy(update={"words": gone[:1000]}) if one.kind == "note" else one
            place = (place[0], "", "")
        found.setdefault(place, []).append(one)
    return {place: _in_words(those) for place, those in found.items()}


def comment_lines(comments: Sequence[Comment]) -> tuple[tuple[str, str], ...]:
    """Return comments, oldest first, as pairs of author with day and words."""
    return tuple((f"{label(one.author)}, {_day(one.at)}", passage(one.words, 1000)) for one in comments)


def of_persona(placed: Mapping[Place, PlacedRemarks], persona: str) -> PlacedRemarks:
    """Return the notes and tags on a whole persona."""
    return placed.get((persona, "", ""), PlacedRemarks())


def _in_words(remarks: Sequence[Remark]) -> PlacedRemarks:
    return PlacedRemarks(
        tags=tuple(dict.fromkeys(label(one.words, 40) for one in remarks if one.kind == "tag")),
        notes=tuple(
            f"{passage(one.words, 1000)} ({label(one.author)}, {_day(one.at)})" for one in remarks if one.kind == "note"
        ),
    )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"
