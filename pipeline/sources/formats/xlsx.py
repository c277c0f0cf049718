"""Excel workbooks: every visible sheet is a table. Formulas count with the value stored beside them, unevaluated."""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING
from zipfile import ZipFile

from pipeline.errors import InputError
from pipeline.sources.encoding import written
from pipeline.sources.formats._packages import check_elements, opened, parsing, read
from pipeline.sources.formats._sheets import Sheet, read_sheets
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.text.wording import count

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

EXTENSIONS = (".xlsx", ".xlsm")

_WHAT = "an Excel workbook"
_STRICT = b"purl.oclc.org/ooxml"
"""In the names that the variant "Strict Open XML" uses: the library finds no sheet under them."""
_SHEETS, _STRINGS = "xl/worksheets/", "xl/sharedStrings"
_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_COST_OF_STYLES = 5
"""An element of a style takes 2 kB and 20 µs in the library, several times what one of a text takes."""
_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))
_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
_MOST_EMPTY = 10
"""Cells of a sheet for each that may be filled."""


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A workbook as one table per sheet.

    Raises:
        InputError: no workbook, damaged, with a password, too large, or every sheet is empty.
    """
    with opened(file, _WHAT, limits) as package:
        check_elements(package, file, _WHAT, limits, passed=(_SHEETS,))
        few = limits.model_copy(update={"max_nodes": max(limits.max_nodes // _COST_OF_STYLES, 1)})
        check_elements(package, file, _WHAT, few, passed=(_SHEETS, _STRINGS))
        links = [entry for entry in package.infolist() if entry.filename == "_rels/.rels"]
        if any(_STRICT in read(package, entry, file.name, _WHAT) for entry in links):
            raise InputError(f"{file.name}: is a Strict Open XML workbook. Save it as a plain Excel workbook (.xlsx).")
    with parsing(file.name, _WHAT):
        import openpyxl  # 0.3 s, and most studies are text

        warnings.filterwarnings("ignore", module="openpyxl")  # of parts that are not read, such as styles
        workbook = openpyxl.load_workbook(io.BytesIO(file.data), read_only=True, data_only=True, keep_links=False)
        sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            sheet.reset_dimensions()  # what the file claims of its size need not be true
        hidden = len(workbook.worksheets) - len(sheets)
    named = [
        Sheet(name=sheet.title, rows=_rows(sheet.iter_rows(values_only=True), file.name, limits)) for sheet in sheets
    ]
    reading = read_sheets(file, named, hidden, limits)
    # Only now: the sheets are known to be within the limits.
    with opened(file, _WHAT, limits) as package, parsing(file.name, _WHAT):
        # The library keeps the part that a sheet is in to itself, and names none of its formulas once it reads values.
        silent = sum(_without_value(package.read(part)) for part in _visible_parts(package))
    if not silent:
        return reading
    note = (
        f"{count(silent, 'cell')} with a formula and no stored value read as empty. Open and save the file in a "
        "spreadsheet program to have the values stored."
    )
    return reading.model_copy(update={"notes": (*reading.notes, note)})


def _visible_parts(package: ZipFile) -> list[str]:
    """The parts that visible sheets are in; of a workbook in an unusual place, those of all its sheets."""
    parts = package.namelist()
    if _BOOK not in parts or _RELATIONS not in parts:
        return [part for part in parts if part.startswith(_SHEETS) and part.endswith(".xml")]
    from defusedxml.ElementTree import fromstring

    targets = {related.get("Id"): related.get("Target", "") for related in fromstring(package.read(_RELATIONS))}
    visible = [
        next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        for sheet in fromstring(package.read(_BOOK)).iter()
        if _name(sheet) == "sheet" and sheet.get("state", "visible") == "visible"
    ]
    # A target is relative to the workbook, or begins with / at the root of the package.
    found = [normpath(join(dirname(_BOOK), targets.get(sheet, ""))).lstrip("/") for sheet in visible]
    return [part for part in found if part in parts]


def _without_value(part: bytes) -> int:
    """Count the formulas of a sheet that have no stored value, because no program has calculated them yet."""
    if not _FORMULA.search(part):
        return 0
    from defusedxml.ElementTree import iterparse

    silent = 0
    for _, cell in iterparse(io.BytesIO(part), forbid_dtd=True):
        if _name(cell) != "c":
            continue
        inside = {_name(child): child.text for child in cell}
        # A formula that gives an empty text says that it is one.
        silent += "f" in inside and not inside.get("v") and cell.get("t") != "str"
        cell.clear()
    return silent


def _name(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2]


def _rows(rows: Iterator[Sequence[object]], name: str, limits: ReadingLimits) -> Iterator[tuple[int, Sequence[str]]]:
    number = cells = 0
    while True:
        with parsing(name, _WHAT):  # rows are parsed as they are asked for
            row = next(rows, None)
        if row is None:
            return
        number += 1
        cells += len(row)  # one cell at the right edge makes a row of 16,384
        if cells > _MOST_EMPTY * limits.max_cells:
            raise InputError(f"{name}: too many empty cells. Copy the answers to a new sheet.")
        fields = [_text(value) for value in row]
        while fields and not fields[-1]:
            fields.pop()
        yield number, fields


def _text(value: object) -> str:
    """A cell as a person reads it; an error value such as #N/A says nothing."""
    match value:
        case None:
            return ""
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case str():
            return "" if value in _ERRORS else value
        case _:
            return written(value)
