"""Assemble a study from the files read: people across files, segments, ids, notes.

Column names that a survey tool has spread over several rows become one name: Qualtrics writes a code, the question
and an internal id above each column; SurveyMonkey the question and, below it, the choice.
"""

# ruff: noqa: E501 - names of fields
import re
from collections import abc
from collections.abc import Iterator, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import MappedRole, StudyMapping
from pipeline.domain.study import Document, Role, Segment, Study
from pipeline.errors import InputError
from pipeline.sources.aliases import with_names, with_one_label_each
from pipeline.sources.columns import table_part
from pipeline.sources.doubts import doubts, reach_doubt, roles_in_words, sureness
from pipeline.sources.encoding import tidy
from pipeline.sources.labels import read_label
from pipeline.sources.mapping import MappedPart, MappingLookup, merged_names, nothing
from pipeline.sources.people import People, Resolved
from pipeline.sources.reading import Conversation, Reading, ReadingLimits, Row, Table, Turn
from pipeline.sources.roles import Cast, cast, speaker_part
from pipeline.sources.scope import scope_of
from pipeline.sources.segments import count_words, spans
from pipeline.sources.tables import read_tables
from pipeline.text.wording import count, listed

_SHOWN = 4
"""Conversations, or people, of one document that its notes tell about."""

_IMPORT_ID = '{"ImportId":'
_FIELD = re.compile(r'"ImportId": ?"(\w+)"')
_FIELDS = {
    "startDate": "Start Date", "endDate": "End Date", "status": "Response Type", "ipAddress": "IP Address", "progress": "Progress",
    "duration": "Duration (in seconds)", "finished": "Finished", "recordedDate": "Recorded Date", "_recordId": "Response ID",
    "recipientLastName": "Recipient Last Name", "recipientFirstName": "Recipient First Name", "recipientEmail": "Recipient Email",
    "externalDataReference": "External Data Reference", "locationLatitude": "Location Latitude", "locationLongitude": "Location Longitude",
    "distributionChannel": "Distribution Channel", "userLanguage": "User Language",
}  # fmt: skip
"""Fields of a response that are not questions, by the id that Qualtrics writes in every language."""
_OPEN_FIELD = frozenset(("response", "open-ended response"))
"""Second header row that SurveyMonkey writes below a question without choices."""


class Understood(Frozen):
    """A file whose speakers are sorted into those who ask and those who answer."""

    name: str
    reading: Reading
    casts: tuple[Cast, ...]
    """One per conversation."""
    used: tuple[StudyMapping, ...]
    """Corrections by hand that changed how the file is read."""
    apart: frozenset[str] = frozenset()
    """Labels that the user limited to this file: the same label in another file is another person."""


class _Spoken(Frozen):
    """A conversation with the people behind its labels."""

    conversation: Conversation
    cast: Cast
    people: Resolved

    def role(self, turn: Turn) -> Role:
        """Return whether a turn asks or answers."""
        return turn.role or ("interviewer" if turn.speaker in self.cast.interviewers else "participant")


class _Heard(Frozen):
    """All conversations of a file, and the facts that were taken from what people say (per key)."""

    conversations: tuple[_Spoken, ...]
    taken: dict[str, tuple[str, ...]]


def understand(name: str, reading: Reading, remembered: MappingLookup) -> Understood:
    """Decide the columns and roles of a reading.

    Raises:
        InputError: no participant says anything in it, or a mapping leaves no participant.
    """
    reading, used = read_tables(with_question_names(reading), remembered)
    reading = with_one_label_each(reading)
    part = None if remembered is nothing else speaker_part(name, reading)
    mapping = remembered(part.shape) if part else None
    apart: frozenset[str] = frozenset()
    if part and mapping and ((roles := part.roles(mapping)) != part.guess or mapping.same):
        reading = with_names(reading, merged_names(part, mapping))
        reading, used = _corrected(reading, roles), (*used, mapping)
        apart = frozenset(label for label, role in roles.items() if role == "apart")
        casts = tuple(cast(conversation, roles) for conversation in reading.conversations)
    else:
        casts = tuple(cast(conversation) for conversation in reading.conversations)
    for conversation, speakers in zip(reading.conversations, casts, strict=True):
        asking = frozenset(speakers.interviewers)
        if any(turn.role != "interviewer" and turn.speaker not in asking for turn in conversation.turns):
            return Understood(name=name, reading=reading, casts=casts, used=used, apart=apart)
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


def parts(name: str, reading: Reading, remembered: MappingLookup) -> tuple[MappedPart, ...]:
    """Return the mappable parts of a file: its tables, then the speakers read from them; empty for prose."""
    reading = with_question_names(reading)
    tables = tuple(table_part(table) for table in reading.tables)
    try:
        speakers = speaker_part(name, with_one_label_each(read_tables(reading, remembered)[0]))
    except InputError:  # no table has a column of words yet, so there are no speakers
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


def assemble(
    files: Sequence[Understood], study_id: str, name: str, limits: ReadingLimits, warnings: Sequence[str]
) -> Study:
    """The study of these files, in their order.

    Raises:
        InputError: the study has more words than the limits allow.
    """
    people = People()
    scope = scope_of([cast.participants for file in files for cast in file.casts])
    local = iter(scope.local)
    heard = [_hear(people, file, f"d{number}", local) for number, file in enumerate(files, 1)]
    ids = people.ids()
    doubtful = [warning for file in files for warning in doubts(file.name, file.reading, file.casts)]
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
        segments=tuple(segments),
        warnings=(*warnings, *doubtful, *reach_doubt(scope.guessed), *people.disagreements(ids)),
    )  # fmt: skip


