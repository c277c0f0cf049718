"""The list of runs: search and paging in SQL; tags, pins, archive, and removal with undo.

A removed run disappears from every list and lookup at once, and stays in the file while it can be restored. Its
spending always counts: its calls count towards its project while the row exists, and purging saves their sum first.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from pipeline.domain.base import Frozen, Score
from pipeline.domain.run import UNREFINED, RunStatus, ShownStatus, shown_status
from pipeline.errors import StoreError
from pipeline.store.rows import get_row, iso, update_row, utf8
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


RunOrder = Literal["newest", "oldest", "name", "best score", "worst score", "most local", "dearest", "longest"]
RUN_ORDERS: tuple[RunOrder, ...] = get_args(RunOrder)

UNDO_FOR = timedelta(minutes=10)
"""Time in which a removed run can be restored."""

BINS = 20
"""Number of bins, on 0..1, of the small score histogram of each run; a bin includes its lower bound."""


class RunName(Frozen):
    """A run in a selection list: identifying fields, without results."""

    id: str
    name: str
    status: RunStatus
    simulated: bool
    study_id: str
    study_name: str
    created_at: datetime
    threshold: Score
    personas: int
    """Personas with an outcome."""
    undone: int
    """Drafts and refinements that were asked for and did not happen; see `RunRecord.undone`."""

    @property
    def shown_status(self) -> ShownStatus:
        """The status as people see it."""
        return shown_status(self.status, self.undone)


class RunSummary(RunName):
    """A run in a list: settings and results."""

    finished_at: datetime | None
    local_provider: str
    local_model: str
    frontier_provider: str
    frontier_model: str
    mean_score: Score | None
    """Mean overall score of the delivered texts; `None` when none has a score."""
    local: int
    """Personas delivered with the text of their draft, for whatever reason."""
    spent_micros: int
    """Settled and reserved money of all calls."""
    budget_micros: int | None
    """`None` means no cap."""


class ListedRun(RunSummary):
    """A run in the list of runs, with its tags, note and marks."""

    tags: tuple[str, ...]
    note: str
    pinned: bool
    archived: bool
    drafts_by_score: tuple[int, ...]
    """Scored drafts in 20 bins of the overall score from 0 to 1."""


class RunChoice(Frozen):
    """Filter, order and page of the list of runs; `None` and empty values do not filter."""

    words: str = ""
    """Words that must all occur in name, study, models, id, tags or note; case is ignored."""
    study_id: str | None = None
    model: str | None = None
    """Drafting or refining model."""
    statuses: tuple[ShownStatus, ...] = ()
    simulated: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive upper limit."""
    archived: bool = False
    """True lists only archived runs, false only the others."""
    order: RunOrder = "newest"
    """Pinned runs come first in every order, runs without the value last."""
    page: int = 1
    page_size: int = 25


class RunPage(Frozen):
    """One page of the chosen runs."""

    runs: tuple[ListedRun, ...]
    fitting: int
    """Number of matching runs on all pages."""
    total: int
    """Number of all runs, archived ones included."""


class RunFacets(Frozen):
    """Filter options."""

    studies: dict[str, str]
    """Names of studies with runs, by id; latest run first."""
    models: tuple[str, ...]
    statuses: tuple[ShownStatus, ...]
    """Of the runs; `completed with problems` is offered beside `completed`, whether there is one or not."""
    has_simulated: bool
    has_real: bool
    archived: int


class RemovedRun(Frozen):
    """A removed run that can still be restored."""

    id: str
    name: str
    deleted_at: datetime


