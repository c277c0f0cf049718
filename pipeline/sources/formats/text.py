"""Plain text and Markdown: transcripts with speaker labels, several interviews in one file, or prose.

Words above the first speaker are the researcher's: facts are read from them, the rest is not evidence. `Note: she
laughs` and `Dana: how so?` have the same shape, so a label counts as a speaker only when it is a known one
(`Interviewer`, `P03`, `Q`), or a capitalised name that comes back or stands in a file full of them. Every pattern is
anchored and looks at the first 120 characters of a line, so time is linear in the text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import yaml

from pipeline.domain.base import Frozen
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.facts import person_from, read_header, section_label
from pipeline.sources.labels import is_interviewer, is_name, read_label
from pipeline.sources.reading import Conversation, Person, Reading, ReadingLimits, SourceFile, Turn
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

_TIME = r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?"
_LABEL = r"(?P<label>[^\W\d_][^:*\[\](),;!?<>\"“”]{0,38}?)(?: ?\((?P<aside>[^():]{1,40})\))?"
_TURN = re.compile(
    rf"(?:[-•>] |\d{{1,4}}[.)]? )?(?:{_TIME} ?[-–]? ?)?(?:\*\*|__)?(?:{_TIME} ?)?{_LABEL}(?: ?{_TIME})?"
    rf"(?: ?(?:\*\*|__))? ?:(?: ?(?:\*\*|__))?(?: {_TIME})?(?![/\d])(?:\s(?:\*\*|__)(?= ))?"
)
_DASHED = re.compile(rf"{_LABEL} [-–—] (?![A-Z][\w ]{{1,24}}[:=])(?=\S)")
_QUESTION_NUMBER, _ANSWER_NUMBER = re.compile(r"[Qq] ?\d{1,3}"), re.compile(r"[Aa] ?\d{1,3}")
_TIMED_LABEL = re.compile(rf"{_TIME} ?[-–]? ?(?:\*\*)?{_LABEL}(?:\*\*)?$")
_LABEL_TIMED = re.compile(rf"(?:\*\*)?{_LABEL}(?:\*\*)? ?[-–]? ?{_TIME}(?:\*\*)?$")
_IN_BRACKETS = re.compile(rf"\[(?P<label>[^\W\d_][^\[\]:]{{0,60}})\] {_TIME}$")
"""How Zoom saves captions."""
_CHAT = re.compile(
    rf"{_TIME} From (?P<label>[^\W\d_][^:\[\]()<>]{{0,60}}?)(?: to [^:]{{1,60}})? ?:",
    re.IGNORECASE,
)
"""How Zoom saves a chat."""
_SURNAME_FIRST = re.compile(
    rf"(?P<last>[^\W\d_][\w'’ -]{{0,30}}), (?P<label>[^\W\d_][\w'’. -]{{0,30}}?)(?: \([^()]{{1,40}}\))? {_TIME}$"
)
"""How Teams names people of an organisation."""
_OF_THE_TOOL = re.compile(
    rf"Transcribed by https?://\S+|[\w'’., -]{{2,60}} (?:started|stopped) transcription|{_TIME}"
    r"|Meeting ended after [\d:]{4,8}.{0,4}|This editable transcript was computer generated.*"
)
"""Lines that a recording program adds: times alone, who recorded, how it was made."""
_BARE = re.compile(
    r"(?:interviewer|moderator|researcher|facilitator|participant|respondent|interviewee|speaker|p|r)(?: ?\d{1,3})?",
    re.IGNORECASE,
)
"""A label that stands on a line of its own, without a colon."""
_LEADING_TIME = re.compile(rf"(?:{_TIME}) ?[-–]? ?(?=\S)")
_HEADING = re.compile(r"#{1,6} |[-*_=]{3,}$|\|.*\|$")
_HEAD = 120


class _Section(Frozen):
    conversation: Conversation
    left_out: int
    """Lines that are neither facts nor anybody's words."""


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
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


class Spoken(Frozen):
    """Text taken apart into turns."""

    turns: tuple[Turn, ...]
    preamble: tuple[str, ...] = ()
    """Lines before the first turn; all lines when there is no turn."""
    dropped: int = 0
    """Lines after a heading inside the conversation that nobody is named for."""


