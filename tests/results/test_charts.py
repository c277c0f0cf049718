import json
import random
from functools import partial
from itertools import pairwise

import pytest

from pipeline.results.charts import (
    cost_curve,
    moving_distribution,
    outcome_bar,
    score_distribution,
    style,
    uplift_slopes,
)
from tests.factories import make_call, make_run

SOME = make_run(
    [0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.3, 0.2, 0.1],
    count=6,
    refined={3: 0.8, 4: 0.5},
    max_cost=0.1,
    frontier_only_micros=120_000,
    simulated=True,
)
CHARTS = [score_distribution, outcome_bar, cost_curve, uplift_slopes]


def drawn(view):
    """The specification of a chart with the rows of each layer in its `rows`."""
    spec = view.chart.to_dict()
    for layer in spec["layer"]:
        layer["rows"] = spec["datasets"][layer.get("data", spec.get("data"))["name"]]
    return spec


def channel(spec, name):
    return [layer["encoding"][name] for layer in spec["layer"] if name in layer["encoding"]]


def marks(spec):
    return [layer["mark"]["type"] for layer in spec["layer"]]


def texts(spec):
    return [row["label"] for layer in spec["layer"] if layer["mark"]["type"] == "text" for row in layer["rows"]]


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_a_fixed_height_fills_its_width_and_says_its_finding(chart):
    view = chart(SOME)
    spec = drawn(view)
    assert (spec["width"], spec["background"]) == ("container", "transparent")
    assert spec["height"] == drawn(chart(make_run([0.9, 0.2], refined={1: 0.8})))["height"]
    assert view.title in view.alt == spec["description"]
    assert spec["config"]["mark"]["aria"] is False
    assert "title" not in spec


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize(
    "run",
    [
        make_run([]),
        make_run([], status="running"),
        make_run([None, None]),
        make_run([0.8]),
        make_run([0.7] * 5),
        make_run([0.0, 1.0], threshold=1.0),
        make_run([0.5], refined={0: 0.5}, max_cost=0.0, frontier_only_micros=0),
        make_run([0.5, 0.6], local_only=True, max_cost=None),
        make_run([0.5], extra_calls=[make_call(0, status="failed")], otherwise="refine_failed"),
        make_run([0.5], extra_calls=[make_call(0, status="in_flight", at_s=0)], status="running"),
    ],
)
def test_odd_runs_give_a_chart_or_a_sentence(chart, run):
    view = chart(run)
    assert view.title
    if view.chart is None:
        assert view.alt == f"No chart: {view.title}."
    else:
        json.dumps(view.chart.to_dict(), allow_nan=False)


@pytest.mark.parametrize("chart", [score_distribution, cost_curve, uplift_slopes])
def test_rules_and_labels_change_colour_with_the_page(chart):
    light, dark = (json.dumps(chart(SOME, dark=dark).chart.to_dict()) for dark in (False, True))
    assert style.text_colour(False) in light
    assert style.text_colour(False) not in dark
    assert style.text_colour(True) in dark


def test_the_histogram_has_twenty_bins_on_zero_to_one_and_counts_every_draft():
    spec = drawn(score_distribution(SOME))
    bars = spec["layer"][0]["rows"]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 1]
    assert sum(row["drafts"] for row in bars) == 9
    assert all(row["right"] - row["left"] == pytest.approx(0.05) for row in bars)


@pytest.mark.parametrize("value", [number / 20 for number in range(20)])
def test_a_score_on_the_edge_of_a_bin_is_in_the_bin_above(value):
    bar = drawn(score_distribution(make_run([value])))["layer"][0]["rows"][0]
    assert bar["left"] == pytest.approx(value)


def test_a_perfect_score_is_in_the_last_bin():
    assert drawn(score_distribution(make_run([1.0])))["layer"][0]["rows"][0]["left"] == 0.95


