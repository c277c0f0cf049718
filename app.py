"""The dashboard: opens the database once and shows one page.

Start with `streamlit run app.py`, or with a database of your own: `streamlit run app.py -- --db FILE`.
"""

import streamlit as st

from pages import _ui
from pipeline.errors import PersonaError


def main() -> None:
    """One rerun of one browser session."""
    # A narrow sidebar leaves the width to the tables on a small screen. Pixels.
    st.set_page_config(page_title="Persona", page_icon="🧭", layout="wide", initial_sidebar_state=220)
    st.logo(str(_ui.LOGO))
    page = st.navigation(
        {
            "Work": [
                st.Page(_ui.UPLOAD, title="Upload", icon=":material/upload_file:", default=True),
                st.Page(_ui.CONFIGURE, title="Configure", icon=":material/tune:"),
                st.Page(_ui.RESULTS, title="Results", icon=":material/groups:"),
            ],
            "Share": [st.Page(_ui.RUNS, title="Runs", icon=":material/list_alt:")],
        }
    )
    try:
        _ui.services()
        page.run()
    except PersonaError as error:
        _ui.problem(error)


main()
