"""The default drafter: personas extracted from the data, without a model, a key or a network.

It chooses what the participants of a focus state most clearly and typically and rewrites it from speech
into claims; quotes are copied letter by letter. It invents a first name and nothing else. The same task
gives the same persona, another number another choice of statements.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, get_args

from pipeline.domain.run import Usage
from pipeline.domain.study import Participant, Segment
from pipeline.errors import ProviderError
from pipeline.providers import UNWATCHED, DraftTask, Health, ProviderRole, ProviderSpec, Reply, Request, Watch
from pipeline.providers.extraction.cues import CueKind
from pipeline.providers.extraction.selection import Voice, choose, choose_quotes, ranked, topics, voice_of
from pipeline.providers.extraction.statements import Statement, find, is_usable
from pipeline.providers.replies import Demographics, PersonaReply
from pipeline.text.wording import listed

PER_LIST = 4
"""Most statements in one list of a persona."""

FEWEST = 2
WEAKEST_FALLBACK = 0.3
"""A list with fewer statements than that takes weaker ones, from this strength."""

QUOTES = 3
FACTS = 2
MOST_NAMED = 6
"""Participants named in the background; further ones are counted."""

LISTED = 3
"""Occupations and places named when the participants differ."""

TAGLINE_WORDS = 14

_NOT_IN_ONE_LINE = re.compile(r"(?:before|after|when|if|on|at|in|for|once|whenever|as) ", re.IGNORECASE)

LISTS: tuple[CueKind, ...] = tuple(kind for kind in get_args(CueKind) if kind != "facts")

NAMES = tuple(
    """Alex Robin Sam Jordan Taylor Morgan Casey Jamie Charlie Rowan Quinn Avery Riley Kai Noor Sasha Kit Frankie
    Ellis Harper Remy Ash Drew Emery Finley Hayden Jules Kerry Lane Nico Parker Reese Sage Toni Val Wren Blair
    Corey Dale Eden Gray Indigo Jess Kim Lee Mika Noel Ollie Pat Rory Shay Tatum Uma Vic Winter Yuri Zion Brook
    Merle""".split()  # noqa: SIM905
)
"""Invented first names: short, and borne by women and men alike, because the data states no gender."""


class BuiltinProvider:
    """The drafter that needs nothing but the study."""

    name: ClassVar[str] = "builtin"
    roles: ClassVar[frozenset[ProviderRole]] = frozenset({"local"})
    key_variable: ClassVar[str | None] = None
    url_variable: ClassVar[str | None] = None
    simulated: ClassVar[bool] = False
    in_process: ClassVar[bool] = True
    is_away: bool = False
    counts_away: ClassVar[bool] = False
    batches: None = None

    def __init__(self, spec: ProviderSpec) -> None:
        self.model = self.name
        self.context_tokens: int | None = None

    def check(self) -> Health:
        """Always ready."""
        return Health(
            ready=True,
            sentence="The builtin drafter is ready: it draws personas from English text, needs no model and is free.",
        )

    def count_tokens(self, request: Request) -> int | None:
        """Always `None`: no tokens are used."""
        return None

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Draft the persona of the task's focus as the JSON that a model would write; usage is zero tokens.

        Raises:
            ProviderError: the task is not a draft, or nothing in it is understood.
        """
        task = request.task
        if not isinstance(task, DraftTask):
            raise ProviderError("The builtin provider writes drafts only. Choose another frontier_provider.")
        persona = draft_persona(task)
        if not any(getattr(persona, kind) for kind in LISTS):
            who = ", ".join(person.id for person in task.participants[:MOST_NAMED]) or "nobody"
            raise ProviderError(
                f"The builtin drafter found no goal, problem, habit or motive in the words of {who}. It reads English "
                "statements such as 'I want to', 'I never'; for other material choose local_provider ollama."
            )
        return Reply(text=persona.model_dump_json(), usage=Usage(), stop="complete", model=self.model)


def _names_participant(claim: str, task: DraftTask) -> bool:
    """Return whether a claim contains a participant's name: a persona stands for several people and names none."""
    names = {part for person in task.participants if person.name for part in person.name.split() if part[:1].isupper()}
    return not names.isdisjoint(re.findall(r"[^\W\d_]+", claim))


