"""The spoken cues that say what a clause is: a goal, a pain point, a habit, a motive or a fact about its speaker.

Each cue is a pattern on one clean clause, a strength, and the template that turns the clause into a claim, or into
`None` when the clause makes none after all. The cues are English and were written while reading interviews, survey
answers and tickets; several may fit one clause, and the caller takes the strongest. Named groups say what goes where:
`rest` and `thing` of a wish, `lead` in front of it, `done`, `verb` and `opening` of a habit.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.providers.extraction.grammar import is_base, is_past, opens_with_verb, pronouns, third_person

CueKind = Literal["goals", "pain_points", "behaviours", "motivations", "facts"]

_ANSWER_STRENGTH: dict[CueKind, float] = {"goals": 0.75, "behaviours": 0.75, "pain_points": 0.65, "motivations": 0.65}
"""Of a clause without a cue that answers a survey question for this kind."""

_ASKED_BONUS = 1.15
"""For a cue of the kind that the question asked for."""

_ADV = r"(?:(?:\w+ly|just|only|always|also|still|even|do|then|ever|now|so|mostly|quite|rather) )*"
_NAME = r"(?-i:(?!I |We |If |When |With |What |That |There |They |Then |This )[A-Z]\w{2,})"
_LEAD = (
    r"(?P<lead>(?:when|if|before|after|once|on|at|in|for|as soon as|whenever) "
    r"(?!you (?:ask|want|like)|\w+ (?:opinion|view))[^,]{4,60}?,? )?"
)
_NOT_TALK = (
    r"(?!(?:say|stress|ask you|tell you|be (?:fair|honest|clear)|make (?:it )?clear|mention|add|show you|point out|"
    r"die|cry|scream|kill|laugh|hide|know if)\b)"
)
_THING = rf"(?:it|them|somebody|someone|people|the \w+(?: \w+)?|my \w+|{_NAME})"
_WANT = r"(?:want|need|would (?:really |just |also )?(?:like|love|prefer|want)|am (?:after|looking for))"
_WHAT_I_WANT = (
    r"^(?:what|all|the (?:one |only )?thing)(?: that)? i "
    rf"{_ADV}(?:want|need|am missing|would (?:like|love|want))(?: \w+ \w+)? is"
)
_WANTED = (
    r"(?!to |the (?:one|thing) )(?:a|an|the|my|one|some|two|no|more|fewer|less|every|somebody|someone|proper|real|"
    r"plain|all|them \w+|it \w+|big|clear|\w+s? (?:in|at|with|that|for)) .+"
)
_NEGATIVE = r"\b(?:does|did|do|will|would|is|are|has|could|can) ?not (?!only|just|mind|need|care|complain|have to)"
_TROUBLE = (
    r"\b(?:annoy\w*|frustrat\w*|confus\w*|ridiculous|stupid|insult\w*|angry|furious|cross|nightmare|wast(?:e|ed|es)|"
    r"wrong|fail\w*|broke\w*|problem|trouble|fault|blamed?|guilty|scared|worr(?:y|ied|ies)|upset|unfair|embarrass\w*|"
    r"useless|hopeless|crash\w*|logs (?:me|them) out|nags?|scold\w*|padlock|stuck|daft|drains?|locked out|no idea|"
    r"cannot tell|judged|too (?:late|much|many|small|slow|high|complicated|often|hard|expensive|few|big|hot|cold)|"
    r"never (?:explains?|tells?|learned|asks?))\b"
)
_FINITE = (
    r"\b(?:is|are|was|were|has|have|does|do|did|can|cannot|will|would|could|me|us|my|our|keeps?|goes|gets|makes|takes|"
    r"needs|comes|never|only|always)\b"
)
_FEELS = (
    r"(?:hate|detest|resent|dread|dislike|despise|struggle|worry|mistrust\w*|object|cannot stand|cannot bear|"
    rf"am {_ADV}(?:sick of|tired of|fed up|afraid|scared|worried|angry|furious|annoyed|insulted))"
)
_CANNOT = r"(?:cannot|do not (?:know|understand|trust|see|want to be|care for)|never know|have no idea|am not able)"
_GETS_ME = r"(?:drives|makes|gets|annoys|bothers|irritates|frustrates|upsets)"
_BAD = r"(?:annoying|worst|frustrating|irritating|maddening|stupid|silly) (?:thing|part|bit)"
_DONE = (
    r"switched|turned|stopped|started|cancelled|blocked|declined|set|moved|renamed|deleted|locked|kept|built|made|"
    r"bought|taken|put|learned|fitted|printed|written|subscribed"
)
_REASON = r"\bbecause\b|\bso (?:that|they can)\b|\bin case\b"
_VALUES = (
    r"(?:care|believe|promised myself|refuse|trust|prefer|love|like|enjoy|would rather|would sooner|value|am motivated|"
    r"am proud|take pride|would never)"
)
_ACT = rf"(?:i|we) {_ADV}(?P<verb>[a-z]+)\b"
_OFTEN = r"(?:always|never|usually|often|generally|normally|mostly|typically|still)"
_NOT_ACT = r"(?!been|had|have (?:been|to|had)|thought|knew|said|want|need|would|known|will)"

Rewrite = Callable[[re.Match[str]], str | None]

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
"""Words of an act from which an opening such as `every Monday evening` stays in its place."""


@dataclass(frozen=True)
class CueReading:
    """Possible claim of one clause, with the strength of its cue."""

    kind: CueKind
    strength: float
    """Weight of the cue, 0 to 1."""
    claim: str
    keep: str = ""
    """A pattern the claim must still match when it has been shortened: a reason without `because` is none."""


@dataclass(frozen=True)
class _Cue:
    kind: CueKind
    strength: float
    pattern: re.Pattern[str]
    template: Rewrite
    keep: str


def readings(clause: str, asked: CueKind | None) -> Iterator[CueReading]:
    """Every claim a clause may be rewritten to.

    Args:
        clause: one clean clause, contractions written out.
        asked: the kind of statement the question asked for, if there was such a question.
    """
    if _DANGLING.match(clause):
        return
    for cue in _CUES:
        match = cue.pattern.search(clause)
        claim = match and cue.template(match)
        if claim:
            strength = cue.strength * (_ASKED_BONUS if cue.kind == asked else 1.0)
            yield CueReading(cue.kind, min(1.0, strength), claim, cue.keep)
    answer = asked and short_answer(clause, asked)
    if asked and answer:
        yield CueReading(asked, _ANSWER_STRENGTH[asked], answer)


def asked_for(where: str) -> CueKind | None:
    """The kind of statement a survey question asks for; `None` for an interview turn or an open question."""
    return next((kind for kind, pattern in _QUESTIONS if pattern.search(where)), None) if '"' in where else None


def _cues(kind: CueKind, *rows: tuple[float, str, Rewrite] | tuple[float, str, Rewrite, str]) -> tuple[_Cue, ...]:
    return tuple(
        _Cue(kind, strength, re.compile(pattern, re.IGNORECASE), template, "".join(keep))
        for strength, pattern, template, *keep in rows
    )


def restate(match: re.Match[str]) -> str | None:
    """Rewrite a clause in the third person; `None` for a request (`Miss one and …`)."""
    return None if opens_with_verb(match.string) else third_person(match.string)


def wish(match: re.Match[str]) -> str | None:
    """Rewrite the object of a wish as an infinitive: `know what tonight costs`, `have it let them undo things`."""
    parts = match.groupdict()
    wanted = f"have {_named(parts['thing'])} {parts['rest']}" if parts.get("thing") else parts["rest"]
    return pronouns(_opening(parts.get("lead")) + wanted)


def have(match: re.Match[str]) -> str | None:
    """Rewrite the object of a want: `get a list of every time anyone looked`, `have the bathroom hot at nine`."""
    wanted = re.sub(r" to be (?=\w)", " ", match["rest"], count=1)
    verb = "get" if _INDEFINITE.match(wanted) else "have"
    return pronouns(f"{_opening(match.groupdict().get('lead'))}{verb} {wanted}")


def be_able(match: re.Match[str]) -> str | None:
    """Rewrite `Let me work it by hand` as `be able to work it by hand`."""
    return pronouns(f"be able to {match['rest']}")


def have_it(match: re.Match[str]) -> str | None:
    """Rewrite an imperative request: `send me a text` as `have it send them a text`."""
    return pronouns(f"have it {match['verb'].lower()} {match['rest']}")


def frustrated(match: re.Match[str]) -> str | None:
    """Rewrite `What drives me mad is that …` as `frustrated that …`, or `frustrated by …` before a noun."""
    rest = match["rest"].removeprefix("that ")
    spoken = None if _PRAISE.search(rest) else pronouns(rest)
    return spoken and f"frustrated {'that' if _IS_CLAUSE.match(rest) else 'by'} {spoken}"


def habit(match: re.Match[str]) -> str | None:
    """Rewrite a habit in the present tense, with its frequency at the end."""
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


def _opening(lead: str | None) -> str:
    return lead.rstrip(", ") + ", " if lead else ""


def _named(thing: str) -> str:
    """Lower the capital of a subject that moves from the start to the middle of a sentence."""
    return thing.lower() if thing.split()[0].lower() in _PLAIN_SUBJECTS else thing


_CUES: tuple[_Cue, ...] = (
    *_cues(
        "goals",
        (1.0, rf"^{_LEAD}i {_ADV}{_WANT} to {_NOT_TALK}(?P<rest>.+)", wish),
        (1.0, rf"^{_LEAD}i {_ADV}{_WANT} (?P<thing>{_THING}) to (?P<rest>.+)", wish),
        (0.95, rf"{_WHAT_I_WANT} to (?P<rest>.+)", wish),
        (0.95, rf"^{_LEAD}i {_ADV}{_WANT} (?P<rest>{_WANTED})", have),
        (0.9, rf"{_WHAT_I_WANT} (?:for )?(?P<rest>(?:a|an|the|my|one|some|somebody|no) .+)", have),
        (0.9, r"^(?:my (?:\w+ )?(?:goal|aim|hope|dream) is|i am (?:hoping|trying|aiming)) to (?P<rest>.+)", wish),
        (
            0.85,
            rf"^(?P<thing>it|the \w+|{_NAME}) {_ADV}(?:should|has to|needs to|must|has got to(?! know)|ought to) "
            r"(?P<rest>(?!not\b|be \w+ing|have ).+)",
            wish,
        ),
        (0.85, r"^i wish (?P<thing>\w+(?: \w+)?) would (?P<rest>(?!not ).+)", wish),
        (0.85, r"^(?:just |only )?let me (?P<rest>(?!say|finish|see|think|tell|put it|explain|ask).+)", be_able),
        (0.7, r"^(?:just )?(?P<verb>send|show|tell|give|warn|ask|remind|ring) (?P<rest>me .+)", have_it),
    ),
    *_cues(
        "pain_points",
        (
            1.0,
            rf"^(?:what|the (?:thing|bit|part)(?: that)?) (?:really )?{_GETS_ME}(?: (?:me|my|us))?[^,]{{0,25}}? is,? "
            r"(?P<rest>.+)",
            frustrated,
        ),
        (0.9, rf"^the (?:\w+ )?(?:{_BAD}|problem|trouble|difficulty|complaint) is,? (?P<rest>.+)", frustrated),
        (1.0, rf"^(?:i|we) {_ADV}{_FEELS}\b.+", restate),
        (0.9, rf"^(?!what ).{{3,60}}\b(?:{_GETS_ME}|frightens|drove|made) (?:me|us)\b(?! feel).*", restate),
        (0.85, rf"^(?:i|we) {_ADV}{_CANNOT}\b.+", restate),
        (0.8, r"^there is (?:no|nothing|nowhere)\b(?! wrong| hurry| problem| complaint| to hide| rush).+", restate),
        (
            0.75,
            rf"^(?!i |we |if |when |with |what i do|the annoying)(?=.*{_FINITE}).*{_TROUBLE}.*",
            restate,
            _TROUBLE,
        ),
        (0.75, rf"^(?:the|my|it|every|half|you|nobody|all|{_NAME}) (?!is not me).*{_NEGATIVE}.*", restate, _NEGATIVE),
        (0.65, rf"^(?:i|we) (?!always|never).*{_TROUBLE}.*", restate, _TROUBLE),
        (0.6, r"^(?:i|we) could not .+", restate),
        (0.5, r"^i have (?:got )?to .+", restate),
    ),
    *_cues(
        "behaviours",
        (1.0, rf"^(?:i|we) {_OFTEN} {_NOT_ACT}.+", restate),
        (0.95, rf"^(?P<done>{_ACT}.*{ROUTINE}.*)", habit),
        (0.95, rf"^(?={ROUTINE})(?P<opening>[^,]{{5,40}}?),? (?P<done>{_ACT}.*)", habit),
        (0.75, rf"^(?={ROUTINE})(?P<done>.{{5,60}}?\b{_ACT}.*)", habit),
        (0.7, rf"^(?P<done>{_ACT}.+)", habit),
        (0.65, r"^(?P<done>i do not (?P<verb>(?!have|own)[a-z]+)\b.+)", habit),
        (0.5, rf"^(?:i|we) (?:have )?(?:{_DONE})\b.+", restate),
    ),
    *_cues(
        "motivations",
        (1.0, r"^(?:what i care about|what matters(?: to me)?|for me,? it|the (?:\w+ )?reason)\b.+", restate),
        (1.0, rf"^(?P<done>{_ACT}.*\b(?:because|so that|so i can|in case)\b.+)", habit, _REASON),
        (
            0.7,
            r"^(?:i|we) (?:(?!said|told).)*\b(?:because (?:i|we|it|my|the)|so that (?:i|we|the|my)|so i can|in case)\b",
            restate,
            _REASON,
        ),
        (0.95, rf"^i {_ADV}{_VALUES}\b.+", restate),
        (0.85, r"^.{3,80}\b(?:matters? to me|makes me feel|worth (?:it|having)|peace of mind)\b.*", restate),
        (0.75, rf"^i {_ADV}(?:feel|felt|would (?:pay|trust|take|forgive|give|recommend|share)|will not)\b.+", restate),
        (0.65, rf"^i wanted to {_NOT_TALK}.+", restate),
        (0.65, r"^(?!i |we )(?:\w+ ){3,}because (?:i|we|my)\b.+", restate, "because"),
        (0.6, rf"^i {_ADV}(?:am easy|do not mind|do not care|am not bothered)\b.+", restate),
    ),
    *_cues(
        "facts",
        (1.0, r"^(?:i|we) (?:live|rent|own|share|work|teach|lead|drive|run|look after)\b.+", restate),
        (0.9, r"^(?:i|we) have (?:a|an|two|three|four|five|six|seven)\b.+", restate),
        (0.7, r"^(?:i|we) (?:have been an?|grew up|came (?:to|from)|moved (?:to|from|in)|bought)\b.+", restate),
        (0.5, r"^i am (?:an?|the) .+", restate),
    ),
)

_DANGLING = re.compile(
    r"(?:who|which|and|but|or|because|please|not (?:yet|really|properly|enough|much)|exactly|"
    r"there is nothing wrong|it is not (?:even |just |only |really )?(?:that|the)) ",
    re.IGNORECASE,
)

_QUESTIONS: tuple[tuple[CueKind, re.Pattern[str]], ...] = (
    ("goals", re.compile(r"\bwant|\bneed|wish|\bgoals?\b|\bhope|get done|achieve|improve", re.IGNORECASE)),
    (
        "pain_points",
        re.compile(r"frustrat|annoy|problem|difficult|dislike|\bhate|bother|worst|complain", re.IGNORECASE),
    ),
    ("behaviours", re.compile(r"what do you do|how often|routine|typical|usual day|day to day", re.IGNORECASE)),
    ("motivations", re.compile(r"\bwhy\b|\breason|matters? (?:to|most)|important|motivat", re.IGNORECASE)),
)


def short_answer(clause: str, kind: str) -> str | None:
    """Rewrite an answer without `I want to` or `I`: `Keep the shop under 9`, `Dry oilskins`, `Log the cycles`.

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
