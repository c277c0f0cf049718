"""Let a local model judge the claims that the score is unsure of. Optional; a raise needs words from the study.

Asked about statements only, and only about flagged ones and those in the middle of the scale, each with its three
best windows. It may lower a support freely. It may raise one only with words that it has copied from the study,
which the quote matcher looks up; and never over a rule about form (copied, a string of keywords, an instruction).
No judge is trusted before it has passed `scoring/model_check.py` on the user's own machine.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pydantic import ValidationError

from pipeline.domain.study import Segment
from pipeline.providers import Ask, Request
from pipeline.providers.prompts import judge_request
from pipeline.providers.replies import JudgeReply, JudgeVerdict, UnreadableReply, read_judgement
from pipeline.scoring.faithfulness import Claim, Evidence
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import SourceView
from pipeline.scoring.model_check import Stance
from pipeline.scoring.quotes import find_quote, is_scorable
from pipeline.text.instructions import reads_like_instruction

UNSURE_FROM, UNSURE_TO = 0.35, 0.75
"""Supports in the middle of the scale; under and over it words alone are right often enough."""

_CONTRADICTED = 0.1
"""At most what is left where the judge finds the opposite said."""

_VERBATIM = 0.9
"""Support by the quote matcher from which a span counts as copied."""

_WINDOWS = 3
_SEARCHED = 9
FORM = frozenset({"copied", "close_to_source", "stuffed"})
"""Flags about how a claim is written. They lower a true claim too, so its truth does not lift them."""


class Judgement(NamedTuple):
    """A verdict on one claim."""

    verdict: JudgeVerdict
    found: tuple[int, int] | None
    """The sentences in which the copied span stands; `None` when it stands nowhere, or nothing was copied."""

    @property
    def supports(self) -> bool:
        """Return whether the claim is supported, with words of the study as proof."""
        return self.verdict == "supported" and self.found is not None


class Judge:
    """A local model, asked about one claim at a time; the same claim and windows are asked about once."""

    def __init__(self, model: str, digest: str, ask: Ask, cache: FileCache, seed: int) -> None:
        """Bind a model to its cache.

        Args:
            model: its name, for the version of the scorer.
            digest: which version of it, so that another model under the same name is asked anew.
            ask: sends a request.
            cache: where answers are kept.
            seed: of the run.
        """
        self.model = model
        self.question = judge_question()
        self._digest = digest
        self._ask = ask
        self._cache = cache
        self._seed = seed

    def weigh(self, field: str, text: str, evidence: Evidence, view: SourceView, about: str) -> Evidence:
        """Return the evidence adjusted by the judge's verdict; the same object when the judge is not called."""
        unsure = evidence.flags or UNSURE_FROM <= evidence.support < UNSURE_TO
        if not unsure or evidence.sentences is None or reads_like_instruction(text):
            return evidence
        judgement = self.judge(field, text, windows(text, view), view, about)
        if judgement is None:
            return replace(evidence, flags=(*evidence.flags, "judge_unreadable"))
        return _weighed(evidence, judgement)

    def stance(self, field: str, text: str, view: SourceView) -> Stance:
        """Return its stance on a claim about all sentences of a view, for its check.

        Raises:
            ProviderError: the server does not answer.
        """
        judgement = self.judge(field, text, [passage(0, len(view), view)], view, "check")
        if judgement is None:
            return Stance(supports=False, agrees=False, said="nothing that can be read")
        agrees = judgement.verdict == "supported"
        invented = agrees and not judgement.supports
        said = "supported, with words that nobody said" if invented else judgement.verdict.replace("_", " ")
        return Stance(supports=judgement.supports, agrees=agrees, said=said)

    def judge(
        self, field: str, text: str, passages: Sequence[Sequence[Segment]], view: SourceView, about: str
    ) -> Judgement | None:
        """Return the verdict on a claim; `None` when the model's answer cannot be read.

        Args:
            field: of the persona.
            text: the claim.
            passages: what is shown of the study, see `passage`.
            view: where the words that it copies are looked up.
            about: id of the persona; names the rows.

        Raises:
            ProviderError: the server does not answer.
        """
        request = judge_request(field, text, passages, self._seed)
        try:
            reply = self._recall(request) or self._learn(request, about)
        except UnreadableReply:
            return None  # at temperature 0 it would answer the same again
        copied = find_quote(reply.span, view) if is_scorable(reply.span) else None
        return Judgement(reply.verdict, copied.sentences if copied and copied.support >= _VERBATIM else None)

    def _recall(self, request: Request) -> JudgeReply | None:
        stored = self._cache.get(*self._key(request))
        try:
            return JudgeReply.model_validate_json(stored) if stored else None
        except ValidationError:
            return None

    def _learn(self, request: Request, about: str) -> JudgeReply:
        reply = self._ask(request, read_judgement, about)
        self._cache.put(reply.model_dump_json().encode(), *self._key(request))
        return reply

    def _key(self, request: Request) -> tuple[str, ...]:
        return "judge", self.model, self._digest, str(self._seed), request.system, request.prompt


def judge_question() -> str:
    """Return the question that a judge is asked; it changes with the prompt."""
    return judge_request("goals", "", [], 0).model_dump_json()


def windows(text: str, view: SourceView) -> list[list[Segment]]:
    """The three best windows of a claim, none touching another, each as its sentences."""
    chosen: list[tuple[int, int]] = []
    for sentence in Claim.of(text, view.language).best_sentences(view, _SEARCHED):
        first, last = view.window(sentence)
        if len(chosen) < _WINDOWS and all(last <= other[0] or other[1] <= first for other in chosen):
            chosen.append((first, last))
    return [passage(first, last, view) for first, last in chosen]


def passage(first: int, last: int, view: SourceView) -> list[Segment]:
    """Some sentences of a view, one by one, each as a segment that holds nothing else."""
    return [view.segment_of(at).model_copy(update={"text": view.text_between(at, at + 1)}) for at in range(first, last)]


def _weighed(evidence: Evidence, judgement: Judgement) -> Evidence:
    """The support after a verdict, flagged with it, and the support before where that was another."""
    flags: Sequence[str] = evidence.flags
    support, said = evidence.support, f"judge_{judgement.verdict}"
    match judgement.verdict:
        case "contradicted":
            support = min(support, _CONTRADICTED)
        case "not_found":
            support = min(support, UNSURE_FROM)
        case "supported" if not judgement.found:
            said = "judge_unverified"
        case "supported" if FORM.isdisjoint(flags):
            # As good as a claim that needs no judge; the words that looked like the opposite are overruled.
            support, flags = max(support, UNSURE_TO), [flag for flag in flags if flag != "polarity"]
    return replace(
        evidence,
        support=support,
        sentences=judgement.found or evidence.sentences,
        flags=(*flags, said),
        unjudged=evidence.support if support != evidence.support and evidence.unjudged is None else evidence.unjudged,
    )
