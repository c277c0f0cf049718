"""What a table of ours shows: a page test sees what is sent to the browser, and cannot click in it."""

import json

from streamlit.testing.v1 import AppTest


def sent(page: AppTest) -> dict:
    """Everything that the one table of a page is told."""
    (table,) = page.get("bidi_component")
    return json.loads(table.proto.json)


def column(page: AppTest, title: str) -> list:
    """The cells of a column, from top to bottom."""
    told = sent(page)
    place = [column["title"] for column in told["columns"]].index(title)
    return [row["cells"][place] for row in told["rows"]]
