"""Carry out a person's edit of a persona, and recompute its support at once.

The local scorer judges the new text by its words: no model is called, also where embeddings or a judge took part in
the score of the run. Claims that an edit does not concern keep the support that they had. What the run delivered is
kept beside the edited text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.edits import EDITABLE_LISTS, EDITABLE_TEXTS, LONGEST_TEXT, Edit
from pipeline.domain.persona import WEAK_FROM, Assessment, ClaimSupport, Persona
from pipeline.domain.run import ChosenSource, ClaimPlace, Editing, FinalPersona, RunRecord
from pipeline.errors import InputError
from pipeline.scoring.faithfulness import Claim, find_at
from pipeline.scoring.index import SCORER_VERSION, SourceView, StudyIndex
from pipeline.scoring.scorer import Scorer, place_of_source
from pipeline.text.likeness import SAME_CLAIM, claim_likeness
from pipeline.text.wording import label

_FACT = "demographics."
_BEST = 5
_FOUND = 20

Changed = Mapping[str, FinalPersona | None]
"""Personas after an edit, by id; `None` for one that was merged into another."""


class SourceOption(Frozen):
    """A sentence of the study that could be the source of a claim."""

    segment: str
    quote: str
    participant: str | None
    document: str
    support: float
    """Of the claim with this sentence as its source."""
    in_focus: bool
    """False for the words of a participant whom the persona does not stand for yet."""


class Duplicate(NamedTuple):
    """Two claims of a merge that say the same; the first is kept."""

    field: str
    kept: str
    dropped: str


class PersonaEditor:
    """Edits the personas of one run against its study."""

    def __init__(self, index: StudyIndex, run: RunRecord) -> None:
        """Bind to a run as it stands, edits included.

        Raises:
            InputError: the study came without its words, so that no support can be computed.
        """
        if index.study.is_withheld:
            raise InputError(
                "The words of this study were left out when the run was shared, so the support of a changed claim "
                "cannot be computed. Edit where the run was made, or import a bundle with words."
            )
        self._index = index
        self._run = run
        self._scorer = Scorer(index, run.config.weights)
        self._shown = {final.draft_id: final for final in run.shown}

    def apply(self, edit: Edit, author: str, now: datetime) -> Changed:
        """Return the personas that an edit changes, assessed anew.

        Args:
            edit: any but an undo, which needs no scorer.
            author: name of the person.
            now: the time.

        Raises:
            InputError: the persona or claim is not there (any more), or the change makes no sense.
        """
        before = self._persona(edit.persona)
        stamp = _Stamp(author, now)
        match edit.action:
            case "merge":
                return self._merged(before, self._persona(edit.other), stamp)
            case "split":
                return self._split(before, edit.people, stamp)
            case "source":
                return {before.draft_id: self._with_source(before, edit, stamp)}
            case "pin" | "unpin":
                return {before.draft_id: self._pinned(before, edit, stamp)}
            case "undo":
                raise InputError("An undo brings back a stored state: use the store's undo.")
        return {before.draft_id: self._reworded(before, edit, stamp)}

    def best_sources(self, persona: str, field: str, text: str) -> tuple[SourceOption, ...]:
        """Return the five sentences of the persona's people with most words of a claim, best first."""
        view = self._index.view(self._people(self._persona(persona)))
        return self._options(Claim.of(text, view.language, is_goal=field == "goals"), text, field, view, view, _BEST)

    def search(self, persona: str, field: str, text: str, words: str) -> tuple[SourceOption, ...]:
        """Return up to twenty sentences of the whole study for some words, with their worth for a claim."""
        everybody = self._index.view(None)
        view = self._index.view(self._people(self._persona(persona)))
        return self._options(Claim.of(words, everybody.language), text, field, everybody, view, _FOUND)

    def duplicates(self, first: str, second: str) -> tuple[Duplicate, ...]:
        """Return the claims of two personas that a merge would put into one."""
        return _united(self._persona(first), self._persona(second))[1]

    # --- what an edit does -------------------------------------------------------------------------

    def _reworded(self, before: FinalPersona, edit: Edit, stamp: "_Stamp") -> FinalPersona:
        text, marks = _retold(before.persona, _marks(before, self._run), edit)
        return self._assessed(before, text, marks, stamp, known=before.assessment.claims)

    def _pinned(self, before: FinalPersona, edit: Edit, stamp: "_Stamp") -> FinalPersona:
        place = _claim_place(before.persona, edit)
        marks = _marks(before, self._run)
        others = tuple(one for one in marks.pinned if one != place)
        items = [text for text in getattr(before.persona, place.field) if text != place.text]
        is_pinned = edit.action == "pin"
        if is_pinned:
            first = [text for text in items if ClaimPlace(field=place.field, text=text) in others]
            rest = [text for text in items if text not in first]
            text = before.persona.model_copy(update={place.field: (*first, place.text, *rest)})
        else:
            text = before.persona
        marks = marks._replace(pinned=(*others, place) if is_pinned else others)
        return self._assessed(before, text, marks, stamp, known=before.assessment.claims)

    def _with_source(self, before: FinalPersona, edit: Edit, stamp: "_Stamp") -> FinalPersona:
        place, marks = _claim_place(before.persona, edit), _marks(before, self._run)
        if place.field == "quotes":
            raise InputError("A quote is its own source. Change its words, or reject it.")
        source = ChosenSource(claim=place, segment=edit.segment, quote=edit.quote)
        if place_of_source(source, self._index.view(None)) is None:
            raise InputError(f"'{label(edit.quote)}' is not a sentence of this study. Choose one from the list.")
        speaker = self._index.study.segments[self._index.segment_places[edit.segment]].participant
        known = [one for one in before.assessment.claims if (one.field, one.text) != (place.field, place.text)]
        if speaker and speaker not in marks.people:
            marks, known = marks._replace(people=tuple(sorted((*marks.people, speaker)))), []
        kept = tuple(one for one in marks.sources if one.claim != place)
        marks = marks._replace(sources=(*kept, source))
        return self._assessed(before, before.persona, marks, stamp, known=known)

    def _merged(self, first: FinalPersona, second: FinalPersona, stamp: "_Stamp") -> Changed:
        if first.draft_id == second.draft_id:
            raise InputError("A persona cannot be merged with itself. Choose another one.")
        text, duplicates = _united(first, second)
        mine, theirs = _marks(first, self._run), _marks(second, self._run)
        gone = {(one.field, one.dropped) for one in duplicates}
        marks = mine._replace(
            people=tuple(sorted({*mine.people, *theirs.people})),
            made_from=(*mine.made_from, second.draft_id, *theirs.made_from),
            pinned=(*mine.pinned, *(one for one in theirs.pinned if one not in mine.pinned)),
            rejected=(*mine.rejected, *theirs.rejected),
            sources=(*mine.sources, *theirs.sources),
        )
        marks = marks.without(gone)
        return {first.draft_id: self._assessed(first, text, marks, stamp), second.draft_id: None}

    def _split(self, before: FinalPersona, leaving: Sequence[str], stamp: "_Stamp") -> Changed:
        marks = _marks(before, self._run)
        gone = tuple(name for name in marks.people if name in set(leaving))
        left = tuple(name for name in marks.people if name not in gone)
        if not gone or not left:
            raise InputError("Choose some of this persona's people, and leave at least one.")
        texts = self._parted(before.persona, marks, left, gone)
        number = 2
        while f"{before.draft_id}-{number}" in self._taken():
            number += 1
        other = f"{before.draft_id}-{number}"
        named = texts[1].model_copy(
            update={"id": f"{before.persona.id}-{number}", "name": f"{texts[1].name} ({number})"}
        )
        stays = self._assessed(before, texts[0], marks._replace(people=left), stamp)
        # The run paid once: the cost and the rejected text stay with the first.
        twin = before.model_copy(
            update={"draft_id": other, "cost_micros": 0, "rejected": None, "rejected_assessment": None}
        )
        leaves = self._assessed(twin, named, marks._replace(people=gone, made_from=(before.draft_id,)), stamp)
        return {before.draft_id: stays, other: leaves}

    def _parted(
        self, persona: Persona, marks: "_Marks", left: Sequence[str], gone: Sequence[str]
    ) -> tuple[Persona, Persona]:
        """Give each claim to the people who support it; to both where both or neither do."""
        found = [self._scorer.assess(persona, people, sources=marks.sources).claims for people in (left, gone)]
        support = [{(claim.field, claim.text): claim.support for claim in claims} for claims in found]

        def kept(side: int) -> Persona:
            own, other = support[side], support[1 - side]
            updates = {
                field: tuple(
                    text
                    for text in getattr(persona, field)
                    if own.get((field, text), 0.0) >= min(WEAK_FROM, other.get((field, text), 0.0))
                )
                for field in EDITABLE_LISTS
            }
            return persona.model_copy(update=updates)

        return kept(0), kept(1)

    # --- what edits are made of --------------------------------------------------------------------

    def _assessed(
        self,
        before: FinalPersona,
        text: Persona,
        marks: "_Marks",
        stamp: "_Stamp",
        known: Sequence[ClaimSupport] = (),
    ) -> FinalPersona:
        there = {(field, words) for field in EDITABLE_LISTS for words in getattr(text, field)}
        marks = marks.within(there)
        if before.assessment.scorer_version.partition("+")[0] != SCORER_VERSION:
            known = ()  # supports of two versions are never mixed
        found = self._scorer.assess(text, marks.people or None, sources=marks.sources, known=known)
        old = before.edited
        editing = Editing(
            by=tuple(dict.fromkeys((*(old.by if old else ()), stamp.author))),
            at=stamp.at,
            changes=(old.changes if old else 0) + 1,
            **marks._asdict(),
            original=old.original if old else before.persona,
            original_assessment=old.original_assessment if old else before.assessment,
        )
        return before.model_copy(
            update={"persona": text, "assessment": _versioned(found, before.assessment, known), "edited": editing}
        )

    def _options(
        self, wanted: Claim, text: str, field: str, where: SourceView, own: SourceView, most: int
    ) -> tuple[SourceOption, ...]:
        claim = Claim.of(text, where.language, is_goal=field == "goals")
        found = []
        people = {person.id for person in own.participants}
        for sentence in wanted.best_sentences(where, most):
            segment, quote = where.segment_of(sentence), where.text_between(sentence, sentence + 1)
            found.append(
                SourceOption(
                    segment=segment.id,
                    quote=quote,
                    participant=segment.participant,
                    document=self._index.document_names.get(segment.document, segment.document),
                    support=min(1.0, max(0.0, find_at(claim, sentence, where).support)),
                    in_focus=segment.participant in people,
                )
            )
        return tuple(found)

    def _persona(self, name: str) -> FinalPersona:
        if name not in self._shown:
            raise InputError(
                f"There is no persona '{label(name)}' in this run now. Reload the page to see the present ones."
            )
        return self._shown[name]

    def _people(self, final: FinalPersona) -> tuple[str, ...]:
        return self._run.people_of(final)

    def _taken(self) -> set[str]:
        return {final.draft_id for final in (*self._run.personas, *self._run.edited)}


