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
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import AwareDatetime, ValidationError

from pipeline.domain.base import Frozen
from pipeline.domain.bundle import Bundle, BundledRun, Id, LabelledDesign
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import explain_validation
from pipeline.domain.study import Study
from pipeline.errors import InputError

FORMAT = "persona.bundle/2"
_READABLE = ("persona.bundle/1", FORMAT)
"""Readable formats; version 1 has neither designs nor private studies."""

_MANIFEST = "manifest.json"
_FORMATS = re.compile(r"persona\.bundle/(\d+)")


class BundleLimits(NamedTuple):
    """Maximum sizes of a bundle, checked before it is unpacked."""

    file_bytes: int = 200_000_000
    unpacked_bytes: int = 1_000_000_000
    members: int = 2_000


class _Member(Frozen):
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
    members: dict[str, _Member]


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
        members={name: _Member(sha256=_digest(data), bytes=len(data)) for name, data in members.items()},
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
        raise _too_large(where, len(data), limits)
    members = _unpack(data, where, limits)
    manifest = _manifest(members.pop(_MANIFEST, None), where)
    named = {"studies": manifest.studies, "runs": manifest.runs, "designs": manifest.designs}
    expected = {f"{folder}/{key}.json" for folder, keys in named.items() for key in keys}
    if odd := sorted((members.keys() ^ expected) | (manifest.members.keys() ^ expected)):
        raise _refused(where, f"'{odd[0][:80]}' is only in the file or only in its manifest. Export it again.")
    for name, content in members.items():
        noted = manifest.members[name]
        if noted.bytes != len(content) or noted.sha256 != _digest(content):
            raise _refused(where, f"{name} does not match its checksum: it was changed or damaged. Export it again.")
    bundle = Bundle(
        source_text=manifest.source_text,
        studies=tuple(_parsed(Study, members[f"studies/{key}.json"], where) for key in manifest.studies),
        private=manifest.private,
        runs=tuple(_parsed(BundledRun, members[f"runs/{key}.json"], where) for key in manifest.runs),
        comparisons=manifest.comparisons,
        designs=_designs(members, manifest, where),
    )
    _check_ids(bundle, manifest, where)
    return bundle


def open_bundle(file: Path, limits: BundleLimits = BundleLimits()) -> Bundle:  # noqa: B008 - immutable
    """Read a bundle from a file on disk; see `read_bundle`.

    Raises:
        InputError: the file cannot be read, or `read_bundle` refuses it.
    """
    try:
        if (size := file.stat().st_size) > limits.file_bytes:
            raise _too_large(str(file), size, limits)
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). Check the path.") from error
    return read_bundle(data, str(file), limits)


def _too_large(where: str, size: int, limits: BundleLimits) -> InputError:
    return _refused(where, f"it has {size:,} bytes, and {limits.file_bytes:,} are allowed.")


def _unpack(data: bytes, where: str, limits: BundleLimits) -> dict[str, bytes]:
    """Return the members by name; names are never used as paths."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > limits.members:
                raise _refused(where, f"it has {len(entries):,} members, and {limits.members:,} are allowed.")
            total = sum(entry.file_size for entry in entries)
            if total > limits.unpacked_bytes:
                raise _refused(where, f"unpacked it has {total:,} bytes, and {limits.unpacked_bytes:,} are allowed.")
            names = [entry.filename for entry in entries]
            if len(set(names)) != len(names):
                raise _refused(where, "it has the same member twice.")
            if any(entry.flag_bits & 1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in entries):
                raise _refused(where, "a member is encrypted, or uses a compression that bundles do not allow.")
            # `read` stops at the size that was counted above.
            return {entry.filename: archive.read(entry) for entry in entries}
    except _DAMAGE as error:
        raise _refused(
            where, "it is not a zip archive, or it was cut off or damaged. Export or copy it again."
        ) from error


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


def _manifest(data: bytes | None, where: str) -> _Manifest:
    if data is None:
        raise _refused(where, f"it has no {_MANIFEST}. Make one with `persona export RUN --bundle FILE.zip`.")
    try:
        stated = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _refused(where, f"{_MANIFEST} is not JSON.") from error
    name = stated.get("format") if isinstance(stated, dict) else None
    found = _FORMATS.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise _refused(where, f"its {_MANIFEST} is not that of a bundle of runs.")
    if name not in _READABLE:
        raise _refused(where, f"it has format {name}, but this program reads up to {FORMAT}. Update the program.")
    return _parsed(_Manifest, data, where)


_Model = TypeVar("_Model", bound=Frozen)


def _parsed(model: type[_Model], data: bytes, where: str) -> _Model:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise _refused(where, explain_validation(error)[:500]) from error


def _designs(members: dict[str, bytes], manifest: _Manifest, where: str) -> tuple[LabelledDesign, ...]:
    if not manifest.designs:
        return ()
    return tuple(_parsed(LabelledDesign, members[f"designs/{key}.json"], where) for key in manifest.designs)


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
