"""Find identifiers of a person: e-mail and postal addresses, telephone, card, account and document numbers.

`find_identifiers` is the one place that says what they are; redaction and exports ask it. Every kind is looked for in
what the kinds before it have left. What has check digits is believed only with right ones; what has none needs a word
beside it (`passport`, `member no`) or a shape that little else has. In doubt a string counts as one: a text stays
readable without it, and what has left the machine does not come back.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Literal, NamedTuple

from pipeline.hybrid import street_addresses
from pipeline.hybrid.identity_numbers import CHECKED, PATTERNS, is_right

IdentifierKind = Literal["email", "link", "account", "card", "ip", "id", "address", "phone"]

PLACEHOLDER = re.compile(r"\[(?:email|link|account|card|ip|id|address|phone)(?: \d+)?\]")
"""Placeholder that replaces such a string."""


class Identifier(NamedTuple):
    """A part of a text that identifies a person."""

    kind: IdentifierKind
    start: int
    end: int
    """Behind the last character: `text[start:end]` is what was found."""


def find_identifiers(text: str) -> tuple[Identifier, ...]:
    """Return the identifiers of people in a text, in order and without overlaps; placeholders are left alone.

    Takes time in proportion to the length of the text, whatever it holds.

    Args:
        text: in any script; full-width letters, dashes and spaces of every sort count as their plain forms.
    """
    plain = text.translate(_PLAIN)
    taken = bytearray(len(text))
    for match in PLACEHOLDER.finditer(text):
        _take(taken, *match.span())
    found: list[Identifier] = []
    for kind, needed, pattern, end_of in _KINDS:
        if not needed.search(plain):  # cheap, and most texts hold few kinds
            continue
        for match in pattern.finditer(plain):
            start, end = match.start("it"), end_of(match)
            if end is not None and taken.find(1, start, end) < 0:
                _take(taken, start, end)
                found.append(Identifier(kind, start, end))
    return tuple(sorted(found, key=lambda one: one.start))


def _take(taken: bytearray, start: int, end: int) -> None:
    taken[start:end] = b"\1" * (end - start)


class _Plain(dict[int, int]):
    """The plain form of each character, worked out when it is first met; a text keeps its length."""

    def __missing__(self, code: int) -> int:
        plain = self[code] = _plain(code)
        return plain


def _plain(code: int) -> int:
    sign = chr(code)
    category = unicodedata.category(sign)
    if category == "Pd" or sign == "\u2212":
        return ord("-")
    if category == "Zs":
        return ord(" ")
    if category == "Nd":
        return ord(str(unicodedata.decimal(sign)))
    if sign in "\u3002\uff61":  # the full stop of Chinese and Japanese
        return ord(".")
    if unicodedata.decomposition(sign).startswith(("<super>", "<sub>")):  # 2º is a floor
        return code
    compatible = unicodedata.normalize("NFKC", sign)
    return ord(compatible) if len(compatible) == 1 else code


_PLAIN = _Plain()

_TLD = (
    r"(?:com|org|net|edu|gov|info|biz|int|io|app|dev|eu|co|ac|ie|uk|de|at|ch|fr|be|es|it|pt|nl|pl|cz|sk|hu|ro|gr|tr|ru|ua|se"
    r"|dk|no|fi|is|lu|us|ca|mx|br|ar|cl|au|nz|jp|kr|cn|in|za)"
)
_DOT_WORD = r"(?:dot|punkt|point|punto|ponto|punt|piste|kropka|tečka|pont|nokta|punct|τελεία|точка)"
_AT_WORD = (
    r"(?:at|ät|arobase|arobas|chiocciola|arroba|małpa|malpa|apenstaartje|snabel-?a|krøllalfa|zavináč|kukac|klammeraffe"
    r"|miukumauku|собака|παπάκι)"
)
_IN_BRACKETS = r" ?[(\[{<] ?%s ?[)\]}>] ?"
_DOT = rf"(?:\.|{_IN_BRACKETS % rf'(?:{_DOT_WORD}|[.])'}| {_DOT_WORD} | \. )"
_AT = rf"(?: ?@ ?|(?-i: AT )|{_IN_BRACKETS % rf'(?:{_AT_WORD}|[@a])'}| (?!at )(?!ät ){_AT_WORD} )"
_USER = rf"[\w+%-]{{1,40}}(?:(?:\.|{_IN_BRACKETS % rf'(?:{_DOT_WORD}|[.])'}| {_DOT_WORD} )[\w+%-]{{1,40}}){{0,3}}"
_EMAIL = re.compile(
    r"(?P<it>[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
    rf"|(?<![\w.+%-]){_USER}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,3}}{_DOT}{_TLD}\b"
    # As people say it aloud: "at" alone is a common word, so the dot has to be one, too.
    rf"|\b[\w-]{{1,40}}(?:(?: {_DOT_WORD} |\.)[\w-]{{1,40}}){{0,3}} (?:at|ät) "
    rf"(?:[\w-]{{1,40}}(?: {_DOT_WORD} |{_IN_BRACKETS % _DOT_WORD})){{1,3}}{_TLD}\b)",
    re.IGNORECASE,
)
_SPACED_EMAIL = re.compile(r"(?<!\S)(?P<it>(?:[\w.+-] ){2,40}@ (?:[\w.-] ){3,40}[a-z])(?![^\s.,;])", re.IGNORECASE)
"""With a space after each letter."""
_DOMAIN = r"(?:com|org|net|io|ie|uk|edu|gov|info|app|dev|gle|eu|de|fr|nl)"
_SHORT_DOMAIN = r"(?:me|be|ly|gl|gg|to|cc|tv|link|page|site|at|ch|es|it|pl|pt|se|dk|fi|cz|br|us|ca|au|jp)"
"""Endings that are believed with a path behind them only."""
_LINK = re.compile(
    r"(?P<it>(?:https?://|www\.)[^\s<>\"”’\]}\\]{1,2000}(?<![.,;:!?'])(?<!(?<!\()\))"
    rf"|(?<![\w.@-])(?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{_DOMAIN}\b(?:/[^\s<>\"'\])}}\\]{{0,2000}}(?<![.,;:!?]))?"
    rf"|{_SHORT_DOMAIN}/[^\s<>\"'\])}}\\]{{1,2000}}(?<![.,;:!?])))",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r"(?<![^\W_])(?P<it>[a-z]{2}\d{2}(?:[ .-]{0,3}[a-z0-9]){11,30})(?![^\W_])", re.IGNORECASE)
_CARD = re.compile(r"(?<![\d.])(?P<it>[2-6]\d{3}(?:[ .-]{0,3}\d){9,15})(?!\d)")
_IP = re.compile(
    r"(?<![\w.:])(?P<it>\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b"
    r"|[0-9a-f]{1,4}(?:::?[0-9a-f]{1,4}){2,7})",
    re.IGNORECASE,
)
_THING = re.compile(
    r"(?:order|ticket|invoice|case|model|part|serial|version|build|ref|reference|error|sku|flight|type|code|firmware|"
    r"release|section|chapter|clause|ean|isbn|gtin|tracking|v|bestellung|rechnung|artikel|auftrag|seriennummer|commande"
    r"|facture|pedido|factura|ordine|fattura|bestelling|factuur|zamówienie|faktura)"
    r"[ .:#]*(?:(?:no|nr|n[°º]|number|id|is|was)\b[ .:#]*)*$",
    re.IGNORECASE,
)
"""Before a number: it counts things, not people."""
_PHONE = re.compile(r"(?P<it>(?<![\w.+-])(?:\+ ?)?\(?\d[\d ()./-]{5,22}\d(?!\w))")
_PHONE_WORD = re.compile(
    r"\b(?:tel|phone|telephone|mobile|cell|handy|ring|call|text|whats ?app|fax|telefon|telefono|teléfono|téléphone"
    r"|portable|appelez|llámame|llama|móvil|cellulare|mobiel|bel|komórka|celular|puhelin|mobil)\.?:?"
    r"(?: (?:me|us|is|ist|est|es|on|at|al|le|au|under|number|nummer|no\.?)){0,3}:? ?$",
    re.IGNORECASE,
)
"""Words before a number that mark it as a telephone number."""
_NOT_A_PHONE = re.compile(r"\d*\.\d+|(?:19|20)\d\d[-/. ]\d\d?[-/. ]\d\d?\b.*|\d\d?[-/. ]\d\d?[-/. ](?:19|20)\d\d\b.*")
_MAX_GROUPS = 6
"""Groups of digits in a telephone number without a prefix; numbers in a row have more."""
_CODES_WITHOUT_ZERO = (1, 34, 48, 39, 351)
"""Codes of countries whose national numbers do not start with 0; one per shape of number."""

EndOf = Callable[[re.Match[str]], int | None]
"""Function that returns the end of an identifier from a pattern's match; `None` if the match is not one."""


