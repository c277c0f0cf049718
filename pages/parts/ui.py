"""Shared parts of all pages: the open services, the current study and run, the header, the error box.

Session state holds ids and settings, never objects; what can be shared is in the address as well (`?study=`, `?run=`).
Results computed from finished runs are cached. Text of files and models is escaped before it meets Markdown.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from pages.parts import access
from pages.parts.opening import opened
from pipeline.domain.config import HybridConfig, Settings, from_environment
from pipeline.domain.run import RunRecord, ShownStatus
from pipeline.domain.study import Study
from pipeline.errors import AccessDenied, PersonaError, StoreError
from pipeline.jobs.worker import Worker
from pipeline.store import RunName, Store
from pipeline.store.read_only import ReadOnlyStore, deny
from pipeline.store.run_list import ListedRun
from pipeline.text.wording import escape_markdown, label

START = "pages/start.py"
UPLOAD, CONFIGURE, RESULTS, RUNS = "pages/upload.py", "pages/configure.py", "pages/results.py", "pages/runs.py"
CALIBRATE, LABEL = "pages/calibrate.py", "pages/label.py"
COMPARE, CALLS = "pages/compare.py", "pages/calls.py"
EXPERIMENTS = "pages/experiments.py"
"""The pages, for `go` and `st.page_link`."""

EXAMPLE = Path(__file__).parents[2] / "data" / "hearthwise"
EXAMPLE_NAME = "Living with Hearthwise (example)"

RUNS_KEPT = 8
"""Runs held in memory at the same time: one comparison of the largest kind. A run of 200 drafts takes about 10 MB."""

# Keys of the session state; widgets add their own under these prefixes.
STUDY_KEY, RUN_KEY = "study_id", "run_id"
CONFIG_KEY = "config"
"""The settings on Configure, as the plain values of a `hybrid:` block."""
DRAFTS_KEY = "drafts_from"
"""On Configure, the run whose drafts are used; absent where drafts are written."""
FIELD_PREFIX = "setting_"
"""Key prefix of the widgets on Configure, one per setting."""
TYPED_KEYS = "typed_keys"
"""API keys typed in this session, by variable. In memory only, gone with the session."""

STATUS: dict[ShownStatus, tuple[Literal["blue", "green", "orange", "red", "gray"], str]] = {
    "running": ("blue", ":material/progress_activity:"),
    "completed": ("green", ":material/check_circle:"),
    "completed with problems": ("orange", ":material/warning:"),
    "cancelled": ("gray", ":material/cancel:"),
    "interrupted": ("orange", ":material/pause_circle:"),
    "failed": ("red", ":material/error:"),
}
"""Colour and icon of the status that is shown beside them: never colour alone."""

_T = TypeVar("_T")

_ENDED = ("completed", "cancelled", "failed")


class Services(NamedTuple):
    """Services of all pages; one per database file and role, shared by all sessions."""

    store: Store
    runner: Worker | None
    """Starts and stops runs; `None` for viewers."""

    @property
    def worker(self) -> Worker:
        """Return the worker, which starts and stops runs.

        Raises:
            AccessDenied: for viewers.
        """
        return self.runner or deny()


# --- through app.py --------------------------------------------------------------------------------


_in_app: ContextVar[bool] = ContextVar("in_app", default=False)


@contextmanager
def in_app() -> Iterator[None]:
    """Mark that app.py is running a page."""
    token = _in_app.set(True)
    try:
        yield
    finally:
        _in_app.reset(token)


def show_page(page: Callable[[], None], run_app: Callable[[], None]) -> None:
    """Draw a page inside app.py, which lists the pages, knows the role and reports errors.

    A link straight to a page, as the very first request after the server's start, makes Streamlit discover pages/ by
    itself and run the file alone: only `st.navigation` prevents that, and has not been called yet. The file then
    runs app.py, which runs the page in turn.

    Args:
        page: draws the page.
        run_app: `main` of app.py.
    """
    if _in_app.get():
        page()
    else:
        run_app()


# --- services --------------------------------------------------------------------------------------


def services() -> Services:
    """Return the store and the worker, opened once; for viewers a read-only store and no worker.

    Raises:
        StoreError: the database cannot be opened.
        PersonaError: what `access.role` raises.
        AccessDenied: the user is not signed in, or has no role.
    """
    role = access.role()
    if role is None:
        raise AccessDenied("You are not signed in, or no longer have a role here. Open the page again and sign in.")
    opened = _open(_database())
    return opened if role == "analyst" else _open_for_viewers(opened.store.path)


@st.cache_resource(show_spinner="Opening the database …")
def _open(database: Path) -> Services:
    store = Store(database)
    # Runs of an earlier process that has ended.
    store.mark_interrupted(datetime.now(UTC))
    store.purge_removed(datetime.now(UTC))
    if not store.studies():
        add_example(store)
    return Services(store, Worker(store, cache=cache_folder()))


@st.cache_resource(show_spinner=False)
def _open_for_viewers(database: Path) -> Services:
    return Services(ReadOnlyStore(database), None)


def cache_folder() -> Path:
    """Return the folder of indexes, scoring answers and judge checks: beside the database."""
    return _database().parent / ".cache"


def add_example(store: Store) -> str | None:
    """Add the bundled example study to the store; return its id, or `None` where it is not installed."""
    if not EXAMPLE.is_dir():
        return None
    from pipeline.sources import load_paths

    study = load_paths([EXAMPLE], EXAMPLE_NAME)
    store.save_study(study)
    return study.id


def _database() -> Path:
    """Return the database file named after `--` on Streamlit's command line, else in the environment; absolute."""
    return (_named_database(tuple(sys.argv[1:])) or from_environment().database).absolute()


