import pytest

from pipeline.domain.config import HybridConfig
from pipeline.domain.study import Segment
from pipeline.errors import ProviderError
from pipeline.providers import ProviderSpec, RefineTask
from pipeline.providers.pricing import estimate_tokens
from pipeline.providers.prompts import refine_request
from pipeline.providers.replies import read_persona
from pipeline.providers.simulated import SimulatedProvider, refine_persona
from tests.factories import make_persona

SAID = """I want to see my price before I open a tap. I need it to stop by itself at night.
I want a plain list of every hour with its cost. I check the meter every morning before work.
I always turn the heating down when I leave. I never open my report on a Monday.
I can't read the small grey numbers on the screen. There is no way to undo a wrong touch.
I hate that the bill always comes after the money has gone."""


def task(weak: tuple[str, ...] = (), **fields: object) -> RefineTask:
    segment = Segment(id="d1.1", document="d1", participant="P01", role="participant", text=SAID, where="turn 1")
    return RefineTask(persona=make_persona(**fields), findings=(), weak_claims=weak, segments=(segment,), seed=0)


def test_supported_claims_stay_and_lists_are_filled_from_the_evidence():
    refined = refine_persona(task())
    assert refined.goals[0] == "Know what tonight costs"
    assert "Wants to see their price before they open a tap" in refined.goals
    assert [len(items) for items in (refined.goals, refined.pain_points, refined.behaviours)] == [3, 2, 3]


def test_weak_claims_are_replaced_by_what_was_said():
    refined = refine_persona(task(("Know what tonight costs", "Nurse")))
    assert "Know what tonight costs" not in refined.goals
    assert refined.goals == [
        "Wants to see their price before they open a tap",
        "Wants a plain list of every hour with its cost",
    ]
    assert (refined.demographics.occupation, refined.demographics.age) == ("", "41")


def test_quotes_that_nobody_said_give_way_to_verbatim_ones():
    refined = refine_persona(task(quotes=("I never open my report on a Monday.", "This app changed my life!")))
    assert refined.quotes[0] == "I never open my report on a Monday."
    assert all(quote in SAID for quote in refined.quotes)


def test_pasted_claims_are_dropped():
    paste = "I hate that the bill always comes after the money has gone"
    assert paste not in refine_persona(task(pain_points=(paste,))).pain_points


def test_nothing_is_said_twice():
    claim = "Checks the meter every morning before work"
    refined = refine_persona(task(behaviours=(claim, claim + " each day")))
    assert sum("meter" in item for item in refined.behaviours) == 1


def test_usage_is_an_estimate_of_what_a_model_would_have_used():
    request = refine_request(task(), HybridConfig())
    reply = SimulatedProvider(ProviderSpec(model="claude-sonnet-5-5")).complete(request)
    assert read_persona(reply.text, "p").goals
    assert reply.usage.input_tokens >= estimate_tokens(request.system + request.prompt)
    assert reply.usage.output_tokens == estimate_tokens(reply.text)
    assert not reply.usage.measured
    assert reply.model == "claude-sonnet-5-5"


def test_health_says_that_it_is_a_simulation():
    health = SimulatedProvider(ProviderSpec(model="claude-sonnet-5-5")).check()
    assert health.ready
    assert "Simulation" in health.sentence
    assert "claude-sonnet-5-5" in health.sentence


def test_drafting_is_refused():
    from tests.providers.test_builtin import task as draft_task

    request = refine_request(task(), HybridConfig()).model_copy(update={"task": draft_task(SAID)})
    with pytest.raises(ProviderError, match="refines drafts only"):
        SimulatedProvider(ProviderSpec(model="claude-sonnet-5-5")).complete(request)
