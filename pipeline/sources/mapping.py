"""Mapping of table columns and transcript speakers to roles: guessed, corrected by hand, remembered.

A mapping is kept per *shape* (the column names of a table, the speaker labels of a file), so that the next
export of the same survey is read in the same way. Neither column names nor names of people are kept: the
shape is a hash of the sorted names, and the roles stand in the order of those names.
"""

import hashlib
from collections import abc
from collections.abc import Callable, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import ColumnRole, MappedRole, PartKind, StudyMapping
from pipeline.errors import InputError

SINGLE: tuple[ColumnRole, ...] = ("participant", "question", "speaker", "conversation", "subject")
"""Roles of which a table has at most one column."""


MappingLookup = Callable[[str], StudyMapping | None]
"""The mapping kept for a shape, if there is one."""


def nothing(_shape: str) -> None:
    """No mapping is remembered."""


class MappedPart(Frozen):
    """One table of a file, or its speakers: what there is to map, and how it is read without a correction."""

    kind: PartKind
    title: str
    """The file, with the place in it where it holds several tables."""
    names: tuple[str, ...]
    """Columns or speaker labels, in the order of the file."""
    guess: abc.Mapping[str, MappedRole]
    """The role of every name as recognised; a table without words of a participant has no `words` in it."""
    sample: tuple[tuple[str, ...], ...]
    """Examples that help to decide, one text per name in each row: first rows of a table, first words of a speaker."""

    @property
    def shape(self) -> str:
        """The key under which a correction is remembered."""
        return shape_of(self.kind, self.names)

    def mapping(self, roles: abc.Mapping[str, MappedRole]) -> StudyMapping:
        """These roles, to be remembered; names without one keep the guess."""
        return StudyMapping(
            shape=self.shape, roles=tuple(roles.get(name, self.guess[name]) for name in sorted(self.names))
        )

    def roles(self, mapping: StudyMapping | None) -> abc.Mapping[str, MappedRole]:
        """The role of every name under a mapping of this shape; without one, the guess.

        Raises:
            InputError: the mapping leaves no words of a participant, or gives one role twice.
        """
        if mapping is None or len(mapping.roles) != len(self.names):
            return self.guess
        roles = dict(zip(sorted(self.names), mapping.roles, strict=True))
        if self.kind == "table" and (reason := refusal(roles)):
            raise InputError(f"{self.title}: {reason}")
        return {name: roles[name] for name in self.names}


def merged_names(part: MappedPart, mapping: StudyMapping) -> dict[str, str]:
    """The name under which the turns of a speaker are kept, for every speaker who is merged with another one."""
    names = sorted(part.names)
    if len(mapping.same) != len(names):
        return {}
    return {name: names[place] for name, place in zip(names, mapping.same, strict=True) if names[place] != name}


def shape_of(kind: PartKind, names: Sequence[str]) -> str:
    """A key that is equal for files with the same columns or speakers, in any order."""
    digest = hashlib.sha256("\x00".join((kind, *sorted(names))).encode("utf-8", "replace"))
    return f"{kind}-{digest.hexdigest()[:24]}"


def refusal(roles: abc.Mapping[str, MappedRole]) -> str | None:
    """Why no study can come of these roles of columns, as a sentence; `None` when one can."""
    if "words" not in roles.values():
        return "no column is chosen as the participant's words. Choose at least one."
    for role in SINGLE:
        chosen = [name for name, own in roles.items() if own == role]
        if len(chosen) > 1:
            return f'"{chosen[0][:60]}" and "{chosen[1][:60]}" are both chosen as {role}. Choose one.'
    if "conversation" in roles.values() and "speaker" not in roles.values():
        return "a conversation column is of use only beside a speaker column. Choose who speaks, too."
    return None
