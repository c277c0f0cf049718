"""Score the coherence of a persona by rules: no contradictions, and sound statements.

1 without an issue, times .6 for each contradiction, times the square of the share of statements that say something,
are whole and stand in the right list. Rule-checked, not understood: what none of these rules describes passes unseen.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from pipeline.domain.persona import CLAIM_LISTS, Finding, Persona
from pipeline.scoring.claim_faults import FAULTY_UNDER, faults, soundness
from pipeline.scoring.completeness import is_blank, same_statement
from pipeline.scoring.polarity import disagree, fewest_shared, read_signs
from pipeline.text.tokens import content, fold_numbers, is_number, shortened, stems, tokens

PER_ISSUE = 0.6
"""Factor on the score for each issue."""

SOUND_POWER = 2
"""Exponent of the share of sound statements: of twelve, one faulty leaves 85 %, half leave 29."""

_RETOLD, _FEWEST_RETOLD = 0.75, 3
_SAME = """see view look check watch/price cost fee charge/buy purchase/quick fast swift/phone mobile smartphone/start
    begin/end stop finish/help assist support/simple easy/big large huge/small tiny little/show display present/save
    keep store/send forward/fix repair mend/job work task/find locate/choose pick select/change alter modify/use
    utilise employ/speak talk/need require/get receive obtain/make create build/worry fear/hate dislike/like love
    enjoy/annoy frustrate irritate/mistake error/trouble problem issue difficulty/house home/car vehicle/shop
    store/child kid/doctor physician/often frequently/daily everyday"""
_SAME_WORD = {
    stem: stems(group.split()[0])[0] if stems(group.split()[0]) else group.split()[0]
    for group in _SAME.split("/")
    for word in group.split()
    for stem in stems(word)
}
"""Everyday words that may stand for each other, each with the first of its group."""
_MOST_ITEMS = 60
_LONGEST_ITEM = 600
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


def coherence(persona: Persona, language: str = "english") -> tuple[float, list[Finding]]:
    """The score, and every issue in words; near-identical items count as one contradiction each.

    Args:
        persona: the text.
        language: that it is written in; most rules are English.
    """
    issues = [*_facts(persona), *_experience(persona), *_between_items(persona)]
    faulty = [*_faulty(persona, language), *_retold(persona, language)]
    said = len(_statements(persona))
    # One more of each, so that one statement alone decides less than the whole part of the score.
    sound = (said - len({text for text, _ in faulty}) + 1) / (said + 1)
    return PER_ISSUE ** len(issues) * sound**SOUND_POWER, [*issues, *(finding for _, finding in faulty)]


def _faulty(persona: Persona, language: str) -> Iterator[tuple[str, Finding]]:
    """Every statement that says nothing, is broken or stands in the wrong list, with the surest reason."""
    for field, text in _statements(persona):
        found = faults(field, text, language)
        if not is_blank(text) and soundness(found) < FAULTY_UNDER:
            kind, reason = found[0].kind, found[0].reason
            yield text, Finding(kind=kind, field=field, text=f"{reason}: '{shortened(text)}'")


def _retold(persona: Persona, language: str) -> Iterator[tuple[str, Finding]]:
    """Every statement that says in other words what one before it in its list says."""
    for field in CLAIM_LISTS:
        items = [text[:_LONGEST_ITEM] for text in getattr(persona, field)[:_MOST_ITEMS]]
        read = [_plain_stems(text, language) for text in items]
        for at, other in combinations(range(len(items)), 2):
            if _is_retold(read[at], read[other]) and not same_statement(items[at], items[other]):
                said = f"Says in other words what '{shortened(items[at])}' says: '{shortened(items[other])}'"
                yield items[other], Finding(kind="retold", field=field, text=said)


@lru_cache(maxsize=1 << 15)
def _plain_stems(text: str, language: str) -> frozenset[str]:
    """Return the content stems of a statement, with synonyms merged."""
    return frozenset(_SAME_WORD.get(stem, stem) for stem in content(tokens(text), language))


def _is_retold(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = one & other
    numbers = {stem for stem in one ^ other if is_number(stem) or stem == "not"}
    return len(shared) >= _FEWEST_RETOLD and not numbers and len(shared) >= _RETOLD * len(one | other)


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
    texts = [life, *(text for _, text in _statements(persona))]
    found = (_YEARS.finditer(" ".join(fold_numbers(tokens(text)))) for text in texts)
    return sorted({int(match.group(1) or match.group(2)) for matches in found for match in matches}, reverse=True)


def _experience(persona: Persona) -> Iterator[Finding]:
    everything = " ".join(
        (
            persona.tagline,
            persona.background[:4000],
            *persona.demographics.values(),
            *(text for _, text in _statements(persona)),
        )
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
    read = [_Item(text, is_goal=field == "goals") for field, text in _statements(persona)]
    for one, other in combinations(read, 2):
        if _frequency_clash(one, other):
            yield _issue(None, f"Said to happen often and seldom: '{one.text}' beside '{other.text}'.")
        elif disagree(one.signed, other.signed, min(fewest_shared(one.signed), fewest_shared(other.signed))):
            yield _issue(None, f"These two contradict each other: '{one.text}' beside '{other.text}'.")
    for field in CLAIM_LISTS:
        for one, other in combinations(getattr(persona, field)[:_MOST_ITEMS], 2):
            if same_statement(one, other):
                yield _issue(field, f"Said twice: '{shortened(one)}' and '{shortened(other)}'.")


class _Item:
    """One statement as the rules between two items need it."""

    def __init__(self, text: str, is_goal: bool) -> None:
        self.text = shortened(text)
        self.signed = read_signs(tuple(fold_numbers(tokens(text))), is_goal)
        self.is_often = bool(_OFTEN.search(text))
        self.is_seldom = bool(_SELDOM.search(text))
        self.stems = set(stems(_SELDOM.sub(" ", _OFTEN.sub(" ", text)))) if self.is_often or self.is_seldom else set()


def _frequency_clash(one: _Item, other: _Item) -> bool:
    if not ((one.is_often and other.is_seldom) or (one.is_seldom and other.is_often)):
        return False
    return len(one.stems & other.stems) >= max(1, 0.6 * min(len(one.stems), len(other.stems)))


def _statements(persona: Persona) -> list[tuple[str, str]]:
    """Field and text of the first 60 items, each cut at 600 characters: the rules compare every pair."""
    return [(field, item[:_LONGEST_ITEM]) for field in CLAIM_LISTS for item in getattr(persona, field)][:_MOST_ITEMS]


def _issue(field: str | None, text: str) -> Finding:
    return Finding(kind="contradiction", field=field, text=text)