class RunListTables(DatabaseFile):
    """Store methods for lists of runs, their tags, notes and marks."""

    def runs(self, limit: int = 100) -> list[RunSummary]:
        """Return the latest runs, newest first."""
        with self._read() as db:
            ids = [row["id"] for row in db.query(_NEWEST, [limit])]
            return [RunSummary.model_validate(row) for row in _summed(db, ids)]

    def run_names(self, limit: int, study_id: str | None = None) -> list[RunName]:
        """Return the latest runs of a study, or of all, newest first, for a selection list."""
        with self._read() as db:
            rows = db.query(_NAMES, {"study": study_id and utf8(study_id), "limit": limit})
            return [RunName.model_validate(row) for row in rows]

    def listed_runs(self, run_ids: Sequence[str]) -> list[ListedRun]:
        """Return these runs in this order; missing and removed ones are left out."""
        with self._read() as db:
            return _listed(db, [utf8(run_id) for run_id in run_ids])

    def run_page(self, choice: RunChoice) -> RunPage:
        """Return one page of the chosen runs."""
        where, values = _condition(choice)
        rank, direction = _RANKS[choice.order]
        sql = _PAGE.format(where=where, rank=rank, direction=direction)
        values |= {"limit": choice.page_size, "offset": (choice.page - 1) * choice.page_size}
        with self._read() as db:
            db.register_function(_folded, name="folded", deterministic=True)
            ids = [row["id"] for row in db.query(sql, values)]
            fitting = db.execute(_COUNT.format(where=where), values).fetchone()[0]
            total = db.execute("SELECT COUNT(*) FROM runs WHERE deleted_at IS NULL").fetchone()[0]
            return RunPage(runs=tuple(_listed(db, ids)), fitting=fitting, total=total)

    def run_facets(self) -> RunFacets:
        """Return the filter options over all runs."""
        with self._read() as db:
            studies = {row["id"]: row["name"] for row in db.query(_STUDIES)}
            models = [row["model"] for row in db.query(_MODELS)]
            counts = list(db.query(_FACETS))
        return RunFacets(
            studies=studies,
            models=tuple(models),
            statuses=tuple(dict.fromkeys(shown for row in counts for shown in _shown(row["status"]))),
            has_simulated=any(row["simulated"] for row in counts),
            has_real=any(not row["simulated"] for row in counts),
            archived=sum(row["archived"] for row in counts),
        )

    def annotate_run(self, run_id: str, *, tags: Sequence[str], note: str) -> None:
        """Replace the tags and the note of a run; equal tags are saved once."""
        kept = list(dict.fromkeys(tag for given in tags if (tag := " ".join(given.split()))))
        with self._write() as db:
            update_row(db, "runs", (run_id,), {"tags": utf8(json.dumps(kept, ensure_ascii=False)), "note": note})

    def pin_run(self, run_id: str, pinned: bool) -> None:
        """Pin a run to the top of the list, or unpin it."""
        with self._write() as db:
            update_row(db, "runs", (run_id,), {"pinned": pinned})

    def archive_run(self, run_id: str, archived: bool) -> None:
        """Archive a run, or bring it back to the list."""
        with self._write() as db:
            update_row(db, "runs", (run_id,), {"archived": archived})

    # --- removal with undo -----------------------------------------------------------------------

    def remove_run(self, run_id: str, now: datetime) -> None:
        """Remove a run: within `UNDO_FOR` it can be restored, then `purge_removed` deletes it.

        Raises:
            StoreError: there is no such run, or it is running.
        """
        with self._write() as db:
            if get_row(db, "runs", run_id, "status")["status"] == "running":
                raise StoreError(f"Run {run_id} is still running. Cancel it, then delete it when it has stopped.")
            update_row(db, "runs", (run_id,), {"deleted_at": iso(now)})

    def restore_run(self, run_id: str) -> None:
        """Restore a removed run.

        Raises:
            StoreError: it has been purged.
        """
        with self._write() as db:
            update_row(db, "runs", (run_id,), {"deleted_at": None})

    def removed_runs(self) -> list[RemovedRun]:
        """Return the removed runs that can still be restored, latest removal first."""
        with self._read() as db:
            rows = db.query(
                "SELECT id, name, deleted_at FROM runs WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC"
            )
            return [RemovedRun.model_validate(row) for row in rows]

    def purge_removed(self, now: datetime) -> list[str]:
        """Delete the runs removed longer than `UNDO_FOR` ago; returns their ids."""
        due = [run.id for run in self.removed_runs() if now - run.deleted_at > UNDO_FOR]
        if not due:  # the usual case, which needs no write transaction
            return []
        with self._write() as db:
            # Checked again, because a run may have been restored in the meantime.
            due = [run_id for run_id in due if db.table("runs").count_where(_STILL_REMOVED, [run_id])]
            for run_id in due:
                self._delete_row(db, "runs", run_id)
        return due


