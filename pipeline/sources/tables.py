"""Turn table rows into conversations, by the role of each column.

A loader hands its rows over as they are; they are understood here, later, so that a mapping corrected by hand can
take the place of the guess, whatever the format.
"""

import re
from collections.abc import Iterator, Sequence

from pipeline.domain.mapping import StudyMapping
from pipeline.errors import InputError
from pipeline.sources.coding_tables import document_label, is_matrix
from pipeline.sources.columns import Columns, columns_from, grouped, is_asker, is_blank, is_timed, table_part
from pipeline.sources.encoding import tidy
from pipeline.sources.fact_keys import fact_key, is_fact, plain_key
from pipeline.sources.facts import person_from
from pipeline.sources.formats._cues import Cue, joined_cues, monologue
from pipeline.sources.formats.subtitles import labelled_cues
from pipeline.sources.formats.text import find_turns, speaker_labels
from pipeline.sources.labels import spelled
from pipeline.sources.mapping import MappingLookup
from pipeline.sources.reading import Conversation, Person, Reading, Row, Table, Turn
from pipeline.sources.vocabulary import ANSWER_KIND, RATING
from pipeline.text.wording import count

_COMMENT = re.compile(r"\s*\d[^;\n]{5,30};(?P<author>[^;\n]{1,60});(?=\s*\S)")
"""Format of a Jira comment: date, author, text."""


def read_tables(reading: Reading, remembered: MappingLookup) -> tuple[Reading, tuple[StudyMapping, ...]]:
    """The reading with its tables turned into conversations, and the mappings that changed how.

    Raises:
        InputError: there is nothing but tables, and none of them holds words of a person.
    """
    if not reading.tables:
        return reading, ()
    read: list[Reading] = []
    used: list[StudyMapping] = []
    refused: list[InputError] = []
    for table in reading.tables:
        part = table_part(table)
        mapping = remembered(part.shape)
        try:
            roles = part.roles(mapping)
            read.append(_read_table(table, columns_from(roles)))
        except InputError as error:
            refused.append(error)
            continue
        if mapping and roles != part.guess:
            used.append(mapping)
    if refused and not read and not reading.conversations:
        raise refused[0]
    return _merged(reading, read, refused, used), tuple(used)


def _merged(
    reading: Reading, read: Sequence[Reading], refused: Sequence[InputError], used: Sequence[StudyMapping]
) -> Reading:
    kinds = dict.fromkeys([*([reading.kind] if reading.conversations else []), *(own.kind for own in read)])
    notes = [
        *reading.notes,
        *(note for own in read for note in own.notes),
        *(f"Left out: {error}" for error in refused),
    ]
    if used:
        notes.append("Columns are read as corrected by hand, like every file with the same columns.")
    conversations = (*reading.conversations, *(talk for own in read for talk in own.conversations))
    return Reading(kind=", ".join(kinds), conversations=conversations, people=reading.people, notes=tuple(notes))


def _read_table(table: Table, columns: Columns) -> Reading:
    if not columns.answers and _is_matrix(table):
        raise InputError(
            f"{table.name}: holds titles and numbers, as a matrix of codes does, and no words of anybody. "
            "Export the coded passages (segments, quotations) instead."
        )
    if not columns.answers:
        found = ", ".join(tidy(name)[:60] for name in table.columns[:8])
        raise InputError(
            f"{table.name}: no column holds answers in words (found: {found}). "
            "Add a column such as 'answer' or 'message', or one column per open question."
        )
    if is_timed(table.rows, columns):
        return _recording(table, columns)
    groups = grouped(table.rows, columns)
    conversations = tuple(_conversation(group, columns) for group in groups)
    return Reading(kind=_kind(columns, groups), conversations=conversations, notes=_notes(table.rows, columns))


def _is_matrix(table: Table) -> bool:
    filled = {name: [text for row in table.rows if (text := row.cells.get(name, ""))] for name in table.columns}
    return is_matrix(table.columns, filled, len(table.rows))


def _recording(table: Table, columns: Columns) -> Reading:
    """The cues of a recording, joined to turns of some sentences."""
    cues = [
        Cue(start=f"row {number}", text=text)
        for number, row in enumerate(table.rows, 2) if (text := tidy(row.cells.get(columns.answers[0], "")))
    ]  # fmt: skip
    labelled = labelled_cues(cues)
    turns = joined_cues(labelled) if any(cue.speaker for cue in labelled) else monologue(cues)
    turns = tuple(turn.model_copy(update={"where": turn.where.removeprefix("at ")}) for turn in turns)
    kind = "transcript" if turns and turns[0].speaker else "subtitles without speaker labels"
    note = f"{count(len(cues), 'row')} between two times each, joined to {count(len(turns), 'turn')}."
    return Reading(kind=kind, conversations=(Conversation(turns=turns),), notes=(note,))


