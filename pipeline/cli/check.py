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
    check.set_defaults(command=_check)


def _check(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import print_check
    from pipeline.hybrid.preflight import check_setup

    if options.judge:
        return _check_judge(options, settings)
    study = None
    if options.source:
        from pipeline.sources import load_paths

        study = load_paths(options.source, remembered=mapping_lookup(options, settings))
    report = check_setup(config_of(options), settings, cache_of(options, settings), study)
    say(report.model_dump_json(indent=2)) if options.json else print_check(report)
    return report.exit_code


def _check_judge(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import count_up, print_judge
    from pipeline.scoring.optional_models import check_judge

    with count_up("Checking the judge") as tell:
        result = check_judge(options.judge, config_of(options), settings, cache_of(options, settings), tell)
    if options.json:
        document = {**result.model_dump(), "passes": result.passes, "sentence": result.sentence}
        say(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print_judge(result)
    return 0 if result.passes else 1
