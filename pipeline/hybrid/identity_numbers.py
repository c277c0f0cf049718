"""Identity numbers: passport, tax, insurance and membership, in some thirty countries.

A number is recognised by the word before it, or by a shape that little else has; where a country's numbers have check
digits or a date of birth, the shape is believed only when they are right (`python-stdnum`).
"""

import re
from functools import cache
from typing import Protocol, cast

_PAPER = (
    r"(?:passport|licen[cs]e|driver'?s|national insurance|ni number|nino|ssn|social security|nhs|tax|personal"
    r"|national id|id card|identity card|member(?:ship)?|policy|customer|patient|account|iban|card|sort code"
    r"|number plate|licen[cs]e plate|plate"
    # German, French, Italian, Spanish, Portuguese
    r"|ausweis(?:nummer)?|personalausweis|reisepass|steuer-?id(?:nr\.?)?|steuernummer|sozialversicherungsnummer"
    r"|versichertennummer|rentenversicherungsnummer|ahv-?(?:nummer|nr\.?)?|kundennummer|mitgliedsnummer|sv-?nummer"
    r"|sécurité sociale|sécu|numéro fiscal|passeport|carte d'identité|avs|nir|codice fiscale|carta d'identità"
    r"|passaporto|dni|nie|nif|nss|pasaporte|seguridad social|curp|rfc|cuit|cuil|cpf|cnpj"
    r"|cartão de cidadão|contribuinte|passaporte"
    # Dutch, Polish, Nordic, Czech, Turkish, Hungarian, Romanian, Greek, Russian, Indian, South African
    r"|bsn|burgerservicenummer|rijksregisternummer|paspoort|pesel|dowód|paszport|personnummer|personnumret"
    r"|samordningsnummer|cpr(?:-nummer(?:et)?|-nr\.?)?|fødselsnummer(?:et)?|henkilötunnus|hetu|rodné číslo"
    r"|tc kimlik|kimlik|adóazonosító(?: jel)?|taj-szám|személyi szám|cnp|αφμ|αμκα|инн|снилс|паспорт"
    r"|aadhaa?r|pps)"
)
_NAMED = re.compile(
    rf"\b(?=[^\W\d_])(?i:{_PAPER})(?i: (?:licen[cs]e|card|plate))?"
    r"(?i:[ -]?(?:no\b\.?|nr\b\.?|n[º°]|numbers?\b|nummer\b|numero\b|número\b|num\b|id\b|code\b|#))?"
    r"(?i: is\b| was\b| ist\b| est\b| es\b| è\b| é\b| to\b| är\b| er\b| je\b| on\b| este\b|:|=|#|,)? ?"
    r"(?P<it>(?=[A-Z0-9 ./-]{0,14}\d)(?!(?:19|20)\d\d\b(?![ ./-]?\d))(?!\d+\.\d{1,2}\b(?![.-]))"
    r"[A-Z0-9]{1,18}(?:[ ./+-][A-Z0-9]{2,10}){0,5}(?:[ -][A-Z0-9]\b)?)(?![\w])"
)
_SHAPED = re.compile(
    r"(?<![\w-])(?P<it>\d{3}-\d{2}-\d{4}|\d{8}[A-HJ-NP-TV-Z]"
    r"|[XYZ]\d{7}[A-Z]|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]|[A-Z9]{5}\d{6}[A-Z0-9]{5}|[A-Z]{1,2}\d{7,9}"
    r"|[A-Z]{2}\d{2} [A-Z]{3}"
    # National insurance: any two letters, since people mistype the first two; the last is A to D.
    r"|(?i:[a-z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[a-d]))(?![\w-])"
)
_CHECKED = (
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    (r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", "ch.ssn"),
    (r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    (r"(?:\d{2})?\d{6}[+-]\d{4}", "se.personnummer"),
    (r"\d{6}-\d{4}", "dk.cpr"),
    (r"\d{6}[-+A]\d{3}[0-9A-Y]", "fi.hetu"),
    (r"\d{6}/\d{3,4}", "cz.rc"),
    (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "be.nn"),
    (r"\d{7}[A-W][A-IW]?", "ie.pps"),
    (r"\d{4} \d{4} \d{4}", "in.aadhaar"),
    (r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", "mx.curp"),
    (r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", "cl.rut"),
    (r"\d{2}-\d{8}-\d", "ar.cuit"),
    (r"\d{6}-\d{7}", "kr.rrn"),
    (r"\d{17}[\dX]", "cn.ric"),
)
PATTERNS = (_NAMED, _SHAPED)
"""Numbers in the group `it`, by the words before them and by their shape."""
CHECKED = tuple((re.compile(rf"(?<![\w.-])(?P<it>{shape})(?![\w-])"), name) for shape, name in _CHECKED)
"""Shapes of one country in the group `it`, with the name of their check: country and number."""


class _Number(Protocol):
    def is_valid(self, number: str) -> bool: ...


def is_right(name: str, number: str) -> bool:
    """Return whether a number has valid check digits, or a valid date of birth, for its kind.

    Args:
        name: from `CHECKED`.
        number: with or without its separators.
    """
    return _number(name).is_valid(number)


@cache
def _number(name: str) -> _Number:
    from stdnum import get_cc_module  # 0.1 s; most studies hold no such number

    country, number = name.split(".")
    return cast("_Number", get_cc_module(country, number))
