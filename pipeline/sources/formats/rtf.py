"""Rich text: its words, without its formatting."""

from pipeline.errors import InputError
from pipeline.sources.encoding import check_length
from pipeline.sources.formats._documents import read_text
from pipeline.sources.formats._packages import parsing
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile

EXTENSIONS = (".rtf",)

_WHAT = "a rich text file"


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A rich text file as text.

    Raises:
        InputError: no rich text, damaged, too long, or without words.
    """
    if not file.data.lstrip().startswith(b"{\\rtf"):
        raise InputError(f"{file.name}: is not {_WHAT} (it does not start with {{\\rtf). Save it again as .rtf.")
    code = file.data.decode("cp1252", "replace")  # RTF is ASCII by definition; other letters are written as codes
    check_length(file.name, code, limits)
    with parsing(file.name, _WHAT):
        from striprtf.striprtf import rtf_to_text

        words: str = rtf_to_text(code, encoding="cp1252", errors="replace")  # type: ignore[no-untyped-call]
    return read_text(file, words, limits)
