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
