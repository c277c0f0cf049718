"""The spoken cues that say what a sentence is: a wish, a complaint, a habit, a reason or a fact about its speaker.

Precision before quantity: a cue is a pattern on one whole first-person sentence whose beginning leaves no doubt, and
most sentences have none. The cues are English. A sentence with two cues is what the first of them says.
"""

import re
from typing import Literal, NamedTuple

CueKind = Literal["goals", "pain_points", "behaviours", "motivations", "facts"]

_ADV = r"(?:(?:really|just|only|also|still|mostly|mainly|actually|simply|do|always|often|usually|rather|honestly) )*"
_LEAD = (
    # No `if`: a wish or a trouble under a condition is not said without it.
    r"(?P<lead>(?:when|whenever|before|after|once|as soon as|on|at|in|for|every|each|most|first thing|during|by) "
    r"[^,]{3,60}?,? )?"
)
_NOT_TALK = (
    r"(?! (?:to )?(?:say|stress|ask you|tell you|be (?:fair|honest|clear)|make (?:it )?clear|mention|add|show you|"
    r"point out|die|cry|scream|laugh|emphasi[sz]e|talk|come back|explain|thank|think|guess|go (?!to\b|into\b)|"
    r"leave\b|"
    r"run\b|head|hear (?:from|about)|give )\b)"
)
_WANT = (
    r"(?:want|wish|hope to|plan to|intend to|would (?:really |just |also |rather )?(?:like|love|prefer)|"
    r"am (?:looking for|hoping to)|"
    # `I need to go to class` is an errand, and `I need a break` is one of a moment.
    r"need(?! to (?!know|see|be able|have|understand|trust|feel|hear|learn|find|reach|control|plan|share|print))"
    r"(?! (?!my\b|our\b|to\b)(?:\S+ ){0,3}\S+$))"
)
_CANNOT = (
    r"(?:cannot|can never)(?! (?:even|seem|stop|get over|decide|choose|go around|keep|just|let|"
    r"complain|fault|wait|help|stress|say|tell|imagine|speak|remember|recall|really|"
    r"think|believe|live without|recommend|comment|understand (?:why|how|what)|emphasi[sz]e))"
)
_DEGREE = r"(?:(?!no|not|never|little|less|rarely|hardly|without)\w+ )?"
"""An adverb or adjective that does not turn the meaning: `I am not afraid` is no complaint."""
_DISLIKE = (
    rf"(?:hate(?! when)|detest|resent|dread|dislike|despise|struggle|worry|mistrust|distrust|"
    rf"get {_DEGREE}(?:annoyed|frustrated|confused|lost|stuck|angry|cross|anxious|nervous)|"
    rf"find (?:it|\w+ \w+) {_DEGREE}(?:hard|difficult|annoying|frustrating|confusing|irritating|stressful|"
    rf"impossible|tiring)|"
    rf"have {_DEGREE}(?:trouble|difficulty|difficulties|a hard time)\b(?! free)|lose (?:track|patience|"
    rf"money|sleep|time)|"
    rf"am {_DEGREE}(?:sick of|tired of|fed up|(?:afraid|scared) (?:of|to)|worried (?:about|that)|"
    rf"frustrated|annoyed|angry|confused|never sure|"
    rf"never confident|not confident|ashamed|embarrassed)|"
    rf"do not (?:really |fully |always )?(?:trust|understand|like(?! (?:it )?when)|know (?:how|where|when) to)|"
    rf"never know (?:how|why|what|where|which|when|who|whether|if)|have no idea (?:how|where|when) to)"
)
_TROUBLES_ME = (
    r"(?:drives|makes|gets|annoys|bothers|irritates|frustrates|upsets|frightens|worries|confuses|stresses) (?:me|"
    r"us)\b"
)
_FEELING = (
    r"(?:mad|crazy|angry|cross|nervous|anxious|uneasy|uncomfortable|stupid|old|sad|furious|annoyed|guilty|worried|"
    r"out|down|lost|confused|up|feel (?:\w+ )?(?:stupid|old|bad|guilty|small|unsafe|watched|judged|like an? \w+))"
)
_FAILS_ME = (
    r"(?:logs|locks|kicks|throws) (?:me|us) out|never (?:tells|shows|asks|lets|reaches|warns|answers) (?:me|us)|"
    r"does not (?:tell|show|let|warn|answer|recogni[sz]e|understand|give) (?:me|us|my|our)|"
    r"will not (?:tell|show|let|give) (?:me|us)|keeps (?:asking|telling|sending|nagging|losing|"
    r"forgetting) (?:me|us|my|our)"
)
_OFTEN = r"(?:always|usually|often|generally|normally|mostly|typically|sometimes|regularly|rarely|hardly ever|never)"
ROUTINE = (
    r"\b(?:every (?!single\b|penny|word|number|time (?:i|we) (?:see|hear))|each (?!other\b|one\b)|once an?|twice an?|"
    r"(?:three|four|five|six) times|most (?:days|nights|mornings|evenings|weeks|weekends)|at (?:night|"
    r"breakfast|bedtime|lunch|weekends)|"
    r"in the (?:morning|evening|night|afternoon)s?|on (?:mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|"
    r"sundays|weekdays|weekends|payday)|"
    r"all (?:day|night|week|year)\b(?! long)|a few times an? |whenever|daily|"
    r"weekly|monthly|first thing|last thing|by hand|by heart|"
    r"before (?:i|we|bed|work|school|breakfast|lunch|dinner|every|each)|after (?:i|we|bed|work|school|breakfast|"
    r"lunch|"
    r"dinner|every|each)|when(?:ever)? (?:i|we) (?:get|go|come|wake|leave|arrive|finish|start|have|need|"
    r"travel|work|cook|"
    r"am|see|buy|open|do)|as soon as)"
)
"""Words that say that something is done again and again."""

