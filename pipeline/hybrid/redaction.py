"""Replace what identifies a participant before text leaves the machine, and restore it in the replies.

E-mail addresses, telephone numbers, links and the other strings of `pipeline.hybrid.identifiers` become `[email 1]`,
`[phone 1]`, `[link 1]`; a participant's name becomes the participant's id. Names come from the study's list of people,
from participants themselves, and from interviewers who greet them. The whole mapping is built from the study
in the constructor: it does not depend on the order of calls, the same text always gives the same result, and
threads may share one redactor.

Two limits, on purpose. An id that comes back becomes the form of the name that the study uses most, so `my name
is Bernard Osei` may return as `my name is Bernard`. Names of people who are not participants are not known here
and stay.
"""

import calendar
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from pipeline.domain.base import Frozen
from pipeline.domain.persona import Persona
from pipeline.domain.study import Segment, Study
from pipeline.hybrid.identifiers import PLACEHOLDER, IdentifierKind, find_identifiers
from pipeline.providers import RefineTask
from pipeline.sources.facts import spoken_name
from pipeline.sources.vocabulary import COMMON_NAME, NAME_PARTICLE

_ID = re.compile(r"(?<![\w/-])[A-Za-z][\w/-]*")
_GAP = re.compile(r"\s+(?:(?:de|der|den|van|von|da|di|du|la|le|el|al|bin|y|ter|[A-Z]\.|[\"'“‘(])\s*)*[\"'”’)]?\s*")
_SENTENCE_START = re.compile(r"(?:^|[.!?…:;\"“‘(\[{*\n—–-])\s*$")

REPLACED = "e-mail addresses, phone numbers, links, postal and network addresses, numbers of cards, accounts and papers"
"""Kinds of strings replaced besides names, in words."""

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


class Replacement(Frozen):
    """A part of a text that is sent as something else."""

    start: int
    end: int
    kind: IdentifierKind | Literal["name"]
    shown: str
    """Replacement that is sent."""


