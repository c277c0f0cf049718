"""The command line: `persona COMMAND`; each command is a module of this folder.

`--json` prints exactly one JSON document on stdout; progress, warnings and errors go to stderr. Exit codes: 0
done (also degraded, with warnings), 1 the run failed, 2 bad input or usage, 130 interrupted. Heavy modules
are imported by the commands that need them, so that `--help` answers at once.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pipeline.cli import app, calibrate, check, compare, experiment, generate, runs, score, share
from pipeline.domain.config import from_environment
from pipeline.errors import PersonaError
from pipeline.text.wording import printable

COMMANDS = (generate, experiment, score, calibrate, compare, runs, share, check, app)
"""In the order in which `--help` lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options, from_environment())
        return code
    except PersonaError as error:
        print(printable(f"persona: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("persona: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(printable(f"persona: {message}. See `{self.prog} --help`."), file=sys.stderr)
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
    for command in COMMANDS:
        command.register(commands, shared)
    return parser
