"""Guess the role of each column of a table: name of the person, answers, or facts.

Shared by spreadsheets and JSON records. Shapes: one row per answer (participant, question, answer), one row
per turn (speaker, text), one row per person (a column per question), one row per message (tickets).
"""

import re
from collections.abc import Mapping, Sequence

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import ColumnRole, MappedRole
from pipeline.sources.coding_tables import are_files, coded_columns, is_matrix
from pipeline.sources.encoding import tidy
from pipeline.sources.fact_keys import fact_key, is_anothers, plain_key
from pipeline.sources.facts import person_from
from pipeline.sources.labels import is_interviewer, read_label
from pipeline.sources.mapping import MappedPart
from pipeline.sources.reading import Row, Table
from pipeline.sources.segments import count_words
from pipeline.sources.table_words import (
    CUSTOMER_WORDS,
    MAYBE_STAFF_COLUMN,
    MORE_ANSWER,
    MORE_GROUP,
    MORE_PERSON_ID,
    MORE_QUESTION,
    MORE_SPEAKER,
    MORE_WEAK_PERSON_ID,
    STAFF_COLUMN,
    TICKET_KEY,
    TIME_END,
    TIME_START,
)
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
_AGAIN = re.compile(r" \(\d{1,3}\)$")
"""Suffix that `grid` adds to a repeated column name."""
_CLOCK = re.compile(r"\d{1,7}(?:[.,]\d{1,6})?|(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,:]\d{1,3})?")


_ANSWERS = frozenset((*ANSWER, *MORE_ANSWER))
_NEVER_WORDS = frozenset(
    (*PERSON_ID, *MORE_PERSON_ID, *WEAK_PERSON_ID, *MORE_WEAK_PERSON_ID, *GROUP, *MORE_GROUP, *SUBJECT, *NOT_AN_ANSWER)
)
_FACTS_IN_WORDS = frozenset(("age", "gender", "occupation", "location", "country", "experience"))
"""Facts that people may state in a few words, which make their column no answer."""


class Columns(Frozen):
    """Purpose of each column of a table."""

    person: str | None = None
    speaker: str | None = None
    group: str | None = None
    question: str | None = None
    subject: str | None = None
    answers: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Columns with the codes that a researcher gave to the words."""
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
        facts=tuple(named.get("fact", ())), tags=tuple(named.get("tag", ())), ignored=tuple(named.get("ignored", ())),
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


def is_timed(rows: Sequence[Row], columns: Columns) -> bool:
    """Return whether the rows are the cues of one recording: words between two times, without a speaker."""
    if columns.person or columns.speaker or columns.question or columns.group or len(columns.answers) != 1:
        return False
    keys = {plain_key(name): name for name in rows[0].cells}
    start, end = (next((keys[key] for key in keys if key in wanted), None) for wanted in (TIME_START, TIME_END))
    return bool(start and end) and all(
        _CLOCK.fullmatch(row.cells.get(name or "", "").strip()) for row in rows for name in (start, end)
    )


def is_asker(row: Row, columns: Columns) -> bool:
    """Return whether a row is a turn of an interviewer, by the speaker label: not about the participant."""
    return columns.speaker is not None and is_interviewer(tidy(row.cells.get(columns.speaker, "")))


def is_blank(text: str) -> bool:
    """Return whether a cell is blank: empty, or a stand-in such as `n/a`."""
    return len(text) < 20 and text.strip().casefold() in BLANK


def _first(plain: dict[str, str], wanted: Sequence[str]) -> str | None:
    by_key = {key: name for name, key in plain.items()}
    return next((by_key[key] for key in wanted if key in by_key), None)


def _names_speakers(key: str, values: Sequence[str]) -> bool:
    """A `role` column may hold jobs: it names speakers only if every value is a word for a speaker."""
    distinct = set(values[:2000])
    if key.startswith("speaker") or key in MORE_SPEAKER:
        return bool(distinct)
    return bool(distinct) and all(
        read_label(tidy(value)).kind in ("interviewer", "generic", "code") for value in distinct
    )


def _staff_columns(plain: Mapping[str, str], filled: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Columns in which a company answers: by their name, or beside words of customers in a list of tickets."""
    keys = {key for name, key in plain.items() if filled[name]}
    is_tickets = not keys.isdisjoint(CUSTOMER_WORDS) and not set(plain.values()).isdisjoint(TICKET_KEY)
    return frozenset(
        name for name, key in plain.items()
        if key in STAFF_COLUMN or is_anothers(key) or (is_tickets and key in MAYBE_STAFF_COLUMN)
    )  # fmt: skip


