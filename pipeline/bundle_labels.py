"""A design on its way to another installation, with what people said of its texts.

Texts themselves are never in it: it names drafts, which the runs of the bundle hold. Apart from `pipeline.bundle`,
because with designs come numpy and scipy.
"""

from typing import Self

from pydantic import model_validator

from pipeline.bundle import check_moments, check_once
from pipeline.calibration.labels import Label, StoredDesign
from pipeline.models import Frozen


class LabelledDesign(Frozen):
    """A design, and its labels in the order in which they were made: whose comes first decides."""

    stored: StoredDesign
    labels: tuple[Label, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
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
