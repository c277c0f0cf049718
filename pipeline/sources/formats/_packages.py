"""Zip files, and documents that are zip files inside (docx, xlsx, ods), checked before anything is unpacked.

Nothing is ever written to disk, and `zipfile` reads no more of an entry than the entry claims, so the sum of
the claims bounds the memory. What a library stumbles over in damaged bytes becomes one sentence.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import InputError
from pipeline.sources.reading import ReadingLimits, SourceFile

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of a compound file: an Office document with a password, or one from before 2007."""
_ENTRY_MARK = b"PK\x01\x02"
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FREE_BYTES = 1_000_000
"""Size up to which the ratio to the stored size says nothing."""
_PIECE = 1_000_000
_DECLARES = (b"<!DOCTYPE", b"<!ENTITY")
_LONGEST_MARK = max(map(len, _DECLARES)) - 1
_DECLARATION = 500
_MARKS = b"\xef\xbb\xbf\xfe\xff \t\r\n"
"""Byte order marks and white space before the first sign."""
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']+)")
_ASCII_BASED = (b"utf-8", b"utf8", b"utf-16", b"utf-32", b"ascii", b"us-ascii", b"iso-8859-", b"windows-125")


@contextmanager
def parsing(name: str, what: str) -> Iterator[None]:
    """Run a library on a file of unknown content.

    Raises:
        InputError: the library failed, in whatever way: parsers of damaged files raise errors of every kind.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:80]}".rstrip(": ")
        raise InputError(
            f"{name}: is not {what} that can be read, or it is damaged ({reason}). "
            "Open it in the program it comes from and save it again."
        ) from error


def protected(name: str) -> InputError:
    """The error for a file that asks for a password."""
    return InputError(f"{name}: is protected with a password. Save it without one, and add it again.")


def opened(file: SourceFile, what: str, limits: ReadingLimits) -> zipfile.ZipFile:
    """The zip file in a file, once its claims are within the limits.

    Args:
        file: of any content.
        what: the kind of file with its article, for errors: `a Word document`.
        limits: what is refused.

    Raises:
        InputError: no zip file, damaged, with a password, or unpacking to too much.
    """
    if file.data.startswith(_OLD_OFFICE):
        raise InputError(
            f"{file.name}: has a password, or comes from an Office program before 2007. "
            f"Save it without a password as {file.extension}."
        )
    # Each entry costs some 600 bytes when the list is read, so they are counted before that.
    if file.data.count(_ENTRY_MARK) > 10 * limits.max_members:
        raise InputError(_too_many(file.name, limits))
    with parsing(file.name, what):
        package = zipfile.ZipFile(io.BytesIO(file.data))
    _check(file, package.infolist(), limits)
    return package


def read(package: zipfile.ZipFile, entry: zipfile.ZipInfo | str, name: str, what: str) -> bytes:
    """The bytes of an entry.

    Raises:
        InputError: it is missing or damaged.
    """
    with parsing(name, what):
        return package.read(entry)


def check_elements(
    package: zipfile.ZipFile, file: SourceFile, what: str, limits: ReadingLimits, passed: tuple[str, ...] = ()
) -> None:
    """Refuse a document whose XML has too many elements, or entities, before it becomes a tree in memory.

    Args:
        package: from `opened`.
        file: for its name.
        what: as for `opened`.
        limits: what is refused.
        passed: how the names of parts start that are read piece by piece, and bound elsewhere.

    Raises:
        InputError: too many elements, an entity is declared, or a part is damaged.
    """
    elements = 0
    for entry in package.infolist():
        if not entry.filename.endswith((".xml", ".rels")) or entry.filename.startswith(passed):
            continue
        with parsing(file.name, what), package.open(entry) as part:
            before = b""
            while piece := part.read(_PIECE):
                # Without its zero bytes, UTF-16 and UTF-32 look like the ASCII that they would be.
                plain = piece.replace(b"\x00", b"")
                if not before and not _is_plain(plain):
                    raise InputError(
                        f"{file.name}: {entry.filename[:80]!r} is in an encoding that no office program writes. "
                        "Open the file in one and save it again."
                    )
                elements += plain.count(b"<")
                if any(mark in before + plain for mark in _DECLARES):
                    raise InputError(
                        f"{file.name}: {entry.filename[:80]!r} declares entities, which no office program writes. "
                        "Open the file in one and save it again."
                    )
                before = plain[-_LONGEST_MARK:]
        if elements > limits.max_nodes:
            raise InputError(
                f"{file.name}: more than {limits.max_nodes:,} elements ({entry.filename[:80]!r}). "
                "Split the file, or save it as plain text."
            )


def _is_plain(beginning: bytes) -> bool:
    """Return whether XML, seen without its zero bytes, has an encoding that extends ASCII."""
    start = beginning[:_DECLARATION].lstrip(_MARKS)
    declared = _ENCODING.search(start.partition(b"?>")[0]) if start.startswith(b"<?xml") else None
    return start[:1] == b"<" and (declared is None or declared[1].lower().startswith(_ASCII_BASED))


def _check(file: SourceFile, entries: list[zipfile.ZipInfo], limits: ReadingLimits) -> None:
    if len(entries) > limits.max_members:
        raise InputError(_too_many(file.name, limits))
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise protected(file.name)
    for entry in entries:
        if entry.compress_type not in _METHODS:
            raise InputError(f"{file.name}: {entry.filename[:80]!r} is packed in a rare way. Pack it as a plain zip.")
    total = sum(entry.file_size for entry in entries)
    most = min(limits.max_unpacked_bytes, max(_FREE_BYTES, limits.max_expansion * len(file.data)))
    if total > most:
        raise InputError(
            f"{file.name}: {len(file.data) / 1e6:,.1f} MB that unpack to {total / 1e6:,.0f} MB; "
            f"at most {most / 1e6:,.0f} MB are read. Split it, or add the files themselves."
        )


def _too_many(name: str, limits: ReadingLimits) -> str:
    return f"{name}: more than {limits.max_members:,} files inside. Split it, or add the files themselves."
