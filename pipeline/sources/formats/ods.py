"""OpenDocument spreadsheets, read row by row: cells as they are shown; empty ones to the right and below are not.

Hidden sheets are left out, as in Excel workbooks. Why this is not left to a library: docs/decisions/0010.
"""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipeline.sources.formats._packages import check_elements, opened, parsing, protected, read
from pipeline.sources.formats._sheets import Sheet, read_sheets
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

EXTENSIONS = (".ods",)

_WHAT = "an OpenDocument spreadsheet"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_SIGNS = {f"{_TEXT}s": " ", f"{_TEXT}tab": " ", f"{_TEXT}line-break": "\n"}


class _Found(NamedTuple):
    """A sheet, and whether it is hidden."""

    sheet: Sheet
    is_hidden: bool


class _Rows(NamedTuple):
    """A row that stands so many times in a sheet."""

    times: int
    cells: Sequence[str]


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A spreadsheet as one table per sheet.

    Raises:
        InputError: no spreadsheet, damaged, with a password, too large, or every sheet is empty.
    """
    with opened(file, _WHAT, limits) as package:
        check_elements(package, file, _WHAT, limits)
        content = read(package, "content.xml", file.name, _WHAT)
        if b"encryption-data" in read(package, "META-INF/manifest.xml", file.name, _WHAT):
            raise protected(file.name)
    with parsing(file.name, _WHAT):
        found = list(_sheets(content, limits))
    visible = [one.sheet for one in found if not one.is_hidden]
    return read_sheets(file, visible, len(found) - len(visible), limits)


def _sheets(content: bytes, limits: ReadingLimits) -> Iterator[_Found]:
    from defusedxml.ElementTree import iterparse

    rows: list[_Rows] = []
    name = style = ""
    hidden: set[str] = set()
    """Styles of hidden sheets; the format puts all styles before the sheets."""
    for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
        if event == "start" and element.tag == f"{_TABLE}table":
            name, rows = element.get(f"{_TABLE}name", ""), []
            style = element.get(f"{_TABLE}style-name", "")
        elif event == "end" and element.tag == f"{_TABLE}table":
            yield _Found(sheet=Sheet(name=name, rows=_unrolled(rows, limits)), is_hidden=style in hidden)
        elif event == "end" and element.tag == f"{_STYLE}style" and _is_hidden(element):
            hidden.add(element.get(f"{_STYLE}name", ""))
        elif event == "end" and element.tag == f"{_TABLE}table-row":
            rows.append(_Rows(times=_times(element, "rows"), cells=_cells(element, limits)))
            element.clear()


def _is_hidden(style: "Element") -> bool:
    """Return whether sheets of this style are hidden."""
    return any(own.get(f"{_TABLE}display") == "false" for own in style.iterfind(f"{_STYLE}table-properties"))


def _unrolled(rows: Sequence[_Rows], limits: ReadingLimits) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows one by one; the empty ones that fill a sheet to its last row are only counted."""
    number = 0
    for row in rows:
        for place in range(min(row.times, limits.max_rows + 2) if row.cells else 0):
            yield number + place + 1, row.cells
        number += row.times


def _cells(row: "Element", limits: ReadingLimits) -> list[str]:
    """The cells of a row up to the last that says something, one more than the limit at most."""
    cells: list[str] = []
    empty = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        times = min(_times(cell, "columns"), limits.max_columns + 1)
        if words := _words(cell):
            cells += [""] * empty + [words] * times
            empty = 0
        else:
            empty = min(empty + times, limits.max_columns + 1)
        if len(cells) > limits.max_columns:
            break
    return cells


def _words(cell: "Element") -> str:
    """The text of a cell; notes pinned to it are not part of it."""
    shown = "\n".join(_flat(paragraph) for paragraph in cell.iterfind(f"{_TEXT}p"))
    return shown.strip() or cell.get(f"{_OFFICE}value", "") or cell.get(f"{_OFFICE}date-value", "")


def _flat(element: "Element") -> str:
    parts = [_SIGNS.get(element.tag, ""), element.text or ""]
    for child in element:
        if child.tag != f"{_OFFICE}annotation":
            parts.append(_flat(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _times(element: "Element", what: str) -> int:
    return max(1, int(element.get(f"{_TABLE}number-{what}-repeated", "1")))
