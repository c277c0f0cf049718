from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig
from pipeline.errors import ConfigError
from pipeline.jobs.grid import MOST_CELLS, Grid, cells_of, experiment_id_of, load_grid, parse_grid


def grid_of(**values: object) -> Grid:
    return parse_grid({"experiment": "e", "from_drafts": "run-1", "grid": {"quality_threshold": [0.7]}} | values, "g")


def test_cells_are_every_combination_and_the_first_setting_changes_slowest() -> None:
    grid = grid_of(grid={"quality_threshold": [0.7, 0.8], "escalation_order": ["worst_first", "best_first"]})
    assert [list(cell.settings.values()) for cell in cells_of(grid, None, "g")] == [
        [0.7, "worst_first"],
        [0.7, "best_first"],
        [0.8, "worst_first"],
        [0.8, "best_first"],
    ]


def test_cells_take_what_the_grid_leaves_open_from_the_run_of_the_drafts_but_not_its_money() -> None:
    base = HybridConfig(redact=False, enabled=False, max_cost=0.01, project="other", count=3)
    (cell,) = cells_of(grid_of(hybrid={"frontier_workers": 2}), base, "g")
    config = cell.config
    assert (config.redact, config.count, config.frontier_workers, config.enabled) == (False, 3, 2, True)
    assert (config.max_cost, config.project) == (None, None)


def test_another_provider_brings_its_usual_model_along() -> None:
    cells = cells_of(grid_of(grid={"frontier_provider": ["openai", "anthropic"]}), None, "g")
    assert [cell.config.frontier_model for cell in cells] == ["gpt-5.4-mini", "claude-sonnet-5-5"]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"grid": {}}, "grid: names no setting"),
        ({"grid": {"quality_threshold": []}}, "quality_threshold has no values"),
        ({"grid": {"quality": [1]}}, "unknown setting 'quality'"),
        ({"grid": {"count": [1, 2]}}, "count cannot be varied"),
        ({"grid": {"project": ["a"]}}, "project cannot be varied"),
        ({"grid": {"quality_threshold": [0.7, 0.7]}}, "the same value twice"),
        ({"grid": {"frontier_workers": list(range(1, MOST_CELLS + 2))}}, f"{MOST_CELLS} are allowed"),
        ({"grid": {"quality_threshold": 0.7}}, "grid.quality_threshold: input should be a valid list"),
        ({"from": "data"}, "either from_drafts"),
        ({"from_drafts": None}, "either from_drafts"),
        ({"hybrid": {"project": "p"}}, "hybrid.project is set by the experiment"),
        ({"repeats": 2, "grid": {"seed": [1, 2]}}, "either repeats or grid.seed"),
        ({"repeats": 21}, "repeats: input should be less"),
        ({"repeats": 20, "grid": {"quality_threshold": [0.1, 0.2, 0.3, 0.4]}}, f"{MOST_CELLS} are allowed"),
        ({"grid": {"local_provider": ["auto", "builtin"]}}, "name the providers"),
        ({"budget": 3}, "unknown setting 'budget'"),
        ({"max_cost": -1}, "max_cost: input should be greater"),
    ],
)
def test_grid_that_makes_no_experiment_is_refused_in_one_sentence(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"^g: .*{complaint}") as refused:
        grid_of(**values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (
            {"grid": {"quality_threshold": [0.7, 1.2]}},
            "cell with quality threshold 1.2: quality_threshold: input should",
        ),
        ({"hybrid": {"qualty": 1}}, "unknown setting 'qualty'"),
        ({"grid": {"weights": [{"faithfulness": 0.5}, {"coherence": 0.3}]}}, "two cells are the same run"),
    ],
)
def test_cell_with_a_wrong_value_is_named(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        cells_of(grid_of(**values), None, "g")


def test_the_same_name_cells_and_drafts_are_the_same_experiment_whatever_the_budget() -> None:
    def identity_of(drafts: str = "run-1", **values: object) -> str:
        grid = grid_of(**values)
        return experiment_id_of(grid, cells_of(grid, None, "g"), drafts)

    assert identity_of() == identity_of(max_cost=9)
    others = {identity_of("run-2"), identity_of(experiment="f"), identity_of(hybrid={"redact": False})}
    assert len({identity_of(), *others}) == 4


def test_file_is_read_and_its_budget_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("experiment: e\nfrom: data\nmax_cost: 2\nhybrid:\ngrid: {quality_threshold: [0.7]}\n")
    assert (load_grid(path).source, load_grid(path).max_cost, load_grid(path, 0.5).max_cost) == (
        (Path("data"),),
        2,
        0.5,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("- a\n", "found list"), ("a: [\n", "line 2: is not valid YAML"), ("", "found NoneType")],
)
def test_file_that_is_no_grid_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"grid.yaml.*{complaint}"):
        load_grid(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_grid(tmp_path / "nowhere.yaml")


def test_repeats_are_seeds_from_that_of_the_drafts_and_change_fastest() -> None:
    cells = cells_of(grid_of(repeats=2, grid={"quality_threshold": [0.7, 0.8]}), HybridConfig(seed=5), "g")
    assert [cell.settings for cell in cells] == [
        {"quality_threshold": 0.7, "seed": 5},
        {"quality_threshold": 0.7, "seed": 6},
        {"quality_threshold": 0.8, "seed": 5},
        {"quality_threshold": 0.8, "seed": 6},
    ]
    assert [cell.without_seed for cell in cells[:2]] == [{"quality_threshold": 0.7}] * 2


def test_only_settings_of_drafting_make_a_cell_draft_anew() -> None:
    (plain,) = cells_of(grid_of(), None, "g")
    (other,) = cells_of(grid_of(grid={"temperature": [0.2]}), None, "g")
    assert (plain.drafts_anew, other.drafts_anew) == (False, True)
