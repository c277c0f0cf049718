"""Which drafts to label: drawn once, written down, and not changed when labels come in.

A guarantee rests on labels drawn at random. Labelling only what is near the threshold biases the risk by 4 to 25
points; labels from below the floor show whether the score can be read, and never enter a certificate.
"""

from collections.abc import Mapping, Sequence, Set
from math import ceil
from typing import Literal

import numpy as np
from pydantic import Field

from pipeline.calibration.drift import Setup
from pipeline.calibration.promise import Promise
from pipeline.errors import InputError
from pipeline.models import Frozen, Score


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


class Task(Frozen):
    """One text to label. Whoever labels sees the text, never this."""

    draft_id: str
    text: Literal["draft", "frontier"]
    """Which text of the draft is shown."""
    purpose: Literal["certificate", "reliability", "comparison", "agreement"]
    """`reliability`: from below the floor. `comparison`: the frontier's text. `agreement`: shown a second time."""


class Design(Frozen):
    """A draw of drafts to label. Labels belong to a design, and a design to a setup."""

    settings: DesignSettings
    setup: Setup
    floor: Score
    """Drafts with at least this score could be drawn for the certificate."""
    drafts: int
    """Drafts with a score at the time of the draw."""
    eligible: int
    """Those of them at or over the floor."""
    tasks: tuple[Task, ...]
    """In the order in which they are shown: shuffled, second showings last."""


class Agreement(Frozen):
    """How far two labels of the same text agree."""

    n: int
    """Texts labelled twice."""
    agreement: float | None
    """Share of equal labels; `None` without any."""
    kappa: float | None
    """Cohen's kappa: 0 by chance, 1 always; `None` when only one kind of label occurs."""


def draw_design(
    scores: Mapping[str, float | None],
    setup: Setup,
    settings: DesignSettings,
    *,
    refined: Set[str] = frozenset(),
) -> Design:
    """Draw drafts to label, uniformly and without replacement from the floor on.

    Args:
        scores: overall score per draft id, kept drafts only; those without one are never drawn.
        setup: what the scores depend on.
        settings: size, floor and seed.
        refined: ids of drafts with a frontier text, which is then mixed in as a text of its own.

    Raises:
        InputError: no draft has a score.
    """
    known = {draft_id: score for draft_id, score in sorted(scores.items()) if score is not None}
    if not known:
        raise InputError("No draft has a score, so none can be drawn for labelling. Score the drafts first.")
    floor = float(np.quantile(list(known.values()), settings.floor_percentile, method="higher"))
    above = [draft_id for draft_id, score in known.items() if score >= floor]
    below = [draft_id for draft_id, score in known.items() if score < floor]
    chance = np.random.default_rng(settings.seed)
    drawn = _drawn(chance, above, settings.labels)
    extra = _drawn(chance, below, ceil(settings.below_share * settings.labels))
    tasks = [Task(draft_id=draft_id, text="draft", purpose="certificate") for draft_id in drawn]
    tasks += [Task(draft_id=draft_id, text="draft", purpose="reliability") for draft_id in extra]
    both = [draft_id for draft_id in (*drawn, *extra) if draft_id in refined]
    tasks += [Task(draft_id=draft_id, text="frontier", purpose="comparison") for draft_id in both]
    first = _shuffled(chance, tasks)
    again = _shuffled(chance, first)[: ceil(settings.twice_share * len(first))]
    return Design(
        settings=settings,
        setup=setup,
        floor=floor,
        drafts=len(known),
        eligible=len(above),
        tasks=(*first, *(task.model_copy(update={"purpose": "agreement"}) for task in again)),
    )


def agreement(first: Sequence[str], second: Sequence[str]) -> Agreement:
    """Cohen's kappa of two labels per text, pair by pair (Cohen 1960).

    Raises:
        ValueError: the sequences differ in length.
    """
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return Agreement(n=0, agreement=None, kappa=None)
    same = sum(one == other for one, other in pairs) / len(pairs)
    expected = sum(first.count(kind) * second.count(kind) for kind in {*first, *second}) / len(pairs) ** 2
    return Agreement(n=len(pairs), agreement=same, kappa=None if expected == 1 else (same - expected) / (1 - expected))


def _drawn(chance: np.random.Generator, ids: Sequence[str], wanted: int) -> list[str]:
    picked = chance.choice(len(ids), min(wanted, len(ids)), replace=False) if ids else ()
    return [ids[int(number)] for number in picked]


def _shuffled(chance: np.random.Generator, tasks: Sequence[Task]) -> list[Task]:
    return [tasks[int(number)] for number in chance.permutation(len(tasks))]
