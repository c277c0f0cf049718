"""Keys and columns that state facts about a person, the name of each fact, and keys that never do.

Survey tools put codes, groups and punctuation around a question (`G01Q01. How old are you?`, `demo/respondent_age`);
what is left without them decides, in any of the languages of `vocabulary`.
"""

# ruff: noqa: E501 - patterns of many words

import re
from functools import lru_cache

from pipeline.sources.fact_words import FACT_OF, FILLER, OF_THE_EXPORT, TECHNICAL, TECHNICAL_LAST
from pipeline.sources.vocabulary import (
    ANSWERED_BY,
    ANSWERED_WITH,
    CANONICAL_FACT,
    INTERVIEWER_KEY,
    LABEL_KEY,
    NAME_KEY,
    NOT_A_FACT,
)

MAX_FACT_CHARS = 120
"""A longer value is prose, not a fact."""

_CONTACT = re.compile(r"@|https?:|www\.|\+?\d[\d ()./-]{6,}\d")
_OF_A_MACHINE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?: .*)?|\d{1,3}(?:\.\d{1,3}){3}|R_\w{5,}|uuid:.*"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{10,}|-?\d{1,3}\.\d{3,}|-?\d{1,3}\.\d+[ ,;]+-?\d{1,3}\.\d+.*|\d{9,}",
    re.IGNORECASE,
)
"""Values that no person states of themselves: times, addresses of machines, coordinates, keys."""
_CODED = re.compile(
    r"(?:[A-Za-z]{0,3}\d{1,4}(?:[A-Za-z]{1,2}\d{1,4})?(?:_\d{1,3})*(?:\[[^\]]{1,20}\])*|[a-z]{2,20}(?=\. [A-Z]))[.:)]? ?[.:)–-] ?(?=\S)"
)
"""The code that a tool sets before a question: `Q3:`, `G02Q03[SQ001].`, `id. Response ID`."""
_GROUPED = re.compile(r"^(?:[a-z0-9_.-]{1,40}/)+(?=\S)")
"""The groups of a form: `demo/respondent_age`."""
_PLACEHOLDER = re.compile(
    r"\W*(?:redacted|anonymi[sz]ed|removed|deleted|withheld|confidential|unknown|not stated|not given|prefer not to (?:say|answer)|x{2,}|_{2,}"
    r"|(?:the )?(?:participant|respondent|interviewee|interviewer|moderator|person|name|surname|first name|last name|customer|client|user|speaker"
    r"|country|city|town|village|region|state|place|location|area|street|company|organi[sz]ation|employer|hospital|school|university|bank|institution)"
    r"(?: ?(?:name|[a-z]|[ivx]{1,4}|\d{1,3}|one|two|three|four|five|redacted|removed|name redacted))?)\W*",
    re.IGNORECASE,
)
"""Placeholders for a removed name or place: `Country X`, `City 1`, `[REDACTED]`, `Interviewee`."""


@lru_cache(maxsize=10_000)  # the same few keys come with every row
def plain_key(key: str) -> str:
    """A key or column name in lower case and plain words: `Participant_ID`, `participantId` → `participant id`."""
    bare = question_of(key[:200])
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)
    return " ".join(re.sub(r"[\W_]+", " ", spaced).casefold().split())


def question_of(name: str) -> str:
    """A column name without the code and the groups that a survey tool sets before the question."""
    bare = _GROUPED.sub("", name.strip())
    match = _CODED.match(bare)
    return bare[match.end() :] if match and re.search(r"[^\W\d_]{2,}", bare[match.end() :]) else bare


@lru_cache(maxsize=10_000)
def fact_key(key: str) -> str | None:
    """The name under which a fact is kept; `None` for keys that say nothing about the person."""
    plain = plain_key(key)
    if not plain or plain in NOT_A_FACT or plain in OF_THE_EXPORT or is_anothers(plain) or _is_technical(key, plain):
        return None
    if plain in NAME_KEY or plain in LABEL_KEY or plain in INTERVIEWER_KEY:
        return None
    return canonical(plain) or " ".join(question_of(key).casefold().split())


def canonical(plain: str) -> str | None:
    """`age`, `gender`, `occupation`, `location`, `country` or `experience` where a plain key asks for that."""
    if plain in CANONICAL_FACT:
        return CANONICAL_FACT[plain]
    core = " ".join(word for word in plain.split() if word not in FILLER)
    return FACT_OF.get(plain) or FACT_OF.get(core)


def is_anothers(plain: str) -> bool:
    """Return whether a plain key holds words of others than the participant: `moderator notes`, `company reply`."""
    words = plain.split()
    if not words or len(words) > 5:
        return False
    first, *rest = words
    if first in ANSWERED_BY and not ANSWERED_WITH.isdisjoint(rest):
        return True
    return first in ANSWERED_WITH and len(words) < 5 and not ANSWERED_BY.isdisjoint(words[-2:]) and "on" not in words


def is_known_key(key: str) -> bool:
    """Return whether a key certainly describes a person, so that a line with it is a header even above prose."""
    plain = plain_key(key)
    return canonical(plain) is not None or plain in NAME_KEY or (plain in LABEL_KEY and plain != "id")


def is_fact(value: str) -> bool:
    """Return whether a value is short, not blank, no placeholder, no contact detail and not written by a machine."""
    if not 0 < len(value) <= MAX_FACT_CHARS or _CONTACT.search(value):
        return False
    return not _OF_A_MACHINE.fullmatch(value) and not is_placeholder(value)


def is_placeholder(value: str) -> bool:
    """Return whether a value is a placeholder for removed text: `Country X`, `[REDACTED]`."""
    text = value.strip()
    return _PLACEHOLDER.fullmatch(text) is not None or (text[:1] in "[<" and text[-1:] in "]>")


_CONSENT = re.compile(
    r"(?:i|do you|you) (?:hereby )?(?:agree to (?:take|particip|the|be)|consent|have read)|einverstanden|j accepte|acepto|aceito|acconsento"
    r"|согласен|согласна|同意|동의"
)


def _is_technical(key: str, plain: str) -> bool:
    """Return whether a key describes the export rather than the person: ids, times, device locations, consent."""
    words = plain.split()
    if canonical(plain):
        return False
    is_internal = key.startswith("_") or (key.startswith("__") and key.endswith("__"))
    return (
        is_internal
        or _CONSENT.search(plain) is not None
        or words[-1] in TECHNICAL_LAST
        or not TECHNICAL.isdisjoint(words)
    )
