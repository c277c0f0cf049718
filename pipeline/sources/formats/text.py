"""Plain text and Markdown: transcripts with speaker labels, several interviews in one file, or prose.

Words above the first speaker are the researcher's: facts are read from them, the rest is not evidence. `Note: she
laughs` and `Dana: how so?` have the same shape, so a label counts as a speaker only when it is a known one
(`Interviewer`, `P03`, `Q`), or a capitalised name that comes back or stands in a file full of them. Every pattern is
anchored and looks at the first 120 characters of a line, so time is linear in the text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import yaml

from pipeline.domain.base import Frozen
from pipeline.sources.coding_tables import document_label
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.facts import person_from, read_header, section_label, stated_in_aside
from pipeline.sources.formats._cues import Cue, monologue
from pipeline.sources.labels import is_name, read_label
from pipeline.sources.metadata import (
    aside_of,
    coded_source,
    is_header_key,
    is_key_of_a_header,
    opens_aside,
    question_in,
    says_nothing,
    stated_roles,
    without_edit_mark,
    without_print_marks,
)
from pipeline.sources.reading import Conversation, Person, Reading, ReadingLimits, SourceFile, Turn
from pipeline.sources.role_words import is_question_head
from pipeline.sources.speaker_labels import LabelledLine, parted, read_line, spanned, without_time
from pipeline.sources.vocabulary import NOT_A_SPEAKER
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
_MAX_TITLE_LINES = 15
"""Lines at the top of a text that may be titles above the header of a person."""

_QUESTION_NUMBER, _ANSWER_NUMBER = re.compile(r"[Qq] ?\d{1,3}"), re.compile(r"[Aa] ?\d{1,3}")
_HEADING = re.compile(r"#{1,6} |[-*_=]{3,}$|\|.*\|$")
_MIN_SHARE_ALONE = 0.8
"""Share of the blocks of text that must stand below a name on a line of its own before such lines are labels."""


class _Section(Frozen):
    conversation: Conversation
    left_out: int
    """Lines that are neither facts nor speech."""


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A text file as one conversation, or one per participant header in it."""
    decoded = decode(file, limits)
    lines = [tidy(line) for line in decoded.text.split("\n")]
    front, lines = _front_matter(lines, decoded.text.split("\n"))
    labelled = _labelled_cues(lines)
    lines = parted(without_print_marks(labelled))
    sources = [place for place, line in enumerate(lines) if line.startswith("<") and coded_source(line)]
    if sources:
        return _references(lines, sources, decoded.notes)
    speakers = speaker_labels(lines)
    sections: list[_Section] = []
    number = 1
    for block in _sections(lines):
        section = _talk(block, speakers, front, number) if speakers else _unlabelled(block, front, number)
        number += len(section.conversation.turns)
        sections.append(section)
    kept = tuple(section.conversation for section in sections if section.conversation.turns)
    left_out = sum(section.left_out for section in sections) + max(len(labelled) - len(lines), 0)
    notes = [*decoded.notes]
    if not speakers:
        notes.append("No speaker labels: every paragraph is taken as the participant's own words.")
    if left_out:
        notes.append(f"Left out (titles, notes of the researcher; no participant's words): {count(left_out, 'line')}.")
    kind = "transcript" if speakers else "text without speaker labels"
    return Reading(kind=kind, conversations=kept, notes=tuple(notes))


def _references(lines: Sequence[str], starts: Sequence[int], notes: Sequence[str]) -> Reading:
    """Coded passages as NVivo lists them: every source is a person."""
    sections: list[_Section] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        person = Person(label=document_label(coded_source(lines[start]) or "") or None)
        number = 1 + sum(len(section.conversation.turns) for section in sections)
        sections.append(_prose(lines[start + 1 : end], person, number))
    kept = tuple(section.conversation for section in sections if section.conversation.turns)
    left_out = sum(section.left_out for section in sections) + len(starts)
    note = f"Coded passages of {count(len(starts), 'source')}; left out, as of the tool: {count(left_out, 'line')}."
    return Reading(kind="coded passages", conversations=kept, notes=(*notes, note))


def _talk(lines: Sequence[str], speakers: frozenset[str], front: Person, number: int) -> _Section:
    spoken = find_turns(lines, speakers, number)
    person, rest = read_header(spoken.preamble)
    person = front.over(person).over(_stated(rest))
    return _Section(
        conversation=Conversation(turns=spoken.turns, person=person, speakers=spoken.people),
        left_out=len(rest) + spoken.dropped,
    )


def _stated(lines: Sequence[str]) -> Person:
    """Parse the interviewer and the participant from the lines above a conversation, if named there in words."""
    stated = stated_roles(lines)
    name = stated.answering[0] if len(stated.answering) == 1 else None
    return Person(name=name, interviewer=", ".join(stated.asking) or None)


