"""Which column of a table names the person, which hold answers, which state facts: the guess, before any correction.

Shared by spreadsheets and JSON records. Shapes: one row per answer (participant, question, answer), one row
per turn (speaker, text), one row per person (a column per question), one row per message (tickets).
"""

from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import ColumnRole, MappedRole
from pipeline.sources.encoding import tidy
from pipeline.sources.facts import fact_key, is_anothers, person_from, plain_key
from pipeline.sources.labels import is_interviewer, read_label
from pipeline.sources.mapping import MappedPart
from pipeline.sources.reading import Row, Table
from pipeline.sources.vocabulary import (
    ANSWER,
    BLANK,
    GROUP,
    NOT_AN_ANSWER,
    PERSON_ID,
    QUESTION,
    SPEAKER,
    SUBJECT,
    WEAK_PERSON_ID,
)

MIN_ANSWER_WORDS = 5
"""Mean words from which a column with any name holds answers rather than facts."""
_SAMPLE_ROWS, _SAMPLE_CHARS = 5, 160


class Columns(Frozen):
    """What each column is for."""

    person: str | None = None
    speaker: str | None = None
    group: str | None = None
    question: str | None = None
    subject: str | None = None
    answers: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def table_part(table: Table) -> MappedPart:
    """The columns of a table, with the role each is recognised in and its first rows."""
    names = table.columns
    sample = tuple(
        tuple(tidy(row.cells.get(name, "")[: 2 * _SAMPLE_CHARS])[:_SAMPLE_CHARS] for name in names)
        for row in table.rows[:_SAMPLE_ROWS]
    )
    return MappedPart(kind="table", title=table.name, names=names, guess=_guess(table.rows, names), sample=sample)


def columns_from(roles: Mapping[str, MappedRole]) -> Columns:
    """The columns with these roles."""
    named: dict[str, list[str]] = {}
    for name, role in roles.items():
        named.setdefault(role, []).append(name)
    first = {role: names[0] for role, names in named.items()}
    return Columns(
        person=first.get("participant"), speaker=first.get("speaker"), group=first.get("conversation"),
        question=first.get("question"), subject=first.get("subject"), answers=tuple(named.get("words", ())),
        facts=tuple(named.get("fact", ())), ignored=tuple(named.get("ignored", ())),
    )  # fmt: skip


def grouped(rows: Sequence[Row], columns: Columns) -> list[list[Row]]:
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


def is_asker(row: Row, columns: Columns) -> bool:
    """Whether a row is a turn of somebody who is an interviewer by name: not about the participant."""
    return columns.speaker is not None and is_interviewer(tidy(row.cells.get(columns.speaker, "")))


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


def _are_codes(values: Sequence[str]) -> bool:
    """Whether a column under any name holds a code of its own for everybody, such as `L-07`."""
    if len(values) < 2 or len(set(values)) < len(values):
        return False
    short = [tidy(text) for text in values if len(text) <= 20]
    return len(short) == len(values) and all(
        not label.isdigit() and read_label(label).kind == "code" for label in short
    )


def _is_open(name: str, key: str, values: Sequence[str]) -> bool:
    if not values or is_anothers(key) or key in (*PERSON_ID, *WEAK_PERSON_ID, *GROUP, *SUBJECT, *NOT_AN_ANSWER):
        return False
    sample = values[:500]
    mean = sum(len(text.split()) for text in sample) / len(sample)
    kept = fact_key(name)
    if kept is None or kept in ("age", "occupation", "location"):
        return mean >= 4 * MIN_ANSWER_WORDS
    asks = name.rstrip().endswith("?") or len(key.split()) >= 4
    return mean >= MIN_ANSWER_WORDS or (asks and mean >= 2 and len(set(sample)) * 2 > len(sample))


def _guess(rows: Sequence[Row], names: Sequence[str]) -> dict[str, ColumnRole]:
    """The role of every column; none is `words` when no column holds any."""
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
    person = _first(free, (*PERSON_ID, *WEAK_PERSON_ID)) or next(
        (name for name in free if _are_codes(filled[name])), None
    )
    if person and not speaker and any(is_interviewer(tidy(value)) for value in set(filled[person])):
        person, speaker = None, person  # the column names whoever speaks, the interviewer among them
    subject = _first(plain, SUBJECT)
    subject = subject if subject != person and {plain[name] for name in answers} & set(ANSWER) else None
    answers = [name for name in answers if name not in (subject, person)]
    group = _first(plain, GROUP) if speaker else None
    roles: dict[str, ColumnRole] = dict.fromkeys(names, "ignored")
    single: tuple[tuple[str | None, ColumnRole], ...] = (
        (subject, "subject"), (group, "conversation"), (question if answers else None, "question"),
        (person, "participant"), (speaker, "speaker"),
    )  # fmt: skip
    roles.update((name, role) for name, role in single if name is not None)
    roles.update(dict.fromkeys(answers, "words"))
    roles.update(dict.fromkeys(_fact_columns(rows, columns_from(roles)), "fact"))
    return roles


def _fact_columns(rows: Sequence[Row], columns: Columns) -> list[str]:
    """Columns without another role whose values are short facts that do not change within a person."""
    kept: list[str] = []
    groups = [[row for row in group if not is_asker(row, columns)] for group in grouped(rows, columns)]
    for name in columns.ignored:
        if fact_key(name) is None:
            if person_from([(name, "x")]).name:
                kept.append(name)
            continue
        values = [
            {text for row in group if (text := row.cells.get(name)) and not is_asker(row, columns)} for group in groups
        ]
        if any(values) and all(len(found) < 2 and all(len(text) <= 200 for text in found) for found in values):
            kept.append(name)
    return kept
