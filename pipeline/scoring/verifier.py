"""Let a model that is trained to verify overrule words, for statements that do not follow the study word for word.

It reads a statement and the best window for it, and says how likely the window supports the statement and how likely
it contradicts it. Doubt takes up to 70 % of the support; confident support lifts a statement in other words to where no
judge is asked any more. Statements that repeat the study's own wording keep what the words gave: there words are right
more often than such models (AUROC .84 against .65 on near-extractive answers, measured with a small NLI model on
2026-11-30). No verifier is trusted before it has passed `scoring/model_check.py`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import Field, ValidationError

from pipeline.domain.base import Frozen
from pipeline.scoring.faithfulness import Claim, Evidence
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import SourceView
from pipeline.scoring.judge import FORM, UNSURE_TO
from pipeline.scoring.model_check import Stance
from pipeline.text.instructions import reads_like_instruction

DOUBT_COSTS = 0.7
"""Share of the support that a certain contradiction takes."""

SURE = 0.9
"""Probability of support from which a verifier lifts a statement."""

STATEMENTS_PER_PERSONA = 12
"""Of a full persona: three in each of four lists. For telling how long a verifier takes."""

_EXTRACTIVE_RUN, _EXTRACTIVE_SHARE = 4, 0.6
"""A statement follows the study's wording when most of it stands there in runs of at least four words."""

_NOTICED = 0.1
"""Change of support from which a flag tells the reader."""


class Verdict(Frozen):
    """Verdict of a verifier on a statement and a window."""

    supported: float = Field(ge=0, le=1, allow_inf_nan=False)
    contradicted: float = Field(ge=0, le=1, allow_inf_nan=False)
    """For a model that only knows yes and no: everything that is not support."""


Verify = Callable[[str, Sequence[str], str], Verdict | None]
"""Asks a model about a statement and the sentences of a window; the third text is the id of the persona. `None` when
its answer cannot be read."""


class Verifier:
    """A model trained to verify, asked about one statement at a time; the same statement and window once."""

    def __init__(self, model: str, digest: str, question: str, verify: Verify, cache: FileCache) -> None:
        """Bind a model to its cache.

        Args:
            model: its name, for the version of the scorer.
            digest: which version of it, so that another one is asked anew.
            question: how it is asked, see `verifier_question`: another way of asking asks anew.
            verify: asks it.
            cache: where verdicts are kept.
        """
        self.model = model
        self.question = question
        self._digest = digest
        self._verify = verify
        self._cache = cache

    def weigh(self, field: str, text: str, claim: Claim, evidence: Evidence, view: SourceView, about: str) -> Evidence:
        """Return the evidence adjusted by the verifier; the same object when it is not asked.

        Raises:
            ProviderError: the server does not answer.
        """
        if evidence.sentences is None or follows_wording(claim, view) or reads_like_instruction(text):
            return evidence
        first, last = evidence.sentences
        start, end = view.window(first)
        verdict = self.verdict(field, text, sentences(start, max(end, last), view), about)
        if verdict is None:
            return replace(evidence, flags=(*evidence.flags, "verifier_unreadable"))
        return _weighed(evidence, verdict)

    def stance(self, field: str, text: str, view: SourceView) -> Stance:
        """Return its stance on a claim about all sentences of a view, for its check.

        Raises:
            ProviderError: the server does not answer.
        """
        verdict = self.verdict(field, text, sentences(0, len(view), view), "check")
        if verdict is None:
            return Stance(supports=False, agrees=False, said="neither yes nor no")
        supports = verdict.supported >= 0.5
        return Stance(supports=supports, agrees=supports, said=f"supported with {verdict.supported:.0%}")

    def verdict(self, field: str, text: str, window: Sequence[str], about: str) -> Verdict | None:
        """Return the verdict on a claim, remembered or new; `None` when the model's answer cannot be read.

        Raises:
            ProviderError: the server does not answer.
        """
        statement = hypothesis(field, text)
        key = ("verdict", self.model, self._digest, self.question, statement, *window)
        stored = self._cache.get(*key)
        try:
            return Verdict.model_validate_json(stored or b"")
        except ValidationError:
            found = self._verify(statement, window, about)
        if found:
            self._cache.put(found.model_dump_json().encode(), *key)
        return found


def verifier_question(prompt: str) -> str:
    """Return the question that a verifier is asked; it changes with the prompt and the wording of claims."""
    return json.dumps([prompt, hypothesis("goals", ""), hypothesis("behaviours", "")])


def hypothesis(field: str, text: str) -> str:
    """A claim as a statement that a passage can support: a goal is a wish, not something that was done."""
    return f"The speaker wants this: {text}" if field == "goals" else text


def verifier_name(model: str) -> str:
    """The name of a verifier: that of a model, or the last part of a folder's path."""
    return re.split(r"[/\\]", model.rstrip("/\\"))[-1] if names_path(model) else model


def names_path(model: str) -> bool:
    """Return whether a setting is written as a path."""
    return re.match(r"~?[/\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]", model) is not None


def sentences(first: int, last: int, view: SourceView) -> list[str]:
    """Some sentences of a view, one by one."""
    return [view.text_between(at, at + 1) for at in range(first, last)]


def follows_wording(claim: Claim, view: SourceView) -> bool:
    """Return whether most of a claim stands in the study in the same words and order."""
    return view.copied_share(claim.words, _EXTRACTIVE_RUN) >= _EXTRACTIVE_SHARE


def _weighed(evidence: Evidence, verdict: Verdict) -> Evidence:
    flags: Sequence[str] = evidence.flags
    support = evidence.support * (1 - DOUBT_COSTS * verdict.contradicted)
    if verdict.supported >= SURE and FORM.isdisjoint(flags):
        # As good as a claim that needs no judge; words that looked like the opposite are overruled.
        support, flags = max(support, UNSURE_TO), [flag for flag in flags if flag != "polarity"]
    if evidence.support - support >= _NOTICED:
        flags = [*flags, "verifier_doubts"]
    elif support - evidence.support >= _NOTICED:
        flags = [*flags, "verifier_supports"]
    changed = support != evidence.support
    return replace(evidence, support=support, flags=tuple(flags), unjudged=evidence.support if changed else None)