def _unlabelled(lines: Sequence[str], front: Person, number: int) -> _Section:
    """Return a section of words without speakers: cues with a time span each, or prose."""
    cues = [(line, words) for line in lines if line and (words := spanned(line)) is not None]
    if len(cues) < 2 or 2 * len(cues) < sum(map(bool, lines)):
        return _prose(lines, front, number)
    turns = monologue([Cue(start=line.strip("[(").split(" ")[0], text=words) for line, words in cues if words])
    others = sum(map(bool, lines)) - len(cues)
    return _Section(conversation=Conversation(turns=turns, person=front), left_out=others)


def _prose(lines: Sequence[str], front: Person, number: int) -> _Section:
    """Paragraphs of one person, under a header of facts where there is one."""
    above = next((place for place, line in enumerate(lines[:_MAX_TITLE_LINES]) if line and section_label(line)), 0)
    headings = sum(map(bool, lines[:above]))
    paragraphs = list(_paragraphs([line if line.strip("-*_=~") else "" for line in lines[above:]]))
    person, first = front, 0
    for block in paragraphs:
        found, rest = read_header(block, known_only=True)
        titles = sum(line.startswith("#") for line in rest)
        if len(rest) > titles:
            break
        person, headings, first = person.over(found), headings + titles, first + 1
    turns: list[Turn] = []
    for block in paragraphs[first:]:
        words: list[str] = []
        for line in block:
            if question := question_in(line):
                turns.append(Turn(text=question, where=f"paragraph {number + len(turns)}", role="interviewer"))
            elif line.startswith("#") or not line.strip("-*_= ") or _is_date(line) or aside_of(line):
                headings += 1
            else:
                words.append(line)
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


class Spoken(Frozen):
    """Turns of a text, and what stands around them."""

    turns: tuple[Turn, ...]
    preamble: tuple[str, ...]
    """Lines before the first turn: titles, facts, the researcher's own words."""
    dropped: int = 0
    """Lines dropped: those without a speaker after a heading in the conversation, notes, and lines of the tool."""
    people: dict[str, Person] = {}
    """Facts in parentheses behind a label: `P2 (Ben, consultant)`."""


class _Seen(NamedTuple):
    """A labelled line and its place."""

    place: int
    line: LabelledLine


def speaker_labels(lines: Iterable[str]) -> frozenset[str]:
    """The labels in these lines that stand for speakers.

    Args:
        lines: tidied lines; empty ones separate paragraphs.
    """
    lines = list(lines)
    seen = [
        _Seen(place, candidate) for place, line in enumerate(lines)
        if line and (candidate := read_line(line)) and not opens_aside(line)
    ]  # fmt: skip
    if chat := _chat_labels(seen):
        return chat
    bare = Counter(one.line.label for one in seen if one.line.form == "bare")
    signed = [one for one in seen if one.line.form not in ("bare", "alone", "stamped") and not _states_label(one.line)]
    counts = Counter(one.line.label for one in signed)
    labelled = {one.place for one in seen if one.line.form != "alone"}
    openings = sum(
        bool(line and (place in labelled or not place or not lines[place - 1])) for place, line in enumerate(lines)
    )
    if len(bare) > 1 and bare.total() > 2:
        counts += bare
    for label in _headers(signed, counts):
        del counts[label]
    density = sum(count for label, count in counts.items() if _may_be_name(label)) / max(openings, 1)
    found = frozenset(label for label, count in counts.items() if _is_speaker(label, count, density))
    is_stray = density < 0.5 and sum(counts[label] for label in found) == 1
    if is_stray or all(map(is_question_head, found)):  # printed questions have no speakers between them
        found = frozenset()
    return found or _labels_alone(lines, seen)


def find_turns(lines: Sequence[str], speakers: frozenset[str], first_number: int = 1) -> Spoken:
    """The turns in tidied lines; text before the first is the preamble.

    Args:
        lines: tidied lines in order.
        speakers: from `speaker_labels`, usually over the whole file.
        first_number: number of the first turn, for `where`.
    """
    are_numbered = any(map(_QUESTION_NUMBER.fullmatch, speakers)) and any(map(_ANSWER_NUMBER.fullmatch, speakers))
    preamble: list[str] = []
    turns: list[tuple[str, list[str]]] = []
    people: dict[str, Person] = {}
    dropped, is_open, is_chat = 0, False, False
    for line in lines:
        found = read_line(line) if line else None
        if found and found.label in speakers and (turns or not _states_label(found)):
            # `Q1`, `A1`, `Q2`, `A2` count questions, not people.
            label = found.label[0] if are_numbered else found.label
            is_open, is_chat = True, is_chat or found.form == "chat"
            if found.aside and (stated := stated_in_aside(found.aside, label)):
                people[label] = people.get(label, Person()).over(stated)
            is_silent = is_chat and says_nothing(found.text)
            words = without_edit_mark(found.text) if is_chat else found.text
            turns.append((label, [] if is_silent else [words]))
            dropped += is_silent
        elif not turns:  # also what comes before the first speaker: titles, facts, the researcher's own words
            preamble.append(line)
        elif (found and found.form == "stamped" and is_chat) or (line and (aside := aside_of(line))):
            is_open = is_open and (is_chat or aside != "task")
            dropped += 1
        elif _HEADING.match(line):
            is_open = False
        elif is_open:
            turns[-1][1].append(without_time(line))
        else:
            dropped += bool(line)
    return Spoken(turns=tuple(_numbered(turns, first_number)), preamble=tuple(preamble), dropped=dropped, people=people)


