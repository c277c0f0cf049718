"""CSV and TSV: the delimiter is found by counting fields; a short row ends in empty cells, a long one is an error."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.grid import GridLine, filled, table
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.text.wording import count

if TYPE_CHECKING:
    import _csv

EXTENSIONS = (".csv", ".tsv")

_STATED = re.compile(r"sep=(?P<delimiter>[,;\t|])\n")  # written by spreadsheet programs
_ONE_COLUMN = "\x1f"
"""Delimiter of a file that has none: a control character that `decode` never lets through in numbers."""
_SAMPLE_ROWS = 30


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A table as conversations.

    Raises:
        InputError: a row has more fields than the header, a quotation mark is never closed, or
            there are too many rows.
    """
    decoded = decode(file, limits)
    stated = _STATED.match(decoded.text)
    text = decoded.text[stated.end() :] if stated else decoded.text
    delimiter = stated["delimiter"] if stated else _delimiter(text, "\t" if file.extension == ".tsv" else ",")
    lines = _lines(text, delimiter, file.name, limits)
    short: list[int] = []
    reading = table(file.name, lines, lambda line, width: _fitted(line, width, file.name, short), are_rows=False)
    return reading.model_copy(update={"notes": (*decoded.notes, *reading.notes, *_short_rows(short))})


def _delimiter(text: str, usual: str) -> str:
    """Return the delimiter that gives most rows the width of the first; the usual one if several do.

    Rows of other widths are no reason to see one column: they are an error, reported with its line.
    """
    best, fit = _ONE_COLUMN, (0, 0)
    for candidate in dict.fromkeys((usual, ",", ";", "\t", "|")):
        widths = [len(fields) for fields in _sample(text, candidate)]
        below = set(widths[_titles(widths) :])
        if len(below) == 1 and min(below) > 2:  # a table of one width below rows that only name it
            widths = widths[_titles(widths) :]
        divided = sum(width > 1 for width in widths)
        if widths and widths[0] > 1 and divided * 2 > len(widths):
            best, fit = max((best, fit), (candidate, (widths.count(widths[0]), widths[0])), key=lambda pair: pair[1])
    return best


def _titles(widths: Sequence[int]) -> int:
    """Rows of a single field at the top of a table."""
    return next((place for place, width in enumerate(widths) if width > 1), 0)


def _sample(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text[:200_000]), delimiter=delimiter)
    try:
        yield from (fields for fields in islice(reader, _SAMPLE_ROWS) if any(fields))
    except csv.Error:  # a real error is reported with its line when the whole file is read
        return


def _lines(text: str, delimiter: str, name: str, limits: ReadingLimits) -> list[GridLine]:
    """The rows that are not empty; without commas to protect, a quotation mark may be just that."""
    csv.field_size_limit(max(len(text), 131_072))  # one field may hold a whole interview
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return list(filled(_numbered(reader), name, limits))
    except csv.Error as error:
        if delimiter in ("\t", _ONE_COLUMN):
            reader = csv.reader(io.StringIO(text), delimiter=delimiter, quoting=csv.QUOTE_NONE)
            return list(filled(_numbered(reader), name, limits))
        raise InputError(
            f"{name} line {reader.line_num}: a quotation mark is not closed, or stands inside a field that is not "
            f"quoted ({error}). Double it, or export the table again."
        ) from error


def _numbered(reader: "_csv.Reader") -> Iterator[tuple[int, Sequence[str]]]:
    """The rows with the line of the file on which each ends."""
    return ((reader.line_num, fields) for fields in reader)


def _fitted(line: GridLine, width: int, file: str, short: list[int]) -> tuple[str, ...]:
    extra = line.fields[width:]
    if any(field.strip() for field in extra):
        raise InputError(
            f"{file} line {line.number}: {count(len(line.fields), 'field')}, header has {width}. "
            f"Unexpected: {tidy(extra[0])[:60]!r}. Put quotation marks around text that holds the delimiter."
        )
    if len(line.fields) < width:
        short.append(line.number)
    return (*line.fields[:width], *[""] * (width - len(line.fields)))


def _short_rows(lines: Sequence[int]) -> tuple[str, ...]:
    """Return the note about rows that ended early, which spreadsheet programs write if the last cells are empty."""
    if not lines:
        return ()
    shown = ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")
    what = "row has" if len(lines) == 1 else "rows have"
    return (f"{len(lines)} {what} fewer fields than the header (line {shown}); the missing cells are taken as empty.",)
