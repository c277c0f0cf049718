"""Excel workbooks: every visible sheet is a table. Formulas count with the value stored beside them, unevaluated."""

import io
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime, time

from pipeline.errors import InputError
from pipeline.sources.encoding import written
from pipeline.sources.packages import check_elements, opened, parsing
from pipeline.sources.reading import Limits, Reading, SourceFile
from pipeline.sources.sheets import Sheet, read_sheets

EXTENSIONS = (".xlsx", ".xlsm")

_WHAT = "an Excel workbook"
_SHEETS, _STRINGS = "xl/worksheets/", "xl/sharedStrings"
_COST_OF_STYLES = 5
"""An element of a style takes 2 kB and 20 µs in the library, several times what one of a text takes."""
_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))
_MOST_EMPTY = 10
"""Cells of a sheet for each that may be filled."""


def load(file: SourceFile, limits: Limits) -> Reading:
    """A workbook as one table per sheet.

    Raises:
        InputError: no workbook, damaged, with a password, too large, or every sheet is empty.
    """
    with opened(file, _WHAT, limits) as package:
        check_elements(package, file, _WHAT, limits, passed=(_SHEETS,))
        few = limits.model_copy(update={"max_nodes": max(limits.max_nodes // _COST_OF_STYLES, 1)})
        check_elements(package, file, _WHAT, few, passed=(_SHEETS, _STRINGS))
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
    return read_sheets(file, named, hidden, limits)


def _rows(rows: Iterator[Sequence[object]], name: str, limits: Limits) -> Iterator[tuple[int, Sequence[str]]]:
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
