"""JSON and JSON lines: interviews with turns, questions with answers, messages, flat records.

The shape is found by walking the file: an object with a list of turns is a conversation, a flat object with
words in it is a row, anything else is looked into. Conversations of Intercom's API have a first message, then parts;
the customer's words are the participant's, replies of the team the interviewer's.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from pipeline.domain.base import Frozen
from pipeline.domain.study import Role
from pipeline.errors import InputError
from pipeline.sources.columns import is_blank
from pipeline.sources.encoding import decode, tidy, written
from pipeline.sources.fact_keys import is_anothers, plain_key
from pipeline.sources.facts import person_from
from pipeline.sources.formats._chat_exports import read_chat
from pipeline.sources.formats._speech_services import read_speech
from pipeline.sources.labels import read_label
from pipeline.sources.reading import Conversation, Person, Reading, ReadingLimits, Row, SourceFile, Table, Turn
from pipeline.sources.role_words import answers, moderates
from pipeline.sources.table_words import COMPANY_REPLY, MORE_ANSWER, ROSTER, SPOKEN_AS, STAFF_COLUMN
from pipeline.sources.tables import cell_turns
from pipeline.sources.vocabulary import (
    ABOUT_PERSON,
    ANSWER,
    MAYBE_TURN_LIST,
    NOT_AN_ANSWER,
    PERSON_ID,
    QUESTION,
    SPEAKER,
    TURN_LIST,
    WEAK_PERSON_ID,
)
from pipeline.text.wording import count

EXTENSIONS = (".json", ".jsonl", ".ndjson")

_MIN_WORDS = 5
"""Words from which a value under any key makes its object a record worth reading."""
_REMEDY = "Export it again; every record needs its closing bracket."

_TAG = re.compile(r"<[^<>]{1,2000}>")
_CUSTOMERS = frozenset(("user", "lead", "contact"))
_PARTS = "conversation_parts"


class _Roster(NamedTuple):
    """A list of people, by the labels and names under which they speak elsewhere in the file."""

    people: dict[str, Person]


class _LeftOut(NamedTuple):
    """Values beside a record that hold no words, or words without an author."""

    keys: tuple[str, ...]


class Item(Frozen):
    """A value at the top of the file, or on a line of it."""

    where: str
    value: JsonValue


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A JSON file as conversations.

    Raises:
        InputError: not JSON, nested too deeply, or too many values.
    """
    decoded = decode(file, limits)
    if (values := sum(map(decoded.text.count, "[{,"))) > limits.max_nodes:
        raise InputError(f"{file.name}: {values:,} values; at most {limits.max_nodes:,} are read. Split the file.")
    return read_items(_items(file, decoded.text), file.name, limits, decoded.notes)


def read_items(items: Sequence[Item], name: str, limits: ReadingLimits, notes: Sequence[str]) -> Reading:
    """Values as conversations and rows, whatever notation they were written in.

    Raises:
        InputError: nested too deeply, or too many records.
    """
    found: list[Conversation | Row] = []
    people: dict[str, Person] = {}
    left_out: Counter[str] = Counter()
    for item in items:
        _check_depth(item, name, limits.max_nesting)
        for part in _walk(item.value, item.where, Person()):
            if isinstance(part, _Roster):
                people.update(part.people)
                continue
            if isinstance(part, _LeftOut):
                left_out.update(part.keys)
                continue
            found.append(part)
            if len(found) > limits.max_rows:
                raise InputError(f"{name}: more than {limits.max_rows:,} records. Split the file, or take a sample.")
    rows = [part for part in found if isinstance(part, Row)]
    conversations = tuple(part for part in found if isinstance(part, Conversation))
    if left_out:
        shown = ", ".join(f'"{key}"' for key, _ in left_out.most_common(6))
        notes = [
            *notes,
            f"Left out, as no words of a participant: {shown}{' and others' if len(left_out) > 6 else ''}.",
        ]
    if conversations or not rows:
        stray = (f"Left out, outside the conversations: {count(len(rows), 'record')}.",) if rows else ()
        return Reading(kind="transcript", conversations=conversations, people=people, notes=(*notes, *stray))
    return Reading(tables=(Table(name=name, rows=tuple(rows)),), people=people, notes=tuple(notes))


