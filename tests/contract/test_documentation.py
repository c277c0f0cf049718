"""Every command of the README and the pages of docs/ does what it says: they are run as they stand.

Blocks of one page run in order in one folder, as a reader would. RUN and OTHER become the last two runs, and a YAML
block that begins with the name of a file is that file.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.main import _parser, main
from pipeline.domain.config import parse_config_text
from pipeline.store import Store

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(bash|yaml|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")

ELSEWHERE = {
    "make app": "tests/browser/conftest.py",
    "make test": "Makefile",
    "python3 -m venv": "Makefile",
    ".venv/bin/pip install": "Makefile",
    ".venv/bin/persona app": "tests/contract/test_app_command.py",
    ".venv/bin/python -m pytest": "Makefile",
}
"""Commands that install or serve, and where the same is done."""

NOT_OURS = ("vllm serve", "sqlite3 ")
"""Programs of others, on servers of the reader."""


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(page: Path) -> Iterator[str]:
    for language, text in blocks(page):
        if language == "bash":
            yield from (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def with_commands() -> list[Path]:
    return [page for page in PAGES if any(line.startswith("persona ") for line in commands(page))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder as the README has it, with nothing but the example study and one run of it."""
    for name in [name for name in os.environ if name.startswith(("ANTHROPIC", "OPENAI", "OLLAMA", "PERSONA"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "data" / "hearthwise", tmp_path / "data" / "hearthwise")
    rows = "\n".join(f"{score / 100:.2f},{int(score > 55)}" for score in range(50, 100))
    (tmp_path / "labels.csv").write_text(f"score,label\n{rows}\n", encoding="utf-8")
    offline = ["--hybrid", "--frontier-provider", "simulated", "--count", "2", "--from", "data/hearthwise"]
    assert main(["generate", *offline]) == 0
    return tmp_path


def filled_in(text: str) -> str:
    """The text with the newest run for RUN and the one before it for OTHER."""
    runs = [run.id for run in Store(Path("data/persona.db")).runs(limit=2)]
    return re.sub(r"\bOTHER\b", runs[-1], re.sub(r"\bRUN\b", runs[0], text))


def run(command: str) -> int:
    arguments = shlex.split(filled_in(command), comments=True)[1:]
    if arguments[0] == "app":
        _parser().parse_args(arguments)
        return 0
    return main(arguments)


@pytest.mark.parametrize("page", with_commands(), ids=lambda page: page.stem)
def test_commands_of_a_page_run_in_order(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language, text in blocks(page):
        if language == "yaml" and (name := re.match(r"# (\S+\.yaml)\n", text)):
            Path(name[1]).write_text(filled_in(text), encoding="utf-8")
        for line in text.splitlines() if language == "bash" else ():
            if line.startswith("persona "):
                assert run(line) == 0, f"{page.name}: {line}\n{capsys.readouterr().err}"


def test_python_of_the_readme_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = [text for language, text in blocks(ROOT / "README.md") if language == "python"]
    exec(compile(code, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 5


def test_every_other_command_is_done_elsewhere() -> None:
    others = [line for page in PAGES for line in commands(page) if not line.startswith("persona ")]
    assert [line for line in others if not line.startswith((*ELSEWHERE, *NOT_OURS))] == []
    assert all((ROOT / place).is_file() for place in ELSEWHERE.values())
    assert {"app", "test"} <= set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_configuration_in_the_documentation_is_valid() -> None:
    found = [
        (page.name, text)
        for page in PAGES
        for language, text in blocks(page)
        if language == "yaml" and "hybrid:" in text
    ]
    assert len(found) >= 3
    assert all(parse_config_text(text, name) for name, text in found if not text.startswith("# grid.yaml"))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {name}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {name}#{anchor}"
