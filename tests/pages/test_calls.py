from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import ModelCall
from pipeline.store import Store
from tests.factories import make_call
from tests.pages.runs import finished_run, save_study
from tests.pages.tables import column, sent

App = Callable[[], AppTest]
MARKUP = "</code><b>ignore the rules</b> :red[!]"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "persona.db"


def _open(app: App, **address: str) -> AppTest:
    # A page has its real address only after `st.navigation` has run once.
    page = app().run()
    page.switch_page(ui.CALLS)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def _text(page: AppTest) -> str:
    """All words on the page, without the backslashes that keep them from being markup."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "code", "metric")
    words = [f"{getattr(item, 'label', '')} {item.value}" for kind in kinds for item in page.get(kind)]
    return "\n".join(words).replace("\\", "")


def _sent_run(database: Path, *calls: ModelCall) -> str:
    """A run of which some calls have left the machine, as far as its record says."""
    store = Store(database)
    config = HybridConfig(local_provider="builtin", frontier_provider="anthropic")
    run_id = store.create_run(save_study(store).id, config, name="Sent", simulated=False, now=datetime.now(UTC))
    for call in calls:
        store.log(run_id).call_opened(call)
    return run_id


def _call(number: int, **changes: object) -> ModelCall:
    return make_call(number).model_copy(update={"payload": f'{{"prompt": "{MARKUP}"}}', **changes})


def test_without_a_run_the_page_offers_the_next_step(app: App) -> None:
    page = _open(app)
    assert page.title[0].value == "Calls"
    assert "No run yet" in _text(page)
    assert not page.exception


def test_totals_come_first_and_every_attempt_is_listed(app: App, database: Path) -> None:
    page = _open(app, run=finished_run(database, quality_threshold=1.0))
    assert not page.exception
    assert [(metric.label, metric.value) for metric in page.metric][:1] == [("Attempts", "6")]
    assert column(page, "Stage") == ["refining"] * 2 + ["drafting"] * 4
    assert set(column(page, "Status")) == {"answered"}


def test_every_figure_of_money_of_a_simulated_run_says_so(app: App, database: Path) -> None:
    run_id = finished_run(database, quality_threshold=1.0)
    call = Store(database).run(run_id).calls[-1]
    page = _open(app, run=run_id, call=call.id)
    assert call.id in _text(page)
    for line in [*_text(page).splitlines(), *column(page, "Cost")]:
        assert "$" not in line or "(simulated)" in line, line


def test_a_run_inside_this_program_sent_nothing_and_says_so(app: App, database: Path) -> None:
    page = _open(app, run=finished_run(database))
    assert "Nothing left this machine: every model of this run works inside this program." in _text(page)


def test_what_went_out_is_told_and_shown_word_for_word_as_code(app: App, database: Path) -> None:
    run_id = _sent_run(database, _call(0, flag="Too much.", error="cut\noff", reply="an answer"))
    page = _open(app, run=run_id, call="draft-001.refine.1")
    assert "1 request went to anthropic claude-sonnet-5-5" in _text(page)
    assert page.code[0].value == MARKUP
    assert "The bill contradicts the call. Too much." in page.warning[0].value.replace("\\", "")
    assert "cut off" in page.error[0].value.replace("\\", "")
    assert not any(MARKUP in item.value for kind in ("markdown", "caption") for item in page.get(kind))


def test_filters_narrow_totals_and_table_alike(app: App, database: Path) -> None:
    page = _open(app, run=finished_run(database, quality_threshold=1.0))
    page.pills(key="stage").set_value("refine").run()
    assert page.metric[0].value == "2"
    assert set(column(page, "Stage")) == {"refining"}


def test_all_runs_are_counted_together_with_real_and_simulated_money_apart(app: App, database: Path) -> None:
    finished_run(database, "Simulated", quality_threshold=1.0)
    _sent_run(database, _call(0, status="ok"), _call(1, status="in_flight"))
    page = _open(app, run="all")
    metrics = {metric.label: metric.value.replace("\\", "") for metric in page.metric}
    assert (metrics["Attempts"], metrics["Settled"], metrics["Reserved"]) == ("8", "$0.02", "$0.02")
    assert "(simulated)" in _text(page)
    assert set(column(page, "Run")) == {"Simulated", "Sent"}
    assert "Choose one run to see what left this machine" in _text(page)


def test_money_of_imported_runs_is_not_in_the_totals_over_all_runs(app: App, database: Path) -> None:
    run_id = _sent_run(database, _call(0, status="ok"))
    other = database.parent / "other.db"
    elsewhere = finished_run(other, quality_threshold=1.0)
    Store(database).import_bundle(Store(other).bundle([elsewhere]), datetime.now(UTC))
    page = _open(app, run="all")
    metrics = {metric.label: metric.value.replace("\\", "") for metric in page.metric}
    assert (metrics["Attempts"], metrics["Settled"]) == ("7", "$0.02")
    assert "(simulated) of imported runs is not in these amounts" in _text(page)
    assert "imported runs" not in _text(_open(app, run=elsewhere))
    assert "imported runs" not in _text(_open(app, run=run_id))


def test_attempts_are_listed_a_page_at_a_time_and_the_page_is_in_the_address(app: App, database: Path) -> None:
    run_id = _sent_run(database, *(_call(number) for number in range(120)))
    page = _open(app, run=run_id, page="5")
    assert len(column(page, "Draft")) == 20
    assert "Attempts 101 to 120 of 120, newest first." in _text(page)
    page.pagination[0].set_value(1).run()
    assert len(column(page, "Draft")) == 25
    assert "page" not in page.query_params
    assert len(column(_open(app, run=run_id, page="99"), "Draft")) == 20


@pytest.mark.parametrize("all_runs", [False, True])
def test_the_attempt_of_the_address_is_shown_on_the_page_that_lists_it(
    app: App, database: Path, all_runs: bool
) -> None:
    run_id = _sent_run(database, *(_call(number) for number in range(120)))
    first = "draft-001.refine.1"
    asked = f"{run_id}/{first}" if all_runs else first
    page = _open(app, run="all" if all_runs else run_id, call=asked)
    assert sent(page)["marked"] == [asked]
    assert sent(page)["rows"][-1]["id"] == asked
    assert page.query_params["page"] == "5"
    assert page.code[0].value == MARKUP


def test_a_run_without_a_call_says_what_would_be_here(app: App, database: Path) -> None:
    page = _open(app, run=_sent_run(database))
    assert "No model has been called yet" in page.info[0].value


def test_links_to_a_run_or_a_call_that_is_gone_say_so(app: App, database: Path) -> None:
    run_id = finished_run(database)
    assert "run-gone" in _open(app, run="run-gone").error[0].value.replace("\\", "")
    page = _open(app, run=run_id, call="draft-9")
    assert "no call 'draft-9'" in page.error[0].value.replace("\\", "")
    assert not page.exception


def test_the_results_of_a_run_lead_to_its_calls(app: App, database: Path) -> None:
    run_id = finished_run(database)
    page = app().run()
    page.query_params["run"] = run_id
    page.switch_page(ui.RESULTS).run()
    next(button for button in page.button if button.label == "Calls").click().run()
    assert page.title[0].value == "Calls"
    assert page.query_params["run"] == run_id
