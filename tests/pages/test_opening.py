"""What stands on a page until its header is drawn."""

from unittest.mock import patch

import streamlit as st
from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from pages.parts.opening import opened, opening

    with opening(st.session_state["page"]):
        opened()
        st.title("Header")


def spinners_shown(page: AppTest, title: str) -> list[str]:
    """Run the script for a page, and return the texts of the spinners that it began."""
    texts: list[str] = []
    begin = st.spinner

    def spinner(text: str) -> object:
        texts.append(text)
        return begin(text)

    page.session_state["page"] = title
    with patch.object(st, "spinner", spinner):
        page.run()
    assert not page.exception
    return texts


def test_a_page_says_that_it_opens_the_first_time_and_not_at_each_click_on_it() -> None:
    page = AppTest.from_function(script)
    assert spinners_shown(page, "Runs") == ["Opening Runs …"]
    assert spinners_shown(page, "Runs") == []
    assert spinners_shown(page, "Calls") == ["Opening Calls …"]
    assert [title.value for title in page.title] == ["Header"]
