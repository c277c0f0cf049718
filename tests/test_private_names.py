"""Only public names of dependencies: what a vendor may move with any release must not stop this program.

A name is public where it is reached through a package of the vendor without an underscore, through no submodule but
those in `SUBMODULES` or in the `__all__` of their package, and where a module that states `__all__` lists it. `_x` of
any other object counts as private unless our own code defines a name like it.

There is no list of exceptions: a private name that cannot be done without gets one function, its reason, a fallback,
and a test that runs without it.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("app", "pages", "pipeline", "tests", "benchmarks")
SOURCES = sorted([ROOT / "app.py", *(path for name in OURS[1:] for path in (ROOT / name).rglob("*.py"))])

SUBMODULES = {
    "anthropic": ("types.messages",),  # api.md in the SDK's repository
    "defusedxml": ("ElementTree",),  # README
    "docx": ("document", "shared"),  # python-docx.readthedocs.io, API reference
    "hypothesis": ("strategies",),  # hypothesis.readthedocs.io, strategies
    "joserfc": ("jwk", "jwt"),  # jose.authlib.org, guide
    "jsonschema": ("exceptions",),  # python-jsonschema.readthedocs.io, API reference
    "lxml": ("etree", "html"),  # lxml.de, tutorials
    "numpy": ("lib.stride_tricks", "polynomial.legendre", "typing"),  # numpy.org, reference by module
    "onnx": ("helper", "numpy_helper"),  # onnx.ai, Python API overview
    "openai": ("types.chat",),  # api.md in the SDK's repository
    "packaging": ("requirements", "utils", "version"),  # packaging.pypa.io, one page each
    "playwright": ("sync_api",),  # playwright.dev, Python
    # python-pptx.readthedocs.io, API reference
    "pptx": ("chart.data", "dml.color", "enum.chart", "enum.shapes", "enum.text", "util"),
    "pydantic": ("fields",),  # docs.pydantic.dev, API: Fields
    "rich": ("console", "progress", "table", "text"),  # rich.readthedocs.io, reference
    "scipy": ("cluster.hierarchy", "sparse.linalg", "spatial.distance"),  # docs.scipy.org, reference by module
    "streamlit": ("column_config", "components.v1", "components.v2", "testing.v1"),  # docs.streamlit.io, API reference
    "starlette": ("middleware", "responses", "types"),  # starlette.dev, a page each
    "stdnum": ("iban", "luhn"),  # arthurdejong.org/python-stdnum, one page for each kind of number
    "striprtf": ("striprtf",),  # README
    "tokenizers": ("models", "normalizers", "pre_tokenizers", "processors"),  # huggingface.co, Tokenizers API
}
"""Public submodules per dependency → where they are documented, besides those in the `__all__` of their package; the
packages on the way to one are public too."""

DOCUMENTED = {
    *("_asdict", "_replace", "_fields", "_make", "_field_defaults"),  # typing.NamedTuple
    *("_exit", "_getframe"),  # os, sys
    "_csv",  # typeshed's name for the type of a csv reader; the module is never loaded
}
"""Public names of the standard library that begin with an underscore."""

LOOKS_UP = {"getattr", "hasattr", "setattr", "delattr", "import_module", "find_spec", "__import__", "patch"}
"""Functions that are given names as text."""


def private_names(source: str, own: frozenset[str]) -> Iterator[str]:
    """Each use of a dependency's private name, as `line: name`.

    Args:
        source: of one file.
        own: names that our code defines.
    """
    tree = ast.parse(source)
    bound: dict[str, str] = {}
    uses: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            uses += [(node.lineno, alias.name) for alias in node.names]
            bound |= {alias.asname or alias.name.partition(".")[0]: _bound(alias) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found = {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            uses += [(node.lineno, name) for name in found.values()]
            bound |= found
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (dotted := _dotted(node)):
            root, _, rest = dotted.partition(".")
            if root in bound:
                uses.append((node.lineno, f"{bound[root]}.{rest}"))
            elif _is_private(node.attr) and node.attr not in own:
                uses.append((node.lineno, dotted))
        elif isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in own:
            uses.append((node.lineno, f"….{node.attr}"))
        elif isinstance(node, ast.Call) and _name(node.func) in LOOKS_UP:
            uses += [(node.lineno, name) for name in _looked_up(node, bound, own)]
    for line, name in sorted(set(uses)):
        if _is_private_path(name, own):
            yield f"{line}: {name}"


def _looked_up(call: ast.Call, bound: dict[str, str], own: frozenset[str]) -> Iterator[str]:
    """Names that are given as text: a whole path, or beside the object that has them."""
    holder = _dotted(call.args[0]) if call.args else None
    root, _, rest = (holder or "").partition(".")
    for argument in call.args[:2]:
        text = argument.value if isinstance(argument, ast.Constant) else None
        if isinstance(text, str) and root in bound and text.isidentifier():
            yield ".".join(part for part in (bound[root], rest, text) if part)
        elif isinstance(text, str) and _names(text, own):
            yield text


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _dotted(node: ast.expr) -> str | None:
    """`a.b.c` of an attribute of a plain name; `None` for one of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    inner = _dotted(node.value) if isinstance(node, ast.Attribute) else None
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else None


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__")) and name not in DOCUMENTED


