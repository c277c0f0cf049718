"""Memory of a running server while uploads come and their browsers leave: `python benchmarks/abandoned_uploads.py`.

Each round opens the app in a browser, uploads four files of 45 MB by raw requests to the address of that session, and
closes the browser. Streamlit keeps a session that has lost its browser for two minutes, and its uploads with it.
"""

import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.conftest import CHROMIUM, FLAGS, Visitor, serve
from tests.browser.test_uploads import part, uploaded_to

ROUNDS, FILES, MB, WAIT_S = 2, 4, 45, 130


def resident_mb(port: int) -> float:
    """Return the resident memory of the server on a port, in MB."""
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if f"--server.port={port}" in line and "streamlit" in line:
            return float(process.memory_info().rss) / 2**20
    raise RuntimeError("the server is gone")


def upload(url: str, number: int, cookies: str, token: str) -> int:
    """Upload one file to the session of an address; return the status."""
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Cookie": cookies, "X-Xsrftoken": token}
    address = f"{url.rpartition('/')[0]}/abandoned-{number}"
    request = urllib.request.Request(address, part(MB * 2**20), headers, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return int(answer.status)


def main() -> None:
    """Print the memory before, after each round, and while the sessions end."""
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as address, sync_playwright() as play:
        port = int(address.rpartition(":")[2])
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        for round_number in range(ROUNDS):
            visitor = Visitor(browser, address)
            url = uploaded_to(visitor)
            before = resident_mb(port)
            known = visitor.context.cookies()
            cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in known)
            token = next((cookie["value"] for cookie in known if "xsrf" in cookie["name"]), "")
            statuses = [upload(url, number, cookies, token) for number in range(FILES)]
            after = resident_mb(port)
            visitor.context.close()
            print(f"round {round_number + 1}: {before:.0f} MB, {after:.0f} MB after {FILES} x {MB} MB {statuses}")
        left = time.monotonic()
        while time.monotonic() - left < WAIT_S:
            time.sleep(60)
            print(f"{time.monotonic() - left:4.0f} s after the last browser left: {resident_mb(port):.0f} MB")
        # Streamlit looks for ended sessions when a browser leaves.
        for number in range(3):
            visitor = Visitor(browser, address)
            visitor.open("/")
            visitor.context.close()
            time.sleep(5)
            print(f"after visitor {number + 1} has come and gone: {resident_mb(port):.0f} MB")


if __name__ == "__main__":
    main()
