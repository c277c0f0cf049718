"""An offline stand-in for a frontier model: for trying the tool, and for experiments before money is spent.

It rewrites a draft from its evidence, with the same extraction as the builtin drafter: claims
without support and pasted ones go, supported ones stay, quotes become verbatim, short lists are filled. Its
usage is an estimate of the tokens a real model would have used, which are billed at that model's list price.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pipeline.domain.persona import Persona
from pipeline.domain.run import Usage
from pipeline.domain.study import Segment
from pipeline.errors import Cancelled, ProviderError
from pipeline.providers import (
    UNWATCHED,
    Answer,
    Batches,
    Found,
    Health,
    ProviderRole,
    ProviderSpec,
    RefineTask,
    Reply,
    Request,
    Watch,
)
from pipeline.providers.builtin import LISTS, QUOTES
from pipeline.providers.extraction.rewriting import is_close, is_copied
from pipeline.providers.extraction.selection import choose, choose_quotes, ranked, repeats_any, voice_of
from pipeline.providers.extraction.statements import Statement, find, is_usable
from pipeline.providers.pricing import CHARACTERS_PER_TOKEN, estimate_tokens
from pipeline.providers.replies import Demographics, PersonaReply

ENOUGH_ITEMS = 3
"""Length to which a list is filled from the evidence."""

WEAKEST_ADDED = 0.3
"""Strength from which a statement of the evidence may fill a list: lower than for a draft, the evidence is short."""

LOOKS_UNTIL_READY = 2
"""Number of polls before a batch has its answers; imitates the wait for a real one."""

DEMOGRAPHICS = frozenset(Demographics.model_fields)


class SimulatedProvider:
    """A frontier without a network: real text from the evidence, list price on the bill, nothing paid."""

    name: ClassVar[str] = "simulated"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"frontier"})
    key_variable: ClassVar[str | None] = None
    url_variable: ClassVar[str | None] = None
    simulated: ClassVar[bool] = True
    in_process: ClassVar[bool] = True
    is_away: bool = False
    counts_away: ClassVar[bool] = False

    def __init__(self, spec: ProviderSpec) -> None:
        self.model = spec.model
        self.context_tokens: int | None = None
        self.batches: Batches | None = SimulatedBatches(self.complete)

    def check(self) -> Health:
        """Always ready; the sentence explains the figures."""
        return Health(
            ready=True,
            sentence=f"Simulation: nothing is sent, nothing is paid. Costs are what {self.model} bills at list price.",
        )

    def count_tokens(self, request: Request) -> int | None:
        """Return exactly the input tokens that `complete` will bill."""
        return _asked(request)

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Rewrite the draft from its evidence.

        Raises:
            ProviderError: the task is not a refinement.
        """
        if not isinstance(request.task, RefineTask):
            raise ProviderError("The simulated provider refines drafts only. Choose another local_provider.")
        text = refine_persona(request.task).model_dump_json()
        # A real model is cut off at its cap, and bills no more than that.
        cut = estimate_tokens(text) > request.max_output_tokens
        text = text[: request.max_output_tokens * CHARACTERS_PER_TOKEN] if cut else text
        usage = Usage(input_tokens=_asked(request), output_tokens=estimate_tokens(text), measured=False)
        return Reply(text=text, usage=usage, stop="length" if cut else "complete", model=self.model)


class SimulatedBatches:
    """Batches without a queue: answered from the questions themselves, so that nothing is lost with the process."""

    def __init__(self, complete: Callable[[Request], Reply]) -> None:
        self._complete = complete
        self._looks: Counter[str] = Counter()
        self._cancelled: set[str] = set()

    def obstacle(self) -> str | None:
        """Always `None`."""
        return None

    def submit(self, marker: str, requests: Mapping[str, Request]) -> str:
        """Return the marker as the id of the batch; nothing is submitted."""
        return marker

    def find(self, marker: str, since: datetime, size: int) -> Found:
        """Always found."""
        return Found(marker)

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Mapping[str, Answer] | None:
        """Return `None` until the poll with number `LOOKS_UNTIL_READY`, then the answers."""
        if batch_id in self._cancelled:
            return {name: Cancelled("The batch was cancelled before this was answered.") for name in requests}
        self._looks[batch_id] += 1
        if self._looks[batch_id] < LOOKS_UNTIL_READY:
            return None
        return {name: self._complete(request) for name, request in requests.items()}

    def cancel(self, batch_id: str) -> None:
        """Cancel the batch: none of its requests is answered."""
        self._cancelled.add(batch_id)


def _asked(request: Request) -> int:
    """Estimate the input tokens that a real model would bill: instructions, prompt and schema."""
    return estimate_tokens(request.system + request.prompt + json.dumps(request.json_schema))


def refine_persona(task: RefineTask) -> PersonaReply:
    """Rewrite the persona with supported claims only, in the schema that models fill."""
    draft, weak, variant = task.persona, frozenset(task.weak_claims), str(task.seed)
    voice, statements = voice_of(task.segments), find(task.segments)
    candidates = ranked(statements, voice, variant, weakest=WEAKEST_ADDED)
    summing_up = [pair for pair in candidates if not is_close(pair[1].claim, pair[1].source)]
    chosen: list[Statement] = []
    lists: dict[str, list[str]] = {}
    for kind in LISTS:
        kept = _kept(getattr(draft, kind), weak, task.segments)
        wanted = max(len(kept), ENOUGH_ITEMS)
        items = [claim for claim in kept if not _repeats(claim, task.segments)]
        elsewhere = [claim for claims in lists.values() for claim in claims]
        for pool in (summing_up, candidates):
            picked = choose(pool, kind, wanted - len(items), chosen, [*items, *elsewhere])
            items += [statement.claim for statement in picked]
            chosen += picked
            items += [claim for claim in kept if not repeats_any(claim, items)][: wanted - len(items)]
        lists[kind] = items
    quotes = _verbatim(draft, task.segments)
    used = [*quotes, *(statement.source for statement in chosen)]
    further = choose_quotes(task.segments, voice, QUOTES, statements, used, variant)
    quotes += [quote for quote in further if not repeats_any(quote, quotes)]
    facts = {key: value for key, value in draft.demographics.items() if key in DEMOGRAPHICS and value not in weak}
    return PersonaReply(
        name=draft.name,
        tagline=draft.tagline,
        demographics=Demographics(**facts),
        background=draft.background,
        quotes=quotes[:QUOTES],
        **lists,
    )


def _kept(claims: Sequence[str], weak: frozenset[str], segments: Sequence[Segment]) -> list[str]:
    """Select claims of the draft that are supported, not copied and not repeated."""
    kept: list[str] = []
    for claim in claims:
        pasted = any(is_copied(claim, segment.text) for segment in segments)
        if claim not in weak and not pasted and is_usable(claim) and not repeats_any(claim, kept):
            kept.append(claim)
    return kept


def _repeats(claim: str, segments: Sequence[Segment]) -> bool:
    """Return whether a claim copies the participants' words where a model would summarise."""
    return any(is_close(claim, segment.text) for segment in segments)


def _verbatim(draft: Persona, segments: Sequence[Segment]) -> list[str]:
    """Select quotes of the draft that are verbatim in the evidence."""
    return [quote for quote in draft.quotes if is_usable(quote) and any(quote in segment.text for segment in segments)]
