"""The default drafter: personas extracted from the data, without a model, a key or a network.

A persona is built around one real participant of its focus, the most central one: occupation, age and place are this
person's. Its claims are whole sentences of the focus in the third person, first those that several people support;
quotes are copied letter by letter. It invents a first name and nothing else, and leaves out what it does not surely
understand: the score shows what is missing, and a model may add it. The same task gives the same persona.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, get_args

from pipeline.domain.run import Usage
from pipeline.domain.study import Participant
from pipeline.errors import ProviderError
from pipeline.providers import UNWATCHED, DraftTask, Health, ProviderRole, ProviderSpec, Reply, Request, Watch
from pipeline.providers.extraction.cues import CueKind
from pipeline.providers.extraction.selection import (
    Agreement,
    Voice,
    central,
    choose,
    choose_quotes,
    is_personal,
    ranked,
    voice_of,
)
from pipeline.providers.extraction.statements import Statement, find, is_usable
from pipeline.providers.replies import Demographics, PersonaReply
from pipeline.text.tokens import language_of

PER_LIST = 4
"""Most statements in one list of a persona."""

QUOTES = 3
EXCERPTS = 5
"""Quotes of a persona in a language that the drafter does not read."""

MOST_NAMED = 6
"""Participants named in an error."""

TAGLINE_WORDS = 16
"""Most words of the statement in a tagline."""

_PLACE = re.compile(r"[A-ZÀ-Þ][\w.'’-]*(?:,? [A-ZÀ-Þ][\w.'’-]*){0,3}")
_OTHER_SUBJECT = ("The ", "Their ", "Every ", "No ", "Any ")
"""Beginnings of statements that are not about what the person does."""
_MAY_BE_PERSON = re.compile(r"\b(?:[Ww]ants?|[Nn]eeds?|like|love|lets?) ([A-Z]\w+) to\b|\b([A-Z]\w+)'s\b")
_STATES = frozenset(("retired", "unemployed", "self-employed", "freelance"))
"""Occupations that take no article."""
_NO_NOUN = re.compile(
    r"(?:works?|working|looking|currently|between|part|full|various|other|at|in|no|not|a|an|the|my|i)\b", re.IGNORECASE
)
_AN = re.compile(r"(?!uni|use|uk\b|us\b|ux\b|eu|one)[aeiou]|(?-i:(?:[AEFHILMNORSX])(?=[A-Z]))|hour|hono", re.IGNORECASE)

CLOSE_AGES = 15
"""Years within which the ages of a group are said as a range, where its central participant states none."""

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
            sentence="The builtin drafter is ready: it draws personas from English, quotes other languages, needs no"
            " model and is free.",
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
        if not any(getattr(persona, kind) for kind in (*LISTS, "quotes")):
            who = ", ".join(person.id for person in task.participants[:MOST_NAMED]) or "no participant"
            raise ProviderError(
                f"The builtin drafter found no goal, problem, habit, motive or quotable sentence in the "
                f"words of {who}. It"
                " reads whole English sentences such as 'I want to …', 'I never …'; for other material choose"
                " local_provider ollama."
            )
        return Reply(text=persona.model_dump_json(), usage=Usage(), stop="complete", model=self.model)


def _names_text(text: str, task: DraftTask) -> bool:
    return _names_participant(text, task) or not is_usable(text)


def _names_participant(claim: str, task: DraftTask) -> bool:
    """Return whether a claim contains a participant's name: a persona stands for several people and names none."""
    names = {part for person in task.participants if person.name for part in person.name.split() if part[:1].isupper()}
    return not names.isdisjoint(re.findall(r"[^\W\d_]+", claim))


def draft_persona(task: DraftTask) -> PersonaReply:
    """Draft the persona of a focus, in the schema that models fill."""
    language = language_of(" ".join(segment.text for segment in task.segments))
    if language != "english":
        return _excerpts(task, language)
    voice = voice_of(task.segments)
    variant = f"{task.seed}.{task.number}"
    statements = [said for said in find(task.segments) if _is_for_persona(said, voice, task)]
    centre = central(task.participants, task.segments, {said.participant for said in statements})
    own = [
        said for said in statements if centre is None or said.participant == centre.id or not is_personal(said.claim)
    ]
    candidates = ranked(own, voice, variant, people=Agreement(task.segments))
    chosen: list[Statement] = []
    lists: dict[str, list[str]] = {}
    for kind in LISTS:
        picked = choose(candidates, kind, PER_LIST, chosen, centre=centre.id if centre else None)
        lists[kind] = [statement.claim for statement in picked]
        chosen += picked
    sources = [statement.source for statement in chosen]
    name = _invented_name(task)
    quotes = choose_quotes(task.segments, voice, QUOTES, statements, sources, variant)
    tagline = _tagline(centre, chosen)
    mine = [said for _, said in candidates if centre and said.participant == centre.id]
    return PersonaReply(
        name=name,
        tagline=tagline,
        demographics=_demographics(centre, task.participants),
        background=_background(
            name,
            centre,
            [said for said in mine if said.kind != "facts" and said.claim[1:] not in tagline],
            [said for said in mine if said.kind == "facts"],
        )
        if centre
        else "",
        quotes=quotes,
        **lists,
    )


def _is_for_persona(said: Statement, voice: Voice, task: DraftTask) -> bool:
    named = {word for match in _MAY_BE_PERSON.finditer(said.claim) for word in match.groups() if word}
    if _names_participant(said.claim, task) or voice.names_third_person(said.claim):
        return False
    # A name that only one participant uses is more likely a person than a product.
    return all(voice.users(word) > 1 for word in named)


