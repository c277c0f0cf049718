"""The command line: `persona generate`, `score`, `calibrate`, `runs`, `show`, `delete`, `resume`, `check`, `app`.

`--json` prints exactly one JSON document on stdout; progress and complaints go to stderr. Exit codes: 0
done (also degraded, with warnings), 1 the run failed, 2 bad input or usage, 130 interrupted. Heavy modules
are imported by the commands that need them, so that `--help` answers at once.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pipeline.config import HybridConfig, load_config, parse_config
from pipeline.errors import InputError, PersonaError
from pipeline.settings import Settings, from_environment

if TYPE_CHECKING:
    from pipeline.models import RunRecord
    from pipeline.store import Store
    from pipeline.worker import Worker


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options, from_environment())
        return code
    except PersonaError as error:
        print(f"persona: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("persona: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"persona: {message}. See `{self.prog} --help`.", file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="persona",
        description="Personas from interviews and surveys: drafted and scored locally, refined by a paid model"
        " only where the score is low.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    shared = _Parser(add_help=False)
    shared.add_argument("--db", type=Path, metavar="FILE", help="SQLite file (default: PERSONA_DB, data/persona.db)")
    shared.add_argument("--json", action="store_true", help="print one JSON document on stdout")

    generate = commands.add_parser("generate", parents=[shared], help="draft, score and refine personas of a study")
    _run_options(generate)
    generate.add_argument("--from", dest="source", nargs="+", type=Path, required=True, metavar="PATH")
    generate.add_argument("--output", type=Path, metavar="DIR", help="also write run.json, personas.json, personas.md")
    generate.set_defaults(command=_generate)

    resume = commands.add_parser("resume", parents=[shared], help="finish an interrupted run")
    resume.add_argument("run", metavar="RUN")
    resume.set_defaults(command=_resume)

    score = commands.add_parser("score", parents=[shared], help="score personas against a study, locally")
    score.add_argument("personas", type=Path, metavar="PERSONAS.json")
    score.add_argument("--from", dest="source", nargs="+", type=Path, required=True, metavar="PATH")
    score.add_argument("--independent", action="store_true", help="no near-duplicate check across the list")
    score.set_defaults(command=_score)

    calibrate = commands.add_parser("calibrate", parents=[shared], help="recommend a threshold from labels")
    calibrate.add_argument("--csv", type=Path, required=True, metavar="FILE", help="columns score, label, ...")
    calibrate.add_argument(
        "--alpha", type=float, default=0.1, metavar="A", help="largest acceptable share of bad texts"
    )
    calibrate.add_argument("--confidence", type=float, default=0.9, metavar="C", help="of the promise (default: 0.9)")
    calibrate.add_argument("--risk", choices=("marginal", "selective"), default="marginal", help="share of what")
    calibrate.add_argument("--sweep", type=Path, metavar="OUT.csv", help="also write every threshold with its figures")
    calibrate.set_defaults(command=_calibrate)

    runs = commands.add_parser("runs", parents=[shared], help="list the runs, newest first")
    runs.add_argument("--limit", type=int, default=50, metavar="N")
    runs.set_defaults(command=_runs)
    for name, command, text in (
        ("show", _show, "show one run"),
        ("delete", _delete, "delete one run and everything in it"),
    ):
        one = commands.add_parser(name, parents=[shared], help=text)
        one.add_argument("run", metavar="RUN", help="id, the beginning of an id, or the name")
        one.set_defaults(command=command)

    check = commands.add_parser("check", parents=[shared], help="look whether a run could work, at no cost")
    _run_options(check)
    check.add_argument("--judge", metavar="MODEL", help="let this Ollama model take the check of a judge instead")
    check.set_defaults(command=_check)

    app = commands.add_parser("app", help="open the dashboard in the browser")
    app.add_argument("--db", type=Path, metavar="FILE")
    app.add_argument("streamlit", nargs="*", metavar="-- streamlit options")
    app.set_defaults(command=_app)
    return parser


_FLAGS: tuple[tuple[str, str, type, str], ...] = (
    ("--count", "count", int, "personas to deliver"),
    ("--quality-threshold", "quality_threshold", float, "score from which a draft is kept as it is (0 to 1)"),
    ("--max-cost", "max_cost", float, "budget in USD"),
    ("--local-provider", "local_provider", str, "auto, ollama, openai or builtin"),
    ("--local-model", "local_model", str, "model that drafts"),
    ("--frontier-provider", "frontier_provider", str, "anthropic, openai or simulated"),
    ("--frontier-model", "frontier_model", str, "model that refines"),
    ("--seed", "seed", int, "same seed, same answers: same run"),
    ("--local-workers", "local_workers", int, "drafts at the same time"),
    ("--frontier-workers", "frontier_workers", int, "refinements at the same time"),
)


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hybrid", action="store_true", help="refine drafts under the threshold with the frontier")
    parser.add_argument("--no-frontier", action="store_true", help="score, but send nothing out")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="a `hybrid:` block; flags win over it")
    for flag, name, kind, text in _FLAGS:
        parser.add_argument(flag, dest=name, type=kind, metavar=name.rsplit("_", 1)[-1].upper(), help=text)


def _config(options: argparse.Namespace) -> HybridConfig:
    """The configuration file, if any, with the flags on top. Without `--hybrid` or a file: local only."""
    values = load_config(options.config).model_dump(mode="json") if options.config else {"enabled": options.hybrid}
    if options.hybrid:
        values["enabled"] = True
    if options.no_frontier:
        values["skip_frontier"] = True
    given = {name: getattr(options, name) for _, name, _, _ in _FLAGS if getattr(options, name) is not None}
    if "frontier_provider" in given and "frontier_model" not in given and not options.config:
        from pipeline.config import DEFAULT_FRONTIER_MODEL

        given["frontier_model"] = DEFAULT_FRONTIER_MODEL.get(given["frontier_provider"], "")
    return parse_config(values | given, "command line")


def _store(options: argparse.Namespace, settings: Settings) -> "Store":
    from pipeline.store import Store

    return Store(options.db or settings.database)


def _worker(store: "Store", options: argparse.Namespace, settings: Settings) -> "Worker":
    from pipeline.worker import Worker

    return Worker(store, cache=_cache(options, settings))


def _cache(options: argparse.Namespace, settings: Settings) -> Path:
    """The folder for what may be computed or asked again."""
    database: Path = options.db or settings.database
    return database.parent / ".cache"


def _generate(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.sources import load_paths

    config = _config(options)
    study = load_paths(options.source)
    store = _store(options, settings)
    store.save_study(study)
    worker = _worker(store, options, settings)
    run_id = worker.start(study.id, config, settings)
    return _follow(store, worker, run_id, options)


def _resume(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.clock import SystemClock

    store = _store(options, settings)
    store.mark_interrupted(SystemClock().now())
    run_id = store.find_run(options.run)
    worker = _worker(store, options, settings)
    worker.resume(run_id, settings)
    return _follow(store, worker, run_id, options)


def _follow(store: "Store", worker: "Worker", run_id: str, options: argparse.Namespace) -> int:
    """Watch a run to its end, print it, and say how it went."""
    from pipeline.terminal import watch

    watch(store, worker, run_id)
    run = store.run(run_id)
    for warning in run.warnings:
        print(f"persona: {warning}", file=sys.stderr)
    if getattr(options, "output", None):
        _write_output(run, options.output)
    _print_run(run, options.json)
    if run.status == "failed":
        print(f"persona: the run failed. {run.error}", file=sys.stderr)
    return {"completed": 0, "cancelled": 130, "interrupted": 130}.get(run.status, 1)


def _write_output(run: "RunRecord", folder: Path) -> None:
    from pipeline.export import personas_markdown, run_document

    document = run_document(run)
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
            f"{folder}: cannot be written ({error.strerror}). The run is kept as {run.id}: `persona show {run.id}`."
        ) from error


def _print_run(run: "RunRecord", as_json: bool) -> None:
    from pipeline.export import run_document
    from pipeline.terminal import print_run

    if as_json:
        print(json.dumps(run_document(run), ensure_ascii=False, indent=2))
    else:
        print_run(run)


def _score(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.config import Weights
    from pipeline.export import score_document
    from pipeline.index import StudyIndex
    from pipeline.models import AssessedDraft
    from pipeline.parsing import read_personas
    from pipeline.quality import Scorer, penalise_near_duplicates
    from pipeline.sources import load_paths
    from pipeline.terminal import print_scores

    drafts = read_personas(options.personas)
    scorer = Scorer(StudyIndex.cached(load_paths(options.source), _cache(options, settings)), Weights())
    assessed: tuple[AssessedDraft, ...] = tuple(
        AssessedDraft(draft=draft, assessment=scorer.assess(draft.persona, draft.focus or None)) for draft in drafts
    )
    if not options.independent:
        assessed = penalise_near_duplicates(assessed)
    if options.json:
        documents = [score_document(item.draft.persona, item.assessment) for item in assessed]
        print(json.dumps(documents, ensure_ascii=False, indent=2))
    else:
        print_scores(assessed)
    return 0


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.calibration.promise import parse_promise
    from pipeline.calibration.summary import in_words, summarise
    from pipeline.calibration.sweep import sweep
    from pipeline.calibration.table import read_cases, write_sweep

    promise = parse_promise(options.alpha, options.confidence, options.risk)
    cases = read_cases(options.csv)
    if options.sweep:
        write_sweep(sweep(cases), options.sweep)
    summary = summarise(cases, promise)
    print(summary.model_dump_json(indent=2) if options.json else in_words(summary))
    return 0


def _runs(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.terminal import print_runs

    summaries = _store(options, settings).runs(options.limit)
    if options.json:
        print(json.dumps([summary.model_dump(mode="json") for summary in summaries], ensure_ascii=False, indent=2))
    else:
        print_runs(summaries)
    return 0


def _show(options: argparse.Namespace, settings: Settings) -> int:
    store = _store(options, settings)
    _print_run(store.run(store.find_run(options.run)), options.json)
    return 0


def _delete(options: argparse.Namespace, settings: Settings) -> int:
    store = _store(options, settings)
    run_id = store.find_run(options.run)
    store.delete_run(run_id)
    print(json.dumps({"deleted": run_id}) if options.json else f"Deleted {run_id}.")
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.preflight import check
    from pipeline.terminal import print_check

    if options.judge:
        return _check_judge(options, settings)
    report = check(_config(options), settings, _cache(options, settings))
    print(report.model_dump_json(indent=2)) if options.json else print_check(report)
    return report.exit_code


def _check_judge(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.scorer_models import check_judge
    from pipeline.terminal import count_up, print_judge

    with count_up("Checking the judge") as tell:
        result = check_judge(options.judge, _config(options), settings, _cache(options, settings), tell)
    if options.json:
        document = {**result.model_dump(), "passes": result.passes, "sentence": result.sentence}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print_judge(result)
    return 0 if result.passes else 1


def _app(options: argparse.Namespace, settings: Settings) -> int:
    import subprocess

    root = Path(__file__).resolve().parent.parent
    if not (root / "app.py").exists():
        raise InputError(f"{root / 'app.py'}: not found. Run `persona app` from a checkout (pip install -e .).")
    database = (options.db or settings.database).resolve()
    # Somebody at a terminal wants to see the page; a script, a service or a test does not want a browser.
    seen = ["--server.headless=false", "--server.showEmailPrompt=false"] if sys.stdout.isatty() else []
    program = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command = [*program, *seen, *options.streamlit, "--", "--db", str(database)]
    return subprocess.run(command, cwd=root, check=False).returncode  # noqa: S603 - our own interpreter and file
