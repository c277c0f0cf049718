"""Read files into a study: text, tables, documents, records, subtitles, and zip archives of them.

A loader is one file in `formats/` that defines `EXTENSIONS` and `load(file, limits) -> Reading`; it is found
on disk, nothing else is edited to add one. Every upload ends in a `Study` or in one `InputError` sentence
that names file, place and remedy; nothing is half-imported, nothing in a file is executed or rendered.
"""

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath

from pipeline.domain.mapping import StudyMapping
from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.sources import formats
from pipeline.sources.assemble import Understood, assemble, parts, understand
from pipeline.sources.encoding import tidy
from pipeline.sources.folders import ARCHIVE_EXTENSION, is_usable, open_paths, unpack
from pipeline.sources.mapping import MappedPart, MappingLookup, nothing
from pipeline.sources.reading import Reading, ReadingLimits, SourceFile
from pipeline.sources.repeats import Talk, find_repeats

__all__ = [
    "DEFAULT_LIMITS",
    "MappedPart",
    "MappingLookup",
    "ReadingLimits",
    "SourceFile",
    "StudyMapping",
    "extensions",
    "load_files",
    "load_paths",
    "outline",
    "read_paths",
]

Loader = Callable[[SourceFile, ReadingLimits], Reading]

DEFAULT_LIMITS = ReadingLimits()


def load_files(
    files: Sequence[SourceFile],
    name: str,
    limits: ReadingLimits = DEFAULT_LIMITS,
    remembered: MappingLookup = nothing,
    *,
    keep_repeats: bool = False,
) -> Study:
    """The study in uploaded files.

    Args:
        files: in any order; the order does not change the study.
        name: shown for the study; not part of its id.
        limits: what is refused.
        remembered: corrections by hand of how files of a shape are read; one that changes a file changes the id.
        keep_repeats: keep a file that holds the same talk as another one; otherwise the fuller one is kept.

    Raises:
        InputError: a file cannot be read, or the files hold no words of a participant.
    """
    limits.check_count(len(files))
    must_read = set(range(len(files)))
    return _study([_named(file) for file in files], name, limits, [], must_read, remembered, keep_repeats)


def outline(file: SourceFile, *, remembered: MappingLookup = nothing) -> tuple[MappedPart, ...]:
    """Return the mappable parts of a file, even if no study is recognised in it yet; empty for prose.

    Raises:
        InputError: the file cannot be read at all.
    """
    file, limits = _named(file), DEFAULT_LIMITS
    if file.extension != ARCHIVE_EXTENSION:
        return parts(file.name, _loaded(file, limits), remembered)
    found: list[MappedPart] = []
    for member in _members(file, limits, []):
        with suppress(InputError):  # left out of the study, too, with a sentence
            found.extend(parts(member.name, _loaded(member, limits), remembered))
    return tuple(found)


def load_paths(
    paths: Sequence[Path],
    name: str | None = None,
    limits: ReadingLimits = DEFAULT_LIMITS,
    remembered: MappingLookup = nothing,
    *,
    keep_repeats: bool = False,
) -> Study:
    """The study in files and folders; folders are searched with everything below them.

    Hidden files, caches and databases are passed over; what cannot be read inside a folder is left out with
    a sentence in `Study.warnings`.

    Raises:
        InputError: a path is missing, a file named explicitly cannot be read, or nothing usable was found.
    """
    warnings: list[str] = []
    opened = open_paths(paths, extensions(), limits, warnings)
    return _study(opened.files, name or opened.name, limits, warnings, opened.must_read, remembered, keep_repeats)


def read_paths(paths: Sequence[Path]) -> list[SourceFile]:
    """The files that `load_paths` makes a study of, as they are on the disk.

    Raises:
        InputError: a path is missing, or a file named explicitly cannot be read.
    """
    return open_paths(paths, extensions(), DEFAULT_LIMITS, []).files


def extensions() -> tuple[str, ...]:
    """File endings that can be read, with their dot, in alphabetical order."""
    return tuple(sorted((*_loaders(), ARCHIVE_EXTENSION)))


@cache
def _loaders() -> dict[str, Loader]:
    found: dict[str, Loader] = {}
    for module in pkgutil.iter_modules(formats.__path__):
        if not module.name.startswith("_"):
            loaded = importlib.import_module(f"{formats.__name__}.{module.name}")
            found.update({extension: loaded.load for extension in loaded.EXTENSIONS})
    return found


