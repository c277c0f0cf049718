"""Labels and the designs they belong to: what is drawn, what is promised, what raters say.

The nouns alone: drawing, testing and counting are in `pipeline.calibration`, with the arrays that they need.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field, ValidationError

from pipeline.domain.base import Frozen, Score
from pipeline.domain.config import explain_validation
from pipeline.errors import ConfigError

LabelledText = Literal["draft", "frontier"]
Purpose = Literal["certificate", "reliability", "comparison", "agreement", "elsewhere"]

Verdict = Literal["acceptable", "unacceptable", "unsure"]

Risk = Literal["marginal", "selective"]
Scope = Literal["future_runs", "this_run"]


class Promise(Frozen):
    """What shall be promised, fixed before labels are looked at."""

    alpha: float = Field(default=0.1, gt=0, lt=1)
    """Largest acceptable share of bad texts."""
    confidence: float = Field(default=0.9, ge=0.5, lt=1)
    """Probability, over the draw of the labels, with which the promise holds."""
    risk: Risk = "marginal"
    """`marginal`: P(accepted and bad), of everything delivered. `selective`: P(bad | accepted), of what stays local."""
    scope: Scope = "future_runs"
    """`future_runs` holds for the same model, prompt, scorer and source. `this_run` holds for the drafts at hand
    only, which takes fewer labels; with all of them labelled it is a count."""

    @property
    def delta(self) -> float:
        """Probability with which the promise may be broken."""
        return round(1 - self.confidence, 12)


class DesignSettings(Frozen):
    """Fixed before the first label."""

    promise: Promise = Promise()
    labels: int = Field(default=50, ge=1)
    """Drafts to label for the certificate; all there are when fewer."""
    floor_percentile: float = Field(default=0.4, ge=0, lt=1)
    """Labels are drawn from the score on that this part of the scored drafts stays under. 0 draws among all."""
    below_share: float = Field(default=0.1, ge=0, le=1)
    """Labels from below the floor, as a part of `labels`, for the reliability chart only."""
    twice_share: float = Field(default=0.1, ge=0, le=1)
    """Part of all texts that is shown a second time, to see how far labels can be trusted."""
    seed: int = Field(default=0, ge=0)


class DraftKey(NamedTuple):
    """A draft among several runs: every run counts its own from 1."""

    run_id: str
    draft_id: str


class Task(Frozen):
    """One text to label. Whoever labels sees the text, never this."""

    place: int = Field(ge=0)
    """Where in the design it is shown. Stays the same when tasks before it disappear with their run."""
    run_id: str
    draft_id: str
    text: LabelledText
    """Which text of the draft is shown."""
    purpose: Purpose
    """`reliability`: from below the floor. `comparison`: the frontier's text. `agreement`: shown a second time.
    `elsewhere`: not drawn at all, labelled outside of a design."""

    @property
    def key(self) -> DraftKey:
        """The draft it is about."""
        return DraftKey(self.run_id, self.draft_id)


class Setup(Frozen):
    """What has to be the same for a calibration of one run to speak of another."""

    study_id: str
    drafted_by: str
    """Local provider and model."""
    scorer: str
    """Version of the scorer and its weights."""
    selection: str
    """How many drafts are written per persona kept."""


class Design(Frozen):
    """A draw of drafts to label. Labels belong to a design, and a design to a setup."""

    settings: DesignSettings
    setup: Setup
    floor: Score
    """Drafts with at least this score could be drawn for the certificate; a whole number of hundredths."""
    drafts: int
    """Drafts with a score at the time of the draw."""
    eligible: int
    """Those of them at or over the floor."""
    tasks: tuple[Task, ...]
    """In the order in which they are shown: shuffled, second showings last."""

    @property
    def is_drawn(self) -> bool:
        """Whether the drafts were drawn at random here, without which labels certify nothing."""
        return all(task.purpose != "elsewhere" for task in self.tasks)

    @property
    def certified_from(self) -> float | None:
        """The `floor` that a certificate takes: `None` when labels were drawn among all drafts."""
        return self.floor if self.settings.floor_percentile else None


class Agreement(Frozen):
    """How far two labels of the same text agree."""

    n: int
    """Texts labelled twice."""
    agreement: float | None
    """Share of equal labels; `None` without any."""
    kappa: float | None
    """Cohen's kappa: 0 by chance, 1 always; `None` when only one kind of label occurs."""


class Label(Frozen):
    """What one rater said of one task."""

    place: int
    """Of the task in its design."""
    rater: str
    """A name as typed: untrusted."""
    verdict: Verdict
    note: str = ""
    """Untrusted; may be empty."""
    labelled_at: datetime


class StoredDesign(Frozen):
    """A design in the store."""

    id: str
    name: str
    """Untrusted."""
    run_ids: tuple[str, ...]
    """Runs it was drawn from, those deleted since left out."""
    created_at: datetime
    design: Design
    """Tasks of deleted runs are left out; the places of the others stay."""


class DesignSummary(Frozen):
    """A design in a list, without its tasks."""

    id: str
    name: str
    study_id: str
    run_ids: tuple[str, ...]
    created_at: datetime
    tasks: int
    labelled: dict[str, int]
    """Labels per rater, the first rater first; without one, empty."""
    scorer_version: str
    is_drawn: bool
    """False for labels made elsewhere, which certify nothing."""


class LabelledDraft(Frozen):
    """What the first rater said of one draft."""

    key: DraftKey
    draft: Verdict | None = None
    """Of the draft's text."""
    frontier: Verdict | None = None
    """Of the frontier's text, where there is one."""
    certifies: bool
    """Whether its label may enter a certificate: it was drawn at random from the floor on."""


class LabelSet(Frozen):
    """The labels of one design, ready to be joined with its runs by `pool.pool_of`."""

    design: StoredDesign
    rater: str | None
    """Whose verdicts these are; `None` while nobody has labelled."""
    drafts: tuple[LabelledDraft, ...]

    def verdicts(self, *, all_labels: bool = False) -> dict[DraftKey, LabelledDraft]:
        """The labelled drafts that may enter a certificate, by key.

        Args:
            all_labels: also those from below the floor and those made elsewhere. For looking at a score, and never
                for a certificate.
        """
        return {found.key: found for found in self.drafts if all_labels or found.certifies}

    @property
    def floor(self) -> float | None:
        """What `certify` takes as its floor with these labels."""
        return self.design.design.certified_from


def parse_promise(declared: Promise, typed: Mapping[str, object]) -> Promise:
    """A promise with what somebody typed in the place of what was declared.

    Raises:
        ConfigError: a value is out of range.
    """
    try:
        return Promise.model_validate({**declared.model_dump(), **typed})
    except ValidationError as error:
        raise ConfigError(f"--{explain_validation(error)}") from error