class Redactor:
    """Replaces and restores what identifies the participants of one study."""

    def __init__(self, study: Study) -> None:
        texts = [_composed(segment.text) for segment in study.segments]
        self._ids_by_word = name_words(study)
        self._common = common_words(texts, self._ids_by_word)
        unspaced = [word for word in self._ids_by_word if word.upper() == word]
        self._unspaced = re.compile("|".join(map(re.escape, unspaced))) if unspaced else None
        self._placeholders: Mapping[str, str] = {}
        placeholders: dict[str, str] = {}
        counts: Counter[str] = Counter()
        forms: dict[str, Counter[str]] = {}
        for text in texts:
            for found in self._replacements(text):
                original = text[found.start : found.end]
                if found.kind == "name":
                    forms.setdefault(found.shown, Counter())[original] += 1
                elif original not in placeholders:
                    counts[found.kind] += 1
                    placeholders[original] = f"[{found.kind} {counts[found.kind]}]"
        self._placeholders = placeholders
        self._originals = {placeholder: found for found, placeholder in placeholders.items()}
        self._usual_names = {
            id: max(found, key=lambda form: (form != form.lower(), found[form], len(form)))
            for id, found in forms.items()
        }

    def redact(self, text: str, mark: Callable[[str], str] = str) -> str:
        """Return the text with identifiers replaced; letters with accents become single characters.

        Strings that the study does not hold (a model made them up) become `[email]`, `[phone]` and so on, without a
        number. Redacting twice changes nothing more.

        Args:
            text: to be sent.
            mark: formats each replacement for display; by default it is shown as sent.
        """
        text = _composed(text)
        parts: list[str] = []
        position = 0
        for found in self._replacements(text):
            parts += (text[position : found.start], mark(found.shown))
            position = found.end
        return "".join((*parts, text[position:]))

    def redact_task(self, task: RefineTask, mark: Callable[[str], str] = str) -> RefineTask:
        """Everything that a refinement is written from, each text by itself.

        Not the prompt as a whole: in JSON, a line end is a backslash and a letter that hides the name behind it.
        """

        def change(text: str) -> str:
            return self.redact(text, mark)

        return task.model_copy(
            update={
                "persona": in_all_texts(task.persona, change),
                "findings": tuple(
                    finding.model_copy(update={"text": change(finding.text)}) for finding in task.findings
                ),
                "weak_claims": tuple(map(change, task.weak_claims)),
                "segments": tuple(
                    segment.model_copy(update={"text": change(segment.text)}) for segment in task.segments
                ),
                "questions": {segment: change(question) for segment, question in task.questions.items()},
            }
        )

    def redact_segment(self, segment: Segment) -> Segment:
        """The segment as it is sent."""
        return segment.model_copy(update={"text": self.redact(segment.text)})

    def replacements(self, text: str) -> tuple[Replacement, ...]:
        """Return the replacements that `redact` makes in a text, in order."""
        return tuple(self._replacements(_composed(text)))

    def restore(self, text: str) -> str:
        """The text with numbered placeholders and ids put back as the study has them.

        An id becomes a name only when the study's own text holds that name, that is when `redact` can have
        introduced it; ids of people whose name never occurs stay as they are.
        """
        known = PLACEHOLDER.sub(lambda match: self._originals.get(match[0], match[0]), text)
        return _ID.sub(lambda match: self._usual_names.get(match[0], match[0]), known)

    def _replacements(self, text: str) -> Iterator[Replacement]:
        position = 0
        for kind, start, end in find_identifiers(text):
            yield from self._names_between(text, position, start)
            shown = self._placeholders.get(text[start:end], f"[{kind}]")
            yield Replacement(start=start, end=end, kind=kind, shown=shown)
            position = end
        yield from self._names_between(text, position, len(text))

    def _names_between(self, text: str, start: int, end: int) -> Iterator[Replacement]:
        for name in self._names(text[start:end]):
            yield name.model_copy(update={"start": start + name.start, "end": start + name.end})

    def _names(self, text: str) -> Iterator[Replacement]:
        """Names in order; the words of one name, with particles between them, are one."""
        found: Replacement | None = None
        for start, word in self._name_words_in(text):
            ids, end = self._ids_by_word[folded(word)], start + len(word)
            if found and found.shown in ids and self._continues(text, found.start, found.end, start, word):
                found = found.model_copy(update={"end": end})
                continue
            if found:
                yield found
            following = self._ids_after(text, start, end)
            shared = [id for id in ids if id in following]
            is_name = bool(shared) or self._is_name_here(word, text, start)
            found = Replacement(start=start, end=end, kind="name", shown=(shared or ids)[0]) if is_name else None
        if found:
            yield found

    def _name_words_in(self, text: str) -> list[tuple[int, str]]:
        """Place and spelling of words that occur in names, those inside placeholders left out."""
        protected = [match.span() for match in PLACEHOLDER.finditer(text)]
        words = [(match.start(), POSSESSIVE.sub("", match[0])) for match in WORD.finditer(text)]
        found = [(start, word) for start, word in words if folded(word) in self._ids_by_word]
        if self._unspaced:  # scripts that put no spaces between words
            whole = {start for start, _ in found}
            found += [
                (match.start(), match[0]) for match in self._unspaced.finditer(text) if match.start() not in whole
            ]
        return sorted(
            (start, word) for start, word in found if not any(left <= start < right for left, right in protected)
        )

    def _continues(self, text: str, start: int, end: int, next_start: int, word: str) -> bool:
        """Return whether a word continues the name before it: another part of it, not the verb in `Hart will come`."""
        is_word_of_name = folded(word) not in self._common or word[0].isupper()
        is_other = folded(word) not in folded(text[start:end]).split()
        return is_word_of_name and is_other and _GAP.fullmatch(text, end, next_start) is not None

    def _ids_after(self, text: str, start: int, end: int) -> tuple[str, ...]:
        """Ids of the name word that follows directly: it tells two people of one first name apart."""
        gap = _GAP.match(text, end)
        following = WORD.match(text, gap.end()) if gap else None
        if gap is None or following is None:
            return ()
        word = POSSESSIVE.sub("", following[0])
        is_next = self._continues(text, start, end, gap.end(), word)
        return self._ids_by_word.get(folded(word), ()) if is_next else ()

    def _is_name_here(self, word: str, text: str, start: int) -> bool:
        if folded(word) not in self._common:
            return True
        before = text[max(0, start - 8) : start]
        return word[0].isupper() and word[1:].islower() and not _SENTENCE_START.search(before)


def in_all_texts(persona: Persona, change: Callable[[str], str]) -> Persona:
    """The persona with every text in it changed, keys of demographics too."""
    values: dict[str, object] = {}
    for field, value in persona:
        if isinstance(value, dict):
            values[field] = {change(key): change(text) for key, text in value.items()}
        elif field != "id":
            values[field] = change(value) if isinstance(value, str) else tuple(map(change, value))
    return persona.model_copy(update=values)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


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
