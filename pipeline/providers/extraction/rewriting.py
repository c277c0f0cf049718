"""Rewrite spoken sentences as clauses for a persona: clean, short and not copied.

Speech has hesitations, false starts, tags and comma-spliced clauses; a claim has none. Nothing is added:
words are dropped, contractions written out, sentences cut at clause boundaries. A sentence that cannot be cut
cleanly is dropped.
"""

import re
from difflib import SequenceMatcher

from pipeline.providers.extraction.grammar import expand
from pipeline.text.tokens import tokens

COPY_RUN = 12
COPY_SHARE = 0.6
CLOSE_RUN = 7
"""A claim counts as copied with this many source tokens in a row that make this share of it."""

_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "–": "—"})
_UNUSABLE = re.compile(
    r"inaudible|\.\.\.|…|\b(?:no, wait|wait, no|hang on|hold on|i tell a lie|let me say|what was i|where was i|"
    r"how do you say)\b|, no, |\bsorry,|—\s*$",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*\[[^\]\n]{0,40}\]\s*")
_HESITATION = re.compile(r",?\s*\b(?:um+|uh+|er|erm|em|eh|ah|oh|mm+|hm+|och|idk)\b(?:,|(?=[\s.!?]))", re.IGNORECASE)
_ASIDES = (
    "you know|i mean|i suppose|i guess|i think|i believe|i'd say|i must say|i must admit|i must be fair|"
    "i have to say|i admit|to be honest|to be fair|in fairness|if i'm honest|honestly|seriously|actually|"
    "basically|obviously|really|like|let's say|mind you|mind|you see|see|look|right|though|love|pet|"
    "let me say|as i say|of course|as far as i can tell|for some reason|exactly|anyway|eh|aye|no|yes|"
    "i don't know|i know|i swear|well|okay|so|thank you|thanks very much|i'm sorry|big man|mate|pal|dear|lads|"
    "or thereabouts|or whatever|is it|isn't it|no disrespect"
)
_ASIDE = re.compile(rf"(?:,\s+(?:{_ASIDES}))+(?P<end>,|(?=[.!?]|$))", re.IGNORECASE)
_OPENING = re.compile(
    rf"^(?:(?:and|but|so(?! far| long| much| many| that)|or|'?cause|because|then|well|oh|plus|anyway|ok|okay|yeah|"
    rf"yep|yup|ya|"
    rf"aye|actually|basically|honestly|obviously|thing is|the thing is|funny thing is)[,\s]+|"
    rf"(?:{_ASIDES}|now|only|also|plus|sure|fine|sorry|god)[,!.]\s+)",
    re.IGNORECASE,
)
_REPEAT = re.compile(r"\b((?:[\w']+ ){0,3}[\w']+)(?:,| —)? \1\b(?![-'])", re.IGNORECASE)
_VAGUE = re.compile(
    r"\bhere (?=in\b)|\b(?:actually|basically)\s+|(?<!that )\b(?:sort of|"
    r"kind of)\s+(?!a\b)(?<!a sort of )(?<!a kind of )",
    re.IGNORECASE,
)
_SUBJECT = (
    r"(?:i|we|you|he|she|it|they|that|this|these|those|there|nobody|everybody|somebody)"
    r"(?:'\w+)? (?!one\b|same\b|very\b|of\b|day\b|night\b|week\b|morning\b|year\b|time\b)|let (?:me|it) "
)
_SPLICE = re.compile(
    rf"(?:[;:,]|\s—)\s+(?=(?:{_SUBJECT}))|"
    rf",\s+(?:and|but|so(?! (?:i|we) can\b)|or)\s+(?=(?:{_SUBJECT}|my |the )|don't |never )|"
    r"\s+but\s+(?=i (?:can't|cannot)\b)|\s*;\s+|\s—\s",
    re.IGNORECASE,
)
_DEPENDENT = re.compile(
    r"^(?:if|when|whenever|because|before|after|since|as|while|until|till|once|unless|although|though|every|each|on|"
    r"in|at|"
    r"by|for|with|without|from|during|last|one|what|where|how|then|to|the (?:day|night|week|minute|second|first|"
    r"last)|"
    r"most|some|twice|two|three|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:jan|febr)uary|(?:octo|novem|"
    r"decem)ber)\b",
    re.IGNORECASE,
)
_NEW_START = re.compile(rf"\s*(?:{_SUBJECT}|not |and |but |so |because |which |then )", re.IGNORECASE)
_LEAD = re.compile(r"^(?:on|in|at|by|for|with|during|from|most|every (?!time)|each (?!time))", re.IGNORECASE)
_OWN_SUBJECT = re.compile(r"\b(?:i|we|it|they|he|she)(?:'\w+)? ", re.IGNORECASE)


def clean(sentence: str) -> str:
    """Remove marks, hesitations, asides, false starts and opening words from a spoken sentence.

    Returns:
        The sentence without its final stop; empty when it is a question, breaks off, corrects itself or is
        partly inaudible.
    """
    text = " ".join(sentence.translate(_STRAIGHT).split())
    if text.endswith("?") or _UNUSABLE.search(text) or text.count('"') % 2:
        return ""
    text = _HESITATION.sub("", _MARK.sub(" ", text)).strip(" ,")
    text = _ASIDE.sub(_without_aside, text)
    text = _VAGUE.sub("", re.sub(r"\s+([,.!])", r"\1", " ".join(text.split())))
    for _ in range(3):
        text = _REPEAT.sub(r"\1", _OPENING.sub("", text))
    return text.rstrip(" .!,;:—").lstrip(" ,.!—-•*>")


def _without_aside(match: re.Match[str]) -> str:
    """Replace an aside by a comma where a new clause follows, else by nothing."""
    if not match["end"]:
        return ""
    return "," if _NEW_START.match(match.string, match.end()) else " "


def clauses(text: str) -> list[str]:
    """Split a cleaned sentence into independent clauses, contractions written out, one idea each.

    Speech joins two sentences with a comma before a new subject; there is no cut when the words before it
    only open the sentence (`when I get in, I press it`).
    """
    parts: list[str] = []
    start = 0
    for match in _SPLICE.finditer(text):
        before = text[start : match.start()]
        if len(before.split()) >= 3 and not _only_opens(before) and before.count('"') % 2 == 0:
            parts.append(before)
            start = match.end()
    parts.append(text[start:])
    return [expand(_OPENING.sub("", part).strip(" ,")) for part in parts if len(part.split()) >= 3]


def _only_opens(text: str) -> bool:
    """Return whether words before a comma only open a sentence and form none themselves."""
    if "," in text or not _DEPENDENT.match(text):
        return False
    return not (_LEAD.match(text) and _OWN_SUBJECT.search(text))


def is_copied(claim: str, source: str) -> bool:
    """Return whether most of a claim is one long run of its source's words."""
    run, length = longest_run(claim, source)
    return run >= COPY_RUN and run >= COPY_SHARE * length


def is_close(claim: str, source: str) -> bool:
    """Return whether a claim repeats its source instead of summarising it."""
    return longest_run(claim, source)[0] >= CLOSE_RUN


def longest_run(claim: str, source: str) -> tuple[int, int]:
    """Return the longest run of source words in the claim, and the length of the claim, both in words."""
    left, right = tokens(claim), tokens(source)
    return SequenceMatcher(None, left, right, autojunk=False).find_longest_match().size, len(left)


def finish(claim: str) -> str:
    """Capitalise the first letter of a claim and remove its final stop."""
    claim = claim.strip(" .,;:!—")
    return claim[:1].upper() + claim[1:]
