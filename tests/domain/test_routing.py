from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.routing import escalation, is_accepted, select
from tests.factories import make_draft

Scores = st.lists(st.none() | st.floats(0, 1), max_size=20)


@given(scores=Scores, count=st.integers(0, 25))
def test_no_dropped_draft_is_better_than_a_kept_one(scores: list[float | None], count: int) -> None:
    kept, dropped = select([make_draft(number, score) for number, score in enumerate(scores)], count)
    values = [-1 if item.assessment.scores.overall is None else item.assessment.scores.overall for item in kept]
    assert len(kept) == min(count, len(scores))
    assert len(kept) + len(dropped) == len(scores)
    assert values == sorted(values, reverse=True)
    rest = [-1 if item.assessment.scores.overall is None else item.assessment.scores.overall for item in dropped]
    assert not values or not rest or min(values) >= max(rest)


@given(scores=Scores, threshold=st.floats(0, 1))
def test_each_kept_draft_is_either_accepted_or_escalated_once(scores: list[float | None], threshold: float) -> None:
    drafts = [make_draft(number, score) for number, score in enumerate(scores)]
    worst, best = (escalation(drafts, threshold, order) for order in ("worst_first", "best_first"))
    accepted = [item for item in drafts if is_accepted(item.assessment.scores.overall, threshold)]
    assert len(worst) + len(accepted) == len(drafts)
    assert {item.draft.id for item in worst} == {item.draft.id for item in best}


def test_score_at_the_threshold_is_accepted_and_a_missing_one_never() -> None:
    assert is_accepted(0.7, 0.7)
    assert not is_accepted(0.6999, 0.7)
    assert not is_accepted(None, 0.0)


def test_worst_first_sends_the_lowest_score_first_and_unscored_before_all() -> None:
    drafts = [make_draft(0, 0.5), make_draft(1, 0.2), make_draft(2, None), make_draft(3, 0.9)]
    assert [item.draft.id for item in escalation(drafts, 0.7, "worst_first")] == ["draft-003", "draft-002", "draft-001"]
    assert [item.draft.id for item in escalation(drafts, 0.7, "best_first")] == ["draft-001", "draft-002", "draft-003"]


def test_ties_go_to_the_earlier_draft() -> None:
    drafts = [make_draft(number, 0.5) for number in (2, 0, 1)]
    assert [item.draft.id for item in select(drafts, 2).kept] == ["draft-001", "draft-002"]
