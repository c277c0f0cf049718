"""Run the dashboard: open the database once and show one page.

Start with `streamlit run app.py`, or with a database of your own: `streamlit run app.py -- --db FILE`. With
`-- --viewer` the app is read-only.

Streamlit runs this file as the script of each session. Before that it imports it once and finds `app`, the server: the
same as Streamlit's own, with a gate before uploads.
"""

from pathlib import Path
from typing import Literal

import streamlit as st
from starlette.middleware import Middleware

from pages.parts import access, uploads
from pages.parts.opening import opening
from pipeline.errors import PersonaError


def main() -> None:
    """Handle one rerun of one browser session."""
    # Set the width: by default it depends on the page that a visitor opens first.
    st.set_page_config(page_title="Persona", page_icon="🧭", layout="wide", initial_sidebar_state=240)
    st.logo(str(Path(__file__).parent / "pages" / "logo.svg"))
    st.html(Path(__file__).parent / "pages" / "style.css")
    broken: PersonaError | None = None
    try:
        role = access.role()
    except PersonaError as error:
        role, broken = None, error
    uploads.remember_role(role)
    page = st.navigation(_pages(role), position="sidebar" if role else "hidden")
    with opening(page.title):
        _show(page, role, broken)


def _show(page: st.Page, role: access.AccessRole | None, broken: PersonaError | None) -> None:
    """Show a page, or why there is none."""
    # Imported late, because it takes a second or two at the server's start: until the navigation is known, the
    # first visitor sees Streamlit's own list of the files in pages/.
    from pages.parts import sign_in, ui

    if broken:
        ui.problem(broken)
        return
    if role is None:
        sign_in.sign_in()
        return
    if warning := access.exposure_warning():
        st.warning(warning, icon=":material/lock_open:")
    sign_in.account()
    try:
        if role == "viewer" and page.title in access.CLOSED:
            sign_in.closed_page(page.title)
            return
        ui.services()
        with ui.in_app():
            page.run()
    except PersonaError as error:
        ui.problem(error)
        st.page_link(ui.START, label="Back to Start", icon=":material/arrow_back:")


def _pages(role: access.AccessRole | None) -> dict[str, list[st.Page]]:
    """Return all pages by section; pages closed to a role are hidden, so that links to them can say why."""

    def page(name: str, title: str, icon: str, *, default: bool = False) -> st.Page:
        shown: Literal["visible", "hidden"] = "hidden" if role != "analyst" and title in access.CLOSED else "visible"
        path, picture = f"pages/{name}.py", f":material/{icon}:"
        return st.Page(path, title=title, icon=picture, default=default, visibility=shown)

    return {
        "Work": [
            page("start", "Start", "home", default=True),
            page("upload", "Upload", "upload_file"),
            page("configure", "Configure", "tune"),
            page("results", "Results", "groups"),
        ],
        "Calibrate": [
            page("calibrate", "Calibrate", "speed"),
            page("label", "Label", "checklist"),
            page("experiments", "Experiments", "science"),
        ],
        "Share": [page("runs", "Runs", "list_alt"), page("compare", "Compare", "compare_arrows")],
        "Inspect": [page("calls", "Calls", "receipt_long")],
    }


if __name__ == "__main__":
    main()
else:
    app = st.App(__file__, middleware=[Middleware(uploads.UploadGate)])
