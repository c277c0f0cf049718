"""CSV and TSV: the delimiter is found by counting fields, a row of another width is an error, not a guess."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.models import Frozen
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.reading import Limits, Reading, SourceFile
from pipeline.sources.tables import Row, read_rows
from pipeline.words import count

if TYPE_CHECKING:
    import _csv

EXTENSIONS = (".csv", ".tsv")

_STATED = re.compile(r"sep=(?P<delimiter>[,;\t|])\n")  # written by spreadsheet programs
_ONE_COLUMN = "\x1f"
"""Delimiter of a file that has none: a control character that `decode` never lets through in numbers."""
_SAMPLE_ROWS = 30


class _Line(Frozen):
    number: int
    """Line of the file on which the row ends."""
    fields: tuple[str, ...]


def load(file: SourceFile, limits: Limits) -> Reading:
    """A table as conversations.

    Raises:
        InputError: a row has more or fewer fields than the header, a quotation mark is never closed, or
            there are too many rows.
    """
    decoded = decode(file)
    stated = _STATED.match(decoded.text)
    text = decoded.text[stated.end() :] if stated else decoded.text
    delimiter = stated["delimiter"] if stated else _delimiter(text, "\t" if file.extension == ".tsv" else ",")
    lines = _lines(text, delimiter, file.name, limits.max_rows + 2)
    if len(lines) > limits.max_rows + 1:
        raise InputError(f"{file.name}: more than {limits.max_rows:,} rows. Split the file, or take a sample.")
    names, body, notes = _header(lines) if lines else ([], [], [])
    if not names:
        raise InputError(f"{file.name}: every row is empty. Export the table again.")
    if not body:
        raise InputError(f"{file.name}: a header and no rows. Add the answers below the header.")
    rows = [
        Row(where=f"row {number}", cells=dict(zip(names, _fitted(line, len(names), file.name), strict=True)))
        for number, line in body
    ]
    reading = read_rows(rows, file.name)
    return reading.model_copy(update={"notes": (*decoded.notes, *notes, *reading.notes)})


def _delimiter(text: str, usual: str) -> str:
    """The delimiter that gives most rows the width of the first; the usual one where several do.

    Rows of other widths are no reason to see one column: they are an error, to be told with its line.
    """
    best, fit = _ONE_COLUMN, (0, 0)
    for candidate in dict.fromkeys((usual, ",", ";", "\t", "|")):
        widths = [len(fields) for fields in _sample(text, candidate)]
        divided = sum(width > 1 for width in widths)
        if widths and widths[0] > 1 and divided * 2 > len(widths):
            best, fit = max((best, fit), (candidate, (widths.count(widths[0]), widths[0])), key=lambda pair: pair[1])
    return best


def _sample(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text[:200_000]), delimiter=delimiter)
    try:
        yield from (fields for fields in islice(reader, _SAMPLE_ROWS) if any(fields))
    except csv.Error:  # the error, if it is one, is told with its line when the whole file is read
        return


def _lines(text: str, delimiter: str, name: str, most: int) -> list[_Line]:
    """The rows that are not empty; without commas to protect, a quotation mark may be just that."""
    csv.field_size_limit(max(len(text), 131_072))  # one field may hold a whole interview
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return _filled(reader, most)
    except csv.Error as error:
        if delimiter in ("\t", _ONE_COLUMN):
            return _filled(csv.reader(io.StringIO(text), delimiter=delimiter, quoting=csv.QUOTE_NONE), most)
        raise InputError(
            f"{name} line {reader.line_num}: a quotation mark is not closed, or stands inside a field that is not "
            f"quoted ({error}). Double it, or export the table again."
        ) from error


def _filled(reader: "_csv.Reader", most: int) -> list[_Line]:
    rows = (_Line(number=reader.line_num, fields=tuple(fields)) for fields in reader if any(map(str.strip, fields)))
    return list(islice(rows, most))


def _header(lines: Sequence[_Line]) -> tuple[list[str], list[tuple[int, _Line]], list[str]]:
    """Column names, the rows below with their row number, and a note when there is no header."""
    names = [tidy(field) for field in lines[0].fields]
    while len(names) > 1 and not names[-1]:
        names.pop()
    if any(_is_data(name) for name in names):
        notes = ["The first row is taken as data: it does not look like column names."]
        names = ["answer"] if len(names) == 1 else [f"column {number}" for number in range(1, len(names) + 1)]
        return names, list(enumerate(lines, 1)), notes
    unique: list[str] = []
    for number, name in enumerate(names, 1):
        name = name or f"column {number}"
        unique.append(name if name not in unique else f"{name} ({number})")
    return unique, list(enumerate(lines[1:], 2)), []


def _is_data(name: str) -> bool:
    """Whether a first-row field is a value: a bare number, or a long sentence that asks nothing."""
    return name.replace(".", "", 1).isdigit() or (len(name.split()) > 12 and "?" not in name)


def _fitted(line: _Line, width: int, file: str) -> tuple[str, ...]:
    extra = line.fields[width:]
    if len(line.fields) < width or any(field.strip() for field in extra):
        unexpected = f" Unexpected: {tidy(extra[0])[:60]!r}." if extra else ""
        raise InputError(
            f"{file} line {line.number}: {count(len(line.fields), 'field')}, header has {width}.{unexpected} "
            "Put quotation marks around text that holds the delimiter."
        )
    return line.fields[:width]
