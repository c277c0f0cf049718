"""Reports: one self-contained HTML file each.

A report opens from disk without the network, runs no script, works with a screen reader, and prints. The template
engine escapes text of files and models and is imported only here; a report quotes the study only on request.
"""

from pipeline.results.report.calibration import calibration_report
from pipeline.results.report.comparison import comparison_report
from pipeline.results.report.poster import posters
from pipeline.results.report.run import run_report

__all__ = ["calibration_report", "comparison_report", "posters", "run_report"]
