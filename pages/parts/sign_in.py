"""The sign-in before the pages, and the notice in place of a closed page."""

import streamlit as st

from pages.parts import access, ui
from pipeline.text.wording import escape_markdown

_LOOKING = {
    ui.RESULTS: ("Results", ":material/groups:", "personas with the evidence beside every claim"),
    ui.RUNS: ("Runs", ":material/list_alt:", "all runs, to search and to open"),
    ui.COMPARE: ("Compare", ":material/compare_arrows:", "what changed between runs, and whether it was worth it"),
    ui.CALIBRATE: ("Calibrate", ":material/speed:", "where to put the threshold, and what it promises"),
}


def sign_in() -> None:
    """Draw the sign-in, or say that the user has no role."""
    st.title("Persona", anchor=False)
    with st.container(border=True, width=560):
        if st.user.get("is_logged_in"):
            _stranger()
            return
        st.markdown("**Sign in to see studies and runs.**")
        for provider, word in access.identity_providers().items():
            if st.button(escape_markdown(word), type="primary", icon=":material/login:", key=f"sign in {provider}"):
                st.login(provider)
        st.caption("Did you follow a link? Open it again after signing in.")


def _stranger() -> None:
    who = access.email()
    if who:
        st.markdown(f"**{escape_markdown(who)} has no role here.** Ask the administrator of this server for one.")
    else:
        st.markdown(
            "**Your account has no verified e-mail address**, so you cannot be identified. Ask the administrator of "
            "this server, or sign in with another account."
        )
    if st.button("Sign out", icon=":material/logout:"):
        st.logout()


def account() -> None:
    """Show in the sidebar that a user is viewing, who is signed in, and the sign-out button."""
    with st.sidebar:
        if access.is_viewer():
            st.caption(":material/visibility: You are viewing.")
        if who := access.email() if access.signs_in() else None:
            st.caption(f":material/person: {escape_markdown(who)}")
            if st.button("Sign out", icon=":material/logout:", type="tertiary"):
                st.logout()


def closed_page(title: str) -> None:
    """Explain why a page is closed to viewers, and link to the open ones.

    Args:
        title: of the page.
    """
    st.title(f"{escape_markdown(title)} is for analysts", anchor=False)
    with st.container(border=True, width=640):
        st.markdown(
            "You are viewing. Only analysts upload, run, label or delete, and read what was sent to models: ask one of "
            "your team for changes. You can open:"
        )
        for page, (word, icon, what) in _LOOKING.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(page, label=word, icon=icon, width="content")
                st.caption(what, width="content")
