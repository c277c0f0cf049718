"""Labels of one file that stand for the same person: `DB` and `DB:`, `P2 (Ben, …)` and `Ben`, `Dana` and `Dana Bell`.

Decided once, for all formats, before the interviewer is recognised. Only labels that can hardly mean anything else are
merged; two labels that merely look alike stay apart, and `doubts` warns about them.
"""

import re
from collections.abc import Iterable, Mapping

from pipeline.sources.labels import is_name, read_label
from pipeline.sources.reading import Conversation, Person, Reading
from pipeline.sources.roles import is_same_name

_ENDS = re.compile(r"[\s.:：;,*_-]+$")
_OPENS = re.compile(r"^[\s*_~@-]+")
_MAX_INITIALS = 4
_ASIDE = re.compile(r" ?\([^()]*\)$")


def with_one_label_each(reading: Reading) -> Reading:
    """The reading with every speaker under one label, and what the file states of them beside it."""
    labels = dict.fromkeys(turn.speaker for talk in reading.conversations for turn in talk.turns if turn.speaker)
    stated = dict(reading.people)
    for talk in reading.conversations:
        for label, person in talk.speakers.items():
            stated[label] = stated.get(label, Person()).over(person)
    canonical = _canonical(labels, stated)
    if not stated and all(label == own for label, own in canonical.items()):
        return reading
    people: dict[str, Person] = {}
    by_first = _unique((label.split()[0].casefold(), own) for label, own in canonical.items() if label.split())
    for label, person in stated.items():
        own = canonical.get(label)
        near = by_first.get(label.split()[0].casefold()) if own is None and label.split() else None
        own = near if near is not None and is_same_name(near, label) else own
        if own is not None:
            people[own] = people.get(own, Person()).over(person)
    return reading.model_copy(
        update={"conversations": tuple(_relabelled(talk, canonical, people) for talk in reading.conversations)}
    )


def with_names(reading: Reading, names: Mapping[str, str]) -> Reading:
    """The reading with the turns of some speakers under other names, as chosen by hand."""
    if not names:
        return reading
    return reading.model_copy(update={"conversations": tuple(_renamed(talk, names) for talk in reading.conversations)})


def _renamed(talk: Conversation, names: Mapping[str, str]) -> Conversation:
    turns = (
        turn.model_copy(update={"speaker": own}) if (own := names.get(turn.speaker or "")) else turn
        for turn in talk.turns
    )
    return talk.model_copy(update={"turns": tuple(turns)})


def _relabelled(talk: Conversation, canonical: Mapping[str, str], people: Mapping[str, Person]) -> Conversation:
    turns = tuple(
        turn if turn.speaker is None or canonical[turn.speaker] == turn.speaker
        else turn.model_copy(update={"speaker": canonical[turn.speaker]})
        for turn in talk.turns
    )  # fmt: skip
    own = {turn.speaker for turn in turns}
    return talk.model_copy(
        update={"turns": turns, "speakers": {label: person for label, person in people.items() if label in own}}
    )


def _canonical(labels: Iterable[str], stated: Mapping[str, Person]) -> dict[str, str]:
    """The label under which each speaker is kept."""
    first: dict[str, str] = {}
    canonical = {label: first.setdefault(_plain(label), label) for label in labels}
    described = _unique((_ASIDE.sub("", own).casefold(), own) for own in first.values() if _ASIDE.search(own))
    canonical = {label: own if _ASIDE.search(own) else _bare(own, described) for label, own in canonical.items()}
    kept = dict.fromkeys(canonical.values())
    named = {label: person.name for label, person in stated.items() if person.name and label in kept}
    longer = _Longer(kept, named)
    return {label: longer.of(own) for label, own in canonical.items()}


def _plain(label: str) -> str:
    """Equal for spellings of one label: ends, opening marks, case and spaces do not count."""
    plain = _OPENS.sub("", _ENDS.sub("", label)) or label
    read = read_label(plain)
    return read.key if read.kind == "code" else " ".join(plain.casefold().split())


def _bare(label: str, described: Mapping[str, str]) -> str:
    """The label without its ends, or the one of the same name whose parentheses say more: `Ines (Moderator)`."""
    bare = _OPENS.sub("", _ENDS.sub("", label)) or label
    return described.get(bare.casefold(), bare)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values of keys that come with one value only."""
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: next(iter(values)) for key, values in found.items() if len(values) == 1}


class _Longer:
    """The one other label that a name, a first name or initials can only stand for."""

    def __init__(self, kept: Iterable[str], named: Mapping[str, str]) -> None:
        full = [label for label in kept if " " in label and is_name(label)]
        self._named = named
        self._by_name = _unique((name.casefold(), label) for label, name in named.items())
        self._by_called = _unique((name.split()[0].casefold(), label) for label, name in named.items())
        self._by_first = _unique((label.split()[0].casefold(), label) for label in full)
        self._by_initials = _unique(("".join(word[0] for word in label.split()).casefold(), label) for label in full)

    def of(self, label: str) -> str:
        """The label to keep for a label; the label itself where nothing says otherwise."""
        if not is_name(label) or label in self._named:
            return label
        plain = label.casefold()
        if owner := self._by_name.get(plain):
            return owner
        if " " in label:
            return self._by_called.get(plain.split()[0], label) if self._is_called(label) else label
        if owner := self._by_called.get(plain) or self._by_first.get(plain):
            return owner
        is_initials = label.isupper() and 1 < len(label) < _MAX_INITIALS
        return self._by_initials.get(plain, label) if is_initials else label

    def _is_called(self, label: str) -> bool:
        """Return whether the file states a person under the first name alone of this full name."""
        owner = self._by_called.get(label.split()[0].casefold())
        return owner is not None and " " not in self._named[owner]
