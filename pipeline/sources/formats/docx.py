"""Word documents: paragraphs and tables in their order; headers, footers, comments and deleted text are not read.

The text is taken from the XML rather than from `Paragraph.text`, which passes over tracked insertions and
everything inside content controls.
"""

import io
from collections.abc import Iterator
from typing import Any

from pipeline.sources.formats._documents import Block, Cells, Paragraph, read_blocks
from pipeline.sources.formats._packages import check_elements, opened, parsing
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile

_Element = Any
"""An element of lxml, whose class has no public name."""

EXTENSIONS = (".docx",)

_WHAT = "a Word document"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WRAPPERS = frozenset(_W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
# A text box is stored twice: once as it is, once for programs that cannot show it.
_UNREAD = frozenset(
    ("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback", f"{_W}moveFrom", f"{_W}del")
)
_SIGNS = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}p": "\n", f"{_W}noBreakHyphen": "-"}


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A Word document as text and tables.

    Raises:
        InputError: no Word document, damaged, with a password, too large, or without words.
    """
    with opened(file, _WHAT, limits) as package:
        check_elements(package, file, _WHAT, limits)
    with parsing(file.name, _WHAT):
        import docx  # 0.2 s with its XML library

        document = docx.Document(io.BytesIO(file.data))
        headings = frozenset(
            style.style_id for style in document.styles if (style.name or "").lower().startswith(("heading", "title"))
        )
        blocks = list(_blocks(document.element.body, headings))
    return read_blocks(file, blocks, limits)


def _blocks(parent: _Element, headings: frozenset[str]) -> Iterator[Block]:
    for child in parent:
        if child.tag == f"{_W}p":
            style = child.find(f"{_W}pPr/{_W}pStyle")
            is_heading = style is not None and style.get(f"{_W}val") in headings
            if text := _text(child).strip():
                yield Paragraph(text=text, is_heading=is_heading)
        elif child.tag == f"{_W}tbl":
            rows = child.iter(f"{_W}tr")
            yield Cells(rows=tuple(tuple(_text(cell) for cell in row.iterchildren(f"{_W}tc")) for row in rows))
        elif child.tag in _WRAPPERS:
            yield from _blocks(child, headings)


def _text(element: _Element) -> str:
    """The words in an element; a recursion, because no parsed tree is deeper than 256."""
    parts: list[str] = []
    for child in element:
        if child.tag in _UNREAD:
            continue
        if child.tag == f"{_W}t":
            parts.append(child.text or "")
        else:
            parts += [_SIGNS.get(str(child.tag), ""), _text(child)]
    return "".join(parts)
