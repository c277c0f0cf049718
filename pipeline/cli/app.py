"""`persona app`: the dashboard."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from pipeline.cli._options import Commands
from pipeline.domain.config import Settings
from pipeline.errors import InputError


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    app = commands.add_parser("app", help="open the dashboard in the browser")
    app.add_argument("--db", type=Path, metavar="FILE")
    app.add_argument("--viewer", action="store_true", help="read only: no upload, run, label or delete")
    app.add_argument("streamlit", nargs="*", metavar="-- streamlit options")
    app.set_defaults(command=_app)


def dashboard_folder() -> Path:
    """Find the folder of `app.py`, `pages/` and the example study: the checkout, or the one inside a wheel.

    Raises:
        InputError: neither exists.
    """
    checkout = Path(__file__).resolve().parents[2]
    for folder in (checkout, checkout / "persona_dashboard"):
        if (folder / "app.py").exists():
            return folder
    raise InputError(f"{checkout}: no app.py here and no persona_dashboard/app.py. Install persona again.")


def _app(options: argparse.Namespace, settings: Settings) -> int:
    root = dashboard_folder()
    database = (options.db or settings.database).resolve()
    # Open a browser from a terminal only: a script, a service or a test has no use for one.
    seen = ["--server.headless=false", "--server.showEmailPrompt=false"] if sys.stdout.isatty() else []
    program = [sys.executable, "-m", "streamlit", "run", "app.py"]
    # Accept it after the `--` too, an easy mistake: Streamlit does not know it.
    given = [option for option in options.streamlit if option != "--viewer"]
    own = ["--viewer"] if options.viewer or given != options.streamlit else []
    command = [*program, *seen, *given, "--", "--db", str(database), *own]
    if sys.platform == "win32":
        # On Windows, exec starts a second process and ends this one, so that the terminal would not wait for it.
        return subprocess.run(command, cwd=root, check=False).returncode  # noqa: S603 - our own interpreter and file
    # The server replaces this process, so that a signal to it stops the server.
    os.chdir(root)
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and file