class _Stamp(NamedTuple):
    author: str
    at: datetime


class _Marks(NamedTuple):
    """Pins, rejections, sources and people of an edited persona."""

    people: tuple[str, ...]
    made_from: tuple[str, ...]
    pinned: tuple[ClaimPlace, ...]
    rejected: tuple[ClaimPlace, ...]
    sources: tuple[ChosenSource, ...]

    def without(self, gone: set[tuple[str, str]]) -> "_Marks":
        """Forget pins and sources of claims that were dropped."""
        return self._replace(
            pinned=tuple(one for one in self.pinned if (one.field, one.text) not in gone),
            sources=tuple(one for one in self.sources if (one.claim.field, one.claim.text) not in gone),
        )

    def within(self, there: set[tuple[str, str]]) -> "_Marks":
        """Keep pins and sources of claims that are there."""
        gone = {(one.field, one.text) for one in self.pinned} | {
            (one.claim.field, one.claim.text) for one in self.sources
        }
        return self.without(gone - there)

    def renamed(self, old: ClaimPlace, new: ClaimPlace) -> "_Marks":
        """Let pins and sources follow a claim whose words or list changed."""
        return self._replace(
            pinned=tuple(new if one == old else one for one in self.pinned),
            sources=tuple(one.model_copy(update={"claim": new}) if one.claim == old else one for one in self.sources),
        )


