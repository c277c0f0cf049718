"""Read drafts from a CSV file, and write a sweep to one."""

import csv
import io
from collections.abc import Iterator, Sequence
from math import isfinite, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.calibration.sweep import Sweep
from pipeline.domain.units import MICROS
from pipeline.domain.untrusted import Refused, read_file
from pipeline.errors import InputError
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.reading import ReadingLimits, SourceFile

if TYPE_CHECKING:
    import _csv

_REQUIRED = ("score", "label")
_EXPECTED = {
    "score": "a number from 0 to 1",
    "label": "1 (acceptable) or 0 (not)",
    "frontier_label": "1 (acceptable) or 0 (not)",
    "local_cost": "USD, 0 or more",
    "frontier_cost": "USD, 0 or more",
}
_DELIMITERS = (",", ";", "\t")
_LIMITS = ReadingLimits(max_file_bytes=10_000_000, max_text_chars=10_000_000, max_lines=100_000, max_columns=200)


def read_cases(path: Path) -> DraftArrays:
    """Read drafts from a table with the columns `score` and `label`.

    Optional columns: `local_cost` and `frontier_cost` in USD, `frontier_label`, `cluster`. Empty cells are missing
    values, other columns are ignored.

    Raises:
        InputError: the file or a column is missing, or a cell holds something else, named by line and column.
    """
    try:
        data = read_file(path, _LIMITS.max_file_bytes)
    except Refused as error:
        raise InputError(f"{error.about(str(path))}.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path given to --csv.") from error
    text = decode(SourceFile(name=str(path), data=data), _LIMITS).text.lstrip("\n")
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(_DELIMITERS, key=header.count), strict=True)
    try:
        header_row = next(reader)
        if len(header_row) > _LIMITS.max_columns:
            raise InputError(f"{path} line 1: more than {_LIMITS.max_columns} columns. Keep those that are read.")
        names = [tidy(name).lower() for name in header_row]
        places = _places(names, path)
        columns: dict[str, list[float]] = {name: [] for name in places if name != "cluster"}
        clusters: list[str] = []
        for row in _rows(reader, len(names), path):
            for name, values in columns.items():
                values.append(_number(row[places[name]], name, path, reader.line_num))
            cluster = row[places["cluster"]].strip() if "cluster" in places else ""
            clusters.append(cluster or f"\0{len(clusters)}")  # no cluster named: one of its own
    except csv.Error as error:
        raise InputError(
            f"{path} line {reader.line_num}: not a readable row ({error}). Export the table as CSV again."
        ) from error
    return make_draft_arrays(
        columns["score"],
        label=columns["label"],
        frontier_label=columns.get("frontier_label"),
        local_micros=_micros(columns.get("local_cost")),
        frontier_micros=_micros(columns.get("frontier_cost")),
        cluster=clusters,
    )


def write_sweep(table: Sweep, path: Path) -> None:
    """Write a sweep as CSV: one row per threshold, money in USD, `inf` for escalating everything, empty for unknown.

    Raises:
        InputError: the file cannot be written.
    """
    columns = {
        name.replace("_micros", "_usd"): (values / MICROS if name.endswith("_micros") else values).tolist()
        for name, values in table.columns().items()
    }
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(
                ["" if isnan(cell) else cell for cell in row] for row in zip(*columns.values(), strict=True)
            )
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Check the path given to --sweep.") from error


def _places(names: Sequence[str], path: Path) -> dict[str, int]:
    """Find the position of every known column."""
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        found = ", ".join(names)[:200]
        raise InputError(
            f"{path} line 1: no column `{missing[0]}`. Found: {found}. Name the columns in the first line; cells of"
            " drafts without a value stay empty."
        )
    twice = [name for name in (*_EXPECTED, "cluster") if names.count(name) > 1]
    if twice:
        raise InputError(f"{path} line 1: the column `{twice[0]}` occurs {names.count(twice[0])} times. Keep one.")
    return {name: names.index(name) for name in (*_EXPECTED, "cluster") if name in names}


def _rows(reader: "_csv.Reader", width: int, path: Path) -> Iterator[Sequence[str]]:
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != width:
            raise InputError(
                f"{path} line {reader.line_num}: {len(row)} fields, the header has {width}. Put quotation marks around"
                " text that holds the delimiter."
            )
        yield row


def _number(cell: str, name: str, path: Path, line: int) -> float:
    """Parse the number in a cell; NaN when it is empty."""
    text = cell.strip()
    try:
        value = float(text) if text else nan
    except ValueError:
        value = -1.0
    money, label = name.endswith("_cost"), name.endswith("label")
    good = (isfinite(value) and value >= 0) if money else value in (0, 1) if label else 0 <= value <= 1
    if isnan(value) or good:
        return value
    raise InputError(
        f"{path} line {line}, column {name}: found {tidy(text)[:60]!r}, expected {_EXPECTED[name]}, or nothing."
    )


def _micros(usd: list[float] | None) -> list[float] | None:
    # Rounded far below a micro-USD: amounts that were whole stay whole, and their sums exact.
    return None if usd is None else [round(amount * MICROS, 6) for amount in usd]
