"""Decode bytes to text: encodings, line ends, and removal of control characters.

Never guesses in silence: an encoding other than UTF-8 is named in a note, and bytes that are not text end in
an `InputError`.
"""

import codecs
import re

from pipeline.domain.base import Frozen
from pipeline.errors import InputError
from pipeline.sources.reading import ReadingLimits, SourceFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_LINE_END_SIGNS = "\n\x0b\x0c\x85\u2028\u2029"
# Controls, zero-width and bidirectional marks, lone surrogates: invisible on screen, trouble in a database or prompt.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
# Signs and capitals inside words: letters that were read in the wrong code page.
_UNLIKELY = re.compile(
    r"(?<=\w)[¿¡]|[¹³¥¯¸¼¾ª¶£¢](?=[a-z])|(?<=[a-z])±|(?<=\w)[„”‰“](?=\w)|(?<=[a-zß-ÿ])[À-ÖØ-ÞŠŽŸˆ]|[¤\x80-\x9f]"
)
_EUROPEAN = ("cp1252", "cp1254", "iso8859-15", "cp1250", "iso8859-2", "mac-roman", "cp850")
"""In the order in which they are tried: from the usual to the rare."""
_KANA = re.compile("[\u3041-\u30ff]")
_MIN_KANA_SHARE = 0.2
"""Share of kana among the letters of Japanese that no other text reaches when it is read as Japanese by mistake."""
_SHIFTED = re.compile(rb"\x1b\$[@B]")
_SAMPLE = 200_000
"""Bytes from which an encoding is guessed; an even number."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_MAX_CONTROL_SHARE = 0.01


class DecodedText(Frozen):
    """A decoded file."""

    text: str
    """Lines end in a single line feed."""
    notes: tuple[str, ...] = ()


def decode(file: SourceFile, limits: ReadingLimits) -> DecodedText:
    """The text of a file, whatever its encoding.

    Raises:
        InputError: the file is empty, or is not text in an encoding that can be recognised, or is too long.
    """
    if not file.data.strip(b"\x00 \t\r\n"):
        raise InputError(f"{file.name}: the file is empty. Export it again, or leave it out.")
    text, encoding = _decoded(file)
    check_length(file.name, text, limits)
    text = _LINE_END.sub("\n", text.removeprefix("\ufeff"))
    if not tidy(text):
        raise InputError(f"{file.name}: the file holds no visible text. Export it again, or leave it out.")
    note = () if encoding.startswith("utf-8") else (f"Read as {encoding}.",)
    return DecodedText(text=text, notes=note)


def check_length(name: str, text: str, limits: ReadingLimits) -> None:
    """Refuse a text that is too long, before every line of it becomes something larger.

    Raises:
        InputError: more characters or lines than the limits allow.
    """
    if len(text) > limits.max_text_chars:
        raise InputError(
            f"{name}: {len(text):,} characters; at most {limits.max_text_chars:,} are read. Split the file."
        )
    lines = max(sum(map(text.count, _LINE_END_SIGNS)), text.count("\r"))
    if lines > limits.max_lines:
        raise InputError(f"{name}: {lines:,} lines; at most {limits.max_lines:,} are read. Split the file.")


def tidy(text: str) -> str:
    """The text on one line: runs of white space are single spaces, invisible characters are gone."""
    return " ".join(_INVISIBLE.sub("", text).split())


def written(value: object) -> str:
    """A value of a cell or record as a person reads it: `yes` for true, `3` for 3.0."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _decoded(file: SourceFile) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if file.data.startswith(bom):
            try:
                return file.data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise _not_text(file, f"byte {error.start:,} does not fit its {encoding} mark") from error
    if _SHIFTED.search(file.data):
        return file.data.decode("iso2022_jp_2", "replace"), "iso-2022-jp"
    if b"\x00" not in file.data:
        if _control_share(file.data) > _MAX_CONTROL_SHARE:
            raise _not_text(file, "it holds binary data")
        try:
            return file.data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text = file.data.decode("utf-8", "replace")
            damaged = text.count("\ufffd")
            if 10 * damaged <= len(_NOT_ASCII.findall(text)) - damaged:
                return text, f"UTF-8 with {damaged} damaged {'character' if damaged == 1 else 'characters'} replaced"
    return _guessed(file)


def _guessed(file: SourceFile) -> tuple[str, str]:
    if japanese := _japanese(file.data):
        return japanese
    for encoding in _EUROPEAN:
        if (text := _european(file.data, encoding)) is not None:
            return text, encoding.replace("cp125", "Windows-125")
    from charset_normalizer import from_bytes  # 50 ms to import, and most files never come here

    sample = file.data[:_SAMPLE]
    if len(file.data) > _SAMPLE and b"\x00" not in sample:
        sample = sample.rpartition(b"\n")[0] or sample  # a character cut in two would rule its encoding out
    best = from_bytes(sample).best()
    text = file.data.decode(best.encoding, "replace") if best else ""
    if best is None or text.count("\ufffd") > len(text) // 100:
        raise _not_text(file, "its encoding is not recognised")
    if "\x00" in text or _control_share(text[:65536].encode("utf-8", "replace")) > _MAX_CONTROL_SHARE:
        raise _not_text(file, "it holds binary data")
    return text, best.encoding.replace("_", "-")


def _japanese(data: bytes) -> tuple[str, str] | None:
    """The text and its encoding, if it is Japanese: told by its kana, of which even a short text has many."""
    for encoding in ("cp932", "euc_jp", "utf-16-le", "utf-16-be"):
        try:
            text = data[:_SAMPLE].decode(encoding, "strict" if len(data) <= _SAMPLE else "ignore")
        except UnicodeDecodeError:
            continue
        if len(_KANA.findall(text)) > _MIN_KANA_SHARE * len(_NOT_ASCII.findall(text)):
            return data.decode(encoding, "replace"), encoding.replace("_", "-")
    return None


def _european(data: bytes, encoding: str) -> str | None:
    """The text in a European code page, if it is mostly ASCII and the rest falls where accents fall.

    Short texts fit dozens of code pages equally well, so a statistical guess turns `für` into Chinese.
    """
    high = len(data) - len(data.translate(None, bytes(range(128, 256))))
    if b"\x00" in data or high > 0.25 * len(data):
        return None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if len(_UNLIKELY.findall(text)) > 0.1 * high or _is_mixed(text) else text


def _is_mixed(text: str) -> bool:
    """Return whether letters of no common language meet: Czech (è, ø) or Turkish (ð, ý) read as a Western code page."""
    letters = set(text)
    is_czech = "ø" in letters and bool(letters & set("èìù"))
    return is_czech or (bool(letters & set("ðþý")) and not letters & set("áæíúě"))


def _control_share(data: bytes) -> float:
    sample = data[:65536]
    return 1 - len(sample.translate(None, _CONTROL_BYTES)) / max(len(sample), 1)


def _not_text(file: SourceFile, why: str) -> InputError:
    return InputError(f"{file.name}: is not readable text ({why}). Save it as UTF-8 text and try again.")
