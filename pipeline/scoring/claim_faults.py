"""Check that a statement of a persona has content, is a complete sentence, and stands in the right list.

Rules on the statement alone, whatever its source says: drafts made of real speech repeat half sentences, and the
study supports their words fully. Each rule that fits names its reason and how sure it is; a statement is faulty when
its remaining soundness is under a half. Grammar is English; in other languages only what needs none is
looked at: empty and broken-off text, marks of a transcript, words said twice.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from pipeline.providers.extraction.grammar import (
    COMMON_VERBS,
    expand,
    is_base,
    is_noun,
    is_participle,
    is_past,
    is_verb,
)
from pipeline.scoring.valence import is_trouble, praises
from pipeline.text.tokens import FILLERS, ONES, STOP_WORDS, TENS, is_number, stem, tokens, words_of

FaultKind = Literal["says_nothing", "fragment", "agreement", "no_reference", "out_of_place"]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
FAULTY_UNDER = 0.5
"""Soundness under which a statement counts as faulty."""

_SURE, _LIKELY, _RATHER, _HINT = 0.9, 0.7, 0.6, 0.3
_LONGEST = 600

_SAYING_NOTHING = words_of(
    """know think mean guess suppose say tell see explain remember understand able idea sure thing stuff kind sort way
    way usual normal fine depend come mind really actual certain maybe probably something anything everything nothing
    ask answer talk try use do different difference good bad lot bit okay right well"""
)
_EMPTY = frozenset(map(stem, _SAYING_NOTHING)) - {""} | _SAYING_NOTHING | {"not"}
_CONJUNCTIONS = words_of("and but or because although though so than if when while unless whether which as since nor")
_OPENERS = words_of("and but or which than nor so")
_SUBORDINATORS = words_of("when if while although though unless until since before after because as")
_DETERMINERS = words_of("the a an my your our their its his every each some any no")
_PLACES = words_of("with on in at the a an")
_STRANDED = words_of("to of for with from at about by into between during without before until")
_TIMES = words_of("day night week month year hour evening morning summer winter time ever one")
_TURNS = words_of("never not than without cannot as")
_RELATIVES = words_of(
    "wherever whenever however who whom what which that where how when whatever whoever why whether there"
)
_SUBJECTS = words_of("i they he she we")
_AUXILIARIES = words_of(
    "is are was were am be been have has had will would can could should shall must might may do does did not"
)
_MODALS = words_of("will would can could should shall must might may cannot")
_WANTS_OBJECT = words_of(
    """want wants need needs get gets make makes put puts take takes give gives bring brings reach reached reaches keep
    keeps find finds let lets try tries think thinks mean means say says has have like likes"""
)
_NUMBERS = frozenset((*ONES, *TENS))
_BACKWARD = words_of("that this those these")
_EXPLETIVE = re.compile(
    r"^it (?:is|was|feels|gets|seems|can be|would be) (?:\w+ly |so |too |very |just |not )*"
    r"(?:\w+ ){1,3}?(?:to|that|when|if|for)\b"
    r"|^it (?:takes|took|costs?|matters|bothers|annoys|frightens|worries|helps|hurts|makes \w+ \w+ (?:to|that|when))\b"
)
_CAUSES = words_of(
    "have let lets make makes made help helps helped give gives tell tells show shows get gets with to from "
    "of for want wants"
)
_BEFORE_THAT = words_of("say says sure know knows so feel feels is like")
_AFTER_OBJECT = words_of("on in at for with before after to every")
_WISHES = words_of(
    """want wants wish wishes hope hopes need needs would should must like prefer prefers aim aims plan plans try tries
    ought dream dreams look looking long longs strive strives seek seeks"""
)
_MARKS = re.compile(
    r"\d\d:\d\d|-->|^\W*(?:speaker|interviewer|interviewee|participant) ?\d*\b|^[A-Z][a-z]+ [A-Z][a-z]+:|\[[^\]]*\]"
)
_BROKEN_END = re.compile(r"(?:[-–—,:;(]|\.\.\.|…)\s*$")
_BROKEN_OFF = re.compile(
    r"\w (?:-|–|—) (?:I|they|he|she|we|it)\b|[,;]\s*(?:um|uh|er|erm|like|you know)\s*[,.]?|\b(?:um|uh|erm)\b",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"\b(?:i|they|he|she|we) (?:mean|guess|suppose)\b|\byou know\b|\bkind of, |\bi don't know\b")
_TWICE = re.compile(r"\b(\w+),? \1\b", re.IGNORECASE)
_SAID_TWICE = words_of("had that very really so no never more many again blah bye step side by day face")
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z,] )(?:They|He|She|We|Them|Their|It)\b")
_NEVER = re.compile(
    r"^(?:usually |often |mostly |just |simply |normally )*(?:has |had |have )?"
    r"(?:never|(?:does|do|did|has|have|is|was|can) not|cannot)\b"
)
_CONTRAST = re.compile(
    r"\b(?:without|unless|until|but|before|except|instead|and|because|any ?more|longer|again|if|when"
    r"|in case|so|as long)\b"
)
_STANCES = frozenset(map(stem, ("trust", "care", "believe", "mind", "accept", "share", "allow")))
_NOT_DONE = re.compile(
    r"^(?:maybe |perhaps |probably |also )*(?:would|could|might|may|should|will (?:maybe|probably|perhaps|one day)"
    r"|(?:wants?|hopes?|wish(?:es)?|plans?|needs?) to|cannot|can not)\b"
)
_DONE_AFTER_ALL = re.compile(r"\b(?:and|but) (?:does|has|is|so)\b")


class Fault(NamedTuple):
    """Why a statement may not count."""

    kind: FaultKind
    reason: str
    """In words, to stand before the statement."""
    certainty: float
    """0 to 1: how much of the statement's soundness it takes."""


