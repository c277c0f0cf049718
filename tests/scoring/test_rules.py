import pytest

from pipeline.domain.persona import Persona
from pipeline.domain.run import AssessedDraft, Draft
from pipeline.scoring import penalise_near_duplicates
from pipeline.scoring.coherence import age_of, coherence
from pipeline.scoring.completeness import completeness, is_blank
from pipeline.scoring.polarity import disagree, fewest_shared, read_signs
from pipeline.text.tokens import tokens
from tests.factories import make_assessment, make_persona

FULL = {
    "name": "Nora",
    "goals": ("Know what tonight costs", "See the price on the button", "Plan around the term dates"),
    "pain_points": ("The report comes too late", "Jargon in the settings", "Costs are hidden behind Plus"),
    "behaviours": ("Presses Boost before breakfast", "Reads the report in the staff room", "Keeps a spreadsheet"),
    "quotes": ("It is the not knowing.", "I had words with the app."),
}


def test_a_full_persona_is_complete() -> None:
    score, findings = completeness(make_persona(**FULL))
    assert score == pytest.approx(1.0)
    assert findings == []


def test_an_empty_persona_is_not_and_every_gap_is_named() -> None:
    score, findings = completeness(Persona(id="p", name=" "))
    assert score == 0.0
    assert [finding.field for finding in findings] == [
        None, "goals", "pain_points", "behaviours", "quotes", "demographics.occupation", "demographics", "name",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "item", ["Goal 1", "n/a", "[insert goal]", "TBD", "unknown", "warm", "Know what tonight costs!"]
)
def test_placeholders_single_words_and_repeats_do_not_count(item: str) -> None:
    goals = ("Know what tonight costs", "See the price on the button", item)
    score, findings = completeness(make_persona(**(FULL | {"goals": goals})))
    assert score == pytest.approx(1 - 0.25 / 3)
    assert findings[0].text == "2 of 3 goals say something."


@pytest.mark.parametrize(
    "text", ["Text the daughter every evening", "Goal setting is hard", "None of the buttons work"]
)
def test_statements_that_begin_like_placeholders_count(text: str) -> None:
    assert not is_blank(text)


def issues(**fields: object) -> list[str]:
    return [finding.text for finding in coherence(make_persona(**fields))[1]]


@pytest.mark.parametrize(
    ("fields", "issue"),
    [
        (
            {"demographics": {"age": "24"}, "background": "Has 15 years of experience as a nurse."},
            "Age 24 beside 15 years of experience.",
        ),
        ({"demographics": {"age": "31", "occupation": "retired teacher"}}, "Age 31 beside 'retired'."),
        ({"demographics": {"age": "63", "occupation": "student"}}, "Age 63 beside 'student'."),
        ({"tagline": "A novice", "background": "An expert in heating."}, "'novice' beside 'expert'."),
    ],
)
def test_facts_that_cannot_both_be_true_are_named(fields: dict[str, object], issue: str) -> None:
    assert issues(**fields) == [issue]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Checks the app daily", "Rarely checks the app"),
        ("Loves the Autopilot", "Hates the Autopilot"),
        ("Trusts the weekly figures", "Does not trust the weekly figures"),
        ("Keeps the hall light on at night", "Keeps the hall light off at night"),
    ],
)
def test_items_that_contradict_each_other_are_named(one: str, other: str) -> None:
    assert coherence(make_persona(behaviours=(one, other)))[0] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Checks the app daily", "Rarely opens the windows"),
        ("Never misses the report", "Always carries a notebook"),
        ("Likes Autopilot in the morning", "Switches Boost off at night"),
    ],
)
def test_items_about_different_things_are_left_alone(one: str, other: str) -> None:
    assert issues(behaviours=(one, other)) == []


def test_a_goal_does_not_contradict_the_pain_it_comes_from() -> None:
    assert (
        issues(goals=("Know what tonight's heating costs",), pain_points=("Does not know what the heating costs",))
        == []
    )


