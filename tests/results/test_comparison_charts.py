"""What the charts of a comparison say, and what they draw."""

import pytest

from pipeline.results.charts.comparison import cost_lines, mix_rows, score_overlay, score_rows
from pipeline.results.charts.style import ChartView, MovingView
from tests.factories import make_run

FIRST = make_run([0.9, 0.4, 0.6], refined={1: 0.7, 2: 0.8})
SECOND = make_run([0.95, 0.85, 0.75], run_id="run-2")
DRAWINGS = [score_overlay, score_rows, mix_rows, cost_lines]


def still(view: ChartView | MovingView) -> ChartView:
    """The chart as a file has it."""
    return view.still() if isinstance(view, MovingView) else view


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("runs", [(FIRST, SECOND), (FIRST,) * 8, (make_run([], run_id="x"), FIRST)])
def test_every_chart_is_drawn_and_says_what_it_shows(draw, runs):
    view = still(draw(runs))
    assert view.chart.to_dict()["description"] == view.alt
    assert set(view.table["run"]) <= set("ABCDEFGH")
    assert list(view.table.columns[:3]) == ["run", "run_name", "simulated"]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_runs_with_nothing_to_draw_say_why(draw):
    view = draw((make_run([]), make_run([], run_id="run-2")))
    assert view.chart is None
    assert view.title


def test_the_findings_name_every_run():
    assert score_overlay((FIRST, SECOND)).title == "Mean score: A 0.80, B 0.85"
    assert score_overlay((FIRST, SECOND), "kept drafts").title == "Mean score: A 0.63, B 0.85"
    assert mix_rows((FIRST, SECOND)).title == "Local texts: A 33 %, B 100 %"
    assert cost_lines((FIRST, SECOND)).title == "Spent: A $0.04, B $0"


def test_simulated_money_says_so_for_all_or_for_each():
    simulated = FIRST.model_copy(update={"simulated": True})
    assert cost_lines((simulated, simulated)).title == "Spent (simulated): A $0.04, B $0.04"
    assert cost_lines((simulated, SECOND)).title == "Spent: A $0.04 (simulated), B $0"


def test_rows_of_scores_are_labelled_with_their_letters():
    spec = still(score_rows((FIRST, SECOND))).chart.to_dict()
    expression = spec["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    assert expression == "datum.value < 1 ? 'B' : datum.value < 2 ? 'A' : ''"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("draw", [score_overlay, score_rows])
def test_other_texts_are_other_rows_of_the_same_chart(draw, dark):
    delivered, drafts = (draw((FIRST, SECOND), texts, dark=dark) for texts in ("delivered texts", "kept drafts"))
    assert delivered.template == drafts.template
    assert delivered.data["bins"] != drafts.data["bins"]
    assert drafts.subtitle.startswith("Kept drafts; A: n = 3")
