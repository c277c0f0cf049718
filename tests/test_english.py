"""Phrases that make readers stop and guess do not come back: docstrings, comments, screens, reports and pages of docs/.

The list is of phrases that were in the code once and were decoded by nobody at first reading; it cannot tell good
English, it only keeps these out.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "pipeline").rglob("*.py")])
PROSE = sorted([ROOT / "README.md", *ROOT.glob("CONTRIBUTING.md"), *(ROOT / "docs").rglob("*.md")])

ANYWHERE = re.compile(
    r"\b(?:can|could|cannot|can.t)(?: not)? be had\b|\b(?:what )?came of (?:it|them)\b|\bwhat becomes? of\b"
    r"|\bspeaks? of\b|\b(?:gone|goes|going|go) on with\b|\bworked out of\b|\bhad its say\b|\bsaid again\b",
    re.IGNORECASE,
)
"""In every string and comment."""
DESCRIBING = re.compile(r"\b(?:nobody|somebody|whoever)\b|\b(?:is|are|was|were|be) told\b", re.IGNORECASE)
"""In docstrings, comments and documents; a word list may hold them."""
FIRST_LINE = re.compile(r"^(?:What|Where|How|Who|Whose|Whether)\b(?!.*\?)")
"""A first line is a verb or a noun phrase, not half a question."""


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every docstring, those under fields and constants too, with its line."""
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text


def findings(source: str) -> list[str]:
    """A line for each banned phrase in Python source."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            found += [f"{token.start[0]}: {match[0]}" for match in ANYWHERE.finditer(token.string)]
        if token.type == tokenize.COMMENT:
            found += [f"{token.start[0]}: {match[0]}" for match in DESCRIBING.finditer(token.string)]
    for line, text in docstrings(ast.parse(source)):
        found += [f"{line}: {match[0]}" for match in DESCRIBING.finditer(text)]
        found += [f"{line}: first line '{text.splitlines()[0]}'" for _ in [0] if FIRST_LINE.match(text)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_source_is_free_of_phrases_that_have_to_be_decoded(path: Path) -> None:
    assert findings(path.read_text()) == []


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_are_free_of_phrases_that_have_to_be_decoded(path: Path) -> None:
    lines = enumerate(path.read_text().splitlines(), 1)
    assert [f"{n}: {m[0]}" for n, line in lines for rule in (ANYWHERE, DESCRIBING) for m in rule.finditer(line)] == []


@pytest.mark.parametrize(
    "source",
    [
        '"""Drafts that could not be had."""',
        "def f():\n    '''What is worked out of runs.'''",
        "# Nobody reads this.",
        'raise Error("the draft could not be had")',
        "x = 1\n'''Where a run is told of it.'''",
    ],
)
def test_banned_phrase_is_found(source: str) -> None:
    assert findings(source) != []


@pytest.mark.parametrize("source", ['"""Return the runs."""', 'WORDS = {"nobody", "somebody"}', "# Reserve first."])
def test_plain_text_passes(source: str) -> None:
    assert findings(source) == []
