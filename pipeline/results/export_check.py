"""Look through everything that is about to leave this installation for identifiers of people.

A persona may have copied a sentence with a telephone number, and a note may hold an e-mail address. What is found is
listed with its place; the person who sends it out decides whether it is replaced or left. Patterns are those of the
redaction (`pipeline.hybrid.identifiers`); names of people are not among them.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeVar, cast

from pydantic import BaseModel

from pipeline.domain.bundle import without_payloads, without_verbatim
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.hybrid.identifiers import IdentifierKind, find_identifiers
from pipeline.text.wording import count, label

IdentifierChoice = Literal["refuse", "replace", "leave"]
"""Choice for a file with identifiers: do not write it, replace them by placeholders, or leave them."""

T = TypeVar("T", bound=BaseModel)

KIND_WORDS: dict[IdentifierKind, str] = {
    "email": "e-mail address",
    "link": "link",
    "account": "account number",
    "card": "card number",
    "ip": "network address",
    "id": "number of a document",
    "address": "postal address",
    "phone": "telephone number",
}

_OURS = frozenset(("config", "scorer_version", "price_source", "model", "provider", "marker", "batch_id", "setup"))
"""Fields that this program or a provider fills, and no person: models have names like addresses."""
_LISTED = 10
"""Places named in an error."""


class FoundIdentifier(NamedTuple):
    """An identifier in something that is about to leave."""

    kind: IdentifierKind
    text: str
    place: str
    """As in `personas 2, quotes 1`."""


def identifiers_in(*parts: BaseModel) -> tuple[FoundIdentifier, ...]:
    """Return the identifiers in all texts of some values, in their order; the same one at several places each time."""
    seen: list[FoundIdentifier] = []
    for part in parts:
        _walk(part.model_dump(), "", seen, None)
    return tuple(seen)


def without_identifiers(parts: Sequence[T]) -> list[T]:
    """Return values with placeholders such as `[email 1]` for identifiers, the same one for the same string."""
    shown: dict[str, str] = {}
    return [type(part).model_validate(_walk(part.model_dump(), "", [], shown)) for part in parts]


def checked(parts: Sequence[T], choice: IdentifierChoice) -> list[T]:
    """Return values as they may leave.

    Raises:
        InputError: identifiers were found, and the choice is to refuse them.
    """
    if choice == "leave":
        return list(parts)
    found = identifiers_in(*parts)
    if not found:
        return list(parts)
    if choice == "refuse":
        raise InputError(f"Not written: {describe(found)} Choose --identifiers replace, or --identifiers leave.")
    return without_identifiers(parts)


def travelling(run: RunRecord, *, with_words: bool) -> RunRecord:
    """Return the part of a run that travels in a file for people: no requests, and quotes only with words."""
    return run.model_copy(update={"calls": without_payloads(run.calls)}) if with_words else without_verbatim(run)


def leaving(run: RunRecord, study: Study, *, with_words: bool, choice: IdentifierChoice) -> tuple[RunRecord, Study]:
    """Return a run and its study as a file for people may show them.

    Requests stay in the run: files count them, and print none. Without words the study is as it was, for the counts.

    Raises:
        InputError: identifiers were found, and the choice is to refuse them.
    """
    plain = travelling(run, with_words=with_words)
    if with_words:
        shown, study = cast("tuple[RunRecord, Study]", tuple(checked((plain, study), choice)))
    else:
        (shown,) = checked((plain,), choice)
    return shown.model_copy(update={"calls": run.calls}), study


def describe(found: Sequence[FoundIdentifier]) -> str:
    """Describe what was found and where, the first places by name."""
    places = "; ".join(f"{label(one.text, 40)} ({KIND_WORDS[one.kind]}, {one.place})" for one in found[:_LISTED])
    more = f"; and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    noun = "string looks" if len(found) == 1 else "strings look"
    return f"{len(found):,} {noun} like identifiers of people: {places}{more}."


def choice_words(found: Sequence[FoundIdentifier]) -> str:
    """Say in one sentence how many there are, of which kinds."""
    kinds = [KIND_WORDS[kind] for kind in dict.fromkeys(one.kind for one in found)]
    return f"{count(len(found), 'identifier')} of people found: {', '.join(kinds)}."


def _walk(value: Any, place: str, seen: list[FoundIdentifier], shown: dict[str, str] | None) -> Any:
    """Note the identifiers below a value; with `shown`, return it with their placeholders."""
    if isinstance(value, dict):
        return {
            # A fact about a person may have any name, so keys are texts, too.
            _text(key, place, seen, shown) if isinstance(key, str) and key not in _OURS else key: (
                part
                if key in _OURS
                else _request(part, _named(place, key), seen, shown)
                if key == "payload" and isinstance(part, str)
                else _walk(part, _named(place, str(key)), seen, shown)
            )
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(part, f"{place} {number}", seen, shown) for number, part in enumerate(value, start=1)]
    return _text(value, place, seen, shown) if isinstance(value, str) else value


def _request(payload: str, place: str, seen: list[FoundIdentifier], shown: dict[str, str] | None) -> str:
    """Look through a request as its server reads it: in the text of JSON, the `n` of a new line joins the next word."""
    try:
        read = json.loads(payload)
    except ValueError:
        return _text(payload, place, seen, shown)
    before = len(seen)
    walked = _walk(read, place, seen, shown)
    return payload if len(seen) == before else json.dumps(walked, ensure_ascii=False)


def _named(place: str, key: str) -> str:
    return f"{place}, {key.replace('_', ' ')}" if place else key


def _text(text: str, place: str, seen: list[FoundIdentifier], shown: dict[str, str] | None) -> str:
    found = find_identifiers(text) if len(text) > _SHORTEST else ()
    strings = [(one, text[one.start : one.end]) for one in found]
    seen += [FoundIdentifier(one.kind, string, place) for one, string in strings]
    if shown is None:
        return text
    for one, string in reversed(strings):
        number = sum(word.startswith(f"[{one.kind} ") for word in shown.values()) + 1
        text = f"{text[: one.start]}{shown.setdefault(string, f'[{one.kind} {number}]')}{text[one.end :]}"
    return text


_SHORTEST = 6
"""Characters of the shortest identifier, and one less."""
