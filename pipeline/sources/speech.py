"""Facts people state about themselves as they talk: age, occupation, town, and their name.

Read from a participant's first turns only, and only from sentences that can hardly mean anything else: a
wrong fact is worse than none. Occupations must end in a word that names one.
"""

import re

from pipeline.sources.vocabulary import OCCUPATION
from pipeline.text.tokens import ONES, TENS, fold_numbers

_NUMBER = rf"(?:1[6-9]|[2-9]\d|(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(ONES[1:10])}))?|{'|'.join(ONES[16:])})"
_I_AM = r"\bI(?:['’]m| am)(?: now| only| just)?"
_AGE = re.compile(
    rf"{_I_AM} (?P<age>{_NUMBER})(?: years? old)?(?=[,.;!?)]| and (?:a|an|I)\b| years|$)"
    r"(?! years? (?:in|at|of|with)\b)",
    re.IGNORECASE,
)
_NOT_A_TRADE = (
    r"(?!(?:bad|big|decent|fast|fussy|good|great|keen|lousy|nervous|poor|slow|terrible|worse|better|real|bit)\b)"
)
_TRADE = rf"{_NOT_A_TRADE}(?:[a-z]+[- ]){{0,3}}?(?:{'|'.join(OCCUPATION)})"
_OCCUPATION = re.compile(
    rf"(?:{_I_AM}|\bI work as|\bI['’]ve been) an? (?P<occupation>{_TRADE})"
    r"(?=[,.;!?]| (?:and|at|by|for|from|here|in|on|who|with)\b|$)"
)
_PLACE = r"(?P<place>[A-Z][\w'’]+(?:[- ](?:[A-Z][\w'’]+|(?:on|upon|of|le|de)[- ][A-Z][\w'’]+)){0,2})"
_NOT_A_PLACE = (
    r"(?!(?:I|January|February|March|April|May|June|July|August|September|October|November|December|Mon|Tues|Wednes"
    r"|Thurs|Fri|Satur|Sun)(?:day)?\b)"
)
_LOCATION = re.compile(
    rf"(?:\bI live (?:here |now |just )?(?:in|near|outside)|\bhere in|\b(?:I['’]m|I am|we['’]re) based in"
    rf"|(?:{_I_AM}|\bI work as) an? {_TRADE} in) {_NOT_A_PLACE}{_PLACE}"
)
_NAME = r"(?P<name>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})"
_SELF = re.compile(rf"\b(?:[Mm]y name is|[Mm]y name['’]s|I['’]m called|I am called) {_NAME}")
_SELF_SHORT = re.compile(rf"\bI['’]m (?!(?:[A-Z]\w+(?:ish|ese|ian|ean|can|ch)|Dutch|Greek|Welsh)\b){_NAME}(?=[,.])")
_HEAD = 1500
"""Characters of a turn that are looked at: people introduce themselves early."""


def spoken_facts(text: str) -> dict[str, str]:
    """Age (in digits), occupation and location stated in a turn; absent keys were not stated clearly."""
    head = text[:_HEAD]
    facts: dict[str, str] = {}
    if match := _AGE.search(head):
        facts["age"] = "".join(fold_numbers(match["age"].casefold().replace("-", " ").split()))
    if match := _OCCUPATION.search(head):
        facts["occupation"] = match["occupation"]
    if match := _LOCATION.search(head):
        facts["location"] = match["place"]
    return facts


def spoken_name(text: str, known: str | None) -> str | None:
    """The name a person gives themselves; with a first name known, the full name it begins.

    Args:
        text: an early turn of the person.
        known: first name from a label or file name, or `None`.
    """
    head = text[:_HEAD]
    if known:
        match = re.search(rf"\b{re.escape(known)} (?P<rest>[A-Z][\w'’-]+)(?=[,.])", head)
        return f"{known} {match['rest']}" if match else None
    found = _SELF.search(head) or _SELF_SHORT.search(head)
    return found["name"] if found else None