def _folded(text: str) -> str:
    return text.casefold()


def _condition(choice: RunChoice) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition of a choice on `runs` and `studies`, and its values."""
    given = {
        "study_id": choice.study_id,
        "model": choice.model,
        "simulated": choice.simulated,
        "since": choice.since and iso(choice.since),
        "until": choice.until and iso(choice.until),
    }
    values = {name: value for name, value in given.items() if value is not None}
    parts = [_CONDITIONS[name] for name in values]
    words = {f"word{at}": utf8(word) for at, word in enumerate(choice.words.casefold().split())}
    parts += [f"instr({_TEXT}, :{name}) > 0" for name in words]
    statuses = {f"status{at}": status for at, status in enumerate(choice.statuses)}
    if statuses:
        parts.append(f"{_SHOWN} IN ({', '.join(f':{name}' for name in statuses)})")
    where = " AND ".join(["runs.deleted_at IS NULL", "runs.archived = :archived", *parts])
    return where, {**values, **words, **statuses, "archived": choice.archived}


def _listed(db: "Database", ids: Sequence[str]) -> list[ListedRun]:
    bins: dict[str, list[int]] = {}
    for row in db.query(_BINNED, [json.dumps(list(ids))]):
        bins.setdefault(row["run_id"], [0] * BINS)[row["bin"]] = row["drafts"]
    return [
        ListedRun.model_validate(
            {**row, "tags": json.loads(row["tags"]), "drafts_by_score": tuple(bins.get(row["id"], ()))}
        )
        for row in _summed(db, ids, ", page.tags, page.note, page.pinned, page.archived")
    ]


def _summed(db: "Database", ids: Sequence[str], more: str = "") -> list[dict[str, Any]]:
    """Return the rows of runs with their results, in the order of the ids."""
    found = {
        row["id"]: row for row in db.query(_SUMMED.format(more=more, unrefined=_UNREFINED), [json.dumps(list(ids))])
    }
    return [found[run_id] for run_id in ids if run_id in found]


def _shown(status: RunStatus) -> tuple[ShownStatus, ...]:
    return (status, "completed with problems") if status == "completed" else (status,)


_STILL_REMOVED = "id = ? AND deleted_at IS NOT NULL"

_NEWEST = "SELECT id FROM runs WHERE deleted_at IS NULL ORDER BY created_at DESC, rowid DESC LIMIT ?"


_UNREFINED = f"({', '.join(repr(outcome) for outcome in UNREFINED)})"

_UNDONE = f"""((SELECT COUNT(*) FROM failures WHERE run_id = runs.id)
    + (SELECT COUNT(*) FROM personas WHERE run_id = runs.id AND outcome IN {_UNREFINED}))"""  # noqa: S608 - our own words

_SHOWN = f"CASE WHEN runs.status = 'completed' AND {_UNDONE} THEN 'completed with problems' ELSE runs.status END"

_NAMES = f"""
    SELECT runs.id, runs.name, status, simulated, study_id, studies.name AS study_name, runs.created_at, threshold,
        (SELECT COUNT(*) FROM personas WHERE run_id = runs.id) AS personas,
        {_UNDONE} AS undone
    FROM runs JOIN studies ON studies.id = study_id
    WHERE deleted_at IS NULL AND (:study IS NULL OR study_id = :study)
    ORDER BY runs.created_at DESC, runs.rowid DESC LIMIT :limit
