"""Roles of the speakers in one conversation: interviewer or participant.

Decided in this order: statements of the file (a header, a list of participants, a field of the export), role words in
the label, the one speaker who is left beside those who answer, and last behaviour: who asks, who speaks first, who
says least. If that is not clear, no speaker becomes the interviewer: a participant's words taken for an interviewer's
would be lost as evidence. Every decision comes with a confidence, and a doubtful one with a warning.
"""

# ruff: noqa: E501 - patterns of many words

import re
from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import MappedRole, SpeakerRole
from pipeline.domain.study import Role
from pipeline.sources.labels import is_interviewer, read_label
from pipeline.sources.mapping import MappedPart
from pipeline.sources.reading import Conversation, Reading, Turn
from pipeline.sources.role_words import answers

MIN_QUESTION_SHARE = 0.4
"""Share of turns with a question mark from which behaviour alone can make a speaker the interviewer."""

CLEAR_LEAD = 0.5
"""Lead in that share over all other speakers from which it does not matter who says more."""

DOUBTFUL = 0.7
"""Confidence below which a decision is a warning rather than a note."""

_STATED, _BY_WORD, _ONLY_OTHER = 1.0, 0.97, 0.9
"""Confidence in what the file says, in a role word, and in the one who is left beside the answering side."""
_QUESTION = re.compile("[?？؟⸮]|か[。.]?$")
_OPENERS = re.compile(
    r"(?:so |and |okay |ok |now |well |then )*(?:how|what|why|when|where|who|which|do you|did you|does|are you|were you|is (?:it|there)|can you"
    r"|could you|would you|will you|have you|has|tell me|describe|please|wie|was|warum|wann|wo|wer|welche\w*|können sie|haben sie|erzählen sie"
    r"|comment|pourquoi|quand|où|qui|quel\w*|est-ce|cómo|qué|por qué|cuándo|dónde|quién|como|o que|por que|quando|onde|quem|come|che cosa|perché"
    r"|как|что|почему|когда|где|кто|какой|какие)\b",
    re.IGNORECASE,
)
"""Beginnings of questions, for transcripts of a program that writes no question marks."""
_SAMPLE_CHARS = 160


class Cast(Frozen):
    """The speakers of a conversation, in order of appearance."""

    interviewers: tuple[str, ...]
    participants: tuple[str, ...]
    reason: str
    """Evidence by which the interviewer was recognised, for the notes; empty when there are no speakers."""
    confidence: float | None = None
    """Confidence of the roles, 0 to 1; `None` when there was nothing to decide."""


class _Habit(Frozen):
    speaker: str
    turns: int
    questions: int
    """Turns with a question mark."""
    words_per_turn: float

    @property
    def question_share(self) -> float:
        return self.questions / self.turns


def cast(conversation: Conversation, roles: Mapping[str, MappedRole] | None = None) -> Cast:
    """Assign interviewer and participant roles to the speakers; turns with a preset role are left alone.

    Args:
        conversation: one of a file.
        roles: of speakers, corrected by hand; a speaker not in them, or `recognised`, keeps the guess.
    """
    guess = _guess(conversation)
    if not roles:
        return guess
    speakers = _speakers(conversation)
    asking = frozenset(guess.interviewers)
    interviewers = tuple(
        speaker for speaker in speakers
        if (role := roles.get(speaker, "recognised")) == "interviewer" or (role == "recognised" and speaker in asking)
    )  # fmt: skip
    if interviewers == guess.interviewers:
        return guess
    reason = f"{_listed(interviewers)} taken as interviewer (as chosen)" if interviewers else "no interviewer"
    return _with_askers(speakers, interviewers, reason, _STATED)


def speaker_part(title: str, reading: Reading) -> MappedPart | None:
    """Return the speakers of a file, each with its recognised role; `None` if no speaker is named."""
    found: dict[str, set[SpeakerRole]] = {}
    first: dict[str, str] = {}
    for conversation in reading.conversations:
        own = _guess(conversation)
        for speaker in _speakers(conversation):
            found.setdefault(speaker, set()).add("interviewer" if speaker in own.interviewers else "participant")
        for turn in conversation.turns:
            if turn.speaker and turn.role is None:
                first.setdefault(turn.speaker, turn.text[:_SAMPLE_CHARS])
    if not found:
        return None
    guess = {speaker: own.pop() if len(own) == 1 else "recognised" for speaker, own in found.items()}
    return MappedPart(
        kind="speakers", title=title, names=tuple(found), guess=guess, sample=(tuple(first[name] for name in found),)
    )


def _speakers(conversation: Conversation) -> tuple[str, ...]:
    """In order of appearance."""
    return tuple(dict.fromkeys(turn.speaker for turn in conversation.turns if turn.speaker and turn.role is None))


def _guess(conversation: Conversation) -> Cast:
    speakers = _speakers(conversation)
    stated = tuple(speaker for speaker in speakers if _is_stated_asker(speaker, conversation))
    by_word = tuple(
        speaker for speaker in speakers if is_interviewer(speaker) and _stated_role(speaker, conversation) is None
    )
    if named := tuple(speaker for speaker in speakers if speaker in (*stated, *by_word)):
        is_field = any(_stated_role(speaker, conversation) for speaker in named)
        how, sure = ("as the file says" if is_field else "by name"), (_BY_WORD if by_word else _STATED)
        return _with_askers(speakers, named, f"{_listed(named)} taken as interviewer ({how})", sure)
    if (other := _only_other(speakers, conversation)) is not None:
        return _with_askers(speakers, (other,), f"{other} taken as interviewer (the others answer)", _ONLY_OTHER)
    habits = _habits(conversation.turns)
    asker = _asker(habits, conversation)
    if asker is None:
        if len(speakers) < 2:
            return Cast(interviewers=(), participants=speakers, reason="")
        return Cast(
            interviewers=(), participants=speakers, reason="no interviewer recognised",
            confidence=_STATED if _all_answer(speakers, conversation) else _sureness_of_none(habits),
        )  # fmt: skip
    reason = f"{asker.speaker} taken as interviewer (asks in {asker.questions} of {asker.turns} turns)"
    return _with_askers(speakers, (asker.speaker,), reason, _sureness(asker, habits))


