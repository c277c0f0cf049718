"""Match speakers to participants, within a file and across files.

The same code or name in several files is the same person; labels that say nothing (`Speaker 1`, `A`) are
people of their own file. Ids are the study's codes; people without one are numbered R1, R2, ... in reading
order, so that no id is ever a name, an e-mail address or a telephone number.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from pipeline.domain.base import Frozen
from pipeline.domain.study import Participant
from pipeline.sources.facts import spoken_facts, spoken_name
from pipeline.sources.labels import SpeakerLabel, read_file_name, read_label
from pipeline.sources.reading import Conversation, Person, Turn
from pipeline.sources.roles import Cast, is_same_name

_INTRODUCTION_TURNS = 2
"""First turns of a person in which they are believed to introduce themselves."""


class Resolved(Frozen):
    """The people of one conversation."""

    base: str
    """Key of the person its header, row or file name is about; they may say nothing."""
    keys: dict[str | None, str]
    """Key of the person behind each participant's label; `None` stands for turns without a label."""


@dataclass
class _Known:
    """Facts and labels collected for one person so far."""

    spellings: set[str] = field(default_factory=set)
    stated_name: str | None = None
    names: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=dict)
    """Words per document."""

    @property
    def name(self) -> str | None:
        return self.stated_name or (max(self.names, key=len) if self.names else None)


