"""`persona calibrate`: the threshold that labels certify, or the reason for none."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._options import Commands, open_store, say
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
    calibrate.set_defaults(command=_calibrate)


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.calibration.certificate import label_floor
    from pipeline.calibration.summary import SCHEMA, identity_of, summarise, summary_of, summary_text
    from pipeline.calibration.sweep import sweep
    from pipeline.calibration.table import read_cases, write_sweep
    from pipeline.domain.labels import Promise

    if options.design and not options.run:
        raise InputError("--design: names labels in the database, and needs --run. A CSV file brings its own labels.")
    if options.run:
        result = _calibrated(open_store(options, settings), options)
        cases, floor = result.pool.cases, result.pool.floor
        identity = identity_of(result).model_dump(mode="json")
        summary = summary_of(result).model_copy(update=_words(result))
    else:
        cases, identity = read_cases(options.csv), None
        floor, summary = label_floor(cases), summarise(cases, _promise(options, Promise()))
    if options.sweep:
        write_sweep(sweep(cases, floor=floor), options.sweep)
    if options.json:
        document = {"schema": SCHEMA, "status": summary.status, "identity": identity, **summary.model_dump(mode="json")}
        say(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        say(summary_text(summary))
    return 0


def _words(result: "CalibrationResult") -> dict[str, object]:
    """Return the answer and the notes of the page, for one and the same words everywhere."""
    from pipeline.results.calibration import calibration_notes, drift_warning, verdict_of

    notes = (*filter(None, [drift_warning(result)]), *calibration_notes(result))
    return {"verdict": verdict_of(result), "notes": notes}


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
