import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.providers.extraction.grammar import (
    expand,
    is_base,
    is_past,
    present,
    pronouns,
    third_person,
)


@pytest.mark.parametrize(
    ("spoken", "claim"),
    [
        ("I check my app before I get up", "checks their app before they get up"),
        ("I always have the graph open when I eat", "always has the graph open when they eat"),
        ("I'm always afraid that it breaks", "is always afraid that it breaks"),
        ("I don't trust anything that won't show me why", "does not trust anything that will not show them why"),
        ("I've turned the lot off", "has turned the lot off"),
        ("I was so cross I turned it off in my coat", "was so cross they turned it off in their coat"),
        ("I can't sleep in the daytime", "cannot sleep in the daytime"),
        ("I do read it", "reads it"),
        ("I'd pay ten euro", "would pay ten euro"),
        ("We heat our house at night", "heats their house at night"),
        ("the app logs me out", "the app logs them out"),
        ("when I was ill it cut off", "when they were ill it cut off"),
        ("it makes us feel judged in me own kitchen", "it makes them feel judged in their own kitchen"),
    ],
)
def test_speech_becomes_third_person_with_agreeing_verbs(spoken: str, claim: str):
    assert third_person(expand(spoken)) == claim


@pytest.mark.parametrize(
    ("spoken", "claim"),
    [
        ("I look at the pounds and I shut it", "looks at the pounds and shuts it"),
        ("I get up and look at the graph", "gets up and looks at the graph"),
        ("I check the app, read the graph and go to bed", "checks the app, reads the graph and goes to bed"),
        ("I want to press one thing and know it works", "wants to press one thing and know it works"),
        ("I use it for salt and water", "uses it for salt and water"),
        ("I cook and she helps", "cooks and she helps"),
    ],
)
def test_joined_verbs_follow_the_first_and_nouns_do_not(spoken: str, claim: str):
    assert third_person(expand(spoken)) == claim


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("it's gone and it's cold", "it has gone and it is cold"),
        ("I'd know", "I would know"),
        ("I'd gone", "I had gone"),
        ("you'd better", "you had better"),
        ("my daughter's room", "my daughter's room"),
        ("the internet's gone", "the internet has gone"),
        ("'cause I can't", "because I cannot"),
    ],
)
def test_contractions_are_written_out_and_possessives_are_not(spoken: str, written: str):
    assert expand(spoken) == written


def test_sentence_with_two_theys_is_given_up():
    assert pronouns("they tell me what my house costs") is None
    assert pronouns("I do not know what you are asking me") is None


def test_quoted_words_stay_as_they_are():
    assert pronouns('it says "I am learning" to me') == 'it says "I am learning" to them'


def test_speaker_without_a_verb_is_given_up():
    assert third_person("I myself") is None
    assert third_person("I") is None


def test_put_is_past_where_the_sentence_says_so():
    assert third_person("I put it on when I get home") == "puts it on when they get home"
    assert third_person("I put it on and I was warm") == "put it on and they were warm"


def test_verb_forms_come_from_the_dictionary():
    assert [present(verb) for verb in ("check", "press", "carry", "have", "do", "be")] == [
        "checks", "presses", "carries", "has", "does", "is",
    ]  # fmt: skip
    assert is_base("check")
    assert not is_base("checked")
    assert is_past("went")


@given(st.text(max_size=200))
def test_any_text_can_be_tried(text: str):
    for result in (third_person(expand(text)), pronouns(text)):
        assert result is None or isinstance(result, str)
