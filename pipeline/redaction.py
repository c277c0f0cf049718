"""What identifies a participant, replaced before text leaves the machine, and put back in what returns.

E-mail addresses, telephone numbers and links become `[email 1]`, `[phone 1]`, `[link 1]`; a participant's name
becomes the participant's id. The whole mapping is built from the study in the constructor: it does not depend
on the order of calls, the same text always gives the same result, and threads may share one redactor.

Two limits, on purpose. An id that comes back becomes the form of the name that the study uses most, so `my name
is Bernard Osei` may return as `my name is Bernard`. Names of people who are not participants are not known here
and stay.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.models import Frozen, Participant, Study
from pipeline.sources.vocabulary import COMMON_NAME

_EMAIL = r"(?P<email>[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"
_LINK = (
    r"(?P<link>(?:https?://|www\.)[^\s<>\"'”’\])}\\]{1,2000}(?<![.,;:!?])"
    r"|(?<![\w.@-])(?:[a-zA-Z0-9-]{1,63}\.){1,4}(?:com|org|net|io|ie|uk|edu|gov|info|app|dev)\b"
    r"(?:/[^\s<>\"'\])}\\]{0,2000}(?<![.,;:!?]))?)"
)
_PHONE = r"(?P<phone>(?<![\w.+-])(?:\+ ?)?\(?\d[\d ()./-]{5,22}\d(?!\w))"
_PLACEHOLDER = re.compile(r"\[(?:email|phone|link)(?: \d+)?\]")
_CONTACT = re.compile(f"{_PLACEHOLDER.pattern}|{_EMAIL}|{_LINK}|{_PHONE}")
_NOT_A_PHONE = re.compile(r"\d*\.\d+|(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?\b.*|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d\b.*")
_REGIONS_WITHOUT_ZERO = ("US", "ES", "PL", "IT", "PT")
"""Regions whose national numbers do not start with 0; one per shape of number."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
_ID = re.compile(r"(?<![\w/-])[A-Za-z][\w/-]*")
_GAP = re.compile(r"\s+(?:(?:de|der|den|van|von|da|di|du|la|le|el|al|bin|y|ter|[A-Z]\.)\s+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?…:;\"“‘(\[{*\n—–-])\s*$")
_TITLES = frozenset(("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir"))


class _Replaced(Frozen):
    """A name found in a text."""

    start: int
    end: int
    id: str


class Redactor:
    """Replaces and restores what identifies the participants of one study."""

    def __init__(self, study: Study) -> None:
        texts = [segment.text for segment in study.segments]
        self._ids_by_word = _name_words(study.participants)
        self._common = _common_words(texts, self._ids_by_word)
        contacts: dict[str, str] = {}
        counts: Counter[str] = Counter()
        forms: dict[str, Counter[str]] = {}
        for kind, found in (piece for text in texts for piece in _pieces(text)):
            if kind and found not in contacts:
                counts[kind] += 1
                contacts[found] = f"[{kind} {counts[kind]}]"
            for name in () if kind else self._names(found):
                forms.setdefault(name.id, Counter())[found[name.start : name.end]] += 1
        self._placeholders: Mapping[str, str] = contacts
        self._originals = {placeholder: found for found, placeholder in contacts.items()}
        self._usual_names = {
            id: max(found, key=lambda form: (form != form.lower(), found[form], len(form)))
            for id, found in forms.items()
        }

    def redact(self, text: str) -> str:
        """The text without e-mail addresses, telephone numbers, links and names of participants.

        Contact details that the study does not hold (a model made them up) become `[email]`, `[phone]` and
        `[link]` without a number. Redacting twice changes nothing more.
        """
        return "".join(
            self._placeholders.get(piece, f"[{kind}]") if kind else self._without_names(piece)
            for kind, piece in _pieces(text)
        )

    def restore(self, text: str) -> str:
        """The text with numbered placeholders and ids put back as the study has them.

        An id becomes a name only when the study's own text holds that name, that is when `redact` can have
        introduced it; ids of people whose name never occurs stay as they are.
        """
        known = _PLACEHOLDER.sub(lambda match: self._originals.get(match[0], match[0]), text)
        return _ID.sub(lambda match: self._usual_names.get(match[0], match[0]), known)

    def _without_names(self, text: str) -> str:
        parts: list[str] = []
        position = 0
        for name in self._names(text):
            parts += (text[position : name.start], name.id)
            position = name.end
        return "".join((*parts, text[position:]))

    def _names(self, text: str) -> Iterator[_Replaced]:
        """Names in order; the words of one name, with particles between them, are one."""
        found: _Replaced | None = None
        for start, word in self._name_words_in(text):
            ids, end = self._ids_by_word[word.casefold()], start + len(word)
            if found and found.id in ids and self._continues(text, found.start, found.end, start, word):
                found = _Replaced(start=found.start, end=end, id=found.id)
                continue
            if found:
                yield found
            following = self._ids_after(text, start, end)
            shared = [id for id in ids if id in following]
            is_name = bool(shared) or self._is_name_here(word, text, start)
            found = _Replaced(start=start, end=end, id=(shared or ids)[0]) if is_name else None
        if found:
            yield found

    def _name_words_in(self, text: str) -> Iterator[tuple[int, str]]:
        """Place and spelling of words that occur in names, those inside placeholders left out."""
        protected = [match.span() for match in _PLACEHOLDER.finditer(text)]
        for match in _WORD.finditer(text):
            word = _POSSESSIVE.sub("", match[0])
            is_free = not any(start <= match.start() < end for start, end in protected)
            if word.casefold() in self._ids_by_word and is_free:
                yield match.start(), word

    def _continues(self, text: str, start: int, end: int, next_start: int, word: str) -> bool:
        """Whether a word goes on with the name before it: another word of it, not the verb in `Hart will come`."""
        is_word_of_name = word.casefold() not in self._common or word[0].isupper()
        is_other = word.casefold() not in text[start:end].casefold().split()
        return is_word_of_name and is_other and _GAP.fullmatch(text, end, next_start) is not None

    def _ids_after(self, text: str, start: int, end: int) -> tuple[str, ...]:
        """Ids of the name word that follows directly: it tells two people of one first name apart."""
        gap = _GAP.match(text, end)
        following = _WORD.match(text, gap.end()) if gap else None
        if gap is None or following is None:
            return ()
        word = _POSSESSIVE.sub("", following[0])
        is_next = self._continues(text, start, end, gap.end(), word)
        return self._ids_by_word.get(word.casefold(), ()) if is_next else ()

    def _is_name_here(self, word: str, text: str, start: int) -> bool:
        if word.casefold() not in self._common:
            return True
        before = text[max(0, start - 8) : start]
        return word[0].isupper() and word[1:].islower() and not _SENTENCE_START.search(before)


