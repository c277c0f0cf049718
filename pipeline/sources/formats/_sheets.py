"""Sheets of a workbook to tables, whatever the program that wrote it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.sources.encoding import tidy
from pipeline.sources.grid import GridLine, filled, narrowed, padded, table
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.text.wording import count


class Sheet(NamedTuple):
    """A sheet that is read row by row."""

    name: str
    rows: Iterator[tuple[int, Sequence[str]]]
    """Row number from 1, and the cells from the first column on."""


def read_sheets(file: SourceFile, sheets: Sequence[Sheet], hidden: int, limits: ReadingLimits) -> Reading:
    """The sheets as tables; empty ones are left out.

    Args:
        file: for its name.
        sheets: the visible ones.
        hidden: how many others there are.
        limits: what is refused; `max_cells` and `max_text_chars` count over all sheets.

    Raises:
        InputError: too many rows, columns, cells or characters, or no sheet holds more than a header.
    """
    read: list[Reading] = []
    refused: list[InputError] = []
    notes: list[str] = []
    for sheet in sheets:
        within = f'sheet "{tidy(sheet.name)[:60]}"' if len(sheets) > 1 else ""
        place = f"{file.name} {within}".rstrip()
        lines = padded(list(filled(sheet.rows, place, limits)))
        limits = _left(limits, lines)
        try:
            read.append(table(place, lines, narrowed, are_rows=True, within=within))
        except InputError as error:
            refused.append(error)
    if not read:
        raise refused[0] if refused else InputError(f"{file.name}: no visible sheet. Show the sheet with the answers.")
    if refused:
        notes.append(f"Left out, as empty: {count(len(refused), 'sheet')}.")
    if hidden:
        notes.append(f"Left out, as hidden: {count(hidden, 'sheet')}.")
    return Reading(
        tables=tuple(own for reading in read for own in reading.tables),
        notes=(*(note for reading in read for note in reading.notes), *notes),
    )


def _left(limits: ReadingLimits, lines: Sequence[GridLine]) -> ReadingLimits:
    """The limits for the sheets after this one."""
    cells = sum(len(line.fields) for line in lines)
    chars = sum(len(field) for line in lines for field in line.fields)
    most = {"max_cells": limits.max_cells - cells, "max_text_chars": limits.max_text_chars - chars}
    return limits.model_copy(update=most)
