"""Answers that were cut off: the fields that were complete are kept, and nothing is invented."""

import json

import pytest

from pipeline.domain.run import Usage
from pipeline.providers import Reply
from pipeline.providers.loops import repeated_end
from pipeline.providers.replies import LoopingReply, UnreadableReply, partial_persona, persona_reader

GOALS = ["Know the price", "Sleep warm"]
WHOLE = json.dumps({"goals": GOALS, "pain_points": ['He said "no" [twice]'], "behaviours": ["Reads", "Asks"]})


def cut(text: str) -> Reply:
    return Reply(text=text, usage=Usage(), stop="length", model="m")


@pytest.mark.parametrize("places", range(1, 25))
def test_complete_lists_before_the_cut_are_kept(places: int) -> None:
    found = partial_persona(WHOLE[:-places], "persona-0003")
    assert found is not None
    assert (found.goals, found.pain_points) == (tuple(GOALS), ('He said "no" [twice]',))
    assert found.behaviours == (("Reads", "Asks") if places == 1 else ())
    assert found.name == "Persona 3"


@pytest.mark.parametrize("text", ["", "no", '{"goals": ["Know', '{"goals": ["Know the price"], "pain_points": [', "{]"])
def test_too_little_is_no_persona(text: str) -> None:
    assert partial_persona(text, "persona-0003") is None


def test_loop_is_named_and_hands_on_what_was_complete() -> None:
    text = WHOLE[:-1] + ', "quotes": [' + '"It is so loud at night.", ' * 30
    with pytest.raises(LoopingReply, match=r"loop.*It is so loud at night") as caught:
        persona_reader("persona-0001")(cut(text))
    assert caught.value.partial is not None
    assert caught.value.partial.quotes == ()


def test_honest_answer_is_no_loop_and_cut_ones_say_how_to_get_more() -> None:
    assert repeated_end(WHOLE) is None
    assert repeated_end('["-", "-", "-", "-", "-"]') is None
    with pytest.raises(UnreadableReply, match="Raise max_output_tokens"):
        persona_reader("persona-0001")(cut(WHOLE[:40]))


@pytest.mark.parametrize("unit", ["1.1.", '"goal one", "goal two", ', "ab " * 150])
def test_loops_of_any_length_are_found(unit: str) -> None:
    assert repeated_end("start " + unit * 60) is not None
