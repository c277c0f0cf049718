from pipeline.domain.persona import ClaimSupport
from pipeline.domain.study import Segment, Study
from pipeline.results.evidence import (
    Sources,
    claim_groups,
    lowered_because,
    mark,
    mark_counts,
    text_changes,
    unsupported_quotes,
    weak_claims,
)
from tests.factories import make_draft, make_final, make_persona


def _claim(field: str, text: str, support: float) -> ClaimSupport:
    return ClaimSupport(field=field, text=text, support=support, document="a.txt", segment="d1.2", quote="…")


def _segment(number: int, role: str = "participant", document: str = "d1") -> Segment:
    values = {"id": f"{document}.{number}", "document": document, "participant": "P1", "role": role}
    return Segment.model_validate({**values, "text": f"words {number}", "where": f"turn {number}"})


def _study(*segments: Segment) -> Study:
    return Study(id="s", name="s", documents=(), participants=(), segments=segments)


def test_support_is_named_from_the_two_limits() -> None:
    assert [mark(_claim("goals", "a", value)) for value in (0.7, 0.69, 0.4, 0.39)] == [
        "supported",
        "weak",
        "weak",
        "not_found",
    ]


def test_claims_are_grouped_by_list_and_statements_without_a_score_say_so() -> None:
    final = make_final(make_draft(0, 0.8), "kept_local")
    claims = (_claim("goals", final.persona.goals[0], 0.9), _claim("demographics.occupation", "Nurse", 0.2))
    final = final.model_copy(update={"assessment": final.assessment.model_copy(update={"claims": claims})})
    groups = {group.title: [claim.mark for claim in group.claims] for group in claim_groups(final)}
    assert groups["Goals"] == ["supported"]
    assert groups["Facts"] == ["unscored", "not_found"]
    assert weak_claims(final) == 1


def test_marks_are_counted_over_everything_a_card_shows() -> None:
    final = make_final(make_draft(0, 0.8), "kept_local")
    quote = final.persona.quotes[0]
    claims = (_claim("goals", final.persona.goals[0], 0.9), _claim("quotes", quote, 0.5))
    final = final.model_copy(update={"assessment": final.assessment.model_copy(update={"claims": claims})})
    assert mark_counts(final) == {"supported": 1, "weak": 1, "unscored": 5}
    assert unsupported_quotes(final) == 1


def test_an_empty_list_is_left_out() -> None:
    final = make_final(make_draft(0, 0.8), "kept_local")
    final = final.model_copy(update={"persona": make_persona(quotes=(), demographics={})})
    assert "quotes" not in [group.field for group in claim_groups(final)]


def test_a_source_is_shown_from_its_question_to_the_next_turn() -> None:
    study = _study(_segment(1), _segment(2, "interviewer"), _segment(3), _segment(4), _segment(5))
    context = Sources(study).around("d1.4")
    assert context is not None
    assert [item.id for item in (*context.before, *context.after)] == ["d1.2", "d1.3", "d1.5"]


def test_a_source_at_the_edge_of_a_document_borrows_nothing_from_its_neighbour() -> None:
    study = _study(_segment(1), _segment(1, document="d2"), _segment(1, document="d3"))
    context = Sources(study).around("d2.1")
    assert context is not None
    assert (context.before, context.after) == ((), ())
    assert Sources(study).around("d9.1") is None


def test_only_parts_that_differ_are_reported() -> None:
    found = text_changes(make_persona(goals=("a", "b")), make_persona(goals=("b", "c"), name="Other"))
    assert [(change.title, change.removed, change.kept, change.added) for change in found] == [
        ("Name", ("Persona 1",), (), ("Other",)),
        ("Goals", ("a",), ("b",), ("c",)),
    ]


def test_what_a_judge_changed_is_told_with_the_support_before() -> None:
    claim = ClaimSupport(
        field="goals",
        text="Know what tonight costs",
        support=0.1,
        document=None,
        segment=None,
        quote=None,
        flags=("judge_contradicted",),
        unjudged=0.62,
    )
    assert lowered_because(claim) == "the local judge finds the opposite said; without the judge 0.62"
