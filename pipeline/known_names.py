"""The words by which a study's participants are called: in its list of people, by themselves, and by who asks them."""

import calendar
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.domain.study import Study
from pipeline.sources.facts import spoken_name
from pipeline.sources.vocabulary import COMMON_NAME, NAME_PARTICLE

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
_TITLES = frozenset(("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "san"))
_CALENDAR = frozenset((*map(str.casefold, calendar.day_name), *map(str.casefold, calendar.month_name)))
_NAME = r"(?P<name>[A-ZÀ-ÞŁŚŻŹ][\w'’-]+(?: [A-ZÀ-ÞŁŚŻŹ][\w'’-]+)?)"
_CALLED = re.compile(
    rf"\b(?:calls?|called|call) me {_NAME}"
    rf"|\b(?:[Mm]y name(?:['’]s| is)|I(?:['’]m| am) called|[Tt]his is(?= [\w ]+speaking)"
    rf"|(?:[Hh]i|[Hh]ello|[Hh]ey),? I(?:['’]m| am)) {_NAME.replace('name', 'said')}(?=\W)"
)
_GREETED = re.compile(
    rf"\b(?:[Tt]hanks|[Tt]hank you|[Hh]i|[Hh]ello|[Hh]ey|[Ww]elcome|[Gg]oodbye|[Bb]ye),? {_NAME}(?=[,.!?])"
)
_FIRST_TURNS = 5
"""Turns of a person in which `I'm Tobias,` is taken for an introduction."""
_UNDECOMPOSED = str.maketrans("łŁøØđĐ", "lLoOdD")

_SHORT_FORMS: Mapping[str, str] = {
    "alexander": "alex sasha", "alexandra": "alex sasha", "andrew": "andy", "anthony": "tony", "barbara": "barb",
    "benjamin": "ben benny", "bernard": "bernie", "catherine": "cathy kate katie", "charles": "charlie chuck",
    "christine": "chris chrissie", "christopher": "chris", "daniel": "dan danny", "david": "dave davey",
    "deborah": "deb debbie", "edward": "ed eddie ted", "elizabeth": "beth betty eliza liz lizzie",
    "eleanor": "ellie nell", "francis": "frankie", "frederick": "fred freddie", "gregory": "greg",
    "isabella": "bella izzy", "jacqueline": "jackie", "james": "jamie jim jimmy", "jennifer": "jen jenny",
    "jonathan": "jon jonny", "joseph": "joe joey", "katarzyna": "kasia", "katherine": "kathy kate katie",
    "kenneth": "ken kenny", "lawrence": "larry", "margaret": "maggie meg peggy", "matthew": "matt", "michael":
    "mick mike mikey", "nicholas": "nick nicky", "patricia": "pat patty trish", "patrick": "paddy pat",
    "peter": "pete", "philip": "phil", "rebecca": "becca becky", "richard": "dick rick ricky", "robert":
    "bob bobby rob robbie", "ronald": "ron ronnie", "samantha": "sam", "samuel": "sam sammy", "stephen": "steve",
    "steven": "steve", "susan": "sue susie", "theodore": "ted theo", "thomas": "tom tommy", "timothy": "tim timmy",
    "victoria": "tori vicky", "william": "bill billy will willie",
}  # fmt: skip


def folded(word: str) -> str:
    """A word as it is compared: small letters, without accents."""
    plain = unicodedata.normalize("NFKD", word.translate(_UNDECOMPOSED))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()


def name_words(study: Study) -> dict[str, tuple[str, ...]]:
    """Ids of participants by each folded word of their names; particles, titles and initials are no words of a name.

    Names are those of the list of participants, nicknames in it included, usual short forms of them, what people say
    they are called, and by what an interviewer greets them. A word that the study also writes in small letters is
    believed from the list only.
    """
    found: dict[str, dict[str, None]] = {}
    for person_id, name in _listed(study):
        for word in _words(name):
            for form in (word, *_SHORT_FORMS.get(word, "").split()):
                found.setdefault(form, {})[person_id] = None
    small = {word for segment in study.segments for word in WORD.findall(segment.text) if word.islower()}
    for person_id, name in _spoken(study):
        for word in _words(name):
            if word not in small and word not in _CALENDAR:
                found.setdefault(word, {})[person_id] = None
    return {word: tuple(ids) for word, ids in found.items()}


def common_words(texts: list[str], names: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Name words that are ordinary words: listed ones, and those the study mostly writes in lower case."""
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for text in texts:
        for word in WORD.findall(text):
            plain = POSSESSIVE.sub("", word)
            if (key := folded(plain)) in names:
                (lower if plain.islower() else upper)[key] += 1
    return frozenset(word for word in names if word in COMMON_NAME or (lower[word] > 2 and lower[word] > upper[word]))


def _words(name: str) -> Iterator[str]:
    for word in WORD.findall(unicodedata.normalize("NFC", name)):
        key = folded(POSSESSIVE.sub("", word))
        if len(key) > 1 and key not in _TITLES and key not in NAME_PARTICLE:
            yield key


def _listed(study: Study) -> Iterator[tuple[str, str]]:
    for person in study.participants:
        if person.name:
            yield person.id, person.name
        for fact, value in person.demographics.items():
            if "name" in fact or "known as" in fact:
                yield person.id, value


def _spoken(study: Study) -> Iterator[tuple[str, str]]:
    known = {person.id for person in study.participants}
    turns: Counter[str] = Counter()
    for segment in study.segments:
        if segment.participant not in known or segment.participant is None:
            continue
        if segment.role == "interviewer":
            yield from ((segment.participant, match["name"]) for match in _GREETED.finditer(segment.text))
            continue
        turns[segment.participant] += 1
        yield from ((segment.participant, match["name"] or match["said"]) for match in _CALLED.finditer(segment.text))
        if turns[segment.participant] <= _FIRST_TURNS and (name := spoken_name(segment.text, None)):
            yield segment.participant, name
