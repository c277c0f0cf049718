"""Find two versions of one talk by their shared sentences: raw and coded, text and PDF, whole and excerpt.

Only words of participants are compared, because two interviews with one guide share the interviewer's. Counted once,
unless the user keeps both.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.sources.reading import Conversation
from pipeline.sources.roles import Cast
from pipeline.sources.segments import count_words

MIN_SHARED = 0.6
"""Share of the words of the shorter file, from which both hold the same talk."""
_MIN_SENTENCES, _MIN_SENTENCE_WORDS, _MIN_WORDS = 2, 5, 15
"""Shorter sentences are common to many people; a single one, or two short ones, can be a coincidence."""
_ENDS = re.compile(r"[.!?…。！？؟\n]+")
_NOT_WORDS = re.compile(r"[\W_]+")


class Talk(NamedTuple):
    """A file, as far as it is compared."""

    conversations: Sequence[Conversation]
    casts: Sequence[Cast]


class Repeat(NamedTuple):
    """A file whose words stand in another one, too."""

    left_out: int
    """Place of the file among those compared."""
    kept: int
    share: float
    """Of its words, 0 to 1."""


def find_repeats(talks: Sequence[Talk]) -> tuple[Repeat, ...]:
    """The files that repeat another one, each with the one to keep: with more labels, then with more words."""
    if len(talks) < 2:
        return ()
    sentences = [dict(_sentences(talk)) for talk in talks]
    totals = [sum(own.values()) for own in sentences]
    where: defaultdict[int, list[int]] = defaultdict(list)
    for place, own in enumerate(sentences):
        for sentence in own:
            where[sentence].append(place)
    shared_words: Counter[tuple[int, int]] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for sentence, places in where.items():
        if len(places) < 2 or len(places) > _MAX_FILES_OF_A_PHRASE:
            continue
        for number, first in enumerate(places):
            for second in places[number + 1 :]:
                shared[first, second] += 1
                shared_words[first, second] += sentences[first][sentence]
    return tuple(_chosen(talks, totals, shared, shared_words))


_MAX_FILES_OF_A_PHRASE = 50
"""Number of files from which a repeated sentence is a phrase of the form rather than words of a person."""


def _chosen(
    talks: Sequence[Talk], totals: Sequence[int], shared: Counter[tuple[int, int]], words: Counter[tuple[int, int]]
) -> Iterator[Repeat]:
    gone: set[int] = set()
    for pair in sorted(words, key=lambda pair: (-words[pair], pair)):
        share = words[pair] / max(min(totals[pair[0]], totals[pair[1]]), 1)
        if shared[pair] < _MIN_SENTENCES or words[pair] < _MIN_WORDS or share < MIN_SHARED or gone & set(pair):
            continue
        kept, left_out = sorted(pair, key=lambda place: (-_labels(talks[place]), -totals[place], place))
        gone.add(left_out)
        yield Repeat(left_out, kept, words[pair] / max(totals[left_out], 1))


def _labels(talk: Talk) -> int:
    """Return the rank of the speaker labels: an interviewer above names above none."""
    return 2 * any(cast.interviewers for cast in talk.casts) + any(cast.participants for cast in talk.casts)


def _sentences(talk: Talk) -> Iterator[tuple[int, int]]:
    """A key of every sentence of the participants that is long enough, with its words."""
    for conversation, cast in zip(talk.conversations, talk.casts, strict=True):
        asking = frozenset(cast.interviewers)
        for turn in conversation.turns:
            if turn.role == "interviewer" or (turn.role is None and turn.speaker in asking):
                continue
            for sentence in _ENDS.split(turn.text):
                words = count_words(sentence)
                if words >= _MIN_SENTENCE_WORDS:
                    yield hash(_NOT_WORDS.sub(" ", sentence.casefold()).strip()), words
