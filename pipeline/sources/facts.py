"""Facts about a person, stated by a file or by the participant.

Only what is stated becomes a fact. Contact details never do: an e-mail address or a telephone number says
nothing about how a person lives, and facts are shown, drafted from and sent. Age, occupation, town and name are read
from a participant's first turns only, and only from sentences that can hardly mean anything else: a wrong fact is
worse than none.
"""

import re
from collections.abc import Iterable, Mapping

from pipeline.sources.fact_keys import fact_key, is_fact, is_known_key, is_placeholder, plain_key
from pipeline.sources.labels import is_name, read_label, spelled
from pipeline.sources.reading import Person
from pipeline.sources.role_words import answers
from pipeline.sources.vocabulary import GENDER_WORDS, INTERVIEWER_KEY, LABEL_KEY, NAME_KEY, OCCUPATION
from pipeline.text.tokens import ONES, TENS, fold_numbers

_PAIR = re.compile(
    r"(?:[-*•>] )?(?:\*\*|__)?(?P<key>[^\W\d_][\w '’/()-]{0,30}?)(?:\*\*|__)? ?[:=](?:\*\*|__)? ?(?P<value>\S.*)"
)
_INLINE_BREAK = re.compile(r"[,;|] ?(?=[A-Z][A-Za-z ]{0,24}[:=])")
_HEAD = re.compile(
    r"(?:#{1,6} )?(?:interview (?:with|of) |interview[:,]? )?"
    r"(?P<label>(?:participant|respondent|interviewee|interview|subject|user|customer) ?#?(?:[a-z]{0,3}-?\d{1,5})"
    r"|(?:(?<=# )|(?<=interview )|(?<=interview with ))[prus]\d{1,4})"
    r"(?P<rest>$|\s*[-–—|,:(].*|\s+(?-i:[A-Z]).*)",
    re.IGNORECASE,
)  # fmt: skip
_LONG_NUMBER = re.compile(r"\d\d")
"""In what stands before a colon, the sign of a time or date in a title: `Talk (2026-03-02 10:00)`."""
_NUMBER = re.compile(r"\d{1,3}")
_CODED_VALUE = re.compile(r"^\d{1,2} ?(?:=|:|\)) ?(?=\d)")
"""The code of an answer before its words: `3 = 35 to 44`."""
_RULE = re.compile(r"[-=_*~]{3,}|\S*https?://\S*.*")
"""A ruled line, or an address: states nothing."""

