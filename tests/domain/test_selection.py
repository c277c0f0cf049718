from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig
from pipeline.domain.run import AssessedDraft
from pipeline.domain.selection import choose, ground_of, mean_score, overlap, represented
from tests.factories import make_draft, make_persona


def drawn(number: int, score: float | None, focus: str, *goals: str) -> AssessedDraft:
    """A draft of these participants (one letter each) with statements of its own, unless given."""
    item = make_draft(number, score)
    lists = {field: (f"{field} {number}",) for field in ("pain_points", "behaviours", "motivations", "quotes")}
    persona = make_persona(number, goals=goals or (f"goal {number}",), **lists)
    return item.model_copy(update={"draft": item.draft.model_copy(update={"persona": persona, "focus": tuple(focus)})})


def kept(drafts: list[AssessedDraft], count: int, **settings: object) -> list[str]:
    config = HybridConfig.model_validate({"count": count, **settings})
    return ["".join(item.draft.focus) for item in choose(drafts, config).kept]


def test_people_come_before_score_within_the_tolerance() -> None:
    drafts = [drawn(0, 0.9, "AB"), drawn(1, 0.88, "AC"), drawn(2, 0.84, "CDE")]
    assert kept(drafts, 2) == ["AB", "CDE"]
    assert kept(drafts, 2, selection_tolerance=0.01) == ["AB", "AC"]


def test_best_score_is_the_rule_of_the_record_whatever_repeats() -> None:
    drafts = [drawn(0, 0.9, "AB"), drawn(1, 0.8, "AB"), drawn(2, 0.79, "CD")]
    assert kept(drafts, 2, selection="best_score") == ["AB", "AB"]
    assert kept(drafts, 2) == ["AB", "CD"]


def test_personas_of_mostly_the_same_people_are_delivered_once() -> None:
    assert kept([drawn(0, 0.9, "ABC"), drawn(1, 0.9, "AB"), drawn(2, 0.9, "D")], 3) == ["ABC", "D"]


def test_three_identical_statements_make_a_repetition_and_two_do_not() -> None:
    three = ("Pay less", "Heat the bathroom", "Know the tariff")
    assert kept([drawn(0, 0.9, "A", *three), drawn(1, 0.8, "B", *three)], 2) == ["A"]
    assert kept([drawn(0, 0.9, "A", *three[:2]), drawn(1, 0.8, "B", *three[:2])], 2) == ["A", "B"]


def test_statements_are_identical_whatever_their_case_and_final_stop() -> None:
    one, other = make_persona(goals=("Pay less.",)), make_persona(goals=("pay  less",))
    assert "pay less" in overlap(ground_of(one, "A"), ground_of(other, "B")).statements


def test_no_more_personas_than_people() -> None:
    drafts = [drawn(0, 0.9, "A"), drawn(1, 0.8, "B"), drawn(2, 0.7, "AB")]
    assert kept(drafts, 5) == ["A", "B"]
    assert len(kept(drafts, 5, selection="best_score")) == 3


def test_with_one_draft_per_persona_all_are_kept() -> None:
    assert len(kept([drawn(0, 0.9, "A"), drawn(1, 0.8, "A")], 2, draft_factor=1)) == 2


FOCUS = st.text("ABCDEFGH", min_size=1, max_size=5)
DRAFTS = st.lists(st.tuples(st.none() | st.floats(0, 1), FOCUS), min_size=1, max_size=12)


@given(rows=DRAFTS, count=st.integers(1, 6), tolerance=st.floats(0, 0.3))
def test_a_chosen_set_never_repeats_and_misses_its_mean_only_where_every_better_one_repeats(
    rows: list[tuple[float | None, str]], count: int, tolerance: float
) -> None:
    drafts = [drawn(number, score, focus) for number, (score, focus) in enumerate(rows)]
    config = HybridConfig(count=count, selection_tolerance=tolerance)
    chosen, rest = choose(drafts, config)
    assert len(chosen) + len(rest) == len(drafts)
    grounds = [ground_of(item.draft.persona, item.draft.focus) for item in chosen]
    assert not any(overlap(a, b).is_repeat for i, a in enumerate(grounds) for b in grounds[:i])
    best = choose(drafts, config, "best_score").kept
    best_repeats = len(choose(list(best), config).kept) < len(best)
    assert best_repeats or mean_score(chosen) >= mean_score(best) - tolerance - 1e-8
    assert best_repeats or len(represented(chosen)) >= len(represented(best))