def _always(match: re.Match[str]) -> int | None:
    return match.end("it")


def _if(is_one: Callable[[re.Match[str]], bool], match: re.Match[str]) -> int | None:
    return match.end("it") if is_one(match) else None


def _account_end(match: re.Match[str]) -> int | None:
    """Behind the last word with which the whole is an IBAN: words of the sentence may follow it."""
    from stdnum import iban  # 0.1 s

    text = match["it"]
    for place in (len(text), *(gap.start() for gap in reversed(list(_GAP.finditer(text))))):
        if iban.is_valid(text[:place].replace(".", "")):
            return match.start("it") + place
    return None


_GAP = re.compile(r"[ .-]{1,3}")


def _is_card(match: re.Match[str]) -> bool:
    from stdnum import luhn

    digits = re.sub(r"\D", "", match["it"])
    return 13 <= len(digits) <= 19 and luhn.is_valid(digits)


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


def _is_checked(name: str, match: re.Match[str]) -> bool:
    return is_right(name, match["it"]) and _counts_people(match)


def _is_phone(match: re.Match[str]) -> bool:
    """Return whether digits with separators are a telephone number; false positives are preferred to misses."""
    candidate = match["it"]
    digits = re.sub(r"\D", "", candidate)
    if not 7 <= len(digits) <= 15 or _NOT_A_PHONE.fullmatch(candidate) or not _counts_people(match):
        return False
    if candidate.startswith("+") or digits.startswith("00"):
        return len(digits) >= 8
    if digits.startswith("0"):
        return len(digits) in range(9, 13)
    if _PHONE_WORD.search(match.string, max(0, match.start("it") - 30), match.start("it")):
        return True
    if len(digits) == 7:
        return re.fullmatch(r"\d{3}-\d{4}", candidate) is not None
    return len(digits) > 8 and len(re.findall(r"\d+", candidate)) <= _MAX_GROUPS and _is_valid_somewhere(digits)


