"""Labels and labelling designs: sampled drafts, promised guarantees, raters' verdicts.

Data models only: sampling, testing and counting are in `pipeline.calibration`, with the arrays that they need.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import Field, ValidationError

from pipeline.domain.base import Frozen, Score
from pipeline.domain.config import explain_validation
from pipeline.errors import ConfigError

LabelledText = Literal["draft", "frontier"]
Purpose = Literal["certificate", "reliability", "comparison", "agreement", "elsewhere"]

Verdict = Literal["acceptable", "unacceptable", "unsure"]

Stopping = Literal["may_stop", "label_all"]

Risk = Literal["marginal", "selective"]
Scope = Literal["future_runs", "this_run"]


_SLIP = timedelta(minutes=5)


class Promise(Frozen):
    """The guarantee to certify, fixed before labels are examined."""

    alpha: float = Field(default=0.1, gt=0, lt=1)
    """Maximum acceptable share of bad texts."""
    confidence: float = Field(default=0.9, ge=0.5, lt=1)
    """Probability, over the sampling of labels, that the promise holds."""
    risk: Risk = "marginal"
    """`marginal`: P(accepted and bad), among all delivered texts. `selective`: P(bad | accepted), among those that
    stay local."""
    scope: Scope = "future_runs"
    """`future_runs` holds for the same model, prompt, scorer and source. `this_run` holds for the existing drafts
    only and takes fewer labels; with all of them labelled it is a count."""

    @property
    def delta(self) -> float:
        """Probability that the promise fails: 1 - `confidence`."""
        return round(1 - self.confidence, 12)


class AuditTerms(Frozen):
    """Terms of an audit: does a calibration made elsewhere hold for these drafts? Fixed before the first label."""

    calibration: str = Field(max_length=40)
    """Id of the calibration."""
    threshold: Score
    """Its threshold; probes are drawn from this score on."""
    margin: float = Field(ge=0, le=0.5)
    """Largest risk beyond the promised one that still counts as holding."""
    accepted: int = Field(ge=0)
    """Labelled drafts of the calibration that stay local."""
    bad: int = Field(ge=0)
    """Unacceptable ones among them."""


class DesignSettings(Frozen):
    """Settings of a design, fixed before the first label."""

    promise: Promise = Promise()
    labels: int = Field(default=50, ge=1)
    """Drafts to label for the certificate; all of them when there are fewer."""
    floor_percentile: float = Field(default=0.4, ge=0, lt=1)
    """Quantile of the scores (0 to 1) that is the lowest score to sample from; 0 samples from all drafts."""
    below_share: float = Field(default=0.1, ge=0, le=1)
    """Labels below the floor, as a share of `labels`, for the reliability chart only."""
    twice_share: float = Field(default=0.1, ge=0, le=1)
    """Share of all texts shown twice, to measure how reliable the labels are."""
    seed: int = Field(default=0, ge=0)
    stopping: Stopping = "label_all"
    """Declared before the first label. `may_stop`: the test holds whenever labelling stops. `label_all`: the exact
    test, which says nothing before the last label. Designs of earlier versions were drawn for the exact test."""
    rater: str | None = Field(default=None, max_length=80)
    """Rater whose labels count; untrusted. `None`, as in designs of earlier versions: the one with the most labels."""
    audit: AuditTerms | None = None
    """`None` for a design that makes a calibration of its own."""


class DraftKey(NamedTuple):
    """Key of a draft across runs, because every run numbers its drafts from 1."""

    run_id: str
    draft_id: str


class Task(Frozen):
    """One text to label. Raters see the text, never these fields."""

    place: int = Field(ge=0)
    """Position in the design; it does not change when earlier tasks are deleted with their run."""
    run_id: str
    draft_id: str
    text: LabelledText
    """Which text of the draft is shown."""
    purpose: Purpose
    """`reliability`: from below the floor. `comparison`: the frontier's text. `agreement`: shown a second time.
    `elsewhere`: not sampled, labelled outside of a design."""

    @property
    def key(self) -> DraftKey:
        """Key of its draft."""
        return DraftKey(self.run_id, self.draft_id)


class Setup(Frozen):
    """Conditions that two runs must share for one calibration to apply to both."""

    study_id: str
    drafted_by: str
    """Local provider and model."""
    scorer: str
    """Version of the scorer and its weights."""
    selection: str
    """Number of drafts written per kept persona."""
    digest: str = ""
    """Content hash of the local model; empty where it is not known."""
    prompt: str = ""
    """Version of the prompts; empty for a drafter without any, and where it is not known."""


class Design(Frozen):
    """A sample of drafts to label. Labels belong to a design, and a design to a setup."""

    settings: DesignSettings
    setup: Setup
    floor: Score
    """Minimum score of drafts sampled for the certificate; a whole number of hundredths."""
    drafts: int
    """Scored drafts at the time of sampling."""
    eligible: int
    """Scored drafts at or above the floor."""
    tasks: tuple[Task, ...]
    """In display order: shuffled, repeated texts last."""

    @property
    def is_drawn(self) -> bool:
        """True if the drafts were sampled at random here; other labels cannot certify."""
        return all(task.purpose != "elsewhere" for task in self.tasks)

    @property
    def planned(self) -> int:
        """Labels that the design was drawn to count, before it was extended."""
        return min(self.settings.labels, self.eligible)

    @property
    def certified_from(self) -> float | None:
        """The `floor` for the certificate; `None` when labels were sampled from all drafts."""
        return self.floor if self.settings.floor_percentile or self.settings.audit else None


class Agreement(Frozen):
    """Agreement between two labels of the same text."""

    n: int
    """Texts labelled twice."""
    agreement: float | None
    """Share of equal labels; `None` when no text was labelled twice."""
    kappa: float | None
    """Cohen's kappa: 0 is chance level, 1 is perfect; `None` when only one kind of label occurs."""


