"""Whose words are whose in small inputs, each the smallest form of something met in a real export.

`tests/who_said_what` holds the inputs that were handed over, siblings that were looked at while the rules were
written, siblings that were not, and `later` ones that were made when the rules stood. A case says how many people
there are, what each says, what is nobody's evidence, which facts are stated, and what must be told.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.sources import load_paths

FOLDER = Path(__file__).parents[1] / "who_said_what"
Case = dict[str, Any]


def cases(half: str) -> list[Case]:
    found: list[Case] = json.loads((FOLDER / half / "cases.json").read_text(encoding="utf-8"))
    return [{**case, "half": half} for case in found]


ALL = [case for half in ("handed", "seen", "unseen", "later") for case in cases(half)]


def name_of(case: Case) -> str:
    return f"{case['half']}: {case['files'][0]}"


@cache
def study_in(half: str, *files: str) -> Study | None:
    try:
        return load_paths([FOLDER / half / name for name in files])
    except InputError:
        return None


def squeezed(text: str) -> str:
    return " ".join(text.split()).lower()


def words_of(study: Study) -> dict[str, str]:
    said: dict[str, list[str]] = {person.id: [] for person in study.participants}
    for segment in study.segments:
        if segment.role == "participant" and segment.participant:
            said[segment.participant].append(segment.text)
    return {person: squeezed(" ".join(texts)) for person, texts in said.items()}


def owner(study: Study, words: list[str]) -> str:
    """The one person who says all of these words."""
    found = [person for person, text in words_of(study).items() if all(squeezed(part) in text for part in words)]
    assert len(found) == 1, (words, found)
    return found[0]


def check_people(case: Case, study: Study) -> None:
    if "people" in case:
        assert len(study.participants) == case["people"], [person.name or person.id for person in study.participants]
    owners = [owner(study, words) for words in case.get("says", [])]
    assert len(set(owners)) == len(owners)
    for words in case.get("not_said", []):
        assert squeezed(words) not in " ".join(words_of(study).values()), words


def check_facts(case: Case, study: Study) -> None:
    for words, facts in case.get("facts", {}).items():
        person = next(one for one in study.participants if one.id == owner(study, [words]))
        for fact, value in facts.items():
            assert squeezed(value) in squeezed(person.demographics[fact])
    stated = [f"{fact}: {value}" for one in study.participants for fact, value in one.demographics.items()]
    for pattern in case.get("no_facts", []):
        assert not [fact for fact in stated if re.search(pattern, fact, re.IGNORECASE)]


def check_notes(case: Case, study: Study) -> None:
    told = squeezed(" ".join([*study.warnings, *(note for one in study.documents for note in one.notes)]))
    for pattern in case.get("warns", []):
        assert re.search(pattern, told)


@pytest.mark.parametrize("case", ALL, ids=name_of)
def test_words_are_credited_to_the_person_who_said_them(case: Case) -> None:
    study = study_in(case["half"], *case["files"])
    if case.get("refused"):
        assert study is None
        return
    assert study is not None, "refused"
    check_people(case, study)
    check_facts(case, study)
    check_notes(case, study)


def test_every_kind_has_siblings_of_our_own() -> None:
    kinds = [case["kind"] for half in ("seen", "unseen") for case in cases(half)]
    assert all(kinds.count(kind) >= 2 for kind in range(1, 11))
