import csv
import json
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.domain.labels import Promise
from pipeline.store import Store
from tests.calibration.test_table import FIELDS
from tests.invented import invented_run, invented_scores, labelled_run


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


@pytest.fixture
def calibrate(database: Path, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> dict[str, object]:
        assert main(["calibrate", "--db", str(database), "--json", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_labels_of_a_run_certify_what_the_page_would_show(database: Path, calibrate) -> None:
    run_id = invented_run(database, invented_scores(120), name="Night", count=120, draft_factor=1.0)
    design_id = labelled_run(database, run_id, labels=60)
    found = calibrate("--run", "Night")
    assert list(found) == FIELDS
    assert found["status"] == "certified"
    assert round(found["threshold"], 2) == found["threshold"]
    assert found == calibrate("--run", run_id[:8], "--design", design_id)


def test_the_promise_is_the_one_that_the_labels_were_drawn_for_unless_another_one_is_typed(
    database: Path, calibrate
) -> None:
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    labelled_run(database, run_id, labels=60, promise=Promise(alpha=0.2, confidence=0.8, risk="selective"))
    found = calibrate("--run", run_id)
    assert (found["alpha"], found["confidence"], found["risk"]) == (0.2, 0.8, "selective")
    typed = calibrate("--run", run_id, "--alpha", "0.3")
    assert (typed["alpha"], typed["confidence"], typed["risk"]) == (0.3, 0.8, "selective")


def test_without_labels_there_are_too_few(database: Path, calibrate) -> None:
    found = calibrate("--run", invented_run(database, invented_scores(20)))
    assert (found["status"], found["threshold"], found["labels_needed"]) == ("too_few_labels", None, 22)


def test_a_sweep_of_a_run_holds_its_own_threshold(database: Path, calibrate, tmp_path: Path) -> None:
    run_id = invented_run(database, [0.5, 0.6, 0.9], count=3, draft_factor=1.0)
    calibrate("--run", run_id, "--sweep", str(tmp_path / "sweep.csv"))
    rows = (tmp_path / "sweep.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["0.5", "0.6", "0.9", "inf"]


def test_a_sweep_says_nothing_of_thresholds_under_the_floor_of_the_labels(
    database: Path, calibrate, tmp_path: Path
) -> None:
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    labelled_run(database, run_id, labels=60)
    calibrate("--run", run_id, "--sweep", str(tmp_path / "sweep.csv"))
    with (tmp_path / "sweep.csv").open() as file:
        risks = [row["selective_risk"] for row in csv.DictReader(file)]
    assert not risks[0]
    assert any(risks)


def test_labels_of_another_run_are_not_used_and_the_sentence_says_why(database: Path, calibrate) -> None:
    one, other = (invented_run(database, invented_scores(30, seed), count=30) for seed in (1, 2))
    found = calibrate("--run", other, "--design", labelled_run(database, one, labels=30))
    assert found["status"] == "too_few_labels"
    assert "Choose the same runs" in found["sentence"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run", "nothing"], "No run matches 'nothing'"),
        (["--csv", "x.csv", "--run", "x"], "not allowed with argument"),
        ([], "one of the arguments --csv --run is required"),
        (["--csv", "x.csv", "--design", "d"], "--design: names labels in the database, and needs --run"),
    ],
)
def test_wrong_arguments_end_with_two_and_one_line(database: Path, capsys, arguments: list[str], message: str) -> None:
    Store(database)
    try:
        code = main(["calibrate", "--db", str(database), *arguments])
    except SystemExit as leaving:
        code = leaving.code
    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1)
    assert message in error


def test_runs_of_two_setups_are_refused(database: Path, capsys) -> None:
    ids = [invented_run(database, [0.5], scorer=scorer) for scorer in ("test/1", "test/2")]
    assert main(["calibrate", "--db", str(database), "--run", *ids]) == 2
    assert "different versions of the scorer" in capsys.readouterr().err
