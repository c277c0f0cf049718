"""Exports of chats as JSON: Slack, Discord (DiscordChatExporter), Telegram. Bots and notices are not evidence.

Written from the public documentation of the exports.
"""

import html
import re
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import JsonValue

from pipeline.sources.encoding import tidy
from pipeline.sources.metadata import says_nothing
from pipeline.sources.reading import Conversation, Turn

Node = dict[str, JsonValue]

_MENTION = re.compile(r"<[@#!]([\w|-]+)>")
_LINK = re.compile(r"<(?:https?://|mailto:)[^|>]*\|([^>]*)>")
_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^|>]*)>")


class _Message(NamedTuple):
    author: str
    text: str
    is_bot: bool


def read_chat(messages: Sequence[JsonValue], where: str) -> Conversation | None:
    """The conversation in a list of messages of a chat export; `None` for any other list."""
    nodes = [item for item in messages if isinstance(item, dict)]
    if len(nodes) < len(messages) or not nodes:
        return None
    for is_theirs, read in ((_is_slack, _slack), (_is_discord, _discord), (_is_telegram, _telegram)):
        if all(map(is_theirs, nodes)):
            names = _slack_names(nodes)
            return _conversation([(number, read(node, names)) for number, node in enumerate(nodes, 1)], where)
    return None


def _conversation(messages: Sequence[tuple[int, _Message | None]], where: str) -> Conversation | None:
    turns = tuple(
        Turn(
            text=message.text,
            where=f"{where}, message {number}" if where else f"message {number}",
            speaker=None if message.is_bot else message.author,
            role="interviewer" if message.is_bot else None,
        )
        for number, message in messages
        if message and message.text and not says_nothing(message.text)
    )
    return Conversation(turns=turns) if turns else None


def _is_true(value: JsonValue) -> bool:
    """Return whether a flag is set, in JSON or in YAML, where every scalar is text."""
    return str(value).casefold() == "true"


def _is_slack(node: Node) -> bool:
    return "ts" in node and "text" in node and not node.keys().isdisjoint({"user", "bot_id", "username", "subtype"})


def _slack_names(nodes: Sequence[Node]) -> dict[str, str]:
    """Names by id, from the profiles that the export repeats beside messages."""
    found: dict[str, str] = {}
    for node in nodes:
        profile = node.get("user_profile")
        if isinstance(profile, dict):
            name = profile.get("real_name") or profile.get("display_name") or profile.get("name")
            found[str(node.get("user"))] = tidy(str(name))
    return found


def _slack(node: Node, names: dict[str, str]) -> _Message | None:
    subtype = str(node.get("subtype") or "")
    if subtype and subtype not in ("bot_message", "thread_broadcast", "me_message", "file_share"):
        return None
    is_bot = bool(node.get("bot_id")) or subtype == "bot_message"
    own = str(node.get("user") or node.get("username") or node.get("bot_id") or "")
    text = _MENTION.sub(lambda match: "@" + names.get(match[1], "somebody").split()[0], str(node.get("text") or ""))
    text = html.unescape(_ADDRESS.sub(r"\1", _LINK.sub(r"\1", text)))
    return _Message(names.get(own, own), tidy(text), is_bot)


def _is_discord(node: Node) -> bool:
    author = node.get("author")
    return (
        isinstance(author, dict)
        and "content" in node
        and not author.keys().isdisjoint({"isBot", "nickname", "discriminator", "bot"})
    )


def _discord(node: Node, _names: dict[str, str]) -> _Message | None:
    author = node.get("author")
    if not isinstance(author, dict) or node.get("type") not in (None, "Default", "Reply", 0, 19):
        return None
    name = author.get("nickname") or author.get("global_name") or author.get("name") or author.get("username")
    return _Message(
        tidy(str(name)),
        tidy(str(node.get("content") or "")),
        _is_true(author.get("isBot")) or _is_true(author.get("bot")),
    )


def _is_telegram(node: Node) -> bool:
    return "date_unixtime" in node and node.get("type") in ("message", "service")


def _telegram(node: Node, _names: dict[str, str]) -> _Message | None:
    if node.get("type") != "message":
        return None
    text = node.get("text")
    parts = text if isinstance(text, list) else [text]
    words = "".join(str(part.get("text", "")) if isinstance(part, dict) else str(part or "") for part in parts)
    return _Message(tidy(str(node.get("from") or "unknown")), tidy(words), False)
