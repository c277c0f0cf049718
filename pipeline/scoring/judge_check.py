"""Test a user's own judge on a small set of claims that it must get right before it takes part in a score.

Each of the bundled sources stands beside a statement that sums it up and one that changes who, what, how much or
whether. A judge is right where its verdict has the right effect: supported, with words it has copied, or not.
Passing is balanced accuracy of at least .75. With 16 claims on either side, a coin passes with a probability of
less than .01, and a judge that is right nine times in ten with one of over .99 (binomial).
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from pipeline.domain.base import Frozen, Score
from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.domain.units import Clock
from pipeline.providers.prompts import judge_request
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import StudyIndex
from pipeline.scoring.judge import Judge, Judgement, passage

BAR = 0.75
"""Balanced accuracy from which a judge may take part in scores."""

CheckKind = Literal["paraphrase", "who", "what", "number", "negation", "absent"]

_TRUTH: dict[CheckKind, str] = {
    "paraphrase": "sums up what was said",
    "who": "names somebody else",
    "what": "names something else",
    "number": "has another number",
    "negation": "says the opposite",
    "absent": "was said by nobody",
}

_ITEMS = Path(__file__).with_name("judge_check.json")


class CheckStatement(Frozen):
    """A claim about a source of the check."""

    field: str
    text: str
    kind: CheckKind = "paraphrase"
    """Kind of change to the claim; `absent` is something that was not said."""


class CheckSource(Frozen):
    """Words of an invented participant, with a claim that they support and one that they do not."""

    said: str
    supported: CheckStatement
    unsupported: CheckStatement


class Miss(Frozen):
    """A claim of the check that the judge got wrong."""

    text: str
    kind: CheckKind
    said: str
    """Its verdict in words."""

    @property
    def sentence(self) -> str:
        """Describe the wrong verdict in words."""
        return f"“{self.text}” {_TRUTH[self.kind]}; it said: {self.said}."


class JudgeCheck(Frozen):
    """Result of a judge's check."""

    model: str
    version: str
    """Of the set and the question asked; another one asks for a new check."""
    right: int
    n: int
    balanced_accuracy: Score
    """Mean of the shares that are right among supported and among unsupported claims."""
    seconds_per_claim: float
    """Measured on this machine."""
    missed: tuple[Miss, ...]

    @property
    def passes(self) -> bool:
        """Return whether the judge may take part in scores."""
        return self.balanced_accuracy >= BAR

    @property
    def sentence(self) -> str:
        """The result in words."""
        verdict = "passes" if self.passes else "does not pass"
        return (
            f"{self.model}: {self.right} of {self.n} right, balanced accuracy {self.balanced_accuracy:.2f}"
            f" (at least {BAR} is asked for): {verdict}."
        )


@cache
def sources() -> tuple[CheckSource, ...]:
    """The bundled set."""
    return TypeAdapter(tuple[CheckSource, ...]).validate_json(_ITEMS.read_bytes())


def check_version() -> str:
    """Changes with the set and with the question that a judge is asked."""
    question = judge_request("goals", "", [], 0).model_dump_json()
    return hashlib.sha256(_ITEMS.read_bytes() + question.encode()).hexdigest()[:12]


def run_check(judge: Judge, clock: Clock, tell: Callable[[int, int], None]) -> JudgeCheck:
    """Ask a judge about every claim of the set.

    Args:
        judge: with a cache of its own, so that every answer is the model's, now.
        clock: for measuring how long it takes.
        tell: called with claims done and claims in total after each.

    Raises:
        ProviderError: the server does not answer.
    """
    index = StudyIndex.build(_study())
    asked = [
        (number, claim) for number, source in enumerate(sources()) for claim in (source.supported, source.unsupported)
    ]
    missed: list[Miss] = []
    started = clock.monotonic()
    for done, (number, claim) in enumerate(asked, start=1):
        view = index.view([_name(number)])
        judgement = judge.judge(claim.field, claim.text, [passage(0, len(view), view)], view, "check")
        if not _is_right(claim, judgement):
            missed.append(Miss(text=claim.text, kind=claim.kind, said=_said(judgement)))
        tell(done, len(asked))
    right = len(asked) - len(missed)
    return JudgeCheck(
        model=judge.model,
        version=check_version(),
        right=right,
        n=len(asked),
        # Both sides have the same number of claims.
        balanced_accuracy=right / len(asked),
        seconds_per_claim=(clock.monotonic() - started) / len(asked),
        missed=tuple(missed),
    )


def remember(result: JudgeCheck, digest: str, cache: FileCache) -> None:
    """Keep a result for the runs to come."""
    cache.put(result.model_dump_json().encode(), *_key(result.model, digest))


def remembered(model: str, digest: str, cache: FileCache) -> JudgeCheck | None:
    """The result of this model on the present set; `None` when it was not checked."""
    stored = cache.get(*_key(model, digest))
    try:
        found = JudgeCheck.model_validate_json(stored) if stored else None
    except ValidationError:
        return None
    return found if found and (found.model, found.version) == (model, check_version()) else None


def _key(model: str, digest: str) -> tuple[str, ...]:
    return "judge-check", model, digest, check_version()


def _is_right(claim: CheckStatement, judgement: Judgement | None) -> bool:
    if judgement is None:
        return False
    return judgement.supports if claim.kind == "paraphrase" else judgement.verdict != "supported"


def _said(judgement: Judgement | None) -> str:
    if judgement is None:
        return "nothing that can be read"
    invented = judgement.verdict == "supported" and not judgement.supports
    return "supported, with words that nobody said" if invented else judgement.verdict.replace("_", " ")


def _name(number: int) -> str:
    return f"P{number + 1:02}"


def _study() -> Study:
    """The sources as a study with one participant each, so that a check takes the way that claims take."""
    people = [(_name(number), source.said) for number, source in enumerate(sources())]
    return Study(
        id="judge-check",
        name="Check of the judge",
        documents=tuple(Document(id=name, name=name, kind="check", words=len(said.split())) for name, said in people),
        participants=tuple(Participant(id=name, documents=(name,), words=len(said.split())) for name, said in people),
        segments=tuple(
            Segment(id=f"{name}.1", document=name, participant=name, role="participant", text=said, where="source")
            for name, said in people
        ),
    )