def draft_persona(task: DraftTask) -> PersonaReply:
    """Draft the persona of a focus, in the schema that models fill."""
    voice = voice_of(task.segments)
    variant = f"{task.seed}.{task.number}"
    statements = [said for said in find(task.segments) if not _names_participant(said.claim, task)]
    candidates = ranked(statements, voice, variant)
    fallback = ranked(statements, voice, variant, weakest=WEAKEST_FALLBACK)
    chosen: list[Statement] = []
    lists: dict[str, list[str]] = {}
    for kind in LISTS:
        picked = choose(candidates, kind, PER_LIST, chosen)
        if len(picked) < FEWEST:
            said = [statement.claim for statement in picked]
            picked += choose(fallback, kind, FEWEST - len(picked), [*chosen, *picked], said)
        lists[kind] = [statement.claim for statement in picked]
        chosen += picked
    sources = [statement.source for statement in chosen]
    return PersonaReply(
        name=_invented_name(task),
        tagline=_tagline(lists["goals"]) or _topic_line(voice, task.segments),
        demographics=_demographics(_most_heard(task.participants, chosen)),
        background=_background(task.participants, choose(candidates, "facts", FACTS, [])),
        quotes=choose_quotes(task.segments, voice, QUOTES, statements, sources, variant),
        **lists,
    )


def _invented_name(task: DraftTask) -> str:
    """Choose a first name that no participant has: personas are not the participants."""
    spoken = {word for segment in task.segments for word in re.findall(r"\w+", segment.text)}
    spoken |= {word for person in task.participants for word in re.findall(r"\w+", person.name or "")}
    start = (task.seed * 7 + task.number) % len(NAMES)
    turned = NAMES[start:] + NAMES[:start]
    return next((name for name in turned if name not in spoken), f"{turned[0]} {chr(65 + task.number % 26)}.")


def _most_heard(participants: Sequence[Participant], chosen: Sequence[Statement]) -> list[Participant]:
    """Sort participants by their number of claims in the persona, highest first."""
    claims = Counter(statement.participant for statement in chosen)
    return sorted(participants, key=lambda person: -claims[person.id])


def _demographics(people: Sequence[Participant]) -> Demographics:
    """Summarise stated ages, and the occupations and places of the participants with most claims."""
    return Demographics(
        age=_ages(people),
        occupation="; ".join(_stated(people, "occupation")),
        location="; ".join(_stated(people, "location")),
        household="; ".join(_stated(people, "household")) if len(people) == 1 else "",
    )


def _stated(people: Sequence[Participant], key: str) -> list[str]:
    values = (person.demographics.get(key, "").strip() for person in people)
    return [value for value in dict.fromkeys(values) if value and len(value) <= 80 and is_usable(value)][:LISTED]


def _ages(people: Sequence[Participant]) -> str:
    """Return one age or a range; empty when none is stated."""
    found = [int(age) for person in people for age in re.findall(r"\b\d{1,3}\b", person.demographics.get("age", ""))]
    if not found:
        return ""
    return str(found[0]) if min(found) == max(found) else f"{min(found)}–{max(found)}"


def _tagline(goals: Sequence[str]) -> str:
    """Return the first goal that fits on one line and is clear without context; empty when none is."""
    fitting = [goal for goal in goals if len(goal.split()) <= TAGLINE_WORDS and not _NOT_IN_ONE_LINE.match(goal)]
    clear = [goal for goal in fitting if not goal.startswith("Have it ")]
    goal = next(iter(clear or fitting), "")
    if goal.startswith("Get "):
        return f"Wants {goal.removeprefix('Get ')}"
    return goal and f"Wants to {goal[0].lower()}{goal[1:]}"


def _topic_line(voice: Voice, segments: Sequence[Segment]) -> str:
    words = topics(voice, segments, 3)
    return f"Talks most about {listed(words)}" if words else ""


def _background(participants: Sequence[Participant], facts: Sequence[Statement]) -> str:
    """Write the background: the participants behind the persona, and their statements about themselves."""
    ids = [person.id for person in participants]
    shown = ids[:MOST_NAMED] + ([f"{len(ids) - MOST_NAMED} more"] if len(ids) > MOST_NAMED else [])
    work = _stated(participants, "occupation")
    among = "among them " if len(ids) > len(work) > 0 and len(ids) > 1 else ""
    origin = f"Drawn from {'one participant' if len(ids) == 1 else f'{len(ids)} participants'} ({', '.join(shown)})"
    origin += f": {among}{listed(work)}." if work else "."
    if len(ids) == 1:
        return " ".join([origin, *(f"{fact.claim}." for fact in facts)])
    return " ".join([origin, *(f"{fact.participant} {fact.claim[0].lower()}{fact.claim[1:]}." for fact in facts)])
