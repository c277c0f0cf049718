from pathlib import Path

import pytest

from pipeline import load_paths
from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import ConfigError, ProviderError, UnpricedModelError
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.hybrid.preflight import check_setup, plan_run, suggested_config
from tests.loopback import AnthropicServer, OllamaServer, OpenAIServer, fault

DOWN = {"OLLAMA_HOST": "http://127.0.0.1:9"}
NOWHERE = Settings().with_secrets(DOWN)


def test_first_visit_without_anything_gets_builtin_and_simulated() -> None:
    config = suggested_config(NOWHERE)
    assert (config.local_provider, config.frontier_provider) == ("builtin", "simulated")


def test_first_visit_on_the_bundled_study_shows_both_sides_of_the_threshold() -> None:
    study = load_paths([Path(__file__).resolve().parents[2] / "data" / "hearthwise"])
    outcomes = {final.outcome for final in HybridPipeline(suggested_config(NOWHERE), NOWHERE).run(study).personas}
    assert "kept_local" in outcomes
    assert outcomes & {"refined", "refine_not_better"}


def test_first_visit_with_a_server_and_a_key_gets_those_and_the_usual_threshold() -> None:
    with OllamaServer() as ollama:
        config = suggested_config(Settings().with_secrets({"OLLAMA_HOST": ollama.url, "OPENAI_API_KEY": "k"}))
    assert (config.local_provider, config.frontier_provider, config.quality_threshold) == ("ollama", "openai", 0.7)


def test_auto_without_a_server_is_builtin_and_says_so() -> None:
    planned = plan_run(HybridConfig(enabled=False), NOWHERE)
    assert planned.config.local_provider == "builtin"
    assert "Ollama does not answer" in planned.warnings[0]


def test_named_server_that_does_not_answer_stops_the_run() -> None:
    with pytest.raises(ProviderError, match="Ollama does not answer"):
        plan_run(HybridConfig(local_provider="ollama"), NOWHERE)


def test_local_model_that_is_not_there_stops_the_run_with_the_remedy() -> None:
    config = HybridConfig(local_provider="ollama", local_model="nobody")
    with OllamaServer() as ollama:
        settings = Settings().with_secrets({"OLLAMA_HOST": ollama.url})
        with pytest.raises(ConfigError, match="ollama pull nobody"):
            plan_run(config, settings)


def test_unpriced_model_stops_the_run_even_without_a_key() -> None:
    with pytest.raises(UnpricedModelError, match="prices:"):
        plan_run(HybridConfig(frontier_model="claude-mythos-99"), NOWHERE)


@pytest.mark.parametrize(
    ("config", "outcome", "word"),
    [
        (HybridConfig(), "frontier_unavailable", "ANTHROPIC_API_KEY"),
        (HybridConfig(frontier_model="claude-sonnet-4-20250514"), "frontier_unavailable", "2026-06-15"),
        (HybridConfig(skip_frontier=True), "local_only", "local only"),
        (HybridConfig(enabled=False), "local_only", "local only"),
    ],
)
def test_what_only_degrades_a_run_names_the_outcome_of_its_drafts(
    config: HybridConfig, outcome: str, word: str
) -> None:
    planned = plan_run(config, NOWHERE)
    assert (planned.frontier, planned.missing) == (None, outcome)
    assert word in planned.reason


def test_retired_model_behind_a_gateway_may_still_be_served() -> None:
    with AnthropicServer() as gateway:
        settings = Settings().with_secrets(DOWN | {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": gateway.url})
        planned = plan_run(HybridConfig(frontier_model="claude-sonnet-4-20250514"), settings)
    assert planned.frontier is not None
    assert any("2026-06-15" in warning for warning in planned.warnings)


def test_key_of_a_paid_service_is_not_sent_to_a_server_that_speaks_its_format() -> None:
    with OpenAIServer(local=True) as server:
        settings = Settings().with_secrets(DOWN | {"OPENAI_API_KEY": "paid-key"})
        config = HybridConfig(
            local_provider="openai", local_base_url=server.url, local_model="gpt-4o-mini", enabled=False
        )
        plan_run(config, settings).local.check()
        assert server.requests
        assert not any("paid-key" in str(request.headers) for request in server.requests)


def test_check_reports_every_provider_and_the_exit_code_of_a_run() -> None:
    report = check_setup(HybridConfig(frontier_provider="simulated"), NOWHERE)
    assert (report.ready, report.exit_code) == (True, 0)
    assert {"local ollama", "local builtin", "frontier anthropic"} <= {item.name for item in report.items}
    assert "(simulated)" in report.verdict
    bad = check_setup(HybridConfig(local_provider="ollama"), NOWHERE)
    assert (bad.ready, bad.exit_code) == (False, 1)


@pytest.mark.parametrize("kind", ["llama.cpp", "vLLM", "ollama"])
@pytest.mark.parametrize(
    ("window", "told"),
    [
        (16_384, "holds a whole prompt: 9,000 tokens"),
        (8_192, "of the 9,000 tokens of what participants said that a prompt can have"),
        (2_500, "has no room for what participants said"),
    ],
)
def test_check_says_how_much_of_a_prompt_fits_the_window_of_the_server(kind: str, window: int, told: str) -> None:
    with OllamaServer(context_length=window) as ollama, OpenAIServer(local=True) as compatible:
        compatible.kind, compatible.window = kind, window
        settings = Settings().with_secrets({"OLLAMA_HOST": ollama.url})
        chosen = {"local_provider": "ollama"}
        if kind != "ollama":
            chosen = {"local_provider": "openai", "local_base_url": compatible.url, "local_model": "gpt-4o-mini"}
        report = check_setup(HybridConfig.model_validate({**chosen, "enabled": False}), settings)
    fits = window > 2_500
    assert told in (report.window if fits else report.verdict)
    assert f"A window of {window:,} tokens" in report.window + report.verdict
    assert (report.ready, report.exit_code) == ((True, 0) if fits else (False, 2))


def test_check_says_nothing_of_a_window_where_no_model_writes() -> None:
    assert check_setup(HybridConfig(frontier_provider="simulated"), NOWHERE).window == ""


def test_check_proposes_a_successor_for_a_retired_model() -> None:
    assert (
        check_setup(HybridConfig(frontier_model="claude-sonnet-4-20250514"), NOWHERE).successor == "claude-sonnet-5-5"
    )


def test_frontier_that_is_down_at_the_check_is_a_warning_not_an_end() -> None:
    with AnthropicServer() as server:
        server.always = fault(503)
        settings = Settings().with_secrets(DOWN | {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": server.url})
        assert plan_run(HybridConfig(), settings).frontier is not None
