"""The upload endpoint of a running server: raw requests of people who may not upload, and pages of those who may."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import Visitor, serve

pytestmark = pytest.mark.slow  # a server of its own

FILE = {
    "name": "P1.txt",
    "mimeType": "text/plain",
    "buffer": b"Interviewer: Why?\nP1: Because the bill comes too late.",
}
REFUSED = "Only analysts upload here."


def put(url: str, body: bytes | None = None, *, cookie: str = "", method: str = "PUT", says: int = 0) -> str:
    """Send a raw upload; the answer, which comes before the body where `says` bytes never follow."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.putrequest(method, parts.path)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(says or len(body or b"")))
    if cookie:
        connection.putheader("Cookie", cookie)
    connection.endheaders(None if says else body)
    return connection.getresponse().read().decode()


def part(size: int) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\n\r\n'
    return head + b"a" * size + b"\r\n--x--\r\n"


def uploaded_to(visitor: Visitor) -> str:
    """Upload a file on the page of an analyst; the address that it was sent to."""
    visitor.open("/upload")
    with visitor.page.expect_response(lambda answer: "/upload_file/" in answer.url) as sent:
        visitor.page.locator('[data-testid="stFileUploader"] input[type=file]').first.set_input_files([FILE])
    assert sent.value.status == 204
    visitor.settle()
    assert "Use this study" in visitor.page.locator('[data-testid="stMain"]').inner_text()
    return str(sent.value.url)


def cookies_of(visitor: Visitor) -> str:
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in visitor.context.cookies())


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_for_viewers_every_upload_is_refused_before_its_body_is_read(
    method: str, tmp_path: Path, browser: object
) -> None:
    with serve(tmp_path, "--viewer") as address:
        looking = Visitor(browser, address)
        looking.open("/runs")
        url = f"{address}/_stcore/upload_file/any-session/any-file"
        assert put(url, part(100), method=method) == REFUSED
        assert put(url, method=method, says=10**9) == REFUSED
        assert put(url, part(100), method=method, cookie=cookies_of(looking) + "; _streamlit_user=x") == REFUSED
        looking.context.close()


def test_without_a_sign_in_the_analyst_uploads(browser: object, server: str) -> None:
    visitor = Visitor(browser, server)
    uploaded_to(visitor)
    visitor.context.close()
