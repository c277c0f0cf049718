from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import fields, ui
from pipeline.domain.config import HybridConfig
from pipeline.store import Store
from tests.loopback import OllamaServer
from tests.pages.conftest import App, button, opened, words
from tests.pages.runs import finished_run


@pytest.fixture
def page(app: App, store: Store) -> AppTest:
    return app().switch_page(ui.CONFIGURE).run()


FOLDED = tuple(
    f"{fields.OPENED_PREFIX}{label}"
    for label in (
        "More on drafting",
        "Weights of the score",
        "Optional scorers",
        "More on refining",
        "Price of the model",
    )
)


def _field(page: AppTest, kind: str, name: str) -> Any:
    return next(field for field in page.get(kind) if field.key == f"{ui.FIELD_PREFIX}{name}")


def _config(page: AppTest) -> HybridConfig:
    return HybridConfig.model_validate(page.session_state[ui.CONFIG_KEY])


def _configure(page: AppTest, config: HybridConfig) -> None:
    """Fill the page by pasting YAML, because AppTest cannot type a new name into a list."""
    opened(page, "yaml").text_area(key="pasted_yaml").input(config.to_yaml()).run()
    button(page, "Use these settings").click().run()


def test_without_keys_and_servers_a_simulated_run_is_proposed_and_says_so(page: AppTest) -> None:
    assert page.title[0].value == "Configure"
    assert not page.exception
    assert "10 drafts by builtin here" in words(page)
    money = [metric.label for metric in page.metric if metric.value.startswith("\\$")]
    assert money
    assert all("(simulated)" in label for label in money)
    assert not button(page, "Run").disabled


def test_run_starts_in_the_background_and_shows_the_results(page: AppTest, store: Store) -> None:
    page.text_input(key="run_name").input("First try").run()
    button(page, "Run").click()
    page.run()
    (run,) = store.runs()
    assert (run.name, run.simulated) == ("First try", True)
    assert page.title[0].value == "Results"
    assert page.query_params["run"] == run.id


def test_without_a_study_run_is_disabled_and_says_where_to_get_one(app: App, store: Store) -> None:
    first = app().run()
    store.delete_study(store.studies()[0].id)
    first.query_params.clear()
    page = first.switch_page(ui.CONFIGURE).run()
    assert button(page, "Run").disabled
    assert "Choose a study" in button(page, "Run").help
    assert page.get("page_link")


def test_every_setting_of_the_block_has_a_field(page: AppTest) -> None:
    opened(page, *FOLDED)
    _field(page, "selectbox", "local_provider").set_value("openai").run()
    _field(page, "segmented_control", "escalation_order").set_value("best_first").run()
    _field(page, "text_input", "project").input("Heating").run()
    kinds = ("selectbox", "number_input", "text_input", "toggle", "slider", "segmented_control")
    keys = set()
    for mode in ("live", "batch"):
        _field(page, "segmented_control", "refine_mode").set_value(mode).run()
        fields = [str(field.key) for kind in kinds for field in page.get(kind)]
        keys |= {key.removeprefix(ui.FIELD_PREFIX).partition(".")[0] for key in fields}
    assert set(HybridConfig.model_fields) - keys == {"prices"}
    assert any(key.startswith("price_") for key in keys)
    assert _config(page).escalation_order == "best_first"


def _dollars(page: AppTest, label: str) -> float:
    value: str = next(metric.value for metric in page.metric if metric.label.startswith(label))
    return float(value.replace("\\", "").strip("$"))


def test_a_batch_is_shown_with_half_the_price_and_its_slowness(page: AppTest) -> None:
    live = _dollars(page, "At most")
    _field(page, "segmented_control", "refine_mode").set_value("batch").run()
    assert _dollars(page, "At most") == pytest.approx(live / 2, rel=0.02)
    assert "answers within 24 hours" in words(page)
    assert _config(page).refine_mode == "batch"


def test_a_project_that_is_cleared_takes_its_budget_along(page: AppTest) -> None:
    opened(page, *FOLDED)
    _field(page, "text_input", "project").input("Heating").run()
    _field(page, "number_input", "project_max_cost").set_value(20.0).run()
    assert (_config(page).project, _config(page).project_max_cost) == ("Heating", 20)
    _field(page, "text_input", "project").input("").run()
    assert (_config(page).project, _config(page).project_max_cost) == (None, None)
    assert not page.error


def test_settings_survive_leaving_the_page(page: AppTest) -> None:
    _field(page, "slider", "quality_threshold").set_value(0.85).run()
    _field(page, "number_input", "max_cost").set_value(1.5).run()
    page.switch_page(ui.UPLOAD).run()
    page.switch_page(ui.CONFIGURE).run()
    assert _field(page, "slider", "quality_threshold").value == 0.85
    assert (_config(page).quality_threshold, _config(page).max_cost) == (0.85, 1.5)


