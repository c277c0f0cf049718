"""Verdicts of raters on drawn texts, and the labels that a certificate may count.

The verdicts of the rater that the design names decide, and those of others where that rater has said nothing; repeated
texts only measure agreement. Only drafts drawn from the floor on count for a certificate, and labels made elsewhere
never do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf

from pipeline.calibration.drift import why_it_does_not_apply
from pipeline.domain.base import Frozen
from pipeline.domain.labels import (
    Agreement,
    DraftKey,
    Label,
    LabelDecision,
    LabelHistory,
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
    """The rater whose labels count first, then the others in the order in which they began."""
    twice: Agreement
    """The first rater with themselves, on repeated texts."""
    between: Agreement
    """The first rater with the second one, on the texts that both have labelled."""


class Disagreement(Frozen):
    """A text that one rater finds acceptable and another does not."""

    place: int
    verdicts: tuple[tuple[str, Verdict], ...]
    """Rater and verdict, the rater whose labels count first. Names are untrusted."""
    decision: LabelDecision | None
    """The last third decision about it."""


def raters_in_order(stored: StoredDesign, labels: Sequence[Label]) -> tuple[str, ...]:
    """Return the raters, first the one whose labels count.

    That is the rater that the design names, else the one with the most labels, so that a rater who has only begun
    blocks no other rater.
    """
    known = raters(labels)
    named = stored.design.settings.rater
    first = named if named in known else max(known, key=lambda name: known[name], default=None)
    return tuple(sorted(known, key=lambda name: name != first))


def label_set(stored: StoredDesign, labels: Sequence[Label], history: LabelHistory | None = None) -> LabelSet:
    """Return the verdicts that count, per draft.

    A third decision counts before any rater's label. A label that was changed later counts with its first value, unless
    it was corrected at once: changing labels after a look at the certificate must not move it.

    Args:
        stored: the design.
        labels: of this design, in the order in which they were made; may be empty.
        history: of these labels; empty unless given.
    """
    history = history or LabelHistory()
    order = raters_in_order(stored, labels)
    first: dict[tuple[int, str], Verdict] = {}
    for change in history.changes:
        if not change.is_slip:
            first.setdefault((change.place, change.rater), change.verdict)
    decided = {decision.place: decision.verdict for decision in history.decisions}
    by_rater = {(label.place, label.rater): label for label in labels}
    counted = {
        place: next(label for name in order if (label := by_rater.get((place, name))))
        for place in dict.fromkeys(label.place for label in labels)
    }
    said = {
        place: decided.get(place, first.get((place, label.rater), label.verdict)) for place, label in counted.items()
    }
    until = _first_gap(stored, said)
    found: dict[DraftKey, LabelledDraft] = {}
    for task in stored.design.tasks:
        if task.purpose == "agreement" or task.place not in said:
            continue
        known = found.get(task.key, LabelledDraft(key=task.key, certifies=False))
        certifies = task.purpose == "certificate" and task.place < until
        turn = task.place if task.purpose == "certificate" else known.turn
        update = {task.text: said[task.place], "certifies": known.certifies or certifies, "turn": turn}
        found[task.key] = known.model_copy(update=update)
    relevant = {task.place for task in stored.design.tasks if task.purpose == "certificate"}
    return LabelSet(
        design=stored,
        rater=order[0] if order else None,
        drafts=tuple(found.values()),
        others=sum(counted[place].rater != order[0] for place in relevant & counted.keys()),
        changed=sum(
            first.get((place, counted[place].rater), counted[place].verdict) != counted[place].verdict
            for place in relevant & counted.keys()
        ),
        decided=len(relevant & counted.keys() & decided.keys()),
        skipped=sum(place > until for place in relevant & counted.keys()),
        earlier=history.earlier,
    )


def _first_gap(stored: StoredDesign, said: Mapping[int, Verdict]) -> float:
    """Return the first place without a label in a design that may stop early: behind it, texts may have been chosen."""
    if stored.design.settings.stopping == "label_all":
        return inf
    gaps = (task.place for task in stored.design.tasks if task.purpose == "certificate" and task.place not in said)
    return min(gaps, default=inf)


def disagreements(
    stored: StoredDesign, labels: Sequence[Label], history: LabelHistory | None = None
) -> tuple[Disagreement, ...]:
    """Return the texts on which raters disagree, in the order of the design."""
    order = raters_in_order(stored, labels)
    by_rater = {(label.place, label.rater): label.verdict for label in labels}
    last = {decision.place: decision for decision in (history or LabelHistory()).decisions}
    found = []
    for task in stored.design.tasks:
        verdicts = tuple((name, by_rater[task.place, name]) for name in order if (task.place, name) in by_rater)
        if len({verdict == "acceptable" for _, verdict in verdicts}) > 1:
            found.append(Disagreement(place=task.place, verdicts=verdicts, decision=last.get(task.place)))
    return tuple(found)


def as_label(verdict: Verdict | None) -> float | None:
    """Convert a verdict for `DraftArrays`: 1 acceptable, 0 not ("unsure" counts as not), `None` without one."""
    return None if verdict is None else float(verdict == "acceptable")


def label_agreement(stored: StoredDesign, labels: Sequence[Label]) -> LabelAgreement:
    """Measure how often the same text got the same label."""
    names = list(raters_in_order(stored, labels))
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
