"""Column names that are spread over several rows, as survey tools write them.

Qualtrics writes a code, the question and an internal id above each column; SurveyMonkey the question and,
below it, the choice. Either becomes one name: the question as the respondent read it.
"""

from collections.abc import Sequence

from pipeline.sources.encoding import tidy
from pipeline.sources.reading import Reading, Row, Table

_IMPORT_ID = '{"ImportId":'
_OPEN_FIELD = frozenset(("response", "open-ended response"))
"""What SurveyMonkey writes below a question that has no choices."""


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
        return rows[2:], _questions(rows[0]), "Three header rows, as Qualtrics writes them: columns bear the questions."
    if len(rows) > 1 and _is_choice_row(rows[0]):
        return rows[1:], _choices(rows[0]), "Two header rows, as SurveyMonkey writes them: choices follow questions."
    return rows, {}, ""


def _questions(row: Row) -> dict[str, str]:
    """Qualtrics: the second row holds the question of every column; one that comes twice keeps its code."""
    texts = {name: tidy(text) or name for name, text in row.cells.items()}
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
