"""Statements of participants: whole first-person sentences that are clearly a wish, a complaint, a habit or a reason.

A claim is such a sentence in the third person, with as few changes as possible: hesitations and opening words go, the
verb and the pronouns change, nothing is cut out of its middle and nothing is added. A sentence that needs another one
to be understood is left out: most are, and that is meant. No model, no network, no randomness. Text in another
language than English gives no statement.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.domain.study import Segment
from pipeline.providers.extraction.cues import CueKind, asked_for, is_stative, reading
from pipeline.providers.extraction.grammar import expand, is_base, is_word, third_person
from pipeline.providers.extraction.rewriting import clauses, clean, finish, is_copied
from pipeline.text.tokens import sentences, stems

FEWEST_WORDS, MOST_WORDS = 4, 20
"""Words of a claim: fewer say too little, more ramble."""

FEWEST_THINGS = 2
"""Different content words of a claim beside its wish: `Wants to find out` and `Would love to play` say nothing."""

_TO_A_WRITER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|previous|prompt|context)|"
    r"\byou are an? (?:ai|assistant|language model|chatbot)\b|\bjailbreak\b|"
    r"\b(?:respond|reply|answer|output|print|return)\b.{0,20}\b(?:json|exactly|verbatim)\b|"
    r"\b(?:write|create|generate|invent|make|describe) (?:a|an|the|this|that) (?:\w+ )?persona\b|\bthis persona\b",
    re.IGNORECASE,
)
"""Text addressed to the writer of the persona, beyond the scorer's patterns. Nothing near it becomes a claim."""

_CONTACT = re.compile(r"\S@\S|https?:|www\.|\d[\d ()-]{6,}\d")
"""E-mail addresses, links and telephone numbers: not for a persona."""

_UNDER_REPAIR = re.compile(r"[\[\]…?]|\.\.|\b(?:um+|uh+|erm*)\b|[-–—]\s*$|\b(\w+), \1\b", re.IGNORECASE)
_NOT_WHOLE = re.compile(
    r"\band i (?:will|would|can)\b|[\[\]()\"“”…?:;—]|\.\.| / |\s[-–]\s|[-–]\s*$|\b(?:um+|uh+|erm*|hm+|mm+|you know|"
    r"i mean|i guess|i suppose|"
    r"i think|sort of|"
    r"kind of|or something|or whatever|and stuff|and so on|and all that|and everything|etcetera|etc|blah)\b|"
    r"\b(\w+),? \1\b|([a-z])\2\2|which is why|for some reason|"
    r"(?:had|have|is|are|was|am|needs?) like|"
    r", (?:like|right|no|well|so(?! (?:i|we) (?:can|do not|never)\b)|yeah|is it|isn't it|you see|pal|love|dear|mate|"
    r"never|sounds|looks|"
    r"pet)"
    r"\b,?",
    re.IGNORECASE,
)
"""Speech that is under repair, or several sentences in one."""

_TALK = re.compile(
    r"\b(?:says?|said|saying|tells? (?:you|people)|told|rang|shouted|replied|question|interview|to answer|as i|"
    r"let me|"
    r"let us|asked|wondering|last (?:week|month|year|night|winter|summer|time|(?:\w+)day)|yesterday|ago|"
    r"the other|one day|"
    r"that day|you|your|yours|"
    r"yourself|(?:everything|anything|something|someone|somewhere|nothing) else|the [\w-]+ thing|that thing|"
    r"stuff|where we stand|thing is|for example|for instance|otherwise|either|instead|anyway|though|too(?=$|,|"
    r" (?:someday|then|and|but|or|when)\b)|"
    r"whatsoever|as well|again(?! at\b)|anyways|(?:man|dude|guys|first|honestly|probably|literally|actually|"
    r"unfortunately|for sure|mostly|together|to be exact|depending|ever|sometime|two|three|four)$)\b",
    re.IGNORECASE,
)
"""Reports, stories, and words that belong to the conversation or point at another sentence."""

