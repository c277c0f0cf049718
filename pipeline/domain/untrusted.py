"""Files, JSON and YAML of unknown origin, bounded before they become objects.

A document of a few kilobytes can stand for gigabytes of objects, and its validation for gigabytes of errors. So bytes
are counted while they are read, and values, levels and items while nothing is built from them yet. Messages say which
limit was passed, never repeat the document, and do not name the file: the caller knows its name.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import JsonValue

# One match per sign that makes structure. What stands between two of them, strings included, is passed over in one
# step and never tried twice (`++`): a text of nothing but quotation marks takes linear time.
_STRUCTURE = re.compile(rb'(?:[^"\[\]{},]++|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))*+([\[\]{},]|\Z)', re.DOTALL)
_OPENING = (b"[", b"{")
_BOM = b"\xef\xbb\xbf"
_LONGEST_SCALAR = 10_000
"""Characters of a YAML value: a number to the base of 60 takes quadratic time."""
_NOT_BUILT = (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""Exceptions of the YAML library for a value that contradicts its tag, besides its own errors."""


class Refused(ValueError):
    """A document that is not read; the message says why, as the rest of a sentence about it."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line

    def about(self, name: str) -> str:
        """The sentence, without its full stop: `grid.yaml line 3: is not valid YAML`."""
        return f"{name}{f' line {self.line}' if self.line else ''}: {self}"


class Bounds(NamedTuple):
    """Limits on how much of a document is read."""

    max_bytes: int
    max_nodes: int
    """Values in it: scalars, lists and objects, keys not counted."""
    max_items: int
    """Values of one list."""
    max_keys: int = 10_000
    """Keys of one object: each unknown one is an error of its own."""
    max_nesting: int = 40
    """Levels of lists and objects inside one another."""


SETTINGS = Bounds(max_bytes=256_000, max_nodes=10_000, max_items=2_000, max_keys=2_000, max_nesting=20)
"""Of a configuration, a grid or a price list. All settings with a long price list take a hundredth of it."""


def read_file(path: Path, max_bytes: int) -> bytes:
    """The content of a regular file.

    Raises:
        Refused: it is a device or a pipe, which may have no end, or it is too large.
        OSError: it cannot be opened or read.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused("is not a regular file. Save it as one, and name that")
        data = file.read(max_bytes + 1)
    check_bytes(len(data), max_bytes)
    return data


def check_bytes(size: int, max_bytes: int) -> None:
    """Refuse more bytes than are read.

    Raises:
        Refused: there are more.
    """
    if size > max_bytes:
        raise Refused(f"is larger than the {in_bytes(max_bytes)} that are allowed")


def in_bytes(size: int) -> str:
    """A number of bytes as a person writes it: `256 kB`, `50 MB`."""
    return f"{size / 1e6:,.0f} MB" if size >= 1_000_000 else f"{size / 1e3:,.0f} kB"


def check_json(data: bytes, bounds: Bounds) -> None:
    """Refuse JSON that would become too much, without building any of it.

    What is counted is never less than what a parser would build: where a text is not JSON, the parser stops at the
    first mistake, and up to there both read the same.

    Raises:
        Refused: too many bytes, values, items or levels.
    """
    check_bytes(len(data), bounds.max_bytes)
    nodes, items, most, outer = 1, 0, 1, []
    most_nodes, most_levels = bounds.max_nodes, bounds.max_nesting
    for found in _STRUCTURE.finditer(data):
        sign = found[1]
        if sign == b",":
            items += 1
            nodes += 1
        elif sign in _OPENING:
            outer.append((items, most))
            items, most = 1, bounds.max_items if sign == b"[" else bounds.max_keys
            nodes += 1
        elif outer:
            items, most = outer.pop()
        if nodes > most_nodes or items > most or len(outer) > most_levels:
            _check_counts(nodes, items, most, len(outer), bounds)


def parse_json(data: bytes, bounds: Bounds) -> JsonValue:
    """The value in UTF-8 JSON.

    Raises:
        Refused: it is not JSON, or too much of it.
    """
    check_json(data, bounds)
    try:
        value: JsonValue = json.loads(data.removeprefix(_BOM).decode())
    except (ValueError, RecursionError) as error:
        raise Refused("is not JSON") from error
    return value


def yaml_events(text: str, bounds: Bounds) -> Iterator[yaml.Event]:
    """The events of a YAML text, as long as they stay within the bounds.

    Raises:
        Refused: too much of it, or an alias, which can stand for any number of values.
        yaml.YAMLError: it is not YAML.
    """
    check_bytes(len(text.encode("utf-8", "replace")), bounds.max_bytes)
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # ten times as fast, where its C library was built
    nodes, items, most = 0, [0], [bounds.max_items]
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise Refused(f"an alias (*{str(event.anchor)[:40]}) is not read. Write its value", _line(event))
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            nodes += 1
            items[-1] += 1
        if isinstance(event, yaml.CollectionStartEvent):
            items.append(0)
            # Keys and values come by turns.
            most.append(2 * bounds.max_keys if isinstance(event, yaml.MappingStartEvent) else bounds.max_items)
        elif isinstance(event, yaml.CollectionEndEvent):
            items.pop()
            most.pop()
        _check_counts(nodes, items[-1], most[-1], len(items) - 1, bounds)
        yield event


def parse_yaml(text: str, bounds: Bounds = SETTINGS) -> JsonValue:
    """The value in a YAML text; numbers, truth values and dates as YAML writes them.

    Raises:
        Refused: it is not YAML, or too much of it, or it has an alias; names the line where one is to blame.
    """
    try:
        for event in yaml_events(text, bounds):
            if isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST_SCALAR:
                raise Refused(f"a value has more than {_LONGEST_SCALAR:,} characters", _line(event))
        value: JsonValue = yaml.safe_load(text)
    except Refused:
        raise
    except _NOT_BUILT as error:
        mark = getattr(error, "problem_mark", None)
        raise Refused("is not valid YAML", mark.line + 1 if mark else None) from error
    return value


def _line(event: yaml.Event) -> int | None:
    return event.start_mark.line + 1 if event.start_mark else None


def _check_counts(nodes: int, items: int, most: int, levels: int, bounds: Bounds) -> None:
    if nodes > bounds.max_nodes:
        raise Refused(f"holds more than {bounds.max_nodes:,} values")
    if items > most:
        raise Refused(f"holds a list or an object of more than {most:,} items")
    if levels > bounds.max_nesting:
        raise Refused(f"is nested more than {bounds.max_nesting} levels deep")


def _open_at_once(path: str, flags: int) -> int:
    # Opening a pipe without a writer would block until one connects.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