def _conversation(group: Sequence[Row], columns: Columns) -> Conversation:
    first: dict[str, str] = {}
    own = [row for row in group if not is_asker(row, columns)] or group
    for row in own:
        for name in columns.facts:
            if not is_blank(row.cells.get(name, "")):
                first.setdefault(name, tidy(row.cells[name]))
    stated = person_from(first)
    # Only a hand can have chosen a column as a fact whose name says nothing about a person.
    chosen = {name.casefold(): value for name, value in first.items() if _is_unusual(name) and is_fact(value)}
    label = tidy(own[0].cells.get(columns.person, "")) if columns.person else ""
    label = document_label(label) if columns.tags and label else label
    person = Person(
        label=spelled(label, (plain_key(columns.person or "") or "x").split()[0]) or None,
        name=stated.name,
        facts={**chosen, **stated.facts},
    )
    return Conversation(person=person, turns=tuple(turn for row in group for turn in _turns(row, columns)))


def _is_unusual(name: str) -> bool:
    return fact_key(name) is None and not person_from([(name, "x")]).name


def _turns(row: Row, columns: Columns) -> Iterator[Turn]:
    asked = tidy(row.cells.get(columns.question, "")) if columns.question else ""
    if not is_blank(asked) and not all(is_blank(row.cells.get(name, "")) for name in columns.answers):
        yield Turn(text=asked, where=f'{row.where}, "{columns.question}"', role="interviewer")
    speaker = tidy(row.cells.get(columns.speaker, "")) if columns.speaker else ""
    for name in columns.answers:
        text = row.cells.get(name, "")
        if is_blank(text):
            continue
        where = f'{row.where}, "{tidy(name)[:80]}"'
        if columns.subject and not is_blank(subject := row.cells.get(columns.subject, "")):
            where += f', {plain_key(columns.subject)} "{tidy(subject)[:60]}"'
        if comment := _COMMENT.match(text):
            author, text = tidy(comment["author"]), text[comment.end() :]
            if columns.person and author.casefold() != tidy(row.cells.get(columns.person, "")).casefold():
                yield Turn(text=tidy(text), where=where, role="interviewer")
                continue
        tags = tuple(tidy(row.cells[code]) for code in columns.tags if not is_blank(row.cells.get(code, "")))
        for turn in cell_turns(text, where, speaker or None):
            yield turn.model_copy(update={"tags": tags}) if tags else turn


def cell_turns(text: str, where: str, speaker: str | None) -> Iterator[Turn]:
    """The turns in one cell: usually one, but a cell may hold a whole conversation with speaker labels."""
    if text.count("\n") > 1 and speaker is None:
        lines = [tidy(line) for line in text.split("\n")]
        labels = speaker_labels(lines)
        if len(labels) > 1:
            for turn in find_turns(lines, labels).turns:
                yield turn.model_copy(update={"where": f"{where}, {turn.where}"})
            return
    if plain := tidy(text):
        yield Turn(text=plain, where=where, speaker=speaker)


def _kind(columns: Columns, groups: Sequence[Sequence[Row]]) -> str:
    if columns.speaker:
        return "transcript table"
    if columns.tags:
        return "coded passages"
    if columns.question:
        return "questions and answers"
    if kinds := [ANSWER_KIND[plain] for name in columns.answers if (plain := plain_key(name)) in ANSWER_KIND]:
        return kinds[0]
    if any(plain_key(name) in RATING for name in (*columns.facts, *columns.ignored)):
        return "reviews"
    if columns.subject or (columns.person and any(len(group) > 1 for group in groups)):
        return "messages" if not columns.subject else "support tickets"
    return "wide survey" if len(columns.answers) > 1 else "list of answers"


def _notes(rows: Sequence[Row], columns: Columns) -> tuple[str, ...]:
    empty = sum(is_blank(row.cells.get(name, "")) for row in rows for name in columns.answers)
    person = f"people from {_quoted([columns.person])}" if columns.person else "no column names the person"
    notes = [f"{count(len(rows), 'row')}; answers from {_quoted(columns.answers)}; {person}."]
    if columns.tags:
        notes.append(f"Every document is a person; kept as codes of the words: {_quoted(columns.tags)}.")
    if columns.facts:
        notes.append(f"Kept as facts: {_quoted(columns.facts)}.")
    if columns.ignored:
        notes.append(f"Left out, as not about a person: {_quoted(columns.ignored)}.")
    if empty:
        notes.append(f"{count(empty, 'empty cell')} skipped.")
    return tuple(notes)


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{tidy(name)[:60]}"' for name in names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")
