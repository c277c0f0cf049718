"""Whole runs with an embedding model and a judge in the score: rows, versions, cancelling, and servers that die."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import ProviderError
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.jobs.worker import Worker
from pipeline.results.data_sent import outbound
from pipeline.scoring.index import SCORER_VERSION
from pipeline.scoring.optional_models import check_judge
from pipeline.store import Store
from tests.fakes import FakeClock
from tests.loopback import OllamaServer, fault
from tests.scoring.studies import study_of
from tests.scoring.test_model_check import knows

STUDY = study_of(
    {
        "P1": "I want to know what every evening costs before it starts. I hate that the app is slow in the morning.\n"
        "I check the app every single morning before breakfast.\n"
        "I need a warm kitchen at seven because my mother feels the cold.",
        "P2": "I write every outage down in an old lambing book. I hate that the broadband fails when it rains.\n"
        "I want to know when the line will come back.\n"
        "I drive into town twice a week to send the forms.",
    }
)
OFF = HybridConfig(local_provider="builtin", frontier_provider="simulated", count=1, quality_threshold=1.0)
ON = OFF.model_copy(update={"embedding_model": "all-minilm", "judge_model": "qwen2.5:7b"})


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(models=("qwen2.5:7b", "all-minilm")) as running:
        running.judge = knows
        yield running


@pytest.fixture
def settings(ollama: OllamaServer, tmp_path: Path) -> Settings:
    """The environment, with a judge that has passed its check."""
    found = Settings().with_secrets({"OLLAMA_HOST": ollama.url})
    check_judge("qwen2.5:7b", ON, found, tmp_path, lambda done, total: None)
    ollama.requests.clear()
    return found


def run(config: HybridConfig, settings: Settings, folder: Path, study: Study = STUDY) -> RunRecord:
    return HybridPipeline(config, settings, clock=FakeClock(), cache=folder).run(study)


def test_off_makes_no_request_and_scores_as_without_a_server(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    record = run(OFF, settings, tmp_path)
    nowhere = run(OFF, Settings().with_secrets({"OLLAMA_HOST": "http://127.0.0.1:9"}), tmp_path)
    assert ollama.requests == []
    assert record.drafts == nowhere.drafts
    assert record.scorer_version == SCORER_VERSION


def test_every_question_of_the_score_is_a_row_that_costs_nothing(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    record = run(ON, settings, tmp_path)
    rows = [call for call in record.calls if call.stage in ("embed", "judge")]
    assert len(rows) == len(ollama.generations)
    assert {call.stage for call in rows} == {"embed", "judge"}
    assert {(call.status, call.cost_micros, call.provider) for call in rows} == {("ok", 0, "ollama")}
    assert {call.draft_id for call in rows} <= {item.draft.id for item in record.drafts} | {"study"}
    assert len({call.id for call in record.calls}) == len(record.calls)


def test_versions_and_configuration_name_the_models(settings: Settings, tmp_path: Path) -> None:
    record = run(ON, settings, tmp_path)
    assert record.scorer_version == f"{SCORER_VERSION}+all-minilm+judge:qwen2.5:7b"
    assert {item.assessment.scorer_version for item in record.drafts} == {record.scorer_version}
    assert (record.config.embedding_model, record.config.judge_model) == ("all-minilm", "qwen2.5:7b")


def test_a_second_run_asks_nothing_again_and_scores_the_same(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    first = run(ON, settings, tmp_path)
    before = len(ollama.generations)
    assert run(ON, settings, tmp_path).drafts == first.drafts
    assert len(ollama.generations) == before


def test_what_the_models_of_the_score_were_sent_is_traced_to_segments(settings: Settings, tmp_path: Path) -> None:
    record = run(ON, settings, tmp_path)
    shipments = {shipment.stage: shipment for shipment in outbound(record, STUDY).shipments}
    for stage in ("embed", "judge"):
        assert shipments[stage].segments
        assert shipments[stage].untraced == 0
        assert shipments[stage].place == "here"
        assert all(sent.requests <= shipments[stage].requests for sent in shipments[stage].segments)


def test_a_server_that_dies_while_scoring_fails_the_run_and_a_resumed_one_goes_on(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    store = Store(tmp_path / "persona.db")
    store.save_study(STUDY)
    worker = Worker(store, cache=tmp_path, clock=FakeClock())
    ollama.always = fault(503)
    with pytest.raises(ProviderError):
        worker.run(STUDY.id, ON, settings)
    (failed,) = store.runs()
    record = store.run(failed.id)
    assert record.status == "failed"
    assert "The score cannot be computed without all-minilm" in (record.error or "")
    assert record.scorer_version == f"{SCORER_VERSION}+all-minilm+judge:qwen2.5:7b"
    assert len(store.facts(failed.id).drafts) == 2
    ollama.always = None
    worker.resume(failed.id, settings, wait=True)
    assert store.run(failed.id).status == "completed"
    assert len(store.run(failed.id).personas) == 1


def test_a_cancel_while_scoring_delivers_nothing_and_fails_nothing(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    log = MemoryLog()

    def then_cancel(statement: str, sentences: list[str]) -> dict[str, str]:
        log.cancel()
        return knows(statement, sentences)

    ollama.judge = then_cancel
    result = HybridPipeline(ON, settings, clock=FakeClock(), cache=tmp_path).execute(STUDY, log)
    assert (result.status, result.personas) == ("cancelled", ())
    assert len(log.facts().drafts) == 2
    assert len([request for request in ollama.requests if request.path == "/api/chat"]) == 1


def test_command_line_checks_a_judge(
    ollama: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli.main import main

    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    monkeypatch.setenv("PERSONA_DB", str(tmp_path / "persona.db"))
    assert main(["check", "--judge", "qwen2.5:7b", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["right"], result["n"], result["passes"]) == (32, 32, True)
    ollama.judge = lambda statement, sentences: {"span": "", "verdict": "not_found"}
    assert main(["check", "--judge", "qwen2.5:7b"]) == 1
    assert "16 of 32 right" in capsys.readouterr().out


def test_command_line_checks_a_verifier_in_a_folder_and_tells_its_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli.main import main
    from tests.scoring import tiny_onnx

    monkeypatch.setenv("PERSONA_DB", str(tmp_path / "persona.db"))
    folder = str(tiny_onnx.save(tmp_path / "nli-tiny"))
    assert main(["check", "--verifier", folder, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["model"], result["n"], result["passes"]) == ("nli-tiny", 32, False)
    assert result["cost"].endswith("s per persona of 12 statements on this machine.")
    assert main(["check", "--verifier", folder]) == 1
    assert "s per persona of 12 statements" in capsys.readouterr().out
