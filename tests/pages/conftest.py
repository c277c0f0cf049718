"""The app under test: the real pages over a real database in a temporary folder."""

import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pipeline.store import Store
from tests.pages.runs import save_study

ROOT = Path(__file__).parents[2]

App = Callable[[], AppTest]
"""Opens the app in a new browser session."""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """Opens the app in a new browser session; all of one test share one database."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setenv("PERSONA_DB", str(tmp_path / "persona.db"))
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    # Nothing listens on port 1: a model server of this machine must not answer to a test.
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    # Streamlit reads the metadata of each installed package for components, anew in each session: a third of the time
    # of these tests. No package here has one.
    monkeypatch.setattr(importlib.metadata, "distributions", lambda **_: iter(()))
    st.cache_resource.clear()
    st.cache_data.clear()
    return lambda: AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The database of the app with one small study, so that the larger example is not read."""
    kept = Store(tmp_path / "persona.db")
    save_study(kept)
    return kept


def words(page: AppTest) -> str:
    """What is told on a page, without the backslashes that keep it from being markup."""
    kinds = ("markdown", "caption", "error", "warning")
    return "\n".join(str(item.value) for kind in kinds for item in page.get(kind)).replace("\\", "")


def button(page: AppTest, label: str) -> Any:
    """The first button with this label."""
    return next(found for found in page.button if found.label.replace("\\", "") == label)


def opened(page: AppTest, *keys: str) -> AppTest:
    """The page with popovers and expanders opened that are empty while they are closed."""
    for key in keys:
        page.session_state[key] = True
    return page.run()


def on_upload(app: App) -> AppTest:
    """The page Upload in a new browser session."""
    return app().switch_page("pages/upload.py").run()