def _study(
    files: Sequence[SourceFile],
    name: str,
    limits: ReadingLimits,
    warnings: list[str],
    must_read: Set[int],
    remembered: MappingLookup,
    keep_repeats: bool,
) -> Study:
    named = files[0].name if len(files) == 1 and files[0].extension == ARCHIVE_EXTENSION else name
    files, must_read = _with_members(files, must_read, limits, warnings)
    kept: list[tuple[SourceFile, Understood]] = []
    seen: dict[bytes, str] = {}
    for place in sorted(range(len(files)), key=lambda place: (files[place].name, files[place].data)):
        file = _with_own_name(files[place], seen.values())
        digest = hashlib.sha256(file.data).digest()
        if digest in seen:
            warnings.append(f"{file.name} is left out: it is the same as {seen[digest]}.")
            continue
        seen[digest] = file.name
        try:
            kept.append((file, _understand(file, limits, remembered)))
        except InputError as error:
            if place in must_read:
                raise
            warnings.append(f"Left out: {error}")
    if not kept:
        raise InputError(_nothing(named, warnings))
    if not keep_repeats:
        kept = _once(kept, warnings)
    study_id = _content_hash(kept)
    return assemble([understood for _, understood in kept], study_id, tidy(name) or "Study", limits, warnings)


def _once(kept: Sequence[tuple[SourceFile, Understood]], warnings: list[str]) -> list[tuple[SourceFile, Understood]]:
    """The files without those that hold the same talk as another one."""
    repeats = find_repeats([Talk(own.reading.conversations, own.casts) for _, own in kept])
    for repeat in repeats:
        other, twice = kept[repeat.kept][0].name, kept[repeat.left_out][0].name
        warnings.append(
            f"{twice} is left out: {repeat.share:.0%} of its words stand in {other}, too. It is the same talk twice, "
            "and counts once."
        )
    gone = {repeat.left_out for repeat in repeats}
    return [one for place, one in enumerate(kept) if place not in gone]


def _with_members(
    files: Sequence[SourceFile], must_read: Set[int], limits: ReadingLimits, warnings: list[str]
) -> tuple[list[SourceFile], Set[int]]:
    """The files with every archive replaced by what is in it; what is in one is left out when it cannot be read."""
    found: list[SourceFile] = []
    must: set[int] = set()
    for place, file in enumerate(files):
        if file.extension != ARCHIVE_EXTENSION:
            must.update({len(found)} if place in must_read else ())
            found.append(file)
            continue
        try:
            found.extend(_members(file, limits, warnings))
        except InputError as error:
            if place in must_read:
                raise
            warnings.append(f"Left out: {error}")
    limits.check_count(len(found))
    return found, must


def _members(file: SourceFile, limits: ReadingLimits, warnings: list[str]) -> list[SourceFile]:
    limits.check_size(file.name, len(file.data))
    inside = unpack(file, limits)
    return [one for one in inside if is_usable(PurePosixPath(one.name), one.name, extensions(), warnings)]


def _understand(file: SourceFile, limits: ReadingLimits, remembered: MappingLookup) -> Understood:
    understood = understand(file.name, _loaded(file, limits), remembered)
    turns = sum(len(conversation.turns) for conversation in understood.reading.conversations)
    if turns > limits.max_turns:
        raise InputError(f"{file.name}: {turns:,} turns; at most {limits.max_turns:,} are read. Split the file.")
    return understood


def _loaded(file: SourceFile, limits: ReadingLimits) -> Reading:
    loader = _loaders().get(file.extension)
    if loader is None:
        ending = f"{file.extension} files" if file.extension else "files without an ending"
        raise InputError(f"{file.name}: {ending} cannot be read. Use one of: {', '.join(extensions())}.")
    limits.check_size(file.name, len(file.data))
    return loader(file, limits)


def _content_hash(files: Iterable[tuple[SourceFile, Understood]]) -> str:
    """The id of a study: names, bytes, and the corrections by hand without which it would be another one."""
    digest = hashlib.sha256()
    for file, understood in files:
        corrections = [mapping.model_dump_json(exclude_defaults=True).encode() for mapping in understood.used]
        for part in (file.name.encode("utf-8", "replace"), file.data, *corrections):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _named(file: SourceFile) -> SourceFile:
    """An upload under a name that is safe to show."""
    return SourceFile(name=tidy(file.name.replace("\\", "/"))[-200:] or "unnamed", data=file.data)


def _with_own_name(file: SourceFile, taken: Iterable[str]) -> SourceFile:
    """The file under a name that no file before it has: `notes.txt`, `notes (2).txt`."""
    names, suffix, number = set(taken), PurePosixPath(file.name).suffix, 1
    name = file.name
    while name in names:
        number += 1
        name = f"{file.name.removesuffix(suffix)} ({number}){suffix}"
    return SourceFile(name=name, data=file.data)


def _nothing(name: str, warnings: Sequence[str]) -> str:
    if not warnings:
        return f"{name}: no files to read. Use one of: {', '.join(extensions())}."
    more = f" ({len(warnings) - 1} more were left out.)" if len(warnings) > 1 else ""
    return f"{name}: nothing usable was found. {warnings[0]}{more} Readable: {', '.join(extensions())}."
