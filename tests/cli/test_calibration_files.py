"""A calibration as a file: saved, imported, used by a run, audited on another study."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.domain.calibration import CalibrationFile, parse_calibration, read_calibration_file
from pipeline.errors import InputError
from pipeline.store import Store
from tests.invented import invented_run, invented_scores, labelled_run

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


@pytest.fixture
def saved(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A certified calibration of an invented run, as a file."""
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0)
    labelled_run(database, run_id, labels=60)
    file = tmp_path / "night.json"
    assert main(["calibrate", "--db", str(database), "--run", run_id, "--save", str(file)]) == 0
    capsys.readouterr()
    return file


@pytest.fixture
def interviews(tmp_path: Path) -> Path:
    file = tmp_path / "interviews.csv"
    rows = [f"P{n},I want to know what heating costs in month {n}. I never open the app twice." for n in range(12)]
    file.write_text("participant,answer\n" + "\n".join(rows))
    return file


def fitting(file: Path, **identity: object) -> Path:
    """The same calibration for the setup of a builtin run with default settings, or another one."""
    from pipeline.calibration.drift import make_setup
    from pipeline.domain.config import HybridConfig
    from pipeline.scoring import scorer_version

    found = read_calibration_file(file)
    assert found.identity
    now = make_setup("elsewhere", HybridConfig(local_provider="builtin"), scorer_version(), "", "2")
    own = {"local_model": now.drafted_by, "scorer_version": now.scorer, "selection": now.selection}
    changed = found.identity.model_copy(update={"study": "elsewhere", **own, **identity})
    file.write_text(found.model_copy(update={"identity": changed}).to_json())
    return file


def test_a_saved_calibration_is_the_document_that_the_command_prints(saved, database, capsys):
    run_id = Store(database).runs()[0].id
    main(["calibrate", "--db", str(database), "--run", run_id, "--json"])
    assert json.loads(saved.read_text()) == json.loads(capsys.readouterr().out)


def test_a_calibration_is_the_same_after_export_and_import(saved, tmp_path, capsys):
    file = read_calibration_file(saved)
    other = tmp_path / "other.db"
    assert main(["import", "--db", str(other), str(saved), "--json"]) == 0
    (stored,) = Store(other).calibrations()
    assert stored.file == file
    assert stored.is_imported
    assert json.loads(capsys.readouterr().out)["calibration"] == stored.id == file.id


def test_importing_twice_keeps_one(saved, tmp_path):
    store = Store(tmp_path / "other.db")
    file = read_calibration_file(saved)
    assert store.save_calibration(file, NOW) == store.save_calibration(file, NOW)
    assert len(store.calibrations()) == 1
    store.delete_calibration(file.id)
    assert store.calibrations() == ()


def test_deleting_a_study_deletes_its_calibrations(saved, database):
    store = Store(database)
    (one,) = store.calibrations()
    assert one.file.identity
    store.delete_study(one.file.identity.study)
    assert store.calibrations() == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": "persona.run/1"}, "is no calibration file"),
        ({"status": "too_few_labels"}, "only then"),
        ({"threshold": None}, "only then"),
        ({"threshold": 1.5}, "less than or equal to 1"),
        ({"bad_accepted": 10_000}, "must not be more than accepted"),
        ({"password": "x"}, "unknown setting"),
        ({"identity": {"study": "x"}}, "local_model"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_in_one_line(saved, changes, words):
    document = json.loads(saved.read_text()) | changes
    with pytest.raises(InputError, match=words) as raised:
        parse_calibration(json.dumps(document).encode(), "night.json")
    assert str(raised.value).startswith("night.json")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"[" * 100_000, b"\xff\xfe", b'{"schema": NaN}'])
def test_a_file_that_is_no_calibration_is_refused(data):
    with pytest.raises(InputError):
        parse_calibration(data, "x.json")


def generate(database: Path, interviews: Path, file: Path, *more: str) -> int:
    common = ["--db", str(database), "--local-provider", "builtin", "--frontier-provider", "simulated", "--json"]
    return main(
        ["generate", "--hybrid", "--from", str(interviews), "--count", "2", "--calibration", str(file), *common, *more]
    )


