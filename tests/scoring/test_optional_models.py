from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import ConfigError, ProviderError
from pipeline.hybrid.forecast import forecast_run
from pipeline.hybrid.preflight import check_setup, plan_run
from pipeline.scoring.optional_models import check_judge, judge_result, scorer_models, server
from tests.loopback import OllamaServer
from tests.scoring.test_model_check import agrees, knows

DOWN = Settings().with_secrets({"OLLAMA_HOST": "http://127.0.0.1:9"})
JUDGED = HybridConfig(local_provider="builtin", enabled=False, judge_model="qwen2.5:7b")
EMBEDDED = HybridConfig(local_provider="builtin", enabled=False, embedding_model="all-minilm")


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(models=("qwen2.5:7b", "all-minilm:latest")) as running:
        running.judge = knows
        yield running


def settings(server: OllamaServer) -> Settings:
    return Settings().with_secrets({"OLLAMA_HOST": server.url})


def checked(server: OllamaServer, folder: Path) -> None:
    check_judge("qwen2.5:7b", JUDGED, settings(server), folder, lambda done, total: None)


def test_off_asks_nobody(ollama: OllamaServer) -> None:
    config = HybridConfig(local_provider="builtin", enabled=False)
    assert not scorer_models(config, settings(ollama), None).are_on
    plan_run(config, settings(ollama))
    assert ollama.requests == []


def test_blank_names_are_off() -> None:
    config = HybridConfig(embedding_model=" ", judge_model="")
    assert (config.embedding_model, config.judge_model) == (None, None)


def test_judge_without_a_check_does_not_start_and_says_how_to_check_it(ollama: OllamaServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not been checked .* `persona check --judge qwen2\.5:7b`"):
        plan_run(JUDGED, settings(ollama), tmp_path)


def test_judge_that_has_passed_starts(ollama: OllamaServer, tmp_path: Path) -> None:
    checked(ollama, tmp_path)
    assert plan_run(JUDGED, settings(ollama), tmp_path).scoring.judge is not None
    assert check_setup(JUDGED, settings(ollama), tmp_path).ready


def test_judge_that_has_failed_does_not_start(ollama: OllamaServer, tmp_path: Path) -> None:
    ollama.judge = agrees
    checked(ollama, tmp_path)
    with pytest.raises(ConfigError, match="right in only 16 of 32 claims of its check, and 75% are asked for"):
        plan_run(JUDGED, settings(ollama), tmp_path)


def test_a_check_is_nothing_worth_for_another_version_of_the_model(
    ollama: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(ollama, tmp_path)
    monkeypatch.setattr("tests.loopback.ollama._digest", lambda name: "pulled again")
    assert judge_result("qwen2.5:7b", JUDGED, settings(ollama), tmp_path) is None
    with pytest.raises(ConfigError, match="has not been checked"):
        plan_run(JUDGED, settings(ollama), tmp_path)


def test_without_a_folder_no_judge_counts_as_checked(ollama: OllamaServer) -> None:
    with pytest.raises(ConfigError, match="has not been checked"):
        plan_run(JUDGED, settings(ollama))


@pytest.mark.parametrize(
    ("setting", "model", "complaint"),
    [
        ("embedding_model", "nomic-embed-text", "ollama pull nomic-embed-text"),
        ("judge_model", "phi4", "ollama pull phi4"),
        ("embedding_model", "qwen2.5:7b", "makes no embeddings"),
        ("judge_model", "all-minilm", "cannot answer questions"),
    ],
)
def test_a_model_that_cannot_do_it_is_refused_before_the_run(
    ollama: OllamaServer, tmp_path: Path, setting: str, model: str, complaint: str
) -> None:
    config = HybridConfig.model_validate({"local_provider": "builtin", setting: model})
    with pytest.raises(ConfigError, match=f"{setting}: .*{complaint}"):
        plan_run(config, settings(ollama), tmp_path)


def test_a_server_that_is_down_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=r"embedding_model: Ollama .* or leave embedding_model empty"):
        plan_run(EMBEDDED, DOWN, tmp_path)
    assert server(EMBEDDED, DOWN).fault == "unreachable"
    assert judge_result("qwen2.5:7b", JUDGED, DOWN, tmp_path) is None


def test_the_address_of_another_kind_of_server_is_not_asked(ollama: OllamaServer) -> None:
    config = EMBEDDED.model_copy(update={"local_provider": "openai", "local_base_url": "http://127.0.0.1:9/v1"})
    assert scorer_models(config, settings(ollama), None).embedding is not None
    own = EMBEDDED.model_copy(update={"local_base_url": ollama.url})
    assert scorer_models(own, DOWN, None).embedding is not None


def test_outlook_says_that_statements_go_to_the_models_of_the_score(ollama: OllamaServer, tmp_path: Path) -> None:
    planned = plan_run(EMBEDDED, settings(ollama), tmp_path)
    told = forecast_run(EMBEDDED, planned).data
    assert "Nothing leaves this machine" not in told
    assert f"statements and sentences go to an embedding model: Ollama at {ollama.url} has all-minilm" in told
