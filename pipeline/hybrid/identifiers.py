"""Strings that identify a person wherever they stand: addresses of all sorts, numbers of cards, accounts and papers.

Every kind is looked for in what the kinds before it have left. What has check digits is believed only with right
ones; what has none needs a word beside it (`passport`, `member no`) or a shape that little else has. In doubt a
string is replaced: the text stays readable, and what has left the machine does not come back.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

IdentifierKind = Literal["email", "link", "account", "card", "ip", "id", "address", "phone"]

PLACEHOLDER = re.compile(r"\[(?:email|link|account|card|ip|id|address|phone)(?: \d+)?\]")
"""What stands in the place of such a string."""


class Piece(NamedTuple):
    """A part of a text."""

    start: int
    end: int
    kind: IdentifierKind | None
    """`None` for what stands between; placeholders are among it."""


def pieces(text: str) -> Iterator[Piece]:
    """The text in order, cut into strings that identify somebody and what stands between them."""
    taken: list[tuple[int, int, IdentifierKind | None]] = [
        (*match.span(), None) for match in PLACEHOLDER.finditer(text)
    ]
    for kind, pattern, is_one in _KINDS:
        for match in pattern.finditer(text):
            start, end = match.span("it")
            if is_one(match) and not any(start < stop and begin < end for begin, stop, _ in taken):
                taken.append((start, end, kind))
    position = 0
    for start, end, found in sorted(taken):
        if found:
            yield Piece(position, start, None)
            yield Piece(start, end, found)
            position = end
    yield Piece(position, len(text), None)


_EMAIL = re.compile(
    r"(?P<it>[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
    # As people say it aloud.
    r"|\b[\w-]{1,40}(?:(?: dot |\.)[\w-]{1,40}){0,3} at (?:[\w-]{1,40} dot ){1,3}(?:com|org|net|co|edu|ie|uk|de|fr)\b)",
    re.IGNORECASE,
)
_DOMAIN = r"(?:com|org|net|io|ie|uk|edu|gov|info|app|dev|gle|eu|de|fr|nl)"
_LINK = re.compile(
    r"(?P<it>(?:https?://|www\.)[^\s<>\"”’\]}\\]{1,2000}(?<![.,;:!?'])(?<!(?<!\()\))"
    rf"|(?<![\w.@-])(?:[a-zA-Z0-9-]{{1,63}}\.){{1,4}}{_DOMAIN}\b(?:/[^\s<>\"'\])}}\\]{{0,2000}}(?<![.,;:!?]))?)"
)
_ACCOUNT = re.compile(r"\b(?P<it>[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b")
_CARD = re.compile(r"(?<![\d.])(?P<it>[2-6]\d{3}(?:[ -]?\d){9,15})(?!\d)")
_IP = re.compile(
    r"(?<![\w.:])(?P<it>\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b"
    r"|[0-9a-f]{1,4}(?:::?[0-9a-f]{1,4}){2,7})",
    re.IGNORECASE,
)
_PAPER = (
    r"(?:passport|licen[cs]e|driver'?s|national insurance|ssn|social security|nhs|tax|personal|national id|id card|"
    r"identity card|dni|nie|pesel|codice fiscale|member(?:ship)?|policy|customer|patient|account|iban|card|sort code|"
    r"number plate|licen[cs]e plate|plate)"
)
_ID = re.compile(
    rf"\b(?i:{_PAPER})(?i: (?:licen[cs]e|card|plate))?(?i:[ -]?(?:no\b\.?|numbers?\b|num\b|id\b|code\b|#))?"
    r"(?: is| was|:|=|#|,)? ?(?P<it>(?=[A-Z0-9 -]{0,14}\d)(?!(?:19|20)\d\d\b(?![ -]?\d))"
    r"[A-Z0-9]{1,16}(?:[ -][A-Z0-9]{2,10}){0,4})\b"
)
_SHAPED_ID = re.compile(
    r"(?<![\w-])(?P<it>\d{3}-\d{2}-\d{4}|[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]|\d{8}[A-HJ-NP-TV-Z]"
    r"|[XYZ]\d{7}[A-Z]|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]|[A-Z9]{5}\d{6}[A-Z0-9]{5}|[A-Z]{1,2}\d{7,9}"
    r"|[A-Z]{2}\d{2} [A-Z]{3})(?![\w-])"
)
_THING = re.compile(
    r"(?:order|ticket|invoice|case|model|part|serial|version|build|ref|reference|error|sku|flight|type|code|firmware|"
    r"release|section|chapter|clause|v)[ .:#]*(?:(?:no|number|id|is|was)\b[ .:#]*)*$",
    re.IGNORECASE,
)
"""Before a number: it counts things, not people."""

_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Court|Ct|Place|Square|Sq|Terrace|Way|Crescent|Gardens|Grove|"
    r"Boulevard|Blvd|Row|Hill|Mews|Wynd|Parade|Highway|Quay|Walk)"
)
_UK_CODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
_US_CODE = r"[A-Z]{2} \d{5}(?:-\d{4})?"
_IRISH_CODE = r"[AC-FHKNPRTV-Y]\d[\dW] (?=[A-Z]*\d)(?=\d*[A-Z])[\dAC-FHKNPRTV-Y]{4}"
_NUMBER = r"\d{1,5}[A-Za-z]?"
_FLAT = r"(?:(?:Flat|Apt\.?|Apartment|Unit|Suite) \w{1,5},? )?"
_UPPER = r"[A-ZÀ-ÞŁŚŻŹ][\w'’.-]*"
_NO_STREET_NAME = (
    r"(?!(?:miles?|minutes?|hours?|days?|lane|car|of|the|down|up|in|on|a|to|my|our|percent|metres?|meters?|km|busy"
    r"|quiet)\b)"
)
_ADDRESSES = (
    rf"{_FLAT}{_NUMBER},? (?:{_UPPER} ){{1,4}}{_STREET}\b"
    rf"(?:,? (?:{_UPPER},? ){{0,3}}(?:{_UK_CODE}|{_US_CODE}|\d{{5}} {_UPPER})\b)?",
    rf"{_FLAT}{_NUMBER} The {_STREET}\b",
    rf"\d{{1,5}} (?!\w+ (?:of|to|a|the)\b)(?:{_NO_STREET_NAME}[a-z\d]+ ){{1,3}}"
    r"(?:street|road|avenue|lane|terrace|crescent|boulevard)\b",
    rf"{_UPPER}(?:straße|strasse|str\.|gasse|allee|platz|straat|laan|plein|gracht|kade) {_NUMBER}\b"
    rf"(?:, \d{{5}} {_UPPER})?",
    rf"{_NUMBER}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|quai) "
    rf"(?:(?:de|du|des|la|le|les) |l['’]|d['’]){{0,3}}{_UPPER}",
    r"(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Via|Viale|Piazza|Rua|Corso|ul\.|Ulica|al\.) ?"
    rf"(?:(?:de|del|la|las|los|da|do|das|dos) ){{0,3}}{_UPPER}(?: {_UPPER}){{0,2}},? (?:n[º°o]\.? ?)?\d{{1,4}}"
    r"(?:, \d{1,2}[º°]? ?[A-Z]?\b)?",
    r"P\.? ?O\.? Box \d{1,6}",
    _US_CODE,
    _UK_CODE,
    _IRISH_CODE,
)
_ADDRESS = re.compile(rf"\b(?P<it>{'|'.join(_ADDRESSES)})(?!\w)")
_PHONE = re.compile(r"(?P<it>(?<![\w.+-])(?:\+ ?)?\(?\d[\d ()./-]{5,22}\d(?!\w))")
_NOT_A_PHONE = re.compile(r"\d*\.\d+|(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?\b.*|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d\b.*")
_REGIONS_WITHOUT_ZERO = ("US", "ES", "PL", "IT", "PT")
"""Regions whose national numbers do not start with 0; one per shape of number."""


def _always(_match: re.Match[str]) -> bool:
    return True


def _is_account(match: re.Match[str]) -> bool:
    """The check digits of ISO 13616: the number with its head at the end, letters as 10 to 35, is 1 modulo 97."""
    plain = match["it"].replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_card(match: re.Match[str]) -> bool:
    """The check digit of ISO/IEC 7812 (Luhn): every second digit from the right doubled, digits summed, 0 modulo 10."""
    digits = [int(sign) for sign in match["it"] if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_ip(match: re.Match[str]) -> bool:
    found = match["it"]
    if re.fullmatch(r"(?:\w{2}[:-]){5}\w{2}", found):
        return True
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return _counts_people(match)


def _counts_people(match: re.Match[str]) -> bool:
    return not _THING.search(match.string, max(0, match.start("it") - 30), match.start("it"))


def _is_paper(match: re.Match[str]) -> bool:
    return sum(sign.isdigit() for sign in match["it"]) >= 3 and _counts_people(match)


def _is_phone(match: re.Match[str]) -> bool:
    """Whether digits with separators are a telephone number: rather one too many than one too few."""
    candidate = match["it"]
    digits = re.sub(r"\D", "", candidate)
    if not 7 <= len(digits) <= 15 or _NOT_A_PHONE.fullmatch(candidate) or not _counts_people(match):
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


_KINDS: tuple[tuple[IdentifierKind, re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
    ("email", _EMAIL, _always),
    ("link", _LINK, _always),
    ("account", _ACCOUNT, _is_account),
    ("card", _CARD, _is_card),
    ("ip", _IP, _is_ip),
    ("id", _ID, _is_paper),
    ("id", _SHAPED_ID, _counts_people),
    ("address", _ADDRESS, _always),
    ("phone", _PHONE, _is_phone),
)
