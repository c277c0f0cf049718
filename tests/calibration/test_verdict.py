"""Situations of a calibration: one answer, and every tab, the report and the command line agree with it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.calibration.calibration_result import CalibrationResult, calibrate_runs
from pipeline.calibration.labels import label_set
from pipeline.calibration.summary import summary_of, summary_text
from pipeline.calibration.threshold_effects import Terms
from pipeline.calibration.verdict import judge
from pipeline.domain.labels import Promise, Stopping
from pipeline.results.calibration import answer_at, verdict_of
from pipeline.results.charts.calibration import risk_curve
from pipeline.results.report.calibration import calibration_report
from pipeline.store import Store
from tests.invented import invented_run, invented_scores, labelled_run

SCORES = invented_scores(200)


def coin(score: float) -> bool:
    return int(score * 1e6) % 2 == 0


def situation(
    path: Path,
    *,
    labels: int = 0,
    keep: int | None = None,
    acceptable: Callable[[float], bool] = lambda score: score >= 0.6,
    asked: Promise | None = None,
    stopping: Stopping = "label_all",
    second: bool = False,
    gain: float = 0.1,
    floor: float = 0.4,
) -> CalibrationResult:
    run_id = invented_run(path, SCORES, count=200, draft_factor=1.0, gain=gain)
    store, found = Store(path), None
    if labels:
        design = labelled_run(path, run_id, labels=labels, floor=floor, acceptable=acceptable, stopping=stopping)
        if second:
            design = labelled_run(path, run_id, labels=labels, floor=floor, acceptable=acceptable, seed=1)
        said = store.labels(design)[:keep]
        found = label_set(store.design(design), said, store.label_history(design))
    return calibrate_runs(store.scores([run_id]), [], found, Terms(promise=asked or Promise(), personas=200))


SITUATIONS: dict[str, tuple[dict[str, object], str, str]] = {
    "no labels": ({}, "label", "Nothing is certified"),
    "too few labels": ({"labels": 10}, "label", "Label 12 more texts"),
    "unfinished": ({"labels": 80, "keep": 40}, "label", "more texts"),
    "certified": ({"labels": 80}, "use", "Use 0."),
    "certified early": ({"labels": 80, "keep": 60, "stopping": "may_stop"}, "use", "Use 0."),
    "half of the drafts bad at random": ({"labels": 80, "acceptable": coin}, "empty", "The promise is empty"),
    "every draft bad": ({"labels": 40, "acceptable": lambda _: False}, "send_everything", "Send everything"),
    "every draft good": ({"labels": 80, "acceptable": lambda _: True}, "use", "Use 0."),
    "another promise": ({"labels": 80, "asked": Promise(alpha=0.3)}, "explore", "Nothing is certified"),
    "a second look": ({"labels": 80, "second": True}, "explore", "Nothing is certified"),
    "refining gains nothing": ({"labels": 80, "gain": 0.0}, "keep_local", "Keep everything local"),
    "strict promise": (
        {"labels": 40, "acceptable": lambda score: score >= 0.75, "stopping": "may_stop", "floor": 0.0},
        "use",
        "Use 0.",
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_answer_is_one_and_the_same_everywhere(name: str, tmp_path: Path) -> None:
    settings, action, words = SITUATIONS[name]
    result = situation(tmp_path / "x.db", **settings)  # type: ignore[arg-type]
    verdict = verdict_of(result)
    assert verdict.action == action, verdict
    assert words in verdict.headline
    assert verdict.headline in calibration_report(result, 0.7).replace("&#39;", "'")
    summary = summary_of(result).model_copy(update={"verdict": verdict})
    assert summary_text(summary).startswith(verdict.headline)
    assert (verdict.action == "use" or action == "keep_local") or summary.threshold is None
    assert verdict.is_clear <= (summary.status == "certified")
    for place in result.positions:
        tab = answer_at(result, place)
        stays = summary.threshold is not None and place.threshold >= summary.threshold
        assert tab.startswith("Certified") is stays
    title = risk_curve(result.positions, result.at(0.7), 0.1, summary.threshold).title
    assert title.startswith("Certified") is (summary.threshold is not None and result.labels is not None)


def test_green_is_never_shown_over_mostly_bad_local_drafts(tmp_path: Path) -> None:
    result = situation(tmp_path / "x.db", labels=80, acceptable=coin, asked=None)
    assert not judge(result).is_clear


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_sentence_of_the_answer_begins_with_a_capital_and_ends(name: str, tmp_path: Path) -> None:
    verdict = verdict_of(situation(tmp_path / "x.db", **SITUATIONS[name][0]))  # type: ignore[arg-type]
    for text in (verdict.headline, verdict.sentence):
        sentences = re.split(r"(?<=[a-z)%])\. ", text)
        assert all(one[0].isupper() or not one[0].isalpha() for one in sentences), text
        assert text.endswith("."), text
