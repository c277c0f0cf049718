"""Bytes to text: encodings, line ends, characters that must not travel further.

Never guesses in silence: an encoding other than UTF-8 is named in a note, and bytes that are not text end in
an `InputError`.
"""

import codecs
import re

from pipeline.errors import InputError
from pipeline.models import Frozen
from pipeline.sources.reading import SourceFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Controls, zero-width and bidirectional marks, lone surrogates: invisible on screen, trouble in a database or prompt.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_MAX_CONTROL_SHARE = 0.01


class Text(Frozen):
    """A decoded file."""

    text: str
    """Lines end in a single line feed."""
    notes: tuple[str, ...] = ()


def decode(file: SourceFile) -> Text:
    """The text of a file, whatever its encoding.

    Raises:
        InputError: the file is empty, or is not text in an encoding that can be recognised.
    """
    if not file.data.strip(b"\x00 \t\r\n"):
        raise InputError(f"{file.name}: the file is empty. Export it again, or leave it out.")
    text, encoding = _decoded(file)
    text = _LINE_END.sub("\n", text.removeprefix("\ufeff"))
    if not tidy(text):
        raise InputError(f"{file.name}: the file holds no visible text. Export it again, or leave it out.")
    note = () if encoding.startswith("utf-8") else (f"Read as {encoding} text.",)
    return Text(text=text, notes=note)


def tidy(text: str) -> str:
    """The text on one line: runs of white space are single spaces, invisible characters are gone."""
    return " ".join(_INVISIBLE.sub("", text).split())


def _decoded(file: SourceFile) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if file.data.startswith(bom):
            try:
                return file.data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise _not_text(file, f"byte {error.start:,} does not fit its {encoding} mark") from error
    if b"\x00" not in file.data:
        if _control_share(file.data) > _MAX_CONTROL_SHARE:
            raise _not_text(file, "it holds binary data")
        try:
            return file.data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            pass
    return _guessed(file)


def _guessed(file: SourceFile) -> tuple[str, str]:
    from charset_normalizer import from_bytes  # 50 ms to import, and most files are UTF-8

    matches = from_bytes(file.data)
    best = matches.best()
    if best is None:
        raise _not_text(file, "its encoding is not recognised")
    # Short Western texts fit many code pages equally well; Windows-1252 is by far the most common of them.
    western = next((match for match in matches if match.encoding == "cp1252" and match.chaos <= best.chaos), best)
    text = str(western)
    if "\x00" in text or _control_share(text[:65536].encode("utf-8", "replace")) > _MAX_CONTROL_SHARE:
        raise _not_text(file, "it holds binary data")
    return text, "Windows-1252" if western.encoding == "cp1252" else western.encoding.replace("_", "-")


def _control_share(data: bytes) -> float:
    sample = data[:65536]
    return 1 - len(sample.translate(None, _CONTROL_BYTES)) / max(len(sample), 1)


def _not_text(file: SourceFile, why: str) -> InputError:
    return InputError(f"{file.name}: is not readable text ({why}). Save it as UTF-8 text and try again.")