@lru_cache(maxsize=1 << 15)
def faults(field: str, text: str, language: str) -> tuple[Fault, ...]:
    """Everything that seems wrong with one statement, surest first.

    Args:
        field: `goals`, `pain_points`, `behaviours` or `motivations`.
        text: the statement; the first 600 characters are read.
        language: as `language_of` names it.
    """
    text = text[:_LONGEST].strip()
    found = list(_without_grammar(text, language))
    if language == "english":
        words = tokens(expand(text.translate(_PLAIN)))
        if words:
            found += [*_nothing_said(words), *_cut_off(text, words, field), *_disagreeing(text, words)]
            found += [*_pointing_back(words), *_out_of_place(field, words)]
    return tuple(sorted(found, key=lambda fault: -fault.certainty))


def soundness(found: tuple[Fault, ...]) -> float:
    """Return the soundness of a statement with these faults: 1 without any."""
    left = 1.0
    for fault in found:
        left *= 1 - fault.certainty
    return left


_PLAIN = str.maketrans({"’": "'", "‘": "'"})


def _without_grammar(text: str, language: str) -> Iterator[Fault]:
    if _MARKS.search(text):
        yield Fault("fragment", "Holds marks of a transcript", _SURE)
    if _BROKEN_END.search(text):
        yield Fault("fragment", "Breaks off", _SURE)
    twice = _TWICE.search(text)
    if twice and twice.group(1).lower() not in _SAID_TWICE and not twice.group(1).isdigit():
        yield Fault("fragment", f"Says '{twice.group(1)}' twice in a row", _LIKELY)
    if language != "english" and len([word for word in tokens(text) if stem(word, language)]) < 2:
        yield Fault("says_nothing", "Says nothing", _SURE)


def _nothing_said(words: list[str]) -> Iterator[Fault]:
    if not any(_tells(word) for word in words):
        yield Fault("says_nothing", "Says nothing", _SURE)


