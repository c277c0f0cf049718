"""Export labels as CSV, and import them.

An exported file goes back into the design that it names. Any other file names its drafts and becomes a design of its
own kind: those drafts were not drawn here, so their labels certify nothing.
"""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from pydantic import ValidationError

from pipeline.calibration.drift import setup_of
from pipeline.calibration.labels import why_labels_do_not_apply
from pipeline.calibration.pooled_drafts import pool_drafts
from pipeline.domain.base import Frozen
from pipeline.domain.config import explain_validation
from pipeline.domain.labels import (
    Design,
    DesignSettings,
    DraftKey,
    Label,
    LabelledText,
    LabelSet,
    StoredDesign,
    Task,
    Verdict,
)
from pipeline.domain.scores import RunScores
from pipeline.domain.units import MICROS
from pipeline.errors import InputError
from pipeline.sources.encoding import decode, tidy
from pipeline.sources.reading import ReadingLimits, SourceFile

_VERDICTS = {"1": "acceptable", "0": "unacceptable", **{verdict: verdict for verdict in get_args(Verdict)}}
_LIMITS = ReadingLimits(
    max_file_bytes=5_000_000, max_text_chars=5_000_000, max_lines=100_000, max_columns=200, max_rows=20_000
)
"""Limits of a label file: enough for four raters of the largest run (500 personas)."""
_LONGEST_NUMBER = 10
_UNNAMED = "somebody else"
"""Rater of a file that names none."""
_COLUMNS = ["design", "place", "run", "draft", "text", "purpose", "rater", "verdict", "note", "labelled_at"]


class LabelRow(Frozen):
    """One label in a file."""

    line: int
    design: str
    """Id of the design it names; empty without one."""
    place: int | None
    run_id: str
    """Empty when the file names none."""
    draft_id: str
    text: str
    label: Label
    """Its place is 0 until a design assigns one."""


class LabelFile(Frozen):
    """A parsed file of labels, not yet saved."""

    name: str
    rows: tuple[LabelRow, ...]

    @property
    def design_id(self) -> str | None:
        """The one design that every row names, with places; `None` for labels made elsewhere."""
        named = {row.design if row.place is not None else "" for row in self.rows}
        return next(iter(named)) or None if len(named) == 1 else None


class MadeElsewhere(Frozen):
    """Labels of a file without a known design, as a design of their own kind."""

    design: Design
    labels: tuple[Label, ...]


def export_labels(stored: StoredDesign, labels: Sequence[Label]) -> str:
    """Write one row per label, in the order in which they were made, safe to open in a spreadsheet."""
    import pandas as pd

    from pipeline.text.spreadsheet import csv_text

    tasks = {task.place: task for task in stored.design.tasks}
    rows = [
        (
            *(stored.id, task.place, task.run_id, task.draft_id, task.text, task.purpose),
            *(label.rater, label.verdict, label.note, label.labelled_at.isoformat()),
        )
        for label in labels
        if (task := tasks.get(label.place))
    ]
    return csv_text(pd.DataFrame(rows, columns=_COLUMNS))


def export_cases(runs: Sequence[RunScores], labels: LabelSet) -> str:
    """Write one row per kept draft with score, costs and the label that counts, for `persona calibrate --csv`.

    Labels from below the floor are left out, because a table cannot mark them as not randomly drawn.

    Raises:
        InputError: the labels belong to other runs.
    """
    import pandas as pd

    from pipeline.text.spreadsheet import csv_text

    reasons = why_labels_do_not_apply(labels, {run.id: setup_of(run) for run in runs})
    if reasons:
        raise InputError(f"The labels of {labels.design.name} do not apply here. {' '.join(reasons)}")
    pool = pool_drafts(runs, labels=labels)
    cases = pool.cases
    frame = pd.DataFrame(pool.keys, columns=["run", "draft"]).assign(
        score=cases.score,
        label=cases.label,
        frontier_label=cases.frontier_label,
        local_cost=cases.local_micros / MICROS,
        frontier_cost=cases.frontier_micros / MICROS,
        cluster=cases.cluster,
    )
    return csv_text(frame.astype({"label": "Int64", "frontier_label": "Int64"}))


def read_labels(file: SourceFile, now: datetime) -> LabelFile:
    """Read labels from a CSV file with the columns `draft` and `verdict` (or `label`, 1 or 0); others are optional.

    Args:
        file: as uploaded.
        now: the time given to labels without one.

    Raises:
        InputError: the file is no such table; names the line and what was expected.
    """
    _LIMITS.check_size(file.name, len(file.data))
    text = decode(file, _LIMITS).text.lstrip("\n")
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=header.count), strict=True)
    rows: list[LabelRow] = []
    try:
        if len(reader.fieldnames or ()) > _LIMITS.max_columns:
            raise InputError(f"{file.name} line 1: more than {_LIMITS.max_columns} columns. Keep those of the labels.")
        reader.fieldnames = [tidy(name).lower() for name in reader.fieldnames or ()]
        said = next((name for name in ("verdict", "label") if name in reader.fieldnames), None)
        if "draft" not in reader.fieldnames or said is None:
            raise InputError(
                f"{file.name} line 1: found the columns {', '.join(reader.fieldnames)[:200]}. Needed are `draft` (the"
                " id of the draft) and `verdict` (acceptable, unacceptable, unsure) or `label` (1 or 0)."
            )
        for cells in reader:
            where = f"{file.name} line {reader.line_num}"
            if None in cells or None in cells.values():
                raise InputError(f"{where}: another number of fields than the header has. Export the table again.")
            if len(rows) == _LIMITS.max_rows:
                raise InputError(f"{where}: more than {_LIMITS.max_rows:,} labels. Split the file.")
            if str(cells[said]).strip():
                rows.append(_row(where, reader.line_num, {name: tidy(cell) for name, cell in cells.items()}, said, now))
    except csv.Error as error:
        raise InputError(
            f"{file.name} line {reader.line_num}: not a readable row ({error}). Export it again."
        ) from error
    if not rows:
        raise InputError(f"{file.name}: holds no label. Fill in the column `{said}`, and try again.")
    return LabelFile(name=file.name, rows=tuple(rows))


