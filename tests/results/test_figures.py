import subprocess
import sys
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calibration.estimates import mean_interval
from pipeline.results.figures import run_figures, run_tiles
from tests.factories import make_call, make_run

SOME = make_run(
    [0.9, 0.8, 0.75, 0.6, 0.5, 0.4, 0.2],
    refined={3: 0.8, 4: 0.45, 5: 0.7},
    otherwise="local_only",
    frontier_only_micros=200_000,
)


def test_local_counts_every_delivered_draft_and_accepted_only_those_over_the_threshold():
    figures = run_figures(SOME)
    assert (figures.personas, figures.local, figures.accepted) == (7, 5, 3)


def test_mean_score_is_of_the_delivered_texts_with_its_range():
    figures = run_figures(SOME)
    delivered = [0.9, 0.8, 0.75, 0.8, 0.5, 0.7, 0.2]
    assert figures.mean_score.value == pytest.approx(fmean(delivered))
    assert (figures.lowest_score, figures.highest_score, figures.mean_score.n) == (0.2, 0.9, 7)


def test_the_interval_is_students_t():
    found = mean_interval([0.5, 0.6, 0.7, 0.8], 0.0, 1.0)
    half = 3.182446 * 0.1290994 / 2  # t quantile .975 with 3 degrees of freedom, standard deviation, root of n
    assert (found.low, found.high) == (pytest.approx(0.65 - half), pytest.approx(0.65 + half))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_an_interval_holds_its_mean_and_only_what_is_possible(values):
    found = mean_interval(values, 0.0, 1.0)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


def test_one_value_has_a_mean_and_no_interval_and_the_reason_says_so():
    figures = run_figures(make_run([0.9]))
    assert (figures.mean_score.value, figures.mean_score.low, figures.mean_score.n) == (pytest.approx(0.9), None, 1)
    assert "at least two" in figures.reasons["mean_score"]


def test_saving_moves_only_the_imputed_part_by_a_quarter():
    saving = run_figures(SOME).saving
    spent, measured, imputed = 60_000, 60_000, 140_000
    assert saving.value == pytest.approx(1 - spent / 200_000)
    assert saving.low == pytest.approx(1 - spent / (measured + 0.75 * imputed))
    assert saving.high == pytest.approx(1 - spent / (measured + 1.25 * imputed))


def test_saving_is_exact_when_everything_was_refined():
    saving = run_figures(make_run([0.5, 0.4], refined={0: 0.8, 1: 0.7}, frontier_only_micros=40_000)).saving
    assert saving.low == saving.value == saving.high == 0


def test_saving_is_negative_when_money_was_lost_on_failures():
    lost = make_call(9, draft=1, cost_micros=60_000, status="lost")
    run = make_run([0.5, 0.4], refined={0: 0.8}, otherwise="refine_failed", extra_calls=[lost])
    assert run_figures(run.model_copy(update={"frontier_only_micros": 40_000})).saving.value == pytest.approx(-1)


def test_nothing_is_saved_by_refinements_that_failed():
    run = make_run([0.5, 0.4], otherwise="refine_failed", frontier_only_micros=40_000)
    figures = run_figures(run)
    assert figures.saving is None
    assert figures.reasons["saving"] == "No saving is claimed: 2 of 2 refinements did not happen."
    notes = {tile.label: tile.note for tile in run_tiles(run)}
    assert all("2 of 2 refinements did not happen" in notes[label] for label in ("Mean score", "Local share"))


def test_cost_per_point_spreads_all_refinements_over_what_was_delivered():
    assert run_figures(SOME).cost_per_point_micros == 60_000 / 50


def test_a_refinement_that_gained_nothing_has_no_price_per_point():
    figures = run_figures(make_run([0.5], refined={0: 0.4}))
    assert figures.cost_per_point_micros is None
    assert figures.reasons["cost_per_point_micros"] == "The refinements gained no score."


@pytest.mark.parametrize(
    "run",
    [
        make_run([]),
        make_run([], status="running"),
        make_run([None, None]),
        make_run([0.8]),
        make_run([0.8, 0.3], local_only=True, max_cost=None),
        make_run([0.3, 0.3], refined={0: 0.3}),
        make_run([0.3], frontier_only_micros=0),
        SOME,
    ],
)
def test_every_figure_that_is_missing_or_lacks_its_interval_has_a_reason(run):
    figures = run_figures(run)
    for name in type(figures).model_fields:
        value = getattr(figures, name)
        missing = value is None or (hasattr(value, "low") and value.low is None)
        assert missing == (name in figures.reasons), name


@pytest.mark.slow
def test_figures_load_neither_pandas_nor_altair():
    code = "import sys, pipeline.results.figures; print({'pandas', 'altair', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
