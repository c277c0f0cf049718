"""Verdicts of raters on drawn texts, and the labels that a certificate may count.

The first rater's verdict decides; repeated texts and further raters only measure agreement. Only
drafts drawn from the floor on count for a certificate, and labels made elsewhere never do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.calibration.drift import why_it_does_not_apply
from pipeline.domain.base import Frozen
from pipeline.domain.labels import (
    Agreement,
    DraftKey,
    Label,
    LabelledDraft,
    LabelSet,
    Setup,
    StoredDesign,
    Verdict,
)


def raters(labels: Sequence[Label]) -> dict[str, int]:
    """Count the labels of each rater, in the order in which raters began."""
    return dict(Counter(label.rater for label in labels))


class LabelAgreement(Frozen):
    """Agreement within and between raters of a design."""

    raters: tuple[str, ...]
    """In the order in which they began; the first rater's verdicts decide."""
    twice: Agreement
    """The first rater with themselves, on repeated texts."""
    between: Agreement
    """The first rater with the second one, on the texts that both have labelled."""


def label_set(stored: StoredDesign, labels: Sequence[Label]) -> LabelSet:
    """Return the verdicts that count, per draft.

    Args:
        stored: the design.
        labels: of this design, in the order in which they were made; may be empty.
    """
    rater = next(iter(raters(labels)), None)
    said = {label.place: label.verdict for label in labels if label.rater == rater}
    found: dict[DraftKey, LabelledDraft] = {}
    for task in stored.design.tasks:
        if task.purpose == "agreement" or task.place not in said:
            continue
        known = found.get(task.key, LabelledDraft(key=task.key, certifies=False))
        change = {task.text: said[task.place], "certifies": known.certifies or task.purpose == "certificate"}
        found[task.key] = known.model_copy(update=change)
    return LabelSet(design=stored, rater=rater, drafts=tuple(found.values()))


def as_label(verdict: Verdict | None) -> float | None:
    """Convert a verdict for `DraftArrays`: 1 acceptable, 0 not ("unsure" counts as not), `None` without one."""
    return None if verdict is None else float(verdict == "acceptable")


def label_agreement(stored: StoredDesign, labels: Sequence[Label]) -> LabelAgreement:
    """Measure how often the same text got the same label."""
    names = list(raters(labels))
    first, second = (
        {label.place: label.verdict for label in labels if label.rater == name} for name in (*names, "", "")[:2]
    )
    shown = {(task.key, task.text): task.place for task in stored.design.tasks if task.purpose != "agreement"}
    again = [
        (first[place], first[task.place])
        for task in stored.design.tasks
        if task.purpose == "agreement"
        and task.place in first
        and (place := shown.get((task.key, task.text))) is not None
        and place in first
    ]
    both = [(first[place], second[place]) for place in sorted(first.keys() & second.keys())]
    return LabelAgreement(raters=tuple(names), twice=agreement(again), between=agreement(both))


def why_labels_do_not_apply(labels: LabelSet, setups: Mapping[str, Setup]) -> tuple[str, ...]:
    """Return a sentence for each reason why labels cannot be used with runs; empty if they can.

    Args:
        labels: of one design.
        setups: of the runs, by run id.
    """
    design = labels.design.design
    reasons = [reason for setup in setups.values() for reason in why_it_does_not_apply(design.setup, setup)]
    if design.is_drawn and set(setups) != set(labels.design.run_ids):
        # A draw from some runs is no random sample of others beside them, nor of a part of them.
        drawn, chosen = ", ".join(sorted(labels.design.run_ids)), ", ".join(sorted(setups)) or "none"
        reasons.append(f"The labels were drawn from {drawn}, and the runs chosen are {chosen}. Choose the same runs.")
    return tuple(dict.fromkeys(reasons))


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Compute Cohen's kappa of two labels per text (Cohen 1960)."""
    if not pairs:
        return Agreement(n=0, agreement=None, kappa=None)
    first, second = zip(*pairs, strict=True)
    same = sum(one == other for one, other in pairs) / len(pairs)
    expected = sum(first.count(kind) * second.count(kind) for kind in {*first, *second}) / len(pairs) ** 2
    return Agreement(n=len(pairs), agreement=same, kappa=None if expected == 1 else (same - expected) / (1 - expected))
