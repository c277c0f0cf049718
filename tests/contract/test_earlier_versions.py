"""What an earlier version wrote is still read: its database and its bundle, made by that version itself.

`data/version_0_1` holds two runs of one invented interview (builtin, simulated) from the last commit before the twelve
rooms, and what `persona show --json` printed there.
"""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.providers.prompts import PROMPT_VERSION

OLD = Path(__file__).parent / "data" / "version_0_1"
SHOWN = json.loads((OLD / "show.json").read_text())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "persona.db"
    path.write_bytes(gzip.decompress((OLD / "persona.db.gz").read_bytes()))
    return path


def missing(old: Any, new: Any, at: str = "") -> list[str]:
    """The places at which the old document says something that the new one does not; new fields are welcome."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [place for key in old for place in missing(old[key], new.get(key), f"{at}.{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            place
            for i, (was, now) in enumerate(zip(old, new, strict=True))
            for place in missing(was, now, f"{at}[{i}]")
        ]
    return [] if old == new else [f"{at}: {old!r} became {new!r}"]


def shown(database: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(["show", SHOWN["run_id"], "--json", "--db", str(database)]) == 0
    return json.loads(capsys.readouterr().out)


def test_database_is_brought_up_to_date_and_shows_the_same_run(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert missing(SHOWN, shown(database, capsys)) == []
    with sqlite3.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_runs_tell_which_version_of_the_prompts_wrote_their_drafts(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(database, capsys)["prompt_version"] == "1"
    begin = ["generate", "--json", "--no-frontier", "--db", str(database)]
    assert main([*begin, "--from-drafts", SHOWN["run_id"]]) == 0
    assert json.loads(capsys.readouterr().out)["prompt_version"] == "1"
    (tmp_path / "a.txt").write_text("P01: I want to know what tonight costs. I never read the manual.")
    assert main([*begin, "--count", "1", "--local-provider", "builtin", "--from", str(tmp_path / "a.txt")]) == 0
    assert json.loads(capsys.readouterr().out)["prompt_version"] == PROMPT_VERSION


def test_run_of_the_earlier_version_can_be_branched(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin = ["generate", "--from-drafts", SHOWN["run_id"], "--no-frontier", "--db", str(database), "--json"]
    assert main(begin) == 0
    assert len(json.loads(capsys.readouterr().out)["personas"]) == 2


def test_bundle_of_the_earlier_version_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "new.db"
    assert main(["import", str(OLD / "runs.zip"), "--db", str(database)]) == 0
    capsys.readouterr()
    assert missing({**SHOWN, "imported_at": ...}, {**shown(database, capsys), "imported_at": ...}) == []


def test_missing_says_where_an_earlier_fact_is_lost() -> None:
    assert missing({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}) == []
    assert missing({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == [".a[0].b: 1 became 2"]