@lru_cache(maxsize=4096)
def _is_valid_somewhere(digits: str) -> bool:
    """Return whether the digits are a valid number in one of the regions, with or without its country code."""
    from phonenumbers import PhoneNumber, is_valid_number  # its tables take a moment; most studies hold no such number

    return any(
        # Made here, not parsed: parsing takes ten times as long, and a text may hold many numbers.
        is_valid_number(PhoneNumber(country_code=code, national_number=int(national)))
        for code in _CODES_WITHOUT_ZERO
        for national in {digits, digits.removeprefix(str(code))}
    )


_DIGIT = re.compile(r"\d")
_DOT_SIGN = re.compile(r"\.|://")
_AT_SIGN = re.compile(rf"@|\b{_AT_WORD}\b|[(\[{{<] ?a ?[)\]}}>]", re.IGNORECASE)
_SPACED_AT = re.compile(" @ ")
_COLON_OR_DIGIT = re.compile(r"[:\d]")


def _kinds() -> Iterable[tuple[IdentifierKind, re.Pattern[str], re.Pattern[str], EndOf]]:
    """Each kind with what has to stand somewhere in a text that holds one, its pattern, and its check."""
    yield "email", _AT_SIGN, _EMAIL, _always
    yield "email", _SPACED_AT, _SPACED_EMAIL, _always
    yield "link", _DOT_SIGN, _LINK, _always
    yield "account", _DIGIT, _ACCOUNT, _account_end
    yield "card", _DIGIT, _CARD, partial(_if, _is_card)
    yield "ip", _COLON_OR_DIGIT, _IP, partial(_if, _is_ip)
    yield "id", _DIGIT, PATTERNS[0], partial(_if, _is_paper)
    yield "id", _DIGIT, PATTERNS[1], partial(_if, _counts_people)
    for pattern, name in CHECKED:
        yield "id", _DIGIT, pattern, partial(_if, partial(_is_checked, name))
    for pattern in street_addresses.PATTERNS:
        yield "address", _DIGIT, pattern, _always
    yield "phone", _DIGIT, _PHONE, partial(_if, _is_phone)


_KINDS = tuple(_kinds())
