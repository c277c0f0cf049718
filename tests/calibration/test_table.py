import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.calibration.summary import summarise, summary_text
from pipeline.calibration.sweep import sweep
from pipeline.calibration.table import read_cases, write_sweep
from pipeline.cli.main import main
from pipeline.domain.labels import Promise
from pipeline.errors import InputError

COST_AND_SCORE = ["local_share", "expected_cost", "saving", "auroc", "auroc_ci"]
LABELS = ["n_labels", "bad_accepted", "risk_upper"]
FIELDS = ["schema", "status", "identity", "threshold", "risk", "alpha", "confidence", *LABELS, *COST_AND_SCORE]
FIELDS += ["labels_needed", "sentence", "verdict", "notes", "accepted"]


@pytest.fixture
def table(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "drafts.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def labelled_rows(n: int, *, bad: int = 0, drafts: int | None = None) -> str:
    lines = ["id,score,label,frontier_cost"]
    for number in range(drafts or n):
        label = "" if number < (drafts or n) - n else int(number >= bad)
        lines.append(f"d{number},{number / (drafts or n):.4f},{label},0.01")
    return "\n".join(lines)


def test_every_column_is_read_and_empty_cells_are_missing(table) -> None:
    cases = read_cases(
        table("Score,label,local_cost,frontier_cost,frontier_label,cluster\n0.7,1.0,0.001,0.002665,,a\n,,,,0,a\n")
    )
    assert cases.score[0] == 0.7
    assert cases.label[0] == 1
    assert np.isnan(cases.score[1])
    assert not cases.is_labelled[1]
    assert cases.local_micros.tolist() == [1000, 1000]
    assert cases.frontier_micros.tolist() == [2665, 2665]
    assert cases.imputed.tolist() == [False, True]
    assert cases.frontier_label.tolist()[1] == 0
    assert cases.cluster.tolist() == [0, 0]


@pytest.mark.parametrize(
    "text", ["\ufeffscore;label\r\n0.5;1\r\n", "\nscore\tlabel\textra\n0.5\t1\t=1+1\n\n", 'label,"score"\n1,0.5']
)
def test_spreadsheet_flavours_of_csv_are_read(table, text: str) -> None:
    cases = read_cases(table(text))
    assert (cases.score.tolist(), cases.label.tolist()) == ([0.5], [1])


def test_drafts_without_a_cluster_stand_for_themselves(table) -> None:
    assert len(set(read_cases(table("score,label,cluster\n0.1,1,\n0.2,1,\n0.3,1,x\n")).cluster)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("score,label\n0.5,1\n1.01,0\n", r"line 3, column score: found '1.01', expected a number from 0 to 1"),
        ("score,label\n0.5,2\n", r"line 2, column label: found '2', expected 1 \(acceptable\) or 0"),
        ("score,label\n0.5,yes\n", r"line 2, column label: found 'yes'"),
        ("score,label,frontier_cost\n0.5,1,-3\n", r"line 2, column frontier_cost: found '-3', expected USD, 0 or more"),
        ("score,label,local_cost\n0.5,1,inf\n", "line 2, column local_cost: found 'inf'"),
        ("score,label\n0.5,1,7\n", "line 2: 3 fields, the header has 2"),
        ("score,labels\n0.5,1\n", "no column `label`. Found: score, labels"),
        ("score,label,score\n0.5,1,1\n", "the column `score` occurs 2 times"),
        ('score,label\n"0.5,1\n', "line 2: not a readable row"),
        ("", "the file is empty"),
        (b"\x00\x01\x02\xff" * 50, "is not readable text"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(table, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_cases(table(text))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .*Check the path given to --csv"):
        read_cases(tmp_path / "nowhere.csv")


def test_a_written_sweep_reads_back_to_the_last_digit(table, tmp_path: Path) -> None:
    cases = read_cases(table("score,label,frontier_cost\n0.1234567890123456,1,0.002\n0.3,0,0.003\n"))
    write_sweep(sweep(cases, budget_micros=2500), tmp_path / "sweep.csv")
    header, *rows = [line.split(",") for line in (tmp_path / "sweep.csv").read_text().splitlines()]
    assert header[:4] == ["threshold", "local", "local_share", "cost_usd"]
    assert [row[0] for row in rows] == ["0.1234567890123456", "0.3", "inf"]
    assert [float(row[3]) for row in rows] == [0, 0.002, 0.005]
    assert rows[-1][header.index("selective_risk")] == ""
    with pytest.raises(InputError, match="cannot be written"):
        write_sweep(sweep(cases), tmp_path)


def test_calibrate_prints_the_document_of_the_contract(
    table, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "sweep.csv"
    assert main(["calibrate", "--csv", str(table(labelled_rows(60, bad=6))), "--json", "--sweep", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == FIELDS
    assert found["status"] == "certified"
    assert found["expected_cost"] == pytest.approx(0.01 * round(60 * (1 - found["local_share"])))
    assert found["saving"] == pytest.approx(found["local_share"])
    assert len(out.read_text().splitlines()) == 62


@pytest.mark.parametrize(
    ("rows", "arguments", "status"),
    [
        (labelled_rows(10), [], "too_few_labels"),
        (labelled_rows(0, drafts=1), [], "too_few_labels"),
        ("score,label", [], "too_few_labels"),
        (labelled_rows(60, bad=60), ["--risk", "selective"], "score_too_weak"),
        (labelled_rows(60, bad=60), [], "escalate_all"),
    ],
)
def test_an_infeasible_request_prints_no_threshold_and_succeeds(
    table, capsys, rows: str, arguments: list[str], status: str
) -> None:
    assert main(["calibrate", "--csv", str(table(rows)), "--json", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["threshold"], found["local_share"]) == (status, None, 0)
    assert found["labels_needed"] == (22 if status == "too_few_labels" else None)


@pytest.mark.parametrize(
    "arguments", [["--alpha", "1.5"], ["--alpha", "nan"], ["--confidence", "0"], ["--risk", "both"], []]
)
def test_wrong_arguments_end_with_two_and_one_line(
    table, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    given = ["--csv", str(table("score,label\n0.5,1\n"))] if arguments else []
    try:
        code = main(["calibrate", *given, *arguments])
    except SystemExit as leaving:  # argparse leaves by itself
        code = leaving.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_labels_from_a_floor_on_buy_no_threshold_below_it(table) -> None:
    found = summarise(read_cases(table(labelled_rows(50, drafts=100))), Promise())
    assert found.status == "certified"
    assert found.threshold >= 0.5


def test_the_terminal_says_the_same_and_names_what_is_missing(table) -> None:
    text = summary_text(summarise(read_cases(table("score,label\n0.5,1\n")), Promise()))
    assert text.startswith("Too few labels: at least 22 are needed")
    assert "threshold   none" in text
    assert "saving      –" in text


def test_a_score_that_says_nothing_is_called_so(table) -> None:
    rows = "\n".join(f"{0.01 * number:.2f},{number % 2}" for number in range(100))
    found = summarise(read_cases(table(f"score,label\n{rows}\n")), Promise())
    assert "refining a fixed share at random is as good" in found.sentence


def test_labels_picked_by_score_are_noticed(table) -> None:
    rows = "\n".join(f"{number / 600:.4f},{1 if 300 < number < 360 else ''}" for number in range(600))
    found = summarise(read_cases(table(f"score,label\n{rows}\n")), Promise())
    assert "These do not look random" in found.sentence
