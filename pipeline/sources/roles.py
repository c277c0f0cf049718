"""Who asks and who answers in one conversation.

A speaker is the interviewer because a label or a header says so, or else because of what they do: the one
who asks in most of their turns and says least. Where that is not clear, nobody is: a participant's words
taken for an interviewer's would be lost as evidence.
"""

from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import MappedRole, SpeakerRole
from pipeline.sources.labels import is_interviewer, read_label
from pipeline.sources.mapping import MappedPart
from pipeline.sources.reading import Conversation, Reading, Turn

MIN_QUESTION_SHARE = 0.4
"""Share of turns with a question mark from which behaviour alone can make somebody the interviewer."""

CLEAR_LEAD = 0.5
"""Lead in that share over everybody else from which it does not matter who says more."""
_SAMPLE_CHARS = 160


class Cast(Frozen):
    """The speakers of a conversation, in order of appearance."""

    interviewers: tuple[str, ...]
    participants: tuple[str, ...]
    reason: str
    """How the interviewer was recognised, for the notes; empty when there are no speakers."""


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
    """The interviewers and the participants among the speakers; turns with a preset role are left alone.

    Args:
        conversation: one of a file.
        roles: of speakers, corrected by hand; whoever is not in them, or `recognised`, keeps the guess.
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
    return Cast(interviewers=interviewers, participants=_without(speakers, interviewers), reason=reason)


def speaker_part(title: str, reading: Reading) -> MappedPart | None:
    """The speakers of a file, each with the role recognised for it; `None` when nobody is named."""
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
    asked_by = conversation.person.interviewer
    named = tuple(speaker for speaker in speakers if is_interviewer(speaker) or is_same_name(speaker, asked_by))
    if named:
        reason = f"{_listed(named)} taken as interviewer (by name)"
        return Cast(interviewers=named, participants=_without(speakers, named), reason=reason)
    habits = _habits(conversation.turns)
    asker = _asker(habits, conversation)
    if asker is None:
        reason = "no interviewer recognised" if len(speakers) > 1 else ""
        return Cast(interviewers=(), participants=speakers, reason=reason)
    reason = f"{asker.speaker} taken as interviewer (asks in {asker.questions} of {asker.turns} turns)"
    return Cast(interviewers=(asker.speaker,), participants=_without(speakers, (asker.speaker,)), reason=reason)


def is_same_name(speaker: str, name: str | None) -> bool:
    """Whether a speaker label is this name, or its first name."""
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
    return best if asks and (is_brief or lead >= CLEAR_LEAD) else None


def _is_known_participant(speaker: str, conversation: Conversation) -> bool:
    person = conversation.person
    if is_same_name(speaker, person.name):
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
    return [
        _Habit(
            speaker=speaker,
            turns=len(texts),
            questions=sum("?" in text or "？" in text for text in texts),
            words_per_turn=sum(len(text.split()) for text in texts) / len(texts),
        )
        for speaker, texts in said.items()
    ]


def _without(speakers: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    gone = frozenset(taken)
    return tuple(speaker for speaker in speakers if speaker not in gone)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
