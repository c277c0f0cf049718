"""Zip archives: unpacked in memory as a folder would be read; the names of entries are shown, never opened as paths."""

import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from pipeline.errors import InputError
from pipeline.sources.encoding import tidy
from pipeline.sources.formats._packages import opened, read
from pipeline.sources.reading import Limits, SourceFile

EXTENSION = ".zip"

_WHAT = "a zip archive"
_UTF8_NAME = 0x800


def unpacked(file: SourceFile, limits: Limits, depth: int = 1) -> list[SourceFile]:
    """The files in an archive and in the archives inside it, named `archive.zip/folder/file.txt`.

    Hidden files and folders, which programs leave behind, are passed over.

    Raises:
        InputError: no archive, damaged, with a password, too much inside, or an entry that points outside of it.
    """
    files: list[SourceFile] = []
    left = limits.max_unpacked_bytes
    with opened(file, _WHAT, limits) as package:
        for entry, name in _entries(package, file.name):
            member = SourceFile(
                name=f"{file.name}/{name}", data=read(package, entry, f"{file.name}/{name}", "an archived file")
            )
            inside = [member]
            if member.extension == EXTENSION:
                if depth == limits.max_archive_depth:
                    raise InputError(f"{member.name}: archives inside archives, {depth} deep. Unpack it first.")
                rest = limits.model_copy(update={"max_unpacked_bytes": max(left, 1)})
                inside = unpacked(member, rest, depth + 1)
            files.extend(inside)
            left -= sum(len(one.data) for one in inside)
    return files


def _entries(package: zipfile.ZipFile, archive: str) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    for entry in package.infolist():
        name = _name(entry)
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith("/") or name[1:2] == ":":
            raise InputError(f"{archive}: the entry {name[:80]!r} points outside of the archive. Pack the files again.")
        if parts and not entry.is_dir() and not any(part.startswith((".", "__")) for part in parts):
            yield entry, name


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; `zipfile` takes names that are not marked as UTF-8 for those of an old DOS machine."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return tidy(name.replace("\\", "/"))[-200:]
