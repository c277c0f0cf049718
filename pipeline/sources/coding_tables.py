"""Exports of coding tools: tables of coded passages, where each document is one person, and matrices without words.

Taguette, MAXQDA, ATLAS.ti, NVivo, Dedoose and their like write one row per coded passage. The
document identifies the participant; the row, the coder and the code do not. The code is kept with its passage.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from pipeline.domain.mapping import ColumnRole
from pipeline.sources.labels import read_file_name
from pipeline.sources.table_words import CODE, CODED_DOCUMENT, CODED_TEXT

_FILE = re.compile(
    r"[^\n]{1,150}\.(?:pdf|docx?|txt|rtf|odt|md|html?|xlsx?|csv|pptx?|mp3|mp4|wav|m4a|vtt|srt)", re.IGNORECASE
)
_ATLAS_NUMBER = re.compile(r"^(?:D ?\d{1,4}: ?|\d{1,4}(?::| |\. )(?=[^\W\d_]))")
"""The number that ATLAS.ti sets before the name of a document."""
_SPECIFIC = 14
"""Names at the start of `CODED_TEXT` that only coding tools give to a column."""
_MIN_NUMERIC = 0.6
"""Share of cells beside the names that are numbers, from which a table of titles is a matrix."""


def coded_columns(plain: Mapping[str, str], filled: Mapping[str, Sequence[str]]) -> dict[str, ColumnRole] | None:
    """The roles of the columns of a table of coded passages; `None` for any other table.

    Args:
        plain: the plain key of every column, by name.
        filled: the values of every column that say something.
    """
    text = _first(plain, filled, CODED_TEXT)
    document = _first(plain, filled, CODED_DOCUMENT, besides=text)
    code = _first(plain, filled, CODE, besides=text or "", or_also=document)
    if text is None or document is None or code is None:
        return None
    is_certain = plain[text] in CODED_TEXT[:_SPECIFIC] or "document" in plain[document] or are_files(filled[document])
    if len({*filled[document]}) == len(filled[text]) and not is_certain:
        return None  # a value of its own in every row of a column that may mean anything
    roles: dict[str, ColumnRole] = dict.fromkeys(plain, "ignored")
    roles.update({document: "participant", text: "words", code: "tag"})
    return roles


def document_label(name: str) -> str:
    """Return the participant label in the name of a document: `D 1: P01 Omar.docx` → `P01`, else the bare name."""
    bare = PurePosixPath(re.split(r"\\+", name.strip())[-1]).name
    bare = _ATLAS_NUMBER.sub("", bare)
    stem = PurePosixPath(bare).stem if _FILE.fullmatch(bare) else bare
    return read_file_name(f"{stem}.x").label or stem


def are_files(values: Sequence[str]) -> bool:
    """Return whether most values are names of files."""
    return bool(values) and 2 * sum(_FILE.fullmatch(text.strip()) is not None for text in values[:200]) > len(
        values[:200]
    )


def is_matrix(names: Sequence[str], filled: Mapping[str, Sequence[str]], rows: int) -> bool:
    """Return whether a table holds titles beside numbers: how often each code was given, without the words."""
    if len(names) < 3 or rows < 2:
        return False
    first, *others = names
    titles = filled[first]
    if any(text.rstrip().endswith((".", "!", "?", "…")) and not _FILE.fullmatch(text) for text in titles):
        return False
    cells = [text for name in others for text in filled[name]]
    numbers = sum(text.strip().replace(".", "", 1).replace(",", "", 1).rstrip("%").isdigit() for text in cells)
    return len(set(titles)) == len(titles) and bool(cells) and numbers >= _MIN_NUMERIC * len(cells)


def _first(
    plain: Mapping[str, str], filled: Mapping[str, Sequence[str]], wanted: Sequence[str], besides: str | None = None,
    or_also: str | None = None,
) -> str | None:  # fmt: skip
    by_key = {key: name for name, key in plain.items() if filled[name] and name not in (besides, or_also)}
    return next((by_key[key] for key in wanted if key in by_key), None)
