"""Decide at the server who may upload, before a byte of the file is read.

Streamlit takes uploads from every open connection, also from people who look only or have not signed in, and keeps
them in memory. This gate stands before its endpoint: uploads are off with `--viewer`, and with a sign-in they are open
to analysts only. An analyst is recognised by the signed cookie of the sign-in, which the pages have checked before.
"""

from collections import OrderedDict
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.parts import access
from pipeline.errors import PersonaError

_ENDPOINT = "/_stcore/upload_file/"
_SIGN_IN_COOKIE = "_streamlit_user"
"""Start of the names of the cookies in which Streamlit keeps a sign-in; long ones are split."""
_MOST = 1000
"""Analysts remembered, the last ones; others are remembered again when they open a page."""

_analysts: OrderedDict[str, None] = OrderedDict()
"""Digests of the sign-in cookies of analysts."""


def remember_role(role: access.AccessRole | None) -> None:
    """Open uploads to the user of this session, or close them; called whenever a page is drawn."""
    digest = _digest(dict(st.context.cookies))
    if digest is None:
        return
    _analysts.pop(digest, None)
    if role == "analyst":
        _analysts[digest] = None
        while len(_analysts) > _MOST:
            _analysts.popitem(last=False)


def may_upload(cookies: str) -> bool:
    """Return whether a request may upload.

    Args:
        cookies: its `Cookie` header; empty without one.
    """
    if access.viewer_mode():
        return False
    try:
        if not access.signs_in():
            return True
        sent = SimpleCookie(cookies)
    except (PersonaError, CookieError):
        return False
    return _digest({name: morsel.value for name, morsel in sent.items()}) in _analysts


def _digest(cookies: dict[str, str]) -> str | None:
    """Return a digest of the sign-in in these cookies; `None` without one."""
    parts = sorted((name, value) for name, value in cookies.items() if name.startswith(_SIGN_IN_COOKIE))
    return sha256(repr(parts).encode()).hexdigest() if parts else None


class UploadGate:
    """ASGI middleware that refuses uploads of people who may not upload."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused upload with 403 and leave its body unread; pass on everything else."""
        if scope["type"] == "http" and _ENDPOINT in scope["path"] and scope["method"] != "OPTIONS":
            headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
            if not may_upload(headers.get(b"cookie", "")):
                await PlainTextResponse("Only analysts upload here.", status_code=403)(scope, receive, send)
                return
        await self.app(scope, receive, send)