def _name_words(participants: tuple[Participant, ...]) -> dict[str, tuple[str, ...]]:
    """Ids by each word of a name in lower case; particles, titles and initials are not words of a name."""
    found: dict[str, list[str]] = {}
    for participant in participants:
        for word in _WORD.findall(participant.name or ""):
            is_name = len(word) > 1 and word[0] != word[0].lower() and word.casefold() not in _TITLES
            if is_name and participant.id not in found.setdefault(word.casefold(), []):
                found[word.casefold()].append(participant.id)
    return {word: tuple(ids) for word, ids in found.items() if ids}


def _common_words(texts: list[str], names: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Name words that are ordinary words: listed ones, and those the study mostly writes in lower case."""
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for text in texts:
        for word in _WORD.findall(text):
            plain = _POSSESSIVE.sub("", word)
            if plain.casefold() in names:
                (lower if plain.islower() else upper)[plain.casefold()] += 1
    return frozenset(word for word in names if word in COMMON_NAME or (lower[word] > 2 and lower[word] > upper[word]))


def _pieces(text: str) -> Iterator[tuple[str | None, str]]:
    """The text in order, cut into contact details (with their kind) and what stands between them (`None`)."""
    position = 0
    for match in _CONTACT.finditer(text):
        if match.lastgroup and (match.lastgroup != "phone" or _is_phone(match[0])):
            yield None, text[position : match.start()]
            yield match.lastgroup, match[0]
            position = match.end()
    yield None, text[position:]


def _is_phone(candidate: str) -> bool:
    """Whether digits with separators are a telephone number: rather one too many than one too few."""
    digits = re.sub(r"\D", "", candidate)
    if not 7 <= len(digits) <= 15 or _NOT_A_PHONE.fullmatch(candidate):
        return False
    if candidate.startswith("+") or digits.startswith("00"):
        return len(digits) >= 8
    if digits.startswith("0"):
        return len(digits) in range(9, 13)
    if len(digits) == 7:
        return re.fullmatch(r"\d{3}-\d{4}", candidate) is not None
    return len(digits) > 8 and _is_valid_somewhere(candidate)


def _is_valid_somewhere(candidate: str) -> bool:
    import phonenumbers  # its tables take a moment to load; most studies hold no such number

    for region in _REGIONS_WITHOUT_ZERO:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(candidate, region)):
                return True
        except phonenumbers.NumberParseException:
            return False
    return False