def _are_codes(values: Sequence[str]) -> bool:
    """Return whether a column, under any name, holds a distinct code per person, such as `L-07`."""
    if len(values) < 2 or len(set(values)) < len(values):
        return False
    short = [tidy(text) for text in values if len(text) <= 20]
    return len(short) == len(values) and all(
        not label.isdigit() and read_label(label).kind == "code" for label in short
    )


def _is_open(name: str, key: str, values: Sequence[str]) -> bool:
    if not values or key in _NEVER_WORDS or are_files(values):
        return False
    sample = values[:500]
    mean = sum(count_words(text) for text in sample) / len(sample)
    kept = fact_key(name)
    if (kept is None and key) or kept in _FACTS_IN_WORDS:
        return mean >= 4 * MIN_ANSWER_WORDS
    asks = name.rstrip().endswith(("?", "？")) or len(key.split()) >= 4
    return mean >= MIN_ANSWER_WORDS or (asks and mean >= 2 and len(set(sample)) * 2 > len(sample))


def _guess(rows: Sequence[Row], names: Sequence[str]) -> dict[str, ColumnRole]:
    """The role of every column; none is `words` when no column holds any."""
    plain = {name: plain_key(_AGAIN.sub("", name)) for name in reversed(names)}
    filled = {name: [text for row in rows if not is_blank(text := row.cells.get(name, ""))] for name in names}
    if coded := coded_columns(plain, filled):
        return {name: coded[name] for name in names}
    staff = _staff_columns(plain, filled)
    question = _first(plain, (*QUESTION, *MORE_QUESTION))
    speaker = next(
        (
            name
            for name in names
            if plain[name] in (*SPEAKER, *MORE_SPEAKER) and _names_speakers(plain[name], filled[name])
        ),
        None,
    )
    group = _group(plain, filled, len(rows)) if speaker else None
    taken = {question, speaker, group, *staff}
    answers = [name for name in names if plain[name] in _ANSWERS and filled[name] and name not in taken]
    if question is None or not answers:
        answers += [
            name for name in names if name not in (*taken, *answers) and _is_open(name, plain[name], filled[name])
        ]
    if not answers and len(names) == 1:
        answers = list(names)
    if is_matrix(names, filled, len(rows)):
        answers = []
    free = {name: key for name, key in plain.items() if name not in (*answers, *taken)}
    person = _person(free, filled) or next((name for name in free if _are_codes(filled[name])), None)
    if person and not speaker and any(is_interviewer(tidy(value)) for value in set(filled[person])):
        person, speaker = None, person  # the column names the speaker, and the interviewer is one of them
    subject = _first(plain, SUBJECT)
    subject = subject if subject != person and {plain[name] for name in answers} & _ANSWERS else None
    answers = [name for name in answers if name not in (subject, person)]
    group = group or (_first(plain, GROUP) if speaker else None)
    roles: dict[str, ColumnRole] = dict.fromkeys(names, "ignored")
    single: tuple[tuple[str | None, ColumnRole], ...] = (
        (subject, "subject"), (group, "conversation"), (question if answers else None, "question"),
        (person, "participant"), (speaker, "speaker"),
    )  # fmt: skip
    roles.update((name, role) for name, role in single if name is not None)
    roles.update(dict.fromkeys(answers, "words"))
    roles.update(dict.fromkeys(_fact_columns(rows, columns_from(roles)), "fact"))
    return roles


def _person(free: Mapping[str, str], filled: Mapping[str, Sequence[str]]) -> str | None:
    """The column that names whose words a row holds; one that says the same in every row comes last."""
    by_key = {key: name for name, key in free.items()}
    found = [
        by_key[key] for key in (*PERSON_ID, *MORE_PERSON_ID, *WEAK_PERSON_ID, *MORE_WEAK_PERSON_ID) if key in by_key
    ]
    telling = [name for name in found if len(set(filled[name])) != 1 or len(filled[name]) == 1]
    return next(iter((*telling, *found)), None)


def _group(plain: Mapping[str, str], filled: Mapping[str, Sequence[str]], rows: int) -> str | None:
    """The column that says which conversation a turn belongs to: a short value that several rows share."""
    by_key = {key: name for name, key in plain.items()}
    for key in (*GROUP, *MORE_GROUP):
        name = by_key.get(key)
        if name and filled[name] and len(set(filled[name])) < rows and max(map(len, filled[name])) < 120:
            return name
    return None


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
