"""Conversations as Intercom's API gives them: a first message, then parts; the customer's are the participant's words.

Notes and replies of the team stand beside them as the interviewer's; what nobody wrote (assigned, closed) is left out.
"""

import html
import re
from collections.abc import Iterator

from pydantic import JsonValue

from pipeline.sources.encoding import tidy
from pipeline.sources.reading import Conversation, Person, Turn

_TAG = re.compile(r"<[^<>]{1,2000}>")
_CUSTOMERS = frozenset(("user", "lead", "contact"))
_PARTS = "conversation_parts"


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