_POINTS_AWAY = re.compile(
    r"\b(?:an? \w+ one|the first (?!thing|time|of)|"
    r"the (?:second|third|next|last|previous|older|younger|newer|former|whole|entire)|"
    r"this|these|those|mine|ours|here|such|another one|the same|the rest|"
    r"the latter|"
    r"the former|(?:the )?others?(?! (?:people|\w+s)\b)|each others?|both|neither|ones|(?:the|each|which|last|first|"
    r"next|old|new|real|proper|other) one|"
    r"one(?= of\b| that\b|$)|do so|there|(?:all|the|other|my|our) (?:two|three|four|five|six|seven|eight|nine|ten)"
    r"(?= (?:and|or|but|in|on|at|to|of|with|for)\b|,|$))\b"
    r"(?! (?:morning|evening|afternoon|week|month|year|is|are|house|home|flat|country|town|city|job|phone)\b)",
    re.IGNORECASE,
)
_THAT = re.compile(
    r"\bthat\b(?=$|[,.]| (?:and|or|but|for|with|in|on|at|to|of|from|is|was|because|so|when|if|way|one|thing|"
    r"kind|point|bit|part|stuff|time)\b)|\b(?:like|of|for|with|on|about|than|do|does|did|want|need|all|just|"
    r"after|before|"
    r"hate|love|use|trust) that\b|\bthat (?:cold|hot|bad|good|much|often|big|late|early|long|far|many|easy|hard|"
    r"simple|"
    r"expensive|important|interested)\b|\b(?:in|on|at|to|into|from|under|over|by|get|take|turn) that (?!i\b|we\b)|"
    r", (?:what|how|why|which) |\b(?:what|how|why|when|if|see|make|let|and) that\b|^(?:i|we) (?:cannot |"
    r"\w+ )?\w+ that (?!i\b|we\b|it\b|my\b)\w+(?: (?:in|on|at|for|with|to|every)\b|$)|\bthat would be\b|\b(?:two|"
    r"three|"
    r"four|some|few|many|certain|"
    r"several) things\b",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|its|itself)\b", re.IGNORECASE)
