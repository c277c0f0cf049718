"""From runs to a design, and from a design to the texts that are shown."""

from collections.abc import Sequence

from pipeline.calibration.certificate import certify
from pipeline.calibration.design import draw_design
from pipeline.calibration.drift import setup_of
from pipeline.calibration.pool import pool_of, why_not_together
from pipeline.domain.base import Frozen
from pipeline.domain.labels import Design, DesignSettings, DraftKey, StoredDesign
from pipeline.domain.persona import Persona
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import RunScores
from pipeline.errors import InputError

_SECONDS_PER_TEXT = 9


class LabelPlan(Frozen):
    """A design before it is saved, and what it can come to."""

    design: Design
    needed: int | None
    """Labels for the certificate without which the promise cannot be given, not even if none is bad."""

    @property
    def certificate_texts(self) -> int:
        """Texts whose labels count for the certificate."""
        return sum(task.purpose == "certificate" for task in self.design.tasks)

    @property
    def is_enough(self) -> bool:
        """Whether labelling all of it can back the promise at all."""
        return self.needed is None or self.certificate_texts >= self.needed


class ShownText(Frozen):
    """What somebody who labels sees of a task."""

    persona: Persona
    focus: tuple[str, ...]
    """Ids of the participants it is drawn from."""


def draw_from(runs: Sequence[RunScores], settings: DesignSettings) -> Design:
    """Draw from the kept drafts of runs.

    Raises:
        InputError: no run, no score, runs of different setups, or runs that share their drafts.
    """
    if not runs:
        raise InputError("No run to draw from. Choose at least one.")
    reasons = why_not_together(runs)
    if not reasons and len({tuple((draft.overall, draft.focus) for draft in run.kept) for run in runs}) < len(runs):
        # The builtin drafter writes the same again under the same settings: one text counted as two.
        reasons = ("Two of them hold the same drafts.",)
    if reasons:
        raise InputError(f"These runs cannot be labelled together. {' '.join(reasons)} Take one of them away.")
    kept = {DraftKey(run.id, draft.id): draft for run in runs for draft in run.kept}
    refined = {key for key, draft in kept.items() if draft.outcome == "refined"}
    scores = {key: draft.overall for key, draft in kept.items()}
    return draw_design(scores, setup_of(runs[0]), settings, refined=refined)


def plan(runs: Sequence[RunScores], settings: DesignSettings) -> LabelPlan:
    """What labelling these runs in this way would take; the design in it is the one that would be drawn.

    Raises:
        InputError: see `draw_from`.
    """
    design = draw_from(runs, settings)
    without_labels = certify(pool_of(runs).cases, settings.promise, floor=design.certified_from)
    return LabelPlan(design=design, needed=without_labels.labels_needed)


def minutes_for(texts: int) -> int:
    """How long somebody takes for so many texts, at a brisk nine seconds each; at least 1."""
    return max(1, round(texts * _SECONDS_PER_TEXT / 60))


def shown_texts(stored: StoredDesign, runs: Sequence[RunRecord]) -> dict[int, ShownText]:
    """The text of every task, by place; tasks of runs that are not given are left out."""
    drafts = {DraftKey(run.id, item.draft.id): item.draft for run in runs for item in run.drafts}
    refined = {DraftKey(run.id, final.draft_id): final.persona for run in runs for final in run.personas}
    return {
        task.place: ShownText(
            persona=refined[task.key] if task.text == "frontier" else drafts[task.key].persona,
            focus=drafts[task.key].focus,
        )
        for task in stored.design.tasks
        if task.key in drafts
    }