def _row(where: str, line: int, cells: dict[str, str], said: str, now: datetime) -> LabelRow:
    verdict, text = _VERDICTS.get(cells[said].lower()), cells.get("text", "") or "draft"
    if verdict is None:
        wanted = "acceptable, unacceptable or unsure" if said == "verdict" else "1 or 0"
        raise InputError(f"{where}, column {said}: found {cells[said][:60]!r}, expected {wanted}, or nothing.")
    if text not in get_args(LabelledText):
        raise InputError(f"{where}, column text: found {text[:60]!r}, expected draft or frontier, or nothing.")
    if not cells["draft"]:
        raise InputError(f"{where}, column draft: empty. Say which draft this is the label of.")
    place = cells.get("place", "")
    if place and not (place.isdecimal() and len(place) < _LONGEST_NUMBER):
        raise InputError(f"{where}, column place: found {place[:60]!r}, expected a whole number, or nothing.")
    label = {
        "place": 0,
        "rater": _unquoted(cells.get("rater", "")) or _UNNAMED,
        "verdict": verdict,
        "note": _unquoted(cells.get("note", "")),
        "labelled_at": cells.get("labelled_at") or now,
    }
    try:
        return LabelRow(
            line=line,
            design=cells.get("design", ""),
            place=int(place) if place else None,
            run_id=cells.get("run", ""),
            draft_id=cells["draft"],
            text=text,
            label=Label.model_validate(label),
        )
    except ValidationError as error:
        raise InputError(f"{where}: {explain_validation(error)}") from error


def _unquoted(cell: str) -> str:
    """Strip the apostrophe that keeps a spreadsheet from reading a cell as a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and not cell[1].isalnum() else cell


def new_labels(file: LabelFile, stored: StoredDesign, known: Sequence[Label]) -> tuple[Label, ...]:
    """Return the labels of a file that its design does not have yet.

    Raises:
        InputError: a row does not fit the design, or contradicts a saved label.
    """
    tasks = {task.place: task for task in stored.design.tasks}
    there = {(label.place, label.rater): label.verdict for label in known}
    new = []
    for row in file.rows:
        task = tasks.get(row.place if row.place is not None else -1)
        where = f"{file.name} line {row.line}"
        if row.design != stored.id or task is None or (row.draft_id, row.text) != (task.draft_id, task.text):
            raise InputError(f"{where}: no text of the design {stored.id}. Take the file in as labels made elsewhere.")
        label = row.label.model_copy(update={"place": task.place})
        before = there.setdefault((label.place, label.rater), label.verdict)
        if before != label.verdict:
            raise InputError(
                f"{where}: {label.rater} called this text {before} already, and here {label.verdict}. Keep one of them."
            )
        new.append(label)
    written = {(label.place, label.rater) for label in known}
    return tuple(label for label in new if (label.place, label.rater) not in written)


def made_elsewhere(file: LabelFile, runs: Sequence[RunScores]) -> MadeElsewhere:
    """Turn the labels of a file into a design of its own, which certifies nothing.

    Args:
        file: names drafts, and runs where there are several.
        runs: of one study, which the drafts belong to.

    Raises:
        InputError: a draft is in none of the runs, or is labelled twice by one rater.
    """
    drafts = {DraftKey(run.id, draft.id): draft for run in runs for draft in run.drafts}
    refined = {key for key, draft in drafts.items() if draft.outcome == "refined"}
    tasks: dict[tuple[DraftKey, str], Task] = {}
    labels: dict[tuple[int, str], Label] = {}
    for row in file.rows:
        key = DraftKey(row.run_id or (runs[0].id if len(runs) == 1 else ""), row.draft_id)
        where = f"{file.name} line {row.line}"
        if key not in (refined if row.text == "frontier" else drafts):
            raise InputError(
                f"{where}: no {row.text} '{key.draft_id[:60]}' in {key.run_id[:60] or 'a run that is named'}. Choose"
                " the run that it belongs to, or correct the columns run and draft."
            )
        same = {"run_id": key.run_id, "draft_id": key.draft_id, "text": row.text, "purpose": "elsewhere"}
        task = tasks.setdefault((key, row.text), Task.model_validate({"place": len(tasks), **same}))
        if (task.place, row.label.rater) in labels:
            raise InputError(f"{where}: {row.label.rater} has already labelled this text. Keep one of them.")
        labels[task.place, row.label.rater] = row.label.model_copy(update={"place": task.place})
    scores = [draft.overall for draft in drafts.values() if draft.overall is not None]
    design = Design(
        settings=DesignSettings(labels=len(tasks), floor_percentile=0, below_share=0, twice_share=0),
        setup=setup_of(next(run for run in runs if run.id == next(iter(tasks.values())).run_id)),
        floor=min(scores, default=0.0),
        drafts=len(scores),
        eligible=len(scores),
        tasks=tuple(tasks.values()),
    )
    return MadeElsewhere(design=design, labels=tuple(labels.values()))
