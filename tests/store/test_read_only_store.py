"""Whoever may look only can change nothing, whichever method is called: new methods are found by themselves."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from unittest.mock import MagicMock

import pytest

from pages.parts import ui
from pipeline.calibration.draft_arrays import make_draft_arrays
from pipeline.calibration.summary import summarise
from pipeline.domain.bundle import WITHHELD
from pipeline.domain.calibration import CalibrationFile
from pipeline.domain.config import HybridConfig
from pipeline.domain.experiment import Cell, Experiment
from pipeline.domain.facts import RunLog
from pipeline.domain.labels import Promise
from pipeline.domain.mapping import StudyMapping
from pipeline.domain.remarks import Comment, Subject
from pipeline.domain.run import Batch, DraftFailure, Timing
from pipeline.errors import AccessDenied, StoreError
from pipeline.jobs.worker import Worker
from pipeline.store import Store
from pipeline.store.read_only import ReadOnlyStore
from tests.factories import make_assessment, make_call, make_draft, make_final
from tests.pages.runs import finished_run

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PUBLIC = [name for name, _ in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")]


def _reaches(name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The methods of the store that a method calls, and those that they call."""
    yield name
    for called in re.findall(r"self\.(\w+)\(", inspect.getsource(getattr(Store, name))):
        if hasattr(Store, called) and called not in seen:
            yield from _reaches(called, seen | {called})


WRITING = [name for name in PUBLIC if {"_write", "_erase", "busy"} & set(_reaches(name))]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "persona.db"
    finished_run(path)
    Store(path).remove_run(finished_run(path), LONG_AGO)
    return path


@pytest.fixture
def store(database: Path) -> ReadOnlyStore:
    return ReadOnlyStore(database)


def _arguments(method: object, store: Store) -> dict[str, object]:
    """Arguments that a method takes: by their names, else something that agrees with everything."""
    cell = Cell(settings={}, config=HybridConfig())
    given = {
        "study": store.study(store.studies()[0].id),
        "config": HybridConfig(),
        "now": datetime.now(UTC),
        "status": "completed",
        "stage": "draft",
        "planned": 1,
        "timing": Timing(),
        "run_ids": ["run-1", "run-2"],
        "mapping": StudyMapping.model_construct(shape="x"),
        "experiment": Experiment.model_construct(
            id="x", study_id="x", name="x", created_at=LONG_AGO, max_cost=1.0, cells=(cell,)
        ),
        "draft": make_draft(1, 0.5).draft,
        "failure": DraftFailure(draft_id="draft-001", reason="x"),
        "assessment": make_assessment(0.5),
        "persona": make_final(make_draft(1, 0.5), "kept_local"),
        "call": make_call(1),
        "batch": Batch.model_construct(marker="x"),
        "answers": {"credibility 1": 5},
        "run_id": "run-1",
        "subject": Subject("run", "run-1"),
        "comment": Comment(words="x", author="x", at=LONG_AGO),
        "file": CalibrationFile(identity=None, summary=summarise(make_draft_arrays([0.5], label=[1.0]), Promise())),
    }
    named = inspect.signature(method).parameters.values()  # type: ignore[arg-type]
    return {one.name: given.get(one.name, MagicMock(name=one.name)) for one in named if one.default is one.empty}


def test_most_of_what_the_store_does_is_known_to_write() -> None:
    assert {"save_study", "create_run", "rename_run", "remove_run", "save_label", "import_bundle"} < set(WRITING)
    assert not {"runs", "run", "studies", "comparison", "scores", "progress"} & set(WRITING)


@pytest.mark.parametrize("name", WRITING)
def test_every_method_that_writes_is_refused(store: ReadOnlyStore, name: str) -> None:
    method = getattr(store, name)
    with pytest.raises(AccessDenied, match="You have read-only access here"), ExitStack() as stack:
        stack.enter_context(_done(method(**_arguments(method, store))))


def _done(result: object) -> AbstractContextManager[object]:
    """A method that gives a context manager does its work when that is entered."""
    return result if isinstance(result, AbstractContextManager) else nullcontext()


@pytest.mark.parametrize("name", [name for name in vars(RunLog) if not name.startswith("_") and name != "is_cancelled"])
def test_nothing_is_written_into_the_log_of_a_run(store: ReadOnlyStore, name: str) -> None:
    method = getattr(store.log(store.runs()[0].id), name)
    with pytest.raises(AccessDenied):
        method(**_arguments(method, store))


def test_sqlite_itself_refuses_what_gets_around_the_store(store: ReadOnlyStore, database: Path) -> None:
    before = Store(database).runs()
    for statement in ("DELETE FROM runs", "UPDATE runs SET name = 'x'", "DROP TABLE runs", "VACUUM"):
        with pytest.raises(StoreError), store._connect() as db:
            db.execute(statement)
    assert Store(database).runs() == before


def test_reading_is_as_it_was_except_for_what_was_sent(store: ReadOnlyStore, database: Path) -> None:
    full = Store(database)
    run_id = full.runs()[0].id
    assert store.run(run_id) == full.run(run_id)
    assert store.studies() == full.studies()
    with pytest.raises(AccessDenied):
        store.call(run_id, full.run(run_id).calls[0].id)
    bundle = store.bundle([run_id])
    assert not bundle.source_text
    assert {one.payload for run in bundle.runs for one in run.calls} <= {"", WITHHELD}


@pytest.mark.parametrize("name", [name for name in vars(Worker) if not name.startswith("_")])
def test_there_is_no_worker_for_viewers_whatever_is_wanted_of_it(store: ReadOnlyStore, name: str) -> None:
    with pytest.raises(AccessDenied):
        getattr(ui.Services(store, None).worker, name)


def test_a_worker_of_a_read_only_store_starts_nothing_even_so(store: ReadOnlyStore) -> None:
    with pytest.raises(AccessDenied):
        Worker(store).cancel(store.runs()[0].id)
    with pytest.raises(AccessDenied):
        store.mark_interrupted(datetime.now(UTC))


def is_mounting_allowed() -> bool:
    found = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False) if which("unshare") else None
    return found is not None and found.returncode == 0


LOOKS = """
import sys
from pathlib import Path
from pipeline.errors import StoreError
from pipeline.store import Store
store = Store(Path(sys.argv[1]))
print(*(run.name for run in store.runs()))
try:
    store.rename_run(store.runs()[0].id, "Other")
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(not is_mounting_allowed(), reason="needs the right to mount a folder read-only (Linux, root)")
def test_runs_on_a_read_only_file_system_can_be_looked_at_and_not_changed(tmp_path: Path) -> None:
    folder = tmp_path / "sealed"
    finished_run(folder / "p.db", name="Sealed")
    mounted = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" -c "$3" "$1/p.db"'
    command = ["unshare", "-m", "sh", "-c", mounted, "sh", str(folder), sys.executable, LOOKS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Sealed\n"), done.stderr
    assert "is read-only" in done.stdout