class People:
    """The participants of a study while its files are put together."""

    def __init__(self) -> None:
        self._known: defaultdict[str, _Known] = defaultdict(_Known)
        self._disagreements: list[tuple[str, str]] = []

    def resolve(
        self, conversation: Conversation, cast: Cast, file_name: str, local: str, near: Set[str] = frozenset()
    ) -> Resolved:
        """Resolve the labels of a conversation to people.

        Args:
            conversation: one of a file.
            cast: its speakers.
            file_name: consulted for a label only when the conversation is the only one of its file.
            local: prefix that makes generic labels distinct; ends in `:` when others share the file.
            near: labels that count the people of this conversation, from `scope`.
        """
        is_alone = not local.endswith(":")
        hint = read_file_name(file_name) if is_alone else None
        person = conversation.person
        label = person.label or (hint.label if hint else None)
        base = _base_key(label, person.name, local)
        has_unlabelled = any(turn.speaker is None and turn.role is None for turn in conversation.turns)
        keys: dict[str | None, str] = {None: base} if has_unlabelled else {}
        main = _main_speaker(conversation, cast, base, person.name or (hint.name if hint else None), bool(person.label))
        for speaker in cast.participants:
            own = read_label(speaker)
            if speaker == main and (label or person.name or own.kind not in ("code", "name")):
                keys[speaker] = base
            else:
                stated = conversation.speakers.get(speaker)
                known = read_label(stated.label) if stated and stated.label else own
                is_shared = known.kind in ("code", "name") and speaker not in near
                keys[speaker] = known.key if is_shared else f"{local} {known.key}"
        self._note_labels(conversation, keys, base, (person.label, hint.label if hint else None))
        self._note_names(conversation, keys, base, hint.name if hint else None)
        return Resolved(base=base, keys=keys)

    def learn(self, key: str, person: Person, source: str) -> None:
        """Add what a file states about a person; the first statement of a fact stays."""
        known = self._known[key]
        known.stated_name = known.stated_name or person.name
        for fact, value in person.facts.items():
            before = known.facts.setdefault(fact, value)
            if before.casefold() != value.casefold():
                self._disagreements.append((key, f"{fact} is {before}; {source} says {value}, which is left out."))

    def listen(self, key: str, said: Sequence[Turn]) -> tuple[str, ...]:
        """Fill gaps from a person's own introduction; gives the facts that were taken."""
        known = self._known[key]
        taken = []
        for turn in said[:_INTRODUCTION_TURNS]:
            for fact, value in spoken_facts(turn.text).items():
                if fact not in known.facts:
                    known.facts[fact] = value
                    taken.append(fact)
            first_name = known.name.split()[0] if known.name else None
            if not (known.name and " " in known.name) and (full := spoken_name(turn.text, first_name)):
                known.names.append(full)
        return tuple(taken)

    def count(self, key: str, document: str, words: int) -> None:
        """Note words of a person in a document."""
        counts = self._known[key].documents
        counts[document] = counts.get(document, 0) + words

    def ids(self) -> dict[str, str]:
        """The id of every person who says something, in order of first appearance."""
        speaking = {key: known for key, known in self._known.items() if known.documents}
        ids = {
            key: min(known.spellings, key=lambda text: (len(text), text))
            for key, known in speaking.items()
            if known.spellings
        }
        number = 0
        for key in speaking:
            while key not in ids:
                number += 1
                if read_label(f"R{number}").key not in speaking:
                    ids[key] = f"R{number}"
        return {key: ids[key] for key in speaking}

    def participants(self, ids: dict[str, str]) -> tuple[Participant, ...]:
        """Return the people with words of their own, as participants of the study."""
        return tuple(
            Participant(
                id=ids[key], name=known.name, demographics=known.facts,
                documents=tuple(known.documents), words=sum(known.documents.values()),
            )
            for key, known in self._known.items()
            if key in ids
        )  # fmt: skip

    def disagreements(self, ids: dict[str, str]) -> tuple[str, ...]:
        """Facts that two places state differently, one sentence each."""
        return tuple(f"{ids[key]}: {sentence}" for key, sentence in self._disagreements if key in ids)

    def _note_labels(
        self, conversation: Conversation, keys: dict[str | None, str], base: str, labels: Sequence[str | None]
    ) -> None:
        for speaker, key in keys.items():
            known = self._known[key]
            stated = conversation.speakers.get(speaker) if speaker else None
            for spelling in (speaker, stated.label if stated else None, *(labels if key == base else ())):
                own = read_label(spelling) if spelling else None
                if own and own.kind == "code" and own.key == key:
                    known.spellings.add(own.shown)
                elif own and own.kind == "name":
                    known.names.append(own.shown)

    def _note_names(self, conversation: Conversation, keys: Iterable[str | None], base: str, hint: str | None) -> None:
        """Accept the first name in a file name if a person in the conversation is called by it.

        A capital inside a sentence is a name; at its start, or where the same word is also written small, it may be
        any word of the title.
        """
        known = self._known.get(base)
        if not hint or known is None or known.names or conversation.person.name:
            return
        inside = re.compile(rf"(?:[a-z,’'] |\b(?:I['’]m|I am|[Tt]hanks,?|[Hh]i,?|[Hh]ello,?) ){re.escape(hint)}\b")
        small = re.compile(rf"\b{re.escape(hint.lower())}\b")
        is_named = any(inside.search(turn.text) for turn in conversation.turns)
        if is_named and not any(small.search(turn.text) for turn in conversation.turns):
            known.names.append(hint)


def _base_key(label: str | None, name: str | None, local: str) -> str:
    """The key of the person a conversation is with: by label, else by full name, else of this file only."""
    own: SpeakerLabel | None = read_label(label) if label else None
    if own and own.kind in ("code", "name", "opaque"):
        return own.key
    if name and " " in name:
        return read_label(name).key
    return local


def _main_speaker(conversation: Conversation, cast: Cast, base: str, name: str | None, is_stated: bool) -> str | None:
    """The speaker whom the header or file name is about; `None` in a group that no header is about."""
    if len(cast.participants) < 2:
        return cast.participants[0] if cast.participants else None
    for speaker in cast.participants:
        if read_label(speaker).key == base or is_same_name(speaker, name):
            return speaker
    if not is_stated:
        return None
    words: dict[str | None, int] = {}
    for turn in conversation.turns:
        words[turn.speaker] = words.get(turn.speaker, 0) + len(turn.text)
    return max(cast.participants, key=lambda speaker: words.get(speaker, 0))