def _excerpts(task: DraftTask, language: str) -> PersonaReply:
    """Draft a persona of quotes alone, for a language whose sentences the rules do not understand."""
    voice, name = voice_of(task.segments), _invented_name(task)
    centre = central(task.participants, task.segments, {person.id for person in task.participants})
    note = f"The drafter without a model does not read {language.capitalize()}: these are verbatim excerpts, no claims."
    return PersonaReply(
        name=name,
        tagline="",
        demographics=_demographics(centre, task.participants),
        background=note,
        goals=[],
        pain_points=[],
        behaviours=[],
        motivations=[],
        quotes=choose_quotes(task.segments, voice, EXCERPTS, (), (), f"{task.seed}.{task.number}"),
    )


def _invented_name(task: DraftTask) -> str:
    """Choose a first name that no participant has: personas are not the participants."""
    spoken = {word for segment in task.segments for word in re.findall(r"\w+", segment.text)}
    spoken |= {word for person in task.participants for word in re.findall(r"\w+", person.name or "")}
    start = (task.seed * 7 + task.number) % len(NAMES)
    turned = NAMES[start:] + NAMES[:start]
    return next((name for name in turned if name not in spoken), f"{turned[0]} {chr(65 + task.number % 26)}.")


def _demographics(centre: Participant | None, people: Sequence[Participant]) -> Demographics:
    """State the facts of the central participant; where one is missing, what the whole group agrees on."""
    return Demographics(
        age=_age(centre, people),
        occupation=_fact(centre, people, "occupation"),
        location=_fact(centre, people, "location"),
        household=_stated(centre, "household") if centre else "",
    )


def _fact(centre: Participant | None, people: Sequence[Participant], key: str) -> str:
    own = _stated(centre, key) if centre else ""
    values = [_stated(person, key) for person in people]
    agreed = values[0] if values and len({value.casefold() for value in values}) == 1 else ""
    return own or agreed


def _stated(person: Participant, key: str) -> str:
    value = person.demographics.get(key, "").strip()
    return value if len(value) <= 80 and is_usable(value) else ""


def _age(centre: Participant | None, people: Sequence[Participant]) -> str:
    """Return the age of the central participant, else a range where all state one and they are close; or nothing."""
    if centre and _stated(centre, "age"):
        return _stated(centre, "age")
    found = [[int(age) for age in re.findall(r"\b\d{1,3}\b", _stated(person, "age"))] for person in people]
    ages = [age for values in found for age in values]
    if not ages or not all(found) or max(ages) - min(ages) > CLOSE_AGES:
        return ""
    return str(ages[0]) if min(ages) == max(ages) else f"{min(ages)}–{max(ages)}"


def _tagline(centre: Participant | None, chosen: Sequence[Statement]) -> str:
    """Return the work of the central participant with a short statement of theirs, or with their place.

    Empty where their work is not known: a statement alone only repeats a claim. No quote: a run without the words of
    its study still shows its taglines and backgrounds.
    """
    work = _work(centre) if centre else ""
    if centre is None or not work:
        return ""
    place = _stated(centre, "location")
    order = {kind: position for position, kind in enumerate(LISTS)}
    own = sorted((said for said in chosen if said.participant == centre.id), key=lambda said: order[said.kind])
    short = [
        said.claim
        for said in own
        if len(said.claim.split()) <= TAGLINE_WORDS and not said.claim.startswith(_OTHER_SUBJECT)
    ]
    title = f"{work[0].upper()}{work[1:]}{' person' if work in _STATES else ''}"
    if short:
        return f"{title} who {short[0][0].lower()}{short[0][1:]}"
    return f"{title} in {place}" if _PLACE.fullmatch(place) else ""


def _background(name: str, centre: Participant, own: Sequence[Statement], told: Sequence[Statement]) -> str:
    """Write who the central participant is, where they live and a habit of theirs; empty without work and place.

    A wish or a complaint is not a background, and a habit alone does not describe a person.

    Args:
        name: invented name of the persona.
        centre: participant around whom it is built.
        own: their statements that are not facts, best first.
        told: their statements on where they live and work.
    """
    work, place = _work(centre), _stated(centre, "location")
    age = _stated(centre, "age")
    place = f" in {place}" if _PLACE.fullmatch(place) else ""
    aged = f", {age}," if re.fullmatch(r"\d{1,3}", age) else ""
    sentences = []
    if work and (aged or place or told or own):
        article = "" if work in _STATES else "an " if _AN.match(work) else "a "
        sentences.append(f"{name}{aged} is {article}{work}{place}.")
    elif place:
        sentences.append(f"{name}{aged} lives{place}.")
    if told and not (place and told[0].claim.startswith("Lives in")):
        claim = re.split(r",| and ", told[0].claim)[0]
        sentences.append(f"{name} {claim[0].lower()}{claim[1:]}.")
    habits = (one.claim for one in own if one.kind == "behaviours" and not one.claim.startswith(_OTHER_SUBJECT))
    if sentences and (said := next(habits, "")):
        sentences.append(f"{name} {said[0].lower()}{said[1:]}.")
    return " ".join(sentences)


def _work(person: Participant) -> str:
    """Return the occupation of a person where it can stand in a sentence, else an empty text."""
    work = _stated(person, "occupation")
    if not re.fullmatch(r"[A-Za-z][\w'’-]*(?: [\w'’&-]+){0,4}", work) or _NO_NOUN.match(work):
        return ""
    return work if any(letter.isupper() for letter in work.split()[0][1:]) else f"{work[0].lower()}{work[1:]}"
