"""Turn rows of fields into a table with named columns, for CSV files, workbooks and document tables.

What is a header is decided here; what the columns mean is decided later, in `columns`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.sources.encoding import tidy
from pipeline.sources.reading import Reading, ReadingLimits, Row, Table
from pipeline.text.wording import count

_TITLE_ROWS = 10
"""Rows above a header that may be titles."""


class GridLine(NamedTuple):
    """One row of fields as written."""

    number: int
    """As the program that shows the file counts it, from 1: a line of a text file, a row of a sheet."""
    fields: tuple[str, ...]


Fit = Callable[[GridLine, int], Sequence[str]]
"""The fields of a line under a header of that width."""


def table(name: str, lines: Sequence[GridLine], fitted: Fit, *, are_rows: bool, within: str = "") -> Reading:
    """The table in these lines; the first that is no title names its columns, unless it looks like data.

    Args:
        name: the file, with the place in it where it holds several tables.
        lines: without empty ones.
        fitted: what to do with a line that is narrower or wider than the header.
        are_rows: whether the numbers of the lines are rows; otherwise rows are counted here.
        within: where the table is in a file that holds several: `sheet "Answers"`.

    Raises:
        InputError: nothing stands in the lines, or nothing below the header.
    """
    opening = f"{within}, " if within else ""
    titles = _titles(lines)
    names, body, notes = _header(lines[titles:])
    if not names:
        raise InputError(f"{name}: every row is empty. Export the table again.")
    if not body:
        raise InputError(f"{name}: a header and no rows. Add the answers below the header.")
    if titles:
        notes.append(f"Left out, as titles above the column names: {count(titles, 'row')}.")
    rows = [
        Row(
            where=f"{opening}row {line.number if are_rows else number + titles}",
            cells=dict(zip(names, fitted(line, len(names)), strict=True)),
        )
        for number, line in body
    ]
    return Reading(tables=(Table(name=name, rows=tuple(rows)),), notes=tuple(notes))


def filled(rows: Iterable[tuple[int, Sequence[str]]], name: str, limits: ReadingLimits) -> Iterator[GridLine]:
    """The rows that are not empty, numbered as given, while there are not too many.

    Raises:
        InputError: more rows, columns, cells or characters than the limits allow.
    """
    cells = kept = chars = 0
    for number, fields in rows:
        if not any(map(str.strip, fields)):
            continue
        kept += 1
        cells += len(fields)
        if kept > limits.max_rows + 1:
            raise InputError(f"{name}: more than {limits.max_rows:,} rows. Split the file, or take a sample.")
        if len(fields) > limits.max_columns:
            found = f"{len(fields):,} columns in row {number}; at most {limits.max_columns:,} are read"
            raise InputError(f"{name}: {found}. Leave out the columns that hold no answers.")
        if cells > limits.max_cells:
            raise InputError(f"{name}: more than {limits.max_cells:,} cells. Leave out rows or columns.")
        chars += sum(map(len, fields))  # a workbook of 9 kB can repeat one long text 50,000 times
        if chars > limits.max_text_chars:
            raise InputError(f"{name}: more than {limits.max_text_chars:,} characters. Leave out rows or columns.")
        yield GridLine(number=number, fields=tuple(fields))


def padded(lines: Sequence[GridLine]) -> list[GridLine]:
    """Rows of a sheet in one width: cells at the end of a row that are empty may be missing."""
    width = max((len(line.fields) for line in lines), default=0)
    return [GridLine(number=line.number, fields=(*line.fields, *[""] * (width - len(line.fields)))) for line in lines]


def narrowed(line: GridLine, width: int) -> Sequence[str]:
    """A padded row under its header: what is cut off is empty in every row."""
    return line.fields[:width]


def _titles(lines: Sequence[GridLine]) -> int:
    """Count the lines above the header with one field each, in a table of three or more columns."""
    widths = [sum(1 for field in line.fields if field.strip()) for line in lines[: 2 * _TITLE_ROWS]]
    titles = next((place for place, width in enumerate(widths[:_TITLE_ROWS]) if width > 1), 0)
    return titles if titles and widths[titles] > 2 else 0


def _header(lines: Sequence[GridLine]) -> tuple[list[str], list[tuple[int, GridLine]], list[str]]:
    """Column names, the rows below with their row number, and a note when there is no header."""
    if not lines:
        return [], [], []
    names = [tidy(field) for field in lines[0].fields]
    while len(names) > 1 and not names[-1] and not any(_holds(line, len(names) - 1) for line in lines):
        names.pop()
    if any(_is_data(name) for name in names):
        notes = ["The first row is taken as data: it does not look like column names."]
        names = ["answer"] if len(names) == 1 else [f"column {number}" for number in range(1, len(names) + 1)]
        return names, list(enumerate(lines, 1)), notes
    unique: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        name = name or f"column {number}"
        while name in unique:
            name = f"{name} ({number})"
        unique[name] = None
    return list(unique), list(enumerate(lines[1:], 2)), []


def _holds(line: GridLine, place: int) -> bool:
    return place < len(line.fields) and bool(line.fields[place].strip())


def _is_data(name: str) -> bool:
    """Return whether a first-row field is a value: a bare number, or a long sentence that is no question."""
    return name.replace(".", "", 1).isdigit() or (len(name.split()) > 12 and "?" not in name)