def _marks(final: FinalPersona, run: RunRecord) -> _Marks:
    if final.edited is None:
        return _Marks(run.people_of(final), (), (), (), ())
    return _Marks(*(getattr(final.edited, name) for name in _Marks._fields))


def _claim_place(persona: Persona, edit: Edit) -> ClaimPlace:
    """Return the claim that an edit is about, once it is certain that it is there."""
    if edit.field not in EDITABLE_LISTS:
        raise InputError(f"'{label(edit.field)}' is not a list of claims. Choose one of {', '.join(EDITABLE_LISTS)}.")
    if edit.text not in getattr(persona, edit.field):
        raise InputError(f"'{label(edit.text)}' is not among the {edit.field} now: it was changed. Reload the page.")
    return ClaimPlace(field=edit.field, text=edit.text)


def _retold(persona: Persona, marks: _Marks, edit: Edit) -> tuple[Persona, _Marks]:
    """Return the text after a change of words: text, add, move or reject."""
    if edit.field in EDITABLE_TEXTS or edit.field.startswith(_FACT):
        return _restated(persona, edit), marks
    if edit.action == "add":
        place = ClaimPlace(field=edit.field, text=_words(edit.new))
        return _added(persona, place), marks
    place = _claim_place(persona, edit)
    items: tuple[str, ...] = getattr(persona, place.field)
    if edit.action == "reject":
        left = tuple(text for text in items if text != place.text)
        marks = marks.without({(place.field, place.text)})
        return persona.model_copy(update={place.field: left}), marks._replace(rejected=(*marks.rejected, place))
    if edit.action == "move":
        new = ClaimPlace(field=edit.new, text=place.text)
        left = tuple(text for text in items if text != place.text)
        return _added(persona.model_copy(update={place.field: left}), new), marks.renamed(place, new)
    new = ClaimPlace(field=place.field, text=_words(edit.new))
    if new.text != place.text and new.text in items:
        raise InputError(f"'{label(new.text)}' is already among the {place.field}.")
    changed = tuple(new.text if text == place.text else text for text in items)
    return persona.model_copy(update={place.field: changed}), marks.renamed(place, new)


