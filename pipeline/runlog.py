"""Where a run writes each fact the moment it exists.

The pipeline knows only this protocol. `MemoryLog` keeps the facts in a list for use from Python and in
tests; the store's log writes them to SQLite, so that a killed run loses nothing.
"""

from typing import Literal, Protocol

from pipeline.models import Assessment, Draft, DraftFailure, FinalPersona, ModelCall

StageName = Literal["draft", "assess", "refine"]


class RunLog(Protocol):
    """The facts of one run, in the order they happen. Methods are called from several threads."""

    def stage_started(self, stage: StageName, planned: int) -> None:
        """A stage begins with this many items to do."""

    def draft_written(self, draft: Draft) -> None:
        """A draft was parsed and accepted as a draft."""

    def draft_failed(self, failure: DraftFailure) -> None:
        """A draft could not be had; it will not be tried again in this run."""

    def draft_assessed(self, draft_id: str, assessment: Assessment) -> None:
        """A draft has scores. Called again for the same draft when a near-duplicate lowers them."""

    def persona_finished(self, persona: FinalPersona) -> None:
        """A kept draft has reached its outcome."""

    def call_opened(self, call: ModelCall) -> None:
        """An attempt is about to be sent; its reservation counts as spent from now on."""

    def call_closed(self, call: ModelCall) -> None:
        """The same attempt (same id) has ended: status, usage and settled cost are final."""

    def warn(self, sentence: str) -> None:
        """Something the user should know that does not stop the run."""

    def is_cancelled(self) -> bool:
        """Whether the user has asked the run to stop."""
