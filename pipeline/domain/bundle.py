"""Bundles for sharing runs: everything about the runs and their studies, with or without the source text.

Without source text, segments are empty, participants have neither names nor facts, claims give only the place of
their sources, and requests, answers, raters' notes and all quotes of personas are left out.
Designs refer to drafts in the bundle's runs and hold no text. Imported values are validated here;
`pipeline.store.bundle_file` reads and writes the file.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime
from math import isfinite
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from pipeline.domain.base import Frozen, Micros
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import HybridConfig
from pipeline.domain.edits import EDITABLE_LISTS, StoredEdit
from pipeline.domain.facts import EventKind, StageName
from pipeline.domain.labels import Label, StoredDesign
from pipeline.domain.persona import Assessment, Persona
from pipeline.domain.remarks import Comment, Remark
from pipeline.domain.run import Batch, Draft, DraftFailure, FinalPersona, ModelCall, RunRecord, Timing
from pipeline.domain.study import Study

WITHHELD = "Left out of the bundle, together with the words of the study."
"""Replaces a payload, so that the call does not look as if it had sent nothing."""

QUOTE_WITHHELD = "A quote, left out together with the words of the study."
"""Replaces the words of a quote where its support is kept."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
"""An id that can name a member of the zip file: no dots, no slashes."""


class Event(Frozen):
    """One entry in the event log of a run."""

    at: str
    kind: EventKind
    sentence: str


class StageBegun(Frozen):
    """Start of a stage: time and number of planned items."""

    stage: StageName
    planned: int
    started_at: AwareDatetime


class BundledRun(Frozen):
    """A finished run with all its facts."""

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
    prompt_version: str = "1"
    local_digest: str = ""
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
    """In chronological order."""
    edits: tuple[StoredEdit, ...] = ()
    """Changes that people made to its personas, oldest first."""
    remarks: tuple[Remark, ...] = ()
    """Notes and tags of analysts, where they were to travel."""
    comments: tuple[Comment, ...] = ()
    """Comments of readers, where they were to travel."""

    @field_validator("config", mode="before")
    @classmethod
    def _names_its_selection(cls, value: object) -> object:
        # Runs older than this setting chose by score alone.
        return {"selection": "best_score", **value} if isinstance(value, dict) else value

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
        if [edit.number for edit in self.edits] != list(range(1, len(self.edits) + 1)):
            raise ValueError("the edits are not numbered from 1")
        if any(not 0 < edit.edit.undoes < edit.number for edit in self.edits if edit.edit.action == "undo"):
            raise ValueError("an undo is of no earlier edit")
        check_moments([edit.at for edit in self.edits])
        check_moments([self.created_at, self.finished_at or self.created_at, *(call.started_at for call in self.calls)])
        return self

    def without_source(self) -> Self:
        """Return the run without source text."""
        return self.model_copy(
            update={
                "assessments": {key: _without_quotes(found) for key, found in self.assessments.items()},
                "personas": tuple(_without_sources(final) for final in self.personas),
                "drafts": tuple(_unquoted_draft(draft) for draft in self.drafts),
                "edits": tuple(_edit_without_sources(edit) for edit in self.edits),
                "calls": without_payloads(self.calls),
            }
        )

    def is_same_as(self, other: "BundledRun") -> bool:
        """Compare two runs as they were made, ignoring name, tags, note, later edits and remarks."""
        ignored = {"name": "", "tags": (), "note": "", "edits": (), "remarks": (), "comments": ()}
        return self.model_copy(update=ignored) == other.model_copy(update=ignored)


class LabelledDesign(Frozen):
    """A design with its labels in the order in which they were made; the first rater's labels count."""

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
        """Return the design without raters' notes, which may quote a text. Raters' names stay."""
        return self.model_copy(update={"labels": tuple(label.model_copy(update={"note": ""}) for label in self.labels)})


class Bundle(Frozen):
    """Content of a bundle file."""

    source_text: bool
    """True if the text of the studies is included."""
    studies: tuple[Study, ...]
    private: tuple[str, ...] = ()
    """Ids of the studies that never leave their machine: a file has no text of them, and the importing machine keeps
    them private too."""
    runs: tuple[BundledRun, ...]
    comparisons: tuple[Comparison, ...] = ()
    """Saved comparisons of these runs."""
    designs: tuple[LabelledDesign, ...] = ()
    """Designs drawn from these runs, with their labels."""


