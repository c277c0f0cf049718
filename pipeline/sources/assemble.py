"""Files, each understood, put together as one study: people across files, segments, ids, notes."""

from collections import abc
from collections.abc import Iterator, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import MappedRole, Mapping
from pipeline.domain.study import Document, Role, Segment, Study
from pipeline.errors import InputError
from pipeline.sources.columns import table_part
from pipeline.sources.headers import with_question_names
from pipeline.sources.labels import read_label
from pipeline.sources.mapping import Part, Remembered, nothing
from pipeline.sources.people import People, Resolved
from pipeline.sources.reading import Conversation, Limits, Reading, Turn
from pipeline.sources.roles import Cast, cast, speaker_part
from pipeline.sources.segments import count_words, split
from pipeline.sources.tables import read_tables
from pipeline.text.wording import count, listed

_SHOWN = 4
"""Conversations, or people, of one document that its notes tell about."""


class Understood(Frozen):
    """A file whose speakers are sorted into those who ask and those who answer."""

    name: str
    reading: Reading
    casts: tuple[Cast, ...]
    """One per conversation."""
    used: tuple[Mapping, ...]
    """Corrections by hand that changed how the file is read."""


class _Spoken(Frozen):
    """A conversation with the people behind its labels."""

    conversation: Conversation
    cast: Cast
    people: Resolved

    def role(self, turn: Turn) -> Role:
        """Whether a turn asks or answers."""
        return turn.role or ("interviewer" if turn.speaker in self.cast.interviewers else "participant")


class _Heard(Frozen):
    """All conversations of a file, and the facts that were taken from what people say (per key)."""

    conversations: tuple[_Spoken, ...]
    taken: dict[str, tuple[str, ...]]


def understand(name: str, reading: Reading, remembered: Remembered) -> Understood:
    """A reading with its columns and roles decided.

    Raises:
        InputError: no participant says anything in it, or a mapping leaves nobody who could.
    """
    reading, used = read_tables(with_question_names(reading), remembered)
    part = None if remembered is nothing else speaker_part(name, reading)
    mapping = remembered(part.shape) if part else None
    if part and mapping and (roles := part.roles(mapping)) != part.guess:
        reading, used = _corrected(reading, roles), (*used, mapping)
        casts = tuple(cast(conversation, roles) for conversation in reading.conversations)
    else:
        casts = tuple(cast(conversation) for conversation in reading.conversations)
    for conversation, speakers in zip(reading.conversations, casts, strict=True):
        asking = frozenset(speakers.interviewers)
        if any(turn.role != "interviewer" and turn.speaker not in asking for turn in conversation.turns):
            return Understood(name=name, reading=reading, casts=casts, used=used)
    if used:
        raise InputError(
            f"{name}: read as corrected by hand, no participant says anything. Choose other columns or speakers on the "
            "Upload page, or let it forget the correction."
        )
    asked = sum(len(conversation.turns) for conversation in reading.conversations)
    if asked:
        raise InputError(
            f"{name}: all {asked} turns are the interviewer's, no participant says anything. "
            "Add the answers, or check the speaker labels."
        )
    raise InputError(f"{name}: no words of a participant were found. Check that the file holds answers.")


def parts(name: str, reading: Reading, remembered: Remembered) -> tuple[Part, ...]:
    """What can be mapped in a file: its tables, then the speakers that come of them; nothing for prose."""
    reading = with_question_names(reading)
    tables = tuple(table_part(table) for table in reading.tables)
    try:
        speakers = speaker_part(name, read_tables(reading, remembered)[0])
    except InputError:  # no table holds words yet, so nobody speaks
        speakers = None
    return (*tables, speakers) if speakers else tables


def _corrected(reading: Reading, roles: abc.Mapping[str, MappedRole]) -> Reading:
    """The reading without the turns of speakers who are left out by hand."""
    gone = frozenset(name for name, role in roles.items() if role == "ignored")
    conversations = []
    dropped = 0
    for conversation in reading.conversations:
        turns = tuple(turn for turn in conversation.turns if turn.role or turn.speaker not in gone)
        dropped += len(conversation.turns) - len(turns)
        if turns:
            conversations.append(conversation.model_copy(update={"turns": turns}))
    notes = [*reading.notes, "Speakers are read as corrected by hand, like every file with the same speakers."]
    if dropped:
        notes.append(f"Left out, as chosen: {count(dropped, 'turn')} of {listed(sorted(gone)[:8])}.")
    return reading.model_copy(update={"conversations": tuple(conversations), "notes": tuple(notes)})


