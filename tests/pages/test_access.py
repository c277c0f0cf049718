"""Roles from the claims of an identity token and the entries of the secrets file."""

import os
from pathlib import Path

import pytest

from pages.parts import access
from pipeline.cli.main import main
from pipeline.errors import PersonaError

KNOWN = access.roles(
    {
        "analysts": ["Ana@Example.org ", "@lab.example"],
        "viewers": ["@example.org", "intern@lab.example", "@lab.example"],
    }
)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"email": "ana@example.org"}, "analyst"),
        ({"email": "ANA@EXAMPLE.ORG", "email_verified": True}, "analyst"),
        ({"email": "ben@example.org"}, "viewer"),
        ({"email": "intern@lab.example"}, "viewer"),
        ({"email": "both@lab.example"}, "viewer"),
        ({"email": "ana@example.org", "email_verified": False}, None),
        ({"email": "ana@example.org", "email_verified": "false"}, None),
        ({"email": "ana@example.org", "is_logged_in": False}, None),
        ({"email": "x@sub.example.org"}, None),
        ({"email": "x@example.org.evil"}, None),
        ({"email": "x@evil@elsewhere"}, None),
        ({"email": "example.org"}, None),
        ({"email": "@"}, None),
        ({"email": ["ana@example.org"]}, None),
        ({"name": "ana@example.org"}, None),
        ({}, None),
    ],
)
def test_the_role_is_that_of_the_address_then_of_its_domain_and_never_of_a_guess(
    claims: dict[str, object], role: str | None
) -> None:
    assert access.role_of({"is_logged_in": True, **claims}, KNOWN) == role


def test_without_entries_nobody_gets_in() -> None:
    assert access.role_of({"is_logged_in": True, "email": "ana@example.org"}, access.roles({})) is None


@pytest.mark.parametrize(
    "section",
    [
        {"admins": ["ana@example.org"]},
        {"viewers": "ana@example.org"},
        {"viewers": ["example.org"]},
        {"viewers": [7]},
        {"viewers": ["@"]},
        {"analysts": ["x@"]},
        {"analysts": [""]},
    ],
)
def test_an_entry_that_nobody_understands_lets_nobody_in(section: dict[str, object]) -> None:
    with pytest.raises(PersonaError, match=r"secrets\.toml: \[persona\.roles\]"):
        access.roles(section)


@pytest.mark.parametrize("given", [["--viewer"], ["--", "--viewer"], ["--", "--server.port=1", "--viewer"]])
def test_the_command_takes_viewer_before_and_after_the_dashes(
    given: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[list[str]] = []

    def replace_process(_: str, command: list[str]) -> None:
        started.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", replace_process)
    monkeypatch.setattr(os, "chdir", lambda _: None)
    with pytest.raises(SystemExit):
        main(["app", "--db", str(tmp_path / "x.db"), *given])
    streamlit, own = started[0][: started[0].index("--")], started[0][started[0].index("--") + 1 :]
    assert "--viewer" not in streamlit
    assert own[-1] == "--viewer"


BROWSER = {"Host": "localhost:8501", "Upgrade": "websocket", "Origin": "http://localhost:8501"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST:1", "127.3.4.5"]
)
def test_a_browser_of_this_machine_comes_from_here(host: str) -> None:
    assert access.comes_from_here(None, {**BROWSER, "Host": host})


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.7", {}),
        ("192.0.2.7", {"X-Forwarded-For": "127.0.0.1"}),
        ("::ffff:192.0.2.7", {}),
        (None, {"X-Forwarded-For": "127.0.0.1"}),
        (None, {"x-forwarded-host": "localhost"}),
        (None, {"X-Forwarded-Proto": "https"}),
        (None, {"Forwarded": "for=127.0.0.1"}),
        (None, {"Via": "1.1 caddy"}),
        (None, {"X-Real-IP": "127.0.0.1"}),
        (None, {"CF-Connecting-IP": "127.0.0.1"}),
        (None, {"Host": "persona.example.org"}),
        (None, {"Host": "127.0.0.1.example.org"}),
        (None, {"Host": "localhost.example.org:8501"}),
        (None, {"Host": "localhost@example.org"}),
        (None, {"Host": "192.0.2.1"}),
        (None, {"Host": ""}),
    ],
)
def test_what_a_client_or_its_proxy_states_never_makes_it_sit_here(peer: str | None, headers: dict[str, str]) -> None:
    assert not access.comes_from_here(peer, {**BROWSER, **headers})


@pytest.mark.parametrize(
    ("option", "value"),
    [("server.address", "0.0.0.0"), ("server.address", None), ("browser.serverAddress", "a.example")],
)
def test_at_a_server_that_others_reach_no_user_sits_here(
    option: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {"server.address": "localhost", "browser.serverAddress": None}
    monkeypatch.setattr(access, "signs_in", lambda: False)
    monkeypatch.setattr(access.st, "get_option", usual.__getitem__)
    assert access.sits_here()
    monkeypatch.setattr(access.st, "get_option", {**usual, option: value}.__getitem__)
    assert not access.sits_here()


def test_for_viewers_and_with_a_sign_in_no_user_sits_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access.st, "get_option", {"server.address": "localhost", "browser.serverAddress": None}.get)
    monkeypatch.setattr(access, "signs_in", lambda: True)
    assert not access.sits_here()
    monkeypatch.setattr(access, "signs_in", lambda: False)
    monkeypatch.setattr(access, "viewer_mode", lambda: True)
    assert not access.sits_here()
