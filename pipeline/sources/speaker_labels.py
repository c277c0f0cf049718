"""The grammar of speaker labels: speaker and time of one line in any text-like format.

Every format that holds text (plain text, documents, subtitles, cells, JSON strings) reads its lines here, so that a
form that one tool writes is understood wherever it turns up. A line is looked at alone; whether a label really is a
speaker is decided over the whole file, in `turns`. Every pattern is anchored and looks at the head of a line only, so
time is linear in the text.
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Literal, NamedTuple

from pipeline.sources.labels import is_interviewer, is_name, read_label
from pipeline.sources.role_words import answers, asks, is_voice

HEAD = 160
"""Characters of a line that can hold its label."""

Form = Literal["colon", "marked", "timed", "chat", "stamped", "bare", "alone", "dash"]
"""Notation of a speaker label.

`colon`: `Dana: …`; `marked`: `[Dana]: …`, `(speaker 0) …`, `<Speaker 1>`; `timed`: a name with a time and no colon;
`chat`: a date, a name, a colon; `stamped`: a date and words without a colon, which are a name or the tool's;
`bare`: a line that is nothing but a role word; `alone`: a line that is nothing but a name; `dash`: `P1 - …`.
"""


class LabelledLine(NamedTuple):
    """A line that may open a turn."""

    label: str
    text: str
    """Text after the label on the same line."""
    form: Form
    aside: str = ""
    """Text in parentheses behind the label; a word for the interviewer stays in the label instead."""


_HALF = r"(?: ?[AaPp]\.? ?[Mm]\b\.?)"
_CLOCK = rf"\d{{1,3}}:\d{{2}}(?::\d{{2}}(?::\d{{2}})?)?(?:[.,]\d{{1,3}})?{_HALF}?"
_DAY = (
    r"(?:\d{1,4}(?:[./-] ?| )\d{1,2}(?:[./-] ?| )\d{1,4}\.?|\d{1,2}[- ][^\W\d_]{3,9}[- ]\d{2,4}"
    r"|[^\W\d_]{3,9} \d{1,2},? \d{4})"
)
_DATED = rf"(?:{_DAY},?\.? ?(?:[^\W\d_]{{1,5}} ?)?{_CLOCK}|{_DAY}T{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?)"
_SPAN = rf"(?:{_CLOCK}(?: ?(?:-->|[-–—→]) ?|,){_CLOCK}|\d{{1,6}}\.\d{{1,3}}s? ?(?:-->|→) ?\d{{1,6}}\.\d{{1,3}}s?)"
_WHEN = rf"[\[(<]?(?:{_SPAN}|{_DATED}|{_CLOCK})[\])>]?"
_BOXED = rf"[\[(<](?:{_SPAN}|{_DATED}|{_CLOCK}|\d{{1,5}}\.\d{{1,3}}s?)[\])>]"
_BOLD = r"(?:\*\*|__)"
_LEAD = rf"(?:[-•>–] |\d{{1,4}}[.)]? |\*(?=[A-Z0-9]{{2,4}}:))?{_BOLD}?"
_OPENING = re.compile(
    rf"{_LEAD}(?:(?:[\[(<]?(?P<dated>{_DATED})[\])>]?|[\[(<]?(?:{_SPAN}|{_CLOCK})[\])>]?)"
    rf"(?P<then> ?[-–—|]? ?|: ))?{_BOLD}?"
)
_LABEL = r"(?P<label>[^\W\d_][^:：*\[\](),;!?<>\"“”]{0,38}?)(?: ?[(（](?P<aside>[^():：（）]{1,60})[)）])?"
_COLON = re.compile(
    rf"{_LABEL}(?: ?{_WHEN})?(?: ?{_BOLD})? ?(?:：|:(?![/\d]))(?: ?{_BOLD})?(?: {_WHEN}(?!\S))?(?:\s{_BOLD}(?= ))?"
)
_ANY_NAME = re.compile(r"(?P<label>[^\s:：][^:：]{0,60}?) ?(?::(?=\s|$)|：)")
_MARKED = re.compile(
    rf"(?:\[(?P<square>[^\W\d_][^\[\]:]{{0,60}})\]|\((?P<round>[^\W\d_][^():]{{0,30}})\)|<(?P<angle>[^\W\d_][^<>:]{{0,30}})>)"
    rf"{_BOLD}?(?P<timed> ?{_WHEN})? ?(?P<colon>[:：])?{_BOLD}?(?=\s|$)"
)
_TIME_THEN_TEXT = re.compile(rf"{_LABEL} {{1,2}}(?:{_BOXED}|{_CLOCK} {_CLOCK}){_BOLD}? ?[:：]?(?=\s|$)")
_LABEL_TIMED = re.compile(rf"{_LABEL}{_BOLD}? ?[-–|,]? ?{_WHEN}{_BOLD}?$")
_LABEL_ONLY = re.compile(rf"{_LABEL}{_BOLD}?$")
_ZOOM_CHAT = re.compile(r"From (?P<label>[^\W\d_][^:\[\]()<>]{0,60}?)(?: to [^:]{1,60})? ?:", re.IGNORECASE)
_SURNAME_FIRST = re.compile(
    rf"(?P<last>[^\W\d_][\w'’ -]{{0,30}}), (?P<label>[^\W\d_][\w'’. -]{{0,30}}?)(?: \([^()]{{1,40}}\))? {_WHEN}$"
)
"""Form in which Teams names people of an organisation."""
_DASHED = re.compile(rf"{_LABEL} [-–—] (?![A-Z][\w ]{{1,24}}[:=])(?=\S)")
_BARE = re.compile(r"(?:p|r)(?: ?\d{1,3})?", re.IGNORECASE)
_LEADING_TIME = re.compile(rf"(?:{_BOXED}(?: ?[-–:])?|{_SPAN}:?|{_DATED}(?= ?[-–])|{_CLOCK}) ?[-–]? ?(?=\S)")
_LEADING_SPAN = re.compile(rf"[\[(<]?{_SPAN}[\])>]?:? ?")
_DISCRIMINATOR = re.compile(r"#\d{4}$")
"""The number that Discord set behind a name."""
_SIGNS = re.compile(r"[:：\[(<]|\d:\d\d|\d[-./]\d")
_INNER_LABEL = re.compile(r"(?<=[.!?…。]) (?P<label>[A-Z][\w.'’-]{0,20}(?: [A-Z0-9][\w.'’-]{0,20}){0,2}): (?=\S)")
_MIN_INNER, _MIN_LABELS = 3, 2
_SHORT = 70
"""Characters of the longest line that can be a label and nothing else."""


@lru_cache(maxsize=20_000)  # a line is read once to find the speakers and once to find the turns
def read_line(line: str) -> LabelledLine | None:
    """The label that a tidied line opens with, if it has the form of one."""
    head = line[:HEAD]
    is_short = len(line) < _SHORT
    if not _SIGNS.search(head):  # nothing but a name, a role word or a dash can make it a label
        return _unsigned(line, head, is_short)
    opening = _OPENING.match(head)
    start = opening.end() if opening else 0
    rest, is_dated = head[start:], bool(opening and opening["dated"])
    is_timed = bool(opening and opening["then"] is not None)
    if is_timed and (match := _ZOOM_CHAT.match(rest)):
        return _found(match, line, start, "colon")
    if marked := _marked(line, rest, start):
        return marked
    if is_dated:
        if match := _ANY_NAME.match(rest):
            return LabelledLine(match["label"].strip(), line[start + match.end() :].strip(), "chat")
        return LabelledLine(_DISCRIMINATOR.sub("", rest.strip()[:60]), "", "stamped")
    if is_short and (match := _SURNAME_FIRST.match(rest)):
        return LabelledLine(f"{match['label'].strip()} {match['last'].strip()}", "", "timed")
    if match := _COLON.match(rest):
        return _found(match, line, start, "colon")
    if match := _TIME_THEN_TEXT.match(rest):
        return _found(match, line, start, "timed")
    if is_short and ((is_timed and (match := _LABEL_ONLY.match(rest))) or (match := _LABEL_TIMED.match(rest))):
        return _found(match, line, len(line), "timed")
    return _unsigned(line, head, is_short)


def without_time(line: str) -> str:
    """The line without a time at its start."""
    return _LEADING_TIME.sub("", line, count=1) if _LEADING_TIME.match(line[:HEAD]) else line


def spanned(line: str) -> str | None:
    """The words behind a time span (`00:00.000 --> 00:02.400 …`), `None` for a line that does not open with one."""
    match = _LEADING_SPAN.match(line[:HEAD])
    return line[match.end() :] if match else None


def parted(lines: list[str]) -> list[str]:
    """The lines, cut before labels inside them, where a text has lost the line ends between its turns.

    Only where far more labels stand behind the end of a sentence than at the start of a line, and two come back.
    """
    inner = [match["label"] for line in lines for match in _INNER_LABEL.finditer(line)]
    filled = sum(map(bool, lines))
    if len(inner) < _MIN_INNER or len(inner) < 2 * filled:
        return lines
    counts = Counter(inner) + Counter(found.label for line in lines if (found := read_line(line)))
    back = {label for label, times in counts.items() if times > 1}
    if len(back) < _MIN_LABELS:
        return lines

    def before(match: re.Match[str]) -> str:
        return f"\n{match[0].lstrip()}" if match["label"] in back else match[0]

    cut = [_INNER_LABEL.sub(before, line) for line in lines]
    return [part for line in cut for part in line.split("\n")]


def is_time(line: str) -> bool:
    """Return whether a line is a time and nothing else."""
    return len(line) < _SHORT and re.fullmatch(_WHEN, line) is not None


def _unsigned(line: str, head: str, is_short: bool) -> LabelledLine | None:
    if is_short:
        plain = line.strip("*_")
        if _is_bare(plain):
            return LabelledLine(plain, "", "bare")
        if is_name(plain):
            return LabelledLine(plain, "", "alone")
    # A dash stands in many sentences, so before one only a label that can be nothing else counts.
    if (match := _DASHED.match(head)) and _is_plain_role(match["label"]):
        return LabelledLine(match["label"], line[match.end() :], "dash")
    return None


def _marked(line: str, rest: str, start: int) -> LabelledLine | None:
    match = _MARKED.match(rest)
    if match is None:
        return None
    label = (match["square"] or match["round"] or match["angle"]).strip()
    is_known = asks(label) or answers(label) or is_voice(label) or read_label(label).kind == "code"
    is_captioned = match["square"] and match["timed"] and start + match.end() == len(line)  # how Zoom saves captions
    if not (is_known or match["colon"] or is_captioned):
        return None
    return LabelledLine(label, line[start + match.end() :].strip(), "marked")


def _found(match: re.Match[str], line: str, start: int, form: Form) -> LabelledLine:
    label, aside = match["label"].strip(" -–"), match.groupdict().get("aside") or ""
    text = line[start + match.end() :].strip() if start < len(line) else ""
    if aside and is_interviewer(aside) and "," not in aside:
        # `Dana (interviewer)` stays whole because the aside says the role; `P1 (laughing)` is P1.
        return LabelledLine(f"{label} ({aside})", text, form)
    return LabelledLine(label, text, form, aside.strip())


def _is_bare(line: str) -> bool:
    if _BARE.fullmatch(line):
        return True
    return (len(line) > 3 or not line.isascii()) and (is_voice(line) or asks(line) or answers(line))


def _is_plain_role(label: str) -> bool:
    kind = read_label(label).kind
    return len(label) > 1 and (kind == "interviewer" or (kind == "code" and label[0] in "PRSUprsu" and len(label) < 5))
