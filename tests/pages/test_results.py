import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import cards, people_map, ui
from pipeline.domain.config import HybridConfig, Weights
from pipeline.domain.run import Batch, Timing
from pipeline.results.evidence import unsupported_quotes, weak_claims
from pipeline.results.score_explained import explain_score, product_in_words
from pipeline.store import Store
from tests.pages.conftest import opened
from tests.pages.runs import finished_run, save_study

App = Callable[[], AppTest]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App, run_id: str | None = None) -> AppTest:
    # A page has its real address only after `st.navigation` has run once.
    page = app().run()
    if run_id:
        page.query_params["run"] = run_id
    return page.switch_page(ui.RESULTS).run()


def _text(page: AppTest) -> str:
    """All words on the page, without the backslashes that keep them from being markup."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "text", "metric")
    words = [f"{getattr(item, 'label', '')} {item.value}" for kind in kinds for item in page.get(kind)]
    return "\n".join(words).replace("\\", "")


def _cards_of(page: AppTest) -> list[dict[str, Any]]:
    """What the browser is given to draw."""
    shown = [json.loads(component.proto.json) for component in page.get("bidi_component")]
    cards: list[dict[str, Any]] = next(told for told in shown if isinstance(told, list))
    return cards


def _press_on_card(page: AppTest, monkeypatch: pytest.MonkeyPatch, action: str, draft: str) -> AppTest:
    """What the browser tells when a button of a card is pressed."""
    pressed = SimpleNamespace(action={"action": action, "draft": draft})
    monkeypatch.setattr(cards, "_board", lambda **_: pressed)
    return page.run()


def _unfinished(database: Path, status: str, error: str | None = None) -> str:
    store = Store(database)
    now = datetime.now(UTC)
    config = HybridConfig(local_provider="builtin", frontier_provider="simulated")
    run_id = store.create_run(save_study(store).id, config, name="Half a run", simulated=True, now=now)
    if status != "running":
        ending = {"frontier_only_micros": None, "price_source": "", "scorer_version": ""}
        store.finish_run(run_id, status, error=error, timing=Timing(), now=now, **ending)
    return run_id


def test_without_a_run_the_page_offers_the_next_step(app: App) -> None:
    page = _open(app)
    assert page.title[0].value == "Results"
    assert "No run yet" in _text(page)
    assert not page.exception


def test_a_run_that_waits_for_a_batch_says_since_when_and_how_long(app: App, database: Path) -> None:
    run_id, sent_at = _unfinished(database, "running"), datetime.now(UTC)
    Store(database).log(run_id).batch_changed(Batch(marker="persona-1", sent_at=sent_at, batch_id="b"))
    page = _open(app, run_id)
    waiting = f"Waiting for the provider's batch, submitted {sent_at.astimezone():%H:%M}; may take up to 24 hours."
    assert f"{waiting} You can close this page." in _text(page).replace("\u2060", "")


def test_a_link_to_a_run_that_is_gone_says_so(app: App) -> None:
    page = _open(app, "run-gone")
    assert "run-gone" in page.error[0].value.replace("\\", "")
    assert not page.exception


def test_a_finished_run_shows_figures_charts_and_cards(app: App, database: Path) -> None:
    page = _open(app, finished_run(database, quality_threshold=1.0))
    assert not page.exception
    assert [metric.label for metric in page.metric][:3] == ["Personas", "Mean score", "Local share"]
    assert page.metric[0].value == "2"
    assert len(page.get("vega_lite_chart")) >= 2
    assert _cards_of(page)[0]["groups"][0]["title"] == "Goals"


def test_the_latest_run_is_shown_unless_another_is_asked_for(app: App, database: Path) -> None:
    first, second = finished_run(database, "First"), finished_run(database, "Second")
    assert "Second" in _text(_open(app))
    assert "First" in _text(_open(app, first))
    assert first != second


def test_simulated_money_is_marked_by_the_badge_of_the_page_and_once_in_the_name_of_each_figure(
    app: App, database: Path
) -> None:
    page = _open(app, finished_run(database, quality_threshold=1.0))
    assert {"Spent (simulated)", "Saved (simulated)"} <= {metric.label.replace("\\", "") for metric in page.metric}
    lines = _text(page).splitlines()
    assert any("simulated" in line and "badge" in line for line in lines)
    assert any("spent of a budget" in line and "(simulated)" in line for line in lines)
    assert all(line.count("(simulated)") <= 1 for line in lines)


def test_a_local_run_claims_nothing_to_be_simulated(app: App, database: Path) -> None:
    page = _open(app, finished_run(database, skip_frontier=True))
    assert "(simulated)" not in _text(page)
    assert "No draft was sent to the frontier" in _text(page)


def test_a_claim_brings_its_source_and_where_it_stands(app: App, database: Path) -> None:
    first = _cards_of(_open(app, finished_run(database)))[0]
    claim = first["groups"][0]["claims"][0]
    assert "answers.csv · row" in claim["source"]["place"]
    assert claim["said"][0].startswith("Supported: support")


def test_cards_are_sorted_and_filtered(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    best = [final.draft_id for final in Store(database).run(run_id).personas]
    assert [card["id"] for card in _cards_of(page)] == best
    page.segmented_control(key="sort").set_value("Lowest score").run()
    assert [card["id"] for card in _cards_of(page)] == best[::-1]


def test_a_filter_that_fits_no_persona_leaves_a_sentence(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    weak = any(weak_claims(final) for final in Store(database).run(run_id).personas)
    page.toggle(key="weak").set_value(True).run()
    assert not page.exception
    assert ("No persona matches" in _text(page)) != weak


def _press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_the_score_of_a_persona_is_taken_apart_when_asked(
    app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    assert "What the score cannot see" not in _text(page)
    first = Store(database).run(run_id).personas[0]
    _press_on_card(page, monkeypatch, "score", first.draft_id)
    assert not page.exception
    assert product_in_words(explain_score(first.assessment, Weights())) in _text(page)
    assert "The lowest quarter** of" in _text(page)
    assert "It is not a probability" in _text(page)


def test_a_refined_persona_is_compared_with_its_draft(
    app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _open(app, finished_run(database, quality_threshold=1.0))
    refined = next(card for card in _cards_of(page) if card["compared"])
    _press_on_card(page, monkeypatch, "compare", refined["id"])
    assert not page.exception
    assert "Frontier (simulated)" in _text(page)


def test_what_a_browser_says_of_a_press_is_not_trusted(
    app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = finished_run(database)
    page, draft = _open(app, run_id), Store(database).run(run_id).personas[0].draft_id
    for action, asked in (("score", "draft-of-another"), ("delete", draft)):
        assert not _press_on_card(page, monkeypatch, action, asked).exception
        assert "What the score cannot see" not in _text(page)


def test_scores_in_general_are_explained_with_the_weights_of_the_run(app: App, database: Path) -> None:
    weights = {"completeness": 0.0, "coherence": 0.5, "faithfulness": 0.5}
    page = _press(_open(app, finished_run(database, weights=weights)), "How scores are computed")
    assert page.code[0].value == "score = faithfulness^0.50 · coherence^0.50 · completeness^0.00"


def test_personas_with_unsupported_quotes_can_be_picked_out(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    unsupported = any(unsupported_quotes(final) for final in Store(database).run(run_id).personas)
    page.toggle(key="unquoted").set_value(True).run()
    assert ("No persona matches" in _text(page)) != unsupported


def test_a_persona_can_be_copied_as_markdown(app: App, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    first = Store(database).run(run_id).personas[0]
    _press_on_card(page, monkeypatch, "copy", first.draft_id)
    assert page.code[0].value.startswith(f"## {first.persona.name}")


def test_a_persona_is_offered_as_a_poster(app: App, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    _press_on_card(page, monkeypatch, "poster", Store(database).run(run_id).personas[0].draft_id)
    assert "Download poster" in [button.proto.label for button in page.get("download_button")]


@pytest.mark.parametrize(
    ("status", "says"),
    [("cancelled", "was cancelled"), ("interrupted", "stopped before this run had ended")],
)
def test_a_run_that_stopped_says_what_is_there_and_offers_to_resume(
    app: App, database: Path, status: str, says: str
) -> None:
    page = _open(app, _unfinished(database, status))
    assert says in _text(page)
    assert "0 drafts and 0 finished personas are kept" in _text(page)
    assert "Resume" in [button.label for button in page.button]


def test_a_failed_run_shows_its_reason_and_hides_the_traceback(app: App, database: Path) -> None:
    page = _open(app, _unfinished(database, "failed", 'Traceback:\n  File "x.py"\nValueError: odd'))
    assert "ValueError: odd" in page.error[0].value.replace("\\", "")
    assert "x.py" not in page.error[0].value
    assert "x.py" in page.code[0].value


def test_a_running_run_shows_its_stages_and_can_be_cancelled(app: App, database: Path) -> None:
    run_id = _unfinished(database, "running")
    page = _open(app, run_id)
    assert "not begun" in " ".join(str(bar.proto.text) for bar in page.get("progress"))
    next(button for button in page.button if button.label == "Cancel").click().run()
    assert Store(database).progress(run_id).cancel_requested


def test_a_resumed_run_goes_on(app: App, database: Path) -> None:
    run_id = _unfinished(database, "cancelled")
    page = _open(app, run_id)
    next(button for button in page.button if button.label == "Resume").click().run()
    assert not page.exception
    ui._open(database).worker.join(run_id, 30)
    assert Store(database).progress(run_id).status == "completed"


def test_a_run_can_be_renamed(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = _open(app, run_id)
    page.text_input(key=f"name {run_id}").set_value("For the board")
    next(button for button in page.button if button.label == "Save").click().run()
    assert Store(database).run(run_id).name == "For the board"


def test_cloning_takes_the_settings_to_configure(app: App, database: Path) -> None:
    page = _open(app, finished_run(database, count=3))
    next(button for button in page.button if button.label == "Clone configuration").click().run()
    assert page.session_state[ui.CONFIG_KEY]["count"] == 3


def test_markup_in_a_name_stays_text(app: App, database: Path) -> None:
    run_id = finished_run(database)
    Store(database).rename_run(run_id, "<b>[x](http://evil.example)</b> :red[!]")
    page = _open(app, run_id)
    shown = next(caption.value for caption in page.caption if "evil" in caption.value)
    assert "](http" not in shown
    assert ":red[" not in shown


def test_the_map_of_people_is_drawn_when_opened_and_leads_to_words(
    app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(people_map, "table", lambda columns, rows, **_: drawn.append(len(rows)) or [rows[0].id])
    page = _open(app, finished_run(database))
    assert not drawn
    opened(page, "people map")
    assert drawn == [3]
    assert "3 participants and 2 personas" in _text(page)
    assert "\n> " in _text(page)
    assert "answers.csv · row" in _text(page)
