import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.tokens import content, language_of, sentence_spans, sentences, stems, tokens, without_fillers


def test_tokens_unify_case_apostrophes_width_and_number_formats() -> None:
    assert tokens("I don’t PAY １,０００ or 4.90") == ["i", "don't", "pay", "1000", "or", "4.9"]


def test_marks_of_a_transcriber_are_not_words() -> None:
    assert tokens("the boiler [inaudible] stopped [laughs]") == ["the", "boiler", "stopped"]


def test_scripts_without_spaces_become_bigrams() -> None:
    assert tokens("暖房が好き") == ["暖房", "房が", "が好", "好き"]


def test_stems_drop_stop_words_and_fillers_and_keep_negations() -> None:
    assert stems("Um, I never really trusted the schedules") == ["not", "trust", "schedul"]


@pytest.mark.parametrize(
    ("spoken", "number"),
    [
        ("forty-one", "41"),
        ("two hundred and ten", "210"),
        ("a hundred and eighty", "180"),
        ("two point five", "2.5"),
        ("three thousand two hundred", "3200"),
    ],
)
def test_spoken_numbers_become_digits(spoken: str, number: str) -> None:
    assert stems(f"costs {spoken} pounds") == ["cost", number, "pound"]


def test_a_lone_one_is_a_pronoun() -> None:
    assert "1" not in stems("the old one leaks")


def test_stems_of_another_language_lose_its_function_words() -> None:
    assert content(tokens("Ich heize nicht mit der alten Heizung"), "german") == ["heiz", "nicht", "alt", "heizung"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich habe die Heizung nicht an, weil es mir zu teuer ist und wir das nicht wollen.", "german"),
        ("Je ne veux pas que le chauffage soit dans la chambre, et il est trop cher.", "french"),
        ("The heating is on because we were cold and did not want to wait.", "english"),
        ("Мне нужно простое управление отоплением", "russian"),
        ("私は暖房が好きです", "cjk"),
        ("", "english"),
    ],
)
def test_the_language_is_recognised(text: str, language: str) -> None:
    assert language_of(text) == language


def test_sentences_stand_in_the_text_letter_by_letter() -> None:
    text = 'It costs 4.99 a month!  "Really?" she said\n\nI left it.'
    assert sentences(text) == ["It costs 4.99 a month!", '"Really?"', "she said", "I left it."]


def test_run_ons_are_cut_into_pieces_that_can_be_shown() -> None:
    assert [len(piece.split()) for piece in sentences("word " * 100)] == [40, 40, 20]
    assert max(map(len, sentences("a" * 5000))) <= 1200


def test_quotes_may_drop_hesitations() -> None:
    assert without_fillers(tokens("It, um, you know, costs a lot")) == ["it", "costs", "a", "lot"]


@given(st.text())
def test_any_text_gives_nonempty_tokens_and_ordered_sentences(text: str) -> None:
    assert all(tokens(text))
    assert all(stems(text))
    ends = [0]
    for start, end in sentence_spans(text):
        assert ends[-1] <= start < end <= len(text)
        ends.append(end)


@pytest.mark.parametrize("unit", ["a", "私", ".", ".)", "[a", "a'", "1,", "one hundred ", "́", "word ", " "])
def test_a_megabyte_on_one_line_takes_linear_time(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    started = time.thread_time()
    stems(text)
    sentence_spans(text)
    assert time.thread_time() - started < 3
