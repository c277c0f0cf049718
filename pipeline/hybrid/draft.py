"""Stage 1: the local provider writes drafts, each from its own focus of participants."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import RunLog
from pipeline.domain.persona import Persona
from pipeline.domain.run import Draft, DraftFailure
from pipeline.domain.study import Study
from pipeline.errors import Cancelled, ProviderError
from pipeline.hybrid.calls import Caller
from pipeline.hybrid.focus import choose_focuses
from pipeline.hybrid.stage import PipelineStage
from pipeline.hybrid.tasks import Tasks
from pipeline.providers.prompts import draft_request
from pipeline.providers.replies import UnreadableReply, persona_reader


class DraftInput(Frozen):
    """A study, with the drafts and failures of an interrupted run."""

    study: Study
    written: tuple[Draft, ...] = ()
    failed: tuple[DraftFailure, ...] = ()


class DraftOutput(Frozen):
    """All drafts by id, and the failures."""

    drafts: tuple[Draft, ...]
    failures: tuple[DraftFailure, ...]


class LocalDraftStage(PipelineStage[DraftInput, DraftOutput]):
    """Generates `count × draft_factor` drafts, one call each, several at a time."""

    def __init__(
        self, caller: Caller, config: HybridConfig, log: RunLog, then: Callable[[Draft], None] = lambda _: None
    ) -> None:
        """Bind the stage. `then` is called with each new draft after it is written to the log."""
        self._caller = caller
        self._config = config
        self._log = log
        self._then = then

    def execute(self, stage_input: DraftInput) -> DraftOutput:
        """Write the missing drafts. After a cancellation, return the drafts written so far."""
        study, config = stage_input.study, self._config
        focuses = choose_focuses(study, config.draft_count, config.count, config.seed)
        tasks = Tasks(study, config)
        settled = {draft.id for draft in stage_input.written} | {failure.draft_id for failure in stage_input.failed}
        open_numbers = [number for number in range(len(focuses)) if draft_id(number) not in settled]
        self._log.stage_started("draft", len(focuses))
        with ThreadPoolExecutor(config.local_workers, thread_name_prefix="draft") as pool:
            results = list(pool.map(lambda number: self._draft(tasks, number, focuses[number]), open_numbers))
        drafts = [*stage_input.written, *(result for result in results if isinstance(result, Draft))]
        failures = [*stage_input.failed, *(result for result in results if isinstance(result, DraftFailure))]
        return DraftOutput(
            drafts=tuple(sorted(drafts, key=lambda draft: draft.id)),
            failures=tuple(sorted(failures, key=lambda failure: failure.draft_id)),
        )

    def _draft(self, tasks: Tasks, number: int, focus: Sequence[str]) -> Draft | DraftFailure | None:
        """Write one draft; `None` when the run was cancelled before the call."""
        identity = draft_id(number)
        try:
            persona = self._persona(tasks, number, focus)
        except Cancelled:
            return None
        except (ProviderError, UnreadableReply) as error:
            if isinstance(error, UnreadableReply) and error.partial:
                self._log.warn(f"{identity} is incomplete, and what was finished is kept: {error}")
                return self._written(Draft(id=identity, persona=error.partial, focus=tuple(focus), is_partial=True))
            failure = DraftFailure(draft_id=identity, reason=str(error))
            self._log.draft_failed(failure)
            return failure
        return self._written(Draft(id=identity, persona=persona, focus=tuple(focus)))

    def _written(self, draft: Draft) -> Draft:
        self._log.draft_written(draft)
        self._then(draft)
        return draft

    def _persona(self, tasks: Tasks, number: int, focus: Sequence[str]) -> Persona:
        """Return the persona from an interrupted run's answer, or from a new call."""
        identity = draft_id(number)
        read = persona_reader(persona_id(identity))
        if (known := self._caller.recall(identity, read)) is not None:
            return known
        task = tasks.draft(number, focus, self._caller.provider.context_tokens)
        request = draft_request(task, self._config)
        return self._caller.complete(request, read, self._caller.admit(request, identity))


def draft_id(number: int) -> str:
    """Return `draft-0001` for number 0; zero-padded, so that ids sort as text."""
    return f"draft-{number + 1:04}"


def persona_id(of_draft: str) -> str:
    """Return `persona-0001` for `draft-0001`."""
    return of_draft.replace("draft", "persona", 1)


def draft_id_of(persona: str) -> str:
    """Return `draft-0001` for `persona-0001`, and any other id unchanged."""
    return persona.replace("persona", "draft", 1)
