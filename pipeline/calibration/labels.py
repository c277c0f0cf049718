"""What people said of drawn texts, and what of that a certificate may count.

The first rater's verdict decides; second showings and further raters only say how far labels can be trusted. Only
drafts drawn from the floor on count for a certificate, and labels made elsewhere never do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pipeline.calibration.design import Agreement, Design, DraftKey, agreement
from pipeline.calibration.drift import Setup, why_it_does_not_apply
from pipeline.models import Frozen

Verdict = Literal["acceptable", "unacceptable", "unsure"]


class Label(Frozen):
    """What one rater said of one task."""

    place: int
    """Of the task in its design."""
    rater: str
    """A name as typed: untrusted."""
    verdict: Verdict
    note: str = ""
    """Untrusted; may be empty."""
    labelled_at: datetime


class StoredDesign(Frozen):
    """A design in the store."""

    id: str
    name: str
    """Untrusted."""
    run_ids: tuple[str, ...]
    """Runs it was drawn from, those deleted since left out."""
    created_at: datetime
    design: Design
    """Tasks of deleted runs are left out; the places of the others stay."""


class DesignSummary(Frozen):
    """A design in a list, without its tasks."""

    id: str
    name: str
    study_id: str
    run_ids: tuple[str, ...]
    created_at: datetime
    tasks: int
    labelled: dict[str, int]
    """Labels per rater, the first rater first; without one, empty."""
    scorer_version: str
    is_drawn: bool
    """False for labels made elsewhere, which certify nothing."""


class LabelledDraft(Frozen):
    """What the first rater said of one draft."""

    key: DraftKey
    draft: Verdict | None = None
    """Of the draft's text."""
    frontier: Verdict | None = None
    """Of the frontier's text, where there is one."""
    certifies: bool
    """Whether its label may enter a certificate: it was drawn at random from the floor on."""


class LabelSet(Frozen):
    """The labels of one design, ready to be joined with its runs by `pool.pool_of`."""

    design: StoredDesign
    rater: str | None
    """Whose verdicts these are; `None` while nobody has labelled."""
    drafts: tuple[LabelledDraft, ...]

    def verdicts(self, *, all_labels: bool = False) -> dict[DraftKey, LabelledDraft]:
        """The labelled drafts that may enter a certificate, by key.

        Args:
            all_labels: also those from below the floor and those made elsewhere. For looking at a score, and never
                for a certificate.
        """
        return {found.key: found for found in self.drafts if all_labels or found.certifies}

    @property
    def floor(self) -> float | None:
        """What `certify` takes as its floor with these labels."""
        return self.design.design.certified_from


class LabelAgreement(Frozen):
    """How far the labels of a design can be trusted."""

    raters: tuple[str, ...]
    """In the order in which they began; the first one's verdicts decide."""
    twice: Agreement
    """The first rater with themselves, on texts shown a second time."""
    between: Agreement
    """The first rater with the second one, on the texts that both have labelled."""


def label_set(stored: StoredDesign, labels: Sequence[Label]) -> LabelSet:
    """The verdicts that count, per draft.

    Args:
        stored: the design.
        labels: of this design, in the order in which they were made; none is fine.
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


def raters(labels: Sequence[Label]) -> dict[str, int]:
    """How many labels each rater has given; who began first comes first."""
    return dict(Counter(label.rater for label in labels))


def as_label(verdict: Verdict | None) -> float | None:
    """A verdict as `Cases` hold it: 1 acceptable, 0 not ("unsure" counts as not), `None` without one."""
    return None if verdict is None else float(verdict == "acceptable")


def label_agreement(stored: StoredDesign, labels: Sequence[Label]) -> LabelAgreement:
    """How often the same text got the same label."""
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
    """One sentence for everything that keeps labels from being joined with runs; empty when nothing does.

    Args:
        labels: of one design.
        setups: what the scores of each run depend on, by run id.
    """
    design = labels.design.design
    reasons = [reason for setup in setups.values() for reason in why_it_does_not_apply(design.setup, setup)]
    if design.is_drawn and set(setups) != set(labels.design.run_ids):
        # A draw from some runs is no random sample of others beside them, nor of a part of them.
        drawn, chosen = ", ".join(sorted(labels.design.run_ids)), ", ".join(sorted(setups)) or "none"
        reasons.append(f"The labels were drawn from {drawn}, and the runs chosen are {chosen}. Choose the same runs.")
    return tuple(dict.fromkeys(reasons))