_STATES = (
    r"(?:want|need|like|love|hate|think|know|believe|feel|mean|guess|suppose|remember|understand|hear|hope|wish|be|"
    r"am|"
    r"see|reckon|find|seem|own|live|say|suspect|imagine|doubt|agree|admit|expect|prefer|trust|care|bet|swear|promise|"
    r"appreciate|notice|thank|must|can|could|will|would|should|might|may|do|cannot|come|mind|forget|lose|resent|"
    r"object|"
    r"worry|struggle|dread|recall|bother|sound|was|were|had|did|got|said|told|went|thought|is|are|used|tried|"
    r"try|"
    r"tend|"
    r"wonder|consider|miss|just|been|plan|intend|end|identify|probably|now|almost|even|already|also|still|mostly|"
    r"not|then|ever|enjoy)\b"
)
"""States, opinions and words of talk, which no habit is."""
_STATIVE = rf"(?:{_STATES}|(?:have|refuse)\b|get\b(?! (?:home|up|dressed)\b)|look\b(?! at\b))"
_VALUE = r"(?:(?:really |deeply |do )?care about|value|take pride in|am proud of|believe in)"
"""Values. Liking a thing is none: praise is no motive."""
_EVERYDAY = (
    r"(?:use|write|listen|watch|check|buy|cook|bake|print|copy|record|share|text|ring|call|track|book|order|"
    r"compare|store|carry|wear|play|practi[sc]e|teach|explain|count|save|send|charge|clean|wash|exercise|swim|cycle|"
    r"note|sort|scan|type|download|upload|search|browse|skip|avoid|pay|eat|drink|volunteer|commute|grow|collect)"
)
"""Verbs that are habits in the simple present, without a word that says how often."""
_TROUBLE = r"(?:\w+ )?(?:problems?|issues?|troubles?|doubts?|ideas?|chance|reason|complaints?|feeling|time|plan)\b"
_REASON = r"\b(?:because|so that|so (?:i|we) (?:can|do not|am|never)|in case|in order to)\b(?: \S+){3,}"
_HOME = (
    r"(?:(?:live|work) (?:in(?! an? world)|on|at|near|with|alone|as|for|from)|rent an?|share an?|teach|lead an?|"
    r"drive an?|run an?|"
    r"manage|study|farm|look after)"
)


class _Cue(NamedTuple):
    kind: CueKind
    strength: float
    pattern: re.Pattern[str]


def _cue(kind: CueKind, strength: float, pattern: str) -> _Cue:
    return _Cue(kind, strength, re.compile(pattern, re.IGNORECASE))