def assemble(files: Sequence[Understood], study_id: str, name: str, limits: Limits, warnings: Sequence[str]) -> Study:
    """The study of these files, in their order.

    Raises:
        InputError: the study has more words than the limits allow.
    """
    people = People()
    heard = [_hear(people, file, f"d{number}") for number, file in enumerate(files, 1)]
    ids = people.ids()
    segments: list[Segment] = []
    documents: list[Document] = []
    total = 0
    for number, (file, spoken) in enumerate(zip(files, heard, strict=True), 1):
        own = tuple(_segments(spoken.conversations, f"d{number}", ids))
        total += sum(count_words(segment.text) for segment in own)
        if total > limits.max_words:
            raise InputError(
                f"{file.name}: the study passes {limits.max_words:,} words here. Use fewer or shorter files."
            )
        documents.append(_document(file, spoken, f"d{number}", own, ids))
        segments.extend(own)
    return Study(
        id=study_id, name=name, documents=tuple(documents), participants=people.participants(ids),
        segments=tuple(segments), warnings=(*warnings, *people.disagreements(ids)),
    )  # fmt: skip


def _hear(people: People, file: Understood, document: str) -> _Heard:
    """Make everybody who speaks in a file known to `people`."""
    is_alone = len(file.casts) == 1
    conversations: list[_Spoken] = []
    taken: dict[str, tuple[str, ...]] = {}
    for number, (conversation, speakers) in enumerate(zip(file.reading.conversations, file.casts, strict=True), 1):
        local = document if is_alone else f"{document}.{number}:"
        resolved = people.resolve(conversation, speakers, file.name, local)
        spoken = _Spoken(conversation=conversation, cast=speakers, people=resolved)
        said: dict[str, list[Turn]] = {}
        for turn in conversation.turns:
            if spoken.role(turn) == "participant":
                said.setdefault(resolved.keys[turn.speaker], []).append(turn)
        for key, turns in said.items():
            people.count(key, document, sum(count_words(turn.text) for turn in turns))
            if key == resolved.base or len(said) == 1:
                people.learn(key, conversation.person, file.name)
            taken[key] = taken.get(key, ()) + people.listen(key, turns)
        conversations.append(spoken)
    return _Heard(conversations=tuple(conversations), taken={key: facts for key, facts in taken.items() if facts})


def _segments(conversations: Sequence[_Spoken], document: str, ids: dict[str, str]) -> Iterator[Segment]:
    number = 0
    for spoken in conversations:
        keys = set(spoken.people.keys.values())
        asked = ids.get(next(iter(keys))) if len(keys) == 1 else None
        for turn in spoken.conversation.turns:
            role = spoken.role(turn)
            participant = asked if role == "interviewer" else ids[spoken.people.keys[turn.speaker]]
            pieces = split(turn.text)
            for part, text in enumerate(pieces, 1):
                number += 1
                where = turn.where if len(pieces) == 1 else f"{turn.where}, part {part}"
                yield Segment(
                    id=f"{document}.{number}",
                    document=document,
                    participant=participant,
                    role=role,
                    text=text,
                    where=where,
                )


def _document(file: Understood, heard: _Heard, document: str, own: Sequence[Segment], ids: dict[str, str]) -> Document:
    notes = [*_cast_notes(heard.conversations, ids), *file.reading.notes]
    for key, facts in list(heard.taken.items())[:_SHOWN]:
        notes.append(f"{listed(facts).capitalize()} of {ids[key]} taken from what they say about themselves.")
    if any(read_label(label).kind == "opaque" for label in _labels(heard.conversations)):
        notes.append("Labels that could give somebody away are replaced by numbers of ours (R1, R2, ...).")
    words = sum(count_words(segment.text) for segment in own if segment.role == "participant")
    kind = _kind(file.reading, heard.conversations)
    return Document(id=document, name=file.name, kind=kind, words=words, notes=tuple(notes))


def _labels(conversations: Sequence[_Spoken]) -> set[str]:
    return {label for spoken in conversations if (label := spoken.conversation.person.label)}


def _kind(reading: Reading, conversations: Sequence[_Spoken]) -> str:
    if reading.kind != "transcript":
        return reading.kind
    if len(conversations) > 1:
        return f"{len(conversations)} interview transcripts"
    is_group = len(set(conversations[0].people.keys.values())) > 1
    return "group discussion" if is_group else "interview transcript"


def _cast_notes(conversations: Sequence[_Spoken], ids: dict[str, str]) -> Iterator[str]:
    """One sentence per conversation with named speakers: who asks, who is which participant."""
    told = [spoken for spoken in conversations if spoken.cast.interviewers or spoken.cast.participants]
    for spoken in told[:_SHOWN]:
        cast_size = len(spoken.cast.interviewers) + len(spoken.cast.participants)
        people = [
            f"{speaker} is participant {ids[key]}"
            for speaker, key in spoken.people.keys.items()
            if speaker and key in ids and speaker != ids[key]
        ]
        same = [speaker for speaker, key in spoken.people.keys.items() if speaker and ids.get(key) == speaker]
        own = f"participant{'s' * (len(same) > 1)} {listed(same[:8])}" if same else ""
        parts = [spoken.cast.reason, *people[:8], own]
        yield f"Transcript with {count(cast_size, 'speaker')}: {', '.join(part for part in parts if part)}."
    if len(told) > _SHOWN:
        yield f"{len(told) - _SHOWN} more conversations were understood in the same way."
