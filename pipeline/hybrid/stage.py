"""The three stages of the pipeline share one shape: data in, data out.

Collaborators (provider, scorer, ledger, log, clock) come through the constructor; `execute` receives data
only, so each stage can be tested alone.
"""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

StageInput = TypeVar("StageInput", contravariant=True)
StageOutput = TypeVar("StageOutput", covariant=True)


class PipelineStage(ABC, Generic[StageInput, StageOutput]):
    """One synchronous step of the pipeline."""

    @abstractmethod
    def execute(self, stage_input: StageInput) -> StageOutput:
        """Do the whole step and return its result."""
