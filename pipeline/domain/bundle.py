"""What is shared of runs: everything about them and their studies, with or without the words of the study.

Without these words segments are empty, participants nameless and without facts, the sources of claims are known by
place only, what was sent and answered is left out, and so are the notes of those who labelled. Personas stay whole,
their quotes included. Designs name drafts, which the runs of the bundle hold; no text is in them. Values that come
from elsewhere are checked here; `pipeline.store.bundle_file` reads and writes the file.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime
from math import isfinite
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import EventKind, StageName
from pipeline.domain.labels import Label, StoredDesign
from pipeline.domain.persona import Assessment
from pipeline.domain.run import Batch, Draft, DraftFailure, FinalPersona, ModelCall, Timing
from pipeline.domain.study import Study

WITHHELD = "Left out of the bundle, together with the words of the study."
"""Stands where a payload was, so that nobody takes it for a call that sent nothing."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
"""What may name a member: no dots, no slashes."""


class Event(Frozen):
    """A line in the story of a run."""

    at: str
    kind: EventKind
    sentence: str


class StageBegun(Frozen):
    """When a stage began, and how much it had to do."""

    stage: StageName
    planned: int
    started_at: AwareDatetime


class BundledRun(Frozen):
    """Everything that is kept of a run that has ended."""

    id: Id
    study_id: Id
    name: str
    tags: tuple[str, ...] = ()
    note: str = ""
    status: Literal["completed", "cancelled", "failed", "interrupted"]
    error: str | None = None
    simulated: bool
    config: HybridConfig
    scorer_version: str
    drafts_from: str | None = None
    price_source: str
    frontier_only_micros: Micros | None
    timing: Timing
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    stages: tuple[StageBegun, ...]
    drafts: tuple[Draft, ...]
    assessments: dict[str, Assessment]
    """By draft id."""
    failures: tuple[DraftFailure, ...]
    personas: tuple[FinalPersona, ...]
    calls: tuple[ModelCall, ...]
    batches: tuple[Batch, ...]
    events: tuple[Event, ...]
    """In the order in which they happened."""

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        drafts = {draft.id for draft in self.drafts}
        check_once("draft", [draft.id for draft in self.drafts])
        check_once("persona", [final.draft_id for final in self.personas])
        check_once("call", [call.id for call in self.calls])
        check_once("failure", [failure.draft_id for failure in self.failures])
        check_once("batch", [batch.marker for batch in self.batches])
        check_once("stage", [begun.stage for begun in self.stages])
        if strays := ({final.draft_id for final in self.personas} | self.assessments.keys()) - drafts:
            raise ValueError(f"there is no draft '{min(strays)}'")
        if not all(isfinite(seconds) for seconds in self.timing.model_dump().values()):
            raise ValueError("a time is not a number")
        check_moments([self.created_at, self.finished_at or self.created_at, *(call.started_at for call in self.calls)])
        return self

    def without_source(self) -> Self:
        """The same run without the words of its study."""
        return self.model_copy(
            update={
                "assessments": {key: _without_quotes(found) for key, found in self.assessments.items()},
                "personas": tuple(_without_sources(final) for final in self.personas),
                "calls": tuple(
                    call.model_copy(update={"payload": WITHHELD if call.payload else "", "reply": None})
                    for call in self.calls
                ),
            }
        )

    def is_same_as(self, other: "BundledRun") -> bool:
        """Whether the same happened in both; what people call them and say of them may differ."""
        said = {"name": "", "tags": (), "note": ""}
        return self.model_copy(update=said) == other.model_copy(update=said)


class LabelledDesign(Frozen):
    """A design, and its labels in the order in which they were made: whose comes first decides."""

    stored: StoredDesign
    labels: tuple[Label, ...]

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        tasks = self.stored.design.tasks
        check_once("task", [task.place for task in tasks])
        check_once("label", [(label.place, label.rater) for label in self.labels])
        check_moments([self.stored.created_at, *(label.labelled_at for label in self.labels)])
        if not tasks:
            raise ValueError("a design has no task")
        if unasked := {label.place for label in self.labels} - {task.place for task in tasks}:
            raise ValueError(f"there is no task {min(unasked)}")
        if strays := {task.run_id for task in tasks} - set(self.stored.run_ids):
            raise ValueError(f"the run {min(strays)} is not one that it was drawn from")
        return self

    def without_notes(self) -> Self:
        """The same labels without what raters wrote beside them, which may quote a text. Their names stay."""
        return self.model_copy(update={"labels": tuple(label.model_copy(update={"note": ""}) for label in self.labels)})


class Bundle(Frozen):
    """What a file brings along."""

    source_text: bool
    """Whether the words of the studies are in it."""
    studies: tuple[Study, ...]
    private: tuple[str, ...] = ()
    """Ids of the studies that never leave their machine: their words are not in a file, and stay where they go."""
    runs: tuple[BundledRun, ...]
    comparisons: tuple[Comparison, ...] = ()
    """Saved comparisons of these runs."""
    designs: tuple[LabelledDesign, ...] = ()
    """Designs drawn from these runs, with their labels."""


def without_words(study: Study) -> Study:
    """A study without its words: the same ids, places and sizes."""
    return study.model_copy(
        update={
            "segments": tuple(segment.model_copy(update={"text": ""}) for segment in study.segments),
            "participants": tuple(
                person.model_copy(update={"name": None, "demographics": {}}) for person in study.participants
            ),
            "documents": tuple(document.model_copy(update={"notes": ()}) for document in study.documents),
        }
    )


def without_source(bundle: Bundle) -> Bundle:
    """The same bundle without the words of its studies."""
    return bundle.model_copy(
        update={
            "source_text": False,
            "studies": tuple(without_words(study) for study in bundle.studies),
            "runs": tuple(run.without_source() for run in bundle.runs),
            "designs": tuple(design.without_notes() for design in bundle.designs),
        }
    )


def check_once(noun: str, ids: Sequence[Hashable]) -> None:
    """Refuse what names the same thing twice.

    Raises:
        ValueError: it does.
    """
    if len(set(ids)) != len(ids):
        raise ValueError(f"a {noun} is there twice")


def check_moments(moments: Sequence[datetime]) -> None:
    """Refuse times that cannot be stored and compared.

    Raises:
        ValueError: one has no zone, or is out of range.
    """
    if any(moment.tzinfo is None or not 1 < moment.year < 9999 for moment in moments):
        raise ValueError("a moment has no time zone, or is out of range")


def _without_quotes(assessment: Assessment) -> Assessment:
    claims = tuple(claim.model_copy(update={"quote": None}) for claim in assessment.claims)
    return assessment.model_copy(update={"claims": claims})


def _without_sources(final: FinalPersona) -> FinalPersona:
    parts = ("assessment", "draft_assessment", "rejected_assessment")
    found = {part: getattr(final, part) for part in parts}
    return final.model_copy(update={part: value and _without_quotes(value) for part, value in found.items()})
