"""Tables: one with a selection mark per row, drawn in the browser, and one as Markdown.

Streamlit's own table paints on a canvas, which costs a fifth of a second for each row chosen and which no screen
reader can enter; `docs/decisions/0007-one-table-is-our-own.md` has the figures. Rows are identified by id, never by
position. Text is inert: `table.js` only sets it as text, and a cell copied into a spreadsheet stays text. A table as
Markdown can be read aloud, copied and printed, and costs the browser one element.
"""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from pipeline.text.spreadsheet import inert_cell
from pipeline.text.wording import MISSING, label

_SHOWN_KEY = "list_shown"
"""Session key of the selection shown last."""
_MOST_DIGITS = 7

_HERE = Path(__file__).parent
_TABLE = st.components.v2.component(
    "persona_table",
    html='<div class="persona-table"><table><colgroup></colgroup><thead></thead><tbody></tbody></table></div>',
    css=(_HERE / "table.css").read_text(encoding="utf-8"),
    js=(_HERE / "table.js").read_text(encoding="utf-8"),
    # Beside the app's own elements: it takes their fonts, and tools that examine a page look into it.
    isolate_styles=False,
)

_MINUS = "−\u2060"
"""A minus sign without a line break after it."""


class TableColumn(NamedTuple):
    """A column; the first one of a table names its rows and stays in sight."""

    title: str
    width: int | None = None
    """In pixels; `None` takes what the others leave, and one column of each table should."""
    help: str = ""
    is_number: bool = False
    """Aligned at the right, digits of one width."""
    orders: tuple[str, ...] = ()
    """Orders that a click on its head chooses, a second click the second; empty where it does not sort."""


class Bars(NamedTuple):
    """A cell with a little bar chart, starting at zero."""

    values: Sequence[int]
    words: str
    """Its content in words, for screen readers."""


class TableRow(NamedTuple):
    """A row; untrusted texts are shortened and made harmless here."""

    id: str
    name: str
    """Label of its mark: "Mark <name>"."""
    cells: Sequence[str | Bars]
    """One per column; an empty text becomes a dash."""


def table(
    columns: Sequence[TableColumn],
    rows: Sequence[TableRow],
    *,
    key: str,
    marked: Sequence[str],
    several: bool,
    alt: str,
    tallest: int | None = None,
    order: str = "",
    descending: Sequence[str] = (),
    on_sort: Callable[[str], None] | None = None,
    on_open: Callable[[str], None] | None = None,
) -> list[str]:
    """Draw a table; returns the ids of the rows that are marked now, in the order in which they were marked.

    Args:
        columns: from left to right.
        rows: from top to bottom; their ids are unique.
        key: of the widget; the table keeps its place in the browser while only the rows change.
        marked: ids of the rows that were marked before. Those that are not among the rows stay marked.
        several: whether any number of rows can be marked, or one.
        alt: what the table is about, in words.
        tallest: rows visible before the table scrolls; `None` shows all of them.
        order: the present order of the rows.
        descending: the orders that go from high to low, which the heads show.
        on_sort: called before the rerun with the order that a head has chosen.
        on_open: called with the id of a row that was clicked beside its mark; without it a click marks the row.
    """
    turn = f"{key} turn"
    result = _TABLE(
        data={
            "columns": [column._asdict() for column in columns],
            "rows": [
                {"id": row.id, "name": label(row.name), "cells": [_cell(cell) for cell in row.cells]} for row in rows
            ],
            "marked": list(marked),
            "several": several,
            "alt": alt,
            "tallest": tallest,
            # The last marks known here: the browser keeps those that were set since.
            "turn": st.session_state.get(turn, 0),
            "order": order,
            "descending": list(descending),
            "opens": on_open is not None,
        },
        key=key,
        on_marked_change=lambda: None,
        on_opened_change=lambda: None,
        on_sorted_change=lambda: _sorted(key, on_sort),
    )
    if on_open and (opened := result.get("opened")):
        on_open(str(opened))
    said = result.get("marked")
    if not said:
        return list(marked)
    st.session_state[turn] = said["turn"]
    return [str(one) for one in said["ids"]]


def _sorted(key: str, on_sort: Callable[[str], None] | None) -> None:
    chosen = st.session_state[key].get("sorted")
    if on_sort and chosen:
        on_sort(str(chosen))


def shown_page(selection: Hashable, otherwise: int = 1) -> int:
    """Return the current page of a list, from 1; it may be past the last one.

    Args:
        selection: what is listed, on all of its pages. The page of the address counts only for the first selection
            that a session sees, because page 3 of another selection is another page.
        otherwise: the default page.
    """
    key = _page_key(selection)
    if key in st.session_state:
        return int(st.session_state[key])
    asked = st.query_params.get("page", "") if st.session_state.get(_SHOWN_KEY, key) == key else ""
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < _MOST_DIGITS else otherwise


def page_turner(selection: Hashable, page: int, pages: int) -> None:
    """Draw the page chooser of a list with several pages, and put the current page into the address."""
    key = _page_key(selection)
    if pages > 1:
        st.pagination(pages, default=page, key=key)
    st.session_state[_SHOWN_KEY] = key
    keep_in_address("page", str(page) if page > 1 else "")


def keep_in_address(name: str, value: str) -> None:
    """Put a value into the address; an empty one removes the parameter."""
    if not value:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def _page_key(selection: Hashable) -> str:
    return f"page {hash(selection)}"


def _cell(cell: str | Bars) -> object:
    if isinstance(cell, Bars):
        return cell._asdict() if any(cell.values) else MISSING
    return inert_cell(label(cell, 120)) or MISSING


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table; its cells are Markdown, already escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("−", _MINUS)
