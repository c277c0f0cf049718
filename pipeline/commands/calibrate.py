"""`persona calibrate`: which threshold can be certified, and why not."""

import argparse
from pathlib import Path

from pipeline.commands._options import Commands
from pipeline.settings import Settings


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    calibrate = commands.add_parser("calibrate", parents=[shared], help="recommend a threshold from labels")
    calibrate.add_argument("--csv", type=Path, required=True, metavar="FILE", help="columns score, label, ...")
    calibrate.add_argument(
        "--alpha", type=float, default=0.1, metavar="A", help="largest acceptable share of bad texts"
    )
    calibrate.add_argument("--confidence", type=float, default=0.9, metavar="C", help="of the promise (default: 0.9)")
    calibrate.add_argument("--risk", choices=("marginal", "selective"), default="marginal", help="share of what")
    calibrate.add_argument("--sweep", type=Path, metavar="OUT.csv", help="also write every threshold with its figures")
    calibrate.set_defaults(command=_calibrate)


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
