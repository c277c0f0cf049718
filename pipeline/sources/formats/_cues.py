"""Cues: pieces of speech with the time or place at which each begins, joined to turns.

For captions, speech recognition and any other source that cuts speech into short pieces.
"""

import re
from collections.abc import Sequence

from pipeline.domain.base import Frozen
from pipeline.sources.reading import Turn

_TURN_WORDS = 60
"""Words after which a monologue without speakers is cut at the next sentence end."""
_CLOCK = re.compile(r"(?:\d{1,4}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?")
_SECONDS = (1, 60, 3600)


class Cue(Frozen):
    """Words between two times."""

    start: str
    text: str
    speaker: str | None = None


def joined_cues(cues: Sequence[Cue]) -> tuple[Turn, ...]:
    """Turns: consecutive cues of one speaker, with those that name none."""
    gathered: list[list[Cue]] = []
    for cue in cues:
        if gathered and cue.speaker in (None, gathered[-1][0].speaker):
            gathered[-1].append(cue)
        elif cue.speaker:
            gathered.append([cue])
    return tuple(joined(parts) for parts in gathered)


def monologue(cues: Sequence[Cue]) -> tuple[Turn, ...]:
    """Turns of some sentences each, when nothing says who speaks."""
    turns: list[Turn] = []
    parts: list[Cue] = []
    words = 0
    for place, cue in enumerate(cues):
        parts.append(cue)
        words += len(cue.text.split())
        is_last = place == len(cues) - 1
        if is_last or (words >= _TURN_WORDS and cue.text[-1] in ".!?…") or words >= 3 * _TURN_WORDS:
            turns.append(joined(parts))
            parts, words = [], 0
    return tuple(turns)


def joined(cues: Sequence[Cue]) -> Turn:
    """Join cues to one turn of the first one's speaker, with the time at which each begins."""
    times, text = [], ""
    for cue in cues:
        text = f"{text} {cue.text}" if text else cue.text
        if (seconds := _seconds(cue.start)) is not None:
            times.append((len(text) - len(cue.text), seconds))
    return Turn(text=text, where=f"at {cues[0].start}", speaker=cues[0].speaker, times=tuple(times))


def _seconds(start: str) -> float | None:
    """The seconds of a clock time such as `00:12:31.5`; `None` for any other place, such as a row of a table."""
    if not _CLOCK.fullmatch(start):
        return None
    parts = reversed(start.replace(",", ".").split(":"))
    return float(sum(float(part) * unit for part, unit in zip(parts, _SECONDS, strict=False)))