def _with_askers(speakers: Sequence[str], asking: tuple[str, ...], reason: str, sure: float) -> Cast:
    return Cast(interviewers=asking, participants=_without(speakers, asking), reason=reason, confidence=sure)


def _stated_role(speaker: str, conversation: Conversation) -> Role | None:
    stated = conversation.speakers.get(speaker)
    return stated.role if stated else None


def _is_stated_asker(speaker: str, conversation: Conversation) -> bool:
    if (role := _stated_role(speaker, conversation)) is not None:
        return role == "interviewer"
    names = (conversation.person.interviewer or "").split(", ")
    return any(is_same_name(speaker, name) for name in names)


def _only_other(speakers: Sequence[str], conversation: Conversation) -> str | None:
    """Return the one speaker without a stated role, if role words or statements make all others participants."""
    unknown = [speaker for speaker in speakers if not _answers(speaker, conversation)]
    if len(unknown) != 1 or len(speakers) < 2 or read_label(unknown[0]).kind == "code":
        return None
    habits = {habit.speaker: habit for habit in _habits(conversation.turns)}
    asks_too = habits[unknown[0]].questions > 0
    opens = speakers[0] == unknown[0]
    return unknown[0] if asks_too or opens else None


def _answers(speaker: str, conversation: Conversation) -> bool:
    if _stated_role(speaker, conversation) == "participant" or answers(speaker):
        return True
    return is_same_name(speaker, conversation.person.name) and bool(conversation.person.name)


def _all_answer(speakers: Sequence[str], conversation: Conversation) -> bool:
    return all(_answers(speaker, conversation) for speaker in speakers)


def _sureness(asker: "_Habit", habits: Sequence["_Habit"]) -> float:
    """Return the confidence from behaviour: lead in questions, who opens, who says less, and the number of turns."""
    others = [habit for habit in habits if habit is not asker]
    lead = asker.question_share - max(habit.question_share for habit in others)
    talk = sum(habit.words_per_turn for habit in others) / len(others)
    opens, is_brief = habits[0] is asker, asker.words_per_turn < talk
    sure = 0.5 + 0.25 * min(1.0, 1.5 * lead) + 0.1 * opens + 0.1 * is_brief
    # Questions alone, against both other signs, may be rhetorical ones: "Who would put a lamp on the floor?"
    sure -= 0 if opens or is_brief else 0.15
    return round(min(0.95, sure + (0.05 if asker.turns > 2 else -0.05)), 2)


def _sureness_of_none(habits: Sequence["_Habit"]) -> float:
    """Return the confidence that there is no interviewer: lower, the more questions there are."""
    share = sum(habit.questions for habit in habits) / max(sum(habit.turns for habit in habits), 1)
    return round(max(0.3, 0.85 - share), 2)


def is_same_name(speaker: str, name: str | None) -> bool:
    """Return whether a speaker label is this name, or its first name."""
    if not name:
        return False
    label, full = speaker.casefold().split(), name.casefold().split()
    return bool(label and full) and (label == full or (label[0] == full[0] and 1 in (len(label), len(full))))


def _asker(habits: Sequence[_Habit], conversation: Conversation) -> _Habit | None:
    """The speaker who asks most, if clearly more than the others and in fewer words."""
    candidates = [habit for habit in habits if not _is_known_participant(habit.speaker, conversation)]
    if len(habits) < 2 or not candidates:
        return None
    best = max(candidates, key=lambda habit: (habit.question_share, -habit.words_per_turn))
    others = [habit for habit in habits if habit is not best]
    talk = sum(habit.words_per_turn for habit in others) / len(others)
    lead = best.question_share - max(habit.question_share for habit in others)
    is_brief = best.words_per_turn < talk
    asks = best.question_share >= MIN_QUESTION_SHARE and lead > 0
    if asks and (is_brief or lead >= CLEAR_LEAD):
        return best
    opens = habits[0] is best
    return best if opens and lead >= CLEAR_LEAD / 2 and (asks or best.words_per_turn * 2 < talk) else None


def _is_known_participant(speaker: str, conversation: Conversation) -> bool:
    person = conversation.person
    if is_same_name(speaker, person.name) or _stated_role(speaker, conversation) == "participant":
        return True
    label = read_label(speaker)
    if person.label and label.key == read_label(person.label).key:
        return True
    return label.kind == "code" and label.shown.startswith("P")


def _habits(turns: Sequence[Turn]) -> list[_Habit]:
    said: dict[str, list[str]] = {}
    for turn in turns:
        if turn.speaker and turn.role is None:
            said.setdefault(turn.speaker, []).append(turn.text)
    is_punctuated = any(_QUESTION.search(text) for texts in said.values() for text in texts)
    asks = _QUESTION.search if is_punctuated else _OPENERS.match
    return [
        _Habit(
            speaker=speaker,
            turns=len(texts),
            questions=sum(asks(text) is not None for text in texts),
            words_per_turn=sum(len(text.split()) for text in texts) / len(texts),
        )
        for speaker, texts in said.items()
    ]


def _without(speakers: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    gone = frozenset(taken)
    return tuple(speaker for speaker in speakers if speaker not in gone)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