_NO_ANTECEDENT_NEEDED = re.compile(
    r"\bit (?:is|was|gets|would be|will be|feels|takes|can be)(?: not)?(?: \w+){0,2}? (?:to|that|when|if|"
    r"dark|cold|hot|warm|late|"
    r"early|light|winter|summer|raining|snowing|night|outside)\b|\bfind it (?:\w+ )?\w+ (?:to|when|that|if)\b|"
    r"\bit (?:rains|snows|freezes|takes|costs|comes to)\b|\bmake (?:it|sure)\b|\b(?:hate|love|like) it when\b",
    re.IGNORECASE,
)
_ANTECEDENT = re.compile(
    r"\b(?:an?|the|my|our|any|no|some|another) (?!(?:morning|night|day|week|time|end|way|first|moment|"
    r"minute)\b)(?:[\w'-]+ ){0,3}[\w'-]+",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    # A look or a check that does not say at what, or what for; a thing or a number that is not named.
    r"\b(?:they|them|their|theirs|themselves)\b|(?<!would )\blike (?:one|on|every|at|in)\b|\btook that\b|^(?:i|"
    r"we) keep \w+ing\b|"
    r"\bone thing\b(?! (?:that|which|i|we)\b)|\bthe \d+ (?:as|is|and|or)\b|"
    r"\b(?:see|show|want|need|like) (?:\d+|\w+teen|twenty|thirty|forty)\b(?=,| in\b|$)|"
    r"(?<! at)(?<! to)(?<! by) \d{1,2}$|\b\w+ and i (?:are|were)\b|"
    # `I cannot sleep I vomit`: two sentences in one.
    r"\bcannot \w+ (?:i|we)\b|\bso (?:i|we) (?:am|are|will)\b|\band (?:i )?am \w+ing\b|\bcould have\b|\bnext$|"
    r"\bto \w+ i\b|\b(?:longer|bigger|better)$|so to speak|^(?:i|we) (?:want|need) (?!to\b).* and (?:get|be|have|do|"
    r"go|make|know|feel)\b|\bthat (?:kind|sort) of\b|"
    r"\bwish (?:\w+ ){0,4}had (?:\w+ ){0,1}(?:\w+ed|been|taken|gone|done|known|come|seen)\b|"
    r"\bsomething(?= (?:with|like|about|for|in|on)\b|$)|\ba lot (?:later|earlier|more|less|better|worse)$|"
    r"(?<!th)ing that (?!i\b|"
    r"we\b|"
    r"it\b|the\b|my\b)|"
    r"\b(?:when|where) (?:i|we) (?:go|do)$|"
    r"\blook(?:ed|s)?\b(?! (?:at|for|after|like|up|into|forward|back|down|out|in|round|around|over|through|as|"
    r"good|bad)\b)|"
    r"\bcheck (?:the|my|our) (?:hall|house|room|place|flat|home|kitchen|shop|garden|office|building|"
    r"site)\b(?! (?:for|to|from)\b)",
    re.IGNORECASE,
)
_AROUND_EACH = r"""
    apps? website screen home house flat kitchen bathroom bedroom living front back garden garage stairs hall
    roof doors? windows? street neighbourhood area countryside coast country city town village world internet web news
    radio tv telly television computer laptop tablet phone telephone car bus tube van cab roads? shops? supermarket
    office school hospital doctor gym lab beach park sea tide weather sun rain snow wind frost cold heat heating boiler
    heat.pump radiators? thermostat meter oven fridge shower bath bills? rent clock rota diary calendar time day morning
    afternoon evening night daytime week weekends? month year summer winter spring autumn future past way
    truth kids children family baby dishes laundry washing cooking shopping housework outdoors environment planet most
    twenty-\w+ best
"""
"""Things of which a person has one, so that `the` says which."""
_NO_NOUN = """
    in on at to into for with without from by about as and or but so because when while if unless until before after
    again back straight away now today every each all either nor than then up down off out over through i we they it
    is are was were has have had do does did not cannot can could will would should must might always never myself only
    really very too quite a an my our once twice go come keep get seem look make
"""
_NOWHERE_NAMED = re.compile(
    # A thing with an article and nothing that says which one: `the switch`, `the price in pence`.
    rf"\bthe (?!(?:{'|'.join(_AROUND_EACH.split())})\b)[\w'-]+(?=$|[,.]| (?:{'|'.join(_NO_NOUN.split())})\b)",
    re.IGNORECASE,
)
_MOMENT = re.compile(
    r"\b(?:already|right now|at the moment|today|tomorrow|this (?:morning|afternoon|evening|week|weekend|month|"
    r"year)|haha\w*|"
    r"lol|"
    r"xd|rn|to be honest|as far as|really bad|a?ha+h*|agh|tho|anymore|currently|right about|much longer|wish i am|"
    r"lmao|omg|wbu|hbu|idk|bc|btw|ngl|ur|tbh|"
    r"im|cant|dont|thats|stars?|reviews?|reviewers?|recommend|refund)\b",
    re.IGNORECASE,
)
"""Words of a moment or of a message, not of how a person lives."""
_ALONE = re.compile(r"\b(?:i|me|my|mine|myself)\b", re.IGNORECASE)
_TOGETHER = re.compile(r"\b(?:we|us|our|ours|ourselves)\b", re.IGNORECASE)
_SUBJECT = re.compile(r"\b(?:i|we)\b", re.IGNORECASE)
MOST_SUBJECTS = 3
"""`I` and `we` in a claim: with more of them it is several sentences in one."""
_CONDITION = re.compile(
    r"(?<!know )(?<!see )(?<!tell )(?<!check )(?<!ask )\b(?:if|unless|as long as|provided)\b", re.IGNORECASE
)
_SECOND = re.compile(
    r"\b(?:and|so) (?:then )?(?:i|we)\b|\band (?:my|our|the|his|her|all the) (?:\w+ ){1,2}(?:have|has|is|are|was|"
    r"were|do|does)\b",
    re.IGNORECASE,
)
"""The subject of a second sentence."""
_JOINED_HABIT = re.compile(
    r"^(?:i|we) (?!want|need|would|wish|cannot)[a-z]+ [^,]+ and (?:i|we) (?!am|want|need)[a-z]+ ", re.IGNORECASE
)
_CONTRAST = re.compile(r"\b(?:but|although|though|however|except)\b", re.IGNORECASE)
_WISHING = frozenset(
    stems(
        "not want need wish hope would like love prefer plan know always never usually also thing way "
        "day week month year once twice least minute hour"
    )
)
_ALL_THE_TIME = re.compile(r"\b(?:all|most of|half) the time\b|\ba lot\b", re.IGNORECASE)
_CANNOT = re.compile(r"(?:i|we) cannot\b", re.IGNORECASE)
_PAST_OR_NOT = re.compile(r"(?:\w+ )?(?:put|set|let|cut|shut|hit|read|cost|quit|hurt|spread|split)\b", re.IGNORECASE)
"""A claim that begins with a verb whose past looks like the present, and was not put into the present."""
_PAST_ALSO_BASE = frozenset(("saw", "found", "felt", "left", "fell", "bore", "lay", "wound", "ground"))
"""Past forms that are also other verbs."""
_TITLE = re.compile(r"(?<!^)\b(?:Me|My|Us|We|Our|Mine|You|They)\b|(?<!\w)'")
"""A pronoun in a name, such as `Despicable Me`, or a word in quotation marks."""
_IN_A_LIST = re.compile(r", (?!(?:on|in|at|for|with|from|to|by|not)\b)[\w'-]+(?: [\w'-]+)?$")
"""The last but one thing of a list, of which the last was cut off."""
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
_PLAIN_WORD = re.compile(r"(?<![\w'’-])[a-z]+(?![\w'’-])")
_SOMEBODY = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
KIN = re.compile(
    r"\b(?:mum|mother|mam|mom|dad|da|father|husband|wife|partner|sons?|daughters?|sisters?|brothers?|nan|"
    r"grand\w+|child|"
    r"children|kids?|bab(?:y|ies)|landlord|neighbours?|tenants?|boss|girlfriend|boyfriend|customers?|clients?|"
    r"uncle|aunt|"
    r"nurse|patients?|pupils?|students?|colleagues?|team|flatmates?|housemates?|dog|cat|cows?|horses?)\b",
    re.IGNORECASE,
)
"""People and animals around one speaker: a claim with them belongs to this speaker's persona only."""

