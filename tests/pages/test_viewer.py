"""Every page as a viewer sees it, and whoever is not signed in."""

import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.parts import access, ui
from pipeline.cli.main import main
from pipeline.domain.remarks import Remark, Subject
from pipeline.store import Store
from tests.pages.conftest import button, opened
from tests.pages.runs import finished_run

App = Callable[[], AppTest]
CLOSED = (ui.UPLOAD, ui.CONFIGURE, ui.LABEL, ui.CALLS)
OPEN = (ui.RESULTS, ui.RUNS, ui.COMPARE, ui.CALIBRATE, ui.EXPERIMENTS)
CRAFTED = {"resume": "1", "cancel": "1", "delete": "1", "role": "analyst", "viewer": "0", "design": "none"}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AUTH = {"redirect_uri": "http://localhost:8501/oauth2callback", "cookie_secret": "x" * 32, "client_id": "a"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


@pytest.fixture
def viewer(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setattr(sys, "argv", ["app.py", "--viewer"])
    return app


def _fill(database: Path) -> tuple[str, str]:
    """Two runs, a saved comparison and an experiment."""
    runs = (finished_run(database), finished_run(database, quality_threshold=0.99))
    Store(database).save_comparison("Two tariffs", runs, datetime.now(UTC))
    grid = database.parent / "grid.yaml"
    grid.write_text(f"experiment: T\nfrom_drafts: {runs[0]}\ngrid: {{quality_threshold: [0.5, 0.9]}}\n")
    assert main(["experiment", str(grid), "--db", str(database), "--json"]) == 0
    return runs


def _dump(database: Path) -> list[str]:
    with sqlite3.connect(database) as db:
        return list(db.iterdump())


def _open(app: App, page: str, **address: str) -> AppTest:
    opened = app().run()
    opened.switch_page(page)
    for name, value in address.items():
        opened.query_params[name] = value
    return opened.run()


def test_pressing_every_button_of_a_viewer_changes_nothing(viewer: App, database: Path) -> None:
    runs = _fill(database)
    Store(database).add_remark(runs[0], Remark(persona="draft-001", kind="note", words="x", author="A", at=LONG_AGO))
    viewer().run()
    before = _dump(database), database.read_bytes()
    for page in OPEN:
        address = {"run": runs[0], "runs": ",".join(runs), "chosen": runs[0], **CRAFTED}
        shown = _open(viewer, page, **address)
        assert not shown.exception, page
        title = shown.title[0].value
        for number in range(len(shown.button)):
            if number < len(shown.button) and not shown.button[number].disabled:
                shown.button[number].click().run()
                assert not shown.exception, (page, number)
                assert not any("read-only access here. Ask" in error.value for error in shown.error)
            if shown.title[0].value != title:
                shown = _open(viewer, page, **address)
        assert not shown.get("file_uploader")
    assert (_dump(database), database.read_bytes()) == before


def test_a_viewer_comments_where_comments_are_open_and_changes_nothing_else(viewer: App, database: Path) -> None:
    run, other = _fill(database)
    store, subject = Store(database), Subject("run", run)
    assert "Comments" not in [one.label for one in _open(viewer, ui.RESULTS, run=run).expander]
    store.set_open(subject, "comments", LONG_AGO, is_open=True)
    before = [line for line in _dump(database) if 'INTO "comments"' not in line]
    shown = opened(_open(viewer, ui.RESULTS, run=run), "comments")
    next(one for one in shown.text_input if one.label == "Your name").set_value("Rita").run()
    next(one for one in shown.text_area if one.label == "Comment").set_value("**Is** this real?")
    button(shown, "Comment").click().run()
    assert not shown.exception
    assert "\\*\\*Is\\*\\* this real?" in "\n".join(one.value for one in shown.markdown)
    assert [(one.comment.words, one.comment.author) for one in store.comments(subject)] == [
        ("**Is** this real?", "Rita")
    ]
    assert "Readers may comment" not in [one.label for one in shown.toggle]
    assert "Delete" not in [one.label for one in shown.button]
    assert [line for line in _dump(database) if 'INTO "comments"' not in line] == before
    assert "Comments" not in [one.label for one in _open(viewer, ui.RESULTS, run=other).expander]


def test_a_viewer_answers_questions_that_are_open(viewer: App, database: Path) -> None:
    run = finished_run(database)
    store = Store(database)
    assert "Questions to readers" not in [one.label for one in _open(viewer, ui.RESULTS, run=run).expander]
    store.set_open(Subject("run", run), "clarity", LONG_AGO, is_open=True)
    shown = opened(_open(viewer, ui.RESULTS, run=run), "questionnaire")
    first = next(one for one in shown.radio if "easy to understand" in one.label)
    first.set_value(6)
    button(shown, "Send answers").click().run()
    assert not shown.exception
    assert [(one.item, one.value) for one in store.answers(run)] == [("clarity 1", 6)]
    assert "Your answers about this persona are saved." in [one.value.split("Thank you. ")[-1] for one in shown.success]


@pytest.mark.parametrize("page", CLOSED)
def test_a_page_that_writes_says_why_it_is_closed(viewer: App, database: Path, page: str) -> None:
    run = finished_run(database)
    shown = _open(viewer, page, run=run, **CRAFTED)
    assert not shown.exception
    assert "Only analysts upload, run, label or delete" in shown.markdown[0].value
    assert not shown.button
    assert not shown.get("file_uploader")
    assert not shown.text_input


def test_a_run_that_stopped_cannot_be_resumed_or_marked_by_looking_at_it(viewer: App, database: Path) -> None:
    run = finished_run(database)
    with sqlite3.connect(database) as db:
        db.execute("UPDATE runs SET status = 'failed', error = 'odd'")
    viewer().run()
    shown = _open(viewer, ui.RESULTS, run=run, resume="1")
    assert not shown.exception
    assert "Resume" not in [button.label for button in shown.button]
    assert Store(database).run(run).status == "failed"


@pytest.mark.parametrize("page", [*CLOSED, *OPEN])
def test_whoever_is_not_signed_in_sees_the_sign_in_only(app: App, database: Path, page: str) -> None:
    finished_run(database)
    access._SIGNED_IN.clear()
    opened = app()
    opened.secrets["auth"] = AUTH
    opened.secrets["persona"] = {"roles": {"analysts": ["test@example.com"]}}
    opened.run()
    opened.switch_page(page)
    opened.query_params["role"] = "analyst"
    opened.run()
    access._SIGNED_IN.clear()
    assert not opened.exception
    assert [title.value for title in opened.title] == ["Persona"]
    assert [button.label for button in opened.button] == ["Sign in"]


def test_each_identity_provider_has_a_button(app: App) -> None:
    opened = app()
    shared = {"redirect_uri": AUTH["redirect_uri"], "cookie_secret": AUTH["cookie_secret"]}
    opened.secrets["auth"] = {**shared, "microsoft": {"client_id": "a"}, "okta": {"client_id": "b"}}
    opened.run()
    access._SIGNED_IN.clear()
    assert [button.label for button in opened.button] == ["Sign in with microsoft", "Sign in with okta"]


def test_roles_without_a_sign_in_let_nobody_in(app: App) -> None:
    opened = app()
    opened.secrets["persona"] = {"roles": {"viewers": ["@example.org"]}}
    opened.run()
    assert "no [auth] section" in opened.error[0].value.replace("\\", "")
    assert not opened.title


def test_a_server_that_others_reach_without_signing_in_says_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not app().run().warning
    monkeypatch.setattr(access.st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else [])
    assert "spend your money" in app().run().warning[0].value


def test_a_download_is_made_without_asking_who_is_there(
    app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = _fill(database)
    made: dict[str, object] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, **__: made.setdefault(label, data))
    for page in (ui.RESULTS, ui.COMPARE, ui.EXPERIMENTS, ui.CALIBRATE, ui.CALLS):
        shown = app()
        shown.session_state["export"] = True
        shown.query_params["run"], shown.query_params["runs"] = runs[0], ",".join(runs)
        shown.switch_page(page).run()
        assert not shown.exception, page

    def nobody() -> None:
        raise AssertionError("a download is made outside every session")

    monkeypatch.setattr(access, "role", nobody)
    assert {"Report (simulated)", "Bundle for another installation", "JSON", "Attempts as CSV"} <= set(made)
    for data in made.values():
        assert data() if callable(data) else data
