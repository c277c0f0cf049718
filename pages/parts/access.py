"""Decide who the user is and what they may do; no other place decides it.

An *analyst* may do everything. A *viewer* looks at results, runs, comparisons and calibrations. Every user is an
analyst, unless the app was started with `-- --viewer`. Where `secrets.toml` has an `[auth]` section, users sign in
through Streamlit, and `[persona.roles]` assigns the roles; all others are refused. In doubt access is refused: with a
secrets file that cannot be read, or roles without a sign-in, for all.

Loaded before the navigation is known, so it imports nothing heavy.
"""

import sys
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import streamlit as st

from pipeline.domain.units import SystemClock
from pipeline.errors import PersonaError

AccessRole = Literal["analyst", "viewer"]

CLOSED = ("Upload", "Configure", "Label", "Calls")
"""Titles of the pages that are for analysts only."""

_PROXY_PREFIXES = ("x-forwarded", "x-original-", "cf-")
_PROXY_HEADERS = ("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip")
"""Headers that proxies add and browsers do not."""

_KEYS: dict[str, AccessRole] = {"viewers": "viewer", "analysts": "analyst"}
"""Keys of `[persona.roles]`; an entry in both lists gets the lesser role, which is the first here."""

_LOOK_AGAIN_S = 1.0
_LOOKED: list[tuple[object, float, dict[str, Any]]] = []
"""Cache of the secrets: their source, the time of reading in seconds, and their content."""

_SIGNED_IN: set[str] = set()
"""Not empty once this process has seen an `[auth]` section."""

_EXPOSED = (
    "This server can be reached from other machines without a sign-in: everyone who reaches it {may}. Set up a "
    "sign-in as in docs/deployment.md, or start it with --server.address=localhost."
)


def role() -> AccessRole | None:
    """Return the role of this session; `None` for a user who is not signed in or has no role.

    Not to be called while a download is built: that happens outside any session, where no user is signed in.

    Raises:
        PersonaError: the secrets file is broken, or contradicts itself.
    """
    known = roles(_section("persona", "roles"))
    if not signs_in():
        if known:
            raise PersonaError(
                "secrets.toml: [persona.roles] names people, but there is no [auth] section for their sign-in. Add "
                "[auth] as in docs/deployment.md, or remove the roles."
            )
        return "viewer" if viewer_mode() else "analyst"
    found = role_of(st.user.to_dict(), known)
    return "viewer" if found and viewer_mode() else found


def is_viewer() -> bool:
    """Return whether this session is view-only; an unknown user's is."""
    return role() != "analyst"


def viewer_mode() -> bool:
    """Return whether the server was started for viewers."""
    return "--viewer" in sys.argv[1:]


# --- signing in ------------------------------------------------------------------------------------


def signs_in() -> bool:
    """Return whether users sign in to this server.

    Raises:
        PersonaError: the section has disappeared since the server was started: moving or rewriting the file must
            not give access to all.
    """
    found = bool(_section("auth"))
    if found:
        _SIGNED_IN.add("auth")
    elif _SIGNED_IN:
        raise PersonaError(
            "secrets.toml: its [auth] section is gone, so access is refused. Restore it, or restart the server to run "
            "without a sign-in."
        )
    return found


def identity_providers() -> dict[str | None, str]:
    """Return the identity providers of `[auth]`, as `st.login` expects them, with their button labels."""
    section = _section("auth")
    named: dict[str | None, str] = {
        name: f"Sign in with {name}"
        for name, value in section.items()
        if isinstance(value, dict) and name != "client_kwargs"
    }
    return {None: "Sign in"} if "client_id" in section or not named else named


def email() -> str | None:
    """Return the verified e-mail address of the signed-in user; `None` without one."""
    return _email(st.user.to_dict())


def author(typed: object, otherwise: str = "analyst") -> str:
    """Return the name written beside what a user changes or says: the signed-in address, else the typed name."""
    return (email() if signs_in() else "") or str(typed or "").strip() or otherwise


def roles(section: Mapping[str, Any]) -> dict[str, AccessRole]:
    """Return the role of each e-mail address or `@domain`, in lower case.

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
    """Return the role of a signed-in user: that of the address, else that of its domain, else `None`.

    Args:
        claims: of the identity token, with `is_logged_in`. An address marked as unverified counts as none.
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
    """Return a section of the secrets file; empty when missing.

    Raises:
        PersonaError: the secrets file exists but cannot be read. Streamlit treats it as missing, which would switch
            the sign-in off.
    """
    found: Any = _secrets()
    for name in path:
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise PersonaError(f"secrets.toml: '{'.'.join(path)}' has to be a section, as in [{'.'.join(path)}].")
    return dict(found)


def _secrets() -> dict[str, Any]:
    """Return the content of the secrets file, read at most once a second: a page asks for it dozens of times."""
    now = SystemClock().monotonic()
    for source, looked, found in _LOOKED:
        if source is st.secrets and now - looked < _LOOK_AGAIN_S:
            return found
    found = {}
    if st.secrets.load_if_toml_exists():
        found = st.secrets.to_dict()
    elif broken := next((name for name in st.get_option("secrets.files") if Path(name).exists()), None):
        raise PersonaError(f"{broken}: cannot be read as TOML, so access is refused. Correct the file, or remove it.")
    _LOOKED[:] = [(st.secrets, now, found)]
    return found


# --- reached from elsewhere ------------------------------------------------------------------------


def sits_here() -> bool:
    """Return whether the user sits at this machine, by what the server knows and no visitor can claim.

    A server with a sign-in, for viewers, bound to another address or with a public address in its settings is reached
    by others: there no user counts as sitting here. A header of a proxy, whatever its value, means that the request
    has come from elsewhere. The address that the browser states can only take the right away.
    """
    return not viewer_mode() and _is_private()


def _is_private() -> bool:
    """Return whether this server and this connection are of this machine only."""
    bound, public = st.get_option("server.address"), st.get_option("browser.serverAddress")
    if signs_in() or not _is_local(bound) or not _is_local(public or bound):
        return False
    visited = urlsplit(st.context.url or "").hostname
    return comes_from_here(st.context.ip_address, st.context.headers.to_dict()) and _is_local(visited or bound)


def comes_from_here(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Return whether a connection was opened on this machine, and not by a proxy.

    Args:
        peer: address at the other end of the connection; `None` for this machine.
        headers: of the request that opened it. None at all means that there is no connection, as in tests: one cannot
            be opened without.
    """
    if not headers:
        return True
    named = {name.lower(): value for name, value in headers.items()}
    if any(name.startswith(_PROXY_PREFIXES) or name in _PROXY_HEADERS for name in named):
        return False
    # A page of another site whose name was pointed at this machine states that name here.
    host = urlsplit(f"//{named.get('host', '')}").hostname
    return (peer is None or _is_local(peer)) and _is_local(host)


def exposure_warning() -> str | None:
    """Return a warning when other machines reach a server without sign-in, and write it to stderr once."""
    if signs_in() or _is_private():
        return None
    warning = _EXPOSED.format(may="sees every run" if viewer_mode() else "can read all studies and spend your money")
    _warn_once(warning)
    return warning


def _is_local(address: str | None) -> bool:
    if not address:
        return False
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a name, and any name but this one may point anywhere: 127.0.0.1.example.org
        return address.lower() == "localhost"


@cache
def _warn_once(warning: str) -> None:
    sys.stderr.write(f"persona: {warning}\n")
