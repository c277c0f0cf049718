"""YAML: the same shapes as JSON. Every scalar is the text that was written, so that no `NO` becomes `false`.

Values are built from the parser's events, in one pass with the checks: the library's own construction recurses
and takes ten times as long.
"""

import yaml
from pydantic import JsonValue

from pipeline.errors import InputError
from pipeline.sources.encoding import decode
from pipeline.sources.formats.json import Item, read_items
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile

EXTENSIONS = (".yaml", ".yml")


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A YAML file as conversations; each document in it is an item.

    Raises:
        InputError: not YAML, nested too deeply, too many values, or an alias, which can stand for any number.
    """
    decoded = decode(file, limits)
    try:
        documents = _documents(decoded.text, file.name, limits)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file.name} line {mark.line + 1}" if mark else file.name
        # The parser reads ahead, and may reach its own limit of nesting before an event reaches ours.
        if mark and _unclosed_brackets(decoded.text[: mark.index]) > limits.max_nesting:
            raise _nested_too_deeply(place, limits) from error
        reason = " ".join(str(getattr(error, "problem", None) or error).split())[:80]
        raise InputError(f"{place}: is not YAML ({reason}). Check the indentation, or export it as JSON.") from error
    items = [
        Item(where=f"document {number}" if len(documents) > 1 else "", value=value)
        for number, value in enumerate(documents, 1)
    ]
    return read_items(items, file.name, limits, decoded.notes)


def _documents(text: str, name: str, limits: ReadingLimits) -> list[JsonValue]:
    open_: list[list[JsonValue]] = [[]]
    """The documents, then the members of every collection that has not ended; keys and values by turns."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # ten times as fast, where its C library was built
    for number, event in enumerate(yaml.parse(text, Loader=loader)):
        place = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.ScalarEvent():
                open_[-1].append(event.value)
            case yaml.CollectionStartEvent():
                open_.append([])
            case yaml.SequenceEndEvent():
                ended: JsonValue = open_.pop()
                open_[-1].append(ended)
            case yaml.MappingEndEvent():
                ended = _object(open_.pop(), f"{name} line {place}")
                open_[-1].append(ended)
            case yaml.AliasEvent():
                raise InputError(
                    f"{name} line {place}: an alias (*{str(event.anchor)[:40]}) is not read. Write its value."
                )
        if len(open_) - 1 > limits.max_nesting:
            raise _nested_too_deeply(f"{name} line {place}", limits)
        if number > limits.max_nodes:
            raise InputError(f"{name} line {place}: more than {limits.max_nodes:,} values. Split the file.")
    return open_[0]


def _nested_too_deeply(place: str, limits: ReadingLimits) -> InputError:
    return InputError(f"{place}: nested more than {limits.max_nesting} levels deep. Flatten it.")


def _unclosed_brackets(text: str) -> int:
    """Count the brackets open at the end of a text; those in quotes count too, since they mostly come in pairs."""
    return sum(text.count(opening) - text.count(closing) for opening, closing in ("[]", "{}"))


def _object(members: list[JsonValue], place: str) -> JsonValue:
    keys = [key for key in members[::2] if isinstance(key, str)]
    if len(keys) * 2 != len(members):
        raise InputError(f"{place}: a key is a list or an object. Use text as keys.")
    return dict(zip(keys, members[1::2], strict=True))
