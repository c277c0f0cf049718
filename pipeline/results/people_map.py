"""Map of participants and personas: who is in which persona, how strongly, and who is in none.

Pure functions on a run and its study. The strength of a participant in a persona is the share of its statements
(goals, pain points, behaviours, motivations) that this participant's own words support, from `SUPPORTED_FROM` on.
Facts and quotes do not count: most of them are one person's by nature. Only the people of a persona are asked, so
there is no strength outside it.
"""

from collections.abc import Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.persona import CLAIM_LISTS, ClaimSupport
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.results.evidence import Sources
from pipeline.text.wording import clock, count, share

STRENGTH = (
    "Each number is the share of a persona's statements (goals, pain points, behaviours, motivations) that the "
    "participant supports in their own words. Facts and quotes do not count."
)
"""Definition of the strength, for the screen and reports."""

_MOST_OWN = 12
"""Passages shown of a participant who is in no persona."""


class MappedPersona(Frozen):
    """A column of the map."""

    draft_id: str
    name: str
    statements: int
    """Statements that were checked for each of its people; 0 if they were not counted."""


class MapCell(Frozen):
    """A participant in a persona."""

    supported: int
    statements: int

    @property
    def strength(self) -> float | None:
        """Return the share of the statements that the participant supports; `None` if none was counted."""
        return self.supported / self.statements if self.statements else None

    @property
    def words(self) -> str:
        """Return the strength in words: `33 % · 3 of 9`."""
        return share(self.supported, self.statements) if self.statements else "not counted"


class MapRow(Frozen):
    """A participant with one cell per persona; `None` where they are not among its people."""

    participant: str
    cells: tuple[MapCell | None, ...]

    @property
    def personas(self) -> int:
        """Number of personas that the participant is in."""
        return sum(cell is not None for cell in self.cells)


class PeopleMap(Frozen):
    """The map of a run."""

    personas: tuple[MappedPersona, ...]
    rows: tuple[MapRow, ...]
    """Persona by persona, the strongest first; then those who are in none."""

    @property
    def in_none(self) -> tuple[str, ...]:
        """Ids of the participants who are in no persona."""
        return tuple(row.participant for row in self.rows if not row.personas)


class OwnWords(Frozen):
    """A passage of a participant, with the statement that it supports."""

    persona: str
    """Name; empty for a participant who is in no persona."""
    statement: str
    quote: str
    """Empty where the words were withheld."""
    place: str
    """Document, place in it and time in the recording, as far as they are known."""
    question: str


def people_map(run: RunRecord, study: Study) -> PeopleMap:
    """Return the map of a run with all participants of its study."""
    people = dict.fromkeys(person.id for person in study.participants)
    columns: list[MappedPersona] = []
    cells: list[dict[str, MapCell]] = []
    for final in run.shown:
        statements = [claim for claim in final.assessment.claims if claim.field in CLAIM_LISTS and claim.of is not None]
        mapped = MappedPersona(draft_id=final.draft_id, name=final.persona.name, statements=len(statements))
        columns.append(mapped)
        cells.append({person: _cell(person, statements) for person in run.people_of(final)})
        people |= dict.fromkeys(cells[-1])
    rows = [MapRow(participant=person, cells=tuple(found.get(person) for found in cells)) for person in people]
    return PeopleMap(personas=tuple(columns), rows=tuple(sorted(rows, key=_order)))


def map_sentence(found: PeopleMap) -> str:
    """Return in one sentence how many participants are in how many personas."""
    several = sum(row.personas > 1 for row in found.rows)
    return (
        f"{count(len(found.rows), 'participant')} and {count(len(found.personas), 'persona')}: "
        f"{several} in more than one, {len(found.in_none)} in none."
    )


def words_of(run: RunRecord, study: Study, participant: str) -> tuple[OwnWords, ...]:
    """Return a participant's words behind the statements of each persona; of people in none, their first passages."""
    sources = Sources(study)
    found: list[OwnWords] = []
    for final in run.shown:
        found += _supporting(final, participant, sources)
    if found or any(participant in run.people_of(final) for final in run.shown):
        return tuple(found)
    own = [one for one in study.segments if one.participant == participant and one.role == "participant" and one.text]
    return tuple(
        OwnWords(
            persona="",
            statement="",
            quote=one.text,
            place=_place(sources.names.get(one.document), one.where, one.at),
            question=sources.question(one.id),
        )
        for one in own[:_MOST_OWN]
    )


def _cell(person: str, statements: Sequence[ClaimSupport]) -> MapCell:
    own = sum(any(one.participant == person for one in claim.supporters) for claim in statements)
    return MapCell(supported=own, statements=len(statements))


def _order(row: MapRow) -> tuple[int, float]:
    """Sort a row by the persona in which it is strongest, the strongest first."""
    strengths = [(-(cell.strength or 0.0), at) for at, cell in enumerate(row.cells) if cell is not None]
    if not strengths:
        return len(row.cells), 0.0
    strength, at = min(strengths)
    return at, strength


def _supporting(final: FinalPersona, participant: str, sources: Sources) -> list[OwnWords]:
    found = []
    for claim in final.assessment.claims:
        if claim.field not in CLAIM_LISTS:
            continue
        for one in claim.supporters:
            if one.participant == participant:
                found.append(
                    OwnWords(
                        persona=final.persona.name,
                        statement=claim.text,
                        quote=one.quote or "",
                        place=_place(one.document, sources.where(one.segment), one.at),
                        question=sources.question(one.segment),
                    )
                )
    return found


def _place(document: str | None, where: str | None, at: float | None) -> str:
    return " · ".join(filter(None, (document, where, clock(at))))
