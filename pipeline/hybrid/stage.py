"""Base class of the three pipeline stages: data in, data out.

Collaborators (provider, scorer, ledger, log, clock) are passed to the constructor; `execute` receives only data, so
each stage can be tested alone.
"""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

StageInput = TypeVar("StageInput", contravariant=True)
StageOutput = TypeVar("StageOutput", covariant=True)


class PipelineStage(ABC, Generic[StageInput, StageOutput]):
    """One synchronous step of the pipeline."""

    @abstractmethod
    def execute(self, stage_input: StageInput) -> StageOutput:
        """Run the stage and return its result."""
