"""Print an HTML report to PDF with the Chromium of this machine, without a network."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.errors import PersonaError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
"""Programs that print; all are the same engine."""
_LONGEST_S = 120
NO_BROWSER = (
    "No Chromium, Chrome or Edge was found on this machine. Install one, or open the HTML report in any browser and "
    "print it to PDF there."
)


def printing_browser() -> str | None:
    """Return the path of a browser that prints; `None` when there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def printed(html: str) -> bytes:
    """Return a report as PDF.

    Args:
        html: one of our reports: self-contained, without a script.

    Raises:
        PersonaError: there is no browser that prints, or it failed.
    """
    browser = printing_browser()
    if browser is None:
        raise PersonaError(NO_BROWSER)
    with tempfile.TemporaryDirectory() as folder:
        page, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html, encoding="utf-8", errors="replace")
        options = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer", f"--user-data-dir={folder}/home"]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            options.append("--no-sandbox")  # Chromium has no sandbox for root; the page runs no script
        command = [browser, *options, f"--print-to-pdf={target}", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LONGEST_S, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PersonaError(
                f"{browser}: did not print the report ({type(error).__name__}). Export HTML instead."
            ) from error
        if not target.is_file():
            raise PersonaError(f"{browser}: ended with status {done.returncode} and no PDF. Export HTML instead.")
        return target.read_bytes()
