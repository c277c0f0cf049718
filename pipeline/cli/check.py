"""`persona check`: test the settings of a run, at no cost."""

import argparse
import json
from pathlib import Path

from pipeline.cli._options import Commands, cache_of, config_of, mapping_lookup, run_options, say
from pipeline.domain.config import Settings


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    check = commands.add_parser("check", parents=[shared], help="check the settings of a run, at no cost")
    run_options(check)
    check.add_argument(
        "--from",
        dest="source",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="also say how many personas this study carries",
    )
    check.add_argument("--judge", metavar="MODEL", help="test this Ollama model as a judge instead")
    check.add_argument(
        "--verifier", metavar="MODEL", help="test this model or folder as a verifier instead, and time it"
    )
    check.set_defaults(command=_check)


def _check(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import print_check
    from pipeline.hybrid.preflight import check_setup

    if options.judge or options.verifier:
        return _check_model(options, settings)
    study = None
    if options.source:
        from pipeline.sources import load_paths

        study = load_paths(options.source, remembered=mapping_lookup(options, settings))
    report = check_setup(config_of(options), settings, cache_of(options, settings), study)
    say(report.model_dump_json(indent=2)) if options.json else print_check(report)
    return report.exit_code


def _check_model(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import count_up, print_model_check
    from pipeline.scoring.optional_models import check_judge, check_verifier, seconds_per_persona

    run, model, what = (
        (check_judge, options.judge, "judge") if options.judge else (check_verifier, options.verifier, "verifier")
    )
    with count_up(f"Checking the {what}") as tell:
        result = run(model, config_of(options), settings, cache_of(options, settings), tell)
    cost = seconds_per_persona(result) if what == "verifier" else ""
    if options.json:
        document = {**result.model_dump(), "passes": result.passes, "sentence": result.sentence}
        say(json.dumps({**document, "cost": cost} if cost else document, ensure_ascii=False, indent=2))
    else:
        print_model_check(result, cost)
    return 0 if result.passes else 1
