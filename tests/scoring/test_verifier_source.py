"""Verifiers on servers and in folders: checked before they are used, refused where they cannot be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import ConfigError, ProviderError
from pipeline.hybrid.forecast import forecast_run
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.hybrid.preflight import check_setup, plan_run
from pipeline.results.data_sent import outbound
from pipeline.scoring import SCORER_VERSION
from pipeline.scoring.model_check import sources
from pipeline.scoring.optional_models import check_verifier, verifier_result
from tests.contract.test_optional_scorers import STUDY
from tests.fakes import FakeClock
from tests.loopback import OllamaServer
from tests.scoring import tiny_onnx

MODEL = "bespoke-minicheck"
BASE = HybridConfig(local_provider="builtin", enabled=False, count=1)
SERVED = BASE.model_copy(update={"verifier_model": MODEL})
SUPPORTED = {source.supported.text for source in sources()}

Tokens = list[tuple[str, dict[str, float]]]


def knows(prompt: str) -> Tokens:
    """Knows the answers of the check; sure of everything else."""
    claim = prompt.split("\nClaim: ")[1].split("<|im_end|>")[0].removeprefix("The speaker wants this: ")
    yes = 0.02 if claim in {source.unsupported.text for source in sources()} else 0.98
    return [("Yes" if yes > 0.5 else "No", {"Yes": yes, "No": 1 - yes})]


def agrees(prompt: str) -> Tokens:
    return [("Yes", {"Yes": 0.99, "No": 0.01})]


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(models=(f"{MODEL}:latest", "qwen2.5:7b")) as running:
        running.verify = knows
        yield running


def settings(server: OllamaServer) -> Settings:
    return Settings().with_secrets({"OLLAMA_HOST": server.url})


def check(server: OllamaServer, folder: Path, model: str = MODEL) -> str:
    return check_verifier(model, SERVED, settings(server), folder, lambda done, total: None).sentence


def test_verifier_starts_only_after_it_has_passed_its_check(ollama: OllamaServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"not been checked .* `persona check --verifier {MODEL}`"):
        plan_run(SERVED, settings(ollama), tmp_path)
    assert check(ollama, tmp_path).startswith(f"{MODEL}: 32 of 32 right")
    assert plan_run(SERVED, settings(ollama), tmp_path).scoring.verifier is not None
    assert check_setup(SERVED, settings(ollama), tmp_path).ready


def test_verifier_that_agrees_to_everything_does_not_start(ollama: OllamaServer, tmp_path: Path) -> None:
    ollama.verify = agrees
    assert "16 of 32 right" in check(ollama, tmp_path)
    with pytest.raises(ConfigError, match=r"verifier_model: .* right in only 16 of 32 claims"):
        plan_run(SERVED, settings(ollama), tmp_path)


def test_seconds_per_persona_are_told_before_the_run(ollama: OllamaServer, tmp_path: Path) -> None:
    check(ollama, tmp_path)
    told = forecast_run(SERVED, plan_run(SERVED, settings(ollama), tmp_path)).data
    assert f"statements and their best window go to the verifier {MODEL}" in told
    assert "s per persona of 12 statements on this machine" in told


def test_check_of_another_prompt_or_version_is_worth_nothing(
    ollama: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(ollama, tmp_path)
    assert verifier_result(MODEL, SERVED, settings(ollama), tmp_path) is not None
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.scoring.verifier.hypothesis", lambda field, text: f"It is true: {text}")
        assert verifier_result(MODEL, SERVED, settings(ollama), tmp_path) is None
    monkeypatch.setattr("tests.loopback.ollama._digest", lambda name: "pulled again")
    assert verifier_result(MODEL, SERVED, settings(ollama), tmp_path) is None


def test_server_that_gives_no_probabilities_is_told_to_be_updated(ollama: OllamaServer, tmp_path: Path) -> None:
    ollama.verify = None
    with pytest.raises(ProviderError, match="gave no probabilities of tokens"):
        check(ollama, tmp_path)


def test_chat_model_and_missing_model_and_folder_are_refused(ollama: OllamaServer, tmp_path: Path) -> None:
    for model, complaint in (
        ("qwen2.5:7b", "no template is known"),
        ("granite4.1-guardian", "ollama pull granite4.1-guardian"),
        (str(tmp_path / "nothing"), "has no model.onnx and no tokenizer.json and no config.json"),
    ):
        with pytest.raises(ConfigError, match=complaint):
            check(ollama, tmp_path, model)


def test_words_of_a_private_study_do_not_go_to_a_verifier_elsewhere(tmp_path: Path) -> None:
    config = SERVED.model_copy(update={"verifier_base_url": "http://192.0.2.7:8000/v1"})
    with pytest.raises(ConfigError, match="verifier_model: the words of this study never leave this machine"):
        plan_run(config, Settings(), tmp_path, private=True)


def test_run_with_a_served_verifier_has_a_row_per_question_and_asks_nothing_twice(
    ollama: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that the drafters of the tests write follows the study's wording, about which no verifier is asked.
    monkeypatch.setattr("pipeline.scoring.verifier._EXTRACTIVE_SHARE", 2.0)
    config = SERVED.model_copy(update={"local_provider": "ollama"})
    check(ollama, tmp_path)
    ollama.requests.clear()
    record = HybridPipeline(config, settings(ollama), clock=FakeClock(), cache=tmp_path).run(STUDY)
    rows = [call for call in record.calls if call.stage == "verify"]
    assert len(rows) == len([sent for sent in ollama.requests if sent.path == "/api/generate"]) > 0
    assert {(call.status, call.cost_micros, call.provider) for call in rows} == {("ok", 0, "ollama")}
    assert record.scorer_version == f"{SCORER_VERSION}+verifier:{MODEL}"
    (shipment,) = (sent for sent in outbound(record, STUDY).shipments if sent.stage == "verify")
    assert (shipment.untraced, bool(shipment.segments)) == (0, True)
    ollama.requests.clear()
    again = HybridPipeline(config, settings(ollama), clock=FakeClock(), cache=tmp_path).run(STUDY)
    assert again.drafts == record.drafts
    assert not [sent for sent in ollama.requests if sent.path == "/api/generate"]


def test_run_with_a_folder_asks_no_server_and_is_examined_like_any_other(tmp_path: Path) -> None:
    folder = tiny_onnx.save(tmp_path / "models" / "nli-tiny")
    config = BASE.model_copy(update={"verifier_model": str(folder)})
    result = check_verifier(str(folder), config, Settings(), tmp_path, lambda done, total: None)
    assert (result.model, result.n) == ("nli-tiny", 32)
    assert not result.passes, "a model that knows one word must not pass"
    with pytest.raises(ConfigError, match="right in only"):
        plan_run(config, Settings(), tmp_path)


def test_run_with_a_folder_that_has_passed_scores_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.scoring.model_check.BAR", 0.4)
    folder = tiny_onnx.save(tmp_path / "nli-tiny")
    config = BASE.model_copy(update={"verifier_model": str(folder)})
    check_verifier(str(folder), config, Settings(), tmp_path, lambda done, total: None)
    record = HybridPipeline(config, Settings(), clock=FakeClock(), cache=tmp_path).run(STUDY)
    assert record.scorer_version == f"{SCORER_VERSION}+verifier:nli-tiny"
    assert {call.stage for call in record.calls} == {"draft"}