@cache
def _named_database(arguments: tuple[str, ...]) -> Path | None:
    # Abbreviations off, and unknown options left alone: a test runner's own arguments are here too.
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--db", type=Path)
    try:
        named: Path | None = parser.parse_known_args(arguments)[0].db
    except argparse.ArgumentError as error:
        raise PersonaError("--db: the name of a file is missing. Write `-- --db FILE`.") from error
    return named


def settings() -> Settings:
    """Environment, then Streamlit's secrets, then keys typed in this session; later ones win.

    Raises:
        AccessDenied: for viewers, who need no keys.
    """
    if access.is_viewer():
        deny()
    stored = {}
    if st.secrets.load_if_toml_exists():
        stored = {name: value for name, value in st.secrets.items() if isinstance(value, str)}
    return from_environment().with_secrets({**stored, **st.session_state.get(TYPED_KEYS, {})})


# --- where we are ----------------------------------------------------------------------------------


def current_study_id() -> str | None:
    """The study of the address, else of this session, else the newest; `None` when there is none.

    Raises:
        PersonaError: the address names a study that is not in this database.
    """
    known = [study.id for study in services().store.studies()]
    asked = st.query_params.get("study")
    if asked and asked not in known:
        raise PersonaError(f"There is no study '{asked}' in this database. Choose one on the Upload page.")
    remembered = st.session_state.get(STUDY_KEY)
    study_id = asked or (remembered if remembered in known else next(iter(known), None))
    use_study(study_id)
    return study_id


def use_study(study_id: str | None) -> None:
    """Make a study the current one, in this session and in the address; `None` means none."""
    _remember("study", STUDY_KEY, study_id)


def current_study() -> Study | None:
    """The whole current study; see `current_study_id`."""
    study_id = current_study_id()
    return study(study_id) if study_id else None


def study(study_id: str) -> Study:
    """Return a study from the store, cached while among the last few used."""
    return _study(services().store.path, study_id)


@st.cache_resource(max_entries=4, show_spinner=False)
def _study(_database: Path, study_id: str) -> Study:
    return services().store.study(study_id)


def forget_studies() -> None:
    """Read studies from the store again; after one was deleted."""
    _study.clear()


def run(run_id: str) -> RunRecord:
    """Return a run from the store; an ended run is cached while among the last few used.

    Raises:
        StoreError: it is not in this database, or was deleted.
    """
    listed = services().store.listed_runs([run_id])
    return record(listed[0]) if listed else services().store.run(run_id)


def record(listed: ListedRun) -> RunRecord:
    """Return the full record of a listed run; see `run`."""
    store = services().store
    if listed.status == "running" or not listed.finished_at:
        return store.run(listed.id)
    # After the end of a run only its name and its edits change; a resumed run gets another end time.
    return _run(store.path, listed.id, listed.name, listed.finished_at, store.revision(listed.id))


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner="Reading the run …")
def _run(database: Path, run_id: str, name: str, finished_at: datetime, revision: int) -> RunRecord:
    return services().store.run(run_id)


def current_run_id() -> str | None:
    """The run of the address, else of this session, else the newest; `None` when there is none.

    A run that the address names is not checked: `Store.run` raises for one that does not exist.
    """
    run_id = st.query_params.get("run") or _remembered_run()
    if run_id is None:
        run_id = next((run.id for run in services().store.run_names(1)), None)
    use_run(run_id)
    return run_id


def _remembered_run() -> str | None:
    """The run of this session, unless it was deleted in another one."""
    run_id: str | None = st.session_state.get(RUN_KEY)
    if run_id:
        try:
            services().store.progress(run_id)
        except StoreError:
            return None
    return run_id