_OPEN_END = re.compile(
    r"\b(?:to|of|for|with|from|at|about|by|into|and|or|but|so|because|that|which|the|an?|my|our|if|when|than|"
    r"as|is|are|am|"
    r"was|do|does|not|cannot|can|would|will|all over|it|them|what|how|just|really|like|though|on|in|fewer|more|less|"
    r"some|any|none|enough|another|many|"
    r"(?:as|so) \w+|to (?:know|see|go|do|try|have|be|say|tell|get|use))$",
    re.IGNORECASE,
)
_MAY_END = re.compile(
    r"\b(?:get|turn|switch|put|log|sign|come|go|look|what|where|who|how|which|turned|switched|logged|"
    r"is)\b.* (?:on|in|off|it is|for|to|from|like)$|\bwherever (?:i am|we are)$|\b(?:any|once) more$|\b(?:what|"
    r"who|where|how|which) and (?:when|how|why|where)$",
    re.I,
)
_NEW_SUBJECT = re.compile(
    r",\s+(?:i|it|we|he|she|they|that|there|this|you|people|nobody|everybody|everyone|somebody|the [\w-]+|"
    r"my [\w-]+)(?:'\w+)? (?!and\b|or\b|then\b)[a-z']+|,\s+(?:its|im|ive|thats) |"
    r",\s+an? (?:[\w-]+ ){1,3}(?:is|does|has|will|can|cannot|would|likes?|needs?|wants?) ",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"^(?:when|whenever|if|before|after|once|as soon as|because|since|while|until|unless|although|all (?:day|night)|"
    r"every|"
    r"each|on|at|in|for|"
    r"most|during|by|first)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|we|me|us|my|our)\b", re.IGNORECASE)
