"""Detect statements about the same thing that say the opposite, as far as words show it.

Each content stem is read with a sign: minus where a negation reaches it, or where it is the negative half of a
pair of opposites (`distrust` is `trust` with a minus). Statements that share most of their stems and disagree on
the sign of one of them are opposite. English only: other languages have no signs and are never opposite.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.text.tokens import NEGATIONS, stem, words_of

_REACH = 3
"""Content stems after `not` or `never` that it turns around, unless the clause ends before."""

_SHORT_REACH = 1
"""The same for `without` and `instead`, which belong to the next noun."""

_BREAKS = words_of("but because cause cos although though however while whereas unless except if when then so")
_SUBJECTS = words_of("i he she they we it it's i'm they're we're")
"""A new subject begins a new clause once the negation has had something to deny."""
_SHORT = words_of("without neither nor none instead")
_AVOIDING = words_of(
    """stop stops stopped stopping quit quits avoid avoids avoided avoiding refuse refuses refused refusing rarely
    seldom ignore ignores ignored block blocks blocked blocking prevent prevents"""
)
_TURNING = NEGATIONS | _AVOIDING | _SHORT
_WILL = re.compile(r"\b(?:i'd|we'd|(?:i|we) (?:will|won't|would|wouldn't|refuse))\b")
_WISHES = words_of("want wants wanted wish wishes hope hopes need needs needed prefer prefers rather")
_DENYING = _TURNING | words_of(
    "only except instead fail fails failed failing decline declines declined unable unlike rather despite"
)
_PAIRS = """love/hate love/loathe trust/distrust trust/mistrust more/fewer increase/decrease increase/reduce
    raise/lower rise/fall cheap/expensive cheaper/dearer easy/hard easy/difficult simple/complicated happy/unhappy
    satisfied/dissatisfied comfortable/uncomfortable able/unable reliable/unreliable useful/useless warm/cold hot/cold
    fast/slow accept/reject agree/disagree enjoy/dread gain/lose enable/disable
    include/exclude allow/forbid remember/forget safe/dangerous strong/weak win/lose private/public
    automatic/manual willing/unwilling confident/unsure important/unimportant necessary/unnecessary"""
_OPPOSITES: dict[str, tuple[str, int]] = {}
for _pair in _PAIRS.split():
    _left, _right = _pair.split("/")
    _OPPOSITES.setdefault(stem(_left) or _left, (stem(_left) or _left, 1))
    _OPPOSITES.setdefault(stem(_right) or _right, (stem(_left) or _left, -1))
_SWITCHES = frozenset(map(stem, ("turn", "switch", "leave", "keep", "put", "go")))

_ALIKE = 0.5
_FEWEST = 2
_MAJORITY = 0.5


@dataclass(frozen=True)
class Signed:
    """A statement as stems that are affirmed (1) or denied (-1)."""

    signs: dict[str, int]
    opposites: frozenset[str]
    """Stems that were said as one half of a pair of opposites."""
    is_wish: bool
    """True for a wish; a wish does not contradict how things are."""
    is_will: bool
    """True for what the speaker would or would not have, which a wish can contradict."""


@lru_cache(maxsize=8192)
def read_signs(words: tuple[str, ...], is_wish: bool = False) -> Signed:
    """The content stems of one statement with the sign they are said with; the first mention counts.

    Args:
        words: the tokens of the statement, numbers folded.
        is_wish: whether it is known to be a wish; otherwise words such as `want` and `need` say so.
    """
    signs: dict[str, int] = {}
    opposites = set()
    left, switch = 0, 0
    for word in words:
        if word in _BREAKS or (word in _SUBJECTS and left < _REACH):
            left = 0
        elif word in _TURNING or word[-3:] == "n't" or word.removesuffix("'s") in NEGATIONS:
            # "can't stop" affirms; a second negation, as in "not ... no one", keeps denying.
            left = 0 if left and word in _AVOIDING else _SHORT_REACH if word in _SHORT else _REACH
        elif word in ("on", "off") and switch:
            signs["on"] = 1 if word == "on" else -1
            opposites.add("on")
        else:
            name, sign = stem(word), 1
            switch = 3 if (name or word) in _SWITCHES else switch - bool(switch)
            if (name or word) in _OPPOSITES:
                name, sign = _OPPOSITES[name or word]
                opposites.add(name)
            if name:
                signs.setdefault(name, sign if left == 0 else -sign)
                left -= bool(left)
    is_wish = is_wish or not _WISHES.isdisjoint(words)
    return Signed(signs, frozenset(opposites), is_wish, is_will=is_wish or bool(_WILL.search(" ".join(words))))


def is_negated(words: Sequence[str]) -> bool:
    """Return whether a statement denies, excludes or refuses anything."""
    return any(word in _DENYING or word.endswith("n't") for word in words)


def shared(one: Signed, other: Signed) -> int:
    """Return how many stems two statements have in common."""
    return len(one.signs.keys() & other.signs.keys())


def fewest_shared(statement: Signed) -> float:
    """Return how many stems another statement must share with this one to be about the same thing: half, and two."""
    return max(_FEWEST, _ALIKE * len(statement.signs))


def disagree(one: Signed, other: Signed, fewest: float) -> bool:
    """Return whether two statements share at least `fewest` stems and say the opposite of each other.

    The opposite is a stem said as `love` here and `hate` there, or half of what they share denied by one only.
    """
    if (one.is_wish and not other.is_will) or (other.is_wish and not one.is_will):
        return False
    common = one.signs.keys() & other.signs.keys()
    if len(common) < fewest:
        return False
    turned = {name for name in common if one.signs[name] != other.signs[name]}
    return bool(turned & (one.opposites | other.opposites)) or len(turned) >= _MAJORITY * len(common)
