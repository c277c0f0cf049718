"""An identity provider on 127.0.0.1 that asks for no password: whoever `person` names is signed in.

Discovery, authorisation with a code, tokens signed with RS256, keys: what Streamlit's sign-in needs of OpenID Connect.
"""

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "persona-tests"


class OpenIdServer:
    """A context manager; set `person` to the claims of whoever signs in next."""

    def __init__(self) -> None:
        self.person: dict[str, object] = {"email": "nobody@example.org"}
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._nonces: dict[str, str] = {}
        """By code: the token has to repeat what the request for it brought."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def root(self) -> str:
        """The issuer."""
        return f"http://localhost:{self._http.server_address[1]}"

    def secrets_file(self, roles: str) -> str:
        """A `secrets.toml` for an app that signs in here.

        Args:
            roles: the lines of `[persona.roles]`.
        """
        return f"""
[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "{secrets.token_hex(16)}"
client_id = "{CLIENT}"
client_secret = "not checked here"
server_metadata_url = "{self.root}/.well-known/openid-configuration"

[persona.roles]
{roles}
"""

    def _metadata(self) -> dict[str, object]:
        return {
            "issuer": self.root,
            "authorization_endpoint": f"{self.root}/authorize",
            "token_endpoint": f"{self.root}/token",
            "jwks_uri": f"{self.root}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _back(self, query: dict[str, str]) -> str:
        """Where the browser goes after somebody has signed in."""
        code = secrets.token_hex(8)
        self._nonces[code] = query["nonce"]
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def _tokens(self, code: str) -> dict[str, object]:
        now = int(time.time())
        claims = {"iss": self.root, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300}
        claims |= {"nonce": self._nonces.pop(code), **self.person}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._key)
        return {"access_token": "unused", "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                match address.path:
                    case "/.well-known/openid-configuration":
                        self._send(provider._metadata())
                    case "/keys":
                        self._send({"keys": [provider._key.as_dict(private=False)]})
                    case "/authorize":
                        self.send_response(302)
                        self.send_header("Location", provider._back(query))
                        self.end_headers()
                    case _:
                        self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._send(provider._tokens(parse_qs(body)["code"][0]))

            def log_message(self, *_: object) -> None:
                pass

            def _send(self, body: object) -> None:
                content = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
