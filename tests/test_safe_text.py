"""No page shows a text of a file, a model or a user that was not made safe for its place; see `safe_text.py`."""

from pathlib import Path

import pytest

from pipeline.text.wording import file_name
from tests.safe_text import Checker, Finding, markdown_parameters, sources

ROOT = Path(__file__).parents[1]
PAGE = """
import streamlit as st
from functools import partial
from pages.parts import ui
from pipeline.text.wording import count, escape_markdown, file_name, label

WORDS = {{"a": "one"}}

def page(run, runs):
    ui.chip('our own words')
    {}
"""
UI = """
import streamlit as st
from pipeline.text.wording import escape_markdown, label

def chip(text, note=""):
    st.caption(f"{text} {note}")

def safe_name(run):
    return escape_markdown(label(run.name))

def raw_name(run):
    return f"Run {run.name}"
"""


def found(line: str) -> list[Finding]:
    """Check one line on a page."""
    return Checker({"pages.planted": PAGE.format(line), "pages.parts.ui": UI}).findings()


def test_every_text_on_the_pages_is_made_safe_for_its_place() -> None:
    findings = Checker(sources(ROOT)).findings()
    assert not findings, "\n".join(map(str, findings))


@pytest.mark.parametrize(
    "line",
    [
        "st.markdown(run.name)",
        "st.caption(f'Study {run.study_name}')",
        "st.button('Open', help=run.note)",
        "st.text_input(f'About {label(run.name)}')",
        "st.header('**' + run.name + '**')",
        "st.toast(str(run.name))",
        "st.radio('Which', [one.name for one in runs])",
        "st.pills('Which', runs, format_func=lambda one: one.name)",
        "st.segmented_control('Which', runs, format_func=ui.raw_name)",
        "st.selectbox('Which', [one.name for one in runs])",
        "st.multiselect('Which', runs, format_func=lambda one: escape_markdown(one.name))",
        "names = {one.id: one.name for one in runs}; st.selectbox('Which', list(names), format_func=names.__getitem__)",
        "st.expander(run.name)",
        "st.tabs([run.name])",
        "st.metric('Spent', run.spent)",
        "st.page_link('x.py', label=run.name)",
        "st.progress(0.5, text=run.latest)",
        "st.download_button('Get', b'', f'{run.name}.csv')",
        "st.download_button(run.name, b'', 'a.csv')",
        "st.dataframe([], column_config={'a': st.column_config.TextColumn(run.name)})",
        "st.html(f'<b>{run.name}</b>')",
        "left, right = st.columns(2); left.markdown(run.name)",
        "lines = ['a']; lines.append(run.name); st.markdown('\\n'.join(lines))",
        "text = 'a' if run else run.name; st.warning(text)",
        "options = {'help': run.name}; st.button('Open', **options)",
        "ui.chip(run.name)",
        "ui.chip('a', note=run.name)",
        "partial(ui.chip, run.name)()",
        "st.markdown(ui.raw_name(run))",
        "st.dialog(run.name)(page)",
        "st.markdown(f'{run.personas} personas')",
        "st.text_input('Name', placeholder=run.name)",
        "st.set_page_config(page_title=run.name)",
    ],
)
def test_a_text_that_goes_past_the_functions_is_found(line: str) -> None:
    assert found(line)


@pytest.mark.parametrize(
    "line",
    [
        "st.markdown(escape_markdown(run.name))",
        "st.caption(f'{count(run.personas, \"persona\")} at {run.threshold:.2f}, {run.words:,} words')",
        "st.button(WORDS[run.status], help=ui.safe_name(run))",
        "st.radio('Which', [escape_markdown(one.name) for one in runs])",
        "st.pills('Which', runs, format_func=ui.safe_name)",
        "ids = {one.id: label(one.name) for one in runs}; st.selectbox('W', list(ids), format_func=ids.__getitem__)",
        "st.download_button('Get', b'', file_name(f'{run.name}.csv'))",
        "ui.chip(escape_markdown(run.name), 'b')",
        "st.text(run.name)",
        "st.code(run.name)",
        "for key, word in WORDS.items(): st.markdown(f'{key} {word}')",
    ],
)
def test_a_text_that_was_made_safe_is_not_found(line: str) -> None:
    assert not found(line)


def test_a_text_made_safe_for_another_kind_of_place_is_found() -> None:
    assert found("st.markdown(label(run.name))")
    assert found("st.selectbox('Which', runs, format_func=lambda one: escape_markdown(one.name))")
    assert found("st.download_button('Get', b'', label(run.name))")


def test_the_parameters_that_are_markdown_are_read_from_streamlit_itself() -> None:
    assert markdown_parameters("radio") >= {"label", "options", "captions", "help"}
    assert markdown_parameters("metric") >= {"label", "value", "delta", "help"}
    assert markdown_parameters("dialog") == {"title"}
    assert markdown_parameters("table") == {"data"}
    assert "options" not in markdown_parameters("selectbox")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("run-20261130.html", "run-20261130.html"),
        ("../../etc/passwd.html", "_.._etc_passwd.html"),
        ("a\\b:c*?.csv", "a_b_c__.csv"),
        ("\u202egnp.exe", "gnp.exe"),
        (".htaccess", "htaccess"),
        ("Zoë – Ünal.md", "Zoë _ Ünal.md"),
        ("", "persona"),
        ("x" * 300 + ".zip", "x" * 120 + ".zip"),
    ],
)
def test_a_download_has_a_name_that_every_system_takes(given: str, kept: str) -> None:
    assert file_name(given) == kept
