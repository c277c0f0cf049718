import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.providers.extraction.rewriting import clauses, clean, finish, is_copied


@pytest.mark.parametrize(
    ("spoken", "cleaned"),
    [
        ("So, um, I just, I just want to know.", "I just want to know"),
        ("And I look, you know, at the pounds.", "I look at the pounds"),
        ("Well, honestly, it's too late.", "it's too late"),
        ("I never read it, to be honest.", "I never read it"),
        ("[laughs] I sort of like it.", "I like it"),
        ("I’ve a “good” one.", 'I\'ve a "good" one'),
        ("I was saving money, you know, really.", "I was saving money"),
    ],
)
def test_hesitations_asides_and_false_starts_go(spoken: str, cleaned: str):
    assert clean(spoken) == cleaned


@pytest.mark.parametrize(
    "spoken",
    ["Is that now?", "It's from [inaudible] and", "The key's in the... no", "Five, no, wait, six.", 'He said "go.'],
)
def test_questions_and_broken_sentences_are_given_up(spoken: str):
    assert clean(spoken) == ""


def test_run_together_sentences_are_cut_at_the_new_subject():
    assert clauses("I can't be pressing it again, I'm driving now") == [
        "I cannot be pressing it again",
        "I am driving now",
    ]
    assert clauses("I want one alert, and I want silence about the rest") == [
        "I want one alert",
        "I want silence about the rest",
    ]


def test_opening_of_a_sentence_is_no_sentence():
    assert clauses("When I get in, I press the button") == ["When I get in, I press the button"]


def test_twelve_words_in_a_row_are_a_paste_and_eleven_are_not():
    source = " ".join(f"w{chr(97 + number)}" for number in range(20))
    assert is_copied(" ".join(source.split()[:12]), source)
    assert not is_copied(" ".join(source.split()[:11]), source)


def test_finished_claim_has_a_capital_and_no_stop():
    assert finish("checks the app. ") == "Checks the app"
    assert finish("") == ""


@given(st.text(max_size=300))
def test_any_sentence_can_be_cleaned_and_cut(text: str):
    assert all(clause and clause == clause.strip() for clause in clauses(clean(text)))


def test_hostile_sentences_take_no_time():
    started = time.thread_time()
    for text in (", I " * 400, "no, " * 400, "a, " * 400, '"' * 1200, "and " * 300, "I'd " * 300, "— " * 600):
        clauses(clean(text))
    assert time.thread_time() - started < 2
