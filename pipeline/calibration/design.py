"""Which drafts to label: drawn once, written down, and not changed when labels come in.

A guarantee rests on labels drawn at random. Labelling only what is near the threshold biases the risk by 4 to 25
points; labels from below the floor show whether the score can be read, and never enter a certificate.
"""

from collections.abc import Mapping, Sequence, Set
from math import ceil
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from pipeline.calibration.drift import Setup
from pipeline.calibration.promise import Promise
from pipeline.errors import InputError
from pipeline.models import Frozen, Score

Text = Literal["draft", "frontier"]
Purpose = Literal["certificate", "reliability", "comparison", "agreement", "elsewhere"]


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
    text: Text
    """Which text of the draft is shown."""
    purpose: Purpose
    """`reliability`: from below the floor. `comparison`: the frontier's text. `agreement`: shown a second time.
    `elsewhere`: not drawn at all, labelled outside of a design."""

    @property
    def key(self) -> DraftKey:
        """The draft it is about."""
        return DraftKey(self.run_id, self.draft_id)


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
    lowest = float(np.quantile(list(known.values()), settings.floor_percentile, method="higher"))
    # On a hundredth, in which thresholds are set: a floor between two would leave labels over it out of use.
    floor = int(round(lowest * 100, 9)) / 100
    above = [draft for draft, score in known.items() if score >= floor]
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


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's kappa of two labels per text (Cohen 1960)."""
    if not pairs:
        return Agreement(n=0, agreement=None, kappa=None)
    first, second = zip(*pairs, strict=True)
    same = sum(one == other for one, other in pairs) / len(pairs)
    expected = sum(first.count(kind) * second.count(kind) for kind in {*first, *second}) / len(pairs) ** 2
    return Agreement(n=len(pairs), agreement=same, kappa=None if expected == 1 else (same - expected) / (1 - expected))


def _task(draft: DraftKey, text: Text, purpose: Purpose) -> Task:
    return Task(place=0, run_id=draft.run_id, draft_id=draft.draft_id, text=text, purpose=purpose)


def _drawn(chance: np.random.Generator, drafts: Sequence[DraftKey], wanted: int) -> list[DraftKey]:
    picked = chance.choice(len(drafts), min(wanted, len(drafts)), replace=False) if drafts else ()
    return [drafts[int(number)] for number in picked]


def _shuffled(chance: np.random.Generator, tasks: Sequence[Task]) -> list[Task]:
    return [tasks[int(number)] for number in chance.permutation(len(tasks))]
