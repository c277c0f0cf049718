"""English number words as digits, in text that is already cut into words."""

import re

ONES = tuple(
    re.findall(
        r"\w+",
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""",
    )
)
"""In order, so that a word's place is its value."""
TENS = tuple(re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"))

_SMALL = {word: value for value, word in enumerate(ONES)} | {word: 10 * value for value, word in enumerate(TENS, 2)}
_LARGE = {"thousand": 1000, "million": 1_000_000}
_SPOKEN = frozenset((*_SMALL, "hundred")) - {"one"}


def fold_numbers(words: list[str]) -> list[str]:
    """English number words as digits: `two hundred and ten` is `210`, `two point five` is `2.5`.

    A lone `one` stays a word: it is a pronoun more often than a number.
    """
    if _SPOKEN.isdisjoint(words):
        return words
    folded: list[str] = []
    position = 0
    while position < len(words):
        begins = words[position] in _SMALL or words[position] == "hundred"
        value, end = _spoken_number(words, position) if begins else (None, position)
        if value is None or (end - position == 1 and words[position] == "one"):
            folded.append(words[position])
            position += 1
        else:
            folded.append(value)
            position = end
    return folded


def _spoken_number(words: list[str], start: int) -> tuple[str | None, int]:
    """The number that begins at a word, and where it ends; `None` when none begins there."""
    total, current, position = 0, 0, start
    while position < len(words):
        word = words[position]
        if word in _SMALL and _fits(current, _SMALL[word]):
            current += _SMALL[word]
        elif word == "hundred" and (0 < current < 10 or words[start - 1 : position] == ["a"]):
            current = max(current, 1) * 100
        elif word in _LARGE and current > 0 and total < _LARGE[word]:
            total, current = total + current * _LARGE[word], 0
        elif word != "and" or total + current < 100 or not _SMALL.keys() & words[position + 1 : position + 2]:
            break
        position += 1
    return _with_decimals(str(total + current), words, position) if position > start else (None, start)


def _fits(current: int, value: int) -> bool:
    """Whether `thirty` may be followed by `four`, or `two hundred` by `ten`, in one number."""
    return current % 100 == 0 or (current % 100 >= 20 and current % 10 == 0 and 0 < value < 10)


def _with_decimals(whole: str, words: list[str], position: int) -> tuple[str, int]:
    digits = []
    if words[position : position + 1] == ["point"]:
        for word in words[position + 1 : position + 5]:
            if _SMALL.get(word, 10) > 9:
                break
            digits.append(str(_SMALL[word]))
    return (f"{whole}.{''.join(digits)}", position + 1 + len(digits)) if digits else (whole, position)
