from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.domain.routing import select
from pipeline.domain.scores import RunScores, scores_of
from pipeline.errors import StoreError
from pipeline.store import Store
from tests.factories import make_call, make_run
from tests.pages.runs import finished_run


def test_scores_from_columns_equal_those_of_the_whole_record(tmp_path: Path) -> None:
    run_id = finished_run(tmp_path / "persona.db", quality_threshold=1.0, count=2, draft_factor=1.5)
    store = Store(tmp_path / "persona.db")
    assert store.scores([run_id]) == (scores_of(store.run(run_id)),)


def test_drafts_are_kept_as_a_run_keeps_them() -> None:
    run = make_run([0.5, None, 0.9, 0.5, 0.2], count=3)
    kept = [draft.id for draft in scores_of(run).kept]
    assert kept == [item.draft.id for item in select(run.drafts, 3).kept]


def test_drafting_costs_are_added_up_and_refinements_kept_apart() -> None:
    drafting = make_call(0, draft=0, cost_micros=700).model_copy(update={"stage": "draft"})
    found = scores_of(make_run([0.5], refined={0: 0.8}, extra_calls=[drafting]))
    draft = found.drafts[0]
    assert (draft.local_micros, draft.refine_micros, draft.delivered) == (700, 20_000, 0.8)


def test_a_run_that_is_gone_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path / "persona.db")
    with pytest.raises(StoreError, match="run-gone"):
        store.scores(["run-gone"])
    assert store.scores([]) == store.branches([]) == store.run_states(["run-gone"]) == ()


def test_an_empty_run_has_no_scores() -> None:
    empty = scores_of(make_run([])).model_copy(update={"created_at": datetime.now(UTC)})
    assert isinstance(empty, RunScores)
    assert empty.kept == ()
