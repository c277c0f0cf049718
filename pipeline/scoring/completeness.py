"""Score the completeness of a persona: 0 (no statement) to 1 (every part filled with something of its own).

Name, facts and quotes fill a persona only together with statements about it: the sum over its parts is multiplied by
the square of the share of the statements that it needs at least. A persona of verbatim quotes alone is no persona.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from pipeline.domain.persona import CLAIM_LISTS, Finding, Persona
from pipeline.text.tokens import content, is_number, stems, tokens

_TARGETS = {"goals": (0.25, 3), "pain_points": (0.25, 3), "behaviours": (0.20, 3), "quotes": (0.10, 2)}
"""Per list its weight, and the number of valid items that earns all of it."""

_OCCUPATION, _NAME, _DEMOGRAPHICS = 0.10, 0.05, 0.05
ENOUGH_STATEMENTS = 6
"""Goals, pain points, behaviours and motivations that a persona needs at least, together."""
_ALIKE = 92
_READ = 2000
"""Characters that are enough to see whether an item says something, and the same as another."""

_PLACEHOLDER = re.compile(
    r"^\W*(?:n/?a|none|null|nil|unknown|not (?:known|specified|stated|provided|applicable|mentioned|available)"
    r"|unspecified|undefined|to be (?:determined|defined|added)|tb[acd]|todo|lorem ipsum\b.*|placeholder\b.*"
    r"|string|text|example|sample|insert\b.*|x{2,}"
    r"|(?:goal|pain ?point|pain|behaviou?r|quote|item|persona|user|motivation|name)\W*(?:\d+|[a-z]))?\W*$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\s*[\[<{][^\]>}]{0,80}[\]>}]\s*")


def is_blank(text: str) -> bool:
    """Return whether a text is empty or a placeholder: `n/a`, `Goal 1`, `[insert name]`, `unknown`."""
    return len(text) < 200 and bool(_PLACEHOLDER.match(text) or _BRACKETED.fullmatch(text))


def completeness(persona: Persona) -> tuple[float, list[Finding]]:
    """The score, and what is missing."""
    score, findings = 0.0, []
    for field, (weight, target) in _TARGETS.items():
        valid = valid_items(getattr(persona, field), target)
        score += weight * min(1.0, len(valid) / target)
        if len(valid) < target:
            findings.append(_missing(field, f"{len(valid)} of {target} {field.replace('_', ' ')} say something."))
    stated = {key for key, value in persona.demographics.items() if value.strip() and not is_blank(value)}
    if "occupation" in stated:
        score += _OCCUPATION
    else:
        findings.append(_missing("demographics.occupation", "No occupation is stated."))
    if stated - {"occupation"}:
        score += _DEMOGRAPHICS
    else:
        findings.append(_missing("demographics", "No age, place or other fact about the person is stated."))
    if persona.name.strip() and not is_blank(persona.name):
        score += _NAME
    else:
        findings.append(_missing("name", "The persona has no name."))
    statements = statement_count(persona)
    stated_enough = min(statements / ENOUGH_STATEMENTS, 1.0)
    if stated_enough < 1:
        text = f"{statements} statements in all; a persona needs {ENOUGH_STATEMENTS} at least."
        findings.insert(0, Finding(kind="missing", text=text))
    return min(score, 1.0) * stated_enough**2, findings


def statement_count(persona: Persona) -> int:
    """Return how many goals, pain points, behaviours and motivations say something, each list up to what is enough."""
    return sum(len(valid_items(getattr(persona, field), ENOUGH_STATEMENTS)) for field in CLAIM_LISTS)


def valid_items(items: Sequence[str], enough: int) -> list[str]:
    """The first `enough` items that are no placeholder, have two content words and do not repeat one before."""
    valid: list[str] = []
    for item in items:
        if len(valid) == enough:
            break
        if is_blank(item) or len(_content(item)) < 2:
            continue
        if not any(same_statement(item, earlier) for earlier in valid):
            valid.append(item)
    return valid


def same_statement(one: str, other: str) -> bool:
    """Return whether two items say the same in nearly the same words; different numbers make them different."""
    left, right = tokens(one[:_READ]), tokens(other[:_READ])
    if set(filter(is_number, left)) != set(filter(is_number, right)):
        return False
    return fuzz.token_set_ratio(" ".join(left), " ".join(right)) >= _ALIKE


@lru_cache(maxsize=1 << 14)
def _content(text: str) -> frozenset[str]:
    text = text[:_READ]
    return frozenset(stems(text)) | {
        word for word in content(tokens(text), "cjk") if len(word) > 1 and not word.isascii()
    }


def _missing(field: str, text: str) -> Finding:
    return Finding(kind="missing", field=field, text=text)
