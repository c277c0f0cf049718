"""Designs: which drafts to label, drawn once and not changed when labels come in, and the texts that are shown.

A guarantee rests on labels drawn at random. Labelling only what is near the threshold biases the risk by 4 to 25
points; labels from below the floor show whether the score can be read, and never enter a certificate.
"""

from collections.abc import Mapping, Sequence, Set
from math import ceil

import numpy as np

from pipeline.domain.labels import Agreement, Design, DesignSettings, DraftKey, Purpose, Setup, Task, Text
from pipeline.errors import InputError


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