def _items(file: SourceFile, text: str) -> list[Item]:
    if file.extension == ".json":
        try:
            return [Item(where="", value=json.loads(text))]
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Extra data") or error.lineno < 2:
                raise InputError(f"{file.name} line {error.lineno}: is not JSON ({error.msg}). {_REMEDY}") from error
        except (RecursionError, ValueError) as error:
            raise InputError(f"{file.name}: nested too deeply, or a number is too long. Flatten the file.") from error
    lines = enumerate(text.split("\n"), 1)
    return [
        Item(where=f"line {number}", value=_line(file.name, number, line)) for number, line in lines if line.strip()
    ]


def _line(name: str, number: int, line: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} line {number}: is not JSON ({error.msg}). {_REMEDY}") from error
    except (RecursionError, ValueError) as error:
        raise InputError(f"{name} line {number}: nested too deeply, or a number is too long. Flatten it.") from error
    return value


def _check_depth(item: Item, name: str, limit: int) -> None:
    level: list[JsonValue] = [item.value]
    for _ in range(limit):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    place = f"{name} {item.where}".strip()
    raise InputError(f"{place}: nested more than {limit} levels deep. Flatten the file.")


def _children(node: JsonValue) -> list[JsonValue]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


_Part = Conversation | Row | _Roster | _LeftOut


def _walk(node: JsonValue, where: str, outer: Person) -> Iterator[_Part]:
    if isinstance(node, list):
        if chat := read_chat(node, where):
            yield chat.model_copy(update={"person": outer})
            return
        for number, child in enumerate(node, 1):
            yield from _walk(child, f"{where}, item {number}" if where else f"item {number}", outer)
    elif isinstance(node, dict):
        yield from _walk_object(node, where, outer)
    elif isinstance(node, str) and not is_blank(node):
        yield Row(where=where or "text", cells={"text": node})


def _walk_object(node: dict[str, JsonValue], where: str, outer: Person) -> Iterator[_Part]:
    if support := read_conversation(node, where) or read_speech(node):
        yield support if support.person.label or support.person.name else support.model_copy(update={"person": outer})
        return
    if "im:rating" in node:
        node = _review(node)
    flat = _flat(node)
    own = person_from({tidy(key): tidy(text) for key, text in flat.items()})
    rosters = {key: people for key, value in node.items() if (people := _roster(plain_key(key), value))}
    yield from map(_Roster, rosters.values())
    if own.interviewer:
        yield _Roster({own.interviewer: Person(role="interviewer")})
    talk = next(
        (key for key, value in node.items() if key not in rosters and _holds_turns(plain_key(key), value, own.label)),
        None,
    )
    if talk is not None:
        turns = _talk(node[talk], _place(where, talk))
        if turns is not None:
            yield turns.model_copy(update={"person": own.over(outer)})
        return
    inner = {
        key: value for key, value in node.items()
        if key not in rosters and not _is_aside(key, value) and _is_inner(key, value)
    }  # fmt: skip
    if _is_record(node, flat, inner, outer):
        cells = _with_person(flat, own, outer)
        if inner and own.label:
            cells.setdefault("participant", own.label)
        yield Row(where=where or "record", cells=cells)
        about = Person()  # values inside a record belong to a person of their own, or to the same person
        if own.label or outer.label:
            about = own.over(outer)
        yield from _walk_members(inner, where, about)
        yield _LeftOut(
            tuple(
                tidy(key)[:60]
                for key, value in node.items()
                if _is_detail(key, value) and key not in (*inner, *rosters)
            )
        )
        return
    is_about_somebody = own.label or own.name or any(plain_key(key) in ABOUT_PERSON for key in node)
    members = {key: value for key, value in node.items() if key not in rosters}
    yield from _walk_members(members, where, own.over(outer) if is_about_somebody else outer)
    yield _LeftOut(
        tuple(tidy(key)[:60] for key, text in flat.items() if len(text.split()) >= _MIN_WORDS and key in node)
    )


def _talk(value: JsonValue, where: str) -> Conversation | None:
    chat = read_chat(value, where) if isinstance(value, list) else None
    if chat:
        return chat
    turns = tuple(_turns(value, where))
    return Conversation(turns=turns) if turns else None


def _walk_members(members: dict[str, JsonValue], where: str, person: Person) -> Iterator[_Part]:
    for key, value in members.items():
        if plain_key(key) not in ABOUT_PERSON or isinstance(value, list):
            yield from _walk_member(tidy(key), value, _place(where, key), person)


