"""Lines of text to speaker turns: finds the labels that really are speakers, then gathers what each says.

`Note: she laughs` and `Dana: how so?` have the same shape, so a label counts as a speaker only when it is a
known one (`Interviewer`, `P03`, `Q`), or a capitalised name that comes back or stands in a file full of them.
Every pattern is anchored and looks at the first 120 characters of a line, so time is linear in the text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pipeline.domain.base import Frozen
from pipeline.sources.labels import is_interviewer, is_name, read_label
from pipeline.sources.reading import Turn
from pipeline.sources.vocabulary import NOT_A_SPEAKER

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
