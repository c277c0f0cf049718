"""Bundle files: write runs and their studies for import into another installation, and read them.

A bundle is a zip of JSON: `manifest.json` lists the other members with their checksums; a study, a run and a design
are one member each. Reading trusts nothing: sizes are bounded before unpacking, every name and value is checked, and
no member is ever written to disk. Checksums detect damage and careless changes; they are not a signature and do not
identify the author of a bundle.
"""

import hashlib
import io
import json
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import AwareDatetime, JsonValue, ValidationError

from pipeline.domain.base import Frozen
from pipeline.domain.bundle import Bundle, BundledRun, Id, LabelledDesign
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import explain_validation
from pipeline.domain.study import Study
from pipeline.domain.untrusted import Bounds, Refused, parse_json, read_file
from pipeline.errors import InputError

FORMAT = "persona.bundle/4"
_READABLE = ("persona.bundle/1", "persona.bundle/2", "persona.bundle/3", FORMAT)
"""Readable formats; version 1 has neither designs nor private studies, version 2 no edits, version 3 no remarks."""

_MANIFEST = "manifest.json"
_FORMATS = re.compile(r"persona\.bundle/(\d+)")


class BundleLimits(NamedTuple):
    """Maximum sizes of a bundle, checked before it is unpacked."""

    file_bytes: int = 200_000_000
    unpacked_bytes: int = 1_000_000_000
    expansion: int = 100
    """Maximum ratio of unpacked to stored size, from 1 MB on. Text packs to a fifth or a tenth."""
    members: int = 2_000
    document: Bounds = Bounds(max_bytes=100_000_000, max_nodes=1_000_000, max_items=250_000)
    """Of one member. A run of 500 drafts has about 150,000 values."""


_FREE_BYTES = 1_000_000
"""Size up to which the ratio to the stored size says nothing."""
_ENTRY_MARK = b"PK\x01\x02"


class _Noted(Frozen):
    sha256: str
    bytes: int


class _Manifest(Frozen):
    format: str
    program: str
    created_at: AwareDatetime
    source_text: bool
    studies: tuple[Id, ...]
    private: tuple[Id, ...] = ()
    runs: tuple[Id, ...]
    comparisons: tuple[Comparison, ...]
    designs: tuple[Id, ...] = ()
    members: dict[str, _Noted]


def write_bundle(bundle: Bundle, now: datetime) -> bytes:
    """Write a bundle as a zip file; the same bundle and time give the same bytes.

    Raises:
        InputError: it would contain the text of a study that never leaves its machine.
    """
    if bundle.private and bundle.source_text:
        names = ", ".join(study.name for study in bundle.studies if study.id in bundle.private)
        raise InputError(
            f"{names}: never leaves this machine, so a bundle cannot contain its text. Export without it"
            " (--without-source), or turn the switch off on Upload."
        )
    members = {f"studies/{study.id}.json": _json(study) for study in bundle.studies}
    members |= {f"runs/{run.id}.json": _json(run) for run in bundle.runs}
    members |= {f"designs/{design.stored.id}.json": _json(design) for design in bundle.designs}
    manifest = _Manifest(
        format=FORMAT,
        program=_program(),
        created_at=now.astimezone(UTC),
        source_text=bundle.source_text,
        studies=tuple(study.id for study in bundle.studies),
        private=bundle.private,
        runs=tuple(run.id for run in bundle.runs),
        comparisons=bundle.comparisons,
        designs=tuple(design.stored.id for design in bundle.designs),
        members={name: _Noted(sha256=_digest(data), bytes=len(data)) for name, data in members.items()},
    )
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, data in {_MANIFEST: _json(manifest), **members}.items():
            # A plain `ZipInfo` has a fixed time and no trace of the operating system.
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, data)
    return target.getvalue()


