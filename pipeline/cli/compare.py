"""`persona compare`: two to eight runs side by side."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._options import Commands, open_store, say
from pipeline.cli.share import add_identifier_choice, write_file
from pipeline.domain.comparison import FEWEST, LETTERS, MOST
from pipeline.domain.config import Settings
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.domain.run import RunRecord


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    compare = commands.add_parser("compare", parents=[shared], help="compare runs, with intervals")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="ids, beginnings of ids, or names; the first is A")
    compare.add_argument("--html", type=Path, metavar="FILE", help="write a report that opens in any browser")
    compare.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="RULE",
        help='exit 1 when a difference from A crosses a limit: "quality < -0.05", "cost > 0.01", "local_share < -0.1",'
        ' "seconds > 2"; several may be given',
    )
    add_identifier_choice(compare)
    compare.set_defaults(command=_compare)


def _compare(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.results.export_comparison import comparison_document
    from pipeline.results.gates import check_gate, parse_gate

    store = open_store(options, settings)
    ids = list(dict.fromkeys(store.find_run(text) for text in options.runs))
    if not FEWEST <= len(ids) <= MOST:
        raise InputError(f"compare: {len(ids)} different runs given. Name {FEWEST} to {MOST}.")
    gates = [parse_gate(text) for text in options.fail_if]
    runs = [store.run(run_id) for run_id in ids]
    if options.html:
        from pipeline.domain.bundle import without_verbatim
        from pipeline.results.export_check import checked
        from pipeline.results.report import comparison_report

        leaving = checked([without_verbatim(run) for run in runs], options.identifiers)
        write_file(options.html, comparison_report(leaving).encode("utf-8", "replace"))
        say(f"persona: wrote {options.html}.", aside=True)
    if options.json:
        say(json.dumps(comparison_document(runs), ensure_ascii=False, indent=2))
    else:
        _print(runs)
    found = [check for gate in gates for check in check_gate(gate, runs)]
    for check in found:
        say(f"persona: {check.sentence}", aside=True)
    return int(any(check.fails for check in found))


def _print(runs: Sequence["RunRecord"]) -> None:
    from pipeline.results.compare_runs import (
        HOW,
        TITLES,
        cautions,
        compared_figures,
        figure_basis,
        figure_difference,
        figure_value,
        settings_of,
    )
    from pipeline.text.wording import label

    for letter, run in zip(LETTERS, runs, strict=False):
        say(f"{letter}  {run.id}  {label(run.name)}  {run.shown_status}{' (simulated)' if run.simulated else ''}")
    for sentence in cautions(runs):
        say(f"caution: {sentence}")
    say("\nWhat differs")
    differing = [setting for setting in settings_of(runs) if setting.differs]
    for setting in differing:
        values = zip(LETTERS, setting.values, strict=False)
        say(f"  {setting.name}: " + ", ".join(f"{letter} {label(value)}" for letter, value in values))
    if not differing:
        say("  nothing: the runs have the same settings")
    letters = {run.id: (letter, run) for letter, run in zip(LETTERS, runs, strict=False)}
    shown = ""
    for figure in compared_figures(runs):
        if TITLES[figure.measure] != shown:
            shown = TITLES[figure.measure]
            say(f"\n{shown}")
        letter, run = letters[figure.run_id]
        parts = (figure_value(figure, run), figure_difference(figure, run), figure.word, figure_basis(figure))
        say(f"  {letter}  " + "  ".join(part for part in parts if part))
    say(f"\n{HOW}")
