"""Who may import what: the rules that keep the layers apart, checked on the source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "pipeline").rglob("*.py")])

ALLOWED = {
    "streamlit": ("app.py", "pages/"),
    "sqlite3": ("pipeline/store/store.py", "pipeline/store/migrations.py"),
    "sqlite_utils": ("pipeline/store/",),
    "altair": ("pipeline/results/charts",),
    "vl_convert": ("pipeline/results/charts/images.py",),
    "jinja2": ("pipeline/results/report/",),
    "markupsafe": ("pipeline/results/report/",),
    "anthropic": ("pipeline/providers/anthropic.py",),
    "openai": ("pipeline/providers/openai.py",),
    "ollama": ("pipeline/providers/ollama.py",),
    "threading": (
        "pipeline/hybrid/calls.py",
        "pipeline/hybrid/ledger.py",
        "pipeline/jobs/worker.py",
        "pipeline/store/store.py",
        "pipeline/hybrid/",
        "pipeline/cli/terminal.py",
        "pipeline/text/tokens.py",
    ),
    "concurrent": ("pipeline/hybrid/", "pipeline/jobs/worker.py"),
    "time": ("pipeline/domain/units.py",),
    "random": ("pipeline/hybrid/calls.py",),
}


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", ALLOWED)
def test_module_is_imported_only_in_its_layer(module: str) -> None:
    places = [relative(path) for path in SOURCES if any(name.split(".")[0] == module for name in imports(path))]
    assert [place for place in places if not place.startswith(ALLOWED[module])] == []


def test_only_settings_reads_the_environment() -> None:
    readers = [
        relative(path) for path in SOURCES if "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    ]
    assert readers == ["pipeline/domain/config.py"]


def test_pipeline_never_imports_pages() -> None:
    for path in SOURCES:
        if relative(path).startswith("pipeline/"):
            assert not any(name.split(".")[0] in ("pages", "app") for name in imports(path)), path


@pytest.mark.parametrize("module", ["anthropic", "openai", "ollama"])
def test_sdk_is_imported_inside_a_function(module: str) -> None:
    path = ROOT / ALLOWED[module][0]
    assert module not in {name.split(".")[0] for name in imports(path, top_level=True)}


@pytest.mark.slow
def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, pipeline, pipeline.cli.main, pipeline.domain.run, pipeline.providers; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"streamlit", "altair", "pandas", "anthropic", "openai", "ollama", "numpy", "scipy", "sqlite_utils"}
    assert heavy & set(loaded.stdout.split()) == set()


def test_markup_of_model_and_file_text_is_never_rendered_as_html() -> None:
    for path in SOURCES:
        assert "unsafe_allow_html=True" not in path.read_text(), path