def read_bundle(data: bytes, where: str, limits: BundleLimits = BundleLimits()) -> Bundle:  # noqa: B008 - immutable
    """Read a bundle from the bytes of a file.

    Args:
        data: the file.
        where: its name, for errors.
        limits: maximum sizes.

    Raises:
        InputError: it is no bundle, is damaged, was changed, is too large, or has a newer format.
    """
    if len(data) > limits.file_bytes:
        raise _refused(where, f"it has {len(data):,} bytes, and {limits.file_bytes:,} are allowed.")
    with _opened(data, where, limits) as archive:
        content = {entry.filename: entry for entry in archive.infolist()}
        manifest = _manifest(archive, content.pop(_MANIFEST, None), where, limits)
        named = {"studies": manifest.studies, "runs": manifest.runs, "designs": manifest.designs}
        expected = {f"{folder}/{key}.json" for folder, keys in named.items() for key in keys}
        if odd := sorted((content.keys() ^ expected) | (manifest.members.keys() ^ expected)):
            raise _refused(
                where, f"'{odd[0][:80]}' is in it or in its manifest, and not in the other. Export it again."
            )
        for name, entry in content.items():
            if manifest.members[name].bytes != entry.file_size:
                raise _changed(where, name)

        def parsed(model: type[_Model], folder: str, keys: Sequence[str]) -> tuple[_Model, ...]:
            # One after the other: only one member at a time is unpacked and not yet a value.
            names = [f"{folder}/{key}.json" for key in keys]
            return tuple(
                _member(model, archive, content[name], manifest.members[name], where, limits) for name in names
            )

        bundle = Bundle(
            source_text=manifest.source_text,
            studies=parsed(Study, "studies", manifest.studies),
            private=manifest.private,
            runs=parsed(BundledRun, "runs", manifest.runs),
            comparisons=manifest.comparisons,
            designs=parsed(_design_model(), "designs", manifest.designs) if manifest.designs else (),
        )
    _check_ids(bundle, manifest, where)
    return bundle


def open_bundle(file: Path, limits: BundleLimits = BundleLimits()) -> Bundle:  # noqa: B008 - immutable
    """Read a bundle from a file on disk; see `read_bundle`.

    Raises:
        InputError: the file cannot be read, or `read_bundle` refuses it.
    """
    try:
        data = read_file(file, limits.file_bytes)
    except Refused as error:
        raise _refused(str(file), f"it {error}.") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). Check the path.") from error
    return read_bundle(data, str(file), limits)


@contextmanager
def _opened(data: bytes, where: str, limits: BundleLimits) -> Iterator[ZipFile]:
    """The archive, once what it claims is within the limits.

    The claims bind: no member is read beyond the size that was counted here.
    """
    # Each entry costs some 600 bytes when the list is read, so they are counted before that.
    if data.count(_ENTRY_MARK) > 10 * limits.members:
        raise _refused(where, f"it has more than {limits.members:,} members.")
    with _damage_in_words(where):
        archive = ZipFile(io.BytesIO(data))
    with archive:
        _check_claims(archive.infolist(), len(data), where, limits)
        yield archive


def _unpacked(archive: ZipFile, entry: ZipInfo, where: str) -> bytes:
    with _damage_in_words(where):
        return archive.read(entry)


@contextmanager
def _damage_in_words(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise _refused(
            where, "it is not a zip archive, or it was cut off or damaged. Export or copy it again."
        ) from error


def _check_claims(entries: list[ZipInfo], stored: int, where: str, limits: BundleLimits) -> None:
    if len(entries) > limits.members:
        raise _refused(where, f"it has {len(entries):,} members, and {limits.members:,} are allowed.")
    most = min(limits.unpacked_bytes, max(_FREE_BYTES, limits.expansion * stored))
    if (total := sum(entry.file_size for entry in entries)) > most:
        raise _refused(where, f"unpacked it has {total:,} bytes, and {most:,} are allowed.")
    if (largest := max((entry.file_size for entry in entries), default=0)) > limits.document.max_bytes:
        raise _refused(where, f"a member has {largest:,} bytes, and {limits.document.max_bytes:,} are allowed.")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise _refused(where, "a member is in it twice.")
    if any(entry.flag_bits & 1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in entries):
        raise _refused(where, "a member is encrypted, or packed in a way that bundles are not.")


_DAMAGE = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
)
"""Exceptions that `zipfile` raises for damaged archives."""