"""  # noqa: S608 - our own words


_SUMMED = """
    SELECT page.id, page.name, page.status, page.simulated, page.study_id, studies.name AS study_name,
        page.created_at, page.finished_at, page.local_provider, page.local_model,
        page.frontier_provider, page.frontier_model, page.threshold, page.budget_micros,
        COUNT(personas.outcome) AS personas, AVG(personas.overall) AS mean_score,
        COUNT(*) FILTER (WHERE personas.outcome <> 'refined') AS local,
        COUNT(*) FILTER (WHERE personas.outcome IN {unrefined})
            + (SELECT COUNT(*) FROM failures WHERE run_id = page.id) AS undone,
        (SELECT COALESCE(SUM(cost_micros), 0) FROM call_sums WHERE run_id = page.id) AS spent_micros{more}
    FROM json_each(?) AS asked JOIN runs AS page ON page.id = asked.value AND page.deleted_at IS NULL
    JOIN studies ON studies.id = page.study_id LEFT JOIN personas ON personas.run_id = page.id
    GROUP BY page.id
"""


# A tiny amount is added before rounding down, because a product such as 0.55 * 20 may fall just beside its bound.
_BINNED = f"""
    SELECT run_id, MIN(CAST(overall * {BINS} + 1e-9 AS INTEGER), {BINS - 1}) AS bin, COUNT(*) AS drafts
    FROM json_each(?) AS asked JOIN drafts ON drafts.run_id = asked.value
    WHERE overall IS NOT NULL GROUP BY run_id, bin
"""  # noqa: S608 - our own number


_DRAFTER = "CASE runs.local_provider WHEN 'builtin' THEN 'builtin' ELSE runs.local_model END"

_TEXT = (
    f"folded(runs.name || ' ' || studies.name || ' ' || {_DRAFTER} || ' ' || runs.frontier_model || ' ' || runs.id"
    " || ' ' || runs.tags || ' ' || runs.note)"
)

_CONDITIONS = {
    "study_id": "runs.study_id = :study_id",
    "model": f":model IN ({_DRAFTER}, runs.frontier_model)",
    "simulated": "runs.simulated = :simulated",
    "since": "runs.created_at >= :since",
    "until": "runs.created_at < :until",
}

# From the outcome, which is indexed: the frontier's text is delivered exactly when it is `refined`.
_LOCAL = "(SELECT AVG(outcome <> 'refined') FROM personas WHERE run_id = runs.id)"
_MEAN = "(SELECT AVG(overall) FROM personas WHERE run_id = runs.id)"
_SPENT = "(SELECT SUM(cost_micros) FROM call_sums WHERE run_id = runs.id)"
_SECONDS = "julianday(runs.finished_at) - julianday(runs.created_at)"

_RANKS: dict[RunOrder, tuple[str, str]] = {
    "newest": ("runs.created_at", "DESC"),
    "oldest": ("runs.created_at", "ASC"),
    "name": ("folded(runs.name)", "ASC"),
    "best score": (_MEAN, "DESC"),
    "worst score": (_MEAN, "ASC"),
    "most local": (_LOCAL, "DESC"),
    "dearest": (_SPENT, "DESC"),
    "longest": (_SECONDS, "DESC"),
}

_FROM = "FROM runs JOIN studies ON studies.id = runs.study_id WHERE {where}"

_PAGE = (
    f"WITH fitting AS (SELECT runs.id, pinned, runs.created_at, runs.rowid AS number, {{rank}} AS rank {_FROM})"  # noqa: S608
    " SELECT id FROM fitting ORDER BY pinned DESC, rank IS NULL, rank {direction}, created_at DESC, number DESC"
    " LIMIT :limit OFFSET :offset"
)

_COUNT = f"SELECT COUNT(*) {_FROM}"


_STUDIES = """
    SELECT studies.id, studies.name FROM runs JOIN studies ON studies.id = runs.study_id
    WHERE deleted_at IS NULL GROUP BY studies.id ORDER BY MAX(runs.created_at) DESC
"""

_MODELS = f"""
    SELECT {_DRAFTER} AS model FROM runs WHERE deleted_at IS NULL
    UNION SELECT frontier_model FROM runs WHERE deleted_at IS NULL ORDER BY model
"""  # noqa: S608 - our own expression

_FACETS = """
    SELECT status, simulated, SUM(archived) AS archived FROM runs WHERE deleted_at IS NULL
    GROUP BY status, simulated ORDER BY status
"""