def _tells(word: str) -> bool:
    """Return whether a word carries content; `honestly` and `really` only intensify other words."""
    plain = stem(word)
    return (
        bool(plain) and plain not in _EMPTY and word not in FILLERS and not (word.endswith("ly") and not is_noun(word))
    )


def _cut_off(text: str, words: list[str], field: str) -> Iterator[Fault]:
    end, certainty = _open_end(words)
    if end:
        yield Fault("fragment", f"Ends with '{end}'", certainty)
    first = words[0]
    if first in _OPENERS or (first == "because" and field != "motivations"):
        yield Fault("fragment", f"Begins with '{first}'", _LIKELY)
    elif first in _SUBORDINATORS and first != "because" and not _main_clause(text, words):
        yield Fault("fragment", f"Has nothing but a clause with '{first}'", _LIKELY)
    if _BROKEN_OFF.search(text):
        yield Fault("fragment", "Breaks off and begins again", _LIKELY)
    if _SPOKEN.search(" ".join(words)):
        yield Fault("fragment", "Is talk, not a statement", _LIKELY)
    if field == "behaviours" and not any(map(_is_told if first in _PLACES else _is_acting, words)):
        yield Fault("fragment", "Has no verb", _LIKELY)
    elif field == "pain_points" and first in _PLACES and len(words) > 2 and not any(map(_is_acting, words)):
        yield Fault("fragment", "Has no verb", _HINT)


def _open_end(words: list[str]) -> tuple[str, float]:
    """The last words of a statement where they ask for more, and how sure that is; empty where they do not."""
    last, before = words[-1], words[:-1]
    near = before[-7:]
    asked = not _RELATIVES.isdisjoint(near)
    compared = not {"than", "as", "so"}.isdisjoint(before)
    left = before[-1] if before else ""
    if last in _CONJUNCTIONS:
        return ("", 0) if asked and last in ("so", "as", "since", "though", "when") else (last, _SURE)
    if last in _DETERMINERS:
        return ("", 0) if last in ("his", "each", "some", "any", "no") else (last, _SURE)
    if last in _STRANDED:
        return ("", 0) if asked or _may_strand(words) else (last, _LIKELY)
    if last in _SUBJECTS or (last == "you" and left in _CONJUNCTIONS):
        return ("", 0) if left in ("than", "as") else (last, _SURE)
    if last in _AUXILIARIES:
        return ("", 0) if (asked and last != "not") or compared else (last, _SURE)
    if last in ("that", "it", "them", "there") and left in ("because", "as", "if", "when", "and", "but"):
        return f"{left} {last}", _SURE
    if last == "like" and (left in _CONJUNCTIONS or left in _STRANDED):
        return f"{left} {last}", _SURE
    if last == "that" and len(words) > 3 and is_noun(left) and not is_base(left):
        return last, _LIKELY
    if last in _WANTS_OBJECT and ("because" in before[-4:] or not (asked or compared or "if" in near or is_noun(last))):
        return last, _LIKELY
    return "", 0


def _may_strand(words: list[str]) -> bool:
    """Return whether a preposition may end a statement.

    It may in `someone to talk to`, `is looked after`, `the house they live in`.
    """
    last = words[-1]
    if last == "before":
        return any(word in _TIMES or is_number(word) for word in words[-3:-1]) or not _TURNS.isdisjoint(words)
    joined = " ".join(words)
    passive = re.search(r"\b(?:is|are|was|were|be|being|been|get|gets|getting|got) (?:\w+ly )?(\w+) \w+$", joined)
    relative = re.search(
        r"\b(?:\w+(?:one|body|thing|where|place)|people|person|room|time|place) (?:\w+ )?to \w+ (?:\w+ )?\w+$", joined
    )
    bare = re.search(r"\b(\w+) (?:they|he|she|we|i|you|it) (?:\w+ly )?\w+ \w+$", joined)
    return bool(
        relative or (passive and is_participle(passive[1])) or (bare and is_noun(bare[1]) and bare[1] not in STOP_WORDS)
    )


