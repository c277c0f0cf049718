from pathlib import Path

from pipeline.hybrid.capacity import capacity
from pipeline.sources import load_paths
from tests.scoring.studies import study_of

EXAMPLE = Path(__file__).parents[2] / "data" / "hearthwise"


def test_example_study_carries_as_many_as_it_has_groups_of_three() -> None:
    found = capacity(load_paths([EXAMPLE]))
    assert found.sentence == (
        "This study carries 5 personas: its 35 participants form groups of 11, 7, 6, 6, 5; with 6, one persona would"
        " stand for 2 people only."
    )
    assert (found.warn_of(5, 10), found.warn_of(6, 12)) == ("", f"6 personas are asked for. {found.sentence}")


def test_two_people_carry_two_portraits_and_five_are_too_many() -> None:
    found = capacity(study_of({"P01": "I want a bigger lamp.", "P02": "I always sew at night."}))
    assert found.personas == 2
    assert "portrait of one person" in found.reason
    assert "at most 2 can differ" in found.warn_of(5, 10)


def test_study_without_participants_carries_none_and_says_so() -> None:
    assert capacity(study_of({})).sentence == "This study carries no persona: it has no participant."
