"""Find texts that only repeat themselves: a small model bound to a grammar may write one item for ever.

Nothing that a person would call an answer ends in the same words four times over.
"""

_TIMES = 4
_LEAST_CHARACTERS = 160
"""A loop is at least this long: `"-", "-", "-"` may be an honest list."""
_LONGEST_PERIOD = 600


def repeated_end(text: str) -> str | None:
    """Return the words that a text repeats at its end, once; `None` when it does not.

    A loop is the same stretch of up to 600 characters, at least four times in a row and 160 characters in all.
    """
    for period in range(1, min(_LONGEST_PERIOD, len(text) // _TIMES) + 1):
        times = max(_TIMES, -(-_LEAST_CHARACTERS // period))
        # The last character first: it rules out nearly all periods.
        if text[-1] == text[-1 - period] and len(text) >= times * period:
            unit = text[-period:]
            if text.endswith(unit * times):
                return unit
    return None