def test_no_budget_means_no_cap_and_the_page_says_so(page: AppTest) -> None:
    _field(page, "number_input", "max_cost").set_value(None).run()
    assert _config(page).max_cost is None
    assert "No cap" in words(page)
    assert "Worst case (simulated)" in [metric.label for metric in page.metric]


def test_yaml_is_taken_over_whole(page: AppTest) -> None:
    wanted = HybridConfig(
        local_provider="builtin", frontier_provider="simulated", count=3, quality_threshold=0.55, max_cost=None
    )
    opened(page, "yaml").text_area(key="pasted_yaml").input(wanted.to_yaml()).run()
    assert button(page, "Run").disabled, "Ctrl+Enter in the field must not start a run with the old settings"
    button(page, "Use these settings").click()
    page.run()
    assert _config(page) == wanted
    assert _field(page, "number_input", "count").value == 3
    assert not button(page, "Run").disabled


def test_wrong_yaml_is_one_sentence_and_changes_nothing(page: AppTest) -> None:
    before = _config(page)
    opened(page, "yaml").text_area(key="pasted_yaml").input("hybrid:\n  count: none\n  colour: red\n").run()
    button(page, "Use these settings").click()
    page.run()
    assert "count" in page.error[0].value
    assert "colour" in page.error[0].value
    assert _config(page) == before


def test_a_retired_model_has_a_successor_one_click_away(page: AppTest) -> None:
    _configure(page, HybridConfig(frontier_model="claude-sonnet-4-20250514"))
    assert "retired" in words(page)
    button(page, "Use claude-sonnet-5-5").click()
    page.run()
    assert _config(page).frontier_model == "claude-sonnet-5-5"


def test_a_model_without_a_price_cannot_run_before_one_is_set(page: AppTest) -> None:
    _configure(page, HybridConfig(frontier_provider="simulated", frontier_model="claude-mythos-5"))
    assert button(page, "Run").disabled
    assert "This model has no known price" in words(page)
    _field(page, "number_input", "price_input_usd_claude-mythos-5").set_value(20.0).run()
    assert "claude-mythos-5" not in _config(page).prices
    _field(page, "number_input", "price_output_usd_claude-mythos-5").set_value(100.0).run()
    assert _config(page).prices["claude-mythos-5"].output_usd == 100
    assert not button(page, "Run").disabled


def test_a_typed_key_serves_this_session_and_is_kept_nowhere(page: AppTest, store: Store) -> None:
    _field(page, "selectbox", "frontier_provider").set_value("anthropic").run()
    assert "ANTHROPIC_API_KEY is not set" in words(page)
    page.session_state[ui.TYPED_KEYS] = {"ANTHROPIC_API_KEY": "sk-secret-9"}
    page.run()
    assert "typed in this session" in words(page)
    assert "sk-secret-9" not in words(page)
    assert b"sk-secret-9" not in store.path.read_bytes()
    page.button(key="forget_ANTHROPIC_API_KEY").click().run()
    assert page.session_state[ui.TYPED_KEYS] == {}


def test_a_provider_that_is_down_is_a_reason_and_not_an_exception(page: AppTest) -> None:
    _field(page, "selectbox", "local_provider").set_value("ollama").run()
    assert not page.exception
    assert "Ollama does not answer" in page.error[0].value
    assert "Ollama does not answer" in button(page, "Run").help


def test_local_only_spends_nothing(page: AppTest) -> None:
    _field(page, "toggle", "enabled").set_value(False).run()
    assert "nothing is spent" in words(page)
    assert {metric.value for metric in page.metric if metric.value.startswith("\\$")} == {"\\$0"}


def test_earlier_runs_of_the_study_tell_what_to_expect(app: App, tmp_path: Path) -> None:
    finished_run(tmp_path / "persona.db")
    page = app().switch_page(ui.CONFIGURE).run()
    stay = next(metric for metric in page.metric if metric.label == "Stay local")
    assert "1 earlier run on this study" in stay.help


def test_a_missing_ollama_model_is_downloaded_on_the_page(
    app: App, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaServer(models=("mistral:7b",)) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        page = app().switch_page(ui.CONFIGURE).run()
        _field(page, "selectbox", "local_provider").set_value("ollama").run()
        assert "mistral:7b" in _field(page, "selectbox", "local_model").options
        assert button(page, "Run").disabled
        button(page, "Download qwen2.5:7b").click().run()
        assert "has qwen2.5:7b" in words(page)
        assert not button(page, "Run").disabled
        assert "Nothing leaves this machine" not in words(page)


def test_what_differs_from_the_usual_behind_a_button_is_counted_beside_it(page: AppTest) -> None:
    assert "from the default" not in words(page)
    opened(page, *FOLDED)
    _field(page, "number_input", "seed").set_value(7).run()
    _field(page, "number_input", "timeout_s").set_value(60.0).run()
    assert "2 settings here differ from the default." in words(page)
