"""Participant labels and speaker labels, classified as codes, names or generic labels.

A code (`P03`, `PARTICIPANT 003`) is the study's own label and is shown. A name, an e-mail address or a
telephone number is never an id: a person known only by one of these gets an id of ours.
"""

import re
from functools import lru_cache
from pathlib import PurePath
from typing import Literal

from pipeline.domain.base import Frozen
from pipeline.sources.role_words import answers, asks, is_voice
from pipeline.sources.vocabulary import NAME_PARTICLE

LabelKind = Literal["code", "name", "generic", "interviewer", "opaque"]

_ASKING_STEM = re.compile(r"interview(?:er|eur|ing)\w*|moderat\w+|facilitat\w+|researchers?", re.IGNORECASE)
"""Word beginnings by which the one who asks is known inside a longer label: `Interviewer Dana`."""
_STAFF = re.compile(r"admin|operator|staff", re.IGNORECASE)
"""Words for the one who asks only when they stand alone: `Operator` answers, a machine operator is a participant."""
_GENERIC = re.compile(
    r"(?:(?:speaker|person|voice|guest|female|male|man|woman|spk|spkr|speaker_|channel|ch)[ _#]*\w{0,2})",
    re.IGNORECASE,
)
_NOUN = r"(?P<noun>participant|respondent|interviewee|interview|subject|customer|client|user|session|p|r|u|c|s)"
_SPELLED = re.compile(
    rf"{_NOUN}(?:[ _]?(?:id|no|nr|number))?[.\s:#_-]*(?P<digits>\d{{1,6}})(?P<tail>[a-z]?)", re.IGNORECASE
)
_CODE = re.compile(r"(?P<letters>[a-z]{1,4})[\s_.#-]?(?P<digits>\d{1,6})(?P<tail>[a-z]?)", re.IGNORECASE)
_COMPOUND = re.compile(
    r"(?=.{2,12}$)(?=.*[a-z])(?=.*\d)[a-z]{0,3}\d{0,4}(?:[-_/][a-z]{0,3}\d{0,4}){1,2}", re.IGNORECASE
)
_MARKS = "\u0900-\u0d7f\u0e31-\u0e4e"
"""Vowel signs of Indic scripts and Thai, which are no letters by themselves."""
_NAME = re.compile(rf"(?:[^\W\d_][\w'’.{_MARKS}-]*)(?: [^\W\d_][\w'’.{_MARKS}-]*){{0,3}}")
_PERSON_WORD = re.compile(r"(?:participant|respondent|interviewee|customer|client|user)\b[\s#:]*(?=\S)", re.IGNORECASE)


class SpeakerLabel(Frozen):
    """A label, understood."""

    kind: LabelKind
    key: str
    """Equal for spellings of the same label: `P03`, `p3`, `PARTICIPANT 003`."""
    shown: str
    """Safe to show for codes; for other kinds the label as written."""


@lru_cache(maxsize=10_000)  # asked again for every line that starts with a label
def read_label(text: str, noun: str = "") -> SpeakerLabel:
    """Classify a label.

    Args:
        text: the label as written; white space already collapsed.
        noun: the noun that a bare number counts (`respondent` turns `7` into `R7`).
    """
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return _code(_letter(noun or "respondent"), text, "")
    if is_interviewer(text):
        return SpeakerLabel(kind="interviewer", key=text.casefold(), shown=text)
    if _GENERIC.fullmatch(text) or ((answers(text) or is_voice(text)) and not _SPELLED.fullmatch(text)):
        return SpeakerLabel(kind="generic", key=text.casefold(), shown=text)
    bare = _PERSON_WORD.sub("", text, count=1)
    for pattern in (_SPELLED, _CODE):
        for candidate in (text, bare):
            if match := pattern.fullmatch(candidate):
                letters = _letter(match["noun"]) if pattern is _SPELLED else match["letters"]
                return _code(letters, match["digits"], match["tail"])
    if _COMPOUND.fullmatch(bare):
        return SpeakerLabel(kind="code", key=f"code {bare.casefold()}", shown=bare.upper())
    kind: LabelKind = "name" if is_name(text) else "opaque"
    return SpeakerLabel(kind=kind, key=f"{kind} {text.casefold()}", shown=text)


def spelled(label: str, noun: str) -> str:
    """The label with a letter before a bare number, from what it counts: respondent 7 is R7."""
    return read_label(label, noun).shown if label.isascii() and label.isdigit() else label


def is_interviewer(text: str) -> bool:
    """Return whether a label is a word for the interviewer, alone or with a name or number beside it."""
    words = re.findall(r"[^\W\d_]+", text)
    if not words or len(words) > 4 or len(text) > 60:
        return False
    if len(words) == 1:  # `I3` is a participant of some studies, `Q3` is a question everywhere
        is_asking = asks(text) or _ASKING_STEM.fullmatch(words[0]) or _STAFF.fullmatch(text)
        return bool(is_asking) and (words[0] not in "iI" or text.isalpha())
    return asks(text) or any(len(word) > 3 and (_ASKING_STEM.fullmatch(word) or asks(word)) for word in words)


def is_name(text: str) -> bool:
    """Return whether a text has the shape of a person's name: one to four words, capitalised but for particles."""
    if len(text) > 40 or not _NAME.fullmatch(text):
        return False
    words = text.split()
    return _may_open_name(words[0]) and all(_may_open_name(word) or word in NAME_PARTICLE for word in words)


def _may_open_name(word: str) -> bool:
    """Return whether a word begins with a capital, or with a letter of a script that has none."""
    return word[0].isupper() or word[0].lower() == word[0].upper()


class FileLabel(Frozen):
    """Participant label and first name, as the name of a file gives them."""

    label: str | None
    name: str | None
    """A first name, to be believed only when the text confirms it."""


_FILE_CODE = re.compile(
    r"(?:^|[\W_])(?P<code>(?:participant|respondent|interview|customer|client|user|p|r|u|c)[ _#-]?\d{1,4})(?=$|[\W_])",
    re.IGNORECASE,
)


def read_file_name(name: str) -> FileLabel:
    """The label and the first name in a file name: `P04_devon.vtt` is P04, Devon."""
    stem = PurePath(name).stem
    match = _FILE_CODE.search(stem)
    rest = stem if match is None else stem[: match.start()] + " " + stem[match.end() :]
    words = re.findall(r"[^\W\d_]{3,}", rest)
    return FileLabel(label=match["code"] if match else None, name=words[0].capitalize() if words else None)


def _letter(noun: str) -> str:
    plain = noun.casefold()
    if plain in ("interview", "interviewee", "session", "person"):
        return "P"
    return "R" if plain in ("id", "response", "submission", "member", "email") else plain[0]


def _code(letters: str, digits: str, tail: str) -> SpeakerLabel:
    letters, tail = letters.upper(), tail.lower()
    return SpeakerLabel(kind="code", key=f"code {letters.lower()}{int(digits)}{tail}", shown=f"{letters}{digits}{tail}")
