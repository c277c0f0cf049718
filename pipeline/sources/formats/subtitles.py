"""WebVTT, SubRip and YouTube's SubViewer: cues become turns, cues without a speaker continue the turn before.

Read with a parser of our own: pysubs2 1.8 takes cue identifiers and NOTE blocks (Teams and Zoom write both)
for words of the cue before, and would attribute them to its speaker.
"""

import html
import re
from collections.abc import Iterator, Sequence

from pipeline.errors import InputError
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.facts import read_header
from pipeline.sources.formats._cues import Cue, joined_cues, monologue
from pipeline.sources.formats.text import find_turns, speaker_labels
from pipeline.sources.reading import Conversation, Person, Reading, ReadingLimits, SourceFile
from pipeline.text.wording import count

EXTENSIONS = (".vtt", ".srt", ".sbv")

_TIMING = re.compile(r"\s*(?P<start>(?:\d{1,4}:)?\d{1,2}:\d{2})[.,]\d{1,3}\s*(?:-->\s*|,)\d")
_VOICE = re.compile(r"<v(?:\.[^\s>]{0,80})*[ \t]+(?P<name>[^<>\n]{1,80})>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z0-9][^<>]{0,200}>|\{\\[^{}]{0,100}\}")


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A subtitle file as one conversation.

    Raises:
        InputError: there is no cue with a time and words.
    """
    decoded = decode(file, limits)
    lines = decoded.text.split("\n")
    cues = [part for start, body in _cues(lines) for part in _voices(start, body)]
    if not cues:
        raise InputError(f"{file.name}: no cue was found (a time such as 00:00:03.120 --> 00:00:09.147, then words).")
    labelled = labelled_cues(cues)
    turns = joined_cues(labelled) if any(cue.speaker for cue in labelled) else monologue(cues)
    stray = sum(1 for cue in labelled if not cue.speaker) if turns and turns[0].speaker else 0
    first = next((place for place, cue in enumerate(labelled) if cue.speaker), 0)
    notes = [*decoded.notes, f"{count(len(cues), 'cue')} joined to {count(len(turns), 'turn')}."]
    if stray and first:
        notes.append(f"Left out, before the first speaker label: {count(first, 'cue')}.")
    kind = "transcript" if turns and turns[0].speaker else "subtitles without speaker labels"
    return Reading(kind=kind, conversations=(Conversation(turns=turns, person=_person(lines)),), notes=tuple(notes))


def _cues(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Start time and text lines of every cue; identifiers, NOTE and STYLE blocks belong to none."""
    start: str | None = None
    body: list[str] = []
    for line in (*lines, ""):
        timing = _TIMING.match(line[:200])
        if timing or not line.strip():
            if start is not None and body:
                # Without a blank line between cues, the number of the next one is the last line of this one.
                yield start, body[:-1] if timing and body[-1].strip().isdigit() else body
                start, body = None, []
            if timing:
                start, body = timing["start"], []
        elif start is not None:
            body.append(line)


def _voices(start: str, body: Sequence[str]) -> Iterator[Cue]:
    """One cue per voice tag; text before the first tag has no speaker."""
    text = "\n".join(body)
    parts = _VOICE.split(text)
    for name, words in zip([None, *parts[1::2]], parts[::2], strict=True):
        plain = tidy(html.unescape(_TAG.sub("", words)))
        if plain:
            yield Cue(start=start, speaker=tidy(name) or None if name else None, text=plain)


def labelled_cues(cues: Sequence[Cue]) -> list[Cue]:
    """Cues with the speaker from a voice tag, or from a label at the start of the text."""
    if any(cue.speaker for cue in cues):
        return list(cues)
    labels = speaker_labels([cue.text for cue in cues])
    result = []
    for cue in cues:
        turns = find_turns([cue.text], labels).turns
        result.append(Cue(start=cue.start, speaker=turns[0].speaker, text=turns[0].text) if turns else cue)
    return result


def _person(lines: Sequence[str]) -> Person:
    """Parse facts about the person from the title line and the NOTE blocks above the first cue."""
    above: list[str] = []
    for line in lines:
        if _TIMING.match(line[:200]):
            break
        above.append(tidy(line).removeprefix("NOTE").strip())
    title = above[0].removeprefix("WEBVTT").strip(" -–:") if above else ""
    return read_header([f"# {title}", *above[1:]])[0]