def _main_clause(text: str, words: list[str]) -> bool:
    """Return whether a main clause follows the one that a subordinator begins."""
    if "," in text and len(tokens(text.split(",", 1)[1])) >= 2:
        return True
    if (
        words[0] in ("after", "before", "since", "until", "as")
        and words[1:]
        and words[1] not in (*_SUBJECTS, "it", "you")
    ):
        return len(words) > 6
    return sum(map(_is_finite, words)) >= 2 and len(words) >= 8


def _is_finite(word: str) -> bool:
    return word in _AUXILIARIES or (
        is_verb(word) and not word.endswith("ing") and (not is_noun(word) or word in COMMON_VERBS)
    )


def _is_acting(word: str) -> bool:
    return word in _AUXILIARIES or word in COMMON_VERBS or (word not in STOP_WORDS and is_verb(word))


def _is_told(word: str) -> bool:
    return word in _AUXILIARIES or (_is_third(word) and not is_noun(word)) or (is_past(word) and not is_noun(word))


def _disagreeing(text: str, words: list[str]) -> Iterator[Fault]:
    if _CAPITAL_INSIDE.search(text):
        yield Fault("agreement", "Joins two sentences", _SURE)
    for left, word, after in zip(words, words[1:], [*words[2:], ""], strict=False):
        if reason := _broken(left, word, after):
            yield Fault("agreement", f"Broken grammar in '{reason}'", _SURE)
            return
    second = words[1] if len(words) > 1 else ""
    plain = second not in _AUXILIARIES and is_base(second) and not is_past(second)
    if words[0] in ("he", "she", "it") and (second in ("have", "do") or plain):
        yield Fault("agreement", f"Broken grammar in '{' '.join(words[:2])}'", _SURE)


def _broken(left: str, word: str, after: str) -> str:
    """Two or three words that cannot stand together; empty when these can."""
    pair = f"{left} {word}"
    if left in ("they", "we") and (word in ("is", "was", "has", "does") or _is_third(word)):
        return pair
    if left in ("he", "she", "it") and word in ("are", "am"):
        return pair
    if left == "i" and word in ("is", "are", "has", "does"):
        return pair
    if (
        left in _CAUSES
        and word in _SUBJECTS
        and (left not in ("to", "from", "of", "for", "with", "get", "gets", "want") or after == "")
    ):
        return f"{pair} {after}".strip() if left in ("with", "to", "from", "of", "for") or after else ""
    sure = _is_third(word) and (not is_noun(word) or word.removesuffix("s") in COMMON_VERBS)
    if left == "to" and (word in ("is", "are", "was", "were", "has", "does") or sure):
        return pair
    if left in _MODALS and _is_third(word) and (sure or after in _DETERMINERS):
        return pair
    if left == "not" and (sure or (_is_third(word) and after in _DETERMINERS)):
        return pair
    if left in ("them", "me", "us") and word in ("like", "am", "is", "are", "was", "want", "need"):
        return pair if word in ("is", "was", "am") else ""
    return ""


def _is_third(word: str) -> bool:
    """Return whether a word is the third person of a verb: `knows`, `finds`."""
    return word.endswith("s") and not word.endswith("ss") and len(word) > 3 and not is_base(word) and is_verb(word)


