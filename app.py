"""The dashboard: opens the database once and shows one page.

Start with `streamlit run app.py`, or with a database of your own: `streamlit run app.py -- --db FILE`.
"""

from pathlib import Path

import streamlit as st


def main() -> None:
    """One rerun of one browser session."""
    # The width is set, because left to itself it depends on which page a visitor opens first.
    st.set_page_config(page_title="Persona", page_icon="🧭", layout="wide", initial_sidebar_state=240)
    st.logo(str(Path(__file__).parent / "pages" / "logo.svg"))
    page = st.navigation(
        {
            "Work": [
                st.Page("pages/upload.py", title="Upload", icon=":material/upload_file:", default=True),
                st.Page("pages/configure.py", title="Configure", icon=":material/tune:"),
                st.Page("pages/results.py", title="Results", icon=":material/groups:"),
            ],
            "Calibrate": [
                st.Page("pages/calibrate.py", title="Calibrate", icon=":material/speed:"),
                st.Page("pages/label.py", title="Label", icon=":material/checklist:"),
                st.Page("pages/experiments.py", title="Experiments", icon=":material/science:"),
            ],
            "Share": [
                st.Page("pages/runs.py", title="Runs", icon=":material/list_alt:"),
                st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
            ],
            "Inspect": [st.Page("pages/calls.py", title="Calls", icon=":material/receipt_long:")],
        }
    )
    # Imported only now, because it takes a second or two at the server's start: until the navigation is known,
    # the first visitor sees the list of files that Streamlit makes of pages/ by itself.
    from pages import _ui
    from pipeline.errors import PersonaError

    try:
        _ui.services()
        page.run()
    except PersonaError as error:
        _ui.problem(error)
        st.page_link(_ui.UPLOAD, label="Back to Upload", icon=":material/upload_file:")


main()
