"""Whether a persona contradicts itself, by rules: 1 without an issue, times .6 for each.

Rule-checked, not understood: a contradiction that none of these rules describes passes unseen.
"""

import re
from collections.abc import Iterator
from itertools import combinations

from pipeline.models import Finding, Persona
from pipeline.quality.completeness import same_statement
from pipeline.quality.polarity import disagree, fewest_shared, read_signs
from pipeline.text import fold_numbers, stems, tokens

_PER_ISSUE = 0.6
_MOST_ITEMS = 60
_WORK = "experience|career|profession|job|industry|trade|practice"
_YEARS = re.compile(
    rf"\b(\d{{1,2}}) (?:\w+ ){{0,2}}?years? (?:\w+ ){{0,3}}?(?:{_WORK})"
    r"|\b(?:experience|career|worked|working|teaching|nursing|driving|trading)(?: \w+){0,5}? (\d{1,2}) years?"
)
_EXPERT = re.compile(r"\b(?:expert|veteran|highly experienced|seasoned|long-time professional|guru)\b", re.IGNORECASE)
_NOVICE = re.compile(r"\b(?:novice|beginner|newbie|newcomer|inexperienced|first-time user)\b", re.IGNORECASE)
_RETIRED = re.compile(r"\b(?:retired|retiree|pensioner)\b", re.IGNORECASE)
_NOT_RETIRED = re.compile(
    r"\b(?:semi|early|not|nearly|soon|husband|wife|father|mother|parents?)\W+(?:\w+\W+){0,2}retired", re.IGNORECASE
)
_EARLY_LIFE = re.compile(
    r"\b(?:student|undergraduate|apprentice|recent graduate|intern|first job|school leaver)\b", re.IGNORECASE
)
_OFTEN = re.compile(
    r"\b(?:daily|every (?:single )?(?:day|morning|evening|night|hour)|always|constantly|all the time|hourly)\b",
    re.IGNORECASE,
)
_SELDOM = re.compile(r"\b(?:rarely|seldom|never|hardly ever|almost never|once a year|once in a while)\b", re.IGNORECASE)


def coherence(persona: Persona) -> tuple[float, list[Finding]]:
    """The score, and every issue in words; near-identical items count as one issue each."""
    issues = [*_facts(persona), *_experience(persona), *_between_items(persona)]
    return _PER_ISSUE ** len(issues), issues


def _facts(persona: Persona) -> Iterator[Finding]:
    age = age_of(persona)
    life = " ".join((persona.demographics.get("occupation", ""), persona.tagline, persona.background[:4000]))
    if age is None:
        return
    for years in _years(life, persona):
        if years > age - 14:
            yield _issue("demographics.age", f"Age {age} beside {years} years of experience.")
            break
    if age < 45 and _RETIRED.search(life) and not _NOT_RETIRED.search(life):
        yield _issue("demographics.age", f"Age {age} beside 'retired'.")
    early = _EARLY_LIFE.search(persona.demographics.get("occupation", "") + " " + persona.tagline)
    if age > 55 and early:
        yield _issue("demographics.age", f"Age {age} beside '{early.group()}'.")


def age_of(persona: Persona) -> int | None:
    """The age as one number; `None` for a range, a decade or nothing."""
    said = fold_numbers(tokens(persona.demographics.get("age", "")[:200]))
    numbers = [word for word in said if word.isascii() and word.isdigit() and len(word) <= 3]
    return int(numbers[0]) if len(numbers) == 1 and int(numbers[0]) <= 120 else None


def _years(life: str, persona: Persona) -> list[int]:
    texts = [life, *_items(persona)]
    found = (_YEARS.finditer(" ".join(fold_numbers(tokens(text)))) for text in texts)
    return sorted({int(match.group(1) or match.group(2)) for matches in found for match in matches}, reverse=True)


def _experience(persona: Persona) -> Iterator[Finding]:
    everything = " ".join(
        (persona.tagline, persona.background[:4000], *persona.demographics.values(), *_items(persona))
    )
    novice = _NOVICE.search(everything)
    if not novice:
        return
    expert = _EXPERT.search(everything)
    years = [value for value in _years("", persona) if value >= 5]
    if expert:
        yield _issue(None, f"'{novice.group()}' beside '{expert.group()}'.")
    elif years:
        yield _issue(None, f"'{novice.group()}' beside {years[0]} years of experience.")


def _between_items(persona: Persona) -> Iterator[Finding]:
    items = _items(persona)
    signed = [read_signs(fold_numbers(tokens(item))) for item in items]
    for (one, left), (other, right) in combinations(zip(items, signed, strict=True), 2):
        if _frequency_clash(one, other):
            yield _issue(None, f"Said to happen often and seldom: '{one}' beside '{other}'.")
        elif disagree(left, right, min(fewest_shared(left), fewest_shared(right))):
            yield _issue(None, f"These two contradict each other: '{one}' beside '{other}'.")
    for field in ("goals", "pain_points", "behaviours", "motivations"):
        values = getattr(persona, field)[:_MOST_ITEMS]
        for one, other in combinations(values, 2):
            if same_statement(one, other):
                yield _issue(field, f"Said twice: '{one}' and '{other}'.")


def _frequency_clash(one: str, other: str) -> bool:
    if not ((_OFTEN.search(one) and _SELDOM.search(other)) or (_SELDOM.search(one) and _OFTEN.search(other))):
        return False
    left, right = (set(stems(_SELDOM.sub(" ", _OFTEN.sub(" ", text)))) for text in (one, other))
    return len(left & right) >= max(1, 0.6 * min(len(left), len(right)))


def _items(persona: Persona) -> list[str]:
    lists = (persona.goals, persona.pain_points, persona.behaviours, persona.motivations)
    return [item[:600] for values in lists for item in values][:_MOST_ITEMS]


def _issue(field: str | None, text: str) -> Finding:
    return Finding(kind="contradiction", field=field, text=text)
