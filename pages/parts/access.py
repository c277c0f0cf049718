"""Who is this, and what may they do? The only place that decides; everything else asks.

An *analyst* may do everything. A *viewer* looks at results, runs, comparisons and calibrations. Whoever opens the app
is an analyst, unless it was started with `-- --viewer`. Where `secrets.toml` has an `[auth]` section, people sign in
through Streamlit, and `[persona.roles]` names who is what; nobody else gets in. In doubt the door stays shut: a
secrets file that cannot be read, or roles without a sign-in, let nobody in.

Loaded before the navigation is known, so it imports nothing heavy.
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import streamlit as st

from pipeline.domain.units import SystemClock
from pipeline.errors import PersonaError

AccessRole = Literal["analyst", "viewer"]

CLOSED = ("Upload", "Configure", "Label", "Calls")
"""Titles of the pages that are for analysts only."""

_LOCAL = ("localhost", "127.0.0.1", "::1")
_KEYS: dict[str, AccessRole] = {"viewers": "viewer", "analysts": "analyst"}
"""What `[persona.roles]` may hold; whoever is named in both lists gets the lesser right, which is the first here."""

_LOOK_AGAIN_S = 1.0
_LOOKED: list[tuple[object, float, dict[str, Any]]] = []
"""The secrets of the last look: whose they are, when that was, and what they hold."""

_SIGNED_IN: set[str] = set()
"""Not empty once this process has seen an `[auth]` section."""

_EXPOSED = (
    "This server can be reached from other machines, and asks nobody to sign in: whoever reaches it {may}. Set up a "
    "sign-in as docs/deployment.md says, or start it with --server.address=localhost."
)


def role() -> AccessRole | None:
    """The role of this session; `None` for nobody we know: not signed in, or without a role.

    Never asked while a download is made, which happens outside every session: where people sign in, nobody is there.

    Raises:
        PersonaError: the secrets file is broken, or contradicts itself.
    """
    known = roles(_section("persona", "roles"))
    if not signs_in():
        if known:
            raise PersonaError(
                "secrets.toml: [persona.roles] names people, but there is no [auth] section, so nobody can sign in "
                "and prove who they are. Add [auth] as docs/deployment.md says, or take the roles away."
            )
        return "viewer" if viewer_mode() else "analyst"
    found = role_of(st.user.to_dict(), known)
    return "viewer" if found and viewer_mode() else found


def is_viewer() -> bool:
    """Whether this session may look only; also where nobody knows who it is."""
    return role() != "analyst"


def viewer_mode() -> bool:
    """Whether the whole server was started for viewers."""
    return "--viewer" in sys.argv[1:]


# --- signing in ------------------------------------------------------------------------------------


def signs_in() -> bool:
    """Whether people sign in here.

    Raises:
        PersonaError: they did since the server was started, and the section is gone: a file that somebody moves or
            saves anew must not open the door to everybody.
    """
    found = bool(_section("auth"))
    if found:
        _SIGNED_IN.add("auth")
    elif _SIGNED_IN:
        raise PersonaError(
            "secrets.toml: its [auth] section is gone, so nobody gets in. Bring it back, or restart the server to do "
            "without a sign-in."
        )
    return found


def providers() -> dict[str | None, str]:
    """The identity providers of `[auth]`, as `st.login` wants them, with the word on their button."""
    section = _section("auth")
    named: dict[str | None, str] = {
        name: f"Sign in with {name}"
        for name, value in section.items()
        if isinstance(value, dict) and name != "client_kwargs"
    }
    return {None: "Sign in"} if "client_id" in section or not named else named


def email() -> str | None:
    """The address that whoever signed in has proved to have; `None` when nobody has."""
    return _email(st.user.to_dict())


def roles(section: Mapping[str, Any]) -> dict[str, AccessRole]:
    """Role by e-mail address or `@domain`, in lower case.

    Args:
        section: `[persona.roles]` of the secrets file; empty when there is none.

    Raises:
        PersonaError: an entry is not a list of addresses and domains.
    """
    unknown = [name for name, entries in section.items() if name not in _KEYS or not isinstance(entries, list)]
    if unknown:
        raise PersonaError(
            f"secrets.toml: [persona.roles] has '{unknown[0]}'. Expected: the lists `analysts` and `viewers`."
        )
    found: dict[str, AccessRole] = {}
    for name, given in _KEYS.items():
        for entry in section.get(name, []):
            if not isinstance(entry, str) or "@" not in entry.strip()[:-1]:
                raise PersonaError(
                    f"secrets.toml: [persona.roles] {name} has '{entry}'. Expected: an e-mail address, or a domain "
                    'with @ before it, as in "@example.org".'
                )
            found.setdefault(entry.strip().lower(), given)
    return found


def role_of(claims: Mapping[str, Any], known: Mapping[str, AccessRole]) -> AccessRole | None:
    """The role of whoever signed in: that of the address, else that of its domain, else none.

    Args:
        claims: of the identity token, with `is_logged_in`. An address that the provider calls unverified proves
            nothing.
        known: from `roles`.
    """
    address = _email(claims)
    if not address:
        return None
    return known.get(address) or known.get(f"@{address.rpartition('@')[2]}")


def _email(claims: Mapping[str, Any]) -> str | None:
    address = claims.get("email")
    if not claims.get("is_logged_in") or not isinstance(address, str) or "@" not in address:
        return None
    # Some providers write the flag as a word, others leave it out.
    return None if str(claims.get("email_verified", True)).lower() == "false" else address.strip().lower()


def _section(*path: str) -> dict[str, Any]:
    """A section of the secrets file; empty where it is not there.

    Raises:
        PersonaError: there is a secrets file, and it cannot be read. Streamlit takes it for absent, which would
            switch the sign-in off.
    """
    found: Any = _secrets()
    for name in path:
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise PersonaError(f"secrets.toml: '{'.'.join(path)}' has to be a section, as in [{'.'.join(path)}].")
    return dict(found)


def _secrets() -> dict[str, Any]:
    """Everything in the secrets file. A page asks for it dozens of times, so it is looked at once a second."""
    now = SystemClock().monotonic()
    for source, looked, found in _LOOKED:
        if source is st.secrets and now - looked < _LOOK_AGAIN_S:
            return found
    found = {}
    if st.secrets.load_if_toml_exists():
        found = st.secrets.to_dict()
    elif broken := next((name for name in st.get_option("secrets.files") if Path(name).exists()), None):
        raise PersonaError(f"{broken}: cannot be read as TOML, so nobody gets in. Mend it, or take it away.")
    _LOOKED[:] = [(st.secrets, now, found)]
    return found


# --- reached from elsewhere ------------------------------------------------------------------------


def sits_here() -> bool:
    """Whether whoever opened the page sits at this machine, as far as can be told.

    Behind a reverse proxy the server itself is bound to this machine; then the address in the browser tells, and so
    does a sign-in.
    """
    visited = urlsplit(st.context.url or "").hostname
    return not signs_in() and _is_local(st.get_option("server.address")) and (visited is None or _is_local(visited))


def exposed() -> str | None:
    """A warning, where other machines reach a server at which nobody signs in; said once on stderr, too."""
    if signs_in() or sits_here():
        return None
    warning = _EXPOSED.format(may="sees every run" if viewer_mode() else "can read all studies and spend your money")
    _tell(warning)
    return warning


def _is_local(address: str | None) -> bool:
    return address is not None and (address in _LOCAL or address.startswith("127."))


@cache
def _tell(warning: str) -> None:
    sys.stderr.write(f"persona: {warning}\n")
