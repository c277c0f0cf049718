"""Test a user's own judge or verifier on claims that it must get right before it takes part in a score.

Each of the bundled sources stands beside a statement that sums it up and one that changes who, what, how much or
whether. A model is right where its verdict has the right effect: supported (a judge must copy the words), or not.
Passing is balanced accuracy of at least .75. With 16 claims on either side, a coin passes with a probability of
less than .01, and a model that is right nine times in ten with one of over .99 (binomial).
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from pydantic import TypeAdapter, ValidationError

from pipeline.domain.base import Frozen, Score
from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.domain.units import Clock
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import SourceView, StudyIndex

BAR = 0.75
"""Balanced accuracy from which a model may take part in scores."""

Examined = Literal["judge", "verifier"]
"""Role for which a model is examined."""

CheckKind = Literal["paraphrase", "who", "what", "number", "negation", "absent"]

_TRUTH: dict[CheckKind, str] = {
    "paraphrase": "sums up what was said",
    "who": "names somebody else",
    "what": "names something else",
    "number": "has another number",
    "negation": "says the opposite",
    "absent": "was said by nobody",
}

_ITEMS = Path(__file__).with_name("model_check.json")


class Stance(NamedTuple):
    """Opinion of a model on one claim."""

    supports: bool
    """True if it would count as support in a score."""
    agrees: bool
    """True if it called the claim supported, with or without proof."""
    said: str
    """In words."""


class Candidate(Protocol):
    """A model to be examined."""

    model: str
    question: str
    """The way in which it is asked: another one asks for a new check."""

    def stance(self, field: str, text: str, view: SourceView) -> Stance:
        """Return its stance on a claim about all sentences of a view.

        Raises:
            ProviderError: it does not answer.
        """


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
    """A claim of the check that the model got wrong."""

    text: str
    kind: CheckKind
    said: str
    """Its verdict in words."""

    @property
    def sentence(self) -> str:
        """Describe the wrong verdict in words."""
        return f"“{self.text}” {_TRUTH[self.kind]}; it said: {self.said}."


class ModelCheck(Frozen):
    """Result of a check."""

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
        """Return whether the model may take part in scores."""
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


def check_version(question: str) -> str:
    """Changes with the set and with the question that a model is asked."""
    return hashlib.sha256(_ITEMS.read_bytes() + question.encode()).hexdigest()[:12]


def run_check(candidate: Candidate, clock: Clock, tell: Callable[[int, int], None]) -> ModelCheck:
    """Ask a model about every claim of the set.

    Args:
        candidate: with a cache of its own, so that every answer is the model's, now.
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
        stance = candidate.stance(claim.field, claim.text, index.view([_name(number)]))
        if not (stance.supports if claim.kind == "paraphrase" else not stance.agrees):
            missed.append(Miss(text=claim.text, kind=claim.kind, said=stance.said))
        tell(done, len(asked))
    right = len(asked) - len(missed)
    return ModelCheck(
        model=candidate.model,
        version=check_version(candidate.question),
        right=right,
        n=len(asked),
        # Both sides have the same number of claims.
        balanced_accuracy=right / len(asked),
        seconds_per_claim=(clock.monotonic() - started) / len(asked),
        missed=tuple(missed),
    )


def remember(result: ModelCheck, role: Examined, digest: str, cache: FileCache) -> None:
    """Keep a result for the runs to come."""
    cache.put(result.model_dump_json().encode(), *_key(role, result.model, digest, result.version))


def remembered(role: Examined, model: str, digest: str, version: str, cache: FileCache) -> ModelCheck | None:
    """The result of this model for a version of the check; `None` when it was not checked."""
    stored = cache.get(*_key(role, model, digest, version))
    try:
        found = ModelCheck.model_validate_json(stored) if stored else None
    except ValidationError:
        return None
    return found if found and (found.model, found.version) == (model, version) else None


def _key(role: Examined, model: str, digest: str, version: str) -> tuple[str, ...]:
    return f"{role}-check", model, digest, version


def _name(number: int) -> str:
    return f"P{number + 1:02}"


def _study() -> Study:
    """The sources as a study with one participant each, so that a check takes the way that claims take."""
    people = [(_name(number), source.said) for number, source in enumerate(sources())]
    return Study(
        id="model-check",
        name="Check of a model",
        documents=tuple(Document(id=name, name=name, kind="check", words=len(said.split())) for name, said in people),
        participants=tuple(Participant(id=name, documents=(name,), words=len(said.split())) for name, said in people),
        segments=tuple(
            Segment(id=f"{name}.1", document=name, participant=name, role="participant", text=said, where="source")
            for name, said in people
        ),
    )