def _restated(persona: Persona, edit: Edit) -> Persona:
    """Change name, tagline, background or a fact; a fact without words is removed."""
    words = edit.new.strip()
    if edit.field == "name" and not words:
        raise InputError("A persona needs a name. Type one.")
    if len(words) > (10 * LONGEST_TEXT if edit.field == "background" else LONGEST_TEXT):
        raise InputError(f"{len(words):,} characters are too many here. Shorten the text to {LONGEST_TEXT:,}.")
    if edit.field in EDITABLE_TEXTS:
        return persona.model_copy(update={edit.field: words})
    key = edit.field.removeprefix(_FACT).strip()
    if not key:
        raise InputError("A fact needs a name, such as age or occupation.")
    facts = {name: value for name, value in persona.demographics.items() if name != key or words}
    return persona.model_copy(update={"demographics": facts | ({key: words} if words else {})})


def _added(persona: Persona, place: ClaimPlace) -> Persona:
    if place.field not in EDITABLE_LISTS:
        raise InputError(f"'{label(place.field)}' is not a list of claims. Choose one of {', '.join(EDITABLE_LISTS)}.")
    items: tuple[str, ...] = getattr(persona, place.field)
    if place.text in items:
        raise InputError(f"'{label(place.text)}' is already among the {place.field}.")
    return persona.model_copy(update={place.field: (*items, place.text)})


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise InputError("A claim needs words. Type some, or reject the claim to take it out.")
    if len(words) > LONGEST_TEXT:
        raise InputError(f"{len(words):,} characters are too many for a claim. Shorten it to {LONGEST_TEXT:,}.")
    return words


def _united(first: FinalPersona, second: FinalPersona) -> tuple[Persona, tuple[Duplicate, ...]]:
    """Unite the claims of two personas: of two that say the same, keep the pinned, else the better supported one."""
    updates: dict[str, object] = {}
    duplicates: list[Duplicate] = []
    for field in EDITABLE_LISTS:
        mine: list[str] = list(getattr(first.persona, field))
        for text in getattr(second.persona, field):
            likeness, twin = max(((claim_likeness(one, text), one) for one in mine), default=(0.0, ""))
            if likeness < SAME_CLAIM:
                mine.append(text)
                continue
            wins = _worth(second, field, text) > _worth(first, field, twin)
            kept, dropped = (text, twin) if wins else (twin, text)
            mine[mine.index(twin)] = kept
            if kept != dropped:
                duplicates.append(Duplicate(field, kept, dropped))
        updates[field] = tuple(mine)
    updates["demographics"] = {**second.persona.demographics, **first.persona.demographics}
    return first.persona.model_copy(update=updates), tuple(duplicates)


def _worth(final: FinalPersona, field: str, text: str) -> tuple[bool, float]:
    pinned = final.edited is not None and ClaimPlace(field=field, text=text) in final.edited.pinned
    claims = final.assessment.claims
    return pinned, next((claim.support for claim in claims if (claim.field, claim.text) == (field, text)), 0.0)


def _versioned(found: Assessment, before: Assessment, known: Sequence[ClaimSupport]) -> Assessment:
    """Say so where some supports were computed with a model and the others are by words alone."""
    models = before.scorer_version.split(" ")[0].partition("+")[2]
    if not known or not models:
        return found
    return found.model_copy(update={"scorer_version": f"{found.scorer_version}+{models} edited"})
