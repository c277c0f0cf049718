"""What the Calibrate page says of unusual drafts, labels, money and promises."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.calibration.calibration_result import (
    CalibrationResult,
    as_declared,
    calibrate_runs,
    place_of,
)
from pipeline.calibration.labels import label_set
from pipeline.calibration.threshold_effects import Terms
from pipeline.calibration.verdict import judge
from pipeline.domain.labels import Promise
from pipeline.errors import InputError
from pipeline.results.calibration import calibration_notes, describe_threshold
from pipeline.store import Store
from tests.invented import invented_run, invented_scores, labelled_run

Make = Callable[..., CalibrationResult]
SCORES = invented_scores(60)


@pytest.fixture
def result(tmp_path: Path) -> Make:
    def make(
        scores=SCORES, *, labels: int = 0, floor: float = 0.4, terms: Terms | None = None, **settings
    ) -> CalibrationResult:
        database = tmp_path / "persona.db"
        run_id = invented_run(database, scores, count=len(scores) or 1, draft_factor=1.0, **settings)
        store, found = Store(database), None
        if labels:
            design_id = labelled_run(database, run_id, labels=labels, floor=floor)
            found = label_set(store.design(design_id), store.labels(design_id))
        return calibrate_runs(store.scores([run_id]), [], found, terms or Terms(personas=len(scores) or 1))

    return make


def with_costs(result: CalibrationResult, local: float, frontier: float) -> CalibrationResult:
    costs = {"local_micros": local, "frontier_micros": frontier}
    cases = replace(result.pool.cases, **{name: np.full(len(result.pool.cases), cost) for name, cost in costs.items()})
    return replace(result, pool=replace(result.pool, cases=cases))


@pytest.mark.parametrize(
    ("local", "frontier", "sentence"),
    [
        (1.0, 0.0, "Refining these drafts costs nothing, so there is nothing to save."),
        (0.0, 0.0, "Refining these drafts costs nothing, so there is nothing to save."),
        (30.0, 20.0, "Drafting costs as much as the frontier alone, or more: no threshold saves money."),
        (1.0, np.nan, "The cost of refining these drafts is unknown"),
    ],
)
def test_money_that_cannot_be_saved_is_said(result: Make, local: float, frontier: float, sentence: str) -> None:
    assert any(note.startswith(sentence) for note in calibration_notes(with_costs(result(), local, frontier)))


def test_money_that_was_paid_for_every_draft_needs_no_note(result: Make) -> None:
    paid = result(threshold=1.0)
    assert not paid.imputed
    assert calibration_notes(paid) == ()


def test_without_drafts_there_is_nothing_to_cut(result: Make) -> None:
    empty = result([])
    assert calibration_notes(empty) == ("These runs have no scored drafts.",)
    assert describe_threshold(empty, empty.positions[50]) == "There is no draft to keep or to refine."


def test_labels_from_a_floor_on_say_where_they_are_silent(result: Make) -> None:
    labelled = result(labels=20)
    assert f"Labels were drawn from a score of {labelled.pool.floor:.2f} on" in " ".join(calibration_notes(labelled))
    assert labelled.positions[place_of(0.0)].bad is None
    with pytest.raises(InputError):
        labelled.test(0.0)


def test_labels_made_elsewhere_certify_nothing(result: Make) -> None:
    labelled = result(labels=20)
    assert labelled.labels
    stored = labelled.labels.design
    tasks = tuple(task.model_copy(update={"purpose": "elsewhere"}) for task in stored.design.tasks)
    design = stored.model_copy(update={"design": stored.design.model_copy(update={"tasks": tasks})})
    found = as_declared(labelled.certificate, labelled.labels.model_copy(update={"design": design}))
    assert (found.status, found.threshold) == ("not_random", None)
    assert "These labels were made elsewhere" in found.sentence


def test_labels_of_another_scorer_are_left_out_with_the_reason(result: Make, tmp_path: Path) -> None:
    labelled = result(labels=20)
    other = invented_run(tmp_path / "persona.db", SCORES, count=60, draft_factor=1.0, scorer="test/2")
    store = Store(tmp_path / "persona.db")
    asked = calibrate_runs(store.scores([other]), [], labelled.labels, Terms(personas=60))
    assert asked.labels is None
    assert "scored by another version of the scorer" in " ".join(calibration_notes(asked))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"alpha": 0.2}, "at most 10 %"),
        ({"confidence": 0.8}, "a confidence of 90 %"),
        ({"risk": "selective"}, "a share of everything"),
        ({"scope": "this_run"}, "future runs"),
    ],
)
def test_another_promise_than_the_declared_one_is_named(result: Make, changed: dict[str, object], words: str) -> None:
    other = result(labels=20, terms=Terms(promise=Promise().model_copy(update=changed), personas=60))
    assert f"drawn for another promise: {words}." in other.certificate.sentence
    assert (other.certificate.status, judge(other).action) == ("exploratory", "explore")


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0.0, "At 0 every draft that has a score stays local."),
        (0.3, "Every draft stays local: nothing is sent or paid."),
        (0.5, "2 drafts score exactly that"),
        (0.95, "this is above every score that any draft reaches."),
        (1.0, "this is above every score. The frontier refines all 4."),
    ],
)
def test_every_kind_of_place_is_put_into_words(result: Make, threshold: float, words: str) -> None:
    some = result([0.4, 0.5, 0.5, 0.9])
    found = describe_threshold(some, some.positions[place_of(threshold)])
    assert words in found
