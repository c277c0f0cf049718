"""Share of bad local drafts by kind of draft."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.calibration.calibration_result import CalibrationResult, calibrate_runs
from pipeline.calibration.labels import label_set
from pipeline.calibration.slices import Slice, slices
from pipeline.calibration.threshold_effects import Terms
from pipeline.domain.labels import Promise
from pipeline.store import Store
from tests.invented import invented_run, invented_scores, labelled_run


@pytest.fixture
def calibrated(tmp_path: Path) -> Callable[..., CalibrationResult]:
    def make(acceptable: Callable[[float], bool] = lambda _: True, labels: int = 200) -> CalibrationResult:
        path = tmp_path / "x.db"
        run_id = invented_run(path, invented_scores(200), count=200, draft_factor=1.0)
        store = Store(path)
        design = labelled_run(path, run_id, labels=labels, floor=0.0, acceptable=acceptable)
        found = label_set(store.design(design), store.labels(design))
        return calibrate_runs(store.scores([run_id]), [], found, Terms(promise=Promise(), personas=200))

    return make


def named(found: tuple[Slice, ...], kind: str) -> list[Slice]:
    return [one for one in found if one.kind == kind]


def test_every_local_label_is_in_one_slice_of_each_kind(calibrated):
    result = calibrated(lambda score: score > 0.5)
    groups = named(slices(result, 60), "group of people")
    local = result.cases.accepted(result.positions[60].threshold)
    assert sum(one.labels for one in groups) == int(local.sum())
    assert all(one.low <= one.share <= one.high for one in groups)


def test_a_kind_of_document_that_is_always_bad_stands_out(calibrated):
    kinds = {f"P{number:02}": "interview" if number else "survey" for number in range(20)}
    result = calibrated()
    focus = {draft.id: draft.focus for run in result.runs for draft in run.drafts}
    for row, key in enumerate(result.pool.keys):
        result.pool.cases.label[row] = float(focus[key.draft_id] != ("P00",))
    survey, interview = sorted(named(slices(result, 0, kinds), "kind of document"), key=lambda one: -one.share)
    assert (survey.name, survey.share, survey.stands_out) == ("survey", 1.0, True)
    assert (interview.name, interview.bad, interview.stands_out) == ("interview", 0, False)


def test_intervals_are_wider_the_more_slices_there_are(calibrated):
    kinds = {f"P{number:02}": "interview" if number % 2 else "survey" for number in range(20)}
    result = calibrated(lambda score: score > 0.5)
    few = named(slices(result, 0), "group of people")[0]
    more = named(slices(result, 0, kinds), "group of people")[0]
    assert more.name == few.name
    assert more.high - more.low > few.high - few.low


def test_one_kind_alone_is_no_slice(calibrated):
    result = calibrated()
    assert named(slices(result, 0, {f"P{number:02}": "interview" for number in range(20)}), "kind of document") == []


def test_nothing_local_has_no_slices(calibrated):
    assert slices(calibrated(), 100) == ()
