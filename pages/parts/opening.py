"""Say that a page is being opened, until its header is drawn.

The first visit to a page imports what it needs, which takes a second or more; Streamlit has cleared the page before.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

import streamlit as st

from pipeline.text.wording import escape_markdown

_SHOWN_KEY = "page_shown"
"""Session key of the page shown last."""

_close: ContextVar[Callable[[], None] | None] = ContextVar("close", default=None)


@contextmanager
def opening(title: str) -> Iterator[None]:
    """Show that a page is being opened, where another one was shown before; until `opened`, or the end of the block.

    Args:
        title: of the page; our own words.
    """
    # There in each rerun, so that what follows keeps its place.
    place = st.container()
    with ExitStack() as stack:
        if st.session_state.get(_SHOWN_KEY) != title:
            with place:
                stack.enter_context(st.spinner(f"Opening {escape_markdown(title)} …"))
        token = _close.set(stack.close)
        try:
            yield
        finally:
            _close.reset(token)
    st.session_state[_SHOWN_KEY] = title


def opened() -> None:
    """End the message: the page's own header is there."""
    if close := _close.get():
        close()
