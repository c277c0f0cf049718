"""`persona runs`, `show` and `delete`."""

import argparse
import json
from typing import TYPE_CHECKING

from pipeline.cli._options import Commands, open_store, say
from pipeline.domain.config import Settings

if TYPE_CHECKING:
    from pipeline.domain.run import RunRecord
    from pipeline.domain.study import Study


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the three commands."""
    runs = commands.add_parser("runs", parents=[shared], help="list the runs, newest first")
    runs.add_argument("--limit", type=int, default=50, metavar="N")
    runs.set_defaults(command=_runs)
    for name, command, text in (
        ("show", _show, "show one run"),
        ("delete", _delete, "delete one run with all its data"),
    ):
        one = commands.add_parser(name, parents=[shared], help=text)
        one.add_argument("run", metavar="RUN", help="id, the beginning of an id, or the name")
        one.set_defaults(command=command)


def _runs(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import print_runs

    summaries = open_store(options, settings).runs(options.limit)
    if options.json:
        say(json.dumps([summary.model_dump(mode="json") for summary in summaries], ensure_ascii=False, indent=2))
    else:
        print_runs(summaries)
    return 0


def _show(options: argparse.Namespace, settings: Settings) -> int:
    store = open_store(options, settings)
    run = store.run(store.find_run(options.run))
    print_run_of(run, store.study(run.study_id), options.json)
    return 0


def _delete(options: argparse.Namespace, settings: Settings) -> int:
    store = open_store(options, settings)
    run_id = store.find_run(options.run)
    store.delete_run(run_id)
    say(json.dumps({"deleted": run_id}) if options.json else f"Deleted {run_id}.")
    return 0


def print_run_of(run: "RunRecord", study: "Study", as_json: bool) -> None:
    """Print a run on stdout: as a JSON document or as a table."""
    from pipeline.cli.terminal import print_run
    from pipeline.results.export import run_document

    if as_json:
        say(json.dumps(run_document(run, study), ensure_ascii=False, indent=2))
    else:
        print_run(run)
