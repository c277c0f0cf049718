"""Gates of `persona compare --fail-if`."""

import pytest

from pipeline.cli.main import main
from pipeline.domain.run import RunRecord
from pipeline.errors import InputError
from pipeline.results.gates import check_gate, parse_gate
from tests.factories import make_run
from tests.invented import invented_run, invented_scores


def pair(first: float, second: float) -> list[RunRecord]:
    return [make_run([score] * 6, run_id=name) for score, name in ((first, "run-1"), (second, "run-2"))]


def fails(rule: str, runs: list[RunRecord]) -> bool:
    return any(check.fails for check in check_gate(parse_gate(rule), runs))


@pytest.mark.parametrize(
    ("rule", "second", "expected"),
    [
        ("quality < -0.05", 0.80, False),
        ("quality < -0.05", 0.76, False),
        ("quality < -0.05", 0.74, True),
        ("quality > 0.05", 0.90, True),
        ("local_share<-.5", 0.90, False),
        ("cost > 0.01", 0.90, False),
        ("seconds > 2", 0.90, False),
    ],
)
def test_a_gate_fails_when_the_difference_crosses_its_limit(rule, second, expected):
    assert fails(rule, pair(0.8, second)) is expected


def test_a_difference_that_cannot_be_computed_fails():
    runs = [make_run([0.8] * 6, run_id="run-1"), make_run([], run_id="run-2")]
    (check,) = check_gate(parse_gate("quality < -0.05"), runs)
    assert check.fails
    assert "no difference can be computed" in check.sentence


@pytest.mark.parametrize(
    "rule", ["", "quality", "quality = 1", "speed < 1", "quality < x", "quality < -0.05; cost > 1"]
)
def test_a_rule_that_is_none_is_refused_with_an_example(rule):
    with pytest.raises(InputError, match=r"quality < -0\.05"):
        parse_gate(rule)


def test_compare_exits_1_when_a_gate_fails_and_says_which(tmp_path, capsys):
    database = tmp_path / "persona.db"
    good, bad = (
        invented_run(
            database, [score - shift for score in invented_scores(20)], count=20, draft_factor=1.0, refine=False
        )
        for shift in (0.0, 0.1)
    )
    command = ["compare", good, bad, "--db", str(database)]
    assert main([*command, "--fail-if", "quality < -0.2"]) == 0
    assert main([*command, "--fail-if", "quality < -0.2", "--fail-if", "quality < -0.05"]) == 1
    assert "B fails quality < -0.05" in capsys.readouterr().err
    assert main([*command, "--fail-if", "nonsense"]) == 2