def test_parts_of_a_bin_stand_on_each_other_and_dropped_drafts_are_hollow_on_top():
    run = make_run([0.52, 0.51, 0.505], count=2, refined={0: 0.9})
    spec = drawn(score_distribution(run))
    parts = [(row["words"], row["bottom"], row["top"]) for row in spec["layer"][0]["rows"]]
    assert parts == [("refined", 0, 1), ("budget used up", 1, 2), ("dropped", 2, 3)]
    assert spec["layer"][0]["encoding"]["fill"]["scale"]["range"][-1] == "transparent"


def test_the_threshold_is_drawn_with_its_value_over_the_overall_score_only():
    view = score_distribution(SOME)
    assert texts(drawn(view)) == ["threshold 0.70"]
    assert texts(drawn(moving_distribution(SOME, "coherence").still())) == []


def test_another_part_of_the_score_is_other_rows_of_the_same_chart():
    first, second = moving_distribution(SOME), moving_distribution(SOME, "coherence")
    assert first.template == second.template
    assert first.data != second.data
    assert second.title.startswith("The kept drafts' coherence is")


def test_the_title_of_the_histogram_is_its_finding_and_n_is_in_the_subtitle():
    view = score_distribution(SOME)
    assert view.title == "3 of 6 stay local at 0.70"
    assert view.subtitle == "n = 6 kept and 3 dropped drafts"
    assert score_distribution(make_run([0.8, 0.3], local_only=True)).title == "1 of 2 score 0.70 or more"


def test_drafts_without_a_score_are_owned_up_to():
    assert score_distribution(make_run([0.8, None])).subtitle.endswith("1 without a score not shown")


def test_the_outcome_bar_adds_up_to_all_personas_and_names_each_part():
    view = outcome_bar(SOME)
    spec = drawn(view)
    rows = spec["layer"][0]["rows"]
    assert [(row["start"], row["end"]) for row in rows] == [(0, 3), (3, 4), (4, 5), (5, 6)]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 6]
    assert channel(spec, "fill")[0]["scale"]["domain"] == [
        "kept local · 3",
        "refined · 1",
        "draft was better · 1",
        "budget used up · 1",
    ]
    assert view.title == "6 personas: kept local 3, refined 1, draft was better 1, budget used up 1"


def test_a_narrow_part_of_the_bar_has_no_text_that_would_run_out_of_it():
    rows = drawn(outcome_bar(make_run([0.9] * 99 + [0.1])))["layer"][0]["rows"]
    assert [row["inside"] for row in rows] == ["kept local 99", ""]


@pytest.mark.parametrize("by", ["call", "time"])
def test_the_cost_axis_shows_spending_budget_and_frontier_only_and_marks_simulated_money(by):
    view = cost_curve(SOME, by)
    spec = drawn(view)
    assert next(axis["scale"]["domain"][1] for axis in channel(spec, "y") if "scale" in axis) >= 0.12
    labels = texts(spec)
    assert {"budget $0.10", "frontier only $0.12"} <= set(labels)
    titles = [axis["title"] for axis in channel(spec, "y") if "title" in axis]
    assert titles == ["Cumulative cost, USD (simulated)"]
    assert view.title == "$0.04 spent of a budget of $0.10 in 2 calls (simulated); the budget stopped 1 refinement"


def test_a_budget_far_over_the_spending_is_told_and_not_drawn():
    view = cost_curve(make_run([0.5], refined={0: 0.8}, max_cost=5.0))
    assert view.subtitle == "n = 1 call; budget $5.00 is beyond the axis"
    assert "rule" not in marks(drawn(view))


def test_reserved_money_is_shaded_on_top_of_what_is_settled():
    waiting = make_call(5, draft=1, status="in_flight", cost_micros=60_000)
    run = make_run([0.5, 0.4], refined={0: 0.8}, otherwise="cancelled", extra_calls=[waiting])
    spec = drawn(cost_curve(run))
    shade = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "rect")["rows"][0]
    assert (shade["cumulative_usd"], shade["total"]) == (0.02, pytest.approx(0.08))
    assert shade["right"] > shade["at"]
    assert "$0.02 spent, $0.06 reserved" in texts(spec)