def _roster(key: str, value: JsonValue) -> dict[str, Person]:
    """The people in a list that describes them and holds none of their words, under every label that each has."""
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) and key in ROSTER else []
    if not items or any(
        not {plain_key(name) for name in item}.isdisjoint((*ANSWER, *TURN_LIST, *MAYBE_TURN_LIST)) for item in items
    ):
        return {}
    people: dict[str, Person] = {}
    for item in items:
        flat = {tidy(name): tidy(text) for name, text in _flat(item).items()}
        own = person_from(flat)
        plain = {plain_key(name): text for name, text in flat.items()}
        role: Role = "interviewer" if moderates(plain.get("role") or plain.get("type") or "") else "participant"
        facts = {
            fact: text
            for fact, text in own.facts.items()
            if fact != "occupation" or not (moderates(text) or answers(text))
        }
        person = Person(label=own.label, name=own.name or plain.get("pseudonym"), facts=facts, role=role)
        for label in {plain[name] for name in SPOKEN_AS if plain.get(name)}:
            people[label] = person
    return people


def _is_inner(key: str, value: JsonValue) -> bool:
    """Return whether a member holds nested records or words, beside the scalars of its object."""
    if plain_key(key) in NOT_AN_ANSWER or (isinstance(value, dict) and plain_key(key) in ABOUT_PERSON):
        return False
    if isinstance(value, list):
        return any(_is_inner("", item) for item in value if isinstance(item, dict | list))
    if isinstance(value, dict):
        return any(
            isinstance(text, str)
            and not is_blank(text)
            and (plain_key(name) in ANSWER or len(text.split()) >= _MIN_WORDS)
            for name, text in value.items()
        ) or any(_is_inner(name, child) for name, child in value.items() if isinstance(child, dict | list))
    return False


def _is_aside(key: str, value: JsonValue) -> bool:
    """Return whether a member is the question of its object, or the one reply of a company to it."""
    plain = plain_key(key)
    is_reply = plain in COMPANY_REPLY or plain in STAFF_COLUMN or is_anothers(plain)
    return plain in QUESTION or (is_reply and isinstance(value, dict))


def _is_detail(key: str, value: JsonValue) -> bool:
    return isinstance(value, list | dict) and bool(value) and plain_key(key) not in ABOUT_PERSON


