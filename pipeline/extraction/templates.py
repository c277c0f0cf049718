"""The sentence forms a claim can take: `know …`, `have it …`, `frustrated that …`, `checks …`.

Each function turns the match of a cue into a claim, or `None` when the clause does not make one after all.
Named groups say what goes where: `rest` and `thing` of a wish, `lead` in front of it, `done`, `verb` and
`opening` of a habit.
"""

import re
from collections.abc import Callable

from pipeline.extraction.grammar import pronouns, third_person
from pipeline.extraction.verbs import is_base, is_past, opens_with_verb

Template = Callable[[re.Match[str]], str | None]

ROUTINE = (
    r"\b(?:every (?!single\b|penny|word|number)|each (?!other|one)|once an?|twice an?|three times|"
    r"most (?:days|nights|mornings|evenings|weeks)|at (?:night|breakfast|bedtime|lunch|weekends)|"
    r"in the (?:morning|evening|night|afternoon)s?|on (?:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|"
    r"sundays?|those \w+)|whenever|when i|daily|weekly|first thing|by hand)"
)
"""Words that say that something is done again and again, as a pattern on a clause in the first person."""

_IS_ROUTINE = re.compile(ROUTINE, re.IGNORECASE)
_STATIVE = frozenset(
    """want need like love hate think know believe feel mean guess suppose remember understand hear hope wish have be am
    see reckon find seem own live say suspect imagine doubt agree admit expect prefer trust care bet swear promise
    appreciate notice thank must can could will would should might may do cannot refuse get come mind forget lose
    resent object worry struggle dread recall bother sound look""".split()  # noqa: SIM905
)
_INDEFINITE = re.compile(r"(?:a|an|one|some|two|more|fewer|less|proper|real|plain) ", re.IGNORECASE)
_PRAISE = re.compile(r"\b(?:excellent|good|great|lovely|brilliant|fine|nothing)\b", re.IGNORECASE)
_IS_CLAUSE = re.compile(
    r"(?:it|they|there|i|you|we|nobody|he|she) |(?:\S+ ){1,5}(?:is|are|does|do|has|will|was|keeps|cannot)\b",
    re.IGNORECASE,
)
_OPENS_SENTENCE = re.compile(
    r"(?:i|we|it|he|she|they|that|this|the|there|if|and|you|my|our|exactly|nothing|not|no|because|a \w+ \w+) |"
    r"\w+ (?:asks?|is|are|know)\b",
    re.IGNORECASE,
)
_PLAIN_SUBJECTS = ("it", "them", "the", "my", "somebody", "someone", "people")

_LONG_ACT = 14
"""Words of an act from which an opening such as `every Monday evening` is left where it was said."""


def whole(match: re.Match[str]) -> str | None:
    """The clause about its speaker, in the third person; none for a request (`Miss one and …`)."""
    return None if opens_with_verb(match.string) else third_person(match.string)


def wish(match: re.Match[str]) -> str | None:
    """The thing wished for, as an infinitive: `know what tonight costs`, `have it let them undo things`."""
    parts = match.groupdict()
    wanted = f"have {_named(parts['thing'])} {parts['rest']}" if parts.get("thing") else parts["rest"]
    return pronouns(_opening(parts.get("lead")) + wanted)


def have(match: re.Match[str]) -> str | None:
    """The thing wanted: `get a list of every time somebody looked`, `have the bathroom hot at nine`."""
    wanted = re.sub(r" to be (?=\w)", " ", match["rest"], count=1)
    verb = "get" if _INDEFINITE.match(wanted) else "have"
    return pronouns(f"{_opening(match.groupdict().get('lead'))}{verb} {wanted}")


def be_able(match: re.Match[str]) -> str | None:
    """`Let me work it by hand` as `be able to work it by hand`."""
    return pronouns(f"be able to {match['rest']}")


def have_it(match: re.Match[str]) -> str | None:
    """A request in the imperative: `send me a text` as `have it send them a text`."""
    return pronouns(f"have it {match['verb'].lower()} {match['rest']}")


def frustrated(match: re.Match[str]) -> str | None:
    """`What drives me mad is that …` as `frustrated that …`, or `frustrated by …` before a noun."""
    rest = match["rest"].removeprefix("that ")
    spoken = None if _PRAISE.search(rest) else pronouns(rest)
    return spoken and f"frustrated {'that' if _IS_CLAUSE.match(rest) else 'by'} {spoken}"


def habit(match: re.Match[str]) -> str | None:
    """A clause whose verb is something one does, in the present tense; how often it is done stands behind it."""
    verb = match["verb"].lower()
    # `put`, `set`, `read` may be past; only a routine shows that they are not.
    if verb in _STATIVE or not is_base(verb) or (is_past(verb) and not _IS_ROUTINE.search(match.string)):
        return None
    opening = match.groupdict().get("opening")
    act, comma, detail = match["done"].partition(",")
    if opening is None:
        return third_person(match["done"])
    if len(act.split()) > _LONG_ACT:
        return third_person(match.string)
    return third_person(f"{act} {opening[:1].lower()}{opening[1:]}{comma}{detail}")


def short_answer(clause: str, kind: str) -> str | None:
    """An answer that leaves out `I want to` or `I`: `Keep the shop under 9`, `Dry oilskins`, `Log the cycles`.

    Args:
        clause: the answer.
        kind: what was asked for.
    """
    answer = re.sub(r"^to ", "", clause, flags=re.IGNORECASE)
    if kind == "goals":
        return None if _OPENS_SENTENCE.match(answer) else pronouns(answer)
    if opens_with_verb(answer):
        return third_person(f"I {answer[0].lower()}{answer[1:]}") if kind == "behaviours" else None
    of_speaker = kind != "behaviours" or re.match(r"(?:I|we) (?!had|got|was)", answer, re.IGNORECASE)
    return third_person(answer) if of_speaker else None


def _opening(lead: str | None) -> str:
    return lead.rstrip(", ") + ", " if lead else ""


def _named(thing: str) -> str:
    """A subject in the middle of a sentence: without the capital it had at the start."""
    return thing.lower() if thing.split()[0].lower() in _PLAIN_SUBJECTS else thing
