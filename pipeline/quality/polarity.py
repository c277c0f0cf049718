"""Whether two statements about the same thing say the opposite, as far as words show it.

Each content stem is read with a sign: minus where a negation reaches it, or where it is the negative half of a
pair of opposites (`distrust` is `trust` with a minus). Statements that share most of their stems and disagree on
the sign of one of them are opposite. English only: other languages have no signs and are never opposite.
"""

from collections.abc import Sequence

from pipeline.text import NEGATIONS, fold_numbers, stem, words_of

_REACH = 3
"""Content stems after a negation that it turns around, unless the clause ends before."""

_BREAKS = words_of("but because although though however while whereas unless except if when then so")
_TURNING = NEGATIONS | words_of(
    """stop stops stopped stopping quit quits avoid avoids avoided avoiding refuse refuses refused refusing rarely
    seldom ignore ignores ignored"""
)
_DENYING = _TURNING | words_of(
    "only except instead fail fails failed failing decline declines declined unable unlike rather despite"
)
_PAIRS = """love/hate love/loathe trust/distrust trust/mistrust more/fewer more/less increase/decrease increase/reduce
    raise/lower rise/fall cheap/expensive cheaper/dearer easy/hard easy/difficult simple/complicated happy/unhappy
    satisfied/dissatisfied comfortable/uncomfortable able/unable reliable/unreliable useful/useless warm/cold hot/cold
    with/without before/after early/late fast/slow accept/reject agree/disagree enjoy/dread gain/lose enable/disable
    include/exclude allow/forbid remember/forget safe/dangerous strong/weak high/low win/lose private/public
    automatic/manual willing/unwilling confident/unsure important/unimportant necessary/unnecessary"""
_OPPOSITES: dict[str, tuple[str, int]] = {}
for _pair in _PAIRS.split():
    _left, _right = _pair.split("/")
    _OPPOSITES.setdefault(stem(_left) or _left, (stem(_left) or _left, 1))
    _OPPOSITES.setdefault(stem(_right) or _right, (stem(_left) or _left, -1))
_SWITCHES = frozenset(map(stem, ("turn", "switch", "leave", "keep", "put", "go")))

_ALIKE = 0.6
_FEWEST = 2


def signs(words: Sequence[str]) -> dict[str, int]:
    """The content stems of one statement, each with the sign it is said with: 1 or -1."""
    signed: dict[str, int] = {}
    left, switch = 0, 0
    for word in fold_numbers(list(words)):
        if word in _BREAKS:
            left = 0
        elif word in _TURNING or word.endswith("n't"):
            left = _REACH
        elif word in ("on", "off") and switch:
            signed["on"] = 1 if word == "on" else -1
        else:
            stemmed = stem(word) or word
            name, sign = _OPPOSITES.get(stemmed, (stem(word), 1))
            if name:
                signed.setdefault(name, sign if left == 0 else -sign)
                left = max(left - 1, 0)
            switch = 3 if stemmed in _SWITCHES else max(switch - 1, 0)
    return signed


def is_negated(words: Sequence[str]) -> bool:
    """Whether a statement denies, excludes or refuses anything."""
    return any(word in _DENYING or word.endswith("n't") for word in words)


def disagree(left: dict[str, int], right: dict[str, int], size: int) -> bool:
    """Whether two signed statements share 60 % of `size` stems, two at least, and one of them with another sign."""
    shared = left.keys() & right.keys()
    if len(shared) < max(_FEWEST, _ALIKE * size):
        return False
    return any(left[name] != right[name] for name in shared)