def _pointing_back(words: list[str]) -> Iterator[Fault]:
    joined = " ".join(words)
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first == "it" and not _EXPLETIVE.search(joined):
        yield Fault("no_reference", "Begins with 'it', and nothing says what it is", _RATHER)
    elif first in ("he", "she") and _is_speaking(second):
        yield Fault("no_reference", f"Begins with '{first}', and nothing says who", _LIKELY)
    elif first in _BACKWARD and (
        second in _AUXILIARIES
        or _is_third(second)
        or second in ("never", "always", "keep", "make", "one", "only", "just")
    ):
        yield Fault("no_reference", f"Begins with '{first}', and nothing says what", _LIKELY)
    for at, word in enumerate(words[1:5], 1):
        if any(is_noun(earlier) and not is_verb(earlier) and earlier not in STOP_WORDS for earlier in words[:at]):
            break
        follows = words[at + 1] if at + 1 < len(words) else ""
        ends = not follows or follows in STOP_WORDS or follows in _STRANDED or follows in ("on", "in")
        points = word in _BACKWARD and ends and words[at - 1] not in _BEFORE_THAT
        if points and (word != "that" or not follows or follows in _AFTER_OBJECT):
            yield Fault("no_reference", f"Nothing says what '{word}' is", _RATHER)
            return
        if word in ("it", "him") and not _EXPLETIVE.search(" ".join(words[at:])):
            yield Fault("no_reference", f"Nothing says what '{word}' is", _HINT)
            return


def _is_speaking(second: str) -> bool:
    return second in ("said", "told", "says", "tells", "asked")


def _out_of_place(field: str, words: list[str]) -> Iterator[Fault]:
    joined = " ".join(words)
    if field == "goals" and _states(words):
        yield Fault("out_of_place", "Is no wish", _LIKELY)
    elif field == "pain_points" and praises(words):
        yield Fault("out_of_place", "Complains about nothing", _LIKELY)
    elif field == "behaviours":
        denied = _NEVER.search(joined)
        if denied and not _CONTRAST.search(joined) and not _is_stance(joined[denied.end() :].split()):
            yield Fault("out_of_place", "Says what is not done", _LIKELY)
        elif _NOT_DONE.search(joined) and not _DONE_AFTER_ALL.search(joined):
            yield Fault("out_of_place", "Is not done, only wished or possible", _LIKELY)


def _is_stance(denied: list[str]) -> bool:
    """Return whether the denied words describe a habit: `never misses`, `does not trust`."""
    return bool(denied) and (stem(denied[0]) in _STANCES or is_trouble(denied[0]))


def _states(words: list[str]) -> bool:
    """Return whether a statement describes how things are or were, not a wish."""
    if not _WISHES.isdisjoint(words[:8]) or words[0] in ("to", "not", "be", "have", "never", "always"):
        return words[0] == "never" and len(words) > 1 and is_past(words[1]) and not is_base(words[1])
    if words[0] in ("i", "we", "they", "he", "she", "it", "there"):
        return True
    if words[0] in ("was", "were", "had", "did", "is", "are", "am", "has", "does"):
        return True
    first = words[0]
    if is_past(first) and not is_base(first) and not is_noun(first):
        return len(words) > 1 and words[1] not in ("bills", "by")
    if _is_third(first) and not (is_noun(first) and len(words) < 3):
        return True
    if first in ("the", "my", "her", "his", "their", "our", "a", "an"):
        return any(_is_stated(words, at) for at in range(2, min(len(words), 6)))
    return False


def _goes_on(word: str) -> bool:
    return (
        word in _DETERMINERS
        or word in ("right", "at", "up", "down", "off", "in")
        or word in _NUMBERS
        or is_number(word)
    )


def _is_stated(words: list[str], at: int) -> bool:
    word = words[at]
    if any(earlier in _RELATIVES or earlier in ("to", "when", "if", "while", "for", "of") for earlier in words[:at]):
        return False
    if word in ("is", "are", "was", "were", "has", "had", "does", "did"):
        return True
    if _is_third(word):
        return not is_noun(word) or (at + 1 < len(words) and _goes_on(words[at + 1]))
    follows = words[at + 1] if at + 1 < len(words) else ""
    return (
        is_verb(word)
        and not word.endswith("ing")
        and follows in ("on", "in", "at", "the", "a")
        and (is_past(word) or words[at - 1].endswith("s"))
    )