def use_run(run_id: str | None) -> None:
    """Make a run the current one, in this session and in the address; `None` means none."""
    _remember("run", RUN_KEY, run_id)


def use_config(config: HybridConfig, drafts_from: str | None = None) -> None:
    """Fill Configure with these settings, and with the drafts of a run where one is named."""
    st.session_state[DRAFTS_KEY] = drafts_from
    st.session_state[CONFIG_KEY] = config.model_dump(mode="json")
    # The fields on that page take their values from the settings again.
    for key in [key for key in st.session_state if str(key).startswith(FIELD_PREFIX)]:
        del st.session_state[key]


def go(page: str) -> NoReturn:
    """Switch to a page; the current study and run stay in the address where that page uses them."""
    st.switch_page(page, query_params=address(page))


def address(page: str) -> dict[str, str]:
    """Query parameters of a page for the current study or run, also for `st.page_link`."""
    name, key = ("run", RUN_KEY) if page in (RESULTS, CALLS) else ("study", STUDY_KEY)
    value = st.session_state.get(key)
    return {name: value} if value and page not in (START, RUNS, COMPARE, EXPERIMENTS) else {}


def _remember(name: str, key: str, value: str | None) -> None:
    if value is None:
        st.session_state.pop(key, None)
        st.query_params.pop(name, None)
    else:
        st.session_state[key] = value
        if st.query_params.get(name) != value:
            st.query_params[name] = value


# --- what every page shows -------------------------------------------------------------------------


def header(
    title: str,
    question: str,
    *,
    study_name: str | None = None,
    run: RunRecord | RunName | None = None,
) -> None:
    """Draw the header of a page: study · run · status · simulated, then its title and the question it answers.

    Args:
        title: of the page; our own words.
        question: what the page answers, one line.
        study_name: of the current study; a run brings its own.
        run: the run the page is about.
    """
    opened()
    place = study_name or (run.study_name if run else None)
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if place:
                st.caption(f":material/folder_open: {escape_markdown(label(place, 80))}", width="content")
                _private_badge(run.study_id if run else st.session_state.get(STUDY_KEY))
            if run:
                st.caption(f"› {escape_markdown(label(run.name, 80))}", width="content")
                status_badge(run.shown_status)
                if run.simulated:
                    simulated_badge()
        st.title(title, anchor=False)
        st.caption(question, width=720)


def _private_badge(study_id: str | None) -> None:
    """Mark a study that never leaves this machine."""
    if study_id and services().store.is_private(study_id):
        st.badge(
            "never leaves this machine",
            icon=":material/lock:",
            color="green",
            help="No run on this study may send its words to another machine. The switch is on Upload.",
        )


def status_badge(status: ShownStatus) -> None:
    """Draw a run's status as a word with its colour and icon."""
    color, icon = STATUS[status]
    st.badge(escape_markdown(status), color=color, icon=icon)


def simulated_badge() -> None:
    """Mark results of the offline stand-in."""
    st.badge(
        "simulated",
        color="violet",
        icon=":material/science:",
        help="Refined by an offline stand-in: its text is rewritten from the evidence, and its amounts are list prices "
        "that were not charged.",
    )


def when(moment: datetime) -> str:
    """Format a time in the zone of the reader's browser: `3 Mar 2026, 10:30`."""
    local = moment.astimezone(viewer_zone())
    return f"{local.day:d} {local:%b %Y, %H:%M}"


def viewer_zone() -> ZoneInfo:
    """Return the time zone of the reader's browser; UTC where it is unknown."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def no_such_run(error: StoreError) -> None:
    """Report a run that is not in this database, and link to the list of runs."""
    problem(error)
    # Forgotten, because the menu would lead back to this message.
    st.session_state.pop(RUN_KEY, None)
    st.page_link(RUNS, label="Choose one of the runs in this database", icon=":material/list_alt:")


def problem(error: PersonaError | str) -> None:
    """Show an error in its own words, which say where it is and what to do next."""
    st.error(escape_markdown(str(error)), icon=":material/error:")


def cached(what: str, runs: Sequence[RunRecord], compute: Callable[[], _T]) -> _T:
    """Return a result computed from runs, cached when all of them have ended.

    Args:
        what: name of the result, with everything else it depends on.
        runs: the runs it is computed from.
        compute: computes it; callers must not change the result.
    """
    if not all(run.status in _ENDED for run in runs):
        return compute()
    key = tuple((run.id, f"{run.name} {run.revision}", str(run.finished_at)) for run in runs)
    kept: _T = _computed(services().store.path, what, key, compute)
    return kept


@st.cache_resource(max_entries=128, show_spinner=False)
def _computed(database: Path, what: str, key: tuple[tuple[str, str, str], ...], _compute: Callable[[], _T]) -> _T:
    return _compute()
