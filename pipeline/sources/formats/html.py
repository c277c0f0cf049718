"""Web pages: their visible text and tables. No script is run, nothing is fetched, no markup is kept."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.errors import InputError
from pipeline.sources.encoding import decode
from pipeline.sources.formats._documents import Block, Cells, Paragraph, read_blocks
from pipeline.sources.formats._packages import parsing
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile

_Element = Any
"""An element of lxml, whose class has no public name."""

EXTENSIONS = (".html", ".htm")

_WHAT = "a web page"
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{2,40})", re.IGNORECASE)
_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
"""Tags after which the parser would stop, though pages that were glued together go on."""
_UNSEEN = frozenset(("script", "style", "head", "noscript", "template", "svg", "iframe", "object", "select", "nav"))
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "em", "font", "i", "img", "ins", "kbd", "label", "mark")
) | frozenset(("q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"))


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A web page as text and tables.

    Raises:
        InputError: not text, too long, too many elements, or nothing visible in it.
    """
    page = decode(_restated(file), limits)
    if (elements := page.text.count("<")) > limits.max_nodes:
        raise InputError(f"{file.name}: {elements:,} elements; at most {limits.max_nodes:,} are read. Split the file.")
    with parsing(file.name, _WHAT):
        from lxml.etree import HTMLParser  # 0.1 s
        from lxml.html import document_fromstring

        parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        blocks = list(_blocks(document_fromstring(_ENDS.sub("", page.text).encode("utf-8", "replace"), parser=parser)))
    reading = read_blocks(file, blocks, limits)
    return reading.model_copy(update={"notes": (*page.notes, *reading.notes)})


def _restated(file: SourceFile) -> SourceFile:
    """The page in UTF-8, where it names another encoding and is written in it; otherwise as it is."""
    match = _CHARSET.search(file.data[:4096])
    if match is None:
        return file
    try:
        return SourceFile(name=file.name, data=file.data.decode(match[1].decode("ascii")).encode("utf-8"))
    except (LookupError, UnicodeError):
        return file


def _blocks(root: _Element) -> Iterator[Block]:
    """Paragraphs and innermost tables, in the order of the page."""
    from lxml.etree import iterwalk

    words: list[str] = []
    heading = False
    walk = iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = str(element.tag)
        if name not in _INLINE and name != "br":
            yield from _paragraph(words, heading)
            words, heading = [], event == "start" and name in _HEADINGS
        if event == "end":
            parent = element.getparent()
            words.append(_spaced(element.tail, "" if parent is None else str(parent.tag)))
        elif name in _UNSEEN:
            walk.skip_subtree()
        elif name == "table" and element.find(".//table") is None:  # a table around tables is a layout
            walk.skip_subtree()
            yield Cells(rows=tuple(_row(row) for row in element.iter("tr")))
        else:
            words.append("\n" if name == "br" else _spaced(element.text, name))
    yield from _paragraph(words, heading)


def _row(row: _Element) -> tuple[str, ...]:
    return tuple(" ".join(cell.itertext()) for cell in row.iterchildren("td", "th"))


def _paragraph(words: list[str], heading: bool) -> Iterator[Paragraph]:
    if text := "".join(words).strip():
        yield Paragraph(text=text, is_heading=heading)


def _spaced(text: str | None, parent: str) -> str:
    """Text with white space as a page shows it."""
    return (text or "") if parent == "pre" else re.sub(r"\s+", " ", text or "")