def _numbered(turns: list[tuple[str, list[str]]], first_number: int) -> Iterator[Turn]:
    for number, (speaker, parts) in enumerate(turns, first_number):
        text = " ".join(part for part in parts if part)
        if text:
            yield Turn(text=text, where=f"turn {number}", speaker=speaker)


def _chat_labels(seen: Sequence[_Seen]) -> frozenset[str]:
    """Return the writers in a chat; where no dated line has a colon, dated lines name the writer and no more."""
    forms = Counter(one.line.form for one in seen)
    if forms["chat"] > 1 and forms["chat"] * 2 > forms["colon"]:
        written = [one.line for one in seen if one.line.form == "chat"]
        silent = {line.label for line in written} - {line.label for line in written if not says_nothing(line.text)}
        counts = Counter(line.label for line in written)
        return frozenset(label for label in counts if label not in silent or counts[label] > 1)
    if forms["stamped"] > 1 and not forms["chat"]:
        counts = Counter(one.line.label for one in seen if one.line.form == "stamped" and len(one.line.label) < 50)
        if (counts and counts.total() >= 2 * len(counts)) or (len(counts) > 1 and is_name(next(iter(counts)))):
            return frozenset(label for label in counts if not says_nothing(label))
    return frozenset()


def _headers(signed: Sequence[_Seen], counts: Counter[str]) -> list[str]:
    """Labels that are keys of a header: known ones, and those that come once, above the first certain speaker."""
    certain = [one.place for one in signed if _is_certain(one.line.label) or counts[one.line.label] > 1]
    first = min((place for place in certain), default=-1)
    again = min((one.place for one in signed if counts[one.line.label] > 1), default=-1)
    found: dict[str, None] = {}
    for one in signed:
        label = one.line.label
        if counts[label] == 1 and 0 <= one.place < again and _introduces(one.line):
            found[label] = None
            continue
        if label in found or read_label(label).kind in ("interviewer", "generic", "code"):
            continue
        is_above = one.place < first and counts[label] == 1 and one.line.form == "colon"
        if (is_header_key(label) and (counts[label] < 3 or not _may_be_name(label))) or (
            is_above and is_key_of_a_header(label, one.line.text)
        ):
            found[label] = None
    return list(found)


def _labels_alone(lines: Sequence[str], seen: Sequence[_Seen]) -> frozenset[str]:
    """Names on lines of their own above what each says, in a file where nearly every block of text has one."""
    alone = Counter(one.line.label for one in seen if one.line.form == "alone" and not is_header_key(one.line.label))
    names = {label for label, count in alone.items() if count > 1}
    if len(names) < 2:
        return frozenset()
    blocks = below = 0
    is_below = False
    before = ""
    for line in lines:
        if line.strip("*_") in names:
            is_below = True
        elif line and (is_below or not before):
            blocks += 1
            below += is_below
            is_below = False
        before = line
    return frozenset(names) if blocks and below >= _MIN_SHARE_ALONE * blocks else frozenset()


def _introduces(line: LabelledLine) -> bool:
    """Return whether a line introduces a person rather than being speech: `Participant: Per, 41, baker`."""
    first, _, more = line.text.partition(",")
    return read_label(line.label).kind == "generic" and is_name(first) and any(map(str.isdigit, more))


def _is_certain(label: str) -> bool:
    kind = read_label(label).kind
    return kind in ("interviewer", "generic") or (kind == "code" and label[0] in "PRSUprsu")


def _may_be_name(label: str) -> bool:
    return label.casefold() not in NOT_A_SPEAKER and len(label.split()) <= 4


def _states_label(line: LabelledLine) -> bool:
    """`Participant: P01` and `Interviewer: Dana` are headers, not something that was said."""
    kind = read_label(line.label).kind
    if kind == "generic" or (kind == "code" and not any(map(str.isdigit, line.label))):
        return len(line.text) < 12 and read_label(line.text).kind == "code"
    return kind == "interviewer" and is_name(line.text)


def _is_speaker(label: str, count: int, density: float) -> bool:
    kind = read_label(label).kind
    if kind in ("interviewer", "generic"):
        return True
    if kind == "code" and label[0] in "PRSUprsu":
        return True
    if not _may_be_name(label) or density < 0.2:
        return False
    if is_name(label) or kind == "code":
        return count > 1 or density >= 0.5
    return count > 2 and density >= 0.5 and len(label.split()) == 1