def test_a_statement_made_twice_is_an_issue() -> None:
    assert len(issues(goals=("See the price of a Boost", "See the price of a boost."))) == 1


@pytest.mark.parametrize(
    ("age", "read"), [("34", 34), ("thirty-four", 34), ("34-41", None), ("", None), ("9" * 400, None)]
)
def test_an_age_is_one_number_or_nothing(age: str, read: int | None) -> None:
    assert age_of(make_persona(demographics={"age": age})) == read


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("checks the hall at night", "does not check the hall at night", True),
        ("can't stop checking the hall", "checks the hall", False),
        ("wants the report on paper", "the report is not on paper", False),
        ("I will not have my wife told off", "wants his wife told off", True),
    ],
)
def test_signs_follow_negations_and_wishes(one: str, other: str, expected: bool) -> None:
    left, right = read_signs(tuple(tokens(one))), read_signs(tuple(tokens(other)))
    assert disagree(left, right, min(fewest_shared(left), fewest_shared(right))) is expected


def draft(number: int, overall: float | None, *goals: str) -> AssessedDraft:
    persona = make_persona(number, goals=goals, pain_points=(), behaviours=(), motivations=(), quotes=())
    return AssessedDraft(
        draft=Draft(id=f"d{number}", persona=persona, focus=()),
        assessment=make_assessment(overall, faithfulness=0.5, coherence=0.5, completeness=0.5),
    )


SAME = "Know what tonight costs before the heating comes on"
OTHER = "Let grandparents control radiators by voice"


def test_all_but_the_best_of_near_duplicates_lose_and_keep_their_place() -> None:
    drafts = [draft(0, 0.5, SAME), draft(1, 0.9, OTHER), draft(2, 0.8, SAME + " today"), draft(3, 0.6, SAME)]
    after = penalise_near_duplicates(drafts)
    assert [item.draft.id for item in after] == ["d0", "d1", "d2", "d3"]
    assert [item.assessment.scores.overall for item in after] == pytest.approx([0.3, 0.9, 0.8, 0.36])
    assert after[0].assessment.findings[0].kind == "near_duplicate"


def test_draft_of_more_people_wins_over_its_twin_of_about_the_same_score() -> None:
    part, whole = draft(0, 0.82, SAME), draft(1, 0.80, SAME)
    part = part.model_copy(update={"draft": part.draft.model_copy(update={"focus": ("P1", "P2")})})
    whole = whole.model_copy(update={"draft": whole.draft.model_copy(update={"focus": ("P1", "P2", "P3")})})
    lowered = [item.assessment.scores.overall for item in penalise_near_duplicates([part, whole])]
    assert lowered == pytest.approx([0.82 * 0.6, 0.80])
    assert penalise_near_duplicates(penalise_near_duplicates([part, whole]))[1].assessment.scores.overall == 0.80


def test_quotes_and_facts_without_statements_are_not_a_persona() -> None:
    bare = FULL | {"goals": (), "pain_points": (), "behaviours": (), "motivations": ()}
    assert completeness(make_persona(**bare))[0] == 0
    two = bare | {"goals": FULL["goals"][:2]}
    score, findings = completeness(make_persona(**two))
    assert 0 < score < 0.1
    assert "2 statements in all; a persona needs 6 at least." in [finding.text for finding in findings]


def test_near_duplicates_are_lowered_once() -> None:
    once = penalise_near_duplicates([draft(0, 0.5, SAME), draft(1, 0.8, SAME)])
    assert penalise_near_duplicates(once) == once


def test_equal_scores_keep_the_first_and_missing_scores_stay_missing() -> None:
    after = penalise_near_duplicates([draft(0, 0.5, SAME), draft(1, 0.5, SAME), draft(2, None, SAME)])
    assert [item.assessment.scores.overall for item in after] == [0.5, 0.3, None]
    assert penalise_near_duplicates([]) == ()
