"""Rows to conversations: which column names the person, which hold answers, which state facts.

Shared by spreadsheets and JSON records. Shapes: one row per answer (participant, question, answer), one row
per turn (speaker, text), one row per person (a column per question), one row per message (tickets).
"""

from collections.abc import Iterator, Sequence

from pipeline.errors import InputError
from pipeline.models import Frozen
from pipeline.sources.encoding import tidy
from pipeline.sources.facts import fact_key, person_from, plain_key
from pipeline.sources.labels import is_interviewer, read_label, spelled
from pipeline.sources.reading import Conversation, Person, Reading, Turn
from pipeline.sources.turns import find_turns, speaker_labels
from pipeline.sources.vocabulary import ANSWER, BLANK, GROUP, PERSON_ID, QUESTION, SPEAKER, SUBJECT, WEAK_PERSON_ID
from pipeline.words import count

MIN_ANSWER_WORDS = 5
"""Mean words from which a column with any name holds answers rather than facts."""


class Row(Frozen):
    """One row of a table, or one flat record."""

    where: str
    """`row 4`, `item 3`, `line 7`."""
    cells: dict[str, str]


class Columns(Frozen):
    """What each column is for."""

    person: str | None = None
    speaker: str | None = None
    group: str | None = None
    question: str | None = None
    subject: str | None = None
    answers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Facts, or left out: decided per column by whether they say something constant about a person."""


def read_rows(rows: Sequence[Row], file: str) -> Reading:
    """Conversations from rows.

    Args:
        rows: at least one; cells tidied or not.
        file: name for errors.

    Raises:
        InputError: no column holds words of a person.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.cells))
    columns = _columns(rows, names)
    if not columns.answers:
        raise InputError(
            f"{file}: no column holds answers in words (found: {', '.join(tidy(name)[:60] for name in names[:8])}). "
            "Add a column such as 'answer' or 'message', or one column per open question."
        )
    groups = _grouped(rows, columns)
    facts, dropped = _fact_columns(groups, columns)
    conversations = tuple(_conversation(group, columns, facts) for group in groups)
    return Reading(
        kind=_kind(columns, groups), conversations=conversations, notes=_notes(rows, columns, facts, dropped)
    )


def _columns(rows: Sequence[Row], names: Sequence[str]) -> Columns:
    plain = {name: plain_key(name) for name in reversed(names)}
    filled = {name: [text for row in rows if not is_blank(text := row.cells.get(name, ""))] for name in names}
    question = _first(plain, QUESTION)
    speaker = next(
        (name for name in names if plain[name] in SPEAKER and _names_speakers(plain[name], filled[name])), None
    )
    taken = {question, speaker}
    answers = [name for name in names if plain[name] in ANSWER and filled[name] and name not in taken]
    if question is None or not answers:
        answers += [
            name for name in names if name not in (*taken, *answers) and _is_open(name, plain[name], filled[name])
        ]
    if not answers and len(names) == 1:
        answers = list(names)
    free = {name: key for name, key in plain.items() if name not in (*answers, *taken)}
    person = _first(free, (*PERSON_ID, *WEAK_PERSON_ID))
    if person and not speaker and any(is_interviewer(tidy(value)) for value in set(filled[person])):
        person, speaker = None, person  # the column names whoever speaks, the interviewer among them
    subject = _first(plain, SUBJECT)
    subject = subject if subject != person and {plain[name] for name in answers} & set(ANSWER) else None
    answers = [name for name in answers if name not in (subject, person)]
    group = _first(plain, GROUP) if speaker else None
    used = {*answers, question, speaker, person, subject, group}
    return Columns(
        person=person,
        speaker=speaker,
        group=group,
        question=question if answers else None,
        subject=subject,
        answers=tuple(name for name in names if name in answers),
        others=tuple(name for name in names if name not in used),
    )


def is_blank(text: str) -> bool:
    """Whether a cell says nothing: empty, or a stand-in such as `n/a`."""
    return len(text) < 20 and text.strip().casefold() in BLANK


def _first(plain: dict[str, str], wanted: Sequence[str]) -> str | None:
    by_key = {key: name for name, key in plain.items()}
    return next((by_key[key] for key in wanted if key in by_key), None)


