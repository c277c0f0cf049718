"""Charts that move with the threshold, and those beside them."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pipeline.calibration.calibration_result import CalibrationResult, calibrate_runs, place_of
from pipeline.calibration.labels import label_set
from pipeline.calibration.threshold_effects import Terms
from pipeline.results.charts.calibration import cost_by_threshold, risk_curve, threshold_histogram
from pipeline.results.charts.images import image_file
from pipeline.results.charts.style import MovingView
from pipeline.results.charts.tradeoff import cost_quality, reliability_bars, who_gains
from pipeline.store import Store
from tests.invented import invented_run, invented_scores, labelled_run


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> CalibrationResult:
    database: Path = tmp_path_factory.mktemp("charts") / "persona.db"
    run_id = invented_run(database, invented_scores(120), count=120, draft_factor=1.0, max_cost=1.0)
    design_id = labelled_run(database, run_id, labels=60)
    store = Store(database)
    labels = label_set(store.design(design_id), store.labels(design_id))
    return calibrate_runs(store.scores([run_id]), [], labels, Terms(personas=120, budget_micros=1_000_000))


def views(result: CalibrationResult, threshold: float, *, dark: bool = False) -> dict[str, MovingView]:
    place = place_of(threshold)
    here, every = result.positions[place], result.pool.every_label
    assert result.exchange
    found = {
        "histogram": threshold_histogram(result.pool.cases, every, here, result.certificate.threshold, dark=dark),
        "risk": risk_curve(result.positions, here, 0.1, dark=dark),
        "cost": cost_by_threshold(result.positions, here, 1_000_000, simulated=True, dark=dark),
        "quality": cost_quality(result.exchange, place, simulated=True, dark=dark),
    }
    assert all(isinstance(view, MovingView) for view in found.values())
    return found  # type: ignore[return-value]


def titles(spec: object) -> list[str]:
    """All titles of axes in a specification."""
    if isinstance(spec, list):
        return [title for part in spec for title in titles(part)]
    if not isinstance(spec, dict):
        return []
    own = [spec["title"]] if "axis" in spec and spec.get("title") else []
    return own + [title for part in spec.values() for title in titles(part)]


def test_a_move_changes_rows_and_nothing_else_of_a_chart(result: CalibrationResult) -> None:
    before, after = views(result, 0.6), views(result, 0.75)
    for name in before:
        assert before[name].template == after[name].template
        assert before[name].data != after[name].data


@pytest.mark.parametrize(
    ("name", "title", "axes"),
    [
        ("histogram", "stay local at 0.60", {"Draft score, overall (0–1)"}),
        ("risk", "Not certified at any threshold", {"Share that stays local", "Risk"}),
        ("cost", "(simulated) at 0.60, without a cap", {"Threshold", "Cost of one run, USD (simulated)"}),
        ("quality", "at this threshold", {"Cost of one run, USD (simulated)"}),
    ],
)
def test_a_moving_chart_says_its_finding_its_units_and_itself(
    result: CalibrationResult, name: str, title: str, axes: set[str]
) -> None:
    view = views(result, 0.6)[name]
    spec = json.loads(view.template)
    assert title in view.title
    assert axes <= set(titles(spec["layer"]))
    assert spec["description"] == view.alt
    assert len(view.alt) > 30


@pytest.mark.parametrize("name", ["histogram", "risk", "cost", "quality"])
def test_a_moving_chart_can_be_taken_away_as_it_stands(result: CalibrationResult, name: str) -> None:
    view = views(result, 0.6, dark=True)[name].still()
    json.dumps(view.chart.to_dict(), allow_nan=False)  # type: ignore[union-attr]
    picture = image_file(view, "svg", "run-1 · simulated")
    assert b"<svg" in (picture if isinstance(picture, bytes) else picture.encode())
    assert len(view.table)


def test_bars_of_the_histogram_are_all_drafts_on_their_side_of_the_threshold(result: CalibrationResult) -> None:
    for threshold in (0.0, 0.6, 0.61, 1.0):
        view, here = views(result, threshold)["histogram"], result.positions[place_of(threshold)]
        bars = view.table
        assert bars["drafts"].sum() == 120
        assert bars.loc[bars["side"] == "stays local", "drafts"].sum() == here.local
        assert (bars.loc[bars["side"] == "stays local", "left"] >= here.threshold - 1e-9).all()
        assert (bars.loc[bars["side"] == "is refined", "right"] <= here.threshold + 1e-9).all()


def test_nothing_known_is_a_sentence_and_no_chart(result: CalibrationResult) -> None:
    blank = [one.model_copy(update={"bad": None, "cost_micros": None}) for one in result.positions]
    assert risk_curve(blank, blank[50], 0.1).title == "No label counts at any threshold yet"
    unknown = cost_by_threshold(blank, blank[50], None, simulated=False)
    assert unknown.title == "The cost of the frontier is unknown for these drafts"
    unscored = result.pool.cases.where(np.zeros(120, bool))
    assert threshold_histogram(unscored, np.zeros(0), blank[50], None).title == "No draft has a score yet"
    assert who_gains([], []).title == "No draft of these has been refined"
    assert reliability_bars(()).title == "No scored draft is labelled yet"


def test_a_budget_beyond_the_axis_is_said_and_not_drawn(result: CalibrationResult) -> None:
    view = cost_by_threshold(result.positions, result.positions[60], 10**9, simulated=False)
    assert isinstance(view, MovingView)
    assert view.subtitle == "budget $1,000.00 is beyond the axis"
    assert view.data["budget"] == {"usd": [], "label": []}


def test_charts_that_stand_still_name_their_finding_and_n(result: CalibrationResult) -> None:
    bars, dots = reliability_bars(result.bins), who_gains([0.5, 0.6], [0.7, 0.6])
    assert "acceptable at the lowest scores" in bars.title
    assert bars.subtitle == f"n = {sum(one.n for one in result.bins)} labels"
    assert dots.title == "Refining raises the score of 1 of 2 drafts, by +0.10 on average"
    for view in (bars, dots):
        assert view.title in view.alt


@pytest.mark.parametrize("draw", [partial(views, threshold=0.0), partial(views, threshold=1.0)])
def test_the_ends_can_be_drawn(result: CalibrationResult, draw) -> None:
    for view in draw(result).values():
        json.dumps({name: dict(columns) for name, columns in view.data.items()}, allow_nan=False)
