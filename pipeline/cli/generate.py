"""`persona generate` and `persona resume`: run, watch, print."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._options import (
    Commands,
    cache_of,
    config_of,
    mapping_lookup,
    open_store,
    run_options,
    say,
    worker_of,
)
from pipeline.cli.runs import print_run_of
from pipeline.domain.config import Settings
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.domain.config import HybridConfig
    from pipeline.domain.run import RunRecord
    from pipeline.domain.study import Study
    from pipeline.jobs.worker import Worker
    from pipeline.store import Store


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add both commands."""
    generate = commands.add_parser("generate", parents=[shared], help="draft, score and refine personas of a study")
    run_options(generate)
    origin = generate.add_mutually_exclusive_group(required=True)
    origin.add_argument("--from", dest="source", nargs="+", type=Path, metavar="PATH")
    origin.add_argument(
        "--from-drafts",
        metavar="RUN",
        help="reuse the drafts and scores of this run, and its settings unless given",
    )
    generate.add_argument("--output", type=Path, metavar="DIR", help="also write run.json, personas.json, personas.md")
    generate.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE.json",
        help="take the certified threshold of this file; refused when it was made for another model, prompt or scorer",
    )
    generate.add_argument(
        "--private",
        action="store_true",
        help="keep this study on this machine from now on, whatever a configuration sets; undo it on the Upload page",
    )
    generate.set_defaults(command=_generate)
    resume = commands.add_parser("resume", parents=[shared], help="finish an interrupted run")
    resume.add_argument("run", metavar="RUN")
    resume.set_defaults(command=_resume)


def _generate(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.sources import load_paths

    if options.from_drafts:
        return _branch(options, settings)
    config = config_of(options)
    study = load_paths(options.source, remembered=mapping_lookup(options, settings))
    store = open_store(options, settings)
    store.save_study(study)
    _keep_here(store, study.id, options)
    worker = worker_of(store, options, settings)
    config, note = _calibrated(options, settings, config, study.id, store, None)
    run_id = worker.start(study.id, config, settings)
    if note:
        store.log(run_id).warn(note)
    return _follow(store, worker, run_id, options)


def _branch(options: argparse.Namespace, settings: Settings) -> int:
    store = open_store(options, settings)
    source = store.run(store.find_run(options.from_drafts))
    _keep_here(store, source.study_id, options)
    worker = worker_of(store, options, settings)
    config = config_of(options, source.config)
    config, note = _calibrated(options, settings, config, source.study_id, store, source)
    run_id = worker.branch(source.id, config, settings)
    if note:
        store.log(run_id).warn(note)
    return _follow(store, worker, run_id, options)


def _calibrated(
    options: argparse.Namespace,
    settings: Settings,
    config: "HybridConfig",
    study_id: str,
    store: "Store",
    source: "RunRecord | None",
) -> "tuple[HybridConfig, str]":
    """Return the configuration with the threshold of `--calibration`, and a note if it comes from another study.

    Raises:
        InputError: a threshold is given as well, or the calibration was made for another setup.
    """
    if not options.calibration:
        return config, ""
    if options.quality_threshold is not None:
        raise InputError("--calibration: brings its own threshold. Leave out --quality-threshold, or the calibration.")
    from pipeline.calibration.drift import make_setup
    from pipeline.calibration.reuse import check_setup_of, usable_threshold
    from pipeline.domain.calibration import read_calibration_file
    from pipeline.hybrid.branch import branch_config
    from pipeline.hybrid.preflight import plan_run
    from pipeline.providers.prompts import PROMPT_VERSION
    from pipeline.scoring import scorer_version

    file, where = read_calibration_file(options.calibration), str(options.calibration)
    config = config.model_copy(update={"quality_threshold": usable_threshold(file, where)})
    if source:
        resolved, digest, prompt = branch_config(config, source), source.local_digest, source.prompt_version
    else:
        planned = plan_run(config, settings, cache_of(options, settings), private=store.is_private(study_id))
        resolved, digest, prompt = planned.config, planned.local_health.digest, PROMPT_VERSION
    now = make_setup(study_id, resolved, scorer_version(*resolved.scorer_models), digest, prompt)
    note = check_setup_of(file, now, where)
    return config, note


def _keep_here(store: "Store", study_id: str, options: argparse.Namespace) -> None:
    """Set the study's private switch if `--private` is given; otherwise leave it."""
    if options.private:
        store.set_private(study_id, True)


def _resume(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.domain.units import SystemClock

    store = open_store(options, settings)
    store.mark_interrupted(SystemClock().now())
    run_id = store.find_run(options.run)
    worker = worker_of(store, options, settings)
    worker.resume(run_id, settings)
    return _follow(store, worker, run_id, options)


def _follow(store: "Store", worker: "Worker", run_id: str, options: argparse.Namespace) -> int:
    """Watch a run to its end, print it, and return the exit code."""
    from pipeline.cli.terminal import watch
    from pipeline.results.problems import problems

    watch(store, worker, run_id)
    run = store.run(run_id)
    study = store.study(run.study_id)
    for warning in (*run.warnings, *problems(run)):
        say(f"persona: {warning}", aside=True)
    if getattr(options, "output", None):
        _write_output(run, study, options.output)
    print_run_of(run, study, options.json)
    if run.status == "failed":
        say(f"persona: the run failed. {run.error}", aside=True)
    return {"completed": 0, "cancelled": 130, "interrupted": 130}.get(run.status, 1)


def _write_output(run: "RunRecord", study: "Study", folder: Path) -> None:
    """Write the files that `--output` asks for, whole, and warn about identifiers in them."""
    from pipeline.results.export import personas_markdown, run_document
    from pipeline.results.export_check import describe, identifiers_in

    document = run_document(run, study)
    files = {
        "run.json": json.dumps(document, ensure_ascii=False, indent=2),
        "personas.json": json.dumps([entry["persona"] for entry in document["personas"]], ensure_ascii=False, indent=2),
        "personas.md": personas_markdown(run),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror}). The run is saved as {run.id}: `persona show {run.id}`."
        ) from error
    if found := identifiers_in(*(final.persona for final in run.personas)):
        advice = f"To share them: `persona export {run.id} --html FILE --identifiers replace`."
        say(f"persona: {folder} holds the texts as they are. {describe(found)} {advice}", aside=True)
