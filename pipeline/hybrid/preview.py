"""What a run would send, word for word, before it is started: one example per model outside this program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import AssessedDraft, Draft, RunRecord
from pipeline.domain.study import Study
from pipeline.errors import ProviderError
from pipeline.hybrid.draft import draft_id, draft_task, persona_id
from pipeline.hybrid.focus import choose_focuses
from pipeline.hybrid.preflight import Plan
from pipeline.hybrid.redaction import Redactor
from pipeline.providers import Provider, ProviderSpec, Request
from pipeline.providers.builtin import BuiltinProvider as Builtin
from pipeline.providers.prompts import draft_request, refine_request, refine_task
from pipeline.providers.replies import read_persona
from pipeline.scoring import Scorer
from pipeline.scoring.index import StudyIndex

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Marks around what was replaced; characters that no standard gives a meaning to."""


_LOOKED_AT = 3
"""Drafts that are looked through for one in which something is replaced."""


class Span(NamedTuple):
    """A part of a prompt."""

    text: str
    replaced: bool


class ExampleRequest(Frozen):
    """One request as it would be sent."""

    stage: Literal["draft", "refine"]
    provider: str
    model: str
    away: bool
    """Whether it would leave this machine."""
    system: str
    prompt: str
    """Word for word."""
    spans: tuple[Span, ...]
    """The prompt again, cut at what was replaced."""
    about: str
    """Of which draft, in a sentence."""

    @property
    def replaced(self) -> int:
        """How many strings were replaced."""
        return sum(span.replaced for span in self.spans)


def example_requests(
    study: Study, config: HybridConfig, planned: Plan, drafts: RunRecord | None, cache: Path | None
) -> tuple[ExampleRequest, ...]:
    """An example of every kind of request that names the study and leaves this program; empty where none does.

    Args:
        study: whose words are sent.
        config: of the run.
        planned: the same, checked.
        drafts: a run on the study whose worst drafts make the example; without one drafts are written here, for free.
        cache: folder of indexes.

    Raises:
        ProviderError: no draft can be written here.
    """
    found = []
    if not planned.local.in_process:
        focus = choose_focuses(study, config.draft_count, config.count, config.seed)[0]
        request = draft_request(draft_task(study, 0, focus, planned.local.context_tokens, config), config)
        about = "For the first draft. Drafting models are sent the words as they stand."
        found.append(_example("draft", request, about, planned.local, away=planned.local.is_away))
    if planned.frontier and not planned.frontier.in_process:
        found.append(_refinement(study, config, planned.frontier, _likely(study, config, drafts, cache)))
    return tuple(found)


def _refinement(
    study: Study, config: HybridConfig, frontier: Provider, likely: Sequence[tuple[AssessedDraft, str]]
) -> ExampleRequest:
    """The first of a few likely requests in which something is replaced, so that it can be seen; else the first."""
    redactor = Redactor(study) if config.redact else None
    found = []
    for item, whose in likely:
        task = refine_task(item, study, config.seed)
        if redactor:
            task = redactor.redact_task(task, mark=lambda shown: f"{_OPEN}{shown}{_CLOSE}")
        about = f"For {whose}: every draft under the threshold makes such a request, with its own evidence."
        found.append(_example("refine", refine_request(task, config), about, frontier, away=True))
    return next((example for example in found if example.replaced), found[0])


def _example(
    stage: Literal["draft", "refine"], request: Request, about: str, asked: Provider, *, away: bool
) -> ExampleRequest:
    plain = request.prompt.replace(_OPEN, "").replace(_CLOSE, "")
    return ExampleRequest(
        stage=stage,
        provider=asked.name,
        model=asked.model,
        away=away,
        system=request.system,
        prompt=plain,
        spans=_spans(request.prompt),
        about=about,
    )


def _spans(marked: str) -> tuple[Span, ...]:
    spans = []
    for part in marked.split(_OPEN):
        shown, is_marked, rest = part.partition(_CLOSE)
        spans += [Span(shown, bool(is_marked)), Span(rest, False)]
    return tuple(span for span in spans if span.text)


def _likely(
    study: Study, config: HybridConfig, run: RunRecord | None, cache: Path | None
) -> list[tuple[AssessedDraft, str]]:
    """The worst drafts of a run, which are the most likely to be sent; without one, drafts that are written here."""
    if run and run.drafts:
        worst = sorted(run.drafts, key=lambda item: item.assessment.scores.overall or 0)[:_LOOKED_AT]
        return [(item, f"{item.draft.id} of {run.id}") for item in worst]
    scorer = Scorer(StudyIndex.cached(study, cache), config.weights)
    return [(item, "a draft that was written here, without a model") for item in _drafted_here(study, config, scorer)]


def _drafted_here(study: Study, config: HybridConfig, scorer: Scorer) -> list[AssessedDraft]:
    """Drafts of the first focuses that hold enough for one.

    Raises:
        ProviderError: none of them does.
    """
    found: list[AssessedDraft] = []
    builtin = Builtin(ProviderSpec(role="local", model="builtin"))
    problem: ProviderError | None = None
    for number, focus in enumerate(choose_focuses(study, config.draft_count, config.count, config.seed)[:_LOOKED_AT]):
        try:
            reply = builtin.complete(draft_request(draft_task(study, number, focus, None, config), config))
        except ProviderError as error:
            problem = error
            continue
        draft = Draft(id=draft_id(number), persona=read_persona(reply.text, persona_id(draft_id(number))), focus=focus)
        found.append(AssessedDraft(draft=draft, assessment=scorer.assess(draft.persona, focus)))
    if problem and not found:
        raise problem
    return found