class Label(Frozen):
    """One rater's verdict on one task."""

    place: int
    """Position of the task in its design."""
    rater: str
    """A name as typed: untrusted."""
    verdict: Verdict
    note: str = ""
    """Untrusted; may be empty."""
    labelled_at: datetime


class LabelChange(Frozen):
    """A verdict that was later replaced or taken back."""

    place: int
    rater: str
    """Untrusted."""
    verdict: Verdict
    """The earlier one."""
    labelled_at: datetime
    changed_at: datetime

    @property
    def is_slip(self) -> bool:
        """True if it was corrected at once, within five minutes: nothing can be learnt from a certificate so soon."""
        return self.changed_at - self.labelled_at <= _SLIP


class LabelDecision(Frozen):
    """A third decision about a text on which raters disagree."""

    place: int
    decided_by: str
    """Untrusted."""
    verdict: Verdict
    note: str = ""
    """Untrusted."""
    decided_at: datetime


class EarlierDraw(Frozen):
    """An earlier design on some of the same runs whose labels have been looked at."""

    id: str
    labels: int
    is_deleted: bool = False


class LabelHistory(Frozen):
    """History of the labels of a design: repeated, changed and decided ones."""

    changes: tuple[LabelChange, ...] = ()
    """Oldest first."""
    decisions: tuple[LabelDecision, ...] = ()
    """Oldest first; the last one of a place counts."""
    earlier: tuple[EarlierDraw, ...] = ()


class StoredDesign(Frozen):
    """A design in the store."""

    id: str
    name: str
    """Untrusted."""
    run_ids: tuple[str, ...]
    """Runs it was sampled from, without deleted ones."""
    created_at: datetime
    design: Design
    """Tasks of deleted runs are left out; the others keep their places."""


class DesignSummary(Frozen):
    """A design in a list, without its tasks."""

    id: str
    name: str
    study_id: str
    run_ids: tuple[str, ...]
    created_at: datetime
    tasks: int
    labelled: dict[str, int]
    """Labels per rater, the first rater first; empty without labels."""
    scorer_version: str
    is_drawn: bool
    """False for labels made elsewhere, which cannot certify."""


class LabelledDraft(Frozen):
    """The verdicts that count on one draft."""

    key: DraftKey
    draft: Verdict | None = None
    """Verdict on the draft."""
    frontier: Verdict | None = None
    """Verdict on the frontier's text, if there is one."""
    certifies: bool
    """True if its label may enter a certificate: it was sampled at random at or above the floor."""
    turn: int = 0
    """Place of the draft in the random order of the design."""


class LabelSet(Frozen):
    """Labels of one design, ready for `pool.pool_of` to join with its runs."""

    design: StoredDesign
    rater: str | None
    """The rater whose verdicts count; `None` before the first label."""
    drafts: tuple[LabelledDraft, ...]
    others: int = 0
    """Texts that this rater has not labelled, where another rater's label counts."""
    changed: int = 0
    """Texts whose label was changed later: the first one counts."""
    decided: int = 0
    """Texts on which a third decision counts."""
    skipped: int = 0
    """Labels after the first text without one, which a design that may stop early cannot count."""
    earlier: tuple[EarlierDraw, ...] = ()
    """Earlier draws from some of the same runs."""

    def verdicts(self, *, all_labels: bool = False) -> dict[DraftKey, LabelledDraft]:
        """Return the labelled drafts that may enter a certificate, by key.

        Args:
            all_labels: include those below the floor and those made elsewhere; to examine a score, never for a
                certificate.
        """
        return {found.key: found for found in self.drafts if all_labels or found.certifies}

    @property
    def floor(self) -> float | None:
        """The floor that `certify` uses with these labels."""
        return self.design.design.certified_from


def parse_promise(declared: Promise, typed: Mapping[str, object]) -> Promise:
    """Return a promise whose declared values are replaced by typed ones.

    Raises:
        ConfigError: a value is out of range.
    """
    try:
        return Promise.model_validate({**declared.model_dump(), **typed})
    except ValidationError as error:
        raise ConfigError(f"--{explain_validation(error)}") from error
