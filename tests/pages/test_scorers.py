"""The optional scorers on Configure: off, chosen, refused, checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import fields, ui
from pipeline.store import Store
from tests.loopback import OllamaServer
from tests.pages.conftest import App, opened, words
from tests.pages.runs import save_study
from tests.scoring.test_model_check import agrees, knows


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(models=("qwen2.5:7b", "all-minilm")) as server:
        server.judge = knows
        yield server


@pytest.fixture
def page(app: App, ollama: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    save_study(Store(tmp_path / "persona.db"))
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    return opened(app().switch_page(ui.CONFIGURE).run(), f"{fields.OPENED_PREFIX}Optional scorers")


def _field(page: AppTest, name: str) -> Any:
    return next(field for field in page.selectbox if field.key == f"{ui.FIELD_PREFIX}{name}")


def _run(page: AppTest) -> Any:
    return next(button for button in page.button if button.label == "Run")


def test_both_are_off_and_folded_away_and_no_model_is_asked(page: AppTest, ollama: OllamaServer) -> None:
    assert "Optional scorers" in [popover.proto.popover.label for popover in page.get("popover")]
    assert "Also scored with" not in words(page)
    assert {_field(page, name).value for name in ("embedding_model", "judge_model")} == {""}
    assert page.session_state[ui.CONFIG_KEY]["judge_model"] is None
    assert ollama.generations == []


def test_models_of_the_server_are_offered_and_the_outlook_says_where_sentences_go(page: AppTest) -> None:
    assert set(_field(page, "embedding_model").options) == {"Off", "all-minilm", "qwen2.5:7b"}
    _field(page, "embedding_model").set_value("all-minilm").run()
    assert "Also scored with all-minilm." in words(page)
    assert "sentences go to an embedding model" in words(page)
    assert not _run(page).disabled
    _field(page, "embedding_model").set_value("").run()
    assert page.session_state[ui.CONFIG_KEY]["embedding_model"] is None


def test_a_judge_runs_only_after_it_has_passed_its_check(page: AppTest) -> None:
    _field(page, "judge_model").set_value("qwen2.5:7b").run()
    assert _run(page).disabled
    assert "has not been checked on this machine" in words(page)
    page.button(key="check_judge").click().run()
    assert not page.exception
    assert "32 of 32 right, balanced accuracy 1.00" in words(page)
    assert not _run(page).disabled


def test_a_judge_that_fails_is_shown_with_what_it_got_wrong(page: AppTest, ollama: OllamaServer) -> None:
    ollama.judge = agrees
    _field(page, "judge_model").set_value("qwen2.5:7b").run()
    page.button(key="check_judge").click().run()
    assert _run(page).disabled
    assert "16 of 32 right" in words(page)
    assert "it said: supported" in words(page)


def test_a_server_that_dies_during_the_check_is_one_sentence(page: AppTest, ollama: OllamaServer) -> None:
    from tests.loopback import fault

    _field(page, "judge_model").set_value("qwen2.5:7b").run()
    ollama.always = fault(503)
    page.button(key="check_judge").click().run()
    assert not page.exception
    assert "503" in words(page)


def test_a_verifier_in_a_folder_is_checked_timed_and_refused_when_it_fails(page: AppTest, tmp_path: Path) -> None:
    from tests.scoring import tiny_onnx

    folder = str(tiny_onnx.save(tmp_path / "nli-tiny"))
    page.session_state[ui.CONFIG_KEY] = {**page.session_state[ui.CONFIG_KEY], "verifier_model": folder}
    page.run()
    assert _run(page).disabled
    assert "has not been checked on this machine" in words(page)
    page.button(key="check_verifier").click().run()
    assert not page.exception
    assert "s per persona of 12 statements on this machine" in words(page)
    assert _run(page).disabled
