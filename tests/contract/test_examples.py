"""Every script of docs/examples/ runs as it stands, in a process of its own, beside the example study."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline import load_paths

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
ELSEWHERE = {"ray_serve_app.py": "benchmarks/cluster.py"}
"""Scripts that need a cluster, and the file that runs them."""


def printed(script: Path, folder: Path) -> str:
    shutil.copytree(ROOT / "data" / "hearthwise", folder / "data" / "hearthwise")
    done = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_has_a_test() -> None:
    tested = re.findall(r'EXAMPLES / "(\w+\.py)"', Path(__file__).read_text(encoding="utf-8"))
    assert {script.name for script in EXAMPLES.glob("*.py")} == {*tested, *ELSEWHERE}


def test_draft_and_score_prints_score_outcome_and_a_passage_of_the_study(tmp_path: Path) -> None:
    lines = printed(EXAMPLES / "draft_and_score.py", tmp_path).splitlines()
    study = load_paths([ROOT / "data" / "hearthwise"])
    assert len(lines) == 9
    for persona, evidence in zip(lines[::3], lines[2::3], strict=True):
        assert re.fullmatch(r"\w+ [01]\.\d\d (kept_local|refined|refine_not_better)", persona)
        participant, _, quote = evidence.strip().partition(": ")
        assert any(quote in segment.text for segment in study.segments if segment.participant == participant)
