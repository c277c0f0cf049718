"""Selection of sentences that stand for a group of participants: clear, central, typical, without repetition.

The score of a statement is a product: clarity, centrality of its words in the talk of the group, share of
participants who use them, with a deduction for names of third persons. Choosing is greedy
and spreads over people. Nothing is random: variants of one group come from a hash.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from pipeline.domain.study import Participant, Segment
from pipeline.providers.extraction.cues import CueKind
from pipeline.providers.extraction.statements import KIN, Statement, can_be_quoted, has_contact, is_instruction
from pipeline.text.tokens import sentences, stems

SAME_CLAIM = 75
"""Token-set ratio (0 to 100) from which two claims say the same."""

WEAKEST = 0.5
"""Statements weaker than this are left out, even when a list stays short."""

ENOUGH = 3
"""Statements in a list from which further ones must be nearly as good as the first."""

NEARLY = 0.6

_OF_THE_CENTRE = 1.15
_PER_SUPPORTER = 0.4
"""Factors for statements of the central participant, and per further participant who supports a statement."""

_CONTEXT_NEEDED = 0.5
"""Factor for a quote that points at something outside itself."""

_MOST_OF_A_CLAIM = 0.7

_VARIATION = 0.4
"""Share of a score that the variant decides, so that two drafts of one group choose differently."""

_CAPITAL = re.compile(r"(?<![.!?\"“] )(?<!^)\b[A-Z][a-zà-ÿ]+\b")
_PERSON = re.compile(
    r"\b(?:husband|wife|partner|daughter|son|mum|dad|friend|brother|sister|cousin|uncle|aunt|landlord|neighbour|boss|named|"
    r"Mr|Mrs|Ms|Dr),? (?:is )?(?-i:(?P<after>[A-Z][a-zà-ÿ]+))|"
    r"\b(?:phone|phones|ring|text|tell|ask) (?-i:(?P<called>[A-Z][a-zà-ÿ]+))|"
    r"\b(?-i:(?P<before>[A-Z][a-zà-ÿ]+))(?:,? (?:(?:that's |who's |he's |she's )?my|who|his|"
    r"says?|said|laughs|thinks|told|"
    r"asked|rang|drove|calls|filmed|helps)\b)",
    re.IGNORECASE,
)
_NOT_PEOPLE = frozenset(("I", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))

_FIRST_PERSON = re.compile(r"\b(?:I|my|me)\b")
_VIVID = re.compile(
    r"\b(?:like an?|like the|as if|never|always|every|hate|love|mad|angry|afraid|feel|want|need)\b", re.IGNORECASE
)
_DULL_START = re.compile(
    r"^(?:that|this|it|he|she|they|so|and|but|because|then|no|yes|yeah|well|or|which|sorry|also|there)\b", re.IGNORECASE
)
_NOT_QUOTABLE = re.compile(
    r"[\[\]…]|\.\.|\b(?:um|uh|erm|er|em|eh|hm|sorry|thank you|hang on|you know)\b|\?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Voice:
    """Vocabulary of a group of participants, with weights."""

    spread: dict[str, float]
    """Relative frequency per stem, 0 to 1: the most frequent stem has 1."""
    shared: dict[str, float]
    """Per stem, the share of participants who use it."""
    people: frozenset[str]
    """First names of third persons."""
    group: int
    """Number of participants."""

    def centrality(self, text: str) -> float:
        """Return the centrality of a text's words in the group, 0 to 1; 0 for a text without content words."""
        return _mean(self.spread, text)

    def typicality(self, text: str) -> float:
        """Return the mean share of the group that uses a text's words, 0 to 1."""
        return _mean(self.shared, text)

    def users(self, word: str) -> int:
        """Return how many participants use a word."""
        return round(self.typicality(word) * self.group)

    def names_third_person(self, text: str) -> bool:
        """Return whether a text names a third person."""
        return any(word in self.people for word in re.findall(r"\w+", text))


def _mean(weights: dict[str, float], text: str) -> float:
    """Return the mean weight of a text's content words, without negations, which have no topic."""
    found = set(stems(text)) - {"not"}
    return sum(weights.get(stem, 0.0) for stem in found) / len(found) if found else 0.0


