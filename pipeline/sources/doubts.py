"""Warnings about a file that may have been misread: speaker roles are a guess, or the words do not fit the guess.

A note states how the file was read; a warning asks the user to check. Warnings are shown on the Upload page and kept
with the study, so that every run of it has them.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pipeline.sources.labels import read_label
from pipeline.sources.reading import Conversation, Reading
from pipeline.sources.roles import DOUBTFUL, Cast
from pipeline.text.wording import listed

_MIN_QUESTIONS, _QUESTION_SHARE = 3, 1 / 3
_MIN_CHARS, _NEARLY_ALL = 1000, 0.95
_ALIKE = 0.75
"""Likeness of two names, 0 to 1, from which one may be a slip for the other: `Anna`, `Anne`."""
_SENTENCE_ENDS = re.compile(r"[.!?…。！？؟]+")
_SHOWN, _MAX_NAMES = 3, 12


def doubts(name: str, reading: Reading, casts: Sequence[Cast]) -> tuple[str, ...]:
    """Warnings about a file, one sentence or two each; none where nothing is in doubt."""
    talks = list(zip(reading.conversations, casts, strict=True))
    found = [
        *_unlabelled_questions(name, reading.conversations),
        *_guessed_askers(name, casts),
        *(warning for talk, cast in talks for warning in _one_holds_all(name, talk, cast)),
        *(warning for cast in casts for warning in _named_alike(name, cast)),
    ]
    if len(found) > _SHOWN:
        return (*found[:_SHOWN], f"{name}: {len(found) - _SHOWN} more places like these; look through its first turns.")
    return tuple(found)


def sureness(casts: Sequence[Cast]) -> float | None:
    """Return the lowest confidence in the roles of a file's conversations; `None` without any decision."""
    return min((cast.confidence for cast in casts if cast.confidence is not None), default=None)


def reach_doubt(labels: frozenset[str]) -> tuple[str, ...]:
    """The warning about labels that come in several interviews and may be one person or several."""
    if not labels:
        return ()
    shown = listed(sorted(labels)[:4])
    return (
        f"{shown} and the like come in several interviews. They are taken as other people in each, because they count "
        "from 1 there. If they are the same people, give everybody a code of their own, such as P07.",
    )


def _unlabelled_questions(name: str, talks: Sequence[Conversation]) -> Iterator[str]:
    texts = [turn.text for talk in talks for turn in talk.turns if turn.speaker is None and turn.role is None]
    if not texts or any(turn.speaker for talk in talks for turn in talk.turns) or len(talks) > 1:
        return
    ends = [end for text in texts for end in _SENTENCE_ENDS.findall(text) or ["."]]
    asked = sum("?" in end or "？" in end or "؟" in end for end in ends)
    if asked >= _MIN_QUESTIONS and asked >= _QUESTION_SHARE * len(ends):
        yield (
            f"{name}: no speaker labels were found, and {asked} of {len(ends)} sentences are questions. Words of an "
            "interviewer may count as the participant's: write who speaks at the start of each turn."
        )


def _guessed_askers(name: str, casts: Sequence[Cast]) -> Iterator[str]:
    guessed = [cast for cast in casts if cast.confidence is not None and cast.confidence < DOUBTFUL]
    if guessed:
        within = f" in {len(guessed)} of {len(casts)} conversations" if len(casts) > 1 else ""
        yield (
            f"{name}: who asks is a guess{within} ({guessed[0].reason}; {guessed[0].confidence:.0%} sure). "
            "Check the speakers on the Upload page."
        )


def _one_holds_all(name: str, talk: Conversation, cast: Cast) -> Iterator[str]:
    words: dict[str, int] = {}
    for turn in talk.turns:
        if turn.speaker and turn.role is None:
            words[turn.speaker] = words.get(turn.speaker, 0) + len(turn.text)
    total = sum(words.values())
    if len(words) < 2 or total < _MIN_CHARS:
        return
    speaker, most = max(words.items(), key=lambda item: item[1])
    if most >= _NEARLY_ALL * total:
        yield (
            f"{name}: {speaker} holds {most / total:.0%} of the words, almost all of them. "
            "Labels of others may be missing; look through the first turns."
        )


def _named_alike(name: str, cast: Cast) -> Iterator[str]:
    names = [label for label in (*cast.interviewers, *cast.participants) if read_label(label).kind == "name"][
        :_MAX_NAMES
    ]
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            if min(len(first), len(second)) > 2 and _likeness(first, second) >= _ALIKE:
                yield f"{name}: {first} and {second} are named alike. If they are one person, correct the label."


def _likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, first.casefold(), second.casefold()).ratio()


def roles_in_words(casts: Sequence[Cast]) -> str:
    """Return a sentence on how the roles of a file were decided; empty if there was nothing to decide."""
    reasons = list(dict.fromkeys(cast.reason for cast in casts if cast.reason))
    if not reasons:
        return ""
    more = f" and {len(reasons) - _SHOWN} more ways" if len(reasons) > _SHOWN else ""
    return "; ".join(reasons[:_SHOWN]) + more
