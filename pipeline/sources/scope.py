"""Scope of a speaker label: one interview, or the whole study.

`Participant 2` counts the people of one interview; `P07` is a code that a study uses in every file. What the form
does not say, the numbers do: labels that begin at 1 again in every interview count within it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.sources.labels import read_label

_SPELLED = 2
"""Letters from which the word before a number is a word rather than the letter of a code."""


class Scope(NamedTuple):
    """Which labels are local, and whether that was a guess."""

    local: tuple[frozenset[str], ...]
    """Per conversation: the labels that identify a person within this conversation only."""
    guessed: frozenset[str]
    """Labels that come in several interviews and whose reach only the numbers decide."""


def scope_of(conversations: Sequence[Sequence[str]]) -> Scope:
    """The reach of numbered labels, from all conversations of a study.

    Args:
        conversations: the labels of the participants of each, in order of appearance.
    """
    numbered = [frozenset(label for label in labels if _number(label) is not None) for labels in conversations]
    spelled = [frozenset(label for label in labels if _is_spelled(label)) for labels in numbered]
    coded = [labels - words for labels, words in zip(numbered, spelled, strict=True)]
    is_counted = [_counts_from_one(labels) for labels in spelled]
    counted_codes = [labels for labels in coded if len(labels) > 1 and _counts_from_one(labels)]
    codes_are_local = len(counted_codes) > 1 and all(_counts_from_one(labels) for labels in coded if len(labels) > 1)
    spelled_are_local = all(counted for counted, labels in zip(is_counted, spelled, strict=True) if labels)
    local = tuple(
        (words if spelled_are_local else frozenset()) | (codes if codes_are_local and len(codes) > 1 else frozenset())
        for words, codes in zip(spelled, coded, strict=True)
    )
    seen = Counter(key for labels in numbered for key in {read_label(label).key for label in labels})
    again = {key for key, times in seen.items() if times > 1}
    guessed = frozenset(
        label for labels, near in zip(numbered, local, strict=True) for label in labels
        if read_label(label).key in again and (label in near or _is_spelled(label))
    )  # fmt: skip
    return Scope(local, guessed)


def _number(label: str) -> int | None:
    read = read_label(label)
    digits = "".join(filter(str.isdigit, read.key)) if read.kind == "code" else ""
    return int(digits) if digits and len(digits) < 7 and "-" not in read.key else None


def _is_spelled(label: str) -> bool:
    """Return whether a label is a word with a plain number: `Interviewee 1`, not `P07` or `PARTICIPANT 001`."""
    letters = "".join(filter(str.isalpha, label))
    digits = "".join(filter(str.isdigit, label))
    return len(letters) >= _SPELLED and not digits.startswith("0")


def _counts_from_one(labels: frozenset[str]) -> bool:
    numbers = sorted(number for label in labels if (number := _number(label)) is not None)
    return numbers == list(range(1, len(numbers) + 1))