class _Line(Frozen):
    label: str
    text: str
    is_bare: bool = False
    """Nothing but the label: a word of a sentence, unless others of its kind come back."""


def speaker_labels(lines: Iterable[str]) -> frozenset[str]:
    """The labels in these lines that stand for speakers.

    Args:
        lines: tidied lines; empty ones separate paragraphs.
    """
    counts: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    openings, after_blank = 0, True
    for line in lines:
        candidate = _candidate(line) if line else None
        if candidate and candidate.is_bare:
            bare[candidate.label] += 1
        elif candidate and not _states_label(candidate):
            counts[candidate.label] += 1
        openings += bool(line and (after_blank or candidate))
        after_blank = not line
    if len(bare) > 1 and bare.total() > 2:
        counts += bare
    density = sum(count for label, count in counts.items() if _may_be_name(label)) / max(openings, 1)
    found = frozenset(label for label, count in counts.items() if _is_speaker(label, count, density))
    is_stray = density < 0.5 and sum(counts[label] for label in found) == 1
    return frozenset() if is_stray else found


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
    dropped, is_open = 0, False
    for line in lines:
        candidate = _candidate(line) if line else None
        if candidate and candidate.label in speakers and (turns or not _states_label(candidate)):
            # `Q1`, `A1`, `Q2`, `A2` count questions, not people.
            turns.append((candidate.label[0] if are_numbered else candidate.label, [candidate.text]))
            is_open = True
        elif not turns:  # also what comes before the first speaker: titles, facts, the researcher's own words
            preamble.append(line)
        elif _OF_THE_TOOL.fullmatch(line[:_HEAD]):
            dropped += 1
        elif _HEADING.match(line):
            is_open = False
        elif is_open:
            turns[-1][1].append(_LEADING_TIME.sub("", line, count=1) if _LEADING_TIME.match(line) else line)
        else:
            dropped += bool(line)
    return Spoken(turns=tuple(_numbered(turns, first_number)), preamble=tuple(preamble), dropped=dropped)


def _numbered(turns: list[tuple[str, list[str]]], first_number: int) -> Iterator[Turn]:
    for number, (speaker, parts) in enumerate(turns, first_number):
        text = " ".join(part for part in parts if part)
        if text:
            yield Turn(text=text, where=f"turn {number}", speaker=speaker)


def _candidate(line: str) -> _Line | None:
    head = line[:_HEAD]
    if match := _CHAT.match(head):
        return _Line(label=match["label"].strip(), text=line[match.end() :].strip())
    if len(line) < _HEAD and (match := _IN_BRACKETS.match(line)):
        return _Line(label=match["label"].strip(), text="")
    if len(line) < _HEAD and (match := _SURNAME_FIRST.match(line)):
        return _Line(label=f"{match['label'].strip()} {match['last'].strip()}", text="")
    if match := _TURN.match(head):
        return _Line(label=_with_aside(match["label"], match["aside"]), text=line[match.end() :].strip())
    if len(line) < _HEAD and (match := _TIMED_LABEL.match(line) or _LABEL_TIMED.match(line)):
        return _Line(label=_with_aside(match["label"], match["aside"]), text="")
    if _BARE.fullmatch(line):
        return _Line(label=line, text="", is_bare=True)
    # A dash stands in many sentences, so before one only a label that can be nothing else counts.
    if (match := _DASHED.match(head)) and _is_plain_role(match["label"]):
        return _Line(label=match["label"], text=line[match.end() :])
    return None


def _is_plain_role(label: str) -> bool:
    kind = read_label(label).kind
    return len(label) > 1 and (kind == "interviewer" or (kind == "code" and label[0] in "PRSUprsu" and len(label) < 5))


def _with_aside(label: str, aside: str | None) -> str:
    """`Dana (interviewer)` stays whole because the aside says the role; `P1 (laughing)` is P1."""
    label = label.strip(" -–")
    return f"{label} ({aside})" if aside and is_interviewer(aside) else label


def _may_be_name(label: str) -> bool:
    return label.casefold() not in NOT_A_SPEAKER and len(label.split()) <= 4


def _states_label(line: _Line) -> bool:
    """`Participant: P01` and `Interviewer: Dana` are headers, not something that was said."""
    kind = read_label(line.label).kind
    if kind == "generic":
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
