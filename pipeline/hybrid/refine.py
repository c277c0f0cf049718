"""Stage 3: refine drafts under the threshold with the frontier model, and keep the better text."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import RunLog
from pipeline.domain.persona import Persona
from pipeline.domain.routing import escalation, is_accepted, rank
from pipeline.domain.run import TRIED_AGAIN, AssessedDraft, FinalPersona, Outcome
from pipeline.domain.selection import choose, represented
from pipeline.domain.study import Study
from pipeline.errors import BudgetExhausted, Cancelled, PersonaError, ProviderError
from pipeline.hybrid.batches import BatchDesk
from pipeline.hybrid.calls import Admission, Caller
from pipeline.hybrid.redaction import Redactor, in_all_texts
from pipeline.hybrid.stage import PipelineStage
from pipeline.hybrid.tasks import Tasks
from pipeline.providers import Request
from pipeline.providers.prompts import refine_request
from pipeline.providers.replies import UnreadableReply, persona_reader
from pipeline.scoring import Scorer
from pipeline.text.wording import count


class RefineInput(Frozen):
    """Scored drafts, and what an interrupted run has finished already."""

    study: Study
    drafts: tuple[AssessedDraft, ...]
    finished: tuple[FinalPersona, ...] = ()
    """Of earlier attempts at this run. Their drafts stay chosen: a draft that was written since displaces none."""


class RefineOutput(Frozen):
    """One final persona per kept draft, best score first."""

    personas: tuple[FinalPersona, ...]


class Frontier(NamedTuple):
    """The frontier side of the pipeline, or the reason why there is none."""

    caller: Caller | None
    missing: Outcome | None = None
    """`local_only` or `frontier_unavailable` when there is no caller."""
    reason: str = ""
    desk: BatchDesk | None = None
    """Asks for all refinements together, with the same caller; `None` where each is asked alone."""


class FrontierRefinementStage(PipelineStage[RefineInput, RefineOutput]):
    """Keeps what is good enough; reserve, call, settle, re-score and compare for the rest."""

    def __init__(
        self, frontier: Frontier, scorer: Scorer, redactor: Redactor | None, config: HybridConfig, log: RunLog
    ) -> None:
        self._frontier = frontier
        self._scorer = scorer
        self._redactor = redactor
        self._config = config
        self._log = log

    def execute(self, stage_input: RefineInput) -> RefineOutput:
        """Choose the drafts to deliver and bring each to exactly one outcome."""
        config = self._config
        kept, rest = choose(stage_input.drafts, config)
        if rest and len(kept) < config.count:
            self._log.warn(_too_few(len(kept), config.count, len(represented([*kept, *rest]))))
        kept = _with_earlier(kept, stage_input, config.count)
        self._log.stage_started("refine", len(kept))
        finals = {final.draft_id: final for final in stage_input.finished if final.outcome not in TRIED_AGAIN}
        for item in kept:
            if item.draft.id not in finals and is_accepted(item.assessment.scores.overall, config.quality_threshold):
                finals[item.draft.id] = self._keep(item, "kept_local", self._accepted_reason(item))
        under = escalation(kept, config.quality_threshold, config.escalation_order)
        waiting = [item for item in under if item.draft.id not in finals]
        for final in self._escalate(waiting, stage_input):
            finals[final.draft_id] = final
        done = (finals[item.draft.id] for item in kept)
        ordered = sorted(done, key=lambda final: (rank(final.assessment.scores.overall), final.draft_id))
        return RefineOutput(personas=tuple(ordered))

    def _escalate(self, waiting: Sequence[AssessedDraft], stage_input: RefineInput) -> list[FinalPersona]:
        """Send drafts to the frontier, in this order; first of all, use the answers that are there already."""
        caller, missing, reason, desk = self._frontier
        if caller is None:
            return [self._keep(item, missing or "frontier_unavailable", reason) for item in waiting]
        recalled = [(item, self._recall(caller, item)) for item in waiting]
        done = [final for _, final in recalled if final is not None]
        unknown = [item for item, final in recalled if final is None]
        tasks = Tasks(stage_input.study, self._config)
        if desk:
            return done + self._together(desk, unknown, stage_input, tasks)
        return done + self._one_by_one(caller, unknown, tasks)

    def _together(
        self, desk: BatchDesk, waiting: Sequence[AssessedDraft], stage_input: RefineInput, tasks: Tasks
    ) -> list[FinalPersona]:
        """Ask for all of them in one batch."""
        items = {item.draft.id: item for item in stage_input.drafts}
        answers = desk.ask(
            [item.draft.id for item in waiting],
            lambda draft_id: self._request(items[draft_id], tasks),
            lambda draft_id: persona_reader(items[draft_id].draft.persona.id),
        )
        return [
            self._keep(items[draft_id], _outcome_of(answer), str(answer))
            if isinstance(answer, PersonaError)
            else self._better(items[draft_id], answer)
            for draft_id, answer in answers
        ]

    def _one_by_one(self, caller: Caller, waiting: Sequence[AssessedDraft], tasks: Tasks) -> list[FinalPersona]:
        """Ask for each alone, several at the same time.

        Money is reserved here, in order and only when a worker is free, and not by the workers: which
        drafts still fit into a budget then does not depend on which thread is quicker, and a reservation
        never waits for a call that is itself waiting for a worker.
        """
        workers = self._config.frontier_workers
        refused: list[FinalPersona] = []
        asked: list[Future[FinalPersona]] = []
        with ThreadPoolExecutor(workers, thread_name_prefix="refine") as pool:
            running: set[Future[FinalPersona]] = set()
            for item in waiting:
                request = self._request(item, tasks)
                if len(running) == workers:
                    running = wait(running, return_when=FIRST_COMPLETED).not_done
                try:
                    admission = caller.admit(request, item.draft.id)
                except PersonaError as error:
                    refused.append(self._keep(item, _outcome_of(error), str(error)))
                else:
                    asked.append(pool.submit(self._refine, caller, item, request, admission))
                    running.add(asked[-1])
        return refused + [future.result() for future in asked]

    def _request(self, item: AssessedDraft, tasks: Tasks) -> Request:
        task = tasks.refine(item)
        return refine_request(self._redactor.redact_task(task) if self._redactor else task, self._config)

    def _recall(self, caller: Caller, item: AssessedDraft) -> FinalPersona | None:
        """The outcome of a draft whose answer was paid for just before the run was interrupted."""
        try:
            persona = caller.recall(item.draft.id, persona_reader(item.draft.persona.id))
        except UnreadableReply as error:
            return self._keep(item, _outcome_of(error), str(error))
        return None if persona is None else self._better(item, persona)

    def _refine(self, caller: Caller, item: AssessedDraft, request: Request, admission: Admission) -> FinalPersona:
        """Ask for one refinement and keep the better text."""
        try:
            persona = caller.complete(request, persona_reader(item.draft.persona.id), admission)
        except (Cancelled, BudgetExhausted, ProviderError, UnreadableReply) as error:
            return self._keep(item, _outcome_of(error), str(error))
        return self._better(item, persona)

    def _restored(self, persona: Persona) -> Persona:
        """The persona as if nothing had been replaced."""
        return in_all_texts(persona, self._redactor.restore) if self._redactor else persona

    def _better(self, item: AssessedDraft, answer: Persona) -> FinalPersona:
        """The better of draft and refinement. A tie goes to the draft: it is what the local side promised."""
        refined = self._restored(answer)
        try:
            assessment = self._scorer.assess(refined, item.draft.focus)
        except Cancelled as error:
            # A model takes part in the score. The paid answer stands in its row, for a resumed run to score.
            return self._keep(item, "cancelled", str(error))
        before, after = item.assessment.scores.overall, assessment.scores.overall
        if after is not None and (before is None or after > before):
            final = FinalPersona(
                draft_id=item.draft.id,
                persona=refined,
                origin="frontier",
                outcome="refined",
                reason=f"Refined: {_two(before)} became {_two(after)}.",
                assessment=assessment,
                draft_assessment=item.assessment,
                cost_micros=self._spent(item),
            )
            self._log.persona_finished(final)
            return final
        return self._keep(
            item,
            "refine_not_better",
            f"The frontier's text scored {_two(after)}, the draft {_two(before)}: the draft is used.",
            rejected=refined,
            rejected_assessment=assessment,
        )

    def _spent(self, item: AssessedDraft) -> int:
        return self._frontier.caller.spent_micros(item.draft.id) if self._frontier.caller else 0

    def _accepted_reason(self, item: AssessedDraft) -> str:
        score, threshold = item.assessment.scores.overall, self._config.quality_threshold
        return f"The draft scored {_two(score)}, the threshold is {threshold:.2f}."

    def _keep(self, item: AssessedDraft, outcome: Outcome, reason: str, **more: object) -> FinalPersona:
        final = FinalPersona.model_validate(
            {
                "draft_id": item.draft.id,
                "persona": item.draft.persona,
                "origin": "local",
                "outcome": outcome,
                "reason": reason,
                "assessment": item.assessment,
                "cost_micros": self._spent(item),
                **more,
            }
        )
        self._log.persona_finished(final)
        return final


def _too_few(delivered: int, wanted: int, people: int) -> str:
    """Return the sentence that says why fewer personas are delivered than were asked for."""
    if people <= delivered:
        why = f"the study has {count(people, 'participant')}, and each further one would repeat one of them"
    else:
        why = "every other draft repeats one of them (over half of the participants, or three statements, in common)"
    return (
        f"{delivered} of {wanted} personas {'is' if delivered == 1 else 'are'} delivered: {why}. To get {wanted}"
        " all the same, set selection to best_score."
    )


def _with_earlier(kept: Sequence[AssessedDraft], stage_input: RefineInput, number: int) -> tuple[AssessedDraft, ...]:
    """Return the drafts to deliver: those of earlier attempts stay, and the chosen ones fill up to `number`."""
    earlier = {final.draft_id for final in stage_input.finished}
    stay = [item for item in stage_input.drafts if item.draft.id in earlier]
    more = [item for item in kept if item.draft.id not in earlier]
    return (*stay, *more[: max(0, number - len(stay))])


def _outcome_of(error: PersonaError) -> Outcome:
    match error:
        case Cancelled():
            return "cancelled"
        case BudgetExhausted():
            return "budget_exhausted"
        case UnreadableReply():
            return "refine_unparsable"
        case ProviderError():
            return "refine_failed"
    raise error


def _two(score: float | None) -> str:
    return "no score" if score is None else f"{score:.2f}"