def _names(text: str, own: frozenset[str]) -> bool:
    """Whether a text is the path of a dependency's name, or a name with an underscore that is not ours."""
    if text.isidentifier():
        return _is_private(text) and text not in own
    return all(part.isidentifier() for part in text.split(".")) and _is_third_party(text.partition(".")[0])


def _is_third_party(root: str) -> bool:
    return root not in sys.stdlib_module_names and root not in OURS and _load(root) is not None


def _is_private_path(name: str, own: frozenset[str]) -> bool:
    root, *steps = name.split(".")
    if not _is_third_party(root):
        return root not in OURS and any(_is_private(step) and step not in own for step in (root, *steps))
    if any(_is_private(step) for step in steps):
        return True
    module, path = _load(root), root
    for place, step in enumerate(steps):
        within = ".".join(steps[: place + 1])
        child = getattr(module, step, None)
        if not isinstance(child, ModuleType):
            child = None if hasattr(module, step) else _load(f"{path}.{step}")
        if child is None:
            listed = getattr(module, "__all__", None)
            return listed is not None and step not in listed and not step.startswith("__")
        is_stated = any(f"{public}.".startswith(f"{within}.") for public in SUBMODULES.get(root, ()))
        if not is_stated and step not in getattr(module, "__all__", ()):
            return True
        module, path = child, f"{path}.{step}"
    return False


@cache
def _load(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


@cache
def own_names() -> frozenset[str]:
    """Every name that our code defines: functions, classes, arguments, variables and attributes that are set."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _name(node.value) == "self":
                found.add(node.attr)
    return frozenset(found)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_private_name_of_a_dependency_is_used(path: Path) -> None:
    assert list(private_names(path.read_text(), own_names())) == []


@pytest.mark.parametrize(
    "source",
    [
        "from anthropic.resources.messages.messages import DEPRECATED_MODELS",
        "import anthropic\nprint(anthropic.resources.messages)",
        "import anthropic\nprint(anthropic._data)",
        "from anthropic.types.model_param import ModelParam",
        "from anthropic.types import model_param",
        "from ollama._types import ChatRequest",
        "import openai as sdk\nsdk._client",
        "from streamlit.runtime.scriptrunner import get_script_run_ctx",
        "import streamlit as st\nst.runtime.exists()",
        "from streamlit import runtime",
        "from streamlit import config",
        "import streamlit.runtime.pages_manager",
        "import streamlit as st\ngetattr(st, '_config')",
        "import streamlit as st\ndef test(monkeypatch):\n    monkeypatch.setattr(st, 'runtime', None)",
        "import importlib\nimportlib.import_module('streamlit.runtime')",
        "def test(monkeypatch):\n    monkeypatch.setattr('streamlit.runtime.exists', None)",
        "from lxml.etree import _Element",
        "from genai_prices import data_snapshot",
        "from genai_prices import extract_usage",
        "from scipy.stats._stats_py import rankdata",
        "def read(database):\n    return database._tracer_of_nobody",
        "def read(tables):\n    return tables[0]._counts_of_nobody",
        "import threading\nthreading._shutdown_locks_of_nobody",
    ],
)
def test_private_name_is_found(source: str) -> None:
    assert list(private_names(source, own_names()))


@pytest.mark.parametrize(
    "source",
    [
        "import streamlit as st\nst.navigation([]).run()\nst.column_config.NumberColumn()\nst.cache_data.clear()",
        "from streamlit.testing.v1 import AppTest",
        "import anthropic\nanthropic.Anthropic().messages.create()\nanthropic.__version__",
        "from anthropic.types.messages import BatchCreateParams",
        "from scipy import stats\nstats.norm.ppf(0.5)",
        "import numpy as np\nnp.random.default_rng(1)",
        "import os\nos._exit(1)",
        "class Own:\n    def __init__(self):\n        self._own_names = 1\nOwn()._own_names",
        "from pages.parts import ui as _ui\n_ui._open",
        "setting = getattr(object, 'streamlit')",
    ],
)
def test_public_name_is_left_alone(source: str) -> None:
    assert list(private_names(source, own_names() | {"_own_names", "_open"})) == []
