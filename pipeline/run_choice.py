"""What the list of runs is asked for, and what it answers."""

from datetime import datetime, timedelta
from typing import Literal, get_args

from pipeline.domain.base import Frozen, Score
from pipeline.domain.run import RunStatus

RunOrder = Literal["newest", "oldest", "name", "best score", "worst score", "most local", "dearest", "longest"]
RUN_ORDERS: tuple[RunOrder, ...] = get_args(RunOrder)

UNDO_FOR = timedelta(minutes=10)
"""How long a run that was taken away can be brought back."""

BINS = 20
"""Of the little distribution beside each run, on 0..1; a bin holds its lower bound."""


class RunName(Frozen):
    """A run to choose from: what tells it from others, without what came of it."""

    id: str
    name: str
    status: RunStatus
    simulated: bool
    study_id: str
    study_name: str
    created_at: datetime
    threshold: Score
    personas: int
    """Personas that have reached their outcome."""


class RunSummary(RunName):
    """A run in a list: its settings and what came of it."""

    finished_at: datetime | None
    local_provider: str
    local_model: str
    frontier_provider: str
    frontier_model: str
    mean_score: Score | None
    """Mean overall score of the delivered texts; `None` when none has a score."""
    kept_local: int
    """Personas whose draft was accepted as it is."""
    spent_micros: int
    """Settled and reserved money of all calls."""
    budget_micros: int | None
    """`None` means no cap."""


class ListedRun(RunSummary):
    """A run in the list of runs, with what people added to it."""

    tags: tuple[str, ...]
    note: str
    pinned: bool
    archived: bool
    drafts_by_score: tuple[int, ...]
    """Scored drafts in 20 bins of the overall score from 0 to 1."""


class RunChoice(Frozen):
    """Which runs are listed, in which order, and which page of them. What is `None` or empty does not filter."""

    words: str = ""
    """All of them must occur in name, study, models, id, tags or note; case does not matter."""
    study_id: str | None = None
    model: str | None = None
    """One that drafted or refined."""
    statuses: tuple[RunStatus, ...] = ()
    simulated: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    archived: bool = False
    """Only archived runs, or only the others."""
    order: RunOrder = "newest"
    """Pinned runs come first in every order, runs without the value last."""
    page: int = 1
    page_size: int = 25


class RunPage(Frozen):
    """One page of the chosen runs."""

    runs: tuple[ListedRun, ...]
    fitting: int
    """Runs that fit the choice, on all pages."""
    total: int
    """All runs, archived ones included."""


class RunFacets(Frozen):
    """What there is to filter by."""

    studies: dict[str, str]
    """Id to name, of studies with runs; latest run first."""
    models: tuple[str, ...]
    statuses: tuple[RunStatus, ...]
    has_simulated: bool
    has_real: bool
    archived: int


class RemovedRun(Frozen):
    """A run that was taken away and can still be brought back."""

    id: str
    name: str
    deleted_at: datetime