def _names_speakers(key: str, values: Sequence[str]) -> bool:
    """A `role` column may hold jobs: it names speakers only if every value is a word for a speaker."""
    distinct = set(values[:2000])
    if key.startswith("speaker"):
        return bool(distinct)
    return bool(distinct) and all(
        read_label(tidy(value)).kind in ("interviewer", "generic", "code") for value in distinct
    )


def _is_open(name: str, key: str, values: Sequence[str]) -> bool:
    if not values or key in (*PERSON_ID, *WEAK_PERSON_ID, *GROUP, *SUBJECT):
        return False
    sample = values[:500]
    mean = sum(len(text.split()) for text in sample) / len(sample)
    kept = fact_key(name)
    if kept is None or kept in ("age", "occupation", "location"):
        return mean >= 4 * MIN_ANSWER_WORDS
    asks = name.rstrip().endswith("?") or len(key.split()) >= 4
    return mean >= MIN_ANSWER_WORDS or (asks and mean >= 2 and len(set(sample)) * 2 > len(sample))


def _grouped(rows: Sequence[Row], columns: Columns) -> list[list[Row]]:
    """Rows that belong to one conversation, in order of first appearance."""
    by_key: dict[str, list[Row]] = {}
    questions = [row.cells.get(columns.question, "") for row in rows] if columns.question else []
    is_one_interview = bool(columns.speaker) or (bool(questions) and len(set(questions)) == len(questions))
    for number, row in enumerate(rows):
        label = tidy(row.cells.get(columns.group or columns.person or "", ""))
        if label:
            key = label if columns.group else read_label(label).key
        else:
            key = "" if is_one_interview else f"row {number}"
        by_key.setdefault(key, []).append(row)
    return list(by_key.values())


def _fact_columns(groups: Sequence[Sequence[Row]], columns: Columns) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns whose values are short facts that do not change within a person, and those that are not."""
    kept: list[str] = []
    for name in columns.others:
        if fact_key(name) is None:
            if person_from([(name, "x")]).name:
                kept.append(name)
            continue
        values = [{row.cells[name] for row in group if row.cells.get(name)} for group in groups]
        if any(values) and all(len(found) < 2 and all(len(text) <= 200 for text in found) for found in values):
            kept.append(name)
    return tuple(kept), tuple(name for name in columns.others if name not in kept)


def _conversation(group: Sequence[Row], columns: Columns, facts: Sequence[str]) -> Conversation:
    first: dict[str, str] = {}
    for row in group:
        for name in facts:
            if not is_blank(row.cells.get(name, "")):
                first.setdefault(name, tidy(row.cells[name]))
    stated = person_from(first)
    label = tidy(group[0].cells.get(columns.person, "")) if columns.person else ""
    person = Person(
        label=spelled(label, plain_key(columns.person or "x").split()[0]) or None,
        name=stated.name,
        facts=stated.facts,
    )
    return Conversation(person=person, turns=tuple(turn for row in group for turn in _turns(row, columns)))


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
        yield from cell_turns(text, where, speaker or None)


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
    if columns.question:
        return "questions and answers"
    if columns.subject or (columns.person and any(len(group) > 1 for group in groups)):
        return "messages" if not columns.subject else "support tickets"
    return "wide survey" if len(columns.answers) > 1 else "list of answers"


def _notes(rows: Sequence[Row], columns: Columns, facts: Sequence[str], dropped: Sequence[str]) -> tuple[str, ...]:
    empty = sum(is_blank(row.cells.get(name, "")) for row in rows for name in columns.answers)
    person = f"people from {_quoted([columns.person])}" if columns.person else "no column names the person"
    notes = [f"{count(len(rows), 'row')}; answers from {_quoted(columns.answers)}; {person}."]
    if facts:
        notes.append(f"Kept as facts: {_quoted(facts)}.")
    if dropped:
        notes.append(f"Left out, as not about a person: {_quoted(dropped)}.")
    if empty:
        notes.append(f"{count(empty, 'empty cell')} skipped.")
    return tuple(notes)


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{tidy(name)[:60]}"' for name in names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")
