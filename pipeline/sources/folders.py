"""List the files to read in folders and zip archives, with the names to show.

Archives are unpacked in memory as a folder would be read; the names of entries are shown, never opened as paths.
"""

import zipfile
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from pipeline.domain.untrusted import Refused, read_file
from pipeline.errors import InputError
from pipeline.sources.encoding import tidy
from pipeline.sources.formats._packages import opened, read
from pipeline.sources.reading import ReadingLimits, SourceFile

_NOT_STUDY = frozenset(("readme", "license", "licence", "changelog", "contributing"))
"""Names of files that describe a folder: read as a document only when named explicitly."""

ARCHIVE_EXTENSION = ".zip"

_ARCHIVE = "a zip archive"
_UTF8_NAME = 0x800


class Opened(NamedTuple):
    """Files found on the disk."""

    files: list[SourceFile]
    must_read: set[int]
    """Places among the files of those that were named themselves."""
    name: str
    """Of the one file, or of the folder that holds all files, those left out included."""


def open_paths(paths: Sequence[Path], readable: Container[str], limits: ReadingLimits, warnings: list[str]) -> Opened:
    """Open the files to read among paths and in folders.

    Args:
        paths: folders are searched with everything below them.
        readable: endings of the files to take from a folder.
        limits: sizes and counts above which input is refused.
        warnings: receives a sentence for every file of a folder that is left out.

    Raises:
        InputError: no path, a path is missing, a file named explicitly cannot be read, or there are too many.
    """
    if not paths:
        raise InputError("No files were given. Name at least one file or folder that holds interviews or answers.")
    found = _found(paths)
    usable = [path for path, is_named in found.items() if is_named or is_usable(path, path.name, readable, warnings)]
    limits.check_count(len(usable))
    files: list[SourceFile] = []
    must_read: set[int] = set()
    for path, shown in zip(usable, _shown_names(usable), strict=True):
        try:
            files.append(_read(path, shown, limits))
        except InputError as error:
            if found[path]:
                raise
            warnings.append(f"Left out: {error}")
            continue
        if found[path]:
            must_read.add(len(files) - 1)
    return Opened(files, must_read, _study_name(paths, usable))


def is_usable(path: PurePath, shown: str, readable: Container[str], warnings: list[str]) -> bool:
    """Return whether a file of a folder or an archive is read; add a sentence to the warnings if not."""
    if path.suffix.lower() not in readable:
        warnings.append(f"{shown} is left out: {path.suffix or 'files without an ending'} cannot be read.")
    elif path.stem.lower() in _NOT_STUDY:
        warnings.append(f"{shown} is left out: it describes the folder. Name it explicitly to include it.")
    else:
        return True
    return False


def _found(paths: Sequence[Path]) -> dict[Path, bool]:
    """All files named or below the folders named, and whether a file was named itself."""
    found: dict[Path, bool] = {}
    for path in paths:
        try:
            if not path.exists():
                raise InputError(f"{path}: there is no such file or folder. Check the path.")
            for file in _walk(path) if path.is_dir() else [path]:
                found[file.resolve()] = found.get(file.resolve(), False) or not path.is_dir()
        except OSError as error:
            raise InputError(f"{path}: cannot be opened ({error.strerror}). Check its permissions.") from error
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder in sorted order; links to folders are not followed, so there is no loop."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__")) or ".db" in path.suffixes or path.suffix.startswith(".db-"):
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from _walk(path)
        else:
            yield path


def _read(path: Path, shown: str, limits: ReadingLimits) -> SourceFile:
    try:
        if not path.is_file():
            raise InputError(f"{shown}: is not a regular file. Name a file or a folder.")
        limits.check_size(shown, path.stat().st_size)
        # What stands at the path may have become another one, or grown, since it was looked at.
        return SourceFile(name=shown, data=read_file(path, limits.max_file_bytes))
    except Refused as error:
        raise InputError(f"{error.about(shown)}.") from error
    except OSError as error:
        raise InputError(f"{shown}: cannot be read ({error.strerror}). Check the file and its permissions.") from error


def _shown_names(paths: Sequence[Path]) -> list[str]:
    """The file name; with as many folders before it as it takes to tell files of one name apart."""
    shown = []
    for path in paths:
        rivals = [other for other in paths if other.name == path.name and other != path]
        depth = 1
        while any(other.parts[-depth:] == path.parts[-depth:] for other in rivals):
            depth += 1
        shown.append(tidy(str(PurePosixPath(*path.parts[-depth:]))))
    return shown


def _study_name(paths: Sequence[Path], files: Sequence[Path]) -> str:
    """The name of the one file, or of the folder that holds all files."""
    if len(files) == 1:
        return files[0].stem
    parents = {file.parent for file in files}
    return (parents.pop() if len(parents) == 1 else paths[0].resolve()).name or "Study"


def unpack(file: SourceFile, limits: ReadingLimits, depth: int = 1) -> list[SourceFile]:
    """The files in an archive and in the archives inside it, named `archive.zip/folder/file.txt`.

    Hidden files and folders, which programs leave behind, are passed over.

    Raises:
        InputError: no archive, damaged, with a password, too much inside, or an entry that points outside of it.
    """
    files: list[SourceFile] = []
    left = limits.max_unpacked_bytes
    with opened(file, _ARCHIVE, limits) as package:
        for entry, name in _archive_entries(package, file.name):
            member = SourceFile(
                name=f"{file.name}/{name}", data=read(package, entry, f"{file.name}/{name}", "an archived file")
            )
            inside = [member]
            if member.extension == ARCHIVE_EXTENSION:
                if depth == limits.max_archive_depth:
                    raise InputError(f"{member.name}: archives inside archives, {depth} deep. Unpack it first.")
                rest = limits.model_copy(update={"max_unpacked_bytes": max(left, 1)})
                inside = unpack(member, rest, depth + 1)
            files.extend(inside)
            left -= sum(len(one.data) for one in inside)
    return files


def _archive_entries(package: zipfile.ZipFile, archive: str) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    for entry in package.infolist():
        name = _entry_name(entry)
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith("/") or name[1:2] == ":":
            raise InputError(f"{archive}: the entry {name[:80]!r} points outside of the archive. Pack the files again.")
        if parts and not entry.is_dir() and not any(part.startswith((".", "__")) for part in parts):
            yield entry, name


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; `zipfile` takes names that are not marked as UTF-8 for those of an old DOS machine."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return tidy(name.replace("\\", "/"))[-200:]
