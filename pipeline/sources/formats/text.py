"""Plain text and Markdown: transcripts with speaker labels, several interviews in one file, or prose.

Words above the first speaker are the researcher's: facts are read from them, the rest is not evidence.
"""

import re
from collections.abc import Iterator, Sequence

import yaml

from pipeline.domain.base import Frozen
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.facts import person_from, read_header, section_label
from pipeline.sources.labels import read_label
from pipeline.sources.reading import Conversation, Limits, Person, Reading, SourceFile, Turn
from pipeline.sources.turns import find_turns, speaker_labels
from pipeline.text.wording import count

EXTENSIONS = (".txt", ".md", ".markdown", ".text")

_SPAN = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3} --> \d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}")
_MAX_NAME = 60
_DATE = re.compile(
    r"(?:day \d{1,3}\b[:, ]*)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?(?:\d{4}-\d\d-\d\d"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}(?:st|nd|rd|th|\.)? [^\W\d_]{3,9},?(?: \d{4})?"
    r"|[^\W\d_]{3,9} \d{1,2}(?:st|nd|rd|th)?,? \d{4})(?:,? \d{1,2}:\d\d(?: ?[ap]m)?)?[.:]?|day \d{1,3}[.:]?",
    re.IGNORECASE,
)
"""A line that is nothing but a date: the head of an entry in a diary."""
_BULLETS = ("- ", "* ", "• ", "> ", "+ ")
_MAX_FRONT_MATTER = 60
"""Lines of YAML front matter; a longer block is not front matter."""
_MAX_FRONT_MATTER_CHARS = 20_000


class _Section(Frozen):
    conversation: Conversation
    left_out: int
    """Lines that are neither facts nor anybody's words."""


def load(file: SourceFile, limits: Limits) -> Reading:
    """A text file as one conversation, or one per participant header in it."""
    decoded = decode(file, limits)
    lines = [tidy(line) for line in decoded.text.split("\n")]
    front, lines = _front_matter(lines, decoded.text.split("\n"))
    lines = _labelled_cues(lines)
    speakers = speaker_labels(lines)
    sections: list[_Section] = []
    number = 1
    for block in _sections(lines):
        section = _talk(block, speakers, front, number) if speakers else _prose(block, front, number)
        number += len(section.conversation.turns)
        sections.append(section)
    kept = tuple(section.conversation for section in sections if section.conversation.turns)
    left_out = sum(section.left_out for section in sections)
    notes = [*decoded.notes]
    if not speakers:
        notes.append("No speaker labels: every paragraph is taken as the participant's own words.")
    if left_out:
        notes.append(f"Left out, as nobody's words (titles, notes of the researcher): {count(left_out, 'line')}.")
    kind = "transcript" if speakers else "text without speaker labels"
    return Reading(kind=kind, conversations=kept, notes=tuple(notes))


def _talk(lines: Sequence[str], speakers: frozenset[str], front: Person, number: int) -> _Section:
    spoken = find_turns(lines, speakers, number)
    person, rest = read_header(spoken.preamble)
    turns = spoken.turns
    return _Section(
        conversation=Conversation(turns=turns, person=front.over(person)), left_out=len(rest) + spoken.dropped
    )


def _prose(lines: Sequence[str], front: Person, number: int) -> _Section:
    """Paragraphs of one person, under a header of facts where there is one."""
    paragraphs = list(_paragraphs(lines))
    person, headings, first = front, 0, 0
    for block in paragraphs:
        found, rest = read_header(block, known_only=True)
        titles = sum(line.startswith("#") for line in rest)
        if len(rest) > titles:
            break
        person, headings, first = person.over(found), headings + titles, first + 1
    turns: list[Turn] = []
    for block in paragraphs[first:]:
        words = [line for line in block if not line.startswith("#") and line.strip("-*_= ") and not _is_date(line)]
        headings += len(block) - len(words)
        if words:
            text = " ".join(_without_mark(line) for line in words)
            turns.append(Turn(text=text, where=f"paragraph {number + len(turns)}"))
    return _Section(conversation=Conversation(turns=tuple(turns), person=person), left_out=headings)


def _sections(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """The lines cut at participant headers, when the file has headers of more than one participant."""
    starts: list[int] = []
    seen: list[str] = []
    for place, line in enumerate(lines):
        label = section_label(line) if line else None
        if label:
            starts.append(place)
            seen.append(read_label(label).key)
    if len(set(seen)) < 2 or len(set(seen)) < len(seen):  # a label that comes back is a speaker, not a header
        yield lines
        return
    for start, end in zip([0, *starts[1:]], [*starts[1:], len(lines)], strict=True):
        yield lines[start:end]


def _labelled_cues(lines: list[str]) -> list[str]:
    """Lines of a transcript in which each turn stands below a time span and a name (Teams, saved as a document)."""
    cues = [place for place, line in enumerate(lines) if _SPAN.fullmatch(line[:80])]
    if len(cues) < 2:
        return lines
    labelled = list(lines)
    for place in cues:
        labelled[place] = ""
        below = place + 2 if lines[place + 1 : place + 2] == [""] else place + 1  # documents part paragraphs by a line
        name = lines[below] if below < len(lines) else ""
        if 0 < len(name) < _MAX_NAME:
            labelled[below] = f"{name} 00:00"  # the form in which a name without a colon is a label
    return labelled


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Blocks between blank lines; without any, every line, unless the text is wrapped at a fixed width."""
    body = [line for line in lines if line]
    is_wrapped = bool(body) and max(map(len, body)) <= 100 and sum(map(len, body)) / len(body) >= 50
    keeps_lines = len(body) == len("\n".join(lines).strip("\n").split("\n")) and not is_wrapped
    block: list[str] = []
    for line in lines:
        opens = not line or keeps_lines or line.startswith((*_BULLETS, "#"))
        if opens and block:
            yield block
            block = []
        if line:
            block.append(line)
    if block:
        yield block


def _is_date(line: str) -> bool:
    return len(line) < 40 and _DATE.fullmatch(line) is not None


def _without_mark(line: str) -> str:
    return line[2:] if line.startswith(_BULLETS) else line


def _front_matter(lines: list[str], raw: Sequence[str]) -> tuple[Person, list[str]]:
    """The facts in a YAML block at the top of the file, and the lines after it."""
    if not lines or lines[0] != "---" or "---" not in lines[1:_MAX_FRONT_MATTER]:
        return Person(), lines
    end = lines.index("---", 1)
    if sum(map(len, raw[1:end])) > _MAX_FRONT_MATTER_CHARS:
        return Person(), lines
    try:
        values = yaml.load("\n".join(raw[1:end]), Loader=yaml.BaseLoader)  # noqa: S506  # strings only, no objects
    except (yaml.YAMLError, RecursionError):  # also brackets without end
        return Person(), lines
    if not isinstance(values, dict):
        return Person(), lines
    pairs = [(str(key), tidy(value)) for key, value in values.items() if isinstance(value, str)]
    return person_from(pairs), lines[end + 1 :]
