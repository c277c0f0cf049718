"""Storage of studies and runs in one SQLite file; the only package with SQL.

Every fact is written as soon as it exists, in one transaction with its event, so a killed process loses nothing that
had happened. Lists and progress are answered from columns and indexes; the models themselves are JSON and are read
one run at a time.
"""

from pipeline.store.bundles import BundleTables
from pipeline.store.calibrations import CalibrationTables
from pipeline.store.calls import CallTables
from pipeline.store.comparisons import ComparisonTables
from pipeline.store.edits import EditTables
from pipeline.store.experiments import ExperimentTables
from pipeline.store.labels import LabelTables
from pipeline.store.remarks import AnswerTables, RemarkTables
from pipeline.store.run_list import RunListTables, RunName, RunSummary
from pipeline.store.runs import RunTables
from pipeline.store.scores import ScoreTables
from pipeline.store.studies import StudySummary, StudyTables

__all__ = ["RunName", "RunSummary", "Store", "StudySummary"]


class Store(
    StudyTables,
    RunTables,
    RunListTables,
    CallTables,
    LabelTables,
    ScoreTables,
    ComparisonTables,
    EditTables,
    ExperimentTables,
    BundleTables,
    CalibrationTables,
    RemarkTables,
    AnswerTables,
):
    """One database file; each mixin is the module of one kind of data."""