def _hear(people: People, file: Understood, document: str, scopes: Iterator[frozenset[str]]) -> _Heard:
    """Add the speakers of a file to `people`."""
    is_alone = len(file.casts) == 1
    conversations: list[_Spoken] = []
    taken: dict[str, tuple[str, ...]] = {}
    for number, (conversation, speakers) in enumerate(zip(file.reading.conversations, file.casts, strict=True), 1):
        local = document if is_alone else f"{document}.{number}:"
        resolved = people.resolve(conversation, speakers, file.name, local, next(scopes) | file.apart)
        spoken = _Spoken(conversation=conversation, cast=speakers, people=resolved)
        told = dict(conversation.speakers)
        said: dict[str, list[Turn]] = {}
        for turn in conversation.turns:
            if spoken.role(turn) == "participant":
                said.setdefault(resolved.keys[turn.speaker], []).append(turn)
        for key, turns in said.items():
            people.count(key, document, sum(count_words(turn.text) for turn in turns))
            if key == resolved.base or len(said) == 1:
                people.learn(key, conversation.person, file.name)
            for turn in turns:
                if turn.speaker in told:
                    people.learn(key, told.pop(turn.speaker), file.name)
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
            pieces = list(spans(turn.text))
            for part, (start, end) in enumerate(pieces, 1):
                number += 1
                where = turn.where if len(pieces) == 1 else f"{turn.where}, part {part}"
                yield Segment(
                    id=f"{document}.{number}",
                    document=document,
                    participant=participant,
                    role=role,
                    text=turn.text[start:end].strip(),
                    where=where,
                    at=_time_at(turn, start),
                    tags=turn.tags,
                )


def _time_at(turn: Turn, position: int) -> float | None:
    """Seconds at which the words at a position of a turn begin; `None` without times."""
    return next((seconds for start, seconds in reversed(turn.times) if start <= position), None)


def _document(file: Understood, heard: _Heard, document: str, own: Sequence[Segment], ids: dict[str, str]) -> Document:
    notes = [*_cast_notes(heard.conversations, ids), *file.reading.notes]
    for key, facts in list(heard.taken.items())[:_SHOWN]:
        notes.append(f"{listed(facts).capitalize()} of {ids[key]} taken from what they say about themselves.")
    if any(read_label(label).kind == "opaque" for label in _labels(heard.conversations)):
        notes.append("Labels that could identify a person are replaced by numbers of ours (R1, R2, ...).")
    words = sum(count_words(segment.text) for segment in own if segment.role == "participant")
    kind = _kind(file.reading, heard.conversations)
    return Document(
        id=document, name=file.name, kind=kind, words=words, notes=tuple(notes),
        roles=roles_in_words(file.casts), confidence=sureness(file.casts),
    )  # fmt: skip


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


def with_question_names(reading: Reading) -> Reading:
    """The reading with every table under its questions, where the first rows hold them."""
    tables: list[Table] = []
    notes: list[str] = []
    for table in reading.tables:
        rows, names, note = _named(table.rows)
        if names:
            rows = _renamed(rows, names)
            notes.append(note)
        tables.append(Table(name=table.name, rows=tuple(rows)))
    return reading.model_copy(update={"tables": tuple(tables), "notes": (*reading.notes, *notes)}) if notes else reading


def _named(rows: Sequence[Row]) -> tuple[Sequence[Row], dict[str, str], str]:
    """The rows of answers, the question of every column (none: its name stays), and what to say about it."""
    if len(rows) > 2 and any(cell.lstrip().startswith(_IMPORT_ID) for cell in rows[1].cells.values()):
        return (
            rows[2:],
            _questions(rows[0], rows[1]),
            "Three header rows, as Qualtrics writes them: columns bear the questions.",
        )
    if len(rows) > 1 and _is_choice_row(rows[0]):
        return rows[1:], _choices(rows[0]), "Two header rows, as SurveyMonkey writes them: choices follow questions."
    return rows, {}, ""


def _questions(row: Row, import_ids: Row) -> dict[str, str]:
    """Qualtrics: the second row holds the question of every column; one that comes twice keeps its code.

    The third row names the fields of the export, which the second translates, by ids that no language changes.
    """
    texts = {name: tidy(text) or name for name, text in row.cells.items()}
    for name, cell in import_ids.cells.items():
        if (match := _FIELD.search(cell)) and match[1] in _FIELDS:
            texts[name] = _FIELDS[match[1]]
    common = {text for text in texts.values() if list(texts.values()).count(text) > 1}
    return {name: f"{name}: {text}" if text in common else text for name, text in texts.items()}


def _is_choice_row(row: Row) -> bool:
    cells = [cell.strip() for cell in row.cells.values()]
    return not cells[0] and any(cell.casefold() in _OPEN_FIELD for cell in cells)


def _choices(row: Row) -> dict[str, str]:
    """SurveyMonkey: a question stands above its first column only; below it, each column's choice."""
    names: dict[str, str] = {}
    question = ""
    for number, (name, cell) in enumerate(row.cells.items(), 1):
        question = question if name == f"column {number}" and cell.strip() else name
        choice = tidy(cell)
        names[name] = question if not choice or choice.casefold() in _OPEN_FIELD else f"{question}: {choice}"
    return names


def _renamed(rows: Sequence[Row], names: dict[str, str]) -> tuple[Row, ...]:
    if len(set(names.values())) < len(names):
        names = {name: name for name in names}
    return tuple(
        Row(where=row.where, cells={names.get(name, name): cell for name, cell in row.cells.items()}) for row in rows
    )
