"""Personas as a flat table, for boards and design tools (Miro, FigJam, Figma plug-ins, Notion): one row per statement.

The columns are documented field by field in `docs/handing-over.md` and do not change without a new schema name.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.results.report.brand import initials, persona_color
from pipeline.results.report.claims import report_personas
from pipeline.text.spreadsheet import csv_text

COLUMNS: dict[str, str] = {
    "persona_id": "Id of the persona within its run; the same in every export.",
    "persona": "Name of the persona.",
    "initials": "Up to two letters for an avatar.",
    "color": "Colour of the persona, `#RRGGBB`; the same as on slides.",
    "who": "Occupation, age and location, as far as they are stated.",
    "tagline": "One line about the persona.",
    "score": "Overall score of the persona, 0 to 1; empty without one.",
    "outcome": "Outcome of its draft, in words.",
    "edited": "Number of changes by people and who made them; empty for a text as the run delivered it.",
    "simulated": "`true` if the text comes from the simulated frontier.",
    "participants": "Ids of the participants whom it stands for, separated by spaces.",
    "list": "`Goals`, `Pain points`, `Behaviours`, `Motivations`, `Quotes` or `Facts`.",
    "statement": "Words of the statement. Quotes are left out with the words of the study.",
    "mark": "`supported`, `weak`, `not_found` or `unscored`.",
    "support": "Support of the statement by the study, 0 to 1; empty without one.",
    "people": "How many participants say so on their own, in words.",
    "pinned": "`true` if a person pinned the statement.",
    "source": "Speaker, document and place; empty without the words of the study.",
    "source_quote": "The best source sentences; empty without the words of the study.",
}
"""Columns in order, each with its meaning."""


def card_rows(run: RunRecord, study: Study, *, with_source: bool = False) -> list[dict[str, Any]]:
    """Return one row per statement of every persona shown, with the keys of `COLUMNS`."""
    return list(_rows(run, study, with_source))


def cards_csv(run: RunRecord, study: Study, *, with_source: bool = False) -> str:
    """Return the rows as CSV that is safe to open in a spreadsheet."""
    return csv_text(pd.DataFrame(card_rows(run, study, with_source=with_source), columns=list(COLUMNS)))


def cards_document(run: RunRecord, study: Study, *, with_source: bool = False) -> dict[str, Any]:
    """Return the `persona.cards/1` document: the run, and the rows grouped by persona."""
    personas: dict[str, dict[str, Any]] = {}
    own = ("list", "statement", "mark", "support", "people", "pinned", "source", "source_quote")
    for row in card_rows(run, study, with_source=with_source):
        known = personas.setdefault(
            row["persona_id"], {key: row[key] for key in COLUMNS if key not in own} | {"statements": []}
        )
        known["statements"].append({key: row[key] for key in own})
    return {
        "schema": "persona.cards/1",
        "run_id": run.id,
        "name": run.name,
        "study": run.study_name,
        "simulated": run.simulated,
        "personas": list(personas.values()),
    }


def _rows(run: RunRecord, study: Study, with_source: bool) -> Iterator[dict[str, Any]]:
    for place, one in enumerate(report_personas(run, study, with_source=with_source)):
        head = {
            "persona_id": one.draft_id,
            "persona": one.name,
            "initials": initials(one.name),
            "color": f"#{persona_color(place)}",
            "who": one.who,
            "tagline": one.tagline,
            "score": _number(one.scores[0][1]),
            "outcome": one.outcome,
            "edited": one.edited,
            "simulated": one.simulated,
            "participants": " ".join(one.drawn_from),
        }
        for group in one.groups:
            for claim in group.claims:
                yield {
                    **head,
                    "list": group.title,
                    "statement": claim.text,
                    "mark": claim.mark,
                    "support": _number(claim.support),
                    "people": claim.people,
                    "pinned": claim.pinned,
                    "source": claim.source or "",
                    "source_quote": claim.quote or "" if claim.source else "",
                }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