def voice_of(segments: Sequence[Segment]) -> Voice:
    """Count the words of the participants in these segments; interviewer turns are ignored."""
    users: dict[str, set[str | None]] = {}
    times: Counter[str] = Counter()
    turns = [segment for segment in segments if segment.role == "participant"]
    for segment in turns:
        found = stems(segment.text)
        times.update(found)
        for stem in set(found):
            users.setdefault(stem, set()).add(segment.participant)
    most = math.log1p(max(times.values(), default=1))
    group = len({segment.participant for segment in turns}) or 1
    return Voice(
        spread={stem: math.log1p(count) / most for stem, count in times.items()},
        shared={stem: len(who) / group for stem, who in users.items()},
        people=_people(turns),
        group=group,
    )


class Agreement:
    """Sentences of several people, to count how many of them say something like a claim on their own."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._places: dict[str, set[tuple[str, int]]] = {}
        people: set[str] = set()
        number = 0
        for segment in segments:
            if segment.role != "participant" or not segment.participant:
                continue
            people.add(segment.participant)
            for sentence in sentences(segment.text):
                number += 1
                for stem in set(stems(sentence)):
                    # A thought may run on into the next sentence.
                    self._places.setdefault(stem, set()).update(
                        {(segment.participant, number), (segment.participant, number + 1)}
                    )
        self._people = max(len(people), 1)

    def count(self, claim: str) -> int:
        """Return how many people say most of a claim's content words within two sentences."""
        found = sorted(set(stems(claim)) - {"not", "want", "need", "would", "like"})
        times: Counter[tuple[str, int]] = Counter()
        for stem in found:
            times.update(self._places.get(stem, ()))
        enough = max(2, math.ceil(_MOST_OF_A_CLAIM * len(found)))
        return max(1, len({person for (person, _), hits in times.items() if hits >= enough}))


def central(
    participants: Sequence[Participant], segments: Sequence[Segment], stating: Collection[str | None]
) -> Participant | None:
    """Return the participant whose words are most like those of the whole group; `None` for no participants.

    Args:
        participants: of the group.
        segments: their words.
        stating: ids of those who make statements; the others come last.
    """
    said: dict[str, Counter[str]] = {person.id: Counter() for person in participants}
    for segment in segments:
        if segment.participant in said:
            said[segment.participant].update(stems(segment.text))
    units = {who: _unit(words) for who, words in said.items()}
    pooled: Counter[str] = Counter()
    for words in units.values():
        pooled.update(words)

    def closeness(person: Participant) -> tuple[bool, float]:
        own = units[person.id]
        return person.id in stating, round(sum(weight * pooled[stem] for stem, weight in own.items()), 9)

    return max(participants, key=closeness, default=None)


def _unit(words: Counter[str]) -> dict[str, float]:
    weights = {stem: 1 + math.log(times) for stem, times in words.items()}
    length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
    return {stem: weight / length for stem, weight in weights.items()}


def is_personal(claim: str) -> bool:
    """Return whether a claim is about people or animals around one speaker, and so is true of this speaker only."""
    return bool(KIN.search(claim))


def ranked(
    statements: Sequence[Statement],
    voice: Voice,
    variant: str,
    weakest: float = WEAKEST,
    people: Agreement | None = None,
) -> list[tuple[float, Statement]]:
    """Score statements and sort them, best first; ties in reading order.

    Args:
        statements: candidates of all kinds.
        voice: of the group that the statements come from.
        variant: another variant of the same group prefers other statements.
        weakest: strength under which statements are left out.
        people: of the group; claims that several of them support come first.
    """
    scored = [
        (_score(statement, voice, variant) * _shared(people, statement), statement)
        for statement in statements
        if statement.strength >= weakest
    ]
    return sorted(scored, key=lambda pair: -pair[0])


def choose(
    candidates: Sequence[tuple[float, Statement]],
    kind: CueKind,
    count: int,
    chosen: Sequence[Statement],
    said: Sequence[str] = (),
    centre: str | None = None,
) -> list[Statement]:
    """Choose the best new statements of one kind, spread over people and sentences.

    Args:
        candidates: as `ranked` gives them.
        kind: the list to fill.
        count: most statements to choose.
        chosen: statements already in the persona.
        said: further claims already in the persona.
        centre: id of the participant around whom the persona is built; preferred, and never spread away from.
    """
    taken: list[Statement] = []
    pool = [pair for pair in candidates if pair[1].kind == kind]
    pool_best = max((value for value, _ in pool), default=0.0)
    while pool and len(taken) < count:
        used = [*chosen, *taken]
        score = _fresh(used, centre)
        best = max(pool, key=score)
        pool.remove(best)
        if len(taken) >= ENOUGH and score(best) < NEARLY * pool_best:
            break
        if not repeats_any(best[1].claim, [*said, *(statement.claim for statement in used)]):
            taken.append(best[1])
    return taken


