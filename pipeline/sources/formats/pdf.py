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
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.text.wording import count

if TYPE_CHECKING:
    from pypdf import PdfReader

EXTENSIONS = (".pdf",)

_WHAT = "a PDF file"
_PAGE_BYTES, _PAGE_OPERATIONS = 20_000_000, 300_000
"""What one page may unpack to, and the steps it may take to draw: some seconds at most."""
_MIN_PAGES = 3
"""Pages from which a line that comes back on most of them is a header or a footer."""


def load(file: SourceFile, limits: ReadingLimits, clock: Clock | None = None) -> Reading:
    """A PDF file as text.

    Raises:
        InputError: no PDF, damaged, with a password, too long, or a scan without text.
    """
    with parsing(file.name, _WHAT):
        import pypdf  # 0.3 s

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a file is told once, by us

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
    repeated = _repeated(pages)
    words = "\n".join(line for lines in pages for line in lines if _pattern(line) not in repeated)
    reading = read_text(file, words, limits)
    if not repeated:
        return reading
    note = f"Left out, as headers and footers of pages: {count(len(repeated), 'line')}."
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


def _repeated(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Patterns of first and last lines that stand on more than half of the pages."""
    edges = Counter(
        pattern
        for lines in pages
        for pattern in {_pattern(line) for line in (*lines[:1], *lines[-1:])}
        if len(lines) > 2 and ":" not in pattern[:40]
    )
    if len(pages) < _MIN_PAGES:
        return frozenset()
    return frozenset(pattern for pattern, times in edges.items() if times * 2 > len(pages))


def _pattern(line: str) -> str:
    """A line with its numbers made equal: `Page 3 of 9`."""
    return re.sub(r"\d+", "0", line)
