"""Files to hand to people who were not there: one HTML file each, complete in itself.

Such a file opens from disk without the network, runs no script, is read by a screen reader, and prints. Text of
files and models is escaped by the template engine, which is imported here and nowhere else; words of the study
are in a report only where that is asked for.
"""

from pipeline.results.report.calibration import calibration_report
from pipeline.results.report.comparison import comparison_report
from pipeline.results.report.poster import posters
from pipeline.results.report.run import run_report

__all__ = ["calibration_report", "comparison_report", "posters", "run_report"]
