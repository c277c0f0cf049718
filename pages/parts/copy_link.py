"""A button that copies the address of what a page shows, for a colleague who can open this app."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

_HERE = Path(__file__).parent
_BUTTON = st.components.v2.component(
    "persona_copy_link",
    html='<div class="persona-link"><button type="button">Copy link</button><input readonly hidden '
    'aria-label="Link"><output></output></div>',
    css=(_HERE / "copy_link.css").read_text(encoding="utf-8"),
    js=(_HERE / "copy_link.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def copy_link(query: Mapping[str, str], *, key: str) -> None:
    """Draw the button.

    Args:
        query: parameters of the address of this page, without what only the present reader has chosen.
        key: of the widget, unique on the page.
    """
    _BUTTON(data={"query": urlencode(query, safe=",")}, key=key, width="content")
