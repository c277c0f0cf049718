"""The program `persona`, one file per command; files with an underscore are shared by several."""

from pipeline.cli.main import main as main