def _manifest(archive: ZipFile, entry: ZipInfo | None, where: str, limits: BundleLimits) -> _Manifest:
    if entry is None:
        raise _refused(where, f"it has no {_MANIFEST}. Make one with `persona export RUN --bundle FILE.zip`.")
    stated = _values(_unpacked(archive, entry, where), _MANIFEST, where, limits)
    name = stated.get("format") if isinstance(stated, dict) else None
    found = _FORMATS.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise _refused(where, f"its {_MANIFEST} is not that of a bundle of runs.")
    if name not in _READABLE:
        raise _refused(
            where, f"it is of format {found[0][:40]}, and this program reads up to {FORMAT}. Update the program."
        )
    return _parsed(_Manifest, stated, where)


_Model = TypeVar("_Model", bound=Frozen)


def _member(
    model: type[_Model], archive: ZipFile, entry: ZipInfo, noted: _Noted, where: str, limits: BundleLimits
) -> _Model:
    """One member as a value, once its checksum is right."""
    data = _unpacked(archive, entry, where)
    if noted.sha256 != _digest(data):
        raise _changed(where, entry.filename)
    return _parsed(model, _values(data, entry.filename, where, limits), where)


def _values(data: bytes, name: str, where: str, limits: BundleLimits) -> JsonValue:
    try:
        return parse_json(data, limits.document)
    except Refused as error:
        raise _refused(where, f"{name} {error}.") from error


def _parsed(model: type[_Model], values: JsonValue, where: str) -> _Model:
    # From values, not from JSON: there every error would hold a copy of all that it is about.
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _refused(where, explain_validation(error)[:500]) from error


def _design_model() -> "type[LabelledDesign]":
    return LabelledDesign


def _check_ids(bundle: Bundle, manifest: _Manifest, where: str) -> None:
    studies = tuple(study.id for study in bundle.studies)
    runs = tuple(run.id for run in bundle.runs)
    if (studies, runs) != (manifest.studies, manifest.runs) or len(set(runs)) != len(runs):
        raise _refused(where, "the id of a study or run differs from its manifest.")
    if strays := {run.study_id for run in bundle.runs} - set(studies):
        raise _refused(where, f"it lacks the study {min(strays)} of one of its runs.")
    if any(not compared.run_ids or not set(compared.run_ids) <= set(runs) for compared in bundle.comparisons):
        raise _refused(where, "it has a comparison of runs that it lacks.")
    if tuple(design.stored.id for design in bundle.designs) != manifest.designs:
        raise _refused(where, "the id of a design differs from its manifest.")
    studied = {run.id: run.study_id for run in bundle.runs}
    drafts = {(run.id, draft.id) for run in bundle.runs for draft in run.drafts}
    for labelled in bundle.designs:
        design = labelled.stored.design
        if {studied.get(run_id) for run_id in labelled.stored.run_ids} != {design.setup.study_id}:
            raise _refused(where, f"it lacks a run or the study of the design {labelled.stored.id}.")
        if not {task.key for task in design.tasks} <= drafts:
            raise _refused(where, f"it lacks a draft of the design {labelled.stored.id}.")


def _changed(where: str, name: str) -> InputError:
    return _refused(where, f"{name} is not what its checksum says: it was changed or damaged. Export it again.")


def _refused(where: str, why: str) -> InputError:
    return InputError(f"{where}: cannot be imported: {why}")


def _json(model: Frozen) -> bytes:
    # Not `model_dump_json`: it refuses lone surrogates.
    return json.dumps(model.model_dump(mode="json"), ensure_ascii=False).encode("utf-8", "replace")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _program() -> str:
    try:
        return f"persona {version('persona')}"
    except PackageNotFoundError:
        return "persona"