_CUES: tuple[_Cue, ...] = (
    _cue("goals", 1.0, rf"^{_LEAD}(?:i|we) {_ADV}{_WANT}{_NOT_TALK} .+"),
    _cue("goals", 0.95, r"^(?:i|we) would (?:rather|sooner) (?!an? |the |my )\S+ .+ than .+"),
    _cue("goals", 0.9, r"^my (?:\w+ )?(?:goal|aim|hope|dream|wish|priority) is to .+"),
    _cue(
        "motivations",
        1.0,
        rf"^{_LEAD}(?:i|we) (?:{_OFTEN} (?!{_STATIVE})[a-z]+|{_EVERYDAY}|stay|keep|leave|turn|take|"
        rf"do not {_EVERYDAY})\b.*"
        rf"{_REASON}",
    ),
    _cue("pain_points", 1.0, rf"^{_LEAD}(?:i|we) {_ADV}(?:\w+ly )?{_DISLIKE}\b.+"),
    _cue("pain_points", 0.95, rf"^{_LEAD}(?:i|we) {_ADV}{_CANNOT} .+"),
    _cue(
        "pain_points",
        0.9,
        rf"^(?!i |we |if |when |that |this |it |what |which )(?:(?!\b(?:that|which|"
        rf"who)\b).){{3,50}}\b{_TROUBLES_ME} {_FEELING}\b.*",
    ),
    _cue("pain_points", 0.9, rf"^(?:the|my|our|every|no) (?:[\w-]+ ){{1,4}}(?:{_FAILS_ME})\b.*"),
    _cue("motivations", 0.95, rf"^{_LEAD}(?:i|we) {_ADV}{_VALUE} .+"),
    _cue(
        "motivations",
        0.9,
        r"^(?!i |we |that |this |it |what |which ).{3,60}\b(?:matters?|is (?:very |"
        r"really )?important) to (?:me|us)\b.*",
    ),
    _cue("behaviours", 1.0, rf"^{_LEAD}(?:i|we) {_OFTEN} (?:(?!{_STATIVE})[a-z]+\b|have an? (?!{_TROUBLE})).+"),
    _cue("behaviours", 0.95, r"^(?:i|we) refuse to .+"),
    _cue(
        "behaviours",
        0.8,
        rf"^(?:i|we) (?:mostly )?{_EVERYDAY} (?!with |what |down |at |to (?:see|hate|love|like|be|have|do)\b)"
        r"(?!.*(?:,| and (?:my|our|the|a|he|she|it|i|we) |things?\b)).+",
    ),
    _cue("behaviours", 0.95, rf"^(?:i|we) (?:just |also |still |mostly |do )*(?!{_STATIVE})[a-z]+\b.*{ROUTINE}.*"),
    _cue(
        "behaviours",
        0.95,
        rf"^(?={ROUTINE})[^,]{{3,50}},? (?:i|we) (?:just |also |still |mostly |do )*(?!{_STATIVE})[a-z]+\b.+",
    ),
)

_FACTS = _cue("facts", 1.0, rf"^(?:i|we) {_HOME} .+")

_QUESTIONS: tuple[tuple[CueKind, re.Pattern[str]], ...] = (
    ("goals", re.compile(r"\bwant|\bneed|wish|\bgoals?\b|\bhope|get done|achieve|improve", re.IGNORECASE)),
    (
        "pain_points",
        re.compile(r"frustrat|annoy|problem|difficult|dislike|\bhate|bother|worst|complain", re.IGNORECASE),
    ),
    ("behaviours", re.compile(r"what do you do|how often|routine|typical|usual day|day to day", re.IGNORECASE)),
    ("motivations", re.compile(r"\bwhy\b|\breason|matters? (?:to|most)|important|motivat", re.IGNORECASE)),
)


def reading(clause: str) -> tuple[CueKind, float] | None:
    """Return what a clean first-person sentence is, and how clearly (0 to 1); `None` where no cue fits.

    Args:
        clause: contractions written out, without its final stop.
    """
    for cue in (*_CUES, _FACTS):
        if cue.pattern.fullmatch(clause):
            return cue.kind, cue.strength
    return None


def is_stative(verb: str) -> bool:
    """Return whether a verb is a state, an opinion or a word of talk, which no habit is."""
    return bool(re.fullmatch(_STATES, verb, re.IGNORECASE))


def asked_for(where: str) -> CueKind | None:
    """Return the kind of statement a survey question asks for; `None` for an interview turn or an open question."""
    return next((kind for kind, pattern in _QUESTIONS if pattern.search(where)), None) if '"' in where else None
