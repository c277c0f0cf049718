from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig, load_config, parse_config_text
from pipeline.errors import ConfigError

RECORD = """
hybrid:
  enabled: true
  local_model: qwen2.5:7b
  frontier_provider: anthropic
  frontier_model: claude-sonnet-4-20250514
  quality_threshold: 0.7
  max_cost: 5.00
  skip_frontier: false
"""


def test_block_of_the_seed_record_loads_word_for_word() -> None:
    config = parse_config_text(RECORD, "hybrid.yaml")
    assert config.frontier_model == "claude-sonnet-4-20250514"
    assert (config.quality_threshold, config.max_cost, config.enabled) == (0.7, 5.0, True)


def test_defaults_are_those_of_the_record_with_a_model_that_is_on_sale() -> None:
    config = HybridConfig()
    assert (config.local_model, config.frontier_provider) == ("qwen2.5:7b", "anthropic")
    assert (config.quality_threshold, config.max_cost, config.skip_frontier) == (0.7, 5.0, False)
    assert config.frontier_model == "claude-sonnet-5-5"


def test_yaml_written_reads_back_as_the_same_configuration() -> None:
    config = HybridConfig(max_cost=None, quality_threshold=0.85, prices={"gpt-x": {"input_usd": 1, "output_usd": 2}})
    assert parse_config_text(config.to_yaml(), "x") == config


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("hybrid: {max_cost: -1}", "max_cost: input should be greater than or equal to 0 (found -1)"),
        ("hybrid: {quality_threshold: 1.5}", "quality_threshold: input should be less than or equal to 1 (found 1.5)"),
        ("hybrid: {qualty: 1}", "unknown setting 'qualty'"),
        ("hybrid: {max_cost: .nan}", "max_cost: "),
        ("hybrid: [1]", "expected a `hybrid:` block of settings, found list"),
        ("hybrid: {a: [", "is not valid YAML"),
        ("hybrid: {local_model: '  '}", "local_model: must not be empty"),
    ],
)
def test_wrong_setting_is_named_with_what_was_found(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config_text(text, "hybrid.yaml")
    assert "hybrid.yaml" in str(caught.value)
    assert complaint in str(caught.value)


def test_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")


@given(count=st.integers(1, 500), tenths=st.integers(10, 100))
def test_draft_count_is_the_product_rounded_up(count: int, tenths: int) -> None:
    drafts = HybridConfig(count=count, draft_factor=tenths / 10).draft_count
    assert -(-count * tenths // 10) <= drafts <= -(-count * tenths // 10) + 1
    assert drafts >= count


def test_shared_budget_needs_the_name_of_a_project() -> None:
    assert HybridConfig(project="heating", project_max_cost=0.05).project_budget_micros == 50_000
    with pytest.raises(ConfigError, match="project_max_cost: must not be set without a project"):
        parse_config_text("project_max_cost: 5", "x")


@given(cents=st.integers(0, 10_000_000))
def test_budget_in_micros_is_exact_for_whole_cents(cents: int) -> None:
    assert HybridConfig(max_cost=cents / 100).budget_micros == cents * 10_000