def repeats_any(claim: str, others: Sequence[str]) -> bool:
    """Return whether a claim repeats one of the others."""
    from rapidfuzz import fuzz, utils

    return any(fuzz.token_set_ratio(claim, other, processor=utils.default_process) >= SAME_CLAIM for other in others)


def choose_quotes(
    segments: Sequence[Segment],
    voice: Voice,
    count: int,
    statements: Sequence[Statement],
    used: Sequence[str],
    variant: str,
) -> list[str]:
    """Choose sentences to quote verbatim, from as many different people as possible.

    Args:
        segments: where to look.
        voice: of the same segments.
        count: most quotes to choose.
        statements: found in the segments; their sentences score higher.
        used: sentences behind claims; quoted only when nothing better is left.
        variant: as for `ranked`.
    """
    states: dict[str, float] = {}
    for statement in statements:
        states[statement.source] = max(statement.strength, states.get(statement.source, 0.0))

    def worth(found: tuple[Segment, str]) -> float:
        sentence = found[1]
        stated = _quotability(sentence, voice, variant) * (0.4 + states.get(sentence, 0.0))
        return stated * (0.7 if sentence in used else 1.0) * (1.0 if can_be_quoted(sentence) else _CONTEXT_NEEDED)

    pool = sorted(_quotable(segments), key=worth, reverse=True)
    taken: list[str] = []
    people: set[str | None] = set()
    places: set[str] = set()
    for may_repeat in (False, True):
        for segment, sentence in pool:
            fresh = may_repeat or segment.participant not in people
            if len(taken) < count and fresh and segment.id not in places and not repeats_any(sentence, taken):
                taken.append(sentence)
                people.add(segment.participant)
                places.add(segment.id)
    return taken


def _quotable(segments: Sequence[Segment]) -> Iterator[tuple[Segment, str]]:
    """Yield whole participant sentences of medium length without instructions to a writer or contact details."""
    for segment in segments:
        if segment.role == "participant" and not is_instruction(segment.text):
            for sentence in sentences(segment.text):
                is_whole = 8 <= len(sentence.split()) <= 35 and sentence[-1] in ".!"
                if is_whole and not _NOT_QUOTABLE.search(sentence) and not has_contact(sentence):
                    yield segment, sentence


def _fresh(used: Sequence[Statement], centre: str | None) -> Callable[[tuple[float, Statement]], float]:
    """Return a scoring function that falls with each statement already taken from the person or sentence."""
    people = Counter(statement.participant for statement in used)
    sources = {statement.source for statement in used}

    def score(pair: tuple[float, Statement]) -> float:
        value, statement = pair
        near = _OF_THE_CENTRE if statement.participant == centre else 0.85 ** people[statement.participant]
        return value * near * (0.6 if statement.source in sources else 1.0)

    return score


def _shared(people: Agreement | None, statement: Statement) -> float:
    return 1 + _PER_SUPPORTER * min(people.count(statement.claim) - 1, 3) if people else 1.0


def _score(statement: Statement, voice: Voice, variant: str) -> float:
    clear = statement.strength * (0.4 if voice.names_third_person(statement.claim) else 1.0)
    central = 0.6 + 0.4 * voice.centrality(statement.claim)
    typical = 0.75 + 0.25 * voice.typicality(statement.claim)
    return clear * central * typical * _turn(variant, statement.claim)


def _quotability(sentence: str, voice: Voice, variant: str) -> float:
    vivid = 1.0 + 0.25 * min(3, len(_VIVID.findall(sentence))) + 0.15 * sentence.endswith("!")
    own = 1.0 if _FIRST_PERSON.search(sentence) else 0.6
    alone = (0.6 if _DULL_START.match(sentence) else 1.0) * (0.5 if voice.names_third_person(sentence) else 1.0)
    return vivid * own * alone * (0.4 + 0.6 * voice.centrality(sentence)) * _turn(variant, sentence)


def _turn(variant: str, text: str) -> float:
    """Return a factor between 0.6 and 1 from a hash of the variant: stable across processes and machines."""
    return 1 - _VARIATION * crc32(f"{variant}\n{text}".encode(errors="replace")) / 0xFFFFFFFF


def _people(turns: Sequence[Segment]) -> frozenset[str]:
    """Find first names that at least every fourth time are used as names of people."""
    named: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for segment in turns:
        named.update({match["after"] or match["called"] or match["before"] for match in _PERSON.finditer(segment.text)})
        written.update(_CAPITAL.findall(segment.text))
    return frozenset(name for name, hits in named.items() if hits >= 0.25 * written[name]) - _NOT_PEOPLE
