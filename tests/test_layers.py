"""Who may import what: the rules that keep the layers apart, checked on the source."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
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
        "pipeline/providers/_lanes.py",
        "pipeline/providers/_streams.py",
        "pipeline/store/store.py",
        "pipeline/hybrid/",
        "pipeline/cli/terminal.py",
        "pipeline/text/tokens.py",
    ),
    "concurrent": ("pipeline/hybrid/", "pipeline/jobs/worker.py"),
    "time": ("pipeline/domain/units.py",),
    "random": ("pipeline/hybrid/calls.py",),
}

RANKS = (
    ("errors",),
    ("domain",),
    ("text",),
    ("sources", "providers"),
    ("scoring", "calibration"),
    ("hybrid",),
    ("store",),
    ("jobs",),
    ("results",),
    ("pipeline",),  # what `import pipeline` gives
    ("cli", "pages"),
)
"""The rooms from low to high, as `docs/architecture.md` has them: an import goes down, or stays in its room."""

RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
AT_ROOT = {"__init__.py", "__main__.py", "errors.py", "py.typed"}


@cache
def statements(source: str) -> tuple[list[ast.stmt], list[ast.AST]]:
    """The statements of a module at its top, and its imports at any depth; parsed once for all rules."""
    tree = ast.parse(source)
    return tree.body, [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    body, anywhere = statements(path.read_text())
    for node in body if top_level else anywhere:
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
    code = "import sys, pipeline.cli.main, pipeline.domain.run, pipeline.providers; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"streamlit", "altair", "pandas", "anthropic", "openai", "ollama", "numpy", "scipy", "sqlite_utils"}
    assert heavy & set(loaded.stdout.split()) == set()


def test_markup_of_model_and_file_text_is_never_rendered_as_html() -> None:
    for path in SOURCES:
        assert "unsafe_allow_html=True" not in path.read_text(), path


def arrows(root: Path) -> dict[str, set[str]]:
    """Which module imports which.

    Imports inside functions and those for types only count too: whoever reads a module has to follow them, and what
    they tie together cannot be understood apart.
    """
    paths = [*root.glob("app.py"), *(root / "pages").rglob("*.py"), *(root / "pipeline").rglob("*.py")]
    modules = {path.relative_to(root).with_suffix("").as_posix().replace("/", "."): path for path in paths}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    found: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for node in statements(path.read_text())[1]:
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & modules.keys()
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                found[name] |= parts & modules.keys() or {node.module} & modules.keys()
    return found


def room(module: str) -> str:
    """`store` of `pipeline.store.runs`; the app is one room with its pages, and `__main__` is the command line."""
    top, _, rest = module.partition(".")
    return "pages" if top != "pipeline" else "cli" if rest == "__main__" else rest.split(".")[0] or top


def faults(root: Path) -> list[str]:
    """Every import that climbs, one circle if there is any, and every file at the root that belongs into a room."""
    found = arrows(root)
    climbs = [
        f"{name} imports {other}"
        for name, others in sorted(found.items())
        for other in sorted(others)
        if room(name) != room(other) and RANK.get(room(name), 0) <= RANK.get(room(other), 0)
    ]
    try:
        graphlib.TopologicalSorter(found).prepare()
        circles = []
    except graphlib.CycleError as error:
        circles = [f"circle: {' - '.join(error.args[1])}"]
    inside = [path for path in (root / "pipeline").iterdir() if path.name != "__pycache__"]
    strays = {path.name for path in inside if path.is_file()} - AT_ROOT | {
        path.name for path in inside if path.is_dir()
    } - RANK.keys()
    # In pages/ are the files that the app names, and one folder.
    named = {
        node.value for node in ast.walk(ast.parse((root / "app.py").read_text())) if isinstance(node, ast.Constant)
    }
    shown = {path.name for path in (root / "pages").iterdir() if not {path.name, path.name.removesuffix(".py")} & named}
    strays |= {f"pages/{name}" for name in shown - {"parts", "__pycache__"}}
    return [*climbs, *circles, *(f"stray: {name}" for name in sorted(strays))]


def test_the_nouns_load_neither_numpy_nor_pandas() -> None:
    names = ", ".join(sorted(name for name in arrows(ROOT) if room(name) == "domain"))
    code = f"import sys, {names}; print({{'numpy', 'pandas', 'scipy'}} & {{*sys.modules}})"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "set()"


def test_no_import_climbs_and_no_file_stands_outside_its_room() -> None:
    assert faults(ROOT) == []


@pytest.mark.parametrize(
    ("planted", "text", "fault"),
    [
        (
            "pipeline/domain/run.py",
            "from pipeline.store import runs",
            "pipeline.domain.run imports pipeline.store.runs",
        ),
        ("pipeline/errors.py", "def late():\n    import pipeline.text", "pipeline.errors imports pipeline.text"),
        (
            "pipeline/sources/a.py",
            "from pipeline.providers.b import c",
            "pipeline.sources.a imports pipeline.providers.b",
        ),
        ("pipeline/store/runs.py", "from pages.parts import ui", "pipeline.store.runs imports pages.parts.ui"),
        (
            "pipeline/text/words.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pipeline.text.circle import x",
            "circle: pipeline.text.words - pipeline.text.circle - pipeline.text.words",
        ),
        ("pipeline/helpers.py", "", "stray: helpers.py"),
        ("pipeline/utils/__init__.py", "", "stray: utils"),
        ("pages/_more.py", "", "stray: pages/_more.py"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, planted: str, text: str, fault: str) -> None:
    sound = {
        "app.py": "from pages.parts import ui\nPAGES = ['upload']",
        "pages/upload.py": "import pipeline\nfrom pages.parts import ui",
        "pages/parts/ui.py": "def late():\n    from pipeline.store.runs import read",
        "pipeline/__init__.py": "from pipeline.store import runs",
        "pipeline/text/__init__.py": "",
        "pipeline/text/circle.py": "from pipeline.text.words import y",
        "pipeline/text/words.py": "from pipeline.errors import Problem",
        "pipeline/providers/b.py": "from pipeline.text.words import z",
        "pipeline/store/runs.py": "from pipeline.text import words",
        "pipeline/errors.py": "",
    }
    for path, content in sound.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    assert faults(tmp_path) == []
    (tmp_path / planted).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / planted).write_text(text)
    assert any(set(one.split()) == set(fault.split()) for one in faults(tmp_path))
