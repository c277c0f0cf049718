"""The program `persona`: one file per command; several commands share `_options.py` and `terminal.py`."""

from pipeline.cli.main import main as main