def test_the_cost_of_a_long_run_is_thinned_but_ends_where_the_money_ended():
    calls = [make_call(number, cost_micros=1000) for number in range(9000)]
    spec = drawn(cost_curve(make_run([0.9], extra_calls=calls, max_cost=None)))
    line = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "line")["rows"]
    assert len(line) <= 2001
    assert line[-1]["cumulative_usd"] == pytest.approx(9.0)


def test_the_label_of_the_end_keeps_clear_of_a_budget_just_above_it():
    spec = drawn(cost_curve(make_run([0.5], refined={0: 0.8}, max_cost=0.021)))
    level = next(row["level"] for layer in spec["layer"] for row in layer["rows"] if "level" in row)
    assert level > 0.021


def test_every_refinement_is_a_slope_and_a_rejected_text_is_dashed():
    view = uplift_slopes(SOME)
    spec = drawn(view)
    line = spec["layer"][0]
    assert sorted((row["draft_id"], row["side"], row["score"]) for row in line["rows"]) == [
        ("draft-004", 0, 0.6),
        ("draft-004", 1, 0.8),
        ("draft-005", 0, 0.55),
        ("draft-005", 1, 0.5),
    ]
    assert line["encoding"]["strokeDash"]["scale"]["domain"] == ["used", "not used: the draft was better"]
    assert line["encoding"]["y"]["scale"]["domain"] == pytest.approx([0.4, 0.9])
    assert view.title.startswith("Refining raised the score of 1 of 2 drafts, on average by +0.10 (95 %: ")


def test_names_beside_the_slopes_never_touch_and_never_leave_the_chart():
    scores = {number: 0.95 + number / 1000 for number in range(10)}
    spec = drawn(uplift_slopes(make_run([0.5] * 10, refined=scores)))
    names, leaders = spec["layer"][-1]["rows"], spec["layer"][-2]
    bottom, top = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    levels = sorted(row["level"] for row in names)
    assert bottom <= levels[0] <= levels[-1] <= top
    assert min(high - low for low, high in pairwise(levels)) >= 0.0599 * (top - bottom)
    assert leaders["encoding"]["y"]["field"] == "end"
    assert leaders["encoding"]["y2"]["field"] == "level"


def test_a_long_name_beside_a_slope_is_cut_where_there_is_no_room_for_it():
    run = make_run([0.5], refined={0: 0.8})
    (final,) = run.personas
    persona = final.persona.model_copy(update={"name": "Margaret 'Maggie' Thompson-Okafor"})
    view = uplift_slopes(run.model_copy(update={"personas": (final.model_copy(update={"persona": persona}),)}))
    assert "Margaret 'Maggie' T…" in texts(drawn(view))
    assert view.table["name"].tolist() == [persona.name]


def test_a_refinement_without_readable_text_gives_a_sentence_and_no_chart():
    run = make_run([0.5], extra_calls=[make_call(0, status="unparsable")], otherwise="refine_unparsable")
    view = uplift_slopes(run)
    assert view.chart is None
    assert view.title == "The frontier returned no comparable text for 1 draft"


def test_a_thousand_drafts_stay_within_what_altair_accepts():
    draws = random.Random(4)
    scores = [draws.betavariate(6, 4) for _ in range(1000)]
    run = make_run(scores, count=500, refined=dict.fromkeys(range(1000), 0.9), max_cost=None)
    for chart in (score_distribution, outcome_bar, partial(cost_curve, by="time"), uplift_slopes):
        chart(run).chart.to_dict()


def test_run_that_bought_nothing_shows_how_far_it_stayed_below_the_frontier() -> None:
    run = make_run([0.9, 0.8], count=2).model_copy(update={"frontier_only_micros": 47_700, "calls": ()})
    view = cost_curve(run)
    assert view.chart is not None
    assert "frontier only $0.0477" in view.alt
