"""Newcomers' questions in docs/where-is-it.md: each file exists, and its path or first lines show that it answers."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROWS = re.findall(r"^\| (.+\?) \| `(.+?)` \| (\w+) \|$", (ROOT / "docs" / "where-is-it.md").read_text(), re.MULTILINE)


def test_there_are_at_least_twenty_questions() -> None:
    assert len(ROWS) >= 20


@pytest.mark.parametrize(("question", "path", "word"), ROWS, ids=[question for question, _, _ in ROWS])
def test_question_is_answered_by_a_file_that_shows_it(question: str, path: str, word: str) -> None:
    first_lines = "\n".join((ROOT / path).read_text().splitlines()[:5])
    assert word in f"{path}\n{first_lines}".lower()
