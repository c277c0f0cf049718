"""The settings on Configure as a file: for the command line, for colleagues, for the record; out and in."""

import streamlit as st

from pages.parts import ui
from pipeline.domain.config import HybridConfig, parse_config_text
from pipeline.errors import ConfigError

OPENED_KEY, PASTED_KEY, PROBLEM_KEY = "yaml", "pasted_yaml", "import_problem"


def is_pasted() -> bool:
    """Whether there is pasted text that has not become the settings yet."""
    return bool(st.session_state.get(PASTED_KEY, "").strip())


def show(config: HybridConfig) -> None:
    """Both ways, made only while they are open."""
    opened = st.expander("Configuration as YAML", icon=":material/code:", on_change="rerun", key=OPENED_KEY)
    with opened:
        if not opened.open:
            return
        sides = st.grid(2, min_column_width=330, gap="medium")
        with sides.cell():
            st.markdown("**Export**")
            text = config.to_yaml()
            st.download_button(
                "Download", text, "persona.yaml", "application/yaml", icon=":material/download:", on_click="ignore"
            )
            st.code(text, language="yaml", height=320)
        with sides.cell():
            st.markdown("**Import**")
            uploaded = st.file_uploader("A YAML file with a `hybrid:` block", type=["yaml", "yml"])
            pasted = st.text_area(
                "or paste it here",
                height=200,
                placeholder="hybrid:\n  quality_threshold: 0.8",
                key=PASTED_KEY,
                persist_state="session",
            )
            text = uploaded.getvalue().decode("utf-8-sig", "replace") if uploaded else pasted
            where = uploaded.name if uploaded else "Pasted text"
            st.button(
                "Use these settings",
                disabled=not text.strip(),
                help=None if text.strip() else "Choose a file or paste text first.",
                on_click=take_over,
                args=(text, where),
            )
            if error := st.session_state.pop(PROBLEM_KEY, None):
                ui.problem(error)


def take_over(text: str, where: str) -> None:
    """Replace all settings with those of a YAML text, or leave word of why not."""
    try:
        config = parse_config_text(text, where)
    except ConfigError as error:
        st.session_state[PROBLEM_KEY] = str(error)
        return
    ui.use_config(config)
    st.session_state[PASTED_KEY] = ""
