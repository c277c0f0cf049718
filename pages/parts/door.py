"""What stands before the pages: the sign-in, and the reason why a page stays closed."""

import streamlit as st

from pages.parts import access, ui
from pipeline.text.wording import escape_markdown

_LOOKING = {
    ui.RESULTS: ("Results", ":material/groups:", "personas with the evidence beside every claim"),
    ui.RUNS: ("Runs", ":material/list_alt:", "all runs, to search and to open"),
    ui.COMPARE: ("Compare", ":material/compare_arrows:", "what changed between runs, and whether it was worth it"),
    ui.CALIBRATE: ("Calibrate", ":material/speed:", "where the threshold may be put, and what it promises"),
}


def sign_in() -> None:
    """Asks who is there, or says that they have no role."""
    st.title("Persona", anchor=False)
    with st.container(border=True, width=560):
        if st.user.get("is_logged_in"):
            _stranger()
            return
        st.markdown("**Sign in to see studies and runs.**")
        for provider, word in access.providers().items():
            if st.button(escape_markdown(word), type="primary", icon=":material/login:", key=f"sign in {provider}"):
                st.login(provider)
        st.caption("You were given a link? Open it again after signing in.")


def _stranger() -> None:
    who = access.email()
    if who:
        st.markdown(f"**{escape_markdown(who)} has no role here.** Ask whoever runs this server to give you one.")
    else:
        st.markdown(
            "**Your account brings no verified e-mail address**, so nobody can tell who you are. Ask whoever runs this "
            "server, or sign in with another account."
        )
    if st.button("Sign out", icon=":material/logout:"):
        st.logout()


def account() -> None:
    """In the sidebar: whether one may look only, who is signed in, and the way out."""
    with st.sidebar:
        if access.is_viewer():
            st.caption(":material/visibility: You may look, and not change anything.")
        if who := access.email() if access.signs_in() else None:
            st.caption(f":material/person: {escape_markdown(who)}")
            if st.button("Sign out", icon=":material/logout:", type="tertiary"):
                st.logout()


def closed(title: str) -> None:
    """Instead of a page that is for analysts only: why, and what there is to see.

    Args:
        title: of the page.
    """
    # The page that opens first is one of them: there it is a welcome.
    st.title("What there is to see" if title == "Upload" else f"{title} is for analysts", anchor=False)
    with st.container(border=True, width=640):
        st.markdown(
            "You may look at what came of these studies. To upload, run, label or delete, and to read what was sent to "
            "models, is for the people who work with them."
        )
        for page, (word, icon, what) in _LOOKING.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(page, label=word, icon=icon, width="content")
                st.caption(what, width="content")