def without_words(study: Study) -> Study:
    """Return a study without its text; ids, places and sizes stay."""
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
    """Return the bundle without the text of its studies."""
    return bundle.model_copy(
        update={
            "source_text": False,
            "studies": tuple(without_words(study) for study in bundle.studies),
            "runs": tuple(run.without_source() for run in bundle.runs),
            "designs": tuple(design.without_notes() for design in bundle.designs),
        }
    )


def check_once(noun: str, ids: Sequence[Hashable]) -> None:
    """Check that ids are unique.

    Raises:
        ValueError: an id occurs twice.
    """
    if len(set(ids)) != len(ids):
        raise ValueError(f"the same {noun} occurs twice")


def check_moments(moments: Sequence[datetime]) -> None:
    """Check that times can be stored and compared.

    Raises:
        ValueError: a time has no time zone, or is out of range.
    """
    if any(moment.tzinfo is None or not 1 < moment.year < 9999 for moment in moments):
        raise ValueError("a time has no time zone, or is out of range")


def without_verbatim(run: RunRecord) -> RunRecord:
    """Return a run without words of its study: no quote, no source of a claim, no request and no answer."""
    return run.model_copy(
        update={
            "drafts": tuple(
                item.model_copy(
                    update={"draft": _unquoted_draft(item.draft), "assessment": _without_quotes(item.assessment)}
                )
                for item in run.drafts
            ),
            "personas": tuple(_without_sources(final) for final in run.personas),
            "edited": tuple(_without_sources(final) for final in run.edited),
            "calls": without_payloads(run.calls),
        }
    )


def without_payloads(calls: Sequence[ModelCall]) -> tuple[ModelCall, ...]:
    """Return calls without their requests and answers."""
    return tuple(call.model_copy(update={"payload": WITHHELD if call.payload else "", "reply": None}) for call in calls)


def _unquoted(persona: Persona) -> Persona:
    return persona.model_copy(update={"quotes": ()})


def _unquoted_draft(draft: Draft) -> Draft:
    return draft.model_copy(update={"persona": _unquoted(draft.persona)})


def _without_quotes(assessment: Assessment) -> Assessment:
    claims = tuple(
        claim.model_copy(
            update={
                # Its support still counts in the figures.
                "text": QUOTE_WITHHELD if claim.field == "quotes" else claim.text,
                "quote": None,
                "supporters": tuple(one.model_copy(update={"quote": None}) for one in claim.supporters),
            }
        )
        for claim in assessment.claims
    )
    findings = tuple(finding for finding in assessment.findings if finding.field != "quotes")
    return assessment.model_copy(update={"claims": claims, "findings": findings})


def _edit_without_sources(stored: StoredEdit) -> StoredEdit:
    after = {name: final and _without_sources(final) for name, final in stored.after.items()}
    edit = stored.edit.model_copy(update={"quote": ""})
    if "quotes" in (edit.field, edit.new):
        # The words of a quote that was changed, moved or added.
        edit = edit.model_copy(update={"text": "", "new": edit.new if edit.new in EDITABLE_LISTS else ""})
    return stored.model_copy(update={"after": after, "edit": edit})


def _without_sources(final: FinalPersona) -> FinalPersona:
    parts = ("assessment", "draft_assessment", "rejected_assessment")
    found = {part: getattr(final, part) for part in parts}
    edited = final.edited and final.edited.model_copy(
        update={
            "original": _unquoted(final.edited.original),
            "original_assessment": _without_quotes(final.edited.original_assessment),
            "sources": tuple(
                one.model_copy(update={"quote": ""}) for one in final.edited.sources if one.claim.field != "quotes"
            ),
            "pinned": tuple(one for one in final.edited.pinned if one.field != "quotes"),
            "rejected": tuple(one for one in final.edited.rejected if one.field != "quotes"),
        }
    )
    plain: dict[str, object] = {part: value and _without_quotes(value) for part, value in found.items()}
    texts = {"persona": _unquoted(final.persona), "rejected": final.rejected and _unquoted(final.rejected)}
    return final.model_copy(update={**plain, **texts, "edited": edited})
