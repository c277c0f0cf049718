"""Paragraphs and tables of a document (docx, pdf, html, rtf) handed over to what reads text files and tables.

A table that holds speakers or facts beside what belongs to them is text in two columns, and is read as such.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.sources.encoding import check_length, tidy
from pipeline.sources.fact_keys import is_known_key
from pipeline.sources.formats import text
from pipeline.sources.formats.text import speaker_labels
from pipeline.sources.grid import filled, narrowed, padded, table
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.text.wording import count


class Paragraph(NamedTuple):
    """Text that stands by itself; line feeds inside it are line ends."""

    text: str
    is_heading: bool = False


class Cells(NamedTuple):
    """A table as it stands in a document."""

    rows: tuple[tuple[str, ...], ...]


Block = Paragraph | Cells


def read_blocks(file: SourceFile, blocks: Sequence[Block], limits: ReadingLimits) -> Reading:
    """A document as the text of its paragraphs and the tables in it.

    Beside a table with words of participants, paragraphs without speakers are the researcher's own words.

    Raises:
        InputError: no visible text, or more of it than the limits allow.
    """
    lines: list[str] = []
    facts: list[str] = []
    tables: list[Cells] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            lines += [*_lines(block), ""]
        elif spoken := _pairs(block, _are_speakers):
            lines += [*spoken, ""]
        elif not facts and (stated := _pairs(block, _are_facts)):
            facts = [*stated, ""]  # wherever they stand: below an interview they would be its last words
        else:
            tables.append(block)
    prose = read_text(file, "\n".join(facts + lines), limits) if any(map(tidy, lines)) else None
    if not tables:
        if prose is None:
            raise InputError(f"{file.name}: the file holds no visible text. Export it again, or leave it out.")
        return prose
    return _beside(prose, _read_tables(file, tables, limits))


def read_text(file: SourceFile, words: str, limits: ReadingLimits) -> Reading:
    """Text taken out of a document, read as a text file would be.

    Raises:
        InputError: as for a text file.
    """
    check_length(file.name, words, limits)
    return text.load(SourceFile(name=file.name, data=words.encode("utf-8", "replace")), limits)


def _lines(paragraph: Paragraph) -> list[str]:
    lines = [line for line in map(tidy, paragraph.text.split("\n")) if line]
    return [f"# {line}" for line in lines] if paragraph.is_heading else lines


def _pairs(cells: Cells, are: Callable[[Sequence[str], Sequence[str]], int]) -> list[str]:
    """`label: text` lines of a table of two columns, when more than half of the labels are what is asked for."""
    rows = [(tidy(row[0]).rstrip(":"), tidy(row[1])) for row in cells.rows if len(row) == 2 and any(map(tidy, row))]
    if len(rows) != sum(any(map(tidy, row)) for row in cells.rows):
        return []
    lines = [f"{label}: {words}" if label else words for label, words in rows]
    return lines if are([label for label, _ in rows], lines) * 2 > len(rows) else []


def _are_speakers(labels: Sequence[str], lines: Sequence[str]) -> int:
    speakers = speaker_labels(lines)
    return sum(label in speakers for label in labels)


def _are_facts(labels: Sequence[str], _lines: Sequence[str]) -> int:
    return sum(is_known_key(label) for label in labels)


def _read_tables(file: SourceFile, tables: Sequence[Cells], limits: ReadingLimits) -> list[Reading]:
    read = []
    for number, cells in enumerate(tables, 1):
        within = f"table {number}" if len(tables) > 1 else ""
        name = f"{file.name} {within}".rstrip()
        lines = list(filled(enumerate(cells.rows, 1), name, limits))
        if len(lines) > 1:  # one row is a box drawn around something
            read.append(table(name, padded(lines), narrowed, are_rows=True, within=within))
    return read


def _beside(prose: Reading | None, tables: Sequence[Reading]) -> Reading:
    """The tables, and the text beside them where it is a conversation."""
    notes = [note for reading in tables for note in reading.notes]
    conversations = prose.conversations if prose else ()
    if prose and prose.kind == "transcript":
        notes = [*prose.notes, *notes]
    elif conversations and tables:
        paragraphs = sum(len(conversation.turns) for conversation in conversations)
        notes.append(f"Left out beside the table (no participant's words): {count(paragraphs, 'paragraph')}.")
        conversations = ()
    return Reading(
        kind=prose.kind if prose and conversations else "table",
        conversations=conversations,
        tables=tuple(own for reading in tables for own in reading.tables),
        notes=tuple(notes),
    )
