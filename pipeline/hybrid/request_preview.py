"""Preview of the requests of a run, word for word: one example per model outside this program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import AssessedDraft, Draft, RunRecord
from pipeline.domain.study import Study
from pipeline.errors import ProviderError
from pipeline.hybrid.draft import draft_id, persona_id
from pipeline.hybrid.focus import choose_focuses
from pipeline.hybrid.preflight import Plan
from pipeline.hybrid.redaction import Redactor
from pipeline.hybrid.tasks import Tasks
from pipeline.providers import Provider, ProviderSpec, Request
from pipeline.providers.builtin import BuiltinProvider as Builtin
from pipeline.providers.prompts import draft_request, refine_request
from pipeline.providers.replies import read_persona
from pipeline.scoring import Scorer
from pipeline.scoring.index import StudyIndex

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Marks around replaced strings; private-use characters, without a standard meaning."""


_LOOKED_AT = 3
"""Number of drafts searched for one with replaced strings."""


class Span(NamedTuple):
    """A part of a prompt."""

    text: str
    replaced: bool


class ExampleRequest(Frozen):
    """An example request, as it would be sent."""

    stage: Literal["draft", "refine"]
    provider: str
    model: str
    away: bool
    """True if it would leave this machine."""
    system: str
    prompt: str
    """Word for word."""
    spans: tuple[Span, ...]
    """The prompt split at replaced strings."""
    about: str
    """Description of the draft, in a sentence."""

    @property
    def replaced(self) -> int:
        """Number of replaced strings."""
        return sum(span.replaced for span in self.spans)


def example_requests(
    study: Study, config: HybridConfig, planned: Plan, drafts: RunRecord | None, cache: Path | None
) -> tuple[ExampleRequest, ...]:
    """Return an example of every kind of request that contains study text and leaves this program; empty if none does.

    Args:
        study: the source.
        config: of the run.
        planned: the same configuration, checked.
        drafts: a run on the study; its worst drafts serve as examples. Without one, `builtin` writes drafts for free.
        cache: folder of indexes.

    Raises:
        ProviderError: `builtin` cannot write a draft of this study.
    """
    found = []
    if not planned.local.in_process:
        focus = choose_focuses(study, config.draft_count, config.count, config.seed)[0]
        request = draft_request(Tasks(study, config).draft(0, focus, planned.local.context_tokens), config)
        about = "For the first draft. Drafting models are sent the words as they stand."
        found.append(_example("draft", request, about, planned.local, away=planned.local.is_away))
    if planned.frontier and not planned.frontier.in_process:
        found.append(_refinement(study, config, planned.frontier, _likely(study, config, drafts, cache)))
    return tuple(found)


def _refinement(
    study: Study, config: HybridConfig, frontier: Provider, likely: Sequence[tuple[AssessedDraft, str]]
) -> ExampleRequest:
    """Return the first of a few likely requests with a replaced string, to show redaction; else the first one."""
    redactor = Redactor(study) if config.redact else None
    tasks = Tasks(study, config)
    found = []
    for item, whose in likely:
        task = tasks.refine(item)
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
    """Return the worst drafts of a run, which are most likely to be sent; without a run, drafts by `builtin`."""
    if run and run.drafts:
        worst = sorted(run.drafts, key=lambda item: item.assessment.scores.overall or 0)[:_LOOKED_AT]
        return [(item, f"{item.draft.id} of {run.id}") for item in worst]
    scorer = Scorer(StudyIndex.cached(study, cache), config.weights)
    return [(item, "a draft that was written here, without a model") for item in _drafted_here(study, config, scorer)]


def _drafted_here(study: Study, config: HybridConfig, scorer: Scorer) -> list[AssessedDraft]:
    """Write drafts with `builtin` for the first focuses that have enough text.

    Raises:
        ProviderError: none of the focuses has enough.
    """
    found: list[AssessedDraft] = []
    tasks = Tasks(study, config)
    builtin = Builtin(ProviderSpec(role="local", model="builtin"))
    problem: ProviderError | None = None
    for number, focus in enumerate(choose_focuses(study, config.draft_count, config.count, config.seed)[:_LOOKED_AT]):
        try:
            reply = builtin.complete(draft_request(tasks.draft(number, focus, None), config))
        except ProviderError as error:
            problem = error
            continue
        draft = Draft(id=draft_id(number), persona=read_persona(reply.text, persona_id(draft_id(number))), focus=focus)
        found.append(AssessedDraft(draft=draft, assessment=scorer.assess(draft.persona, focus)))
    if problem and not found:
        raise problem
    return found