_MAIN = r"(?P<main>(?:i|we) (?:(?:\w+ly|always|often|never|just|only|also|still|do) )*"
_OPENING = re.compile(
    # Without a subject of its own: `Every night I check the hall`.
    r"(?P<opening>(?:every|each|all|on|at|in|for|most|during|by|first)\b(?:(?!\b(?:i|we|it|he|she|you|"
    r"they)\b).)+?),? "
    rf"{_MAIN}.+)(?P<wish>)",
    re.IGNORECASE,
)
_OPENING_CLAUSE = re.compile(
    # With one: `Before I press the button I want to see the price`.
    r"(?P<opening>(?:when|whenever|if|before|after|once|as soon as|because|since|while|until|unless|although) [^,]+?)"
    rf"(?:, {_MAIN}.+)| (?=(?:i|we) (?:\w+ )?(?:want|need|would like|cannot)\b)"
    rf"{_MAIN.replace('main', 'wish')}.+))",
    re.IGNORECASE,
)
_HALF_A_CONTRAST = re.compile(r"(?:i|we) do not (?:want|need|mind)\b", re.IGNORECASE)
_EMPHASIS = re.compile(
    r"^(?:(?:just|really|also|actually|simply|honestly|personally|literally) )+(?=[a-z]+ )", re.IGNORECASE
)
_TAIL = re.compile(r"(?:,? and it is (?:mostly|mainly|only|just|really) [^,]+| now)$", re.IGNORECASE)
"""Words after the end of what is said."""
_UNJOINED = re.compile(
    # `Hates ads but love the rest`: a verb that was not put into the third person with the first one.
    r"^(?:(?!\bto\b|\bnot\b|\bwould\b|\bcannot\b).)*\b(?:and|but|or) (?:love|like|hate|want|need|use|feel|find|"
    r"wish|hope|trust|"
    r"prefer|enjoy|have|am|was|were|do)\b",
    re.IGNORECASE,
)
_JOINED_BY = "and|with|in|on|at|for|often|so|from|which|where|whether|wherever|the|an?|its"
_LAST_PART = re.compile(
    r"(?P<reasoned>.+?),? because\b.+|"
    rf"(?P<rest>.+)(?:: |, (?=(?:{_JOINED_BY})\b))"
    rf"(?:(?!, (?:{_JOINED_BY})\b|: |"
    r"\b(?:but|unless|except|if|not the|instead)\b).)+",
    re.IGNORECASE,
)
"""A last part that a sentence is whole without: a reason, a circumstance, a second sentence, a list after a colon."""
_INFINITIVE = re.compile(r"^to (?P<rest>[a-z]+ .+)", re.IGNORECASE)
_IMPERATIVE = re.compile(r"^(?P<verb>[a-z]+) (?:the|my|our|a|an|everything|every|costs?|bills?)\b .+", re.IGNORECASE)
_FIRST_SUBJECT = re.compile(r"\b(?:i|we)\b", re.IGNORECASE)
_FIRST_VERB = re.compile(
    r"\b(?:i|we) (?:(?:\w+ly|always|often|never|just|only|also|still|sometimes|hardly|ever|almost|even|already|now|"
    r"do|"
    r"not) )*(?P<verb>[a-z]+)",
    re.I,
)
_PAST = re.compile(r"\b(?:was|were|had|did|went|came|got|thought|used? to|wanted|needed|i have been)\b", re.IGNORECASE)
_JOINED = re.compile(r"(?:and|but|so|or|because|then)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """A claim with its source."""

    kind: CueKind
    claim: str
    source: str
    """The sentence as it stands in the segment."""
    segment: str
    """Id of the segment."""
    participant: str | None
    strength: float
    """Clarity, 0 to 1: weight of the cue, reduced for claims of one or two content words."""


def find(segments: Sequence[Segment]) -> list[Statement]:
    """Find every statement in the participants' turns, in reading order; interviewer turns give none."""
    found = [
        Statement(kind, claim, source, segment.id, segment.participant, strength)
        for segment in segments
        if segment.role == "participant"
        for kind, claim, source, strength in _in_text(segment.text, asked_for(segment.where))
    ]
    strange = {word for said in found for word in _unknown(said.claim)}
    if not strange:
        return found
    uses: Counter[str] = Counter()
    for segment in segments:
        uses.update(word for word in _PLAIN_WORD.findall(segment.text) if word in strange)
    # A word that no dictionary has and only one sentence uses is a slip of typing or of the transcript.
    return [said for said in found if all(uses[word] > 1 for word in _unknown(said.claim))]


@lru_cache(maxsize=1 << 14)
def _unknown(claim: str) -> tuple[str, ...]:
    """Return the words of a claim in lower case, without hyphens, that are in no dictionary."""
    return tuple(word for word in _PLAIN_WORD.findall(claim) if not is_word(word))


def is_usable(text: str) -> bool:
    """Return whether words may appear in a persona: no instruction to its writer, no contact detail."""
    return not is_instruction(text) and not has_contact(text)


def has_contact(text: str) -> bool:
    """Return whether a text holds an e-mail address, a link or a telephone number."""
    return bool(_CONTACT.search(text))


def is_instruction(text: str) -> bool:
    """Return whether a text addresses a model instead of describing a person."""
    # Late: the scorer's package loads numpy, which `import pipeline` does without.
    from pipeline.text.instructions import reads_like_instruction

    return bool(_TO_A_WRITER.search(text)) or reads_like_instruction(text)


@lru_cache(maxsize=1 << 14)
def _in_text(text: str, asked: CueKind | None) -> tuple[tuple[CueKind, str, str, float], ...]:
    """Return kind, claim, source sentence and strength of every statement in a text.

    Cached: drafts of overlapping focuses read the same answers.
    """
    if is_instruction(text):
        return ()
    return tuple(found for source in sentences(text) for found in _in_sentence(source, asked))


def _in_sentence(source: str, asked: CueKind | None) -> Iterator[tuple[CueKind, str, str, float]]:
    if has_contact(source) or not _is_whole(source):
        return
    said = clean(source)
    written = clauses(said)
    is_contrast = bool(_CONTRAST.search(said))
    for number, clause in enumerate(written):
        if len(written) > 1 and _HALF_A_CONTRAST.match(clause):
            continue
        if asked == "goals":
            clause = _as_wish(clause)
        found = tuple(_in_clause(clause, source))
        # Beside a `but`, only a wish means the same alone, and `I want … but I cannot …` is a wish and its trouble.
        if is_contrast and number == 0 and not (found and found[0][0] == "goals"):
            return
        if not is_contrast or number == 0 or _CANNOT.match(clause):
            yield from found


def _as_wish(clause: str) -> str:
    """Return an answer to `What do you want?` as a wish: `To keep it` and `Keep the bill low` as `I want to keep …`."""
    if (wished := _INFINITIVE.match(clause)) and is_base(wished["rest"].split()[0]):
        return f"I want {clause[0].lower()}{clause[1:]}"
    if (told := _IMPERATIVE.match(clause)) and is_base(told["verb"]) and not _FIRST_SUBJECT.search(clause):
        return f"I want to {clause[0].lower()}{clause[1:]}"
    return clause


def _in_clause(clause: str, source: str) -> Iterator[tuple[CueKind, str, str, float]]:
    for said in _shortened(clause):
        found = reading(said)
        if found is None or not stands_alone(said) or not _is_one_thought(said):
            continue
        kind, strength = found
        if kind != "facts" and _NOWHERE_NAMED.search(said):
            continue
        if kind in ("behaviours", "motivations", "facts") and _is_told(said, kind):
            continue
        if kind == "facts" and (len(_SUBJECT.findall(said)) > 1 or _TOGETHER.search(said)):
            continue
        if kind == "goals" and _CONDITION.search(said):
            continue
        if kind != "motivations" and _SECOND.search(said) and not _JOINED_HABIT.search(said):
            continue
        if len(set(stems(_ALL_THE_TIME.sub("", said))) - _WISHING) < FEWEST_THINGS:
            continue
        claim = as_claim(said)
        if claim is not None and kind == "behaviours" and _PAST_OR_NOT.match(claim):
            continue
        # The score holds a long copy against its writer; such a sentence can still be quoted.
        if claim is not None and not is_copied(claim, source):
            yield kind, claim, source, strength * _content(claim)
            return


def _shortened(clause: str) -> Iterator[str]:
    """Yield a clause, then the same without its last parts, as long as it is whole without them.

    `I copy the hours out every night, with a pencil, because there is no export` can do without its reason. Conditions
    and contrasts stay, because the sentence says something else without them.
    """
    yield clause
    while cut := _LAST_PART.fullmatch(clause):
        clause = cut["reasoned"] or cut["rest"]
        if _IN_A_LIST.search(clause):
            return
        yield clause


def _is_whole(source: str) -> bool:
    """Return whether a sentence of the transcript begins and ends as one, without repairs."""
    text = source.strip()
    ends = text[-1:] in ".!" or text[-1:].isalnum()
    return ends and (text[:1].isupper() or text[:2] == "i ") and not _UNDER_REPAIR.search(text)


def stands_alone(clause: str) -> bool:
    """Return whether a sentence can be understood without the ones around it."""
    if any(fault.search(clause) for fault in (_NOT_WHOLE, _TALK, _POINTS_AWAY, _THAT, _UNFINISHED)):
        return False
    if not _FIRST_PERSON.search(clause) or (_NEW_SUBJECT.search(clause) and not _OPENS.match(clause)):
        return False
    if _OPEN_END.search(clause) and not _MAY_END.search(clause):
        return False
    somebody = _SOMEBODY.search(clause)
    if somebody and not KIN.search(clause[: somebody.start()]):
        return False
    plain = _NO_ANTECEDENT_NEEDED.sub(" ", clause)
    pointing = _IT.search(plain)
    return not pointing or bool(_ANTECEDENT.search(plain[: pointing.start()]))


@lru_cache(maxsize=1 << 14)
def can_be_quoted(source: str) -> bool:
    """Return whether a whole sentence of the transcript, not only a part of it, can be understood on its own."""
    return not _JOINED.match(source) and stands_alone(expand(clean(source)))


def _is_one_thought(clause: str) -> bool:
    """Return whether a clause is about one speaker, holds at any time, and says one thing without a contrast."""
    if any(is_word(word) for word in _SHOUTED.findall(clause)):
        return False
    if _TITLE.search(clause) or _MOMENT.search(clause) or _CONTRAST.search(clause):
        return False
    return not (_ALONE.search(clause) and _TOGETHER.search(clause)) and len(_SUBJECT.findall(clause)) <= MOST_SUBJECTS


def _is_told(clause: str, kind: CueKind) -> bool:
    """Return whether a sentence tells what happened once, not what its speaker does."""
    verb = _FIRST_VERB.search(clause)
    if _PAST.search(clause) or verb is None:
        return bool(_PAST.search(clause))
    if verb["verb"] in _PAST_ALSO_BASE:
        return True
    return not is_base(verb["verb"]) or (kind == "behaviours" and is_stative(verb["verb"]))


def as_claim(clause: str) -> str | None:
    """Rewrite a first-person sentence in the third person; `None` where that is unsure, or too short or long."""
    if _OPENS.match(clause):
        opened = _OPENING_CLAUSE.fullmatch(clause) or _OPENING.fullmatch(clause)
        if opened is None:
            return None
        # The subject goes, so that what opened the sentence is said at its end.
        opening, main = opened["opening"].rstrip(","), opened["main"] or opened["wish"]
        if _NEW_SUBJECT.search(main) or opening.endswith(" time"):
            return None
        clause = f"{main}{',' if ',' in main else ''} {opening[0].lower()}{opening[1:]}"
    claim = third_person(_TAIL.sub("", clause))
    claim = claim and _EMPHASIS.sub("", claim).replace("would also ", "would ")
    if claim and _UNJOINED.search(claim):
        return None
    if claim is None or not FEWEST_WORDS <= len(claim.split()) <= MOST_WORDS:
        return None
    return finish(claim)


def _content(claim: str) -> float:
    """Return a factor, 0 to 1, for the number of different content words: a claim with one is empty."""
    return {0: 0.0, 1: 0.2, 2: 0.75}.get(len(set(stems(claim))), 1.0)
