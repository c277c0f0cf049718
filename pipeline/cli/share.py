"""`persona export` and `persona import`: runs as a bundle for another installation, or as a report to read."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._options import Commands, open_store, say
from pipeline.domain.config import Settings
from pipeline.errors import InputError
from pipeline.text.wording import count

if TYPE_CHECKING:
    from pipeline.domain.run import RunRecord
    from pipeline.domain.study import Study
    from pipeline.results.export_files import FileForm
    from pipeline.store import Store


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add both commands."""
    export = commands.add_parser("export", parents=[shared], help="export runs to a file to share")
    export.add_argument("run", nargs="+", metavar="RUN", help="id, the beginning of an id, or the name")
    form = export.add_mutually_exclusive_group(required=True)
    form.add_argument("--bundle", type=Path, metavar="FILE.zip", help="for another installation: `persona import`")
    for name, (ending, text) in _FILES.items():
        form.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar=f"FILE.{ending}", help=text)
    add_identifier_choice(export)
    words = export.add_mutually_exclusive_group()
    words.add_argument("--without-source", action="store_true", help="bundle without the words of the study")
    words.add_argument("--with-source", action="store_true", help="quotes and sources from the study, too")
    export.add_argument(
        "--with-notes", action="store_true", help="notes, tags and comments, too; for --bundle, --html and --pdf"
    )
    export.set_defaults(command=_export)
    take = commands.add_parser("import", parents=[shared], help="import a bundle of runs, or a calibration")
    take.add_argument("bundle", type=Path, metavar="FILE", help="bundle (zip) or calibration (json)")
    take.set_defaults(command=_import)


def _export(options: argparse.Namespace, settings: Settings) -> int:
    store = open_store(options, settings)
    run_ids = [store.find_run(text) for text in options.run]
    chosen = next((name for name in _FILES if getattr(options, name)), None)
    if chosen:
        file, data = getattr(options, chosen), _made(chosen, store, run_ids, options, settings)
    else:
        file, data = options.bundle, _bundle(store, run_ids, options)
    write_file(file, data)
    written = {"file": str(file), "runs": run_ids, "bytes": len(data)}
    say(json.dumps(written, ensure_ascii=False) if options.json else f"{file}: {', '.join(run_ids)}.")
    return 0


def _leaving(store: "Store", run: "RunRecord", options: argparse.Namespace) -> "tuple[RunRecord, Study]":
    from pipeline.results.export_check import leaving

    return leaving(run, store.study(run.study_id), with_words=options.with_source, choice=options.identifiers)


_FILES: "dict[FileForm, tuple[str, str]]" = {
    "html": ("html", "a report of one run that opens in any browser"),
    "pptx": ("pptx", "slides: one per persona, one of the set, one of method and limits"),
    "docx": ("docx", "the report of a run for Word"),
    "pdf": ("pdf", "the report of a run as PDF, printed by the Chromium of this machine"),
    "cards_csv": ("csv", "one row per statement, for boards"),
    "qdpx": ("qdpx", "study with personas as codes, for QualCoder, NVivo, MAXQDA, ATLAS.ti; needs --with-source"),
    "taguette": ("csv", "coded passages as Taguette writes them; needs --with-source"),
    "cards_json": ("json", "personas with their statements, for design tools"),
}


def _made(
    form: "FileForm", store: "Store", run_ids: list[str], options: argparse.Namespace, settings: Settings
) -> bytes:
    """Return a file of one run, or the slides of a comparison for several."""
    flag = f"--{form.replace('_', '-')}"
    if options.without_source:
        quoting = "a report quotes" if form == "html" else "other files quote"
        raise InputError(f"--without-source needs --bundle: {quoting} the study only if you ask for it.")
    runs = [store.run(run_id) for run_id in run_ids]
    if form == "pptx" and len(runs) > 1:
        from pipeline.results.report.brand import brand_of
        from pipeline.results.report.slides import comparison_slides

        return comparison_slides([_leaving(store, run, options)[0] for run in runs], brand=brand_of(settings))
    if len(runs) != 1:
        several = " Use `persona compare` for several." if form == "html" else ""
        raise InputError(f"{flag}: {len(runs)} runs given, 1 expected.{several}")
    if form in ("qdpx", "taguette") and not options.with_source:
        raise InputError(f"{flag}: coded passages are words of the study. Add --with-source to export them.")
    from pipeline.domain.remarks import RunRemarks
    from pipeline.results.export_check import checked
    from pipeline.results.export_files import run_file

    remarks = RunRemarks()
    if options.with_notes:
        if form not in ("html", "pdf"):
            raise InputError(f"--with-notes needs --bundle, --html or --pdf: {flag} has no place for notes.")
        (remarks,) = checked([store.run_remarks(runs[0].id)], options.identifiers)
    leaving = _leaving(store, runs[0], options)
    return run_file(form, *leaving, with_source=options.with_source, settings=settings, remarks=remarks)


def _bundle(store: "Store", run_ids: list[str], options: argparse.Namespace) -> bytes:
    from pipeline.domain.bundle import without_source
    from pipeline.domain.units import SystemClock
    from pipeline.results.export_check import checked
    from pipeline.store.bundle_file import write_bundle

    if options.with_source:
        raise InputError("--with-source is not for --bundle: a bundle always holds the study unless you leave it out.")
    bundle = store.bundle(run_ids, with_remarks=options.with_notes)
    (found,) = checked((without_source(bundle) if options.without_source else bundle,), options.identifiers)
    return write_bundle(found, SystemClock().now())


def _import(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.domain.units import SystemClock
    from pipeline.store.bundle_file import open_bundle

    if options.bundle.suffix.lower() == ".json":
        return _import_calibration(options, settings)
    bundle = open_bundle(options.bundle)
    taken = open_store(options, settings).import_bundle(bundle, SystemClock().now())
    if options.json:
        say(taken.model_dump_json(indent=2))
        return 0
    for run_id in taken.runs:
        say(f"Imported {run_id}: `persona show {run_id}`.")
    for run_id in taken.known:
        say(f"{run_id} is already here and was left unchanged.")
    if taken.labels:
        say(f"{count(taken.labels, 'label')} imported.")
    return 0


def _import_calibration(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.domain.calibration import read_calibration_file
    from pipeline.domain.units import SystemClock

    file = read_calibration_file(options.bundle)
    known = open_store(options, settings).save_calibration(file, SystemClock().now(), is_imported=True)
    done = {"calibration": known, "status": file.summary.status, "threshold": file.summary.threshold}
    say(json.dumps(done) if options.json else f"Imported calibration {known}: {file.summary.status}.")
    return 0


def add_identifier_choice(command: argparse.ArgumentParser) -> None:
    """Add the flag that says what happens to identifiers of people in a file that leaves."""
    command.add_argument(
        "--identifiers",
        choices=("refuse", "replace", "leave"),
        default="refuse",
        help="e-mail addresses, telephone numbers and the like in the file: refuse to write it and list them "
        "(default), replace them by placeholders, or leave them",
    )


def write_file(file: Path, data: bytes) -> None:
    """Write a file that the user named, replacing an existing one.

    Raises:
        InputError: it cannot be written.
    """
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"{file}: cannot be written ({error.strerror}). Name a file in a folder that exists."
        ) from error