def _review(entry: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """An entry of the App Store's feed, where every value stands under a `label`, as a flat record."""
    author = entry.get("author")
    values = {key.removeprefix("im:"): value for key, value in entry.items()}
    values["name"] = author.get("name") if isinstance(author, dict) else None
    return {key: value["label"] for key, value in values.items() if isinstance(value, dict) and "label" in value}


def _walk_member(key: str, value: JsonValue, where: str, person: Person) -> Iterator[_Part]:
    """A member of an object that is neither a conversation nor a record; its key may be a participant's label."""
    is_label = read_label(key).kind == "code"
    inner = Person(label=key).over(person) if is_label else person
    if isinstance(value, list | dict) and not (is_label and _are_strings(value)):
        yield from _walk(value, where, inner)
    elif is_label:
        turns = tuple(_turns(value if isinstance(value, list) else [value], where))
        if turns:
            yield Conversation(turns=turns, person=inner)


def _holds_turns(key: str, value: JsonValue, label: str | None) -> bool:
    if key not in TURN_LIST and key not in MAYBE_TURN_LIST:
        return False
    if isinstance(value, str):
        return key in TURN_LIST and value.count("\n") > 1
    if isinstance(value, dict):
        return bool(value) and all(isinstance(answer, str) for answer in value.values())
    if not isinstance(value, list) or not value:
        return False
    keys = {plain_key(name) for item in value if isinstance(item, dict) for name in item}
    if keys & set(PERSON_ID):
        return False
    return key in TURN_LIST or bool(label) or bool(keys & {*SPEAKER, *QUESTION})


def _turns(value: JsonValue, where: str) -> Iterator[Turn]:
    """The turns in a list of objects or strings, in an object of questions and answers, or in one string."""
    if isinstance(value, dict):
        for question, answer in value.items():
            if isinstance(answer, str) and is_blank(answer):
                continue
            yield from _asked_and_answered(question, answer, f'{where}, "{tidy(question)[:80]}"', None)
    elif isinstance(value, list):
        if _are_strings(value):  # lines of a transcript, or plain answers
            yield from cell_turns("\n".join(tidy(str(line)) for line in value) + "\n\n", where, None)
            return
        for number, item in enumerate(value, 1):
            place = f"{where} {number}"
            if isinstance(item, dict):
                plain = {plain_key(key): text for key, text in _flat(item).items()}
                speaker = next((tidy(plain[key]) for key in SPEAKER if key in plain), None)
                question = next((plain[key] for key in QUESTION if key in plain), "")
                answer = next((plain[key] for key in ANSWER if key in plain), "")
                yield from _asked_and_answered(question, answer, place, speaker or None)
            elif isinstance(item, str):
                yield from cell_turns(item, place, None)
    elif isinstance(value, str):
        yield from cell_turns(value, where, None)


def _asked_and_answered(question: str, answer: JsonValue, where: str, speaker: str | None) -> Iterator[Turn]:
    if not is_blank(question) and tidy(question):
        yield Turn(text=tidy(question), where=where, role="interviewer")
    if isinstance(answer, str) and not is_blank(answer):
        yield from cell_turns(answer, where, speaker)


def _is_record(node: dict[str, JsonValue], flat: dict[str, str], inner: dict[str, JsonValue], outer: Person) -> bool:
    """Return whether an object holds words of its own: a row, not a wrapper around rows."""
    if node and all(read_label(tidy(key)).kind == "code" for key in node):
        return False
    has_answer = any(not is_blank(text) and plain_key(key) in (*ANSWER, *MORE_ANSWER) for key, text in flat.items())
    has_words = has_answer or any(not is_blank(text) and len(text.split()) >= _MIN_WORDS for text in flat.values())
    if not inner or outer.label or outer.name:
        return has_words
    # Around other records, words count only beside a name, as that person's: a post above its replies.
    return has_answer and any(plain_key(key) in (*PERSON_ID, *WEAK_PERSON_ID, "author name") for key in flat)


def _are_strings(value: JsonValue) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _flat(node: dict[str, JsonValue]) -> dict[str, str]:
    """The scalars of an object as text, those of its `demographics` and the like included."""
    cells: dict[str, str] = {}
    for key, value in node.items():
        if isinstance(value, dict) and plain_key(key) in ABOUT_PERSON:
            for inner, scalar in value.items():
                name = f"{key} id" if plain_key(inner) == "id" else inner
                if (text := _text(scalar)) is not None:
                    cells.setdefault(name, text)
        elif isinstance(value, dict) and plain_key(key) in QUESTION:
            cells[key] = next((text for text in value.values() if isinstance(text, str)), "")
        elif (text := _text(value)) is not None:
            cells[key] = text
    return cells


def _text(value: JsonValue) -> str | None:
    return written(value) if isinstance(value, str | int | float) else None


def _with_person(flat: dict[str, str], own: Person, outer: Person) -> dict[str, str]:
    """A record with what the objects around it say about its person."""
    around = {key: text for key, text in outer.facts.items() if key not in own.facts}
    if outer.label and not own.label:
        around["participant"] = outer.label
    if outer.name and not own.name:
        around["name"] = outer.name
    return {**around, **flat}


def _place(where: str, key: str) -> str:
    name = tidy(key)[:80]
    return f"{where}, {name}" if where else name


def read_conversation(node: dict[str, JsonValue], where: str) -> Conversation | None:
    """The conversation in an object that has the shape of one; `None` for any other object, or without words."""
    if _PARTS not in node:
        return None
    turns: list[Turn] = []
    person = Person()
    for number, part in enumerate(_messages(node), 1):
        author = part.get("author")
        body = part.get("body")
        text = tidy(html.unescape(_TAG.sub(" ", body))) if isinstance(body, str) else ""
        if not text or not isinstance(author, dict):
            continue
        is_customer = author.get("type") in _CUSTOMERS
        place = f"{where}, message {number}" if where else f"message {number}"
        turns.append(Turn(text=text, where=place, role=None if is_customer else "interviewer"))
        if is_customer and person.label is None:
            name = author.get("name")
            person = Person(
                label=str(author.get("id", "")) or None, name=tidy(name) or None if isinstance(name, str) else None
            )
    return Conversation(turns=tuple(turns), person=person) if turns else None


def _messages(node: dict[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
    source, parts = node.get("source"), node[_PARTS]
    if isinstance(source, dict):
        yield source
    if isinstance(parts, dict):
        parts = parts.get(_PARTS)
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            yield part
