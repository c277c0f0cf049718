"""`persona calibrate`: the threshold that labels certify, or the reason for none."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._options import Commands, open_store, say
from pipeline.cli.audit import audit_calibration
from pipeline.cli.share import write_file
from pipeline.domain.config import Settings
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.domain.labels import Promise
    from pipeline.store import Store


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    calibrate = commands.add_parser("calibrate", parents=[shared], help="recommend a threshold from labels")
    source = calibrate.add_mutually_exclusive_group(required=True)
    source.add_argument("--csv", type=Path, metavar="FILE", help="columns score, label, ...")
    source.add_argument("--run", nargs="+", metavar="RUN", help="ids, beginnings of ids, or names; of one setup")
    calibrate.add_argument(
        "--design", metavar="ID", help="labels to use with --run (default: the newest drawn from exactly these runs)"
    )
    usual = "default: what the labels were drawn to promise, else"
    calibrate.add_argument(
        "--alpha", type=float, metavar="A", help=f"largest acceptable share of bad texts ({usual} 0.1)"
    )
    calibrate.add_argument("--confidence", type=float, metavar="C", help=f"of the promise ({usual} 0.9)")
    calibrate.add_argument("--risk", choices=("marginal", "selective"), help=f"kind of risk ({usual} marginal)")
    calibrate.add_argument("--sweep", type=Path, metavar="OUT.csv", help="also write every threshold with its figures")
    calibrate.add_argument(
        "--save", type=Path, metavar="FILE.json", help="also save the calibration, for `generate --calibration`"
    )
    calibrate.add_argument(
        "--audit",
        type=Path,
        metavar="FILE.json",
        help="test whether this calibration of another study holds here: draws probes to label, then judges them",
    )
    calibrate.add_argument("--margin", type=float, metavar="M", help="of an audit, declared at the draw (default 0.05)")
    calibrate.add_argument("--probes", type=int, metavar="N", help="labels of an audit (default 20)")
    calibrate.set_defaults(command=_calibrate)


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.calibration.certificate import label_floor
    from pipeline.calibration.summary import summarise, summary_text
    from pipeline.calibration.sweep import sweep
    from pipeline.calibration.table import read_cases, write_sweep
    from pipeline.domain.calibration import CalibrationFile
    from pipeline.domain.labels import Promise
    from pipeline.domain.units import SystemClock
    from pipeline.results.calibration import calibration_file

    if options.design and not options.run:
        raise InputError("--design: names labels in the database, and needs --run. A CSV file brings its own labels.")
    if options.audit:
        return audit_calibration(options, settings)
    if options.run:
        store = open_store(options, settings)
        result = _calibrated(store, options)
        cases, floor, file = result.pool.cases, result.pool.floor, calibration_file(result)
        if options.save:
            store.save_calibration(file, SystemClock().now())
    else:
        cases = read_cases(options.csv)
        floor = label_floor(cases)
        file = CalibrationFile(identity=None, summary=summarise(cases, _promise(options, Promise())))
    if options.sweep:
        write_sweep(sweep(cases, floor=floor), options.sweep)
    if options.save:
        write_file(options.save, file.to_json().encode("utf-8", "replace"))
        say(f"persona: wrote {options.save} ({file.id}).", aside=True)
    say(file.to_json().rstrip() if options.json else summary_text(file.summary))
    return 0


def _promise(options: argparse.Namespace, declared: "Promise") -> "Promise":
    """Return the declared promise, with the flags in place of its values."""
    from pipeline.domain.labels import parse_promise

    asked = {name: getattr(options, name) for name in ("alpha", "confidence", "risk")}
    return parse_promise(declared, {name: value for name, value in asked.items() if value is not None})


def _calibrated(store: "Store", options: argparse.Namespace) -> "CalibrationResult":
    from pipeline.calibration.calibration_result import calibrate_runs
    from pipeline.calibration.labels import label_set
    from pipeline.calibration.pooled_drafts import why_not_together
    from pipeline.calibration.threshold_effects import Terms
    from pipeline.domain.labels import Promise

    ids = list(dict.fromkeys(store.find_run(text) for text in options.run))
    runs = store.scores(ids)
    if running := [run.id for run in runs if run.status == "running"]:
        raise InputError(f"Run {running[0]} is running. Its drafts can be used when it has ended.")
    if reasons := why_not_together(runs):
        raise InputError(f"These runs cannot be taken together. {' '.join(reasons)} Name others.")
    drawn = (design.id for design in store.designs(runs[0].study_id) if set(design.run_ids) == set(ids))
    design_id = options.design or next(drawn, None)
    stored = store.design(design_id) if design_id else None
    labels = label_set(stored, store.labels(stored.id), store.label_history(stored.id)) if stored else None
    branches = [run for run in store.scores(store.branches(ids)) if run.status != "running"]
    declared = stored.design.settings.promise if stored and stored.design.is_drawn else Promise()
    terms = Terms(promise=_promise(options, declared), personas=max(1, len(runs[-1].kept)))
    return calibrate_runs(runs, branches, labels, terms)
