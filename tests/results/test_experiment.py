from datetime import UTC, datetime

import pytest

from pipeline.domain.config import HybridConfig, Weights
from pipeline.domain.experiment import Cell, CellRun, Experiment, status_of
from pipeline.domain.run import RunRecord
from pipeline.errors import InputError
from pipeline.results.charts.experiment import paired_differences
from pipeline.results.compare_runs import ComparedMeasure
from pipeline.results.experiment import ExperimentResults, experiment_results, what_it_buys
from pipeline.results.export_experiment import experiment_document
from tests.factories import make_run

SCORES = [0.3, 0.4, 0.5, 0.6, 0.9]


def experiment_of(*records: RunRecord, begun: int | None = None) -> tuple[Experiment, list[CellRun]]:
    """An experiment with these runs as its cells, of which so many were begun."""
    cells = tuple(
        Cell(settings={"quality_threshold": run.config.quality_threshold}, config=run.config) for run in records
    )
    experiment = Experiment(
        id="exp-1",
        name="e",
        study_id="study-1",
        drafts_from="run-0",
        max_cost=None,
        cells=cells,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    runs = [
        CellRun(
            id=run.id,
            status=run.status,
            simulated=run.simulated,
            config=run.config,
            drafts_from="run-0",
            spent_micros=run.spent_micros,
        )
        for run in records[:begun]
    ]
    return experiment, runs


def found_of(*records: RunRecord, baseline: int = 1, begun: int | None = None) -> ExperimentResults:
    experiment, runs = experiment_of(*records, begun=begun)
    return experiment_results(experiment, runs, {run.id: run for run in records}, baseline)


def two_runs(**changes: object) -> tuple[RunRecord, RunRecord]:
    """Nothing refined in the first; in the second the four weak drafts gain about .3 each."""
    better = {0: 0.61, 1: 0.70, 2: 0.82, 3: 0.89}
    first = make_run(SCORES, threshold=0.1, run_id="run-1")
    return first, make_run(SCORES, threshold=0.7, refined=better, run_id="run-2").model_copy(update=changes)


def test_gain_of_every_draft_is_seen_as_a_clear_paired_difference() -> None:
    score = found_of(*two_runs()).cells[1].figures["score"]
    assert score.difference is not None
    assert score.difference.value == pytest.approx((0.31 + 0.30 + 0.32 + 0.29) / 5)
    assert (score.word, score.paired, score.pairs) == ("higher", True, 5)


def test_same_cells_the_other_way_round_have_the_opposite_difference() -> None:
    one, other = two_runs()
    forth, back = found_of(one, other).cells[1], found_of(one, other, baseline=2).cells[0]
    gain, loss = forth.figures["score"].difference, back.figures["score"].difference
    assert gain is not None
    assert loss is not None
    assert gain.value == -loss.value
    assert forth.figures["cost_micros"].word == "dearer"


def test_scores_under_other_weights_are_not_compared_and_costs_are() -> None:
    config = HybridConfig(weights=Weights(faithfulness=0.1), local_provider="builtin", count=5, draft_factor=1)
    figures = found_of(*two_runs(config=config)).cells[1].figures
    assert figures["score"].difference is None
    assert "other weights" in (figures["score"].why_not or "")
    assert figures["cost_micros"].difference


def test_cell_that_was_not_begun_has_no_figures_and_the_rest_stands() -> None:
    found = found_of(*two_runs(), begun=1)
    assert (found.status, found.cells[1].status, found.cells[1].figures) == ("interrupted", None, {})
    view = paired_differences(found, "score")
    assert (view.chart, view.title) == (None, "No choice can be compared with choice 1 yet")


def test_chart_says_which_cells_differ_and_holds_their_intervals() -> None:
    view = paired_differences(found_of(*two_runs()), "score")
    assert view.title == "Choice 2 differs clearly from choice 1"
    row = view.table.iloc[0]
    assert row["low"] < row["difference"] < row["high"]
    assert view.still().chart.to_dict()["description"] == view.alt


@pytest.mark.parametrize("measure", ["score", "cost_micros"])
def test_another_baseline_moves_the_marks_of_the_same_chart(measure: ComparedMeasure) -> None:
    runs = two_runs()
    before, after = (paired_differences(found_of(*runs, baseline=number), measure) for number in (1, 2))
    assert before.template == after.template
    assert before.data["baseline"] != after.data["baseline"]
    assert list(before.data["cells"]["place"]) == ["2"]
    assert list(after.data["cells"]["place"]) == ["1"]


def test_document_keeps_real_and_simulated_money_apart() -> None:
    first, second = two_runs(simulated=True)
    document = experiment_document(found_of(first, second))
    assert (document["spent_usd"], document["spent_simulated_usd"]) == (0, 0.08)
    assert "simulated and real money" in document["cells"][1]["cost_usd_per_persona"]["why_no_difference"]
    assert document["cells"][0]["quality"]["difference"] is None


def test_there_is_no_baseline_beyond_the_cells() -> None:
    with pytest.raises(InputError, match="There is no choice 3: the experiment has 2 choices"):
        found_of(*two_runs(), baseline=3)


@pytest.mark.parametrize(
    ("statuses", "changes", "status"),
    [
        ((), {}, "not begun"),
        (("completed", "completed"), {}, "completed"),
        (("completed",), {}, "interrupted"),
        (("completed", "running"), {"cancel_requested": True}, "running"),
        (("completed", "cancelled"), {}, "cancelled"),
        (("completed",), {"problem": "no server"}, "failed"),
    ],
)
def test_status_follows_from_the_runs(statuses: tuple[str, ...], changes: dict[str, object], status: str) -> None:
    experiment, runs = experiment_of(*two_runs())
    runs = [run.model_copy(update={"status": was}) for run, was in zip(runs, statuses, strict=False)]
    assert status_of(experiment.model_copy(update=changes), runs) == status


def test_what_a_choice_buys_names_clear_differences_with_their_size_and_puts_the_others_together():
    first, second = found_of(*two_runs()).cells
    assert what_it_buys(first) == ""
    words = what_it_buys(second)
    assert "mean score" in words
    assert "cost per persona" in words
    score = second.figures["score"]
    assert (f"mean score {score.word} (" in words) == (score.word in ("higher", "lower"))
