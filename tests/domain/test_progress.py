from datetime import UTC, datetime, timedelta

import pytest

from pipeline.domain.facts import RunProgress, stage_bars, stage_seconds_left

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def _progress(**changes: object) -> RunProgress:
    values: dict[str, object] = {
        "status": "running",
        "cancel_requested": False,
        "stage": "draft",
        "planned": {"draft": 10},
        "drafted": 3,
        "failed": 1,
        "assessed": 0,
        "finished": 0,
        "spent_micros": 0,
        "reserved_micros": 0,
        "budget_micros": None,
        "latest": None,
        "started_at": NOW - timedelta(seconds=50),
        "stage_started_at": NOW - timedelta(seconds=40),
    }
    return RunProgress.model_validate(values | changes)


def test_a_failed_draft_is_dealt_with_and_a_stage_to_come_has_no_plan() -> None:
    draft, assess, refine = stage_bars(_progress())
    assert (draft.done, draft.planned, draft.fraction) == (4, 10, 0.4)
    assert (assess.planned, refine.fraction) == (None, 0.0)


def test_a_stage_with_nothing_to_do_is_full() -> None:
    assert stage_bars(_progress(planned={"draft": 0}, drafted=0, failed=0))[0].fraction == 1.0


@pytest.mark.parametrize(
    ("changes", "left"),
    [({}, 60.0), ({"drafted": 9}, 0.0), ({"drafted": 0, "failed": 0}, None), ({"stage": None}, None)],
)
def test_the_time_left_is_the_pace_so_far_carried_on(changes: dict[str, object], left: float | None) -> None:
    assert stage_seconds_left(_progress(**changes), NOW) == left
