"""Labelling designs: a random sample of drafts, drawn once and fixed before labels come in, and its texts.

A guarantee needs labels drawn at random. Labelling only drafts near the threshold biases the risk by 4 to 25
points; labels from below the floor show whether the score can be read, and never enter a certificate.
"""

from collections.abc import Mapping, Sequence, Set
from math import ceil

import numpy as np

from pipeline.calibration.certificate import Sampling, certify
from pipeline.calibration.drift import setup_of
from pipeline.calibration.pooled_drafts import pool_drafts, why_not_together
from pipeline.domain.base import Frozen
from pipeline.domain.labels import (
    Design,
    DesignSettings,
    DraftKey,
    LabelledText,
    Promise,
    Purpose,
    Setup,
    StoredDesign,
    Task,
)
from pipeline.domain.persona import Persona
from pipeline.domain.run import RunRecord
from pipeline.domain.scores import RunScores
from pipeline.errors import InputError

_SECONDS_PER_TEXT = 9


def draw_design(
    scores: Mapping[DraftKey, float | None],
    setup: Setup,
    settings: DesignSettings,
    *,
    refined: Set[DraftKey] = frozenset(),
) -> Design:
    """Draw drafts to label, uniformly and without replacement from the floor on.

    Args:
        scores: overall score per draft, kept drafts only; those without one are never drawn.
        setup: what the scores depend on.
        settings: size, floor and seed.
        refined: drafts with a frontier text, which is then mixed in as a text of its own.

    Raises:
        InputError: no draft has a score.
    """
    known = {draft: score for draft, score in sorted(scores.items()) if score is not None}
    if not known:
        raise InputError("No draft has a score, so none can be drawn for labelling. Score the drafts first.")
    if settings.audit:
        lowest = settings.audit.threshold
    else:
        lowest = float(np.quantile(list(known.values()), settings.floor_percentile, method="higher"))
    # On a hundredth, as thresholds are: labels between the floor and the next hundredth would be unused.
    floor = int(round(lowest * 100, 9)) / 100
    above = [draft for draft, score in known.items() if score >= floor]
    if not above:
        raise InputError(
            f"No draft scores {floor:.2f} or more here: nothing would stay local, so there is nothing to audit."
        )
    below = [draft for draft, score in known.items() if score < floor]
    chance = np.random.default_rng(settings.seed)
    drawn = _drawn(chance, above, settings.labels)
    extra = _drawn(chance, below, ceil(settings.below_share * settings.labels))
    tasks = [_task(draft, "draft", "certificate") for draft in drawn]
    tasks += [_task(draft, "draft", "reliability") for draft in extra]
    tasks += [_task(draft, "frontier", "comparison") for draft in (*drawn, *extra) if draft in refined]
    first = _shuffled(chance, tasks)
    again = _shuffled(chance, first)[: ceil(settings.twice_share * len(first))]
    shown = [*first, *(task.model_copy(update={"purpose": "agreement"}) for task in again)]
    return Design(
        settings=settings,
        setup=setup,
        floor=floor,
        drafts=len(known),
        eligible=len(above),
        tasks=tuple(task.model_copy(update={"place": place}) for place, task in enumerate(shown)),
    )


def _task(draft: DraftKey, text: LabelledText, purpose: Purpose) -> Task:
    return Task(place=0, run_id=draft.run_id, draft_id=draft.draft_id, text=text, purpose=purpose)


def _drawn(chance: np.random.Generator, drafts: Sequence[DraftKey], wanted: int) -> list[DraftKey]:
    picked = chance.choice(len(drafts), min(wanted, len(drafts)), replace=False) if drafts else ()
    return [drafts[int(number)] for number in picked]


def _shuffled(chance: np.random.Generator, tasks: Sequence[Task]) -> list[Task]:
    return [tasks[int(number)] for number in chance.permutation(len(tasks))]


class LabelPlan(Frozen):
    """A design before it is saved, and the guarantee that it could support."""

    design: Design
    needed: int | None
    """Fewest labels with which the promise can be given, if none of them is bad."""
    needed_selective: int | None = None
    """The same, were the promise about what stays local."""

    @property
    def certificate_texts(self) -> int:
        """Texts whose labels count for the certificate."""
        return sum(task.purpose == "certificate" for task in self.design.tasks)

    @property
    def is_enough(self) -> bool:
        """True if labelling all of it can support the promise."""
        return self.needed is None or self.certificate_texts >= self.needed


class ShownText(Frozen):
    """A task as the rater sees it."""

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
        # The builtin drafter repeats its texts under the same settings: one text would count as two.
        reasons = ("Two of them hold the same drafts.",)
    if reasons:
        raise InputError(f"These runs cannot be labelled together. {' '.join(reasons)} Take one of them away.")
    kept = {DraftKey(run.id, draft.id): draft for run in runs for draft in run.kept}
    refined = {key for key, draft in kept.items() if draft.outcome == "refined"}
    scores = {key: draft.overall for key, draft in kept.items()}
    return draw_design(scores, setup_of(runs[0]), settings, refined=refined)


def plan_labels(runs: Sequence[RunScores], settings: DesignSettings) -> LabelPlan:
    """Plan the labelling of these runs: the design that would be drawn, and the labels that it needs.

    Raises:
        InputError: see `draw_from`.
    """
    design = draw_from(runs, settings)
    return LabelPlan(
        design=design,
        needed=_needed(runs, design, settings.promise),
        needed_selective=_needed(runs, design, settings.promise.model_copy(update={"risk": "selective"})),
    )


def _needed(runs: Sequence[RunScores], design: Design, promise: Promise) -> int | None:
    sampling = Sampling(floor=design.certified_from, planned=design.planned, stopping=design.settings.stopping)
    return certify(pool_drafts(runs).cases, promise, sampling).labels_needed


def more_tasks(stored: StoredDesign, runs: Sequence[RunScores], labels: int) -> tuple[Task, ...]:
    """Draw further texts for a design that may stop early, at random among those not drawn yet.

    Args:
        stored: the design.
        runs: that it was drawn from.
        labels: further texts wanted; fewer where fewer are left.

    Raises:
        InputError: every text at or over the floor has been drawn.
    """
    design = stored.design
    drawn = {task.key for task in design.tasks}
    known = {DraftKey(run.id, draft.id): draft for run in runs for draft in run.kept}
    left = sorted(key for key, draft in known.items() if key not in drawn and (draft.overall or 0) >= design.floor)
    if not left:
        raise InputError("Every draft at or over the floor has been drawn. Add runs of the same setup to draw from.")
    first = max(task.place for task in design.tasks) + 1
    picked = _drawn(np.random.default_rng([design.settings.seed, first]), left, labels)
    tasks = [_task(key, "draft", "certificate") for key in picked]
    return tuple(task.model_copy(update={"place": first + place}) for place, task in enumerate(tasks))


def minutes_for(texts: int) -> int:
    """Estimate the minutes to label this many texts, at a brisk nine seconds each; at least 1."""
    return max(1, round(texts * _SECONDS_PER_TEXT / 60))


def shown_texts(stored: StoredDesign, runs: Sequence[RunRecord]) -> dict[int, ShownText]:
    """Return the text of every task by place, without tasks of runs that are not given."""
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