_SPOKEN_NUMBER = rf"(?:1[6-9]|[2-9]\d|(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(ONES[1:10])}))?|{'|'.join(ONES[16:])})"
_I_AM = r"\bI(?:['’]m| am)(?: now| only| just)?"
_AGE = re.compile(
    rf"{_I_AM} (?P<age>{_SPOKEN_NUMBER})(?: years? old)?(?=[,.;!?)]| and (?:a|an|I)\b| years|$)"
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
_SPOKEN_PLACE = r"(?P<place>[A-Z][\w'’]+(?:[- ](?:[A-Z][\w'’]+|(?:on|upon|of|le|de)[- ][A-Z][\w'’]+)){0,2})"
_NOT_A_PLACE = (
    r"(?!(?:I|January|February|March|April|May|June|July|August|September|October|November|December|Mon|Tues|Wednes"
    r"|Thurs|Fri|Satur|Sun)(?:day)?\b)"
)
_LOCATION = re.compile(
    rf"(?:\bI live (?:here |now |just )?(?:in|near|outside)|\bhere in|\b(?:I['’]m|I am|we['’]re) based in"
    rf"|(?:{_I_AM}|\bI work as) an? {_TRADE} in) {_NOT_A_PLACE}{_SPOKEN_PLACE}"
)
_SPOKEN_NAME = r"(?P<name>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})"
_SELF = re.compile(rf"\b(?:[Mm]y name is|[Mm]y name['’]s|I['’]m called|I am called) {_SPOKEN_NAME}")
_SELF_SHORT = re.compile(
    rf"\bI['’]m (?!(?:[A-Z]\w+(?:ish|ese|ian|ean|can|ch)|Dutch|Greek|Welsh)\b){_SPOKEN_NAME}(?=[,.])"
)
_SPEECH_HEAD = 1500
"""Characters of a turn that are looked at: people introduce themselves early."""


def person_from(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Person:
    """The person that key–value pairs describe; of two values for one key the first counts."""
    label = name = interviewer = None
    facts: dict[str, str] = {}
    for key, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
        plain = plain_key(key)
        if plain in LABEL_KEY and (described := _described(value)):
            name = name or described.get("name")
            facts.update({fact: text for fact, text in described.items() if fact != "name" and fact not in facts})
        elif plain in LABEL_KEY:
            label = label or (spelled(value, plain.split()[0]) or None)
        elif plain in NAME_KEY:
            name = name or (value if is_fact(value) else None)
        elif plain in INTERVIEWER_KEY:
            interviewer = interviewer or value
        elif (kept := fact_key(key)) and is_fact(value):
            facts.setdefault(kept, _plain_age(value) if kept == "age" else value)
    return Person(label=label, name=name, facts=facts, interviewer=interviewer)


def _described(value: str) -> dict[str, str]:
    """A name with an age and more behind it (`Per, 41, baker`); empty for a label."""
    fields = [field.strip() for field in value.split(",")]
    return dict(_positional(fields)) if len(fields) > 1 and is_name(fields[0]) else {}


def section_label(line: str) -> str | None:
    """The participant a header line opens (`PARTICIPANT 001 - Age: 28`, `## P03`), if it is such a line."""
    match = _HEAD.fullmatch(line[:300])
    if not match or (match["rest"].lstrip().startswith(":") and not line.startswith("#")):
        return None
    return match["label"]


def read_header(lines: Iterable[str], *, known_only: bool = False) -> tuple[Person, tuple[str, ...]]:
    """The person a header describes, and the lines that were not understood as facts.

    Args:
        lines: tidied lines above the conversation.
        known_only: accept only keys that certainly describe a person (for text that has no speaker labels).
    """
    pairs: list[tuple[str, str]] = []
    rest: list[str] = []
    for line in lines:
        if len(line) < 400 and _RULE.fullmatch(line):
            continue
        found = _pairs_in(line, known_only)
        pairs.extend(found)
        if line and not found:
            rest.append(line)
    return person_from(pairs), tuple(rest)


def stated_in_aside(aside: str, label: str) -> Person | None:
    """The person whom the words in parentheses behind a label describe: `Ben, consultant`, `Participant`, `34`.

    Args:
        aside: without the parentheses.
        label: what stands before them; only behind a code can a capitalised word be a name.
    """
    if answers(aside):
        return Person(role="participant")
    parts = [part.strip() for part in aside.split(",")]
    pairs = _inline(aside) if ":" in aside or "=" in aside else []
    is_code = read_label(label).kind == "code"
    for number, part in enumerate(parts if not pairs else ()):
        words = part.casefold().split()
        if match := re.fullmatch(r"(?:aged? )?(\d{2})(?: ?(?:years?(?: old)?|yrs?|y/?o))?", part, re.IGNORECASE):
            pairs.append(("age", match[1]))
        elif part.casefold() in GENDER_WORDS:
            pairs.append(("gender", part))
        elif words and (words[-1] in OCCUPATION or (number and is_code and len(words) < 5 and part[:1].isupper())):
            pairs.append(("occupation", part))
        elif not number and is_code and is_name(part):
            pairs.append(("name", part))
    person = person_from(pairs)
    return person if person.facts or person.name else None


def _pairs_in(line: str, known_only: bool) -> list[tuple[str, str]]:
    if len(line) > 400:
        return []
    if section_label(line) and (match := _HEAD.fullmatch(line)):
        return [("participant", match["label"]), *_after_label(match["rest"])]
    match = _PAIR.fullmatch(line)
    if not match:
        return []
    key, value = match["key"], match["value"].strip("*_ ")
    if len(key.split()) > 3 or _LONG_NUMBER.search(key) or (known_only and not is_known_key(key)):
        return []
    if _INLINE_BREAK.search(value):
        return [(key, _INLINE_BREAK.split(value)[0]), *_inline(value)]
    return [(key, value)]


def _after_label(rest: str) -> list[tuple[str, str]]:
    rest = rest.strip(" -–—|,:()")
    if pairs := _inline(rest):
        return pairs
    fields = [field.strip() for field in rest.split("|" if "|" in rest else ",")]
    if pairs := _positional(fields):
        return pairs
    name = re.split(r" ?[,(–—-] ?", rest, maxsplit=1)[0]
    return [("name", name)] if is_name(name) and " " in name else []


def _inline(text: str) -> list[tuple[str, str]]:
    """`Age: 28, Role: nurse, Location: Leeds, UK` as pairs."""
    matches = (_PAIR.fullmatch(part.strip()) for part in _INLINE_BREAK.split(text))
    return [(match["key"], match["value"]) for match in matches if match]


def _positional(fields: list[str]) -> list[tuple[str, str]]:
    """`Callum Reid | 52 | lorry driver | Stirling`: only with an age as the anchor, else the order is a guess."""
    ages = [place for place, field in enumerate(fields) if _NUMBER.fullmatch(field) and 10 <= int(field) <= 110]
    if len(ages) != 1:
        return []
    pairs = [("age", fields[ages[0]])]
    if ages[0] > 0 and is_name(fields[ages[0] - 1]):
        pairs.append(("name", fields[ages[0] - 1]))
    return pairs + list(zip(("occupation", "location"), fields[ages[0] + 1 :], strict=False))


def _plain_age(value: str) -> str:
    """`34 years` is `34`, `3 = 35 to 44` is `35 to 44`; a range or words stay as they are."""
    value = _CODED_VALUE.sub("", value)
    numbers = _NUMBER.findall(value)
    return numbers[0] if len(numbers) == 1 and len(value) <= 20 and 1 <= int(numbers[0]) <= 120 else value


def spoken_facts(text: str) -> dict[str, str]:
    """Age (in digits), occupation and location stated in a turn; absent keys were not stated clearly."""
    head = text[:_SPEECH_HEAD]
    facts: dict[str, str] = {}
    if match := _AGE.search(head):
        facts["age"] = "".join(fold_numbers(match["age"].casefold().replace("-", " ").split()))
    if match := _OCCUPATION.search(head):
        facts["occupation"] = match["occupation"]
    if match := _LOCATION.search(head):
        facts["location"] = match["place"]
    return {fact: value for fact, value in facts.items() if not is_placeholder(value)}


def spoken_name(text: str, known: str | None) -> str | None:
    """The name a person gives themselves; with a first name known, the full name it begins.

    Args:
        text: an early turn of the person.
        known: first name from a label or file name, or `None`.
    """
    head = text[:_SPEECH_HEAD]
    if known:
        match = re.search(rf"\b{re.escape(known)} (?P<rest>[A-Z][\w'’-]+)(?=[,.])", head)
        return f"{known} {match['rest']}" if match else None
    found = _SELF.search(head) or _SELF_SHORT.search(head)
    return found["name"] if found and not is_placeholder(found["name"]) else None