def test_a_run_takes_the_threshold_of_a_calibration_and_warns_that_the_study_differs(
    saved, database, interviews, capsys
):
    file = fitting(saved)
    assert generate(database, interviews, file) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["config"]["quality_threshold"] == read_calibration_file(file).summary.threshold
    (warning,) = [one for one in run["warnings"] if "calibration" in one]
    assert "of another study" in warning
    assert "--audit" in warning


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"local_model": "ollama qwen2.5:7b"}, "written by ollama qwen2.5:7b, these by builtin"),
        ({"scorer_version": "0.1 {}"}, "another version of the scorer"),
        ({"selection": "9"}, "9 per persona"),
    ],
)
def test_a_calibration_of_another_setup_is_refused_with_the_difference(
    identity, words, saved, database, interviews, capsys
):
    assert generate(database, interviews, fitting(saved, **identity)) == 2
    assert words in capsys.readouterr().err


def test_a_calibration_and_a_threshold_are_not_given_together(saved, database, interviews, capsys):
    assert generate(database, interviews, fitting(saved), "--quality-threshold", "0.5") == 2
    assert "brings its own threshold" in capsys.readouterr().err


def test_a_calibration_without_a_threshold_or_a_setup_is_refused(saved, database, interviews, capsys):
    document = json.loads(saved.read_text())
    saved.write_text(json.dumps(document | {"status": "too_few_labels", "threshold": None}))
    assert generate(database, interviews, saved) == 2
    saved.write_text(json.dumps(document | {"identity": None}))
    assert generate(database, interviews, saved) == 2
    said = capsys.readouterr().err
    assert "certifies no threshold" in said
    assert "came without their runs" in said


def test_an_audit_draws_probes_over_the_threshold_and_judges_them_when_they_are_labelled(saved, database, capsys):
    run_id = invented_run(database, invented_scores(90, seed=5), count=90, draft_factor=1.0)
    command = ["calibrate", "--db", str(database), "--run", run_id, "--audit", str(saved), "--json"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["outcome"] == "inconclusive"
    store = Store(database)
    design = store.design(first["design"]).design
    scores = {draft.id: draft.overall or 0.0 for draft in store.scores([run_id])[0].kept}
    probes = [task for task in design.tasks if task.text == "draft"]
    assert len(probes) == 20
    assert min(scores[task.draft_id] for task in probes) >= design.settings.audit.threshold
    for task in design.tasks:
        store.save_label(first["design"], task.place, "Ada", "acceptable", "", NOW)
    assert main(command) == 0
    second = json.loads(capsys.readouterr().out)
    assert (second["outcome"], second["design"]) == ("pass", first["design"])
    for task in design.tasks:
        store.save_label(first["design"], task.place, "Ben", "unacceptable", "", NOW)
    assert main([*command, "--margin", "0.2"]) == 2
    assert "declared with a margin of 0.05" in capsys.readouterr().err


def test_an_audit_that_fails_exits_1(saved, tmp_path, capsys):
    threshold = read_calibration_file(saved).summary.threshold or 0.0
    rows = [f"{threshold + (1 - threshold) * n / 40:.3f},{'0' if n % 2 else ''}" for n in range(40)]
    table = tmp_path / "probes.csv"
    table.write_text("score,label\n" + "\n".join(rows))
    assert main(["calibrate", "--csv", str(table), "--audit", str(saved)]) == 1
    assert capsys.readouterr().out.startswith("FAIL")


def test_labels_after_a_failed_audit_are_a_first_look(saved, database):
    store = Store(database)
    run_id = invented_run(database, invented_scores(90, seed=5), count=90, draft_factor=1.0)
    main(["calibrate", "--db", str(database), "--run", run_id, "--audit", str(saved)])
    (audit,) = [design for design in store.designs() if design.name.startswith("Audit")]
    store.save_label(audit.id, 0, "Ada", "unacceptable", "", NOW)
    assert store.label_history(labelled_run(database, run_id)).earlier == ()


def test_the_id_is_made_of_the_content(saved):
    file = read_calibration_file(saved)
    other = file.summary.model_copy(update={"n_labels": 61})
    assert CalibrationFile(identity=file.identity, summary=other).id != file.id
