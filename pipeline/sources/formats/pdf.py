"""PDF files: the text of their pages, without the headers and footers that come back on every page."""

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.domain.units import Clock, SystemClock
from pipeline.errors import InputError
from pipeline.sources.encoding import tidy
from pipeline.sources.formats._documents import read_text
from pipeline.sources.formats._packages import parsing, protected
from pipeline.sources.labels import read_label
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.sources.speaker_labels import read_line
from pipeline.text.wording import count

if TYPE_CHECKING:
    from pypdf import PdfReader

EXTENSIONS = (".pdf",)

_WHAT = "a PDF file"
_PAGE_BYTES, _PAGE_OPERATIONS = 20_000_000, 300_000
"""Limits for one page: unpacked bytes, and drawing operations; some seconds at most."""
_EDGE_LINES = 3
"""Lines of a header or a footer that are looked for at each edge."""
_MIN_PAGES = 3
"""Pages from which a line that comes back on most of them is a header or a footer."""


def load(file: SourceFile, limits: ReadingLimits, clock: Clock | None = None) -> Reading:
    """A PDF file as text.

    Raises:
        InputError: no PDF, damaged, with a password, too long, or a scan without text.
    """
    with parsing(file.name, _WHAT):
        import pypdf  # 0.3 s

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # errors in a file are reported once, by us

        within = pypdf.apply_configuration(
            zlib_maximum_output_length=_PAGE_BYTES,
            lzw_maximum_output_length=_PAGE_BYTES,
            run_length_maximum_output_length=_PAGE_BYTES,
            array_based_stream_maximum_output_length=_PAGE_BYTES,
            stream_parsing_work_maximum_count=_PAGE_OPERATIONS,
        )
        with within:
            reader = pypdf.PdfReader(io.BytesIO(file.data), strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise protected(file.name)
            pages = list(_pages(reader, file.name, limits, clock or SystemClock()))
    if not any(pages):
        raise InputError(
            f"{file.name}: {count(len(pages), 'page')} and no text, as in a scan. Run text recognition (OCR) first."
        )
    kept = _without_edges(pages)
    cut = _cut(pages, kept)
    reading = read_text(file, "\n".join(line for lines in kept for line in lines), limits)
    if not cut:
        return reading
    note = f"Left out, as headers and footers of pages: {count(cut, 'line')}."
    return reading.model_copy(update={"notes": (*reading.notes, note)})


def _pages(reader: "PdfReader", name: str, limits: ReadingLimits, clock: Clock) -> Iterator[list[str]]:
    """The lines of every page.

    Raises:
        InputError: too many pages, or they take too long.
    """
    started, characters = clock.monotonic(), 0
    if len(reader.pages) > limits.max_pages:
        raise InputError(f"{name}: {len(reader.pages):,} pages; at most {limits.max_pages:,} are read. Split the file.")
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        characters += len(text)
        seconds = clock.monotonic() - started
        if seconds > limits.max_seconds or characters > limits.max_text_chars:
            raise InputError(
                f"{name} page {number:,}: too much to read ({seconds:.0f} s, {characters:,} characters so far). "
                "Split the file, or save its text as .txt."
            )
        yield [line for line in map(tidy, text.split("\n")) if line]


def _without_edges(pages: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The pages without their first and last lines where these come back; such lines inside a page stay."""
    kept = list(pages)
    for _ in range(_EDGE_LINES):
        repeated = _repeated(kept)
        if not repeated:
            break
        kept = [_trimmed(lines, repeated) for lines in kept]
    return kept


def _cut(pages: Sequence[Sequence[str]], kept: Sequence[Sequence[str]]) -> int:
    """Return the number of different lines removed; lines that differ only in numbers count once."""
    before = Counter(_pattern(line) for lines in pages for line in lines)
    return len(before - Counter(_pattern(line) for lines in kept for line in lines))


def _trimmed(lines: Sequence[str], repeated: frozenset[str]) -> Sequence[str]:
    if len(lines) < 2:
        return lines
    start = 1 if _pattern(lines[0]) in repeated else 0
    end = len(lines) - 1 if _pattern(lines[-1]) in repeated else len(lines)
    return lines[start:end]


def _repeated(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return patterns of first and last lines that are on more than half of the pages and are no speaker labels."""
    edges = Counter(
        _pattern(line)
        for lines in pages
        for line in {_pattern(edge): edge for edge in (*lines[:1], *lines[-1:])}.values()
        if len(lines) > 2 and ":" not in line[:40] and not _is_label(line)
    )
    if len(pages) < _MIN_PAGES:
        return frozenset()
    return frozenset(pattern for pattern, times in edges.items() if times * 2 > len(pages))


def _is_label(line: str) -> bool:
    """Return whether a line reads as a label of its own, which a page may well end with."""
    found = read_line(line)
    if found is None or found.form not in ("bare", "marked", "timed", "chat"):
        return False
    return read_label(found.label).kind != "opaque"


def _pattern(line: str) -> str:
    """A line with its numbers made equal: `Page 3 of 9`."""
    return re.sub(r"\d+", "0", line)
