import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.scoring.faithfulness import Claim
from pipeline.text.tokens import ONES, TENS, fold_numbers, is_number, sentences, tokens


def folded(text: str) -> list[str]:
    return fold_numbers(tokens(text))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("235, 000", "235000"),
        ("98. 7", "98.7"),
        ("98. 7 %", "98.7"),
        ("1 000 000", "1000000"),
        ("1\u202f000\u202f000", "1000000"),
        ("1'000'000", "1000000"),
        ("1.000.000", "1000000"),
        ("1.234,50", "1234.5"),
        ("1,00,000", "100000"),
        ("2,5 %", "2.5"),
        ("£4.1m", "4100000"),
        ("4.1 million", "4100000"),
        ("four point one million", "4100000"),
        ("$3bn", "3000000000"),
        ("25k", "25000"),
        ("three and a half", "3.5"),
        ("3½", "3.5"),
        ("3 1/2", "3.5"),
        ("two and a half thousand", "2500"),
        ("half a million", "500000"),
        ("twenty-one", "21"),
        ("a third", "0.333"),
        ("1/3", "0.333"),
        ("two thirds", "0.667"),
        ("three quarters", "0.75"),
        ("twenty-first", "21"),
        ("the 21st", "21"),
        ("the third", "3"),
        ("seventeen hundred", "1700"),
        ("nineteen eighty-four", "1984"),
        ("two hundred and fifty thousand", "250000"),
    ],
)
def test_a_number_is_one_token_however_it_is_written(written: str, number: str) -> None:
    assert [word for word in folded(f"it was {written}") if is_number(word)] == [number]


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("5-10", ["5", "10"]),
        ("five to ten", ["5", "10"]),
        ("20–25k", ["20000", "25000"]),
        ("two to three million", ["2000000", "3000000"]),
        ("between 2 and 3 thousand", ["2000", "3000"]),
        ("£2–3m", ["2000000", "3000000"]),
    ],
)
def test_both_ends_of_a_range_have_its_scale(written: str, numbers: list[str]) -> None:
    assert [word for word in folded(f"it was {written}") if is_number(word)] == numbers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("120, 130, 140", ["120", "130", "140"]),
        ("twenty, thirty people", ["20", "30", "people"]),
        ("a third person", ["a", "3", "person"]),
        ("half past five", ["half", "past", "5"]),
        ("5m tall", ["5", "m", "tall"]),
        ("open 24/7", ["open", "24", "7"]),
        ("on 12/05/2024", ["on", "12", "05", "2024"]),
        ("I am 34, 100 percent", ["i", "am", "34", "100", "percent"]),
        ("the first one", ["the", "first", "one"]),
    ],
)
def test_numbers_that_only_stand_together_stay_apart(text: str, words: list[str]) -> None:
    assert folded(text) == words


def test_a_number_split_by_a_space_does_not_end_a_sentence() -> None:
    assert sentences("About 98. 7 percent agree. 7 do not.") == ["About 98. 7 percent agree.", "7 do not."]
    assert sentences("1. 2 apples\n2. 3 pears") == ["1.", "2 apples", "2.", "3 pears"]


@given(st.integers(1000, 999_999_999), st.sampled_from(["{:,}", "{:_}", "{:_}s", "{:_}c", "{:_}d"]))
def test_thousands_are_joined_whatever_stands_between_them(value: int, style: str) -> None:
    sign = {"s": " ", "c": "'", "d": ", "}.get(style[-1], "")
    written = style.rstrip("scd").format(value)
    written = written.replace("_", sign)
    if sign == ", " and value >= 1_000_000 and "000" not in written:
        return  # three groups with commas and spaces are a list unless one of them can only be thousands
    assert tokens(f"about {written} people") == ["about", str(value), "people"]


@given(st.integers(0, 999_999))
def test_any_whole_number_in_words_is_the_number_in_digits(value: int) -> None:
    assert folded(f"about {in_words(value)} people") == (["about", str(value) if value != 1 else "one", "people"])


@given(st.integers(1, 999), st.integers(1, 9))
def test_claim_and_source_meet_whichever_of_them_uses_words(whole: int, tenth: int) -> None:
    said = Claim.of(f"pays {in_words(whole)} point {in_words(tenth)} percent", "english")
    split = Claim.of(f"pays {whole}. {tenth} percent", "english")
    assert said.facts == split.facts == {f"{whole}.{tenth}"}


_WORDS = [*ONES, *TENS, "hundred", "thousand", "million", "and", "a", "half", "third", "thirds", "quarter", "first",
          "of", "the", "point", "to", "between", "or", "3", "2.5", "40"]  # fmt: skip


@example(["two", "and"])
@example(["40", "point", "and"])
@example(["two", "thirds", "thousand"])
@settings(max_examples=1000)
@given(st.lists(st.sampled_from(_WORDS), max_size=8))
def test_folding_twice_changes_nothing(words: list[str]) -> None:
    once = fold_numbers(words)
    assert fold_numbers(once) == once


@pytest.mark.parametrize("word", _WORDS)
def test_a_word_of_the_vocabulary_folds_to_itself(word: str) -> None:
    """Stems are made of words one by one: what a sentence leaves alone must stay so."""
    if fold_numbers(["x", word, "x"]) == ["x", word, "x"]:
        assert fold_numbers([word]) == [word]


@pytest.mark.parametrize(
    "unit", ["1 000 ", "1, 000, ", "98. 7 ", "1'000", "1/2 ", "£4m", "half a ", "two and a half ", "million ", "9"]
)
def test_a_megabyte_of_numbers_takes_linear_time(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    started = time.process_time()
    folded(text)
    sentences(text)
    assert time.process_time() - started < 3


def in_words(value: int) -> str:
    if value >= 1000:
        rest = value % 1000
        return f"{in_words(value // 1000)} thousand" + (
            f" {'and ' if rest < 100 else ''}{in_words(rest)}" if rest else ""
        )
    if value >= 100:
        rest = value % 100
        return f"{ONES[value // 100]} hundred" + (f" and {in_words(rest)}" if rest else "")
    if value >= 20:
        return TENS[value // 10 - 2] + (f"-{ONES[value % 10]}" if value % 10 else "")
    return ONES[value]
